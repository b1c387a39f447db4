"""Terms that slide with imported purchases, as they would have with the same ones at a till."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.commands import hold
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.membership import AgeTerm, DateTerm, MonthsTerm, SlidingTerm
from erp_club.programmes.engine.renew import first_term
from erp_club.programmes.queries import programme_in_force, versions_of
from erp_club.programmes.standings.commands import LookCause
from erp_club.programmes.terms.commands import Sliding, move_on
from erp_club.programmes.terms.queries import term_on
from erp_club.purchases.fees.queries import born_of


def move_terms(session: Session, clubs: list[int], *, now: dt.datetime, by: Actor) -> None:
    """Move the ends of memberships in those of these clubs whose terms slide, by `new_receipts`, oldest first."""
    for club_id in clubs:
        versions = versions_of(session, club_id)
        if not any(isinstance(each.programme.term, SlidingTerm) for each in versions):
            continue
        for row in session.execute(_BOUGHT, {"club": club_id}).all():
            term = term_on(versions, row.sold_on)
            if term is not None:
                bought = LookCause(
                    LevelCause.PURCHASE,
                    row.sold_on,
                    now,
                    by,
                    receipt_id=row.id,
                    receipt_customer_id=row.customer_id,
                )
                move_on(session, [Sliding(hold(session, row.membership_id), term)], row.amount_minor, bought)


def set_ends(session: Session, *, on: dt.date) -> None:
    """Give `new_memberships` the ends that joining gives where more than a number of months says them.

    That is a day of each year, the end of a month, or an age: of the customer, or of the youngest child that is known.
    """
    for club_id in session.scalars(sa.text("SELECT DISTINCT club_id FROM new_memberships")).all():
        programme = programme_in_force(session, club_id, on)
        if programme is None or not isinstance(programme.term, AgeTerm | DateTerm | MonthsTerm):
            continue
        ends: list[dict[str, object]] = []
        for row in session.execute(_JOINED, {"club": club_id}).all():
            last = first_term(programme, row.joined_on, born_of(session, programme, row.customer_id)).last
            ends.append({"id": row.id, "before": None if last is None else last + dt.timedelta(days=1)})
        session.execute(sa.text("UPDATE new_memberships SET ends_before = :before WHERE id = :id"), ends)


_JOINED = sa.text("SELECT id, customer_id, joined_on FROM new_memberships WHERE club_id = :club")


_BOUGHT = sa.text("""
    SELECT m.id AS membership_id, r.customer_id, r.id, r.sold_on, r.amount_minor
      FROM new_receipts r JOIN memberships m ON m.customer_id = r.customer_id AND m.club_id = :club
     WHERE m.state = 'open' AND r.amount_minor > 0
     ORDER BY m.id, r.sold_on, r.id
""")
