# REQ A-04: everything is written to a file while tills sell, and comes back proven or not at all
import shutil
import threading
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner, Result

from erp_club.jobs import commands, runner
from erp_club.jobs import queries as jobs
from erp_club.jobs.verify import LEDGER_VERIFY
from erp_club.kernel import embedded_cluster, restored
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount, PointsMovement
from tests.make.organisation import NOW, a_chain
from tests.make.points import many_accounts
from web.cli import main

TODAY = NOW.date()


@pytest.fixture
def shop(committed: Database, monkeypatch: pytest.MonkeyPatch) -> Database:
    """Fifty members with points; PostgreSQL's own tools are those of the embedded server, whose version fits."""
    monkeypatch.setenv("PATH", str(embedded_cluster.program("pg_dump").parent))
    monkeypatch.setenv("LANG", "en_GB.UTF-8")
    with committed.session() as session:
        a_chain(session)
        many_accounts(session, 50, last_day=TODAY)
        session.commit()
    return committed


@pytest.fixture
def fresh(shop: Database) -> Iterator[Database]:
    """An empty database beside it."""
    name = f"test_{uuid.uuid4().hex[:12]}"
    with shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"CREATE DATABASE {name}")
    made = Database(shop.url.set(database=name))
    yield made
    made.engine.dispose()
    with shop.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql(f"DROP DATABASE {name} WITH (FORCE)")


def erp_club(monkeypatch: pytest.MonkeyPatch, database: Database, *words: str) -> Result:
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", database.url.render_as_string(hide_password=False))
    return CliRunner().invoke(main, words)


def counted(database: Database) -> tuple[int, int]:
    with database.session() as session:
        balance = sa.select(sa.cast(sa.func.sum(PointsAccount.balance), sa.BigInteger))
        moves = sa.select(sa.func.count()).select_from(PointsMovement)
        return session.execute(balance).scalar_one(), session.execute(moves).scalar_one()


def test_what_was_there_when_the_backup_began_comes_back_proven(
    shop: Database, fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before, ends = counted(shop), threading.Event()

    def sell() -> None:
        with shop.session() as session:
            account = Account(*session.execute(sa.select(PointsAccount.id, PointsAccount.customer_id).limit(1)).one())
        for _ in range(100):
            with shop.session() as session:
                redeem_points(session, account, 1, cause=Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM))
                session.commit()
            if ends.wait(0.01):
                return

    till = threading.Thread(target=sell)
    till.start()
    done = erp_club(monkeypatch, shop, "backup", str(tmp_path / "all"))
    ends.set()
    till.join()
    assert done.exit_code == 0, done.output
    back = erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all"))
    assert (back.exit_code, "Every balance is what its movements come to." in back.output) == (0, True), back.output
    assert before[0] >= counted(fresh)[0] >= counted(shop)[0]
    assert before[1] <= counted(fresh)[1] <= counted(shop)[1]
    again = erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all"))
    assert (again.exit_code, "isn't empty" in again.output) == (2, True)


