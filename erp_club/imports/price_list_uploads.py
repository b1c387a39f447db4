"""Files of price lists sent to the back office: what one would change is shown first, and exactly that is done then.

The preview is kept row by row beside the file. Whoever confirms it has the file planned again: where that isn't what
was shown, because prices have changed meanwhile, it is refused.
"""

import datetime as dt
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports import price_lists, staging
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import PRICE_LISTS
from erp_club.imports.outcome import Outcome
from erp_club.imports.price_lists import PLANNED
from erp_club.imports.sent import Sent, Unwatched, opened, safe_name
from erp_club.imports.staging import number, run
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T, Text
from erp_club.permissions.actors import Actor
from erp_club.pricelists import errors
from erp_club.pricelists.models import PriceListUpload

MOST_ROWS = 100_000
KEPT_DAYS = 7
"""How long a preview that nobody confirms is kept."""

_WAITING = T("Another import of this kind is running. Waiting for it…")


@dataclass(frozen=True, slots=True)
class UploadRow:
    """What one row of the file would do, or did: `new`, `changed`, `unchanged` or `refused` (then with its reason).

    `product` and `regular_minor` are of the product as it is known now.
    """

    line: int
    outcome: str
    list_code: str | None
    sku: str | None
    product: str | None
    group: str | None
    store: str | None
    regular_minor: int | None
    old_price_minor: int | None
    old_off_bp: int | None
    old_last: dt.date | None
    price_minor: int | None
    off_bp: int | None
    first: dt.date | None
    last: dt.date | None
    column: str | None
    value: str | None
    why: Text | None


_SHOWN = frozenset(UploadRow.__slots__)


def preview(
    session: Session, name: str, content: bytes, *, encoding: str | None = None, now: dt.datetime, by: Actor
) -> int:
    """Keep a file with what it would change, and give the preview's id. No price changes.

    `encoding` is the user's word for a CSV whose letters don't tell it. Raises Refused for every fault of the file.
    """
    session.execute(
        sa.delete(PriceListUpload).where(
            PriceListUpload.applied_at.is_(None), PriceListUpload.at < now - dt.timedelta(days=KEPT_DAYS)
        )
    )
    upload = PriceListUpload(
        at=now, actor=by.name, staff_id=by.staff_id, file_name=safe_name(name), content=content, encoding=encoding
    )
    upload.digest, upload.counts, upload.warnings = "", {}, []
    session.add(upload)
    session.flush()
    _show(session, upload, now=now, by=by)
    return upload.id


