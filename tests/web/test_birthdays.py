# REQ B-01 B-02 B-03 C-09: plans set up by head office, who is coming, what was given, and what the till says
import datetime as dt
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.birthday.plans.queries import held_gifts
from erp_club.birthday.plans.settings import Gift
from erp_club.purchases.baskets import commands
from erp_club.purchases.baskets.choices import remove_coupon
from erp_club.purchases.models import Basket
from tests.make.birthdays import NOW as MOMENT
from tests.make.birthdays import a_celebrant, a_plan, born, granted
from tests.make.clubs import a_club, a_customer, a_membership
from tests.make.coupons import a_batch
from tests.make.office import HTML, form, head_office, send
from tests.make.purchases import a_till
from tests.make.wire import statements

NAMES = {"en": "Birthday coupon", "he": "קופון יום הולדת"}
NOW = dt.datetime.now(ZoneInfo("Asia/Jerusalem")).date()


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def a_birthday(in_days: int) -> dt.date:
    return (NOW + dt.timedelta(in_days)).replace(year=1992)


def test_a_plan_is_set_up_listed_paused_and_closed(office: TestClient, session: Session) -> None:
    club_id, batch_id = a_club(session, months=None), a_batch(session, "BDAY", personal=True)
    session.commit()
    body = {"code": "bday", "names": NAMES, "club": club_id, "batch": batch_id, "days_before": 3, "days_after": 7}
    body |= {"automatic": True}
    made = send(office, "POST", "/birthday-plans", body)
    assert made.status_code == 201, made.text
    plan = made.json()
    assert plan["sentences"] == [
        "For the member's birthday: a coupon of \u2068Bday coupons\u2069.",
        "From 3 days before to 7 days after the day.",
        "The till uses it by itself.",
    ]  # fmt: skip
    url = f"/birthday-plans/{plan['id']}"
    for step, state in (("pauses", "paused"), ("openings", "active"), ("closures", "closed")):
        assert send(office, "POST", f"{url}/{step}", {}).json()["state"] == state
    assert send(office, "POST", f"{url}/openings", {}).status_code == 409
    assert send(office, "POST", "/birthday-plans", body).json()["code"] == "birthday-code-taken"
    listed = office.get("/birthday-plans?club=GOLD").json()["plans"]
    assert [each["code"] for each in listed] == ["BDAY"]


def test_the_form_says_what_is_missing_beside_the_field(office: TestClient, session: Session) -> None:
    a_club(session, months=None)
    session.commit()
    page = office.get("/birthday-plans/new", headers=HTML)
    assert page.status_code == 200
    sent = {"code": "X", "names.en": "X", "names.he": "X", "gift": "gift_card", "days_before": "3"}
    answer = form(office, "/birthday-plans", sent)
    assert answer.status_code == 422
    assert "A plan is for a club, or for one customer." in answer.text
    assert "Choose the kind of gift card." in answer.text


def test_a_plan_is_changed_for_those_who_have_nothing_yet(office: TestClient, session: Session) -> None:
    club_id = a_club(session, months=None)
    plan_id = a_plan(session, club_id, amount_minor=50_00, days_before=2, days_after=2)
    session.commit()
    url = f"/birthday-plans/{plan_id}"
    page = office.get(f"{url}/edit", headers=HTML).text
    assert 'name="amount" type="text" value="50.00"' in page
    batch = page.split('name="batch"')[1].split(" selected")[0].rsplit('value="', 1)[1].rstrip('"')
    typed = {"_method": "PUT", "version": "1", "names.en": "Gift", "names.he": "מתנה", "batch": batch, "amount": "60"}
    typed |= {"whole_months": "true", "months_after": "1", "growth_amount": "1.50", "hebrew": "true"}
    assert form(office, url, typed | {"days_before": "3"}).status_code == 422
    assert form(office, url, typed).headers["location"] == url
    told = " ".join(office.get(url).json()["plan"]["sentences"])
    assert "60.00" in told
    assert form(office, url, typed).status_code == 409  # somebody else had changed it
    assert form(office, url, typed | {"version": "2", "batch": ""}).status_code == 422
    send(office, "POST", f"{url}/closures")
    assert form(office, url, typed | {"version": "3"}).status_code == 409


def test_the_page_shows_who_is_coming_and_what_was_given(office: TestClient, session: Session) -> None:
    club_id = a_club(session, months=None)
    a_celebrant(session, a_birthday(20), number="100001", club_id=club_id)
    a_celebrant(session, a_birthday(0), number="100002", club_id=club_id)
    plan_id = a_plan(session, club_id, amount_minor=50_00, days_before=2, days_after=2)
    granted(session, plan_id, NOW)
    session.commit()
    told = office.get(f"/birthday-plans/{plan_id}").json()
    assert [each["number"] for each in told["coming"]] == ["100001"]
    assert [(each["number"], each["used"]) for each in told["gifts"]] == [("100002", False)]
    assert (told["plan"]["grants"], told["plan"]["used"]) == (1, 0)
    assert office.get(f"/birthday-plans/{plan_id}", headers=HTML).status_code == 200
    assert "Birthday gift" in office.get("/birthday-plans", headers=HTML).text
    lines = office.get(f"/birthday-plans/{plan_id}/gifts.csv").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("100002,Yael Cohen,")
    assert office.get(f"/birthday-plans/{plan_id}/gifts.xlsx").status_code == 200


