# REQ I-02 J-01 A-02: a long list is written by a worker, for its asker alone, and can be fetched for a day
import dataclasses
import datetime as dt
import functools

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs.declared import Run, Step, Stopped
from erp_club.jobs.exports import commands
from erp_club.jobs.exports.job import EXPORT, EXPORTS_FORGET
from erp_club.jobs.exports.models import Export, ExportPart
from erp_club.jobs.exports.writing import write_with
from erp_club.jobs.models import JobRun
from erp_club.kernel.audit_search import Entries, entries
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.make.clubs import a_customer
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import PASSWORD, somebody
from web import deps, exports, lists

PEOPLE = 12


@pytest.fixture
def office(client: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """Head office of a chain where a list of more than ten customers is long, and parts are small."""
    monkeypatch.setattr(lists, "MOST_AT_ONCE", 10)
    monkeypatch.setattr("erp_club.jobs.exports.job.PART_BYTES", 500)
    write_with(functools.partial(exports.write, lambda: client.app))
    made = head_office(client, session)
    for number in range(PEOPLE):
        a_customer(session, f"{100 + number}")
    return made


def written(session: Session, **said: object) -> Step:
    """Let a worker write the newest file."""
    row = session.scalars(sa.select(JobRun).where(JobRun.name == "export").order_by(JobRun.id.desc())).first()
    assert row is not None
    run = Run(row.id, row.name, row.as_of, row.parameters, SYSTEM, dt.datetime.now(dt.UTC))
    return EXPORT.batch(session, dataclasses.replace(run, **said), None)  # type: ignore[arg-type]


def test_a_list_that_is_short_enough_is_answered_at_once(office: TestClient, session: Session) -> None:
    session.execute(sa.text("DELETE FROM customers WHERE number IN ('110', '111')"))
    answer = office.get("/customers.csv")
    assert (answer.status_code, len(answer.text.splitlines())) == (200, 11)
    assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == 0


SLOW = (
    "ALTER TABLE store_days RENAME TO kept_store_days",
    "CREATE VIEW store_days AS SELECT d.* FROM pg_sleep(1), kept_store_days d",
)


def test_what_takes_too_long_is_told_politely_and_as_a_file_a_worker_writes_it(
    office: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(deps, "MOST_MS", 300)
    session.execute(sa.text("; ".join(SLOW)))
    address = "/reports/purchases{}?by=month&first=2026-01-01&last=2026-12-31"
    told = office.get(address.format(""))
    assert (told.status_code, told.json()["code"]) == (504, "takes-too-long")
    file = told.json()["xlsx"]
    assert file == address.format(".xlsx")
    page = office.get(address.format(""), headers=HTML | {"Accept-Language": "he"})
    assert page.status_code == 504
    assert "זמן רב" in page.text
    assert f'href="{file.replace("&", "&amp;")}"' in page.text
    assert office.get("/customers").status_code == 200
    asked = office.get(file)
    assert asked.status_code == 202
    assert written(session).after is None
    assert office.get(f"{asked.headers['location']}/file").content.startswith(b"PK")


def test_a_long_list_is_written_apart_and_is_the_same_file(
    office: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = office.get("/customers.csv?sort=number&direction=desc", headers=HTML | {"Accept-Language": "he"})
    assert asked.status_code == 303
    page = office.get(asked.headers["location"], headers=HTML | {"Accept-Language": "fi"}).text
    assert 'hx-trigger="load delay:1s"' in page
    assert office.get(f"{asked.headers['location']}/file").status_code == 404
    step = written(session)
    assert (step.after, step.counts, step.said) == (None, {"rows": PEOPLE}, [])
    view = office.get(asked.headers["location"]).json()
    assert (view["state"], view["rows"], view["filename"]) == ("ready", PEOPLE, "customers.csv")
    assert (session.scalar(sa.select(sa.func.count()).select_from(ExportPart)) or 0) > 1
    fetched = office.get(view["url"], headers={"Accept-Encoding": "identity"})
    assert len(fetched.content) == view["bytes"] == int(fetched.headers["content-length"])
    monkeypatch.setattr(lists, "MOST_AT_ONCE", 100)
    whole = office.get("/customers.csv?sort=number&direction=desc")
    assert fetched.content == whole.content
    assert fetched.headers["content-disposition"] == whole.headers["content-disposition"]


def test_a_machine_is_told_where_the_file_will_be(office: TestClient) -> None:
    asked = office.get("/customers.xlsx")
    assert (asked.status_code, asked.json()["state"]) == (202, "writing")
    assert asked.headers["location"] == f"/exports/{asked.json()['id']}"


def test_the_same_file_asked_for_twice_is_written_once(office: TestClient, session: Session) -> None:
    first, second = office.get("/customers.csv").json(), office.get("/customers.csv").json()
    other = office.get("/customers.csv?sort=number").json()
    assert first["id"] == second["id"] != other["id"]
    assert session.scalar(sa.select(sa.func.count()).select_from(JobRun).where(JobRun.name == "export")) == 2


def test_it_is_kept_who_took_the_list(office: TestClient, session: Session) -> None:
    office.get("/customers.csv")
    assert "customer.export" not in {each.action for each in entries(session, Entries(), limit=20)}
    written(session)
    told = [each for each in entries(session, Entries(), limit=20) if each.action == "customer.export"]
    assert [each.actor for each in told] == ["Somebody hq"]


def test_who_no_longer_works_here_gets_no_file(office: TestClient, session: Session) -> None:
    made = office.get("/customers.csv").json()["id"]
    session.execute(sa.update(Staff).values(active=False))
    step = written(session)
    assert [str(each.text) for each in step.said] == ["The file was refused: its address answers with 401."]
    export = session.get_one(Export, made)
    session.refresh(export)
    assert (export.status, export.bytes) == (401, 0)


def test_a_role_that_lost_the_right_meanwhile_gets_no_file(office: TestClient, session: Session) -> None:
    office.get("/customers.csv")
    session.execute(sa.update(Staff).values(role=Role.CASHIER.value))
    assert [str(each.text) for each in written(session).said] == ["The file was refused: its address answers with 403."]


def test_a_file_that_is_ready_isnt_given_to_who_lost_the_right_since(office: TestClient, session: Session) -> None:
    # REQ A-01
    made = office.get("/customers.csv").json()["id"]
    written(session)
    session.execute(sa.update(Staff).values(role=Role.CASHIER.value))
    told = office.get(f"/exports/{made}/file").json()
    assert (told["code"], told["permission"]) == ("not-permitted", "customers.export")


def test_a_file_is_its_askers_alone(office: TestClient, session: Session) -> None:
    asked = office.get("/customers.csv").json()
    written(session)
    somebody(session, Role.MANAGER)
    session.commit()
    token = office.post("/sign-in", json={"username": "manager", "password": PASSWORD}).json()["token"]
    office.cookies.clear()
    office.headers["Cookie"] = f"club_session={token}"
    for url in (f"/exports/{asked['id']}", f"/exports/{asked['id']}/file"):
        assert office.get(url).status_code == 404
    assert send(office, "DELETE", f"/exports/{asked['id']}").status_code == 404
    assert office.get("/exports").json()["exports"] == []


def test_a_worker_that_is_stopped_ends_the_file(office: TestClient, session: Session) -> None:
    office.get("/customers.csv")

    def stop(done: int, _total: int) -> None:
        assert done >= 10
        raise Stopped

    with pytest.raises(Stopped), session.begin_nested():
        written(session, tell=stop)
    assert session.scalar(sa.select(sa.func.count()).select_from(ExportPart)) == 0
    written(session)
    assert session.scalars(sa.select(Export.rows)).all() == [PEOPLE]


def test_a_file_is_taken_away_by_its_asker_or_after_a_day(office: TestClient, session: Session) -> None:
    asked = office.get("/customers.csv", headers=HTML)
    assert form(office, asked.headers["location"], {"_method": "DELETE"}).headers["location"] == "/exports"
    assert "No files" in office.get("/exports", headers=HTML).text
    assert session.scalars(sa.select(JobRun.state).where(JobRun.name == "export")).all() == ["stopped"]
    office.get("/customers.csv")
    written(session)
    now = dt.datetime.now(dt.UTC)
    for hours, left in ((23, 1), (25, 0)):
        run = Run(1, "exports-forget", now.date(), {}, SYSTEM, now + dt.timedelta(hours=hours))
        EXPORTS_FORGET.batch(session, run, None)
        assert session.scalar(sa.select(sa.func.count()).select_from(Export)) == left
    assert session.scalar(sa.select(sa.func.count()).select_from(ExportPart)) == 0
    assert commands.forget(session, before=now, limit=10) == 0
