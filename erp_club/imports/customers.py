"""Customers from a file: opened or updated by their number, with cards, memberships, classes and consents."""

import datetime as dt
from functools import partial

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.customers.classes.queries import class_fields
from erp_club.customers.id_numbers.queries import holds_passport, id_rules
from erp_club.customers.id_numbers.sealing import COLUMNS as SEALED
from erp_club.customers.names import commands as names
from erp_club.imports import staging
from erp_club.imports.customer_rows import STAGED, ClubTerm, Known, normalised
from erp_club.imports.customer_trace import COLUMNS, CONSENTS, trace
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress, number, rowcount, run
from erp_club.imports.stubs import open_stores
from erp_club.imports.terms import set_ends
from erp_club.kernel.errors import NotFound
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.text import TN, T
from erp_club.permissions.actors import Actor

_LISTED = ", ".join(COLUMNS)


def _wanted(column: str) -> str:
    """What a column will be. An empty cell leaves it; a document comes or goes as one; no yes where there was a no."""
    if column in SEALED:
        # A number looks different each time that it is sealed: one that is the same stays as it is.
        same = "s.id_kind IS NULL OR s.id_hash = c.id_hash"
        return f"CASE WHEN {same} THEN c.{column} WHEN s.id_kind <> 'none' THEN s.{column} END"
    if column in {"id_kind", "id_country"}:
        return f"CASE WHEN s.id_kind IS NULL THEN c.{column} WHEN s.id_kind <> 'none' THEN s.{column} END"
    if column.startswith("consent_"):
        return f"CASE WHEN c.{column} IS FALSE THEN false ELSE coalesce(s.{column}, c.{column}) END"
    if column == "home_store_id":
        return "coalesce(h.id, c.home_store_id)"
    return f"coalesce(s.{column}, c.{column})"


_WANTED = ", ".join(
    {
        "id_kind": f"coalesce({_wanted('id_kind')}, 'none')",
        "given_name": f"coalesce({_wanted('given_name')}, '')",
        "family_name": f"coalesce({_wanted('family_name')}, '')",
    }.get(column, _wanted(column))
    for column in COLUMNS
)
_NEW = ", ".join(f"w.{column}" for column in COLUMNS)
_OLD = ", ".join(f"c.{column}" for column in COLUMNS)


def take(
    session: Session, reading: Reading, progress: Progress, *, country: str, today: dt.date, now: dt.datetime, by: Actor
) -> Outcome:
    """Stage the whole file, find what can't be taken, then write the rest.

    `country` is where numbers without a country code are dialled. Raises NotFound for a column `club:CODE` whose club
    isn't known.
    """
    clubs = _clubs(session, reading)
    read = _stage(session, reading, progress, country=country, clubs=clubs, today=today)
    progress.phase(T("Duplicates"))
    _refuse(session)
    progress.phase(T("Customers"))
    notes = open_stores(session, "SELECT home_store FROM staged_customers")
    opened, changed, held_back = _write(session, now=now, by=by)
    _write_names(session, progress)
    cards, joined = _write_cards(session, now=now), _write_memberships(session, today=today, now=now, by=by)
    _write_classes(session)
    taken = number(session, "SELECT count(DISTINCT line) FROM touched_lines")
    refused = staging.refused_rows(session)
    kept_back = TN(
        "%(num)s consent was not taken over, because the customer has refused it before.",
        "%(num)s consents were not taken over, because the customers have refused them before.",
        held_back,
    )
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=taken,
        unchanged=read - taken - refused,
        refused=refused,
        warnings=reading.warnings,
        notes=(
            *told(
                (opened, TN("%(num)s customer is new.", "%(num)s customers are new.", opened)),
                (changed, TN("%(num)s customer has changed.", "%(num)s customers have changed.", changed)),
                (cards, TN("%(num)s card is new.", "%(num)s cards are new.", cards)),
                (joined, TN("%(num)s membership is new.", "%(num)s memberships are new.", joined)),
                (held_back, kept_back),
            ),
            *notes,
        ),
    )


