"""Price lists from a file: what its rows would change is worked out first, and done then.

A row says one entry of a list. It is the same entry as one that is there if list, product or group, store and first day
are the same; its price and last day are what may change. Entries that the file doesn't name stay as they are.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports import staging, stubs
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress, rowcount, run
from erp_club.kernel import audit
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import Actor

_COLUMNS = {
    "list": "text", "club": "text", "level": "text", "segment": "text", "sku": "text", "group": "text",
    "price": "bigint", "percent": "integer", "from": "date", "to": "date", "store": "text", "always": "boolean",
}  # fmt: skip

_SCOPE = "w.list_id, coalesce(w.product_id, 0), coalesce(w.group_id, 0), coalesce(w.store_id, 0)"
_ENTRY_SCOPE = "e.price_list_id, coalesce(e.product_id, 0), coalesce(e.group_id, 0), coalesce(e.store_id, 0)"
# A product or store that nobody knows yet has no entries. Without its id it would look like everything.
_KNOWN = "(w.sku IS NULL OR w.product_id IS NOT NULL) AND (w.store IS NULL OR w.store_id IS NOT NULL)"
_GONE = "DELETE FROM planned_prices WHERE line IN (SELECT line FROM import_refusals)"

PLANNED = """
    SELECT w.line, w.list, w.sku, w."group", w.store, w.outcome, w.old_price_minor, w.old_off_bp,
           upper(w.old_validity) AS old_after, w.price_minor, w.off_bp, lower(w.validity) AS first,
           upper(w.validity) AS after, NULL AS "column", NULL AS value, NULL AS msgid, NULL::jsonb AS facts
      FROM planned_prices w
     UNION ALL
    SELECT r.line, s.list, s.sku, s."group", s.store, 'refused', NULL, NULL, NULL, s.price, s.percent, s."from", NULL,
           r."column", r.value, r.msgid, r.facts
      FROM import_refusals r LEFT JOIN staged_prices s ON s.line = r.line
"""
"""What the running import would do, a row for each of the file's (more for one with several faults)."""


def take(session: Session, reading: Reading, progress: Progress, *, now: dt.datetime, by: Actor) -> Outcome:
    """Plan the whole file, then do it. A list that isn't there is opened and published: its prices hold at once."""
    read = plan(session, reading, progress)
    return carry_out(session, reading, read, progress, now=now, by=by)


def plan(session: Session, reading: Reading, progress: Progress, *, most: int | None = None) -> int:
    """Stage the file and leave what it would do in `planned_prices`; gives how many rows were read.

    The lists stay locked to the end of the transaction; nothing else is written. Raises Refused for a file of more
    than `most` rows.
    """
    read = _stage(session, reading, progress, most=most)
    progress.phase(T("Price lists"))
    run(session, "SELECT FROM price_lists WHERE code IN (SELECT list FROM staged_prices) ORDER BY id FOR NO KEY UPDATE")
    staging.create(
        session,
        "planned_lists",
        "list text PRIMARY KEY, id integer, state text, club text, level text, segment text, always boolean",
    )
    # What a list is for is said by the list, or for a new one by the first of its rows that says it.
    run(
        session,
        """
        INSERT INTO planned_lists
        SELECT DISTINCT ON (s.list) s.list, l.id, l.state,
               CASE WHEN l.id IS NULL THEN s.club ELSE c.code END,
               CASE WHEN l.id IS NULL THEN s.level ELSE l.level END,
               CASE WHEN l.id IS NULL THEN s.segment ELSE l.segment END,
               coalesce(l.always, bool_or(s.always) OVER (PARTITION BY s.list), false)
          FROM staged_prices s LEFT JOIN price_lists l ON l.code = s.list LEFT JOIN clubs c ON c.id = l.club_id
         ORDER BY s.list, num_nonnulls(s.club, s.level, s.segment) = 0, s.line
        """,
    )
    _refuse_unknown(session)
    _compare(session)
    _refuse_contradictions(session)
    return read


