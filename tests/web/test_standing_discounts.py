# REQ M-13 M-11 P-01: what a membership takes off each purchase, and what the cashier confirms for more points
import datetime as dt
import uuid
from typing import Any

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.checks import findings
from tests.make.clubs import a_customer, a_membership
from tests.make.programmes import a_programme
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_till import send

NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.date()


class Shop:
    """A till that sells shirts at 100.00 and cups of coffee at 10.00, and a club of these rules with one member."""

    def __init__(self, client: TestClient, session: Session, **said: Any) -> None:
        self.client, self.session, self.till = client, session, a_till(session)
        a_product(session, "SHIRT", price_minor=100_00)
        a_product(session, "CUP", price_minor=10_00, name="Coffee")
        self.load(**said)
        self.member, self.other = a_customer(session), a_customer(session, "100002")
        a_membership(session, self.member, self.club_id, joined_on=TODAY - dt.timedelta(days=30))
        session.commit()

    def load(self, **said: Any) -> None:
        made = a_programme(**said)
        assert [each for each in findings(made) if each.stops] == []
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
        self.club_id = load_programme(self.session, made, today=TODAY - dt.timedelta(days=90), **how).club_id
        self.session.commit()

    def post(self, url: str, body: dict[str, Any]) -> Any:
        answer = self.client.post(url, json=body, headers=self.till.headers | {"Idempotency-Key": uuid.uuid4().hex})
        assert answer.status_code == 201, answer.text
        return answer.json()

    def quote(self, customer: int, **said: Any) -> Any:
        lines = [{"sku": said.pop("sku", "SHIRT"), "quantity": "1"}]
        return self.post("/quotes", {"sale_id": "S", "customer": {"id": customer}, "lines": lines} | said)

    def buy(self, customer: int, total: int, **said: Any) -> Any:
        lines = [{"sku": said.pop("sku", "SHIRT"), "quantity": "1"}]
        paid = [{"means": "card", "amount_minor": total}]
        number = uuid.uuid4().hex
        body = {"receipt_no": number, "customer": {"id": customer}, "lines": lines, "payments": paid} | said
        return self.post("/purchases", body)


def a_share(code: str, off_bp: int, **said: Any) -> dict[str, Any]:
    return {"code": code, "names": {"en": code.title()}, "gives": {"kind": "discount", "off_bp": off_bp}} | said


def test_members_pay_a_tenth_less_on_each_purchase_and_nobody_else(client: TestClient, session: Session) -> None:
    shop = Shop(client, session, entitlements=[a_share("tenth", 1_000)])
    assert [shop.quote(each)["total_minor"] for each in (shop.member, shop.other)] == [90_00, 100_00]
    for _ in range(2):
        assert shop.buy(shop.member, 90_00)["total_minor"] == 90_00
    shop.load(entitlements=[])
    assert shop.quote(shop.member)["total_minor"] == 100_00
    shop.load(entitlements=[a_share("tenth", 2_000)])
    assert shop.quote(shop.member)["total_minor"] == 80_00


def test_a_level_has_a_discount_of_its_own(client: TestClient, session: Session) -> None:
    levels = {
        "window": {"every": "year"},
        "levels": [{"code": "BASIC", "at_least": 0}, {"code": "GOLD", "at_least": 150_00}],
    }
    shop = Shop(client, session, levels=levels, entitlements=[a_share("gold", 1_500, levels=["GOLD"])])
    assert shop.quote(shop.member)["total_minor"] == 100_00
    for _ in range(2):
        shop.buy(shop.member, 100_00)
    assert shop.quote(shop.member)["total_minor"] == 85_00


def test_a_discount_once_a_month_is_chosen_and_then_used_up(client: TestClient, session: Session) -> None:
    shop = Shop(client, session, entitlements=[a_share("half", 5_000, count=1, period={"every": "month"})])
    chosen = {"activations": [{"offer": "CLUB.HALF"}]}
    assert shop.quote(shop.member)["total_minor"] == 100_00
    assert shop.quote(shop.member, **chosen)["total_minor"] == 50_00
    shop.buy(shop.member, 50_00, **chosen)
    assert shop.quote(shop.member, **chosen)["total_minor"] == 100_00


