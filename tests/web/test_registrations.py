# REQ P-17: a purchase made without the card is registered by its receipt, within the club's days, once
import datetime as dt
import uuid
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.cards.models import Card
from erp_club.clubs.models import MembershipEvent, MembershipPeriod
from erp_club.clubs.setup.commands import add_rules
from erp_club.kernel.dates import add_months
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.commands import freeze_account
from erp_club.points.ledger.commands import Account
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.points.verify.queries import faults
from erp_club.programmes.settings import points_rules
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.organisation import PASSWORD, somebody
from tests.make.programmes import a_programme
from tests.make.purchases import Till, a_product, a_till

MILK = "7290000000017"
BROWSER = {"Accept": "text/html", "Origin": "http://testserver"}
NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.astimezone(ZoneInfo("Asia/Jerusalem")).date()
RULE = {"code": "base", "kind": "money", "points": 1, "per_minor": 100}


class Shop:
    """A member of a club that takes purchases of the last ten days, at a till that sells milk for 10.00."""

    def __init__(self, client: TestClient, session: Session, till: Till) -> None:
        self.client, self.session, self.till = client, session, till
        a_product(session, MILK)
        self.club_id = a_club(session)
        self.yael = a_customer(session)
        joined_on = TODAY - dt.timedelta(days=100)
        self.account_id = a_membership(session, self.yael, self.club_id, joined_on=joined_on).points_account_id
        self.rules({"late": {"days": 10}})
        self.number = 0

    def rules(self, earning: dict[str, Any], *, days_ago: int = 90, **said: Any) -> None:
        document = points_rules(a_programme(earning={"rules": [RULE], **earning}, **said))
        since = TODAY - dt.timedelta(days=days_ago)
        add_rules(self.session, self.club_id, document, effective_from=since, now=NOW, by=SYSTEM)
        self.session.commit()

    def post(self, url: str, body: dict[str, Any]) -> Response:
        return self.client.post(url, json=body, headers=self.till.headers | {"Idempotency-Key": uuid.uuid4().hex})

    def buy(self, quantity: int = 3, *, days_ago: int = 0, **said: Any) -> int:
        self.number += 1
        body = {
            "receipt_no": f"A-{self.number}",
            "lines": [{"sku": MILK, "quantity": str(quantity)}],
            "payments": [{"means": "card", "amount_minor": quantity * 10_00}],
            "sold_at": (NOW - dt.timedelta(days=days_ago)).isoformat(),
        }
        sold = self.post("/purchases", body | said)
        assert sold.status_code == 201, sold.text
        return sold.json()["id"]

    def register(self, purchase_id: int, **customer: Any) -> Response:
        return self.post(f"/purchases/{purchase_id}/registrations", {"customer": customer or {"id": self.yael}})

    def balances(self) -> list[int]:
        self.session.expire_all()
        return sorted(self.session.scalars(sa.select(PointsAccount.balance)))


@pytest.fixture
def shop(client: TestClient, session: Session) -> Shop:
    return Shop(client, session, a_till(session))


def test_a_purchase_without_the_card_earns_once_it_is_registered(shop: Shop) -> None:
    card = shop.session.scalars(sa.select(Card.number)).one()
    bought = shop.buy(days_ago=10)
    told = shop.register(bought, card=card)
    assert told.status_code == 201, told.text
    assert [(each["points"], each["balance"]) for each in told.json()["earned"]] == [(30, 30)]
    assert (told.json()["customer_id"], shop.balances(), faults(shop.session)) == (shop.yael, [30], [])
    page = shop.client.get(f"/purchases/{bought}", headers=shop.till.headers).json()
    assert (page["customer"], page["registered_for"]["id"]) == (None, shop.yael)
    assert [each["points"] for each in page["earned"]] == [30]


def test_a_receipt_is_registered_once_for_whomever(shop: Shop) -> None:
    bought = shop.buy()
    noa = a_customer(shop.session, "100002")
    a_membership(shop.session, noa, shop.club_id, joined_on=TODAY - dt.timedelta(days=9))
    shop.session.commit()
    assert shop.register(bought).status_code == 201
    assert [shop.register(bought, id=each).json()["code"] for each in (shop.yael, noa)] == ["already-registered"] * 2
    assert shop.balances() == [0, 30]


