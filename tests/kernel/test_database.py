# A clear message when the database isn't what it must be
import subprocess
import sys
from pathlib import Path

import click
import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel import db, schema
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Unavailable
from web import cli
from web.cli import main


def _run(monkeypatch: pytest.MonkeyPatch, url: str, *words: str) -> Result:
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", url)
    monkeypatch.setenv("LANG", "C")
    return CliRunner().invoke(main, list(words))


@pytest.mark.parametrize("url", ["nonsense", "mysql://u:p@h/d", "://", "postgresql://h:port/d"])
def test_a_wrong_url_is_told_with_what_a_right_one_looks_like(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    result = _run(monkeypatch, url, "migrate")
    assert result.exit_code == 2
    assert "ERP_CLUB_DATABASE_URL can't be read" in result.output
    assert "postgresql://user:password@host:5432/database" in result.output


def test_a_server_that_nobody_runs_is_told_without_its_password(monkeypatch: pytest.MonkeyPatch) -> None:
    result = _run(monkeypatch, "postgresql://u:secret@127.0.0.1:1/d", "migrate")
    assert result.exit_code == 2
    assert "The database postgresql://u:***@127.0.0.1:1/d doesn't answer" in result.output
    assert "secret" not in result.output


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ERP_CLUB_PORT", "http"),
        ("ERP_CLUB_PROXIES", "the proxy"),
        ("ERP_CLUB_LOG_LEVEL", "loud"),
    ],
)
def test_a_setting_that_cannot_be_taken_is_told_and_never_guessed(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    result = _run(monkeypatch, "", "serve")
    assert result.exit_code == 2
    assert f"{name} is “{value}”, but must be" in result.output


def _brought_in(*modules: str) -> set[str]:
    asked = f"import sys, {', '.join(modules)}; print(*{{each.partition('.')[0] for each in sys.modules}})"
    told = subprocess.run([sys.executable, "-c", asked], check=True, capture_output=True, text=True)
    return set(told.stdout.split())


def test_no_command_but_the_server_spends_seconds_on_the_pages() -> None:
    others = (where.partition(":")[0] for where, _ in cli._ELSEWHERE.values())
    assert not {"fastapi", "jinja2", "numpy"} & _brought_in(*others)


def test_no_start_waits_for_what_a_first_page_does_not_need() -> None:
    assert not {"alembic", "highspy", "numpy", "procrastinate", "rapidfuzz", "segno", "xlsxwriter"} & _brought_in(
        "web.server", "web.cli_data"
    )


def test_the_list_of_commands_says_what_each_says_of_itself() -> None:
    for name, (_, about) in cli._ELSEWHERE.items():
        command = cli.main.get_command(click.Context(cli.main), name)
        assert command is not None
        assert command.get_short_help_str(limit=200) == about


def test_the_newest_migration_is_known_without_running_any() -> None:
    from alembic.script import ScriptDirectory

    scripts = ScriptDirectory.from_config(schema.config())
    assert schema.head() == scripts.get_current_head()
    assert schema.followed() == {each.revision: each.down_revision for each in scripts.walk_revisions()}


def test_ones_own_server_needs_no_home(monkeypatch: pytest.MonkeyPatch, committed: Database, tmp_path: Path) -> None:
    monkeypatch.setenv("ERP_CLUB_HOME", str(tmp_path / "home"))
    assert _run(monkeypatch, committed.url.render_as_string(hide_password=False), "migrate").exit_code == 0
    assert not (tmp_path / "home").exists()


def test_a_schema_that_is_behind_names_the_command(committed: Database) -> None:
    with committed.engine.begin() as connection:
        connection.execute(sa.text("DELETE FROM alembic_version"))
    with pytest.raises(Unavailable, match="Run: erp-club migrate") as refused:
        schema.check(committed)
    assert refused.value.code == "schema-behind"
    assert not schema.is_current(committed)


@pytest.mark.parametrize("work", [schema.check, schema.migrate])
def test_a_schema_that_is_ahead_is_left_alone(committed: Database, work: object) -> None:
    with committed.engine.begin() as connection:
        connection.execute(sa.text("UPDATE alembic_version SET version_num = '2999_01_01_0000'"))
    assert callable(work)
    with pytest.raises(Unavailable, match="newer than this ERP Club") as refused:
        work(committed)
    assert refused.value.code == "schema-ahead"


def test_a_server_that_is_too_old_is_refused(committed: Database, monkeypatch: pytest.MonkeyPatch) -> None:
    # No server older than the oldest that we take can be had from a package: the bar is raised instead.
    monkeypatch.setattr(db, "OLDEST_SERVER", 99)
    result = _run(monkeypatch, committed.url.render_as_string(hide_password=False), "migrate")
    assert result.exit_code == 2
    assert "needs 99 or newer" in result.output


def test_what_happened_can_be_neither_changed_nor_deleted(session: Session) -> None:
    tables = [
        *("audit_entries", "points_movements", "receipts", "receipt_lines", "receipt_numbers", "consent_changes"),
        *("receipt_offers", "receipt_discounts", "receipt_missed_savings"),
    ]
    for table in tables:
        for statement in (f"DELETE FROM {table}", f"TRUNCATE {table} CASCADE"):
            with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
                session.execute(sa.text(statement))


def test_the_models_and_the_migrations_agree(engine: sa.Engine) -> None:
    from alembic.autogenerate import compare_metadata
    from alembic.migration import MigrationContext

    from erp_club.tables import metadata

    with engine.connect() as connection:
        assert compare_metadata(MigrationContext.configure(connection), metadata) == []
