# REQ P-12 I-02: the history of points over the web
import datetime as dt
import re

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.organisation import PASSWORD, a_chain, somebody

HTML = {"Accept": "text/html"}
HTMX = HTML | {"HX-Request": "true"}


def an_account(client: TestClient, session: Session, *points: int) -> int:
    """Somebody signed in, and an account with these movements in 2017."""
    a_chain(session)
    somebody(session, Role.HQ)
    yael = a_customer(session)
    account_id = a_membership(session, yael, a_club(session)).points_account_id
    moved(session, yael, account_id, *points, on=dt.date(2017, 3, 1))
    session.commit()
    assert client.post("/sign-in", data={"username": "hq", "password": PASSWORD}).status_code == 201
    return account_id


def test_the_history_shows_sign_colour_and_running_balance(client: TestClient, session: Session) -> None:
    account = an_account(client, session, 518, -400)
    page = client.get(f"/points-accounts/{account}/movements", headers=HTML).text
    plain = re.sub(r"</?bdi[^>]*>", "", page)
    assert '<span class="points up">+518</span>' in plain
    assert '<span class="points down">−400</span>' in plain
    assert plain.index("−400</span>") < plain.index("+518</span>"), "the newest comes first"
    found = client.get(f"/points-accounts/{account}/movements").json()
    assert [(row["points"], row["balance_after"]) for row in found["movements"]] == [(-400, 118), (518, 518)]
    assert (found["account"]["balance"], found["total"], found["year"]) == (118, 2, 2017)
    assert [month["balance"] for month in found["months"]] == [0, 0, *[118] * 10]
    assert found["customer"] in page, "what is printed says whose it is"


def test_the_filter_and_the_way_to_older_ones(client: TestClient, session: Session) -> None:
    account = an_account(client, session, *[10] * 30, -5)
    url = f"/points-accounts/{account}/movements"
    used = client.get(f"{url}?flow=used").json()
    assert [row["points"] for row in used["movements"]] == [-5]
    page = client.get(f"{url}?flow=earned", headers=HTMX).text
    assert page.count('id="movement-') == 25
    more = re.search(r'id="older".*?href="([^"]+)"', page, re.DOTALL)
    assert more is not None
    older = client.get(more[1].replace("&amp;", "&"), headers=HTMX).text
    assert older.lstrip().startswith("<tr")
    assert older.count('id="movement-') == 5
    assert 'id="older"' not in older
    assert "Nothing matches" in client.get(f"{url}?before=1", headers=HTML).text


def test_the_whole_history_goes_into_a_file(client: TestClient, session: Session) -> None:
    account = an_account(client, session, *[10] * 30, -5)
    rows = client.get(f"/points-accounts/{account}/movements.csv").text.splitlines()
    assert rows[0].lstrip("\ufeff") == "at,points,balance,kind,store,till,receipt,staff,reason,version,unit"
    assert len(rows) == 32
    assert rows[1].split(",")[1:3] == ["-5", "295"]
    assert len(client.get(f"/points-accounts/{account}/movements.csv?flow=used").text.splitlines()) == 2
    assert client.get(f"/points-accounts/{account}/movements.xlsx").content.startswith(b"PK")


def test_what_makes_no_sense_is_refused(client: TestClient, session: Session) -> None:
    account = an_account(client, session)
    assert client.get("/points-accounts/999999/movements").status_code == 404
    assert client.get(f"/points-accounts/{account}/movements?flow=none").status_code == 422
    assert client.get(f"/points-accounts/{account}/movements?before=0").status_code == 422
    assert "No points yet" in client.get(f"/points-accounts/{account}/movements", headers=HTML).text


def test_the_history_is_narrowed_by_reason_and_days_on_the_page_and_in_the_file(
    client: TestClient, session: Session
) -> None:
    account = an_account(client, session, 500, -100)
    yael = session.scalar(sa.select(PointsAccount.customer_id).where(PointsAccount.id == account))
    moved(session, yael or 0, account, 30, -20, on=dt.date(2018, 6, 1))
    session.commit()
    url = f"/points-accounts/{account}/movements"

    def points(**asked: str) -> list[int]:
        return [row["points"] for row in client.get(url, params=asked).json()["movements"]]

    assert points(first="2018-01-01") == [-20, 30]
    assert points(last="2017-12-31", flow="used") == [-100]
    assert points(first="2018-06-01", last="2018-06-01", flow="earned") == [30]
    assert points(kind="expired") == []
    assert client.get(url, params={"kind": "nothing"}).status_code == 422
    file = client.get(f"{url}.csv", params={"first": "2018-01-01"}).text.splitlines()
    assert len(file) == 3
    page = client.get(url, params={"first": "2018-01-01"}, headers=HTML).text
    assert 'name="first" value="2018-01-01"' in page
    assert f"{url}.csv?first=2018-01-01" in page
    assert "data-print" in page