def test_the_days_of_the_club_count(shop: Shop) -> None:
    late = shop.register(shop.buy(days_ago=11))
    assert (late.status_code, late.json()["code"]) == (409, "registration-late")
    assert late.json()["last_day"] == (TODAY - dt.timedelta(days=1)).isoformat()


def test_it_earns_by_the_rules_of_its_day(shop: Shop) -> None:
    """Since three days ago a point costs ten times as much; what was bought before earns as it did then."""
    shop.rules({"late": {"days": 10}, "rules": [RULE | {"per_minor": 1000}]}, days_ago=3)
    before, since = shop.register(shop.buy(days_ago=4)).json(), shop.register(shop.buy()).json()
    assert [each["earned"][0]["points"] for each in (before, since)] == [30, 3]


def test_its_points_expire_as_if_they_had_been_earned_on_its_day(shop: Shop) -> None:
    shop.rules({"late": {"days": 10}}, days_ago=80, expiry={"rule": {"kind": "months", "months": 1}})
    assert shop.register(shop.buy(days_ago=9)).status_code == 201
    last_day = shop.session.scalars(sa.select(PointsLot.last_day)).one()
    assert last_day is not None
    assert last_day < TODAY + dt.timedelta(days=23)


def test_so_many_a_month_and_no_more(shop: Shop) -> None:
    shop.rules({"late": {"days": 10, "most_per_month": 1}}, days_ago=80)
    assert shop.register(shop.buy()).status_code == 201
    assert shop.register(shop.buy()).json()["code"] == "registrations-used-up"


def test_who_was_no_member_on_the_day_has_nothing_to_register(shop: Shop) -> None:
    noa = a_customer(shop.session, "100002")
    a_membership(shop.session, noa, shop.club_id, joined_on=TODAY)
    shop.session.commit()
    assert shop.register(shop.buy(days_ago=2), id=noa).json()["code"] == "registration-not-offered"
    shop.rules({}, days_ago=80)
    assert shop.register(shop.buy()).json()["code"] == "registration-not-offered"


def test_what_is_a_members_already_or_came_back_is_not_registered(shop: Shop) -> None:
    own = shop.buy(customer={"id": shop.yael})
    assert shop.register(own).json()["code"] == "already-identified"
    bought = shop.buy()
    back = shop.post(f"/purchases/{bought}/returns", {"lines": [{"line_no": 1, "quantity": "1"}]}).json()["id"]
    assert [shop.register(each).json()["code"] for each in (bought, back)] == ["already-returned", "is-a-return"]
    assert shop.register(2_000_000_000).status_code == 404
    assert shop.register(shop.buy(), number="999").json()["errors"][0]["field"] == "customer.number"


def test_what_comes_back_of_it_takes_its_points_along(shop: Shop) -> None:
    """REQ P-08: in whatever parts, buying, registering and returning come to nothing."""
    bought = shop.buy()
    assert shop.register(bought).status_code == 201
    for quantity in ("1", "2"):
        part = shop.post(f"/purchases/{bought}/returns", {"lines": [{"line_no": 1, "quantity": quantity}]})
        assert part.status_code == 201, part.text
    assert (shop.balances(), faults(shop.session)) == ([0], [])


SLIDING = {"kind": "sliding", "months": 6, "least_minor": 20_00}


def ends(shop: Shop, days_ago: int | None = None) -> dt.date:
    """The last day of the membership, which is written to so many days ago where that is said."""
    if days_ago is not None:
        last = TODAY - dt.timedelta(days=days_ago)
        days: Any = sa.func.daterange(TODAY - dt.timedelta(days=100), last + dt.timedelta(days=1))
        shop.session.execute(sa.update(MembershipPeriod).values(validity=days))
        shop.session.commit()
    shop.session.expire_all()
    after: dt.date = shop.session.scalars(sa.select(sa.func.upper(MembershipPeriod.validity))).one()
    return after - dt.timedelta(days=1)


