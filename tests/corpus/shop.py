"""A shop that has one of everything, and head office at one of its tills, who may do everything."""

import datetime as dt
import json
import uuid
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.permissions import passwords
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from erp_club.pricelists.kinds import PriceListState
from tests.make.birthdays import a_plan
from tests.make.clubs import a_card, a_club, a_membership, moved
from tests.make.coupons import a_batch, some_coupons
from tests.make.customers import a_person, keep_ids_of
from tests.make.offers import a_draft, a_published_offer, points_that_pay
from tests.make.organisation import a_chain, a_store, a_terminal, somebody
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import a_product
from tests.make.stored_value import a_gift_card, a_kind, an_article

SKU, OTHER_SKU, CARD = "7290000000017", "7290000000024", "2990000000017"
WHERE = {"metric": "spend", "op": "ge", "value": 0}


class Shop:
    """What there is, by the names that addresses use, and a way to ask for it."""

    def __init__(self, client: TestClient, session: Session) -> None:
        self.client = client
        self.ids: dict[str, Any] = {}
        self.headers = _headers(session, self.ids)
        _furnish(session, self.ids)
        session.commit()
        _trade(self)

    def ask(self, method: str, url: str, body: Any = None, **headers: str) -> Response:
        """A request under a key of its own, as a machine sends it unless the headers say otherwise."""
        self.client.cookies.clear()
        told = {
            "Origin": "http://testserver",
            "Accept": "application/json",
            "Idempotency-Key": uuid.uuid4().hex,
            **self.headers,
            **headers,
        }
        if body is None:
            return self.client.request(method, url, headers=told)
        # Written out in ASCII: a lone surrogate can be sent in no other way.
        return self.client.request(
            method, url, headers=told | {"Content-Type": "application/json"}, content=json.dumps(body).encode()
        )

    def made(self, method: str, url: str, body: Any = None) -> Mapping[str, Any]:
        """The same, for what has to work."""
        answer = self.ask(method, url, body)
        assert answer.is_success, f"{method} {url}: {answer.text}"
        return answer.json()


def _headers(session: Session, ids: dict[str, Any]) -> dict[str, str]:
    a_chain(session)
    store = a_store(session)
    ids["store_id"] = store.id
    ids["terminal_id"], key = a_terminal(session, store)
    staff_id = somebody(session, Role.HQ)
    ids["staff_id"] = somebody(session, username="dana", store=store)
    token, now = passwords.new_token("staff"), dt.datetime.now(dt.UTC)
    session.add(
        StaffSession(
            token_hash=passwords.token_hash(token),
            staff_id=staff_id,
            terminal_id=None,
            started_at=now,
            ends_at=now + dt.timedelta(days=1),
            proven_at=now + dt.timedelta(days=1),  # many cases take longer than a proof holds
        )
    )
    return {"Authorization": f"Bearer {key}", "X-Staff-Session": token}


def _furnish(session: Session, ids: dict[str, Any]) -> None:
    today = dt.datetime.now(dt.UTC).date()
    keep_ids_of(session, "IL")
    for sku in (OTHER_SKU, SKU):
        ids["product_id"] = a_product(session, sku, price_minor=30_00)
    ids["club_id"] = a_club(session)
    ids["other_club_id"] = a_club(session, "SILVER")
    ids["draft_club_id"] = a_club(session, "DRAFT", state=ClubState.DRAFT)
    ids["customer_id"] = a_person(
        session, number="100001", mobile="0521234567", id_kind="national_id", id_country="IL", id_number="100000009"
    )
    ids["other_customer_id"] = a_person(session, number="100002", given_name="Dan", family_name="Levi")
    joined = a_membership(session, ids["customer_id"], ids["club_id"], joined_on=today - dt.timedelta(days=30))
    ids["membership_id"], ids["account_id"] = joined.membership_id, joined.points_account_id
    moved(session, ids["customer_id"], ids["account_id"], 500, -20, on=today)
    ids["card"] = a_card(session, ids["customer_id"], CARD)
    ids["batch_id"] = a_batch(session, "SPRING", personal=False)
    a_batch(session)
    ids["plan_id"] = a_plan(session, ids["club_id"])
    ids["coupon"] = some_coupons(session)[0]
    ids["offer_id"] = a_draft(session)
    a_published_offer(session, "BYHAND", activation={"by": "cashier"}, names={"en": "By hand"})
    points_that_pay(session)
    ids["list_id"] = a_list(session)
    ids["draft_list_id"] = a_list(session, "DRAFT", state=PriceListState.DRAFT)
    ids["price_id"] = an_entry(session, ids["list_id"], sku=SKU)
    ids["card_product_id"] = a_kind(session)
    an_article(session)
    card = a_gift_card(session, kind_id=ids["card_product_id"])
    ids["value_card_id"], ids["value_card"] = card.key.card_id, card.number
    ids["coupon_id"] = session.scalar(sa.text("SELECT min(id) FROM coupons"))
    ids["basket_id"] = str(uuid.uuid4())
    ids["member_card_id"] = session.scalar(sa.text("SELECT min(id) FROM cards"))


def _trade(shop: Shop) -> None:
    """What only comes by doing it: a sale, a basket, programmes, runs."""
    ids, made = shop.ids, shop.made
    lines = [{"sku": SKU, "quantity": "1"}]
    paid = [{"means": "cash", "amount_minor": 30_00}]
    ids["purchase_id"] = made("POST", "/purchases", {"lines": lines, "receipt_no": "A-1", "payments": paid})["id"]
    ids["segment_id"] = made("POST", "/segments", {"name": "All", "where": WHERE})["id"]
    made("POST", f"/customers/{ids['customer_id']}/relatives", {"kind": "child", "name": "Noa"})
    made("POST", "/classification-fields", {"name": "Size", "kind": "text", "labels": {"en": "Size"}})
    programme = {"name": "Spring", "club_id": ids["club_id"], "effect": "add", "points": 5}
    ids["programme_id"] = made("POST", "/points-programmes", programme)["programme"]["id"]
    ids["run_id"] = made("POST", "/jobs/names-rekey/runs", {})["id"]
    tried = {"code": "GOLD", "names": {"en": "Gold"}, "currency": "ILS"}
    ids["what_if_id"] = made("POST", f"/clubs/{ids['club_id']}/what-ifs", tried)["id"]
    ids["quote_id"] = made("POST", "/quotes", {"lines": lines, "sale_id": "S-9"})["id"]
    made("POST", "/baskets/current/entries", {"code": SKU})
    made("POST", "/baskets/current/holds")
    made("POST", "/baskets/current/entries", {"code": SKU})
    made("PUT", "/baskets/current/customer", {"customer_id": ids["customer_id"]})
