# REQ P-11 P-12: points changed by hand
import datetime as dt

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.organisation import PASSWORD, a_chain, somebody
from tests.web.test_clubs import send, submit

HTML = {"Accept": "text/html"}
HTMX = HTML | {"HX-Request": "true"}


def an_account(client: TestClient, session: Session, *points: int, role: Role = Role.HQ) -> int:
    """An account with these movements, and somebody of this role signed in."""
    a_chain(session)
    somebody(session, role)
    yael = a_customer(session)
    account_id = a_membership(session, yael, a_club(session)).points_account_id
    moved(session, yael, account_id, *points, on=dt.date(2017, 3, 1))
    session.commit()
    assert client.post("/sign-in", data={"username": role.value, "password": PASSWORD}).status_code == 201
    return account_id


def test_points_are_added_and_taken_with_a_reason(client: TestClient, session: Session) -> None:
    url = f"/points-accounts/{an_account(client, session, 100)}"
    given = send(client, f"{url}/adjustments", {"points": 50, "description": "Goodwill"})
    assert given.status_code == 201
    assert given.json()["balance"] == 150
    taken = send(client, f"{url}/adjustments", {"points": -30, "description": "Booked twice"})
    assert taken.json()["balance"] == 120
    found = client.get(f"{url}/movements").json()
    assert [(row["kind"], row["points"], row["reason"]) for row in found["movements"][:2]] == [
        ("adjusted", -30, "Booked twice"),
        ("adjusted", 50, "Goodwill"),
    ]
    assert found["standing"] == {"available": 120, "pending": 0, "debt": 0, "frozen": False}
    assert sum(lot["points"] for lot in found["lots"]) == 120
    page = client.get(f"{url}/movements", headers=HTML).text
    assert "Changed by hand" in page
    assert "Booked twice" in page


def test_two_thousand_with_its_thousands_apart_is_not_two(client: TestClient, session: Session) -> None:
    url = f"/points-accounts/{an_account(client, session)}/adjustments"
    submit(client, url, {"points": "2,000", "description": "Goodwill"})
    assert send(client, url, {"points": 1, "description": "One more"}).json()["balance"] == 2_001
    refused = submit(client, url, {"points": "2.000", "description": "Goodwill"})
    assert (refused.status_code, "Enter a whole number." in refused.text) == (422, True)


def test_what_waited_for_another_that_waited_for_it_is_done_again_once(client: TestClient, session: Session) -> None:
    # REQ T-03: PostgreSQL ends one of the two (here: whoever writes the first movement), and nobody is to notice
    url = f"/points-accounts/{an_account(client, session, 100)}"
    function = """CREATE FUNCTION end_first() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN
        IF nextval('ended') = 1 THEN RAISE EXCEPTION USING ERRCODE = 'deadlock_detected'; END IF;
        RETURN NEW; END $$"""
    trigger = "CREATE TRIGGER end_first BEFORE INSERT ON points_movements FOR EACH ROW EXECUTE FUNCTION end_first()"
    for statement in ("CREATE SEQUENCE ended", function, trigger):
        session.execute(sa.text(statement))
    session.commit()
    given = send(client, f"{url}/adjustments", {"points": 50, "description": "Goodwill"})
    assert (given.status_code, given.json()["balance"]) == (201, 150), given.text
    assert session.scalar(sa.text("SELECT last_value FROM ended")) == 2


def test_a_change_needs_a_reason_points_and_enough_of_them(client: TestClient, session: Session) -> None:
    url = f"/points-accounts/{an_account(client, session, 100)}/adjustments"
    assert send(client, url, {"points": 50}).status_code == 422
    assert send(client, url, {"points": 50, "description": "   "}).status_code == 422
    assert send(client, url, {"points": 0, "description": "Goodwill"}).status_code == 422
    refused = send(client, url, {"points": -101, "description": "Too many"})
    assert (refused.status_code, refused.json()["code"]) == (409, "points-too-few")
    unknown = send(client, "/points-accounts/999999/adjustments", {"points": 5, "description": "Goodwill"})
    assert unknown.status_code == 404
    form = submit(client, url, {"points": "many", "description": "Goodwill"})
    assert form.status_code == 422
    assert "Enter a whole number." in form.text


def test_a_manager_changes_up_to_the_limit_and_no_more(client: TestClient, session: Session) -> None:
    account = an_account(client, session, role=Role.MANAGER)
    url = f"/points-accounts/{account}/adjustments"
    assert send(client, url, {"points": 500, "description": "Goodwill"}).status_code == 201
    refused = send(client, url, {"points": 501, "description": "Goodwill"})
    assert refused.status_code == 403
    said = refused.json()
    assert said["code"] == "approval-required"
    assert (said["approval"]["action"], said["approval"]["amount"], said["limit"]) == ("points.adjust", 501, 500)
    assert client.get(f"/points-accounts/{account}/movements").json()["account"]["balance"] == 500


def test_a_cashier_changes_nothing(client: TestClient, session: Session) -> None:
    account = an_account(client, session, role=Role.CASHIER)
    sent = send(client, f"/points-accounts/{account}/adjustments", {"points": 1, "description": "Goodwill"})
    assert sent.json()["code"] == "not-permitted"


def test_a_change_is_undone_once_by_a_movement_the_other_way(client: TestClient, session: Session) -> None:
    url = f"/points-accounts/{an_account(client, session, 100)}"
    for points in (50, -30):
        made = send(client, f"{url}/adjustments", {"points": points, "description": "Wrong member"}).json()
        undo = f"{url}/adjustments/{made['seq']}/reversals"
        undone = send(client, undo, {"description": "It was right"})
        assert undone.json()["points"] == -points
        assert undone.json()["balance"] == 100
        assert send(client, undo, {"description": "Again"}).json()["code"] == "points-undone"
        other = f"{url}/adjustments/{undone.json()['seq']}/reversals"
        assert send(client, other, {"description": "Again"}).json()["code"] == "points-not-adjusted"
    bought = send(client, f"{url}/adjustments/1/reversals", {"description": "No change"})
    assert bought.json()["code"] == "points-not-adjusted"
    (lot,) = client.get(f"{url}/movements").json()["lots"]
    assert (lot["points"], lot["pending"]) == (100, False)


def test_the_dialog_changes_the_history_where_it_stands(client: TestClient, session: Session) -> None:
    url = f"/points-accounts/{an_account(client, session, 100)}/adjustments"
    assert "Change the points" in client.get(f"{url}/new", headers=HTMX).text
    assert "<html" in client.get(f"{url}/new", headers=HTML).text
    done = submit(client, url, {"points": "25", "description": "Goodwill"}, htmx=True)
    assert done.status_code == 201
    assert "dialogclose" in done.headers["HX-Trigger"]
    assert "Goodwill" in done.text
    assert "Undo the change" in client.get(f"{url}/2/reversals/new", headers=HTMX).text
    changes = client.get("/audit-entries?entity=points_account").json()
    assert [each["action"] for each in changes["entries"]] == ["points.adjust"]
