"""What was posted can't be changed afterwards without the row being named, whoever goes round the triggers."""

# REQ P-12 V-02 A-02
import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.jobs import commands, seals
from erp_club.jobs.models import JobRun
from erp_club.jobs.seals import AUDIT_SEAL, LEDGER_SEAL
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel import audit
from erp_club.kernel.db import Database
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.ledger_seals import movements_not_as_sealed
from erp_club.kernel.seals import BEGINNING, NotAsSealed, link
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsSeal
from erp_club.points.seals import POINTS_LEDGER
from erp_club.stored_value.models import ValueSeal
from erp_club.stored_value.seals import VALUE_LEDGER
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.stored_value import a_gift_card, paid
from web.cli import main
from web.i18n import say

NOW = dt.datetime(2026, 11, 25, 3, tzinfo=dt.UTC)
RUN: Any = SimpleNamespace(as_of=NOW.date(), id=7, now=NOW, by=SYSTEM)


def seal(session: Session) -> dict[str, int]:
    """The night's run to its end; gives how many movements of each ledger it has sealed."""
    counts: dict[str, int] = {}
    step = LEDGER_SEAL.batch(session, RUN, None)
    while True:
        for name, count in step.counts.items():
            counts[name] = counts.get(name, 0) + count
        if step.after is None:
            return counts
        step = LEDGER_SEAL.batch(session, RUN, step.after)


def around_the_triggers(session: Session, change: str, **values: object) -> sa.Result[Any]:
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    changed = session.execute(sa.text(change), values)
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    return changed


def two_accounts(session: Session) -> tuple[int, int]:
    """Two customers with movements in one club; gives the second and their account."""
    club = a_club(session)
    for number in ("1", "2"):
        yael = a_customer(session, number)
        account = a_membership(session, yael, club).points_account_id
        moved(session, yael, account, 100, -30, 50)
    return yael, account


def test_each_movement_is_sealed_once_in_batches_of_any_size(session: Session, monkeypatch: pytest.MonkeyPatch):
    yael, account = two_accounts(session)
    card = a_gift_card(session, 100_00)
    paid(session, card.key, 10_00)
    monkeypatch.setattr(seals, "BATCH", 2)
    assert LEDGER_SEAL.total(session, RUN) == 10
    assert seal(session) == {
        "points_movements": 6, "stored_value_movements": 2, "coupon_codes": 0, "points_account_standing": 0,
        "kept_rows": 2, "receipts": 0,
    }  # fmt: skip
    assert set(seal(session).values()) == {LEDGER_SEAL.total(session, RUN)} == {0}
    moved(session, yael, account, 7)
    assert movements_not_as_sealed(session, POINTS_LEDGER) == []  # what is posted today waits for the night
    assert seal(session)["points_movements"] == 1
    assert wrong_rows(session) == []


@pytest.mark.parametrize("again", [False, True])
def test_the_end_of_a_chain_that_is_cut_off_is_told_also_after_the_next_night(session: Session, again: bool):
    yael, account = two_accounts(session)
    paid(session, a_gift_card(session, 100_00).key, 10_00)
    seal(session)
    of_last = {"customer": yael, "account": account}
    for table in ("points_seals", "points_movements", "points_movement_lots"):
        change = f"DELETE FROM {table} WHERE customer_id = :customer AND account_id = :account AND seq = 3"
        around_the_triggers(session, change, **of_last)
    change = "UPDATE points_accounts SET balance = 70, last_seq = 2 WHERE customer_id = :customer AND id = :account"
    around_the_triggers(session, change, **of_last)
    around_the_triggers(session, "UPDATE points_lots SET remaining = 70 WHERE customer_id = :customer", **of_last)
    around_the_triggers(session, "UPDATE points_lots SET earned = 100 WHERE customer_id = :customer", **of_last)
    if again:
        moved(session, yael, account, 7, 8)
        later: Any = SimpleNamespace(as_of=NOW.date(), id=8, now=NOW + dt.timedelta(days=1), by=SYSTEM)
        step: Any = SimpleNamespace(after=None)
        while (step := LEDGER_SEAL.batch(session, later, step.after)).after is not None:
            pass
    (told,) = [say(each) for each in wrong_rows(session)]
    assert told == "points_seals: 5 links are left of the 6 that there were at 2026-11-25T03:00:00+00:00."


@pytest.mark.parametrize(
    ("change", "table", "missing"),
    [
        ("UPDATE points_movements SET reason = 'a gift' WHERE {key}", "points_movements", False),
        ("UPDATE points_movements SET staff_id = 4 WHERE {key}", "points_movements", False),
        ("UPDATE points_movements SET at = at + interval '1 microsecond' WHERE {key}", "points_movements", False),
        ("UPDATE points_movement_lots SET points = points + 1 WHERE {key}", "points_movements", False),
        ("UPDATE points_movement_lots SET lot_id = lot_id + 900 WHERE {key}", "points_movements", False),
        ("DELETE FROM points_movement_lots WHERE {key}", "points_movements", False),
        ("DELETE FROM points_movements WHERE {key}", "points_movements", True),
        ("UPDATE points_seals SET hash = sha256('x') WHERE {key}", "points_seals", False),
        ("DELETE FROM points_seals WHERE {key}", "points_seals", True),
    ],
)
@pytest.mark.parametrize("seq", [1, 2, 3])
def test_a_movement_of_points_changed_after_its_seal_is_named(
    session: Session, change: str, table: str, missing: bool, seq: int
):
    yael, account = two_accounts(session)
    seal(session)
    key = "customer_id = :customer AND account_id = :account AND seq = :seq"
    around_the_triggers(session, change.format(key=key), customer=yael, account=account, seq=seq)
    found = movements_not_as_sealed(session, POINTS_LEDGER)
    if table == "points_seals" and seq == 3:
        # Of the last link nobody can tell whether it or its movement was changed; one that is gone just waits again.
        assert found == ([] if missing else [NotAsSealed("points_movements", f"{yael}/{account}/3")])
    else:
        assert NotAsSealed(table, f"{yael}/{account}/{seq}", missing) in found