def _clubs(session: Session, reading: Reading) -> dict[str, ClubTerm]:
    found: dict[str, ClubTerm] = {}
    for column in reading.columns:
        if column.startswith("club:"):
            code = column.removeprefix("club:").upper()
            row = session.execute(sa.select(Club.id, Club.term_months).where(Club.code == code)).one_or_none()
            if row is None:
                raise NotFound(
                    T("The column %(column)s names a club that doesn't exist.", column=column), code="club-unknown"
                )
            found[column] = ClubTerm(row.id, row.term_months)
    return found


def _stage(
    session: Session,
    reading: Reading,
    progress: Progress,
    *,
    country: str,
    clubs: dict[str, ClubTerm],
    today: dt.date,
) -> int:
    columns = ", ".join(f"{name} {kind}" for name, kind in STAGED.items())
    staging.create(
        session, "staged_customers", f"line bigint, number text, card text, id_mask text, {columns}, id bigint"
    )
    staging.create(session, "staged_joins", "line bigint, club_id integer, joined_on date, ends_before date")
    staging.create(session, "staged_classes", "line bigint, name text, value text")
    staging.create(session, "touched_lines", "line bigint")
    keyring = keyring_of(session, writes=True)
    holds = partial(holds_passport, session)
    known = Known(country, clubs, id_rules(session), class_fields(session), keyring, today, holds)
    read = 0
    for batch in reading.batches():
        kept = normalised(batch, reading.columns, known)
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        staging.copy(session, "staged_customers", ("line", "number", "card", "id_mask", *STAGED), kept.customers)
        if kept.joins:
            staging.copy(session, "staged_joins", ("line", "club_id", "joined_on", "ends_before"), kept.joins)
        if kept.classes:
            staging.copy(session, "staged_classes", ("line", "name", "value"), kept.classes)
        staging.refuse(session, [*batch.refusals, *kept.refusals])
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    run(session, "UPDATE staged_customers s SET id = c.id FROM customers c WHERE c.number = s.number")
    run(session, "ANALYZE staged_customers")
    return read


# What a record has that became this customer is this one's to have.
_OTHERS_OWN_ID = """
    SELECT o.id FROM customers o WHERE lower(o.own_id) = lower(s.own_id) AND (o.merged_into = s.id) IS NOT TRUE
     ORDER BY o.id = s.id LIMIT 1
"""


def _refuse(session: Session) -> None:
    """What another row or another customer has already, and memberships that began on another day."""
    _refuse_repeated(session, "number", "number", "number")
    for column, value, key, taken in (
        (
            "id_number",
            "id_mask",
            "id_country, id_kind, id_hash",
            """
            SELECT o.id FROM customers o WHERE o.state = 'active'
               AND (o.id_country, o.id_kind, o.id_hash) = (s.id_country, s.id_kind, s.id_hash)
            """,
        ),
        ("card", "card", "card", "SELECT o.customer_id FROM cards o WHERE o.number = s.card"),
        ("own_id", "own_id", "lower(own_id)", _OTHERS_OWN_ID),
    ):
        _refuse_repeated(session, column, value, key)
        staging.refuse_where(
            session,
            column,
            T("Customer %(number)s has “%(value)s” already. Correct the number, or that customer."),
            f"""
            SELECT s.line, s.{value} AS value, jsonb_build_object('value', s.{value}, 'number', c.number) AS facts
              FROM staged_customers s CROSS JOIN LATERAL ({taken}) AS taken (id)
              JOIN customers c ON c.id = taken.id WHERE taken.id IS DISTINCT FROM s.id
            """,
        )
    staging.refuse_where(
        session,
        "number",
        T("The customer with this number has been merged or erased. Leave the row out."),
        """
        SELECT s.line, s.number AS value, NULL::jsonb AS facts
          FROM staged_customers s JOIN customers c ON c.id = s.id WHERE c.state <> 'active'
        """,
    )
    staging.refuse_where(
        session,
        None,
        T("The customer has been in the club %(club)s since %(day)s. A file doesn't change that."),
        """
        SELECT s.line, j.joined_on::text AS value, jsonb_build_object('club', b.code, 'day', m.joined_on) AS facts
          FROM staged_joins j JOIN staged_customers s USING (line) JOIN clubs b ON b.id = j.club_id
          JOIN memberships m ON (m.customer_id, m.club_id) = (s.id, j.club_id) AND m.joined_on <> j.joined_on
        """,
    )
    for table in ("staged_customers", "staged_joins", "staged_classes"):
        run(session, f"DELETE FROM {table} WHERE line IN (SELECT line FROM import_refusals)")


