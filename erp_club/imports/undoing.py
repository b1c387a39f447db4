"""Undoing a file of price lists as a whole."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.staging import number, run
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor
from erp_club.pricelists import errors
from erp_club.pricelists.models import PriceListUpload

# The entries that the rows made, as they made them: with the price and the days that the file says.
_MADE = """
    SELECT r.no, r.outcome, l.id AS list_id, e.id AS entry_id, r.old_price_minor, r.old_off_bp,
           daterange(r.first, r.old_last, '[]') AS old_validity
      FROM price_list_upload_rows r JOIN price_lists l ON l.code = r.list_code
      LEFT JOIN products p ON p.sku = r.sku LEFT JOIN product_groups g ON g.name = r."group"
      LEFT JOIN stores s ON s.code = r.store
      LEFT JOIN price_list_entries e ON e.price_list_id = l.id AND e.product_id IS NOT DISTINCT FROM p.id
       AND e.group_id IS NOT DISTINCT FROM g.id AND e.store_id IS NOT DISTINCT FROM s.id
       AND e.validity = daterange(r.first, r.last, '[]')
       AND (e.price_minor, e.off_bp) IS NOT DISTINCT FROM (r.price_minor, r.off_bp)
     WHERE r.upload_id = :id AND r.outcome IN ('new', 'changed')
"""


def undo(session: Session, upload_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Take the new prices of a file out, and give those that it changed back what they were.

    Sales made meanwhile, and the lists, products and stores that it opened, stay. Raises NotFound, Conflict
    `upload-not-applied`, `upload-undone`, `price-list-closed`, `upload-stale` where a price isn't any more what the
    file made of it.
    """
    upload = session.get(PriceListUpload, upload_id, with_for_update=True)
    if upload is None:
        raise errors.no_upload()
    if upload.undone_at is not None:
        raise Conflict(T("This file was undone already."), code="upload-undone")
    if upload.applied_at is None:
        raise Conflict(T("This file wasn't imported, so there is nothing to undo."), code="upload-not-applied")
    staging.create(
        session,
        "undone_prices",
        "no bigint, outcome text, list_id integer, entry_id bigint, old_price_minor bigint, old_off_bp integer, "
        "old_validity daterange",
    )
    _lock_lists(session, upload_id)
    run(session, f"INSERT INTO undone_prices {_MADE}", {"id": upload_id})
    if number(session, "SELECT count(*) FROM undone_prices WHERE entry_id IS NULL"):
        raise _changed_since()
    try:
        with session.begin_nested():
            run(
                session,
                """
                DELETE FROM price_list_entries e USING undone_prices u WHERE e.id = u.entry_id AND u.outcome = 'new'
                """,
            )
            run(
                session,
                """
                UPDATE price_list_entries e
                   SET price_minor = u.old_price_minor, off_bp = u.old_off_bp, validity = u.old_validity
                  FROM undone_prices u WHERE e.id = u.entry_id AND u.outcome = 'changed'
                """,
            )
    except IntegrityError as error:
        # Something was put onto the days that a price of before the file held on.
        raise _changed_since() from error
    _leave_trace(session, upload, now=now, by=by)


def _lock_lists(session: Session, upload_id: int) -> None:
    """As every command on a list does. Raises Conflict `price-list-closed`."""
    states = session.scalars(
        sa.text(
            """
            SELECT state FROM price_lists
             WHERE code IN (SELECT list_code FROM price_list_upload_rows
                             WHERE upload_id = :id AND outcome IN ('new', 'changed'))
             ORDER BY id FOR NO KEY UPDATE
            """
        ),
        {"id": upload_id},
    ).all()
    if "closed" in states:
        raise errors.closed()


def _leave_trace(session: Session, upload: PriceListUpload, *, now: dt.datetime, by: Actor) -> None:
    rows = session.execute(
        sa.text(
            """
            SELECT list_id, count(*) FILTER (WHERE outcome = 'new') AS removed,
                   count(*) FILTER (WHERE outcome = 'changed') AS changed
              FROM undone_prices GROUP BY list_id ORDER BY list_id
            """
        )
    ).all()
    for list_id, removed, changed in rows:
        after = {"file": upload.file_name, "prices_removed": removed, "prices_changed": changed}
        audit.record(
            session, by=by, now=now, action="price_list.undo", entity="price_list", entity_id=list_id, after=after
        )
    upload.undone_at, upload.undone_by = now, by.name
    session.flush()


def _changed_since() -> Conflict:
    return Conflict(
        T("Some of these prices have been changed since. Undo that first, or change the prices one by one."),
        code="upload-stale",
    )
