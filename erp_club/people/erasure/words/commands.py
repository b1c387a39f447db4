"""Taking what names a person out of documents and free words that are about something else."""

import datetime as dt
import json
from collections.abc import Collection, Sequence
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session

from erp_club.kernel.emptied import say_erasing
from erp_club.kernel.ledger_seals import empty_reasons
from erp_club.people.erasure.words.scrubbing import GONE, Scrubber
from erp_club.points.seals import POINTS_LEDGER
from erp_club.stored_value.seals import VALUE_LEDGER


def empty_words(session: Session, ids: Sequence[int], *, now: dt.datetime) -> None:
    """Take out what somebody typed about these customers: reasons of movements, returns, memberships, levels, plans."""
    say_erasing(session)
    for ledger in (POINTS_LEDGER, VALUE_LEDGER):
        empty_reasons(session, ledger, ids, now=now)
    for statement in _WORDS:
        session.execute(statement, {"ids": list(ids), "gone": GONE})


def scrub_documents(session: Session, secrets: Collection[str]) -> None:
    """Take what names a person out of documents that are kept for other reasons: uploads, quotes, jobs, segments."""
    if not secrets:
        return
    say_erasing(session)
    scrubber = Scrubber(secrets)
    ways = sorted(
        {each.lower() for secret in secrets for each in (secret, json.dumps(secret, ensure_ascii=False)[1:-1])}
    )
    for table, key, column, is_json in _DOCUMENTS:
        keys = ", ".join(key)
        found = session.execute(
            sa.text(
                f"SELECT {keys}, {column} FROM {table} WHERE EXISTS ("  # noqa: S608 - names of ours
                f"SELECT FROM unnest(CAST(:ways AS text[])) AS way WHERE position(way IN lower({column}::text)) > 0)"
            ),
            {"ways": ways},
        ).all()
        put = sa.text(
            f"UPDATE {table} SET {column} = :told WHERE {' AND '.join(f'{name} = :{name}' for name in key)}"  # noqa: S608
        ).bindparams(sa.bindparam("told", type_=JSONB() if is_json else sa.Text()))
        for *row, told in found:
            left = scrubber.document(told)
            if left != told:
                session.execute(put, dict(zip(key, row, strict=True)) | {"told": left})
    _forget_views(session, scrubber)


def _forget_views(session: Session, scrubber: Scrubber) -> None:
    """Views that somebody has saved of the person: by name, or by what the page is asked for."""
    gone = [
        row.id
        for row in session.execute(sa.text("SELECT id, name, query FROM saved_views"))
        if any(scrubber.text(said) != said for said in (row.name, *(value for _, value in parse_qsl(row.query))))
    ]
    if gone:
        session.execute(sa.text("DELETE FROM saved_views WHERE id = ANY(:gone)"), {"gone": gone})


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
_DOCUMENTS = (
    ("upload_conflicts", ("id",), "document", True),
    ("upload_conflicts", ("id",), "facts", True),
    ("quotes", ("id",), "request", True),
    ("quotes", ("id",), "answer", True),
    ("job_log", ("id",), '"values"', True),
    ("job_runs", ("id",), "parameters", True),
    ("job_runs", ("id",), '"cursor"', True),
    ("segment_versions", ("segment_id", "version_no"), "condition", True),
    ("segments", ("id",), "notes", False),
    ("exports", ("id",), "query", False),
)
