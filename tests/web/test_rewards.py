# REQ P-15 P-07: head office tries a period, gives it, and sees to whom it gave what
import datetime as dt

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs.declared import Run
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from tests.make.browser import signed_in
from tests.make.clubs import NOW
from tests.make.rewards import Shop
from tests.web.test_till import HTML, post

OCTOBER = dt.date(2026, 10, 31)


def settled(session: Session, shop: Shop) -> None:
    parameters = parameters_of(shop.club_id, "bonus", OCTOBER)
    PERIOD_REWARDS.batch(session, Run(1, "period-rewards", OCTOBER, parameters, SYSTEM, NOW), None)


def test_a_period_is_tried_and_given_on_its_page(client: TestClient, session: Session) -> None:
    shop = Shop(session)
    yael = shop.member()
    shop.buys(yael, 500_00, "2026-10-28")
    session.commit()
    signed_in(client, session, Role.HQ)
    url = f"/clubs/{shop.club_id}/rewards"
    assert f"{url}/bonus/2026-10-31" in client.get(url, headers=HTML).text
    empty = client.get(f"{url}/bonus/2026-10-31", headers=HTML)
    assert "Nothing given yet" in empty.text
    asked = post(client, f"{url}/bonus/2026-10-31/runs", HTML, dry_run="true")
    assert (asked.status_code, asked.headers["location"][:10]) == (303, "/job-runs/")
    settled(session, shop)
    session.commit()
    page = client.get(f"{url}/bonus/2026-10-31", headers=HTML).text
    assert "15.00" in page
    assert f"/customers/{yael}" in page
    row = client.get(f"{url}/bonus/2026-10-31", headers={"Accept": "application/json"}).json()["issued"][0]
    assert (row["base"], row["rate_bp"], row["value"], row["state"]) == (500_00, 300, 15_00, "given")


def test_only_periods_that_have_ended_are_given(client: TestClient, session: Session) -> None:
    shop = Shop(session)
    session.commit()
    signed_in(client, session, Role.HQ)
    for last in ("2026-11-30", "2026-10-30"):
        refused = post(client, f"/clubs/{shop.club_id}/rewards/bonus/{last}/runs")
        assert refused.status_code == 404
