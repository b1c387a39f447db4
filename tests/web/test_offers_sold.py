# REQ O-01 O-06 O-07 O-09 O-10 T-03 T-06: a sale with offers and coupons, from the quote to the receipt
import datetime as dt
import itertools
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.birthday.plans.queries import held_gifts
from erp_club.customers.models import Customer
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions.commands import pause_offer
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.models import Quote
from erp_club.receipts.models import ReceiptDiscount, ReceiptLine, ReceiptOffer
from tests.make.birthdays import a_celebrant, a_plan, granted
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import NOW, a_draft, a_published_offer, publish
from tests.make.purchases import Till, a_product, a_till

MILK, BREAD = "7290000000017", "7290000000024"
numbers = itertools.count(1)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    a_product(session, MILK, price_minor=10_04)
    a_product(session, BREAD, price_minor=5_50, name="לחם")
    session.commit()
    return made


def basket(**changes: Any) -> dict[str, Any]:
    return {"lines": [{"sku": MILK, "quantity": "3"}, {"sku": BREAD, "quantity": "0.500"}]} | changes


def quote(client: TestClient, till: Till, sale_id: str = "s1", **changes: Any) -> dict[str, Any]:
    answer = client.post("/quotes", json=basket(sale_id=sale_id, **changes), headers=till.headers)
    assert answer.status_code == 201, answer.text
    return answer.json()


def buy(client: TestClient, till: Till, by_card: int, **changes: Any) -> Response:
    body = basket(receipt_no=f"A-{next(numbers)}", payments=[{"means": "card", "amount_minor": by_card}], **changes)
    return client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": uuid.uuid4().hex})


def test_a_receipt_tells_what_each_offer_took_off_each_line(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session)
    a_published_offer(
        session,
        "BREAD",
        names={"en": "Bread cheaper"},
        rewards=[{"kind": "amount", "value_minor": 50, "on": {"products": [BREAD]}}],
        combination={"mode": "stackable"},
    )
    session.commit()
    sold = buy(client, till, quote(client, till)["total_minor"])
    assert sold.status_code == 201, sold.text
    told = client.get(f"/purchases/{sold.json()['id']}", headers=till.headers).json()
    assert told["lines"] == sold.json()["lines"]
    for line in told["lines"]:
        assert sum(each["amount_minor"] for each in line["discounts"]) == line["list_minor"] - line["amount_minor"]
    assert {each["offer"] for each in told["offers"]} == {"TENTH", "BREAD"}
    assert told["offers"] == sold.json()["offers"]
    kept = session.execute(sa.select(sa.func.sum(ReceiptDiscount.amount_minor))).scalar_one()
    assert kept == told["discount_minor"] == sum(each["amount_minor"] for each in told["offers"])


def test_a_sale_takes_the_price_that_it_was_quoted(client: TestClient, session: Session, till: Till) -> None:
    offer_id = a_published_offer(session)
    session.commit()
    quoted = quote(client, till)
    pause_offer(session, offer_id, now=NOW, by=SYSTEM)
    session.commit()
    afresh = buy(client, till, quoted["total_minor"])
    assert (afresh.status_code, afresh.json()["code"]) == (422, "payments-differ")
    sold = buy(client, till, quoted["total_minor"], quote_id=quoted["id"], sale_id="s1")
    assert sold.status_code == 201, sold.text
    assert sold.json()["discount_minor"] == quoted["discount_minor"] == 3_29


def test_a_quote_whose_time_is_over_gives_its_price_no_more(client: TestClient, session: Session, till: Till) -> None:
    offer_id = a_published_offer(session)
    session.commit()
    quoted = quote(client, till)
    pause_offer(session, offer_id, now=NOW, by=SYSTEM)
    session.execute(sa.update(Quote).values(expires_at=sa.func.now() - dt.timedelta(seconds=1)))
    session.commit()
    late = {"quote_id": quoted["id"], "sale_id": "s1"}
    refused = buy(client, till, quoted["total_minor"], **late)
    assert (refused.status_code, refused.json()["code"]) == (422, "payments-differ")
    afresh = quote(client, till)["total_minor"]
    assert afresh == quoted["list_minor"] == 32_87
    assert buy(client, till, afresh, **late).status_code == 201


def test_another_basket_than_the_quoted_one_is_priced_anew(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session)
    session.commit()
    quoted = quote(client, till)
    lines = [{"sku": MILK, "quantity": "1"}]
    sold = buy(client, till, 9_04, quote_id=quoted["id"], sale_id="s1", lines=lines)
    assert sold.status_code == 201, sold.text
    assert (sold.json()["list_minor"], sold.json()["total_minor"]) == (10_04, 9_04)


