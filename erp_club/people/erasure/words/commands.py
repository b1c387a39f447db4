"""Taking what names a person out of documents and free words that are about something else."""

import datetime as dt
from collections.abc import Collection, Sequence
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry, AuditValues
from erp_club.kernel.audit_seals import change_entries
from erp_club.kernel.db import Base
from erp_club.kernel.emptied import say_erasing
from erp_club.kernel.kept_rows import empty_kept
from erp_club.kernel.ledger_seals import Key, change_reasons, empty_reasons
from erp_club.people.erasure.words import queries
from erp_club.people.erasure.words.queries import Named
from erp_club.people.erasure.words.scrubbing import GONE, Scrubber, Secrets
from erp_club.points.seals import POINTS_LEDGER
from erp_club.promotions.commands import draw_version
from erp_club.stored_value.seals import VALUE_LEDGER

_LEDGERS = {each.movements.name: each for each in (POINTS_LEDGER, VALUE_LEDGER)}
_KEPT = {"programme_events": "subject", "event_gains": "once_key"}
"""Tables with words that triggers keep each time that a row says them."""
_TRACES = {AuditEntry.__tablename__, AuditValues.__tablename__}


def empty_words(session: Session, ids: Sequence[int], *, now: dt.datetime) -> None:
    """Take out what somebody typed about these customers, beside movements, returns, memberships, events."""
    say_erasing(session)
    for ledger in (POINTS_LEDGER, VALUE_LEDGER):
        empty_reasons(session, ledger, ids, now=now)
    said = {"ids": list(ids), "gone": GONE}
    for statement in _WORDS:
        session.execute(statement, said)
    for table, statement in _EVENTS.items():
        empty_kept(session, table, _KEPT[table], session.scalars(statement, said).all(), now=now)


def sweep(session: Session, scrubber: Scrubber, ids: Collection[int], *, now: dt.datetime) -> None:
    """Take what names people out of every text and document of the chain (`places.SWEPT`), in one reading.

    `ids` are the customers that they are: what the trace tells of them is emptied whole, elsewhere.
    """
    say_erasing(session)
    scrubber.kept = queries.goods_called_so(session, scrubber)
    movements: dict[str, dict[Key, str | None]] = {name: {} for name in _LEDGERS}
    entries: dict[int, tuple[Any, Any]] = {}
    kept: dict[str, list[int]] = {name: [] for name in _KEPT}
    changed: set[str] = set()
    for found in queries.naming(session, scrubber, ids):
        changed.add(found.table)
        if found.table in _LEDGERS:
            key = cast("Key", tuple(found.key.values()))
            movements[found.table][key] = found.left["reason"]
        elif found.table in _TRACES:
            entries[next(iter(found.key.values()))] = (found.left["before"], found.left["after"])
        elif found.table in _KEPT:
            kept[found.table].append(_say(session, found))
        else:
            _put(session, found, scrubber)
    for name, rows in kept.items():
        empty_kept(session, name, _KEPT[name], rows, now=now)
    for name, reasons in movements.items():
        change_reasons(session, _LEDGERS[name], reasons, now=now)
    change_entries(session, entries, now=now)
    if changed & {"segments", "offer_versions"}:
        draw_version(session)
    for table, gone in (
        ("customer_relatives", queries.relatives_who_are(session, scrubber)),
        ("saved_views", queries.views_of(session, scrubber)),
        ("price_list_uploads", queries.files_naming(session, scrubber)),
    ):
        session.execute(sa.text(f"DELETE FROM {table} WHERE id = ANY(:gone)"), {"gone": gone})  # noqa: S608 - ours


def _say(session: Session, found: Named) -> int:
    """Let a row of which each saying is kept say what is left, and give the number by which that goes."""
    table, left = Base.metadata.tables[found.table], dict(found.left)
    if found.table == "event_gains":  # what was given once to somebody has a key of its own
        left["once_key"] = f"{left['once_key']} ({found.key['event_id']})"
    where = (table.c[name] == value for name, value in found.key.items())
    return session.execute(sa.update(table).where(*where).values(left).returning(table.c.id)).scalar_one()


def _put(session: Session, found: Named, scrubber: Scrubber) -> None:
    table = Base.metadata.tables[found.table]
    left = dict(found.left)
    if found.table == "segments":
        was = session.scalar(sa.text("SELECT name FROM segments WHERE id = :id"), found.key)
        if was is not None and left["name"] != was:  # no two segments are called the same
            left["name"] = scrubber.renamed[was] = f"{left['name']} ({found.key['id']})"
    session.execute(
        sa.update(table)
        .where(*(table.c[name] == value for name, value in found.key.items()))
        .values({name: sa.literal(value, queries.plain(table.c[name])) for name, value in left.items()})
    )


def forget_answers(session: Session, scrubber: Scrubber, people: Sequence[tuple[Secrets, Collection[str]]]) -> None:
    """An answer that tells of these people or their relatives is told no more; its key goes on doing nothing twice."""
    for scope, key in queries.answers_naming(session, scrubber, people):
        session.execute(_FORGET, {"scope": scope, "key": key} | GONE_ANSWER)


GONE_ANSWER = {"gone": b'{"type":"about:blank","title":"Gone","status":410,"code":"customer-erased"}'}
SET_GONE = (
    'UPDATE idempotency_keys SET status = 410, headers = \'{"content-type": "application/problem+json"}\', '
    "answer = :gone WHERE octet_length(answer) > 0 AND "
)
_FORGET = sa.text(f"{SET_GONE} scope = :scope AND key = :key")
_EVENTS = {
    # First what names the other.
    "event_gains": sa.text(
        """
        UPDATE event_gains g SET once_key = CAST(:gone AS text) || ' (' || g.event_id || ')' FROM programme_events e
         WHERE (e.customer_id, e.id) = (g.event_customer_id, g.event_id) AND e.customer_id = ANY(:ids)
           AND e.subject <> '' AND g.once_key = e.subject RETURNING g.id
        """
    ),
    "programme_events": sa.text(
        "UPDATE programme_events SET subject = '' WHERE customer_id = ANY(:ids) AND subject <> '' RETURNING id"
    ),
}
_WORDS = tuple(
    sa.text(statement)
    for statement in (
        "UPDATE receipt_returns SET reason = '' WHERE customer_id = ANY(:ids) AND reason <> ''",
        "UPDATE membership_events SET reason = '' WHERE customer_id = ANY(:ids) AND reason <> ''",
        "UPDATE level_changes SET reason = '' WHERE customer_id = ANY(:ids) AND reason <> ''",
        "UPDATE level_overrides SET reason = :gone WHERE customer_id = ANY(:ids)",
        """
        UPDATE birthday_plans SET code = 'erased-' || id, state = 'closed',
               names = (SELECT jsonb_object_agg(each, CAST(:gone AS text)) FROM jsonb_object_keys(names) AS each)
         WHERE customer_id = ANY(:ids)
        """,
    )
)
