# REQ J-01 A-01 A-02: head office sees what runs by itself, starts it, stops it, resumes it and takes it back
import dataclasses

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs import runner
from erp_club.jobs.catalogue import JOBS, NIGHT
from erp_club.jobs.declared import Limit, Preview, Sample
from erp_club.jobs.models import JobRun
from erp_club.kernel.audit_search import Entries, entries
from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from tests.jobs.test_runs import STAMP, stamps
from tests.make.office import HTML, form, head_office, send
from tests.make.organisation import NOW, a_chain
from web.app import create_app
from web.cli import main
from web.deps import Shop
from web.i18n import translate


@pytest.fixture(autouse=True)
def known(monkeypatch: pytest.MonkeyPatch) -> None:
    preview = Preview({"stamps": 5}, [Sample(7, "100001", -5)])
    stamp = dataclasses.replace(STAMP, schedule="30 4 * * *", preview=lambda _session, _run: preview)
    monkeypatch.setitem(JOBS, "stamp", stamp)


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def test_the_list_tells_when_each_job_runs_and_whether_anybody_does_it(office: TestClient) -> None:
    page = office.get("/jobs", headers=HTML).text
    assert "Each day at 04:30" in page
    assert "No worker has given a sign of life" in page
    told = {each["name"]: each for each in office.get("/jobs").json()["jobs"]}
    assert told["stamp"]["next_due"].endswith("04:30:00+02:00")
    assert {"Each day at 04:30", "Every 5 minutes", "Each hour, at minute 20"} <= {
        job["schedule"] for job in told.values()
    }
    assert not [job["schedule"] for job in told.values() if job["schedule"] and "*" in job["schedule"]]
    assert told["forecast"]["schedule"] is None


def test_the_list_tells_the_order_of_the_night(office: TestClient) -> None:
    night = office.get("/jobs").json()["night"]
    assert night == [translate(JOBS[name].title) for name in NIGHT]
    page = office.get("/jobs", headers=HTML).text
    assert " · ".join(night) in page
    assert "Points that wait for a day need no job" in page


def test_a_job_is_started_by_hand_after_a_look_at_what_it_would_do(office: TestClient, session: Session) -> None:
    page = office.get("/jobs/stamp", headers=HTML)
    assert page.status_code == 200
    assert "100001" in page.text
    started = form(office, "/jobs/stamp/runs", {"dry_run": "true"})
    assert started.status_code == 303
    run = office.get(started.headers["location"]).json()
    assert (run["state"], run["dry_run"], run["actor"]) == ("queued", True, "Somebody hq")
    assert "It is about to begin" in office.get(started.headers["location"], headers=HTML).text
    assert entries(session, Entries(entity="job_run"), limit=1)[0].action == "job.ask"


def test_a_real_run_waits_for_its_day(office: TestClient) -> None:
    refused = form(office, "/jobs/stamp/runs", {"as_of": "2999-01-01"})
    assert refused.status_code == 422
    assert "Only a dry run can be done for a day that is still to come." in refused.text
    assert send(office, "POST", "/jobs/stamp/runs", {"as_of": "2999-01-01", "dry_run": True}).status_code == 201


def test_wrong_rows_of_the_newest_proof_are_told_on_the_first_page(office: TestClient, session: Session) -> None:
    said = {"name": "ledger-verify", "as_of": NOW.date(), "actor": "system", "asked_at": NOW, "finished_at": NOW}
    for wrong, told in ((2, True), (0, False)):
        session.execute(sa.insert(JobRun).values(**said, state="done", counts={"wrong": wrong}))
        session.commit()
        assert ("has found 2 wrong rows" in office.get("/", headers=HTML).text) is told


def test_what_isnt_there_isnt_found(office: TestClient) -> None:
    for url in ("/jobs/nothing", "/jobs/%00", "/job-runs/77"):
        assert office.get(url).status_code == 404
    for url in ("/jobs/nothing/runs", "/job-runs/77/stops", "/job-runs/77/undos"):
        assert send(office, "POST", url).status_code == 404


def test_what_begins_only_when_asked_for_says_so(office: TestClient) -> None:
    refused = send(office, "POST", "/jobs/forecast/runs")
    assert (refused.status_code, refused.json()["code"]) == (409, "job-not-by-hand")


def test_a_run_is_stopped_resumed_and_undone(office: TestClient) -> None:
    run = send(office, "POST", "/jobs/stamp/runs").json()
    url = f"/job-runs/{run['id']}"
    assert send(office, "POST", f"{url}/undos").status_code == 409
    assert send(office, "POST", f"{url}/stops").json()["state"] == "stopped"
    refused = form(office, f"{url}/stops")
    assert refused.status_code == 409
    assert "there is nothing to stop" in refused.text
    assert send(office, "POST", f"{url}/resumptions").json()["state"] == "queued"
    assert send(office, "POST", f"{url}/stops").status_code == 201
    undo = send(office, "POST", f"{url}/undos").json()
    assert undo["undo_of"] == run["id"]
    assert office.get(url).json()["undone_by"] == undo["id"]
    log = [line["text"] for line in office.get(url).json()["lines"]]
    assert log[:3] == ["Somebody hq asked to stop it.", "Stopped.", "Somebody hq resumed it."]


def test_a_run_is_seen_to_its_end(committed: Database) -> None:
    with TestClient(create_app(Shop(committed, Settings())), follow_redirects=False) as client:
        with committed.session() as session:
            office = head_office(client, session)
        url = send(office, "POST", "/jobs/stamp/runs").headers["location"]
        runner.work_waiting(committed)
        run = office.get(url).json()
        assert (run["state"], run["counts"][0]["number"]) == ("done", 5)
        assert "Stamped 4." in office.get(url, headers=HTML).text
        assert "Undo" in office.get(url, headers=HTML).text
        assert office.get("/jobs/stamp", headers=HTML).text.count("Done") == 1


def test_the_console_lists_and_runs_jobs(committed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")

    def erp_club(*words: str) -> str:
        told = CliRunner().invoke(main, words)
        assert told.exit_code == 0, told.output
        return told.stdout

    with committed.session() as session:
        a_chain(session)
        session.commit()
    assert "stamp" in erp_club("job", "list")
    assert "This was a dry run" in erp_club("job", "run", "stamp", "--as-of", "2026-11-22", "--dry-run")
    assert stamps(committed) == []
    assert "Stamps: 5" in erp_club("job", "run", "stamp", "--as-of", "2026-11-22")
    assert len(stamps(committed)) == 5
    assert CliRunner().invoke(main, ["job", "run", "nothing"]).exit_code == 2
    asked_for = CliRunner().invoke(main, ["job", "run", "export"])
    assert (asked_for.exit_code, "isn't run by hand" in asked_for.output) == (2, True)
    early = CliRunner().invoke(main, ["job", "run", "stamp", "--as-of", "2999-01-01"])
    assert (early.exit_code, "still to come" in early.output) == (2, True)
    assert "This was a dry run" in erp_club("job", "run", "stamp", "--as-of", "2999-01-01", "--dry-run")
    limited = dataclasses.replace(STAMP, limit=Limit(lambda *_: {"accounts": 5, "stamps": 6}, ("stamps",), lambda _: 5))
    monkeypatch.setitem(JOBS, "stamp", limited)
    waits = CliRunner().invoke(main, ["job", "run", "stamp", "--as-of", "2026-11-23"])
    assert (waits.exit_code, "awaits approval" in waits.output) == (1, True)
    assert len(stamps(committed)) == 5
