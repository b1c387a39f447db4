# REQ O-01 O-02 O-06 O-08 T-03: every small shop on paper is priced over HTTP as the engine prices it
import dataclasses
import datetime as dt
import json
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.commands import join_club
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.commands import create_offer
from erp_club.promotions.coupons.commands import issue
from erp_club.promotions.coupons.models import Coupon
from erp_club.promotions.engine.facts import PRODUCT_POLICY
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.price_cases.form import Case
from erp_club.promotions.price_cases.rewards import CARDS, CLUB
from erp_club.promotions.price_cases.translate import SALE_DAY, Shop, offers_of, shop_of
from tests.make.clubs import a_club, a_customer, moved
from tests.make.coupons import a_batch
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import Till, a_till

FILE = Path(__file__).parents[1] / "promotions" / "price_cases.json"
CASES = TypeAdapter(list[Case]).validate_python(json.loads(FILE.read_text(encoding="utf-8"))["cases"])
KINDS = {kind.value: kind for kind in ProductKind}
NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.astimezone(ZoneInfo("Asia/Jerusalem")).date()


def open_shop(session: Session, case: Case, shop: Shop) -> Till:
    """The case's shop in the database: what the engine is told there on paper, it finds in tables here."""
    till = a_till(session)
    # A cashier isn't told whether a code is foreign or used up.
    session.execute(sa.text("UPDATE staff SET role = 'manager'"))
    policy = {
        field.name: getattr(shop.facts.policy, field.name)
        for field in dataclasses.fields(PRODUCT_POLICY)
        if getattr(shop.facts.policy, field.name) != getattr(PRODUCT_POLICY, field.name)
    }
    session.execute(sa.text("UPDATE chain SET pricing = :policy").bindparams(sa.bindparam("policy", policy, sa.JSON)))
    _products(session, case)
    _member(session, shop)
    for programme in case.programmes:
        if programme.reward is not None and programme.reward.type == "price_list":
            _price_list(session, programme.id, shop)
    for offer in offers_of(case):
        _publish(session, _from_today(offer))
    session.commit()
    return till


def _products(session: Session, case: Case) -> None:
    known: dict[str, Any] = {line.product: line for line in case.basket}
    rewards = [each.reward for each in case.programmes if each.reward is not None]
    gifts = {sku for reward in rewards for sku in (reward.product, *reward.choose_from) if sku}
    for sku in sorted({*known, *gifts}):
        line = known.get(sku)
        product = Product(
            sku=sku,
            name=sku,
            group_id=_group(session, line.group) if line is not None and line.group else None,
            list_price_minor=line.unit_price if line is not None else 100,
            vat_bp=line.tax_bp if line is not None else 0,
            kind=KINDS.get(line.kind, ProductKind.GIFT_CARD) if line is not None else ProductKind.GOODS,
            earns_points=line is None or line.kind == "goods",
            levy_minor=line.levy if line is not None else 0,
        )
        session.add(product)
    session.flush()


def _group(session: Session, name: str) -> int:
    found = session.scalar(sa.select(ProductGroup.id).where(ProductGroup.name == name))
    if found is not None:
        return found
    made = ProductGroup(name=name)
    session.add(made)
    session.flush()
    return made.id


def _member(session: Session, shop: Shop) -> None:
    customer_id = a_customer(session, "100001")
    assert shop.facts.shopper
    for code in (CLUB, CARDS):
        # Clubs of cases earn nothing by themselves: their earning is in offers.
        club_id = a_club(session, code, months=None)
        session.execute(sa.text("UPDATE clubs SET earn_points = 0"))
        joined = join_club(session, customer_id, club_id=club_id, today=TODAY, now=NOW, by=SYSTEM)
        points = shop.facts.shopper.clubs[code].points
        if points:
            moved(session, customer_id, joined.points_account_id, points)


def _price_list(session: Session, code: str, shop: Shop) -> None:
    entries = [each for each in shop.facts.price_lists if each.list_code == code]
    list_id = a_list(session, code, club=CLUB)
    for entry in entries:
        for sku in entry.on.products or (None,):
            an_entry(session, list_id, sku=sku, price_minor=entry.price_minor, off_bp=entry.off_bp)


def _from_today(offer: Offer) -> Offer:
    """The offer with its days counted from today."""
    ahead = TODAY - SALE_DAY
    days = {name: day + ahead for name in ("first_day", "last_day") if (day := getattr(offer, name)) is not None}
    return offer.model_copy(update=days)


