# REQ M-02 M-03: a higher level is bought within the term as a line of the sale, and goes with its line
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa

from erp_club.clubs.levels.models import LevelChange
from erp_club.clubs.models import MembershipPeriod
from erp_club.permissions.catalog import Permission, Role, Scope
from tests.make.clubs import a_club
from tests.web.test_till import send
from tests.web.test_till_approvals import limit
from tests.web.test_till_fees import FEE, Made, Sale, made

__all__ = ["made"]

PAID = {
    "joining_minor": 0,
    "joining_product": FEE,
    "renewal_product": FEE,
    "renewal_minor": 10_00,
    "refund": "pro_rata",
    "levels": [
        {"level": "SILVER", "joining_minor": 60_00, "renewal_minor": 30_00},
        {"level": "GOLD", "joining_minor": 120_00, "renewal_minor": 90_00},
    ],
}
LEVELS = {
    "measure": {"counts": "spend"},
    "window": {"every": "year"},
    "levels": [
        {"code": "BASE", "names": {"en": "Basic"}, "at_least": 0},
        {"code": "SILVER", "names": {"en": "Silver"}},
        {"code": "GOLD", "names": {"en": "Gold"}, "at_least": 10_000_00},
    ],
}
RATES = {
    "rules": [
        {"kind": "money", "code": "rate", "points": 1, "per_minor": 100, "when": {"levels": ["BASE", "SILVER"]}},
        {"kind": "money", "code": "gold", "points": 2, "per_minor": 100, "when": {"levels": ["GOLD"]}},
    ]
}


@pytest.fixture
def member(made: Made) -> Sale:
    """Yael, a member since today, is buying ten milks for 64.30 at a club whose levels are sold."""
    sale = made(fees=PAID, levels=LEVELS, earning=RATES)
    sale.join()
    return sale


def upgrade(sale: Sale, level: str = "GOLD", **said: Any) -> Any:
    body = {"membership_id": sale.held()["membership_id"], "level": level}
    return sale.send("POST", "/upgrades", body | said)


def level(sale: Sale) -> str:
    return sale.held()["level"]["code"]


def offered(sale: Sale) -> list[tuple[str, int]]:
    return [(each["level"], each["fee_minor"]) for each in sale.held()["upgrades"]]


def term(sale: Sale, first: int, last: int) -> None:
    """As if the term had begun and would end so many days from today."""
    today = sale.session.scalars(sa.select(sa.func.lower(MembershipPeriod.validity))).one()
    days: Any = sa.func.daterange(today + dt.timedelta(days=first), today + dt.timedelta(days=last + 1))
    sale.session.execute(sa.update(MembershipPeriod).values(validity=days))
    sale.session.commit()


def test_the_panel_offers_higher_levels_for_the_rest_of_the_term(member: Sale) -> None:
    assert offered(member) == [("SILVER", 60_00), ("GOLD", 120_00)]
    term(member, -292, 72)
    assert offered(member) == [("SILVER", 12_00), ("GOLD", 24_00)], "73 of 365 days are left"
    (silver, _) = member.held()["upgrades"]
    assert (silver["months"], silver["days"], silver["until"]) == (2, 73, member.held()["valid_until"])
    page = member.client.get("/till", headers=member.till.headers | {"Accept": "text/html"}).text
    assert "baskets/current/upgrades" in page
    term(member, -400, -1)
    assert member.held()["upgrades"] == [], "nothing is sold into a term that is over"


def test_a_level_holds_from_the_sale_in_which_it_is_bought(member: Sale) -> None:
    bought = upgrade(member, fee_minor=120_00).json()
    assert [(line["amount_minor"], line["fee"]) for line in bought["lines"]] == [(64_30, False), (120_00, True)]
    assert (level(member), member.held()["earns"], offered(member)) == ("GOLD", 128, [])
    told = member.held()["level"]
    assert (told["paid"], told["by_hand"], told["kept_until"]) == (True, False, member.held()["valid_until"])
    assert member.pay().status_code == 200
    member.begin()
    assert (level(member), member.held()["balance"], member.held()["earns"]) == ("GOLD", 128, 128)
    assert member.fees() == [("upgrade", "paid", 120_00, 0)]
    causes = member.session.scalars(sa.select(LevelChange.cause).order_by(LevelChange.change_no))
    assert list(causes) == ["paid"]


def test_fees_that_are_sold_as_one_product_are_told_apart_in_the_basket_on_the_receipt_and_on_its_page(
    made: Made,
) -> None:
    sale = made(fees=PAID | {"joining_minor": 20_00}, levels=LEVELS, earning=RATES)
    sale.join()
    lines = upgrade(sale).json()["lines"]
    assert [(line["name"], (line["fee_for"] or {}).get("kind")) for line in lines] == [
        ("Milk", None),
        ("Membership", "joining"),
        ("Membership", "upgrade"),
    ]
    told = lines[2]["fee_for"]
    assert (told["club_names"]["en"], told["level_names"], told["until"]) == (
        "Paid club",
        {"en": "Gold"},
        sale.held()["valid_until"],
    )
    html = sale.till.headers | {"Accept": "text/html", "Accept-Language": "en"}
    words = ("Joining: <bdi>Paid club</bdi>", "Level <bdi>Gold</bdi>: <bdi>Paid club</bdi>")
    page = sale.client.get("/till", headers=html).text
    assert [page.count(each) for each in words] == [1, 1]
    assert 'aria-label="Remove: Level Gold: Paid club' in page
    receipt = sale.pay().json()["paid"]["receipt_id"]
    for url in (f"/purchases/{receipt}", f"/purchases/{receipt}/slip"):
        page = sale.client.get(url, headers=html).text
        assert [page.count(each) for each in words] == [1, 1], url


