"""The log of changes: who, what, before, after, when, where."""

# REQ A-02
import datetime as dt

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.permissions.catalog import Role
from tests.make.browser import HTML, signed_in
from tests.make.organisation import a_chain, a_store, an_actor


def _changes(session: Session, staff_id: int, count: int, *, at: dt.datetime, store_id: int | None = None) -> None:
    for number in range(count):
        audit.record(
            session,
            by=an_actor(staff_id, store_id=store_id),
            now=at,
            action="store.edit",
            entity="store",
            entity_id=number,
            before={"name": f"<b>{number}</b>", "stub": True},
            after={"name": None, "stub": False},
        )


def test_the_log_goes_back_page_by_page(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    _changes(session, me, 60, at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC))
    session.commit()
    seen: list[str] = []
    url: str | None = "/audit-entries?entity=store"
    pages = 0
    while url:
        view = client.get(url).json()
        seen += [entry["entity_id"] for entry in view["entries"]]
        url, pages = view["older_url"], pages + 1
    assert pages == 3
    assert seen == [str(number) for number in range(59, -1, -1)]


def test_days_are_the_chains_and_both_ends_are_included(client: TestClient, session: Session):
    a_chain(session)
    me = signed_in(client, session)
    # Half past midnight of 2 November in Jerusalem is still 1 November in UTC.
    _changes(session, me, 1, at=dt.datetime(2026, 11, 1, 22, 30, tzinfo=dt.UTC))
    session.commit()

    def found(first: str, last: str) -> int:
        return len(client.get(f"/audit-entries?staff_id={me}&first={first}&last={last}&entity=").json()["entries"])

    assert found("2026-11-02", "2026-11-02") == 1
    assert found("2026-11-01", "2026-11-01") == 0
    assert found("", "2026-11-02") == 1
    assert found("2026-11-03", "") == 0


def test_the_page_shows_fields_and_leads_to_the_thing(client: TestClient, session: Session):
    a_chain(session)
    store = a_store(session)
    me = signed_in(client, session)
    _changes(session, me, 1, at=dt.datetime(2026, 11, 1, 12, tzinfo=dt.UTC), store_id=store.id)
    session.commit()
    page = client.get(f"/audit-entries?staff_id={me}", headers=HTML).text
    assert "&lt;b&gt;0&lt;/b&gt;" in page
    assert "Yes" in page
    assert 'href="/stores/0"' in page
    assert f'href="/staff/{me}"' in page
    assert "Store 374" in page
    assert "Nothing matches" in client.get("/audit-entries?entity=club", headers=HTML).text


def test_a_manager_reads_the_log_and_a_cashier_does_not(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session, Role.MANAGER)
    assert client.get("/audit-entries").status_code == 200
    client.cookies.clear()
    signed_in(client, session, Role.CASHIER)
    assert client.get("/audit-entries").status_code == 403