def _publish(session: Session, offer: Offer) -> None:
    """In force, though it may cost points, which head office can't publish before the ledger takes them."""
    offer_id = create_offer(session, offer, now=NOW, by=SYSTEM)
    session.execute(sa.text("INSERT INTO offer_uses (offer_id) VALUES (:id)"), {"id": offer_id})
    session.execute(sa.text("UPDATE offers SET state = 'published', live_no = 1 WHERE id = :id"), {"id": offer_id})
    session.execute(sa.text("UPDATE offer_catalogue SET version = gen_random_uuid()"))


def entered(session: Session, shop: Shop) -> dict[str, str]:
    """The codes that the case enters, with coupons of ours in the place of its own."""
    customer_id = session.execute(sa.text("SELECT id FROM customers WHERE number = '100001'")).scalar_one()
    made: dict[str, str] = {}
    for coupon in shop.facts.coupons:
        if coupon.batch is None:
            made[coupon.text] = coupon.text
            continue
        foreign = coupon.fault == "not_owner"
        a_batch(session, coupon.batch, personal=foreign)
        owner = a_customer(session, "100002") if foreign else customer_id
        [code] = issue(session, coupon.batch, 1, customer_id=owner, now=NOW, today=TODAY, by=SYSTEM)
        worn = {
            "used_up": {"used": 1},
            "expired": {"last_day": TODAY - dt.timedelta(days=1)},
        }.get(coupon.fault or "", {})
        if worn:
            session.execute(sa.update(Coupon).where(Coupon.code == code).values(**worn))
        if coupon.fault == "not_yet_valid":
            session.execute(
                sa.text("UPDATE coupon_batches SET valid_from = :day WHERE code = :code"),
                {"day": TODAY + dt.timedelta(days=1), "code": coupon.batch},
            )
        made[coupon.text] = code
    session.commit()
    return made


def on_paper(priced: Priced, codes: dict[str, str]) -> dict[str, Any]:
    """What the engine says, in the words of a quote."""
    points: dict[str, int] = {}
    for each in priced.earned:
        points[each.club] = points.get(each.club, 0) + each.points
    return {
        "list": priced.list_minor,
        "discount": priced.discount_minor,
        "total": priced.total_minor,
        "tax": priced.tax_minor,
        "lines": [(line.product, line.discount_minor, line.total_minor, line.tax_minor) for line in priced.lines],
        "applied": sorted(
            (each.offer, each.amount_minor, each.free_units, each.points_used) for each in priced.applied
        ),
        "refused": sorted(
            (codes.get(each.offer, each.offer), each.reason.value, each.missing or 0) for each in priced.refused
        ),
        "pending": sorted((each.offer, each.choices) for each in priced.pending),
        "hints": sorted((each.offer, each.kind, each.missing) for each in priced.hints),
        "points": {club: amount for club, amount in points.items() if amount > 0},
        "points_used": priced.points_used,
    }


def over_http(told: dict[str, Any]) -> dict[str, Any]:
    return {
        "list": told["list_minor"],
        "discount": told["discount_minor"],
        "total": told["total_minor"],
        "tax": told["tax_minor"],
        "lines": [
            (line["sku"], line["discount_minor"], line["total_minor"], line["tax_minor"]) for line in told["lines"]
        ],
        "applied": sorted(
            (each["offer"], each["amount_minor"], each["free_units"], each["points_used"]) for each in told["applied"]
        ),
        "refused": sorted((each["offer"], each["reason"], each["missing"] or 0) for each in told["refused"]),
        "pending": sorted((each["offer"], tuple(c["sku"] for c in each["choices"])) for each in told["pending"]),
        "hints": sorted((each["offer"], each["kind"], each["missing"]) for each in told["hints"]),
        "points": {each["club"]: each["points"] for each in told["earned"]},
        "points_used": told["points_used"],
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.id)
def test_a_case_costs_over_http_what_it_costs_on_paper(client: TestClient, session: Session, case: Case) -> None:
    shop = shop_of(case)
    till = open_shop(session, case, shop)
    codes = entered(session, shop)
    body = {
        "sale_id": "case",
        "customer": {"number": "100001"},
        "lines": [{"sku": line.product, "quantity": str(line.qty)} for line in case.basket],
        "coupons": list(codes.values()),
        "activations": [
            {"offer": claim.offer, "product": claim.product, "points": claim.points} for claim in shop.facts.claims
        ],
    }
    answer = client.post("/quotes", json=body, headers=till.headers)
    assert answer.status_code == 201, answer.text
    assert over_http(answer.json()) == on_paper(price(shop.facts, shop.compiled), codes)
