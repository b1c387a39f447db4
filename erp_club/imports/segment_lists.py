"""Lists of customers from a file: each name a frozen segment, to which the customers of its rows are added."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress, rowcount, run
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import Actor
from erp_club.segments.commands import Settings, end_list, open_list

_FAULTS: tuple[tuple[str, Text, str], ...] = (
    (
        "customer_number",
        T("There is no customer with this number. Import the customers first."),
        """
        SELECT s.line, s.customer_number AS value, NULL::jsonb AS facts FROM staged_list s WHERE s.customer_id IS NULL
        """,
    ),
    (
        "segment",
        T("The segment %(name)s asks a question, and finds its customers itself. Give the list another name."),
        """
        SELECT s.line, s.segment AS value, jsonb_build_object('name', s.segment) AS facts
          FROM staged_list s JOIN segments g ON g.name = s.segment WHERE g.kind <> 'frozen'
        """,
    ),
    (
        "segment",
        T("The segment %(name)s is closed. Open it first, or give the list another name."),
        """
        SELECT s.line, s.segment AS value, jsonb_build_object('name', s.segment) AS facts
          FROM staged_list s JOIN segments g ON g.name = s.segment WHERE g.kind = 'frozen' AND g.state = 'closed'
        """,
    ),
)


def take(
    session: Session, reading: Reading, progress: Progress, *, now: dt.datetime, today: dt.date, by: Actor
) -> Outcome:
    """Read the whole file, then add its customers. Who is on a list already stays; nobody is taken off.

    A customer who was merged stands for the one they became.
    """
    read = _stage(session, reading, progress)
    progress.phase(T("Segments"))
    for column, why, rows in _FAULTS:
        staging.refuse_where(session, column, why, rows)
    run(session, "DELETE FROM staged_list WHERE line IN (SELECT line FROM import_refusals)")
    names = session.scalars(sa.text("SELECT DISTINCT segment FROM staged_list ORDER BY 1")).all()
    there = staging.number(session, "SELECT count(*) FROM segments WHERE name = ANY(:names)", {"names": list(names)})
    added = sum(_add(session, name, now=now, today=today, by=by) for name in names)
    refused, opened = staging.refused_rows(session), len(names) - there
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=added,
        unchanged=read - refused - added,
        refused=refused,
        warnings=reading.warnings,
        notes=told((opened, TN("%(num)s segment is new.", "%(num)s segments are new.", opened))),
    )


def _stage(session: Session, reading: Reading, progress: Progress) -> int:
    staging.create(session, "staged_list", "line bigint, segment text, customer_number text, customer_id bigint")
    read = staging.stage(session, "staged_list", reading, progress)
    run(
        session,
        """
        UPDATE staged_list s SET customer_id = c.id
          FROM customers n JOIN customers c ON c.id = coalesce(n.merged_into, n.id)
         WHERE n.number = s.customer_number AND n.id <> 0 AND c.state = 'active'
        """,
    )
    return read


def _add(session: Session, name: str, *, now: dt.datetime, today: dt.date, by: Actor) -> int:
    segment_id = open_list(session, Settings(name), now=now, by=by)
    added = rowcount(
        session,
        """
        INSERT INTO segment_customers (customer_id, segment_id)
        SELECT DISTINCT s.customer_id, CAST(:segment AS integer) FROM staged_list s WHERE s.segment = :name
            ON CONFLICT DO NOTHING
        """,
        {"segment": segment_id, "name": name},
    )
    if added:
        end_list(session, segment_id, name, added, today=today, now=now, by=by)
    return added
