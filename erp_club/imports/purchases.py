"""Purchases from a file: receipts with their lines, each receipt taken whole or refused whole.

A receipt is known by its store and number. What it says is kept as a SHA-256 of this text (`_said`): the local time,
the customer's number, and in the order of their numbers the lines as number, quantity in thousandths, both amounts in
minor units and SKU. A receipt that a till posted carries the till's own hash: it is told by its rows, written alike.
"""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.imports import earning, staging, terms
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome
from erp_club.imports.staging import Progress, number, rowcount, run
from erp_club.imports.stubs import open_products, open_stores
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import Actor
from erp_club.receipts.rollups import commands as rollups

_COLUMNS = {
    "receipt_no": 'text COLLATE "C"', "store": 'text COLLATE "C"', "sold_at": "timestamp", "customer_number": "text",
    "line_no": "integer", "sku": "text", "quantity": "bigint", "list_amount": "bigint", "amount": "bigint",
}  # fmt: skip


def _said(sold_at: str, customer: str, line_no: str, quantity: str, list_minor: str, amount: str, sku: str) -> str:
    """The expression of a receipt's content, as an aggregate over its lines."""
    return f"""sha256(convert_to(
        to_char(min({sold_at}), 'YYYY-MM-DD"T"HH24:MI:SS.US') || E'\\n' || coalesce(min({customer}), '') || E'\\n' ||
        string_agg(concat_ws(' ', {line_no}, {quantity}, {list_minor}, {amount}, {sku}), E'\\n' ORDER BY {line_no}),
        'UTF8'))"""


def take(
    session: Session, reading: Reading, progress: Progress, *, earn: tuple[str, ...], now: dt.datetime, by: Actor
) -> Outcome:
    """Stage the whole file, find what can't be taken, then write the rest; `earn` are codes of clubs that give points.

    Raises NotFound for a club that isn't known, Conflict for one that isn't published.
    """
    clubs = earning.published(session, earn)
    read = _stage(session, reading, progress)
    progress.phase(T("Receipts"))
    _gather(session)
    _refuse_faulty(session, now)
    known = _pass_over_known(session)
    _refuse_rest_of_receipts(session)
    notes = [*_stubs(session)]
    receipts = _number_receipts(session)
    progress.phase(T("Lines of receipts"))
    taken = _write(session)
    if receipts:
        notes.insert(0, TN("%(num)s receipt is new.", "%(num)s receipts are new.", receipts))
    if known:
        notes.append(TN("%(num)s receipt was known already.", "%(num)s receipts were known already.", known))
    if clubs:
        progress.phase(T("Points"))
        points = earning.earn(session, clubs)
        terms.move_terms(session, clubs, now=now, by=by)
        notes.append(TN("%(num)s point was earned.", "%(num)s points were earned.", points))
    if receipts:
        for table in ("receipts", "receipt_lines", "receipt_numbers"):
            run(session, f"ANALYZE {table}")
        rollups.roll_all(session)
    refused = staging.refused_rows(session)
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=taken,
        unchanged=read - taken - refused,
        refused=refused,
        warnings=reading.warnings,
        notes=tuple(notes),
    )


def _stage(session: Session, reading: Reading, progress: Progress) -> int:
    columns = ", ".join(f"{name} {kind}" for name, kind in _COLUMNS.items())
    staging.create(session, "staged_lines", f"line bigint, {columns}")
    staging.create(session, "refused_receipts", 'store text COLLATE "C", receipt_no text COLLATE "C", line bigint')
    read = 0
    for batch in reading.batches():
        read += len(batch.lines) + len(batch.refused_groups)
        staging.copy(session, "staged_lines", ("line", *reading.columns), zip(batch.lines, *batch.values, strict=True))
        staging.refuse(session, batch.refusals)
        if batch.refused_groups:
            rows = ((*receipt, line) for line, receipt in batch.refused_groups if None not in receipt)
            staging.copy(session, "refused_receipts", ("store", "receipt_no", "line"), rows)
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    run(session, "ANALYZE staged_lines")
    return read


def _gather(session: Session) -> None:
    staging.create(
        session,
        "staged_receipts",
        'store text COLLATE "C", receipt_no text COLLATE "C", line bigint, sold_at timestamp, customer_number text, '
        "in_one boolean, list_minor bigint, amount_minor bigint, content_hash bytea",
    )
    said = _said("sold_at", "customer_number", "line_no", "quantity", "list_amount", "amount", "sku")
    run(
        session,
        f"""
        INSERT INTO staged_receipts
        SELECT store, receipt_no, min(line), min(sold_at), min(customer_number),
               min(sold_at) = max(sold_at) AND count(DISTINCT line_no) = count(*)
               AND min(coalesce(customer_number, '')) = max(coalesce(customer_number, '')),
               sum(list_amount), sum(amount), {said}
          FROM staged_lines GROUP BY store, receipt_no
        """,
    )
    run(session, "ANALYZE staged_receipts")