def test_the_step_from_a_bought_level_to_the_next_costs_the_difference(member: Sale) -> None:
    upgrade(member, "SILVER")
    assert offered(member) == [("GOLD", 60_00)]
    both = upgrade(member).json()
    assert (both["total_minor"], level(member)) == (64_30 + 60_00 + 60_00, "GOLD")
    after = member.send("DELETE", f"/lines/{both['lines'][1]['line_no']}").json()
    assert (len(after["lines"]), level(member)) == (1, "BASE"), "the second step can't be without the first"


@pytest.mark.parametrize("how", ["line", "sale", "joining"])
def test_a_level_that_is_taken_out_of_the_sale_is_not_held(made: Made, how: str) -> None:
    sale = made(fees=PAID | {"joining_minor": 20_00}, levels=LEVELS, earning=RATES)
    sale.join()
    lines = upgrade(sale).json()["lines"]
    assert [line["amount_minor"] for line in lines] == [64_30, 20_00, 100_00]
    if how == "sale":
        sale.send("DELETE", "")
    else:
        sale.send("DELETE", f"/lines/{lines[1 if how == 'joining' else 2]['line_no']}")
    if how == "line":
        assert (level(sale), sale.shown()["total_minor"]) == ("BASE", 84_30)
    states = [state for _, state, _, _ in sale.fees()]
    assert states == ["due" if how == "line" else "cancelled", "cancelled"]
    if how == "joining":
        assert sale.join().status_code == 200
        assert level(sale) == "BASE", "and it doesn't come back with a new joining"


def test_returning_the_line_of_a_level_takes_it_back_and_pays_for_the_days_that_are_left(member: Sale) -> None:
    term(member, -292, 72)
    upgrade(member)
    receipt = member.pay().json()["paid"]["receipt_id"]
    membership = member.send("PUT", "/customer", {"customer_id": member.yael}) and member.held()["membership_id"]
    told = member.client.get(f"/memberships/{membership}/terminations/new", headers=member.till.headers).json()
    assert told["fee_back_minor"] == 24_00, "the whole of it on the day of buying"
    returned = member.give_back(receipt, 2)
    assert (returned.status_code, returned.json()["total_minor"]) == (201, 24_00), returned.text
    assert (level(member), member.held()["state"]) == ("BASE", "valid"), "the membership itself goes on"
    assert member.fees() == [("upgrade", "returned", 24_00, 24_00)]


def test_cancelling_the_sale_takes_the_level_back(member: Sale) -> None:
    upgrade(member)
    receipt = member.pay().json()["paid"]["receipt_id"]
    assert send(member.client, member.till, "POST", f"/purchases/{receipt}/cancellations").status_code == 201
    member.begin()
    assert (level(member), member.held()["earns"]) == ("BASE", 64)


def test_renewing_goes_on_with_the_level_that_was_bought_at_its_own_price(member: Sale) -> None:
    upgrade(member)
    body = {"membership_id": member.held()["membership_id"], "card": member.shown()["customer"]["card"]}
    url = f"/baskets/current/memberships/{body['membership_id']}/renewals/new"
    asked = member.client.get(url, headers=member.till.headers).json()
    assert (asked["fee_minor"], asked["level"]["code"]) == (90_00, "GOLD")
    page = member.client.get(url, headers=member.till.headers | {"Accept": "text/html"}).text
    assert "90.00" in page
    lines = member.send("POST", "/renewals", body).json()["lines"]
    assert [line["amount_minor"] for line in lines] == [64_30, 120_00, 90_00]
    assert member.held()["level"]["kept_until"] == member.held()["valid_until"]
    member.send("DELETE", f"/lines/{lines[2]['line_no']}")
    assert (level(member), member.held()["level"]["kept_until"]) == ("GOLD", member.held()["valid_until"])


@pytest.mark.parametrize(
    ("said", "code"),
    [
        ({"level": "BASE"}, "level-not-sold"),
        ({"level": "PLATINUM"}, "level-not-sold"),
        ({"fee_minor": 1}, "fee-changed"),
    ],
)
def test_what_is_not_sold_so_is_refused(member: Sale, said: dict[str, Any], code: str) -> None:
    refused = upgrade(member, **said)
    assert (refused.status_code, refused.json()["code"]) == (409, code)
    assert (level(member), member.fees()) == ("BASE", [])


def test_who_sells_levels_of_another_club_sells_none_of_this_one(member: Sale) -> None:
    limit(
        member.session, Role.MANAGER, Permission.MEMBERSHIPS_UPGRADE, scope=Scope.CLUB, club_id=a_club(member.session)
    )
    member.session.commit()
    refused = upgrade(member)
    assert (refused.status_code, refused.json()["code"]) == (404, "membership-unknown")
    assert (level(member), member.fees()) == ("BASE", [])


def test_a_level_given_by_hand_is_not_sold_over(member: Sale) -> None:
    membership = member.held()["membership_id"]
    given = send(
        member.client, member.till, "POST", f"/memberships/{membership}/levels", {"level": "SILVER", "reason": "Guest"}
    )
    assert given.status_code == 201, given.text
    assert (offered(member), upgrade(member).json()["code"]) == ([], "level-not-sold")
