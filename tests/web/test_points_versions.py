# REQ P-18 P-12: the history says under which version of the programme each entry stood
import datetime as dt
from typing import Any

import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes import commands, documents
from erp_club.programmes.engine.programme import Programme
from tests.make.clubs import moved
from tests.make.programmes import day, example
from tests.programmes.test_clubs_act import Chain


def test_each_entry_names_the_version_by_which_it_came_in_or_that_of_its_day(
    client: TestClient, session: Session
) -> None:
    chain = Chain(session, "team_sportia", since="2026-01-01")
    member = chain.member("2026-01-05")
    chain.buys(member, 100_00, "2026-02-01")
    double = {"kind": "money", "code": "krona", "points": 2, "per_minor": 100}
    said = documents.whole(example("team_sportia")) | {
        "currency": "ILS", "switch": {"effective_from": "2026-03-01"}, "earning": {"rules": [double]}
    }  # fmt: skip
    now = dt.datetime(2026, 2, 15, 8, tzinfo=dt.UTC)
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": now.date(), "now": now, "by": SYSTEM}
    commands.load_programme(session, Programme.model_validate(said), **how)
    chain.buys(member, 100_00, "2026-02-20")
    chain.buys(member, 100_00, "2026-03-10")
    account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == member)).one()
    moved(session, member, account, -30, on=day("2026-02-25"))
    moved(session, member, account, -40, on=day("2026-03-15"))
    session.commit()
    url = f"/points-accounts/{account}/movements"
    rows = client.get(url, headers=chain.till.headers).json()["movements"]
    assert [(each["points"], each["version"]) for each in rows] == [(-40, 2), (-30, 1), (200, 2), (100, 1), (100, 1)]
    page = client.get(url, headers=chain.till.headers | {"Accept": "text/html", "Accept-Language": "en"}).text
    assert (page.count("Version 1"), page.count("Version 2")) == (3, 2)