def _refuse_faulty(session: Session, now: dt.datetime) -> None:
    """Lines that contradict their receipt's first, times still to come, and customers nobody knows."""
    for column, why in (
        ("sold_at", T("The time isn't that of line %(line)s, which belongs to the same receipt.")),
        ("customer_number", T("The customer isn't that of line %(line)s, which belongs to the same receipt.")),
    ):
        _refuse(
            session,
            column,
            why,
            f"""
            SELECT l.line, l.store, l.receipt_no, coalesce(l.{column}::text, '') AS value,
                   jsonb_build_object('line', f.line) AS facts
              FROM staged_receipts r JOIN staged_lines l USING (store, receipt_no)
              JOIN staged_lines f ON f.line = r.line
             WHERE NOT r.in_one AND l.{column} IS DISTINCT FROM f.{column}
            """,
        )
    _refuse(
        session,
        "line_no",
        T("The line number %(line_no)s stands already in line %(line)s of the file, in the same receipt."),
        """
        SELECT * FROM (
          SELECT l.line, l.store, l.receipt_no, l.line_no::text AS value,
                 jsonb_build_object('line', min(l.line) OVER same, 'line_no', l.line_no) AS facts,
                 row_number() OVER (same ORDER BY l.line) AS no
            FROM staged_receipts r JOIN staged_lines l USING (store, receipt_no) WHERE NOT r.in_one
          WINDOW same AS (PARTITION BY l.store, l.receipt_no, l.line_no)
        ) AS numbered WHERE no > 1
        """,
    )
    # Whatever the store's time zone: none is more than 14 hours ahead of UTC.
    latest = (now.astimezone(dt.UTC) + dt.timedelta(hours=14)).replace(tzinfo=None)
    _refuse(
        session,
        "sold_at",
        T("The time %(time)s is still to come."),
        """
        SELECT r.line, r.store, r.receipt_no, r.sold_at::text AS value,
               jsonb_build_object('time', to_char(r.sold_at, 'YYYY-MM-DD"T"HH24:MI:SS')) AS facts
          FROM staged_receipts r WHERE r.sold_at > :latest
        """,
        {"latest": latest},
    )
    _refuse(
        session,
        "customer_number",
        T("No customer has the number %(number)s. Import the customers first."),
        """
        SELECT r.line, r.store, r.receipt_no, r.customer_number AS value,
               jsonb_build_object('number', r.customer_number) AS facts
          FROM staged_receipts r WHERE r.customer_number IS NOT NULL
           AND NOT EXISTS (SELECT FROM customers c WHERE c.number = r.customer_number AND c.id <> 0)
        """,
    )


def _refuse(session: Session, column: str, why: Text, rows: str, given: dict[str, object] | None = None) -> None:
    """Refuse lines, and remember their receipts. `rows` selects line, store, receipt_no, value, facts."""
    staging.create(session, "found_faults", "line bigint, store text, receipt_no text, value text, facts jsonb")
    if rowcount(
        session,
        f"INSERT INTO found_faults SELECT line, store, receipt_no, value, facts FROM ({rows}) AS found",
        given,
    ):
        staging.refuse_where(session, column, why, "SELECT line, value, facts FROM found_faults")
        run(session, "INSERT INTO refused_receipts SELECT store, receipt_no, line FROM found_faults")


def _pass_over_known(session: Session) -> int:
    """Take out receipts that are known with the same content, refuse those with another; gives how many are known."""
    staging.create(
        session,
        "known_receipts",
        'store text COLLATE "C", receipt_no text COLLATE "C", customer_id bigint, receipt_id bigint, same boolean',
    )
    known = rowcount(
        session,
        """
        INSERT INTO known_receipts
        SELECT r.store, r.receipt_no, n.customer_id, n.receipt_id, n.content_hash = r.content_hash
          FROM staged_receipts r JOIN stores s ON s.code = r.store
          JOIN receipt_numbers n ON n.store_id = s.id AND n.receipt_no = r.receipt_no
         WHERE NOT EXISTS (SELECT FROM refused_receipts f WHERE (f.store, f.receipt_no) = (r.store, r.receipt_no))
        """,
    )
    if not known:
        return 0
    said = _said(
        "k.local", "nullif(c.number, '0')", "l.line_no", "l.quantity_milli", "l.list_minor", "l.amount_minor", "p.sku"
    )
    run(
        session,
        f"""
        UPDATE known_receipts k SET same = true FROM (
          SELECT k.store, k.receipt_no, {said} AS content_hash FROM (
            SELECT k.*, r.sold_at AT TIME ZONE s.time_zone AS local FROM known_receipts k
              JOIN receipts r ON (r.customer_id, r.id) = (k.customer_id, k.receipt_id)
              JOIN stores s ON s.id = r.store_id WHERE NOT k.same
          ) AS k
            JOIN customers c ON c.id = k.customer_id
            JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (k.customer_id, k.receipt_id)
            JOIN products p ON p.id = l.product_id GROUP BY k.store, k.receipt_no
        ) AS kept JOIN staged_receipts r USING (store, receipt_no, content_hash)
         WHERE (k.store, k.receipt_no) = (kept.store, kept.receipt_no)
        """,
    )
    _refuse(
        session,
        "receipt_no",
        T("The receipt %(receipt_no)s of the store %(store)s is known already, with other content. It stays as it is."),
        """
        SELECT r.line, r.store, r.receipt_no, r.receipt_no AS value,
               jsonb_build_object('receipt_no', r.receipt_no, 'store', r.store) AS facts
          FROM known_receipts k JOIN staged_receipts r USING (store, receipt_no) WHERE NOT k.same
        """,
    )
    return number(session, "SELECT count(*) FROM known_receipts WHERE same")