def test_a_quote_for_other_means_gives_its_price_no_more(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, when={"means": ["cash"]})
    session.commit()
    quoted = quote(client, till, means=["card", "cash"])
    assert quoted["total_minor"] == 29_58
    paid = {"quote_id": quoted["id"], "sale_id": "s1"}
    refused = buy(client, till, 29_58, **paid)
    assert (refused.status_code, refused.json()["code"]) == (422, "payments-differ")
    assert buy(client, till, 32_87, **paid).status_code == 201


def test_a_limit_used_up_meanwhile_is_told_with_the_new_price(client: TestClient, session: Session, till: Till) -> None:
    a_published_offer(session, limits={"uses": 1})
    session.commit()
    first, second = (quote(client, till, sale_id) for sale_id in ("s1", "s2"))
    assert first["total_minor"] == second["total_minor"] == 29_58
    assert buy(client, till, 29_58, quote_id=first["id"], sale_id="s1").status_code == 201
    late = buy(client, till, 29_58, quote_id=second["id"], sale_id="s2")
    assert (late.status_code, late.json()["code"]) == (409, "quote-changed")
    assert (late.json()["total_minor"], late.json()["discount_minor"]) == (32_87, 0)
    assert session.scalar(sa.select(sa.func.count()).select_from(ReceiptOffer)) == 1


def coupon_offer(session: Session, **said: Any) -> str:
    """The code of a coupon that takes 5.00 off."""
    a_batch(session)
    [code] = some_coupons(session)
    reward = {"kind": "amount", "value_minor": 5_00}
    a_published_offer(session, "FIVE", rewards=[reward], activation={"by": "coupon", "batch": "WINTER"}, **said)
    session.commit()
    return code


def test_a_coupon_is_used_when_it_gave_something(client: TestClient, session: Session, till: Till) -> None:
    code = coupon_offer(session)
    quoted = quote(client, till, coupons=[code.lower()])
    assert quoted["total_minor"] == 27_87
    assert quote(client, till, "s2", coupons=[code])["total_minor"] == 32_87, "another sale holds it"
    sold = buy(client, till, 27_87, quote_id=quoted["id"], sale_id="s1", coupons=[code.lower()])
    assert sold.status_code == 201, sold.text
    assert session.scalar(sa.select(Coupon.used)) == 1
    told = quote(client, till, "s3", coupons=[code])
    assert (told["total_minor"], [each["reason"] for each in told["refused"]]) != (27_87, [])


def test_a_coupon_that_gave_nothing_stays_unused(client: TestClient, session: Session, till: Till) -> None:
    code = coupon_offer(session, when={"amount_minor": 100_00})
    quoted = quote(client, till, coupons=[code])
    assert [(each["reason"], each["missing"]) for each in quoted["refused"]] == [("min_amount", 67_13)]
    assert buy(client, till, 32_87, coupons=[code]).status_code == 201
    assert session.scalar(sa.select(Coupon.used)) == 0


def test_a_dropped_quote_lets_its_coupons_go(client: TestClient, session: Session, till: Till) -> None:
    code = coupon_offer(session)
    first = quote(client, till, coupons=[code])
    gone = client.delete(f"/quotes/{first['id']}", headers=till.headers)
    assert gone.status_code == 204
    assert client.get(f"/quotes/{first['id']}", headers=till.headers).status_code == 404
    assert client.delete(f"/quotes/{first['id']}", headers=till.headers).json()["code"] == "quote-gone"
    assert quote(client, till, "s2", coupons=[code])["total_minor"] == 27_87


def test_a_gift_is_a_line_of_the_receipt_for_nothing(client: TestClient, session: Session, till: Till) -> None:
    a_product(session, "CUP", price_minor=12_00, name="Cup")
    a_published_offer(session, "CUP", rewards=[{"kind": "gift", "products": ["CUP"]}], when={"amount_minor": 20_00})
    # A club's rules may name what comes into the catalogue later.
    for code, reward in (
        ("LATER", {"kind": "gift", "products": ["POT"]}),
        ("DRAW", {"kind": "surprise", "prizes": [{"weight": 1, "product": "POT"}]}),
    ):
        named_later = a_draft(session, code, rewards=[reward], combination={"mode": "stackable"})
        publish(session, named_later, names_may_come=True)
    session.commit()
    quoted = quote(client, till)
    assert [line["added_by"] for line in quoted["lines"]] == [None, None, "CUP"]
    refused = {each["offer"]: (each["reason"], each["words"]) for each in quoted["refused"]}
    assert refused == dict.fromkeys(("LATER", "DRAW"), ("gift_missing", "Its gift isn't in the catalogue."))
    sold = buy(client, till, 32_87).json()
    gift = sold["lines"][2]
    assert (gift["sku"], gift["added"], gift["list_minor"], gift["amount_minor"]) == ("CUP", True, 0, 0)
    assert (sold["list_minor"], sold["discount_minor"], sold["total_minor"]) == (32_87, 0, 32_87)
    for shared in ("list_minor", "regular_minor", "discounts"):
        assert [line[shared] for line in sold["lines"]] == [line[shared] for line in quoted["lines"]]
    slip = client.get(f"/purchases/{sold['id']}/slip", headers=till.headers).json()
    [discount] = slip["lines"][2]["discounts"]
    assert (discount["names"]["en"], discount["amount_minor"], slip["saved_minor"]) == ("A tenth off", 0, 0)