def half_a_year_from(days_ago: int) -> dt.date:
    return add_months(TODAY - dt.timedelta(days=days_ago), 6) - dt.timedelta(days=1)


def test_a_sliding_term_goes_on_from_the_day_of_the_purchase_as_if_the_card_had_been_shown(shop: Shop) -> None:
    # REQ M-02 M-14: it had run out, and its points were frozen, only because nobody knew whose purchase it was
    shop.rules({"late": {"days": 10}}, days_ago=80, term=SLIDING)
    bought = shop.buy(days_ago=5)
    ends(shop, days_ago=3)
    freeze_account(shop.session, Account(shop.account_id, shop.yael), until=TODAY + dt.timedelta(days=9))
    shop.session.commit()
    told = shop.register(bought)
    assert told.status_code == 201, told.text
    assert ends(shop) == half_a_year_from(5)
    assert told.json()["ends"] == [{"name": "Gold club", "valid_until": half_a_year_from(5).isoformat()}]
    assert shop.session.scalars(sa.select(PointsAccount.state)).all() == ["open"]
    (event,) = shop.session.scalars(sa.select(MembershipEvent))
    assert (event.kind, event.receipt_id, event.on_date) == ("moved", bought, TODAY - dt.timedelta(days=5))


def test_what_comes_back_of_it_takes_the_days_along(shop: Shop) -> None:
    shop.rules({"late": {"days": 10}}, days_ago=80, term=SLIDING)
    ends(shop, days_ago=-9)
    own, without_card = shop.buy(days_ago=2, customer={"id": shop.yael}), shop.buy(days_ago=5)
    assert ends(shop) == half_a_year_from(2)
    assert shop.register(without_card).json()["ends"] == [], "a later purchase moved it further already"
    for bought, end in ((own, half_a_year_from(5)), (without_card, TODAY + dt.timedelta(days=9))):
        back = shop.post(f"/purchases/{bought}/returns", {"lines": [{"line_no": 1, "quantity": "2"}]})
        assert (back.status_code, ends(shop)) == (201, end), back.text


@pytest.mark.parametrize(("late", "quantity"), [(None, 3), ({"days": 10}, 1)])
def test_what_no_club_takes_or_is_too_small_moves_no_end(shop: Shop, late: object, quantity: int) -> None:
    shop.rules({"late": late}, days_ago=80, term=SLIDING)
    ends(shop, days_ago=-9)
    assert shop.register(shop.buy(quantity, days_ago=5)).status_code == (201 if late else 409)
    assert ends(shop) == TODAY + dt.timedelta(days=9)


def test_a_purchase_that_earns_nothing_is_worth_registering_where_it_moves_the_end(shop: Shop) -> None:
    shop.rules({"late": {"days": 10}, "rules": [RULE | {"per_minor": 100_00}]}, days_ago=80, term=SLIDING)
    ends(shop, days_ago=-9)
    assert shop.register(shop.buy(1, days_ago=5)).json()["code"] == "registration-earns-nothing"
    told = shop.register(shop.buy(2, days_ago=5))
    assert (told.status_code, told.json()["earned"], shop.balances()) == (201, [], [0])
    assert ends(shop) == half_a_year_from(5)


def test_head_office_registers_from_the_page_of_the_receipt(shop: Shop) -> None:
    bought, client = shop.buy(), shop.client
    somebody(shop.session, Role.HQ, username="hq")
    shop.session.commit()
    client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
    assert f"/purchases/{bought}/registrations/new" in client.get(f"/purchases/{bought}", headers=BROWSER).text
    assert client.get(f"/purchases/{bought}/registrations/new", headers=BROWSER).status_code == 200
    form = {"customer.card": "", "customer.number": "", "idempotency_key": "a"}
    url = f"/purchases/{bought}/registrations"
    assert client.post(url, data=form, headers=BROWSER).status_code == 422
    done = client.post(url, data=form | {"customer.number": "100001", "idempotency_key": "b"}, headers=BROWSER)
    assert done.status_code == 303, done.text
    assert "Registered afterwards for" in client.get(done.headers["location"], headers=BROWSER).text
