"""Member cards from a file: each handed out to the customer of its row, or set to the row's club and state."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress, rowcount, run
from erp_club.imports.trace import leave_traces
from erp_club.kernel.text import TN, T, Text
from erp_club.permissions.actors import Actor

_FAULTS: tuple[tuple[str, Text, str], ...] = (
    (
        "customer_number",
        T("There is no customer with this number. Import the customers first."),
        """
        SELECT s.line, s.customer_number AS value, NULL::jsonb AS facts FROM staged_cards s WHERE s.customer_id IS NULL
        """,
    ),
    (
        "club",
        T("There is no club with the code %(club)s."),
        """
        SELECT s.line, s.club AS value, jsonb_build_object('club', s.club) AS facts FROM staged_cards s
         WHERE s.club IS NOT NULL AND s.club_id IS NULL
        """,
    ),
    (
        "card",
        T("Customer %(number)s has this card. Correct the row, or that customer."),
        """
        SELECT s.line, s.card AS value, jsonb_build_object('number', h.number) AS facts
          FROM staged_cards s JOIN cards k ON k.number = s.card JOIN customers h ON h.id = k.customer_id
         WHERE k.customer_id <> s.customer_id
        """,
    ),
    (
        "state",
        T("This card was replaced, and stays so. Leave the row out."),
        """
        SELECT s.line, s.state AS value, NULL::jsonb AS facts
          FROM staged_cards s JOIN cards k ON k.number = s.card
         WHERE k.customer_id = s.customer_id AND k.state = 'replaced' AND s.state <> 'replaced'
        """,
    ),
)
_OTHER = "(k.club_id, k.state) IS DISTINCT FROM (s.club_id, s.state)"


def take(session: Session, reading: Reading, progress: Progress, *, now: dt.datetime, by: Actor) -> Outcome:
    """Read the whole file, then hand out its cards and change those that are there.

    A customer who was merged stands for the one they became. A row without a club makes the card hold in every club of
    its customer; without a state it is active.
    """
    read = _stage(session, reading, progress)
    progress.phase(T("Cards"))
    # Nobody replaces or blocks these cards meanwhile.
    run(session, "SELECT FROM cards WHERE number IN (SELECT card FROM staged_cards) ORDER BY number FOR NO KEY UPDATE")
    for column, why, rows in _FAULTS:
        staging.refuse_where(session, column, why, rows)
    run(session, "DELETE FROM staged_cards WHERE line IN (SELECT line FROM import_refusals)")
    added, changed = _write(session, now=now, by=by)
    refused = staging.refused_rows(session)
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=added + changed,
        unchanged=read - refused - added - changed,
        refused=refused,
        warnings=reading.warnings,
        notes=told(
            (added, TN("%(num)s card is new.", "%(num)s cards are new.", added)),
            (changed, TN("%(num)s card has changed.", "%(num)s cards have changed.", changed)),
        ),
    )


def _stage(session: Session, reading: Reading, progress: Progress) -> int:
    staging.create(
        session,
        "staged_cards",
        "line bigint, card text, customer_number text, club text, state text, customer_id bigint, club_id integer",
    )
    read = staging.stage(session, "staged_cards", reading, progress)
    run(
        session,
        """
        UPDATE staged_cards s SET state = coalesce(s.state, 'active'), club_id = b.id, customer_id = c.id
          FROM staged_cards o LEFT JOIN clubs b ON b.code = o.club
          LEFT JOIN customers n ON n.number = o.customer_number AND n.id <> 0
          LEFT JOIN customers c ON c.id = coalesce(n.merged_into, n.id) AND c.state = 'active'
         WHERE o.line = s.line
        """,
    )
    return read


def _write(session: Session, *, now: dt.datetime, by: Actor) -> tuple[int, int]:
    """Hand out the new cards and set those that are there to what the file says; gives how many of each."""
    leave_traces(
        session,
        f"""
        SELECT s.customer_id, CASE WHEN k.id IS NULL THEN 'card.issue' ELSE 'card.change' END AS action,
               CASE WHEN k.id IS NOT NULL
                    THEN jsonb_build_object('card', k.number, 'club_id', k.club_id, 'state', k.state) END AS before,
               jsonb_build_object('card', s.card, 'club_id', s.club_id, 'state', s.state) AS after
          FROM staged_cards s LEFT JOIN cards k ON k.number = s.card WHERE k.id IS NULL OR {_OTHER}
        """,
        now=now,
        by=by,
    )
    changed = rowcount(
        session,
        f"""
        UPDATE cards k SET club_id = s.club_id, state = s.state FROM staged_cards s
         WHERE k.number = s.card AND {_OTHER}
        """,
    )
    added = rowcount(
        session,
        """
        INSERT INTO cards (number, customer_id, club_id, state, issued_at)
        SELECT s.card, s.customer_id, s.club_id, s.state, :now FROM staged_cards s
         WHERE NOT EXISTS (SELECT FROM cards k WHERE k.number = s.card) ORDER BY s.line
        """,
        {"now": now},
    )
    return added, changed