@pytest.mark.parametrize(
    ("change", "table"),
    [
        ("UPDATE stored_value_movements SET reason = 'lost' WHERE {key}", "stored_value_movements"),
        ("UPDATE stored_value_movements SET store_id = 4 WHERE {key}", "stored_value_movements"),
        ("UPDATE stored_value_movement_lots SET amount_minor = 1 WHERE {key}", "stored_value_movements"),
        ("UPDATE stored_value_seals SET hash = sha256('x') WHERE {key}", "stored_value_seals"),
    ],
)
def test_a_movement_of_money_changed_after_its_seal_is_named(session: Session, change: str, table: str):
    card = a_gift_card(session, 100_00)
    paid(session, card.key, 10_00)
    seal(session)
    assert movements_not_as_sealed(session, VALUE_LEDGER) == []
    around_the_triggers(session, change.format(key="card_id = :card AND seq = 1"), card=card.key.card_id)
    key = f"{card.key.customer_id}/{card.key.card_id}/1"
    assert movements_not_as_sealed(session, VALUE_LEDGER) == [NotAsSealed(table, key)]


_WITHOUT_TERMS = """
    SELECT customer_id, account_id, seq, sha256(convert_to(jsonb_build_array(
           customer_id, account_id, seq, kind, points, balance_after, (extract(epoch FROM at) * 1000000)::bigint,
           on_date, by_customer_id, receipt_id, reverses_seq, rule_version, reason, run_id, approval_id, store_id,
           terminal_id, staff_id,
           (SELECT jsonb_agg(jsonb_build_array(lot_id, p.points) ORDER BY lot_id) FROM points_movement_lots p
             WHERE (p.customer_id, p.account_id, p.seq) = (m.customer_id, m.account_id, m.seq)))::text, 'UTF8'))
      FROM points_movements m ORDER BY customer_id, account_id, seq"""
"""What a seal was over before it told of what lots were opened as."""


def test_seals_of_before_they_told_of_terms_hold_on_and_later_ones_follow_them(session: Session):
    yael, account = two_accounts(session)
    keyring = keyring_of(session, writes=True)
    ends: dict[int, bytes] = {}
    for customer, number, seq, digest in session.execute(sa.text(_WITHOUT_TERMS)).all():
        end = ends.get(customer, BEGINNING)
        ends[customer] = link(keyring, POINTS_LEDGER.purpose, end, customer, number, seq, digest)
        session.add(PointsSeal(customer_id=customer, account_id=number, seq=seq, hash=ends[customer], at=NOW))
    moved(session, yael, account, 7)
    assert seal(session)["points_movements"] == 1
    assert movements_not_as_sealed(session, POINTS_LEDGER) == []
    around_the_triggers(session, "UPDATE points_seals SET with_terms = NOT with_terms WHERE customer_id = :c", c=yael)
    assert movements_not_as_sealed(session, POINTS_LEDGER)[0].key.startswith(f"{yael}/{account}/")


def test_the_log_tells_who_asked_for_a_run_and_not_what_the_schedule_does(session: Session):
    for key in ("quarter past", None):
        commands.ask(session, AUDIT_SEAL, as_of=NOW.date(), key=key, now=NOW, by=SYSTEM)
        session.execute(sa.update(JobRun).values(state="done", finished_at=NOW))
    assert len(session.scalars(sa.select(audit.AuditEntry).where(audit.AuditEntry.action == "job.ask")).all()) == 1


def test_seals_are_only_ever_added(session: Session):
    two_accounts(session)
    paid(session, a_gift_card(session).key, 10_00)
    seal(session)
    for table in (PointsSeal, ValueSeal):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(sa.delete(table))


def test_the_console_names_what_was_changed_after_its_seal(committed: Database, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ERP_CLUB_DATABASE_URL", committed.url.render_as_string(hide_password=False))
    with committed.session() as session:
        yael, account = two_accounts(session)
        audit.record(session, by=SYSTEM, now=NOW, action="club.edit", entity="club", entity_id=1)
        seal(session)
        sealed = AUDIT_SEAL.batch(session, RUN, None)
        assert sealed.counts["entries"] > 0
        assert "The chain ends with" in str(sealed.said[0].text)
        session.commit()
    assert CliRunner().invoke(main, ["ledger", "verify"]).exit_code == 0
    with committed.session() as session:
        around_the_triggers(
            session, "UPDATE points_movements SET reason = 'x' WHERE seq = 2 AND customer_id = :c", c=yael
        )
        around_the_triggers(session, "UPDATE audit_entries SET actor = 'x' WHERE action = 'club.edit'")
        session.commit()
    said = CliRunner().invoke(main, ["ledger", "verify"])
    assert said.exit_code == 1
    assert f"points_movements {yael}/{account}/2 isn't what it was" in said.output
    assert "audit_entries" in said.output
