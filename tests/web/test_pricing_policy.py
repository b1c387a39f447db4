# REQ O-06 O-07 A-02 T-02: what the chain settles once for the price of all sales
from decimal import Decimal

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.organisation.commands import set_pricing
from erp_club.organisation.models import Chain
from erp_club.permissions.actors import SYSTEM
from tests.make.offers import NOW, a_published_offer
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_clubs import HTML, send, signed_in, submit

ANVIL = "7290000000017"


def total_at(client: TestClient, till: Till) -> int:
    basket = {"sale_id": "s1", "lines": [{"sku": ANVIL, "quantity": "1"}]}
    return client.post("/quotes", json=basket, headers=till.headers).json()["total_minor"]


def test_the_next_basket_goes_by_what_is_settled(client: TestClient, session: Session) -> None:
    till = a_till(session)
    a_product(session, ANVIL, price_minor=100_00)
    a_published_offer(session, "TENTH", combination={"mode": "stackable"})
    a_published_offer(session, "TENTH-2", combination={"mode": "stackable"})
    session.commit()
    assert total_at(client, till) == 81_00
    set_pricing(session, {"stack_base": "list"}, now=NOW, by=SYSTEM)
    session.commit()
    assert total_at(client, till) == 80_00


def test_what_is_as_usual_is_not_kept_and_every_change_leaves_a_trace(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    send(client, "/pricing-policy", {"points_rounding": "half_up", "threshold_counts": "after_codes"}, method="PATCH")
    assert session.scalar(sa.select(Chain.pricing)) == {"points_rounding": "half_up", "threshold_counts": "after_codes"}
    send(client, "/pricing-policy", {"points_rounding": "down"}, method="PATCH")
    session.expire_all()
    assert session.scalar(sa.select(Chain.pricing)) == {"threshold_counts": "after_codes"}
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.after) == ("chain.edit", {"pricing": {"threshold_counts": "after_codes"}})


def test_the_page_keeps_what_is_chosen_and_refuses_what_nobody_knows(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    page = client.get("/pricing-policy", headers=HTML).text
    assert 'name="threshold_counts"' in page
    kept = submit(client, "/pricing-policy", {"_method": "PATCH", "earn_base": "before_redemption"})
    assert (kept.status_code, session.scalar(sa.select(Chain.pricing))) == (303, {"earn_base": "before_redemption"})
    wrong = send(client, "/pricing-policy", {"rounding": "sideways"}, method="PATCH")
    assert (wrong.status_code, [each["field"] for each in wrong.json()["errors"]]) == (422, ["rounding"])


SWEDEN = ["23IIIIIIW.WWWC", "24IIIIIIWW.WWC", "20IIIIIIPP.PPC"]
ISRAEL = ["2?IIIIIWW.WWWC"]


@pytest.mark.parametrize(
    ("code", "patterns", "sku", "milli"),
    [
        ("2312345603500", SWEDEN, "2312345600004", 350),  # as the country's GS1 numbers it: without a weight
        ("2412345603507", SWEDEN, "24123456", 3_500),
        ("2012345612341", SWEDEN, "123456", 309),  # 12.34 at 39.90 a kilogram is 309.27 grams
        ("2900123007505", ISRAEL, "123", 750),
        ("2900123007503", ISRAEL, "123", None),  # misread
        ("2900123000001", ISRAEL, "123", None),  # nothing of it
        ("2900124007504", ISRAEL, "123", None),  # another item
        ("2900123007505", [], "123", None),  # no scales
    ],
)
def test_a_label_of_a_scale_is_its_item_and_quantity_at_the_till_by_machine_and_offline(
    client: TestClient, session: Session, code: str, patterns: list[str], sku: str, milli: int | None
) -> None:
    till = a_till(session)
    a_product(session, sku, price_minor=39_90)
    set_pricing(session, {"weighed_codes": patterns}, now=NOW, by=SYSTEM)
    session.commit()
    asked = {"sale_id": "s1", "lines": [{"sku": code, "quantity": "1"}]}
    quoted = client.post("/quotes", json=asked, headers=till.headers)
    key = {"Idempotency-Key": code}
    scanned = client.post("/baskets/current/entries", json={"code": code}, headers=till.headers | key)
    if milli is None:
        assert [each["field"] for each in quoted.json()["errors"]] == ["lines[0].sku"]
        assert scanned.status_code == 422
        return
    amount = (39_90 * milli + 500) // 1000
    [line] = quoted.json()["lines"]
    assert (line["sku"], Decimal(line["quantity"]) * 1000, line["total_minor"]) == (sku, milli, amount)
    assert scanned.json()["total_minor"] == amount
    sold = {
        "receipt_no": "A-1",
        "payments": [{"means": "card", "amount_minor": amount}],
        "quote_id": quoted.json()["id"],
    }
    posted = client.post("/purchases", json=asked | sold, headers=till.headers | {"Idempotency-Key": "sold"})
    assert (posted.status_code, posted.json()["lines"][0]["sku"]) == (201, sku), posted.text
    offline = sold | {"receipt_no": "A-2", "sold_at": NOW.isoformat()}
    offline["lines"] = [{"sku": code, "quantity": "1", "amount_minor": amount}]
    del offline["quote_id"]
    for state in ("booked", "known"):
        sent = client.post(
            "/purchase-uploads", json={"purchases": [offline]}, headers=till.headers | {"Idempotency-Key": state}
        )
        [told] = sent.json()["purchases"]
        assert (told["state"], told["conflicts"]) == (state, []), sent.text
    lines = sa.text("SELECT p.sku, l.quantity_milli FROM receipt_lines l JOIN products p ON p.id = l.product_id")
    assert [tuple(row) for row in session.execute(lines)] == [(sku, milli)] * 2


def test_how_scales_write_codes_is_typed_and_can_be_emptied(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    typed = {"_method": "PATCH", "weighed_codes": "23IIIIIIW.WWWC, 2?IIIIIWW.WWWC"}
    assert submit(client, "/pricing-policy", typed).status_code == 303
    assert session.scalar(sa.select(Chain.pricing)) == {"weighed_codes": ["23IIIIIIW.WWWC", "2?IIIIIWW.WWWC"]}
    wrong = submit(client, "/pricing-policy", typed | {"weighed_codes": "23IIIW"})
    assert wrong.status_code == 422
    assert 'id="e-f-weighed_codes"' in wrong.text or 'id="e-weighed_codes"' in wrong.text
    assert submit(client, "/pricing-policy", typed | {"weighed_codes": ""}).status_code == 303
    session.expire_all()
    assert session.scalar(sa.select(Chain.pricing)) == {}