def test_without_its_keyring_a_backup_is_refused_before_anything_is_brought_in(
    shop: Database, fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    old, new = tmp_path / "old", tmp_path / "new"
    monkeypatch.setenv("ERP_CLUB_HOME", str(old))
    monkeypatch.delenv("ERP_CLUB_KEYRING", raising=False)
    with shop.session(info={"keyring": Keyring(file=old / "keyring")}) as session:
        keyring_of(session, writes=True)
        session.commit()
    done = erp_club(monkeypatch, shop, "backup", str(tmp_path / "all"))
    assert done.exit_code == 0, done.output
    monkeypatch.setenv("ERP_CLUB_HOME", str(new))
    told = erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all"))
    assert (told.exit_code, "Key 0 is missing" in told.output) == (2, True), told.output
    assert not new.exists()
    with fresh.engine.connect() as connection:
        assert sa.inspect(connection).get_table_names() == []
    new.mkdir()
    shutil.copy(old / "keyring", new)
    assert erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all")).exit_code == 0


def test_a_wrong_balance_is_named_and_the_restored_place_isnt_passed(
    shop: Database, fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.session() as session:
        account_id = session.scalar(sa.select(sa.func.min(PointsAccount.id)))
        session.execute(sa.update(PointsAccount).where(PointsAccount.id == account_id).values(balance=141))
        run_id = commands.ask(session, LEDGER_VERIFY, as_of=TODAY, now=NOW, by=SYSTEM)
        session.commit()
    runner.work(shop, run_id)
    with shop.session() as session:
        assert jobs.run(session, run_id).counts == {"wrong": 1}
    assert erp_club(monkeypatch, shop, "backup", str(tmp_path / "all")).exit_code == 0
    back = erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all"))
    assert back.exit_code == 1
    assert "balance is 141, and 140 follows from the movements." in back.output


def test_a_tool_that_is_missing_or_stops_is_told_in_words(
    shop: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    told = erp_club(monkeypatch, shop, "backup", str(tmp_path / "no folder" / "all"))
    assert (told.exit_code, "tool stopped" in told.output) == (2, True)
    monkeypatch.setenv("PATH", str(tmp_path))
    told = erp_club(monkeypatch, shop, "backup", str(tmp_path / "all"))
    assert (told.exit_code, "Install PostgreSQL's client tools" in told.output) == (2, True)
    assert not list(tmp_path.iterdir())


def test_what_is_restored_and_not_proven_is_served_only_once_somebody_takes_it_as_it_is(
    shop: Database, fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with shop.session() as session:
        account_id = session.scalar(sa.select(sa.func.min(PointsAccount.id)))
        session.execute(sa.update(PointsAccount).where(PointsAccount.id == account_id).values(balance=141))
        session.commit()
    assert erp_club(monkeypatch, shop, "backup", str(tmp_path / "all")).exit_code == 0
    back = erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all"))
    assert (back.exit_code, "ledger verify --accept" in back.output) == (1, True), back.output
    for words in (["serve"], ["worker"], ["job", "list"]):
        held = erp_club(monkeypatch, fresh, *words)
        assert (held.exit_code, "isn't proven" in held.output) == (2, True), held.output
    assert erp_club(monkeypatch, fresh, "backup", str(tmp_path / "again")).exit_code == 0
    assert erp_club(monkeypatch, fresh, "ledger", "verify").exit_code == 1
    assert erp_club(monkeypatch, fresh, "job", "list").exit_code == 2, "to look at it isn't to take it"
    taken = erp_club(monkeypatch, fresh, "ledger", "verify", "--accept")
    assert (taken.exit_code, "balance is 141" in taken.output) == (1, True)
    assert erp_club(monkeypatch, fresh, "job", "list").exit_code == 0
    with fresh.session() as session:
        told = session.scalar(sa.select(AuditEntry.after).where(AuditEntry.action == "ledger.accept"))
        assert told is not None
        assert "141" in told["wrong"][0]


def test_a_restore_that_did_not_end_is_not_served_and_one_that_failed_can_be_tried_again(
    shop: Database, fresh: Database, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert erp_club(monkeypatch, shop, "backup", str(tmp_path / "all")).exit_code == 0
    whole = (tmp_path / "all").read_bytes()
    (tmp_path / "cut").write_bytes(whole[: len(whole) * 3 // 4])
    assert erp_club(monkeypatch, fresh, "restore", str(tmp_path / "cut")).exit_code == 2

    assert erp_club(monkeypatch, fresh, "restore", str(tmp_path / "all")).exit_code == 0
    restored.mark(fresh, restored.Standing.BEGUN)  # as it stands where nobody proved it to the end
    held = erp_club(monkeypatch, fresh, "job", "list")
    assert (held.exit_code, "hasn't ended" in held.output) == (2, True), held.output