def test_what_a_membership_cant_give_is_told_before_it_runs() -> None:
    moved = a_share("moved", 1_000, count=1, period={"every": "member_year", "whole_months": True})
    money = {"code": "money", "gives": {"kind": "stored_value", "amount_minor": 100}}
    said = [each.path for each in findings(a_programme(entitlements=[moved, money])) if each.stops]
    assert said == ["entitlements[0].period.every", "entitlements[1].gives"]


def test_a_point_more_for_an_own_cup_once_the_cashier_confirms_it(client: TestClient, session: Session) -> None:
    """A bean a coffee, one more for whoever brings a cup; the till asks only where coffee is sold."""
    coffee = {"products": ["CUP"]}
    bean = {"code": "bean", "kind": "unit", "points": 1, "on": coffee}
    cup = {
        "code": "cup", "names": {"en": "Own cup"}, "kind": "unit", "points": 1, "on": coffee, "stands": "on_top",
        "when": {"confirm": "OWN_CUP"},
    }  # fmt: skip
    shop = Shop(client, session, earning={"rules": [bean, cup]})
    for answers, points in (({}, 1), ({"confirmations": ["OWN_CUP"]}, 2)):
        sold = shop.buy(shop.member, 10_00, sku="CUP", **answers)
        assert sum(each["points"] for each in sold["earned"]) == points

    def asked(till: Till) -> list[tuple[str, str, bool]]:
        page = client.get("/till", headers=till.headers).json()
        return [(each["code"], each["words"], each["confirmed"]) for each in page["benefits"]["questions"]]

    send(client, shop.till, "PUT", "/baskets/current/customer", {"customer_id": shop.member})
    send(client, shop.till, "POST", "/baskets/current/entries", {"code": "SHIRT"})
    assert asked(shop.till) == []
    send(client, shop.till, "POST", "/baskets/current/entries", {"code": "CUP"})
    assert asked(shop.till) == [("OWN_CUP", "Own cup?", False)]
    send(client, shop.till, "POST", "/baskets/current/answers", {"question": "OWN_CUP"})
    assert asked(shop.till) == [("OWN_CUP", "Own cup?", True)]
    paid = send(client, shop.till, "POST", "/baskets/current/payments", {"means": "card"}).json()["paid"]["slip"]
    assert [each["points"] for each in paid["earned"]] == [2]


def test_a_free_coffee_is_the_one_that_was_ordered_or_one_more(client: TestClient, session: Session) -> None:
    """100 points are a coffee: the one in the basket costs nothing; where none is ordered, the till adds it."""
    coffee = {
        "code": "coffee",
        "names": {"en": "A coffee"},
        "points": 100,
        "gives": {"kind": "gift", "products": ["CUP"]},
    }
    rule = {"code": "rate", "kind": "money", "points": 1, "per_minor": 1_00}
    shop = Shop(client, session, earning={"rules": [rule]}, benefits=[coffee])
    for _ in range(3):
        shop.buy(shop.member, 100_00)
    chosen = {"activations": [{"offer": "CLUB.COFFEE"}]}
    ordered = shop.quote(shop.member, sku="CUP", **chosen)
    assert (ordered["total_minor"], [each["sku"] for each in ordered["lines"]]) == (0, ["CUP"])
    beside = shop.quote(shop.member, **chosen)
    assert (beside["total_minor"], [each["sku"] for each in beside["lines"]]) == (100_00, ["SHIRT", "CUP"])
    sold = shop.buy(shop.member, 10_00, lines=[{"sku": "CUP", "quantity": "2"}], **chosen)
    assert sold["total_minor"] == 10_00
    panel = client.get(f"/customers/{shop.member}/panel", headers=shop.till.headers).json()
    assert [each["balance"] for each in panel["memberships"]] == [300 - 100 + 10]