def _refuse_repeated(session: Session, column: str, value: str, key: str) -> None:
    """Refuse rows of which another one before has the same key."""
    staging.refuse_where(
        session,
        column,
        T("“%(value)s” stands already in line %(line)s."),
        f"""
        SELECT line, {value} AS value, jsonb_build_object('value', {value}, 'line', first) AS facts
          FROM (SELECT line, {value}, min(line) OVER (PARTITION BY {key}) AS first FROM staged_customers
                 WHERE {value} IS NOT NULL) AS placed WHERE line > first
        """,
    )


def _write(session: Session, *, now: dt.datetime, by: Actor) -> tuple[int, int, int]:
    """Open and update customers; gives how many of each, and how many consents were held back."""
    # Nobody changes these customers meanwhile: a consent withdrawn while the file is read stays withdrawn.
    known = "(SELECT id FROM staged_customers)"
    run(session, f"SELECT FROM customers c WHERE c.id IN {known} ORDER BY c.id FOR NO KEY UPDATE")
    staging.create(session, "wanted_customers", "LIKE customers, line bigint")
    run(
        session,
        f"""
        INSERT INTO wanted_customers (line, number, id, {_LISTED}, state, opened_at, changed_at)
        SELECT s.line, s.number, coalesce(s.id, nextval(pg_get_serial_sequence('customers', 'id'))), {_WANTED},
               'active', coalesce(c.opened_at, :now), :now
          FROM (SELECT * FROM staged_customers ORDER BY line) AS s
          LEFT JOIN customers c ON c.id = s.id LEFT JOIN stores h ON h.code = s.home_store
        """,
        {"now": now},
    )
    held_back = number(
        session,
        "SELECT " + " + ".join(f"count(*) FILTER (WHERE s.consent_{c} AND NOT c.consent_{c})" for c in CONSENTS)
        + " FROM staged_customers s JOIN customers c ON c.id = s.id",
    )  # fmt: skip
    run(
        session,
        f"""
        DELETE FROM wanted_customers w USING customers c
         WHERE c.id = w.id AND ({_NEW}) IS NOT DISTINCT FROM ({_OLD})
        """,
    )
    run(session, "INSERT INTO touched_lines SELECT line FROM wanted_customers")
    run(
        session,
        """
        UPDATE customers o SET own_id = NULL FROM wanted_customers w
         WHERE o.merged_into = w.id AND lower(o.own_id) = lower(w.own_id)
        """,
    )
    staging.create(session, "former_customers", "LIKE customers")
    run(session, "INSERT INTO former_customers SELECT c.* FROM customers c JOIN wanted_customers w ON w.id = c.id")
    changed = rowcount(
        session,
        f"""
        UPDATE customers c SET ({_LISTED}, changed_at) = ({_NEW}, w.changed_at)
          FROM wanted_customers w WHERE w.id = c.id
        """,
    )
    opened = rowcount(
        session,
        f"""
        INSERT INTO customers (id, number, {_LISTED}, opened_at, changed_at)
        SELECT w.id, w.number, {_NEW}, w.opened_at, w.changed_at FROM wanted_customers w
         WHERE NOT EXISTS (SELECT FROM former_customers c WHERE c.id = w.id) ORDER BY w.id
        """,
    )
    trace(session, now=now, by=by)
    return opened, changed, held_back