def test_cash_rounds_what_is_left_after_the_discounts_as_its_own_line(
    client: TestClient, session: Session, till: Till
) -> None:
    a_published_offer(session)
    session.commit()
    body = basket(receipt_no="C-1", payments=[{"means": "cash", "amount_minor": 29_60}])
    sold = client.post("/purchases", json=body, headers=till.headers | {"Idempotency-Key": "c-1"}).json()
    assert (sold["total_minor"], sold["rounding_minor"]) == (29_58, 2)
    assert sum(line["amount_minor"] for line in sold["lines"]) == 29_58


def test_a_coupon_for_the_next_purchase_stands_on_the_receipt(client: TestClient, session: Session, till: Till) -> None:
    a_batch(session, "NEXT", days_from_issue=30)
    a_published_offer(session, "NEXT", rewards=[{"kind": "coupon", "batch": "NEXT"}], when={"amount_minor": 20_00})
    session.commit()
    sold = buy(client, till, 32_87).json()
    [code] = sold["coupons"]
    slip = client.get(f"/purchases/{sold['id']}/slip", headers=till.headers).json()
    assert [each["code"] for each in slip["coupons"]] == [code]
    page = client.get(f"/purchases/{sold['id']}/slip", headers=till.headers | {"Accept": "text/html"})
    assert slip["coupons"][0]["spoken"] in page.text


def test_a_slip_speaks_the_customers_language_of_its_offers_too(
    client: TestClient, session: Session, till: Till
) -> None:
    customer_id = a_customer(session)
    session.get_one(Customer, customer_id).language = "he"
    a_published_offer(session, receipt_message={"en": "Come again.", "he": "בואו שוב."})
    session.commit()
    sold = buy(client, till, 29_58, customer={"id": customer_id}).json()
    page = client.get(f"/purchases/{sold['id']}/slip", headers=till.headers | {"Accept": "text/html"}).text
    assert "עשר אחוז הנחה" in page
    assert "בואו שוב." in page
    assert "A tenth off" not in page


def test_a_member_earns_on_what_was_paid_after_discounts(client: TestClient, session: Session, till: Till) -> None:
    a_membership(session, a_customer(session), a_club(session))
    session.execute(sa.text("UPDATE membership_periods SET validity = daterange('2020-01-01', NULL)"))
    session.execute(sa.text("UPDATE clubs SET earn_per_minor = 100"))
    a_published_offer(session)
    session.commit()
    quoted = quote(client, till, customer={"number": "100001"})
    assert [(each["club"], each["points"]) for each in quoted["earned"]] == [("GOLD", 29)]
    sold = buy(client, till, 29_58, customer={"number": "100001"})
    assert [(each["points"], each["balance"]) for each in sold.json()["earned"]] == [(29, 29)]


def test_what_a_membership_would_have_saved_is_told_and_kept(client: TestClient, session: Session, till: Till) -> None:
    a_club(session)
    a_published_offer(session, when={"clubs": ["GOLD"]})
    session.commit()
    quoted = quote(client, till)
    assert (quoted["total_minor"], quoted["club_savings"]["amount_minor"]) == (32_87, 3_29)
    sold = buy(client, till, 32_87).json()
    slip = client.get(f"/purchases/{sold['id']}/slip", headers=till.headers).json()
    assert slip["club_savings"]["amount_minor"] == sold["club_savings"]["amount_minor"] == 3_29


def test_a_sale_without_offers_leaves_a_receipt_without_them(client: TestClient, session: Session, till: Till) -> None:
    sold = buy(client, till, 32_87).json()
    assert (sold["offers"], sold["coupons"], sold["club_savings"], sold["discount_minor"]) == ([], [], None, 0)
    rows = session.execute(sa.select(ReceiptLine.regular_minor, ReceiptLine.price_list, ReceiptLine.tax_minor)).all()
    assert {tuple(row) for row in rows} == {(None, None, None)}