def carry_out(
    session: Session, reading: Reading, read: int, progress: Progress, *, now: dt.datetime, by: Actor
) -> Outcome:
    """Do what was planned: open lists, stores and products that aren't there, add entries and change them."""
    progress.phase(T("Prices"))
    refused = staging.refused_rows(session)
    wanted = "planned_prices w WHERE w.outcome <> 'unchanged'"
    opened_stores = stubs.open_stores(session, f"SELECT w.store FROM {wanted}")
    opened_products = stubs.open_products(session, f"SELECT w.sku FROM {wanted} AND w.sku IS NOT NULL")
    opened = _open_lists(session, now=now, by=by)
    changed = rowcount(
        session,
        """
        UPDATE price_list_entries e SET price_minor = w.price_minor, off_bp = w.off_bp, validity = w.validity
          FROM planned_prices w WHERE w.outcome = 'changed' AND e.id = w.old_id
        """,
    )
    added = rowcount(
        session,
        """
        INSERT INTO price_list_entries (price_list_id, product_id, group_id, store_id, price_minor, off_bp, validity)
        SELECT l.id, p.id, w.group_id, s.id, w.price_minor, w.off_bp, w.validity
          FROM planned_prices w JOIN price_lists l ON l.code = w.list
          LEFT JOIN products p ON p.sku = w.sku LEFT JOIN stores s ON s.code = w.store
         WHERE w.outcome = 'new' ORDER BY w.line
        """,
    )
    if added + changed:
        run(session, "ANALYZE price_list_entries")
        _leave_trace(session, reading.table.path.name, now=now, by=by)
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=added + changed,
        unchanged=read - refused - added - changed,
        refused=refused,
        warnings=reading.warnings,
        notes=(
            *told(
                (opened, TN("%(num)s price list is new.", "%(num)s price lists are new.", opened)),
                (added, TN("%(num)s price is new.", "%(num)s prices are new.", added)),
                (changed, TN("%(num)s price has changed.", "%(num)s prices have changed.", changed)),
            ),
            *opened_stores,
            *opened_products,
        ),
    )


def _stage(session: Session, reading: Reading, progress: Progress, *, most: int | None) -> int:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
    staging.create(session, "staged_prices", f"line bigint, {columns}")
    read = 0
    for batch in reading.batches():
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        if most is not None and read > most:
            raise Refused(
                T("The file has more than %(most)s rows. Import it with: erp-club import price-list FILE", most=most),
                field="file",
                code="file-too-long",
            )
        rows = zip(batch.lines, *batch.values, strict=True)
        staging.copy(session, "staged_prices", ("line", *reading.columns), rows)
        staging.refuse(session, batch.refusals)
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    run(session, "ANALYZE staged_prices")
    return read


def _refuse_unknown(session: Session) -> None:
    """Rows of a list, club or group that they can't be of."""
    unknown: tuple[tuple[str, Text, str], ...] = (
        (
            "club",
            T("There is no club with the code %(club)s."),
            """
            SELECT s.line, s.club AS value, jsonb_build_object('club', s.club) AS facts FROM staged_prices s
             WHERE s.club IS NOT NULL AND NOT EXISTS (SELECT FROM clubs c WHERE c.code = s.club)
            """,
        ),
        (
            "group",
            T("There is no product group %(group)s."),
            """
            SELECT s.line, s."group" AS value, jsonb_build_object('group', s."group") AS facts FROM staged_prices s
             WHERE s."group" IS NOT NULL AND NOT EXISTS (SELECT FROM product_groups g WHERE g.name = s."group")
            """,
        ),
        (
            "club",
            T("The list %(list)s is new. Say which club, level or segment it is for."),
            """
            SELECT s.line, '' AS value, jsonb_build_object('list', s.list) AS facts FROM staged_prices s
              JOIN planned_lists l USING (list) WHERE num_nonnulls(l.club, l.level, l.segment) = 0
            """,
        ),
        (
            "club",
            T("The list %(list)s is for somebody else. A list is for one club, level or segment."),
            """
            SELECT s.line, coalesce(s.segment, s.level, s.club) AS value, jsonb_build_object('list', s.list) AS facts
              FROM staged_prices s JOIN planned_lists l USING (list)
             WHERE num_nonnulls(s.club, s.level, s.segment) > 0 AND num_nonnulls(l.club, l.level, l.segment) > 0
               AND (s.club, s.level, s.segment) IS DISTINCT FROM (l.club, l.level, l.segment)
            """,
        ),
        (
            "always",
            T("Elsewhere this list says the opposite. “Always” holds for the whole list: change it on its page."),
            """
            SELECT s.line, '' AS value, NULL::jsonb AS facts FROM staged_prices s JOIN planned_lists l USING (list)
             WHERE s.always <> l.always
            """,
        ),
    )
    for column, why, rows in unknown:
        staging.refuse_where(session, column, why, rows)


