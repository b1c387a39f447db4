"""What a merge would do: the two side by side, and what moves."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.households.errors import frozen, two_households
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.text import Text
from erp_club.people import errors
from erp_club.people.models import CustomerMerge
from erp_club.points.units import Unit, unit_of


@dataclass(frozen=True, slots=True)
class ClubMove:
    """What becomes of one membership of the other's. `both`: the survivor is in the club too, and the days are joined.

    `points` come over. `obstacle` is what is to be settled before, since the merge would be refused.
    """

    club: dict[str, str]
    both: bool
    points: int
    unit: Unit
    obstacle: Text | None


@dataclass(frozen=True, slots=True)
class Moves:
    """What a merge moves to the survivor, and what stays under the old number and is shown with the survivor's."""

    cards: int
    coupons: int
    relatives: int
    own_fields: int
    receipts: int
    clubs: tuple[ClubMove, ...]


@dataclass(frozen=True, slots=True)
class MergeRow:
    """A merge that stands or was undone, with the other's number."""

    id: int
    survivor_id: int
    merged_id: int
    number: str
    at: Any
    by: str
    undone_at: Any
    undone_by: str | None


def living(session: Session, number: str) -> int:
    """The living customer of a number. Raises Invalid at the field `merged`."""
    found = session.scalar(
        sa.select(Customer.id).where(
            Customer.number.in_((number.strip(), number.strip().upper())),
            Customer.state == CustomerState.ACTIVE,
            Customer.id != UNIDENTIFIED,
        )
    )
    if found is None:
        raise errors.no_such_customer()
    return found


def moves(session: Session, survivor_id: int, merged_id: int) -> Moves:
    """What would move from the one to the other."""
    given = {"merged": merged_id, "survivor": survivor_id}
    counts = session.execute(_COUNTS, given).one()
    clubs = session.execute(_CLUBS, given)
    return Moves(
        *counts,
        clubs=tuple(ClubMove(row.names, row.both, row.points, unit_of(row.unit), _obstacle(row)) for row in clubs),
    )


def _obstacle(row: sa.Row[Any]) -> Text | None:
    """What `move_memberships` would refuse, in the order in which it looks."""
    found = (
        (row.apart, two_households()),
        (row.frozen, frozen()),
        (row.paused, errors.paused_membership()),
        (row.unpaid, errors.unpaid_membership()),
    )
    return next((refusal.text for hinders, refusal in found if hinders), None) if row.both else None


def merges_of(session: Session, customer_id: int) -> list[MergeRow]:
    """Who became this customer, the latest first, undone ones too."""
    rows = session.execute(
        sa.select(
            CustomerMerge.id,
            CustomerMerge.survivor_id,
            CustomerMerge.merged_id,
            Customer.number,
            CustomerMerge.at,
            CustomerMerge.by,
            CustomerMerge.undone_at,
            CustomerMerge.undone_by,
        )
        .join(Customer, Customer.id == CustomerMerge.merged_id)
        .where(CustomerMerge.survivor_id == customer_id)
        .order_by(CustomerMerge.id.desc())
    )
    return [MergeRow(*row) for row in rows]


def merge(session: Session, merge_id: int) -> MergeRow:
    """One merge. Raises NotFound."""
    survivor = session.scalar(sa.select(CustomerMerge.survivor_id).where(CustomerMerge.id == merge_id))
    found = [each for each in merges_of(session, survivor) if each.id == merge_id] if survivor is not None else []
    if not found:
        raise errors.unknown_merge()
    return found[0]


_COUNTS = sa.text(
    """
    SELECT (SELECT count(*) FROM cards WHERE customer_id = :merged),
           (SELECT count(*) FROM coupons WHERE customer_id = :merged),
           (SELECT count(*) FROM customer_relatives WHERE customer_id = :merged OR relative_id = :merged),
           (SELECT count(*) FROM customer_classifications c WHERE customer_id = :merged AND NOT EXISTS (
             SELECT FROM customer_classifications o WHERE o.customer_id = :survivor AND o.name = c.name)),
           (SELECT count(*) FROM receipts WHERE customer_id = :merged)
    """
)
# A place in a household goes along; the account of whoever takes it has to be open.
_CLUBS = sa.text(
    """
    SELECT c.names, s.customer_id IS NOT NULL AS both, coalesce(a.balance, 0) AS points, c.unit,
           p.household_id <> q.household_id AS apart,
           p.household_id IS NOT NULL AND q.household_id IS NULL AND EXISTS (
             SELECT FROM points_accounts f
              WHERE ((f.customer_id, f.id) = (m.points_holder_id, m.points_account_id)
                     OR (f.customer_id, f.id) = (s.points_holder_id, s.points_account_id))
                AND f.state <> 'open') AS frozen,
           m.state = 'paused' OR s.state = 'paused' AS paused,
           m.state = 'waiting' OR s.state = 'waiting' OR EXISTS (
             SELECT FROM membership_fees f WHERE f.membership_id IN (m.id, s.id) AND f.state = 'due') AS unpaid
      FROM memberships m JOIN clubs c ON c.id = m.club_id
      LEFT JOIN points_accounts a ON a.customer_id = m.customer_id AND a.id = m.points_account_id
      LEFT JOIN memberships s ON s.customer_id = :survivor AND s.club_id = m.club_id
      LEFT JOIN household_places p ON p.membership_id = m.id AND p.left_at IS NULL
      LEFT JOIN household_places q ON q.membership_id = s.id AND q.left_at IS NULL
     WHERE m.customer_id = :merged ORDER BY c.code
    """
)


def standing_at(session: Session, merge: CustomerMerge) -> list[tuple[dict[str, Any], dt.datetime]]:
    """What this merge moved and when, and before it the same of those into the same customer that were undone since."""
    asked = sa.select(CustomerMerge.moved, CustomerMerge.at).where(
        CustomerMerge.survivor_id == merge.survivor_id,
        CustomerMerge.id <= merge.id,
        sa.or_(CustomerMerge.id == merge.id, CustomerMerge.undone_at > merge.at),
    )
    return [(row.moved, row.at) for row in session.execute(asked.order_by(CustomerMerge.id.desc()))]
