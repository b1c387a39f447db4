# REQ M-04 M-05 M-06 M-08: pausing, ending, undoing and correcting, by machine and by form
import datetime as dt
import re

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs import queries
from erp_club.clubs.models import MembershipEvent
from erp_club.permissions.catalog import Role
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.web.test_clubs import HTML, send, signed_in, submit

DAY = dt.timedelta(days=1)


def a_member(session: Session, *, joined: dt.date | None = None) -> tuple[int, int]:
    """The ids of a customer and of a membership of a year, that began today where nothing else is said."""
    yael = a_customer(session)
    made = a_membership(session, yael, a_club(session), joined_on=joined or dt.datetime.now(dt.UTC).date())
    session.commit()
    return yael, made.membership_id


def today_of(client: TestClient, customer_id: int) -> dt.date:
    return dt.date.fromisoformat(client.get(f"/customers/{customer_id}/memberships").json()["today"])


def line(client: TestClient, customer_id: int, **asked: str) -> dict[str, object]:
    (only,) = client.get(f"/customers/{customer_id}/memberships", params=asked).json()["memberships"]
    return only


def test_a_machine_pauses_and_resumes(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, membership = a_member(session)
    made = send(client, f"/memberships/{membership}/pauses", {"reason": "Abroad"})
    assert (made.status_code, made.json()["state"]) == (201, "paused")
    assert (line(client, yael)["state"], line(client, yael)["can_renew"]) == ("paused", False)
    again = send(client, f"/memberships/{membership}/pauses", {})
    assert (again.status_code, again.json()["code"]) == (409, "membership-paused")
    back = send(client, f"/memberships/{membership}/resumptions")
    assert (back.status_code, back.json()["state"]) == (201, "open")
    assert line(client, yael)["state"] == "valid"


def test_ending_shows_what_is_lost_and_takes_just_that(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, membership = a_member(session)
    account = queries.memberships(session, yael, today=dt.date(2026, 1, 1))[0].points_account_id
    moved(session, yael, account, 80)
    session.commit()
    url = f"/memberships/{membership}/terminations"
    shown = client.get(f"{url}/new")
    assert (shown.json()["points_lost"], shown.json()["worth_minor"]) == (80, 400)
    assert "points worth" in client.get(f"{url}/new", headers=HTML).text
    refused = send(client, url, {"points_lost": 0})
    assert (refused.status_code, refused.json()["code"], refused.json()["points"]) == (409, "points-changed", 80)
    ended = send(client, url, {"points_lost": 80})
    assert (ended.status_code, ended.json()["state"]) == (201, "ended")
    now = line(client, yael)
    assert (now["state"], now["balance"], now["can_restore"]) == ("ended", 0, True)
    assert send(client, f"/memberships/{membership}/restorations").status_code == 201
    assert (line(client, yael)["state"], line(client, yael)["balance"]) == ("valid", 80)


def test_as_of_a_day_says_what_the_customer_was_entitled_to(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, _ = a_member(session, joined=dt.date(2024, 3, 1))
    states = {"": "expired", "2024-06-01": "valid", "2025-02-20": "ends_soon", "2024-02-29": "coming"}
    assert {day: line(client, yael, on=day)["state"] for day in states} == states
    page = client.get(f"/customers/{yael}/memberships?on=2024-06-01", headers=HTML).text
    assert re.search(r"1\sJun\s2024</text>", page), "the mark on the timeline is no longer today's"
    assert "Today</text>" in client.get(f"/customers/{yael}/memberships", headers=HTML).text


def test_a_correction_is_looked_at_before_it_is_written(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, membership = a_member(session)
    url = f"/memberships/{membership}/corrections"
    body = {"periods": [{"first": "2020-01-01", "last": "2020-12-31"}, {"first": "2022-01-01"}], "reason": "Old card"}
    preview = send(client, url, body | {"preview": True})
    assert (preview.status_code, preview.json()["days_after"], preview.json()["preview"]) == (200, None, True)
    assert session.scalar(sa.select(sa.func.count()).select_from(MembershipEvent)) == 0
    done = send(client, url, body)
    assert (done.status_code, done.json()["valid_until"]) == (201, None)
    assert line(client, yael, on="2020-05-05")["state"] == "valid"
    assert line(client, yael, on="2021-05-05")["state"] == "expired"
    for wrong, field in (
        ([{"first": "2020-02-01", "last": "2020-01-01"}], "periods[0].last"),
        ([{"first": "2020-01-01"}, {"first": "2021-01-01"}], "periods[1].last"),
    ):
        refused = send(client, url, {"periods": wrong, "reason": "Wrong"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, field)
    assert send(client, url, {"periods": []}).status_code == 422, "a correction says why"


def test_over_a_gap_that_a_correction_leaves_the_end_is_that_of_the_stretch(
    client: TestClient, session: Session
) -> None:
    # REQ M-04 M-05
    signed_in(client, session)
    yael, membership = a_member(session)
    today = dt.datetime.now(dt.UTC).date()
    held = [
        {"first": today - 30 * DAY, "last": today + 30 * DAY},
        {"first": today + 90 * DAY, "last": today + 400 * DAY},
    ]
    periods = [{name: day.isoformat() for name, day in each.items()} for each in held]
    made = send(client, f"/memberships/{membership}/corrections", {"periods": periods, "reason": "Abroad"})
    assert (made.status_code, made.json()["valid_until"]) == (201, periods[0]["last"])
    (now, later), last = (list(each.values()) for each in periods), periods[1]["last"]
    days = {
        -40: ("coming", now[1], now[0]), 0: ("valid", now[1], later[0]), 30: ("ends_soon", now[1], later[0]),
        31: ("expired", last, later[0]), 90: ("valid", last, None), 401: ("expired", last, None),
    }  # fmt: skip
    for days_on, said in days.items():
        told = line(client, yael, on=(today + days_on * DAY).isoformat())
        assert (told["state"], told["valid_until"], told["next_from"], told["last_day"]) == (*said, last), days_on
    listed = client.get("/customers", params={"membership": "ends_soon"}).json()["customers"]
    assert listed == [], "the club warns 30 days before, and today is 31"
    session.execute(sa.text("UPDATE clubs SET warning_days = 31"))
    session.commit()
    listed = client.get("/customers", params={"membership": "ends_soon"}).json()["customers"]
    assert len(listed) == 1
    page = client.get(f"/customers/{yael}/memberships", headers=HTML).text
    assert "again from" in page
    assert f'name="valid_until" value="{last}"' in page, "renewing goes on from the last day of all"
    url = f"/memberships/{membership}/renewals"
    assert send(client, url, {"valid_until": now[1]}).json()["code"] == "longer-meanwhile"
    assert send(client, url, {"valid_until": last}).status_code == 201


def test_the_dialogs_work_with_and_without_script(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, membership = a_member(session)
    region = client.get(f"/customers/{yael}/memberships", headers=HTML).text
    for noun in ("pauses", "terminations", "corrections", "extensions"):
        assert f"/memberships/{membership}/{noun}/new" in region
        assert client.get(f"/memberships/{membership}/{noun}/new", headers=HTML).status_code == 200
    today = today_of(client, yael)
    late = submit(client, f"/memberships/{membership}/pauses", {"on": (today + 999 * DAY).isoformat()}, htmx=True)
    assert late.status_code == 422
    assert 'id="pause-membership"' in late.text
    assert "Choose a day on which it does" in late.text
    for typed, said in (
        ("2026-02-30", "There is no such day."),
        ("2026-13-01", "There is no such day."),
        ("30.2.2026", "Enter a date as year-month-day."),
    ):
        wrong = submit(client, f"/memberships/{membership}/pauses", {"on": typed}, htmx=True)
        assert (wrong.status_code, said in wrong.text) == (422, True), wrong.text
    plain = submit(client, f"/memberships/{membership}/pauses", {"on": today.isoformat()})
    assert (plain.status_code, plain.headers["location"]) == (303, f"/customers/{yael}")
    assert f"/memberships/{membership}/resumptions" in client.get(f"/customers/{yael}/memberships", headers=HTML).text
    assert submit(client, f"/memberships/{membership}/resumptions", {}, htmx=True).status_code == 201
    rows = {"periods[0].first": "2026-01-01", "periods[0].last": "", "periods[1].first": "", "reason": "For life"}
    preview = submit(client, f"/memberships/{membership}/corrections", rows | {"preview": "true"}, htmx=True)
    assert preview.status_code == 200
    assert "Nothing is written yet" in preview.text


def test_each_step_has_its_own_permission(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    yael, membership = a_member(session)
    for noun in ("pauses", "resumptions", "terminations", "restorations", "corrections"):
        refused = send(client, f"/memberships/{membership}/{noun}", {"points_lost": 0})
        assert refused.status_code == 403, noun
    assert "terminations/new" not in client.get(f"/customers/{yael}/memberships", headers=HTML).text


def test_a_manager_pauses_but_not_in_the_past(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.MANAGER)
    yael, membership = a_member(session, joined=dt.datetime.now(dt.UTC).date() - 30 * DAY)
    day = today_of(client, yael) - 3 * DAY
    refused = send(client, f"/memberships/{membership}/pauses", {"on": day.isoformat()})
    assert (refused.status_code, refused.json()["code"]) == (422, "in-the-past")
    assert send(client, f"/memberships/{membership}/corrections", {"periods": [], "reason": "x"}).status_code == 403


@pytest.mark.parametrize("language", ["he", "fi", "sv", "en"])
def test_the_steps_are_told_in_every_language(client: TestClient, session: Session, language: str) -> None:
    signed_in(client, session)
    yael, membership = a_member(session)
    send(client, f"/memberships/{membership}/pauses", {})
    send(client, f"/memberships/{membership}/resumptions")
    client.cookies.set("language", language)
    for noun in ("pauses", "terminations", "corrections"):
        page = client.get(f"/memberships/{membership}/{noun}/new", headers=HTML)
        assert (page.status_code, f'lang="{language}"' in page.text) == (200, True)
    assert client.get(f"/customers/{yael}/memberships", headers=HTML).status_code == 200


def test_head_office_lists_whose_membership_ends_soon_or_is_paused(client: TestClient, session: Session) -> None:
    # REQ M-05
    signed_in(client, session)
    today = dt.datetime.now(dt.UTC).date()
    gold, life = a_club(session), a_club(session, "LIFE", months=None)
    session.execute(sa.text("UPDATE clubs SET warning_days = 20"))
    numbers = {"100001": 365 - 20, "100002": 365 - 22, "100003": 0, "100004": 400}
    paused = 0
    for number, days_ago in numbers.items():
        made = a_membership(session, a_customer(session, number), gold, joined_on=today - days_ago * DAY)
        paused = made.membership_id if days_ago == 0 else paused
    a_membership(session, a_customer(session, "100005"), life, joined_on=today)
    session.commit()
    assert send(client, f"/memberships/{paused}/pauses", {}).status_code == 201
    for asked, found in (
        ("ends_soon", ["100001"]),
        ("paused", ["100003"]),
        ("ended", ["100004"]),
        ("valid", ["100001", "100002", "100005"]),
    ):
        listed = client.get("/customers", params={"membership": asked, "sort": "number"}).json()["customers"]
        assert [each["number"] for each in listed] == found, asked
    page = client.get("/customers?membership=ends_soon", headers=HTML).text
    assert "Membership ends soon" in page