def _compare(session: Session) -> None:
    """Each row that can be taken beside the entry that it is already, if it is one."""
    staging.create(
        session,
        "planned_prices",
        'line bigint, list text, list_id integer, sku text, product_id bigint, "group" text, group_id integer, '
        "store text, store_id integer, price_minor bigint, off_bp integer, validity daterange, outcome text, "
        "old_id bigint, old_price_minor bigint, old_off_bp integer, old_validity daterange",
    )
    run(
        session,
        """
        INSERT INTO planned_prices
        SELECT s.line, s.list, l.id, s.sku, p.id, s."group", g.id, s.store, o.id, s.price, s.percent,
               daterange(s."from", s."to", '[]'), 'new'
          FROM staged_prices s JOIN planned_lists l USING (list)
          LEFT JOIN products p ON p.sku = s.sku LEFT JOIN product_groups g ON g.name = s."group"
          LEFT JOIN stores o ON o.code = s.store
         WHERE s.line NOT IN (SELECT line FROM import_refusals)
        """,
    )
    run(session, "CREATE INDEX ON planned_prices (old_id)")
    run(session, "ANALYZE planned_prices")
    # An empty cell is the beginning of time, in both.
    run(
        session,
        f"""
        UPDATE planned_prices w
           SET old_id = e.id, old_price_minor = e.price_minor, old_off_bp = e.off_bp, old_validity = e.validity,
               outcome = CASE WHEN (e.price_minor, e.off_bp, e.validity)
                                   IS DISTINCT FROM (w.price_minor, w.off_bp, w.validity)
                              THEN 'changed' ELSE 'unchanged' END
          FROM price_list_entries e
         WHERE ({_ENTRY_SCOPE}) = ({_SCOPE}) AND {_KNOWN}
           AND lower(e.validity) IS NOT DISTINCT FROM lower(w.validity)
        """,
    )


def _refuse_contradictions(session: Session) -> None:
    """Rows that say of one thing, in one store, on one day, what another row or an entry that stays says already."""
    staging.refuse_where(
        session,
        "list",
        T("The list %(list)s is closed. Give the prices another list."),
        """
        SELECT w.line, w.list AS value, jsonb_build_object('list', w.list) AS facts
          FROM planned_prices w JOIN planned_lists l USING (list) WHERE l.state = 'closed' AND w.outcome <> 'unchanged'
        """,
    )
    # In the order of their first days a row overlaps one before it exactly where that one ends no earlier than it
    # begins. The line comes along behind the last day, so that the sentence can name it.
    staging.refuse_where(
        session,
        "from",
        T("Line %(first)s says what this costs on these days already."),
        """
        SELECT o.line, '' AS value, jsonb_build_object('first', o.before % 10000000000) AS facts
          FROM (SELECT w.line, w.validity,
                       max(coalesce(upper(w.validity) - date '1900-01-01', 9999999) * 10000000000 + w.line)
                         OVER before AS before
                  FROM planned_prices w
                WINDOW before AS (PARTITION BY w.list, w.sku, w."group", w.store
                                  ORDER BY lower(w.validity) NULLS FIRST, w.line
                                  ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING)) AS o
         WHERE coalesce(lower(o.validity) - date '1900-01-01', 0) < o.before / 10000000000
        """,
    )
    run(session, _GONE)
    # A row that is refused leaves its entry as it is, which may refuse another row.
    while staging.refuse_where(
        session,
        "from",
        T("The list says already what this costs, from another day on. End that first, or write its first day."),
        f"""
        SELECT DISTINCT w.line, '' AS value, NULL::jsonb AS facts
          FROM planned_prices w JOIN price_list_entries e ON ({_ENTRY_SCOPE}) = ({_SCOPE})
         WHERE {_KNOWN} AND e.validity && w.validity AND e.id IS DISTINCT FROM w.old_id
           AND NOT EXISTS (SELECT FROM planned_prices o WHERE o.old_id = e.id)
        """,
    ):
        run(session, _GONE)


def _open_lists(session: Session, *, now: dt.datetime, by: Actor) -> int:
    rows = session.execute(
        sa.text(
            """
            INSERT INTO price_lists (code, names, club_id, level, segment, always, state)
            SELECT l.list, jsonb_build_object('en', l.list, (SELECT language FROM chain), l.list), c.id, l.level,
                   l.segment, l.always, 'published'
              FROM planned_lists l LEFT JOIN clubs c ON c.code = l.club
             WHERE l.id IS NULL AND l.list IN (SELECT list FROM planned_prices) ORDER BY l.list
            RETURNING id, code, club_id, level, segment, always
            """
        )
    ).all()
    for row in rows:
        after = {"code": row.code, "club_id": row.club_id, "level": row.level, "segment": row.segment}
        after |= {"always": row.always, "state": "published"}
        audit.record(
            session, by=by, now=now, action="price_list.create", entity="price_list", entity_id=row.id, after=after
        )
    return len(rows)


def _leave_trace(session: Session, file: str, *, now: dt.datetime, by: Actor) -> None:
    """In the history of each list that has become other."""
    rows = session.execute(
        sa.text(
            """
            SELECT l.id, count(*) FILTER (WHERE w.outcome = 'new') AS added,
                   count(*) FILTER (WHERE w.outcome = 'changed') AS changed
              FROM planned_prices w JOIN price_lists l ON l.code = w.list WHERE w.outcome <> 'unchanged'
             GROUP BY l.id ORDER BY l.id
            """
        )
    ).all()
    for list_id, added, changed in rows:
        after = {"file": file, "prices_added": added, "prices_changed": changed}
        audit.record(
            session, by=by, now=now, action="price_list.import", entity="price_list", entity_id=list_id, after=after
        )