def _write_names(session: Session, progress: Progress) -> None:
    """The words by which changed names are found."""
    progress.phase(T("Names"))
    changed = session.execute(
        sa.text(
            """
            SELECT w.id, w.given_name, w.family_name, w.given_name_2, w.family_name_2
              FROM wanted_customers w LEFT JOIN former_customers c ON c.id = w.id
             WHERE (w.given_name, w.family_name, w.given_name_2, w.family_name_2)
                   IS DISTINCT FROM (c.given_name, c.family_name, c.given_name_2, c.family_name_2)
             ORDER BY w.id
            """
        ),
        execution_options={"yield_per": names.BATCH},
    )
    if names.keep_many(session, ((row[0], row[1:]) for row in changed)) >= names.BATCH:
        names.count_bearers(session)


def _write_cards(session: Session, *, now: dt.datetime) -> int:
    return _touching(
        session,
        """
        INSERT INTO cards (number, customer_id, issued_at) SELECT s.card, c.id, :now
          FROM staged_customers s JOIN customers c ON c.number = s.number
         WHERE s.card IS NOT NULL AND NOT EXISTS (SELECT FROM cards k WHERE k.number = s.card)
         ORDER BY s.line RETURNING customer_id
        """,
        {"now": now},
    )


def _write_memberships(session: Session, *, today: dt.date, now: dt.datetime, by: Actor) -> int:
    """Each with its first period and a points account."""
    staging.create(
        session,
        "new_memberships",
        "customer_id bigint, club_id integer, id bigint, account_id bigint, joined_on date, ends_before date",
    )
    joined = _touching(
        session,
        """
        INSERT INTO new_memberships
        SELECT c.id, j.club_id, nextval(pg_get_serial_sequence('memberships', 'id')),
               nextval(pg_get_serial_sequence('points_accounts', 'id')), j.joined_on, j.ends_before
          FROM staged_joins j JOIN staged_customers s USING (line) JOIN customers c ON c.number = s.number
         WHERE NOT EXISTS (SELECT FROM memberships m WHERE (m.customer_id, m.club_id) = (c.id, j.club_id))
        RETURNING customer_id
        """,
    )
    set_ends(session, on=today)
    run(session, "INSERT INTO points_accounts (customer_id, id) SELECT customer_id, account_id FROM new_memberships")
    run(
        session,
        """
        INSERT INTO memberships (customer_id, id, club_id, points_holder_id, points_account_id, joined_on)
        SELECT customer_id, id, club_id, customer_id, account_id, joined_on FROM new_memberships
        """,
    )
    run(
        session,
        """
        INSERT INTO membership_periods
               (customer_id, membership_id, period_no, validity, kind, at, staff_id, terminal_id, store_id)
        SELECT customer_id, id, 1, daterange(joined_on, ends_before), 'joining', :now, :staff, :terminal, :store
          FROM new_memberships
        """,
        {"now": now, "staff": by.staff_id, "terminal": by.terminal_id, "store": by.store_id},
    )
    return joined


def _write_classes(session: Session) -> None:
    _touching(
        session,
        """
        INSERT INTO customer_classifications AS k (customer_id, name, value) SELECT c.id, t.name, t.value
          FROM staged_classes t JOIN staged_customers s USING (line) JOIN customers c ON c.number = s.number
            ON CONFLICT (customer_id, name) DO UPDATE SET value = excluded.value WHERE k.value <> excluded.value
        RETURNING customer_id
        """,
    )


def _touching(session: Session, statement: str, given: dict[str, object] | None = None) -> int:
    """Run a statement that returns customers, mark their lines as taken, and give how many rows it wrote."""
    return rowcount(
        session,
        f"""
        WITH done AS ({statement})
        INSERT INTO touched_lines SELECT s.line FROM done JOIN customers c ON c.id = done.customer_id
          JOIN staged_customers s ON s.number = c.number
        """,
        given,
    )