def test_the_panel_says_when_the_birthday_is_and_what_is_there(office: TestClient, session: Session) -> None:
    club_id = a_club(session, months=None)
    plan_id = a_plan(session, club_id)
    customer_id = born(session, a_customer(session), a_birthday(3))
    a_membership(session, customer_id, club_id, joined_on=NOW)
    granted(session, plan_id, NOW)
    session.commit()
    panel = office.get(f"/customers/{customer_id}/panel").json()
    assert panel["birthday_in"] == 3
    assert [each["names"]["en"] for each in panel["gifts"]] == ["Birthday gift"]
    assert panel["gifts"][0]["code"] == panel["coupons"][0]["code"]


def test_a_till_enters_by_itself_what_the_plan_says_and_takes_it_out_with_the_customer(session: Session) -> None:
    # REQ T-01
    till = a_till(session)
    club_id = a_club(session, months=None)
    plan_id = a_plan(session, club_id, automatic=True)
    day = MOMENT.date()
    born_on = day.replace(year=1992)
    noa, other = (a_celebrant(session, born_on, number=number, club_id=club_id) for number in ("100001", "100002"))
    granted(session, plan_id, day)

    def entered() -> list[str]:
        [coupons] = session.scalars(sa.select(Basket.coupons)).all()
        return coupons

    commands.set_customer(session, noa, now=MOMENT, by=till.by)
    [held] = held_gifts(session, noa, today=day)
    assert (entered(), held.automatic) == ([held.code], True)
    commands.set_customer(session, noa, now=MOMENT, by=till.by)
    assert entered() == [held.code]
    remove_coupon(session, 1, now=MOMENT, by=till.by)
    commands.set_customer(session, noa, now=MOMENT, by=till.by)
    assert entered() == []  # the cashier took it out
    commands.set_customer(session, other, now=MOMENT, by=till.by)
    assert entered() == [held_gifts(session, other, today=day)[0].code]
    commands.remove_customer(session, now=MOMENT, by=till.by)
    assert entered() == []


def test_who_joins_inside_the_window_gets_it_with_joining(office: TestClient, session: Session) -> None:
    a_plan(session, a_club(session, months=None))
    customer_id = born(session, a_customer(session), a_birthday(-2))
    session.commit()
    assert send(office, "POST", f"/customers/{customer_id}/memberships", {"club": "GOLD"}).status_code == 201
    assert len(office.get(f"/customers/{customer_id}/panel").json()["coupons"]) == 1


def test_the_next_month_of_all_plans_is_asked_at_once_and_of_those_that_give(
    office: TestClient, session: Session
) -> None:
    club_id = a_club(session, months=None)
    ahead = (NOW.replace(day=1) + dt.timedelta(days=32)).replace(day=15)
    a_celebrant(session, ahead.replace(year=1992), club_id=club_id)
    a_celebrant(session, ahead.replace(year=1990), number="100002", club_id=club_id)
    given = {"days_before": 0, "days_after": 7}
    a_plan(session, club_id, "A", amount_minor=50_00, growth=1_00, growth_from_age=ahead.year - 1991, **given)
    paused = a_plan(session, club_id, "B", amount_minor=50_00, **given)
    session.commit()
    assert send(office, "POST", f"/birthday-plans/{paused}/pauses", {}).status_code == 201
    with statements(session) as one:
        plans = {each["code"]: each for each in office.get("/birthday-plans").json()["plans"]}
    assert [(plans[code]["next_month"], plans[code]["next_month_minor"]) for code in "AB"] == [(2, 101_00), (0, 0)]
    for code in ("C", "D", "E"):
        a_plan(session, club_id, code, gift=Gift.POINTS, points=20, **given)
    session.commit()
    with statements(session) as many:
        listed = office.get("/birthday-plans?per_page=4").json()
    assert [each["next_month_points"] for each in listed["plans"]] == [0, 40, 40, 40]
    assert (listed["state"]["total"], len(many)) == (5, len(one))
    rows = office.get("/birthday-plans.csv").text.splitlines()
    assert [row.split(",")[0] for row in rows[1:]] == ["A", "C", "D", "E", "B"]


def test_a_paused_plans_page_says_so_and_lists_nobody_as_coming(office: TestClient, session: Session) -> None:
    club_id = a_club(session, months=None)
    a_celebrant(session, (NOW + dt.timedelta(days=10)).replace(year=1992), club_id=club_id)
    plan = a_plan(session, club_id, "A", amount_minor=50_00, days_before=0, days_after=7)
    session.commit()
    url, coming = f"/birthday-plans/{plan}", "Who is coming in the next 30 days"
    told = {}
    for step in ("", "pauses", "openings", "closures"):
        if step:
            assert send(office, "POST", f"{url}/{step}", {}).status_code == 201
        page = office.get(url, headers=HTML).text
        told[step] = (office.get(url).json()["coming_count"], coming in page, "it gives nothing" in page)
    active, silent = (1, True, False), (0, False, True)
    assert told == {"": active, "pauses": silent, "openings": active, "closures": silent}
