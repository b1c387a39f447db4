# REQ M-03, P-18, R-04: what another programme would have given in the past, on a page beside the version in force
import uuid
from typing import Any

from fastapi.testclient import TestClient

from erp_club.jobs import runner
from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.programmes import documents
from erp_club.programmes.commands import load_programme
from tests.make.clubs import NOW, a_customer, a_membership
from tests.make.organisation import PASSWORD, a_chain, a_store, somebody
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_product
from tests.reports.test_what_if import bought
from web.app import create_app
from web.deps import Shop

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
PENNY = {"code": "one", "kind": "money", "points": 1, "per_minor": 100}
HELD = a_programme(earning={"rules": [PENNY]}, redemption={"worth_points": 100, "worth_minor": 5_00})


def laid(database: Database) -> int:
    """A member who bought for 50.00 in each of three months, the last one of this year; the club's id."""
    with database.session() as session:
        a_chain(session)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
        club_id = load_programme(session, HELD, today=day("2025-01-01"), **how).club_id
        shop = (a_store(session).id, a_product(session), a_customer(session))
        a_membership(session, shop[2], club_id, joined_on=day("2025-01-01"))
        for on in ("2025-02-03", "2026-08-10", "2026-09-14"):
            bought(session, shop, on)
        somebody(session, Role.HQ, username="hq")
        session.commit()
    return club_id


def test_a_document_is_tried_on_the_past_beside_the_version_in_force(committed: Database) -> None:
    """Two points for 1.00 instead of one, and a voucher of 4.00 for each month of 50.00."""
    club_id = laid(committed)
    voucher = {
        "code": "voucher", "period": {"every": "month"}, "function": {"kind": "every", "every": 50_00, "value": 4_00},
        "gives": {"kind": "stored_value"}, "issue": {"at": "period_end"},
    }  # fmt: skip
    tried = documents.brief(HELD) | {"earning": {"rules": [PENNY | {"points": 2}]}, "rewards": [voucher]}
    with TestClient(create_app(Shop(committed, Settings())), follow_redirects=False) as client:
        client.headers["Origin"] = "http://testserver"
        client.post("/sign-in", data={"username": "hq", "password": PASSWORD})
        asked = client.post(f"/clubs/{club_id}/what-ifs", json=tried, headers={"Idempotency-Key": uuid.uuid4().hex})
        assert asked.status_code == 201, asked.text
        url = asked.headers["location"]
        assert "about to begin" in client.get(url, headers=HTML).text
        runner.work_waiting(committed)
        seen = client.get(url).json()
        months = {each["month"]: (each["tried"], each["held"]) for each in seen["outcome"]["months"]}
        assert months["2026-08-01"] == (
            {"points": 100, "rewards_minor": 4_00, "cost_minor": 9_00},
            {"points": 50, "rewards_minor": 0, "cost_minor": 2_50},
        )
        assert [(each["rule"], each["tried"], each["held"]) for each in seen["outcome"]["rewards"]] == [
            ("voucher", 12_00, 0)
        ]
        assert (seen["outcome"]["receipts"], seen["outcome"]["members"], seen["done"]) == (3, 1, 3)
        page = client.get(url, headers=HTML).text
        assert "Cost by month" in page
        mine = client.post(f"{url}/members", json={"number": "100001"}).json()["member"]
        assert [(each["points"], each["points_held"]) for each in mine["steps"]] == [(100, 50)] * 2
        assert [(each["held"], each["value"]) for each in mine["rewards"]] == [(False, 4_00)] * 2
        wrong = client.post(f"{url}/members", data={"number": "77"}, headers=HTML)
        assert (wrong.status_code, "There is no such customer." in wrong.text) == (422, True)
        shown = client.post(f"{url}/members", data={"number": "100001"}, headers=HTML)
        assert (shown.status_code, "One member" in shown.text) == (200, True)
        programme = client.get(f"/clubs/{club_id}/programme", headers=HTML).text
        assert f"/clubs/{club_id}/what-ifs" in programme
        broken = tried | {"currency": "EUR"}
        refused = client.post(f"/clubs/{club_id}/what-ifs", json=broken, headers={"Idempotency-Key": "b"})
        assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "currency")