def _refuse_rest_of_receipts(session: Session) -> None:
    """What stands in a receipt with a bad line isn't taken either."""
    staging.refuse_where(
        session,
        None,
        T("Line %(line)s of the same receipt is refused: a receipt is taken whole or not at all."),
        """
        SELECT l.line, '' AS value, jsonb_build_object('line', f.line) AS facts
          FROM (SELECT store, receipt_no, min(line) AS line FROM refused_receipts GROUP BY store, receipt_no) AS f
          JOIN staged_lines l USING (store, receipt_no)
         WHERE NOT EXISTS (SELECT FROM import_refusals i WHERE i.line = l.line)
        """,
    )


def _stubs(session: Session) -> list[Text]:
    staging.create(session, "taken_receipts", "LIKE staged_receipts")
    run(
        session,
        """
        INSERT INTO taken_receipts SELECT r.* FROM staged_receipts r
         WHERE NOT EXISTS (SELECT FROM refused_receipts f WHERE (f.store, f.receipt_no) = (r.store, r.receipt_no))
           AND NOT EXISTS (SELECT FROM known_receipts k WHERE (k.store, k.receipt_no) = (r.store, r.receipt_no))
        """,
    )
    run(session, "ANALYZE taken_receipts")
    return [
        *open_stores(session, "SELECT store FROM taken_receipts"),
        *open_products(session, "SELECT sku FROM staged_lines JOIN taken_receipts USING (store, receipt_no)"),
    ]


def _number_receipts(session: Session) -> int:
    staging.create(
        session,
        "new_receipts",
        'id bigint, customer_id bigint, store text COLLATE "C", receipt_no text COLLATE "C", store_id integer, '
        "sold_at timestamptz, sold_on date, list_minor bigint, amount_minor bigint, content_hash bytea",
    )
    receipts = rowcount(
        session,
        """
        INSERT INTO new_receipts SELECT nextval(pg_get_serial_sequence('receipts', 'id')), dated.* FROM (
          SELECT coalesce(c.merged_into, c.id, 0), r.store, r.receipt_no, s.id,
                 r.sold_at AT TIME ZONE s.time_zone, r.sold_at::date,
                 r.list_minor, r.amount_minor, r.content_hash
            FROM taken_receipts r JOIN stores s ON s.code = r.store
            LEFT JOIN customers c ON c.number = r.customer_number
           ORDER BY r.sold_at, r.line
        ) AS dated
        """,
    )
    run(session, "ANALYZE new_receipts")
    return receipts


def _write(session: Session) -> int:
    """Into the shop's tables, in the order of their keys."""
    run(
        session,
        """
        INSERT INTO receipts
               (customer_id, id, store_id, receipt_no, sold_at, sold_on, list_minor, total_minor, source)
        SELECT customer_id, id, store_id, receipt_no, sold_at, sold_on, list_minor, amount_minor, 'import'
          FROM new_receipts ORDER BY customer_id, id
        """,
    )
    run(
        session,
        """
        INSERT INTO receipt_numbers (store_id, receipt_no, customer_id, receipt_id, content_hash)
        SELECT store_id, receipt_no, customer_id, id, content_hash FROM new_receipts ORDER BY store_id, receipt_no
        """,
    )
    return rowcount(
        session,
        """
        INSERT INTO receipt_lines
               (customer_id, receipt_id, line_no, product_id, quantity_milli, list_minor, amount_minor, vat_bp)
        SELECT r.customer_id, r.id, l.line_no, p.id, l.quantity, l.list_amount, l.amount, p.vat_bp
          FROM new_receipts r JOIN staged_lines l USING (store, receipt_no) JOIN products p ON p.sku = l.sku
         ORDER BY r.customer_id, r.id, l.line_no
        """,
    )