def preview_again(session: Session, upload_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Show what the kept file would change now. Raises NotFound, Conflict `upload-applied`."""
    upload = _open(session, upload_id)
    run(session, "DELETE FROM price_list_upload_rows WHERE upload_id = :id", {"id": upload_id})
    _show(session, upload, now=now, by=by)


def confirm(session: Session, upload_id: int, *, now: dt.datetime, by: Actor) -> Outcome:
    """Do what the preview shows. The file itself isn't kept any longer; its rows are.

    Raises NotFound, Conflict `upload-applied`, `upload-stale` where the file would change something else by now.
    """
    upload = _open(session, upload_id)
    with _reading(upload) as reading:
        staging.begin(session, PRICE_LISTS.kind, Unwatched(), _WAITING)
        read = price_lists.plan(session, reading, Unwatched(), most=MOST_ROWS)
        if _digest(session) != upload.digest:
            raise Conflict(
                T("Prices have changed since this preview. Look at what the file would change now, then confirm."),
                code="upload-stale",
            )
        outcome = price_lists.carry_out(session, reading, read, Unwatched(), now=now, by=by)
    upload.applied_at, upload.applied_by, upload.content = now, by.name, None
    session.flush()
    after = {"file": upload.file_name, "read": outcome.read, "taken": outcome.taken}
    _trace(session, "take", after, now=now, by=by)
    return outcome


def upload(session: Session, upload_id: int) -> PriceListUpload:
    """A preview. Raises NotFound."""
    found = session.get(PriceListUpload, upload_id)
    if found is None:
        raise errors.no_upload()
    return found


def rows(
    session: Session, upload_id: int, *, outcome: str | None = None, limit: int | None = None, offset: int = 0
) -> Iterator[UploadRow]:
    """The rows of a preview in the order of the file, those of one outcome where it is named."""
    found = session.execute(
        sa.text(
            """
            SELECT r.line, r.outcome, r.list_code, r.sku, p.name AS product, r."group", r.store,
                   p.list_price_minor AS regular_minor,
                   r.old_price_minor, r.old_off_bp, r.old_last, r.price_minor, r.off_bp, r.first, r.last, r."column",
                   r.value, r.msgid, r.facts
              FROM price_list_upload_rows r LEFT JOIN products p ON p.sku = r.sku
             WHERE r.upload_id = :id AND (CAST(:outcome AS text) IS NULL OR r.outcome = :outcome)
             ORDER BY r.no LIMIT :limit OFFSET :offset
            """
        ),
        {"id": upload_id, "outcome": outcome, "limit": limit, "offset": offset},
        execution_options={"yield_per": 2_000},
    )
    for row in found.mappings():
        why = None if row["msgid"] is None else Text(row["msgid"], row["facts"] or {})
        yield UploadRow(**{name: value for name, value in row.items() if name in _SHOWN}, why=why)


def count_rows(session: Session, upload_id: int, *, outcome: str | None = None) -> int:
    """How many rows a preview has, of one outcome where it is named."""
    asked = "upload_id = :id AND (CAST(:outcome AS text) IS NULL OR outcome = :outcome)"
    return number(
        session, f"SELECT count(*) FROM price_list_upload_rows WHERE {asked}", {"id": upload_id, "outcome": outcome}
    )


def _show(session: Session, upload: PriceListUpload, *, now: dt.datetime, by: Actor) -> None:
    with _reading(upload) as reading:
        staging.begin(session, PRICE_LISTS.kind, Unwatched(), _WAITING)
        read = price_lists.plan(session, reading, Unwatched(), most=MOST_ROWS)
        upload.warnings = [{"msgid": each.msgid, "facts": dict(each.values)} for each in reading.warnings]
    run(
        session,
        f"""
        INSERT INTO price_list_upload_rows
               (upload_id, no, line, outcome, list_code, sku, "group", store, old_price_minor, old_off_bp, old_last,
                price_minor, off_bp, first, last, "column", value, msgid, facts)
        SELECT :id, row_number() OVER (ORDER BY t.line, t."column", t.msgid), t.line, t.outcome, t.list, t.sku,
               t."group", t.store, t.old_price_minor, t.old_off_bp, t.old_after - 1, t.price_minor, t.off_bp, t.first,
               t.after - 1, t."column", t.value, t.msgid, t.facts
          FROM ({PLANNED}) AS t
        """,
        {"id": upload.id},
    )
    upload.digest = _digest(session)
    outcomes = session.execute(sa.text("SELECT outcome, count(*) FROM planned_prices GROUP BY outcome"))
    counts = {str(outcome): int(count) for outcome, count in outcomes}
    counts |= {"read": read, "refused": staging.refused_rows(session)}
    counts["lists"] = number(
        session,
        "SELECT count(*) FROM planned_lists l WHERE l.id IS NULL AND l.list IN (SELECT list FROM planned_prices)",
    )
    upload.counts = counts
    session.flush()
    _trace(session, "preview", {"file": upload.file_name, **upload.counts}, now=now, by=by)


def _digest(session: Session) -> str:
    """What the running plan would do, and to what, in one word."""
    found = session.scalar(
        sa.text(
            f"""
            SELECT encode(sha256(convert_to(concat(
                     (SELECT string_agg(t::text, chr(10) ORDER BY t.line, t."column", t.msgid) FROM ({PLANNED}) AS t),
                     (SELECT string_agg(l::text, chr(10) ORDER BY l.list) FROM planned_lists l)), 'UTF8')), 'hex')
            """
        )
    )
    assert isinstance(found, str)
    return found


def _open(session: Session, upload_id: int) -> PriceListUpload:
    found = session.get(PriceListUpload, upload_id, with_for_update=True)
    if found is None:
        raise errors.no_upload()
    if found.applied_at is not None:
        raise Conflict(T("This file was imported already."), code="upload-applied")
    return found


@contextmanager
def _reading(upload: PriceListUpload) -> Generator[Reading]:
    with opened(Sent(upload.file_name, upload.content or b"", upload.encoding)) as table:
        yield Reading(table, PRICE_LISTS)


def _trace(session: Session, deed: str, after: dict[str, Any], *, now: dt.datetime, by: Actor) -> None:
    audit.record(
        session, by=by, now=now, action=f"import.{deed}", entity="import", entity_id=PRICE_LISTS.kind, after=after
    )