def test_a_commit_that_only_names_its_quote_gets_the_quoted_price_and_coupon(
    client: TestClient, session: Session, till: Till
) -> None:
    a_batch(session)
    [code] = some_coupons(session)
    a_published_offer(session, activation={"by": "coupon", "batch": "WINTER"})
    session.commit()
    quoted = quote(client, till, coupons=[code])
    sold = buy(client, till, quoted["total_minor"], coupons=[code], quote_id=quoted["id"])
    assert (sold.status_code, sold.json()["discount_minor"]) == (201, 3_29)
    assert session.scalars(sa.select(Coupon.used)).one() == 1
    session.expire_all()
    assert quote(client, till, "s2", coupons=[code])["discount_minor"] == 0


def test_a_coupon_entered_in_two_writings_is_one(client: TestClient, session: Session, till: Till) -> None:
    a_batch(session)
    [code] = some_coupons(session)
    a_published_offer(session, activation={"by": "coupon", "batch": "WINTER"})
    session.commit()
    told = quote(client, till, coupons=[code, code.lower(), f"{code[:4]} {code[4:]}"])
    assert (told["discount_minor"], told["refused"]) == (3_29, [])


@pytest.mark.parametrize("entered", ["spring", " SPRING ", "ＳＰＲＩＮＧ"])
def test_the_code_of_an_offer_is_taken_as_people_type_it(
    client: TestClient, session: Session, till: Till, entered: str
) -> None:
    a_published_offer(session, activation={"by": "code", "code": "Spring"})
    session.commit()
    assert quote(client, till, coupons=[entered])["discount_minor"] == 3_29


def a_birthday_today(session: Session, till: Till) -> str:
    """The code that a member's plan lets tills use by themselves: 5.00 off."""
    club_id = a_club(session, months=None)
    batch_id = a_batch(session, "BDAY", personal=True)
    reward = {"kind": "amount", "value_minor": 5_00}
    a_published_offer(session, "FIVE", rewards=[reward], activation={"by": "coupon", "batch": "BDAY"})
    plan_id = a_plan(session, club_id, batch_id=batch_id, automatic=True)
    today = dt.datetime.now(ZoneInfo("Asia/Jerusalem")).date()
    member = a_celebrant(session, today.replace(year=1992), club_id=club_id)
    granted(session, plan_id, today)
    session.commit()
    return held_gifts(session, member, today=today)[0].code or ""


def test_a_plan_that_is_used_by_itself_is_so_at_a_till_of_another_make(
    client: TestClient, session: Session, till: Till
) -> None:
    # REQ B-01 T-01 T-03
    code = a_birthday_today(session, till)
    member: dict[str, Any] = {"customer": {"number": "100001"}}
    assert quote(client, till, "nobody")["total_minor"] == 32_87
    assert quote(client, till, "out", **member, automatic_coupons=False)["total_minor"] == 32_87
    quoted = quote(client, till, **member)
    assert quoted["total_minor"] == 27_87
    assert quote(client, till, **member, coupons=[code.lower()])["total_minor"] == 27_87, "entered twice, used once"
    other = quote(client, till, "s2", **member)
    assert other["total_minor"] == 32_87
    assert [each["reason"] for each in other["refused"]] == ["code_needed"], "another sale holds it: it isn't entered"
    quoted = quote(client, till, **member)
    sold = buy(client, till, 27_87, quote_id=quoted["id"], sale_id="s1", **member)
    assert sold.status_code == 201, sold.text
    assert session.scalar(sa.select(Coupon.used)) == 1
    assert quote(client, till, "s3", **member)["total_minor"] == 32_87


def test_a_sale_without_a_quote_uses_it_too_unless_the_cashier_took_it_out(
    client: TestClient, session: Session, till: Till
) -> None:
    # REQ B-01 T-03
    a_birthday_today(session, till)
    member: dict[str, Any] = {"customer": {"number": "100001"}}
    assert buy(client, till, 32_87, **member, automatic_coupons=False).status_code == 201
    assert session.scalar(sa.select(Coupon.used)) == 0
    assert buy(client, till, 27_87, **member).status_code == 201
    assert session.scalar(sa.select(Coupon.used)) == 1


def test_a_till_that_is_locked_for_codes_still_enters_what_a_plan_lets_it_use(
    client: TestClient, session: Session, till: Till
) -> None:
    # REQ B-01 O-09
    a_birthday_today(session, till)
    for number in range(10):
        quote(client, till, coupons=[f"WRONG-{number}"])
    locked = client.post("/quotes", json=basket(sale_id="s1", coupons=["WRONG-11"]), headers=till.headers)
    assert locked.status_code == 429
    assert quote(client, till, customer={"number": "100001"})["total_minor"] == 27_87
