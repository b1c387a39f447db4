"""Taking a person out of all that is kept, so that only amounts are left.

The row of the customer stays, empty, since receipts and ledgers name it; so do the ledgers' rows, which name nobody.
"""

import datetime as dt
import html
import json
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, end_part, loss_of
from erp_club.clubs.commands import hold, is_part
from erp_club.clubs.households.commands import leave_with_nothing
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.models import Membership
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.customers.names.commands import erase_names
from erp_club.customers.queries import not_living
from erp_club.kernel import audit
from erp_club.people import errors
from erp_club.people.erasure import noted
from erp_club.people.erasure.queries import taken
from erp_club.people.erasure.words.commands import GONE_ANSWER, SET_GONE, empty_words, forget_answers, sweep
from erp_club.people.erasure.words.queries import relatives_of, secrets_of
from erp_club.people.erasure.words.scrubbing import Scrubber, Secrets
from erp_club.permissions.actors import Actor
from erp_club.points.commands import end_account
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount
from erp_club.points.rules import DROPPED

REASON = "Erased"
TOGETHER = 25
"""People for whom all that the chain tells is read once."""
SHORTEST = 3
"""Letters of a name that tells of somebody by itself; a shorter one stands in every text."""
EMPTY: dict[str, object] = {
    "given_name": "", "family_name": "", "id_kind": "none", "state": CustomerState.ERASED.value,
    **dict.fromkeys(("given_name_2", "family_name_2", "id_country", "id_sealed", "id_key", "id_hash", "id_ending",
                     "phone", "mobile", "email", "street", "postcode", "city", "country", "birthday", "anniversary",
                     "gender", "language", "home_store_id", "own_id", "consent_advertising", "consent_sms",
                     "consent_email", "consent_post")),
}  # fmt: skip
"""What the columns of somebody erased hold."""


@dataclass(frozen=True, slots=True)
class TakenOut:
    """Somebody whose own rows are empty: what else in the chain may tell of them (`forget`)."""

    ids: list[int]
    secrets: Secrets
    relatives: set[str]
    rare: list[str]
    """Names that nobody else bears."""


def erase_customer(
    session: Session, customer_id: int, *, points: int, today: dt.date, now: dt.datetime, by: Actor
) -> None:
    """Take a person out of everything, for good, with the records that became this one.

    `points` are those that were shown and confirmed. Once it is committed it is noted beside the database, so that a
    backup from before, once restored, is erased again. Raises NotFound, Refused `customer-merged`, Conflict
    `erasure-refused` with the reason while it may not be done, and `points-changed`.
    """
    forget(session, [take_out(session, customer_id, points=points, today=today, now=now, by=by)], now=now)


def take_out(
    session: Session, customer_id: int, *, points: int, today: dt.date, now: dt.datetime, by: Actor
) -> TakenOut:
    """The part of `erase_customer` that is about the person's own rows; `forget` has to follow, for many at once."""
    rows = _hold(session, customer_id)
    lost = taken(session, customer_id)
    if lost.obstacles:
        raise errors.not_erasable(lost.obstacles[0])
    if lost.points != points:
        raise errors.balance_changed(lost.points)
    gone = _take_out(session, rows, today=today, now=now, by=by)
    noted.note(session, gone.ids, now=now)
    return gone


def forget(session: Session, gone: Sequence[TakenOut], *, now: dt.datetime) -> None:
    """Take people whose own rows are empty out of all that the chain tells, which is read once for all of them."""
    if gone:
        scrubber = Scrubber(*(each.secrets for each in gone))
        forget_answers(session, scrubber, [(each.secrets, each.relatives) for each in gone])
        sweep(session, scrubber, [each for one in gone for each in one.ids], now=now)
        _forget_refusals(session, [name for each in gone for name in each.rare])


def erase_again(
    session: Session, ids: Collection[int], *, today: dt.date, now: dt.datetime, by: Actor
) -> tuple[int, list[int]]:
    """Erase those who were erased since the backup that was just restored; how many, and whom nobody can erase.

    Those are part of somebody now who wasn't erased: the backup is from between their merge and its undoing. Nothing
    stands in the way here, since it was done before.
    """
    states = {
        row.id: row
        for row in session.execute(
            sa.select(Customer.id, Customer.state, Customer.merged_into).where(Customer.id.in_(ids), Customer.id != 0)
        )
    }
    living = [each for each, row in states.items() if row.state == CustomerState.ACTIVE]
    for first in range(0, len(living), TOGETHER):
        some = sorted(living)[first : first + TOGETHER]
        gone = [_take_out(session, _hold(session, each), today=today, now=now, by=by) for each in some]
        forget(session, gone, now=now)
    left = [each for each, row in states.items() if row.state == CustomerState.MERGED and row.merged_into not in states]
    return len(living), sorted(left)


def _take_out(
    session: Session, rows: list[Mapping[str, Any]], *, today: dt.date, now: dt.datetime, by: Actor
) -> TakenOut:
    ids = [row["id"] for row in rows]
    secrets = secrets_of(session, rows)
    relatives = relatives_of(session, ids)
    empty_words(session, ids, now=now)
    _end_memberships(session, ids, Cause(MovementKind.ENDED, today, now, by, reason=REASON))
    for statement in _STATEMENTS:
        session.execute(statement, {"ids": ids, "numbers": [row["number"] for row in rows]})
    session.execute(
        sa.update(Customer)
        .where(Customer.id.in_(ids))
        .values(EMPTY | {"number": sa.func.concat("erased-", Customer.id), "changed_at": now})
    )
    for each in ids:
        audit.record(session, by=by, now=now, action="customer.erase", entity="customer", entity_id=each)
        audit.empty_values(session, each, now=now, by=by)
    return TakenOut(ids, secrets, relatives, erase_names(session, ids, sorted(secrets.given | secrets.family)))


def _hold(session: Session, customer_id: int) -> list[Mapping[str, Any]]:
    """The customer and whoever became this customer, locked."""
    statement = (
        sa.select(Customer.__table__)
        .where((Customer.id == customer_id) | (Customer.merged_into == customer_id))
        .order_by(Customer.id)
        .with_for_update()
    )
    rows: list[Mapping[str, Any]] = [dict(row) for row in session.execute(statement).mappings()]
    own = [row for row in rows if row["id"] == customer_id]
    if customer_id == 0 or not own or own[0]["state"] != CustomerState.ACTIVE:
        raise not_living(session, customer_id)
    return rows


def _end_memberships(session: Session, ids: list[int], cause: Cause) -> None:
    """No membership goes on, and no points are left to be used."""
    accounts = sa.select(PointsAccount.id, PointsAccount.customer_id).where(
        PointsAccount.customer_id.in_(ids), PointsAccount.heir_id.is_(None)
    )
    held = [Account(*row) for row in session.execute(accounts)]
    for account in held:
        end_account(session, account, policy=DROPPED, cause=cause)
    open_ones = sa.select(Membership.id).where(
        Membership.customer_id.in_(ids), Membership.state != MembershipState.ENDED
    )
    for membership_id in session.scalars(open_ones).all():
        leave_with_nothing(session, membership_id, cause=replace(cause, kind=MovementKind.TRANSFERRED))
        mine = hold(session, membership_id)
        if is_part(session, mine):  # its points went with the other one, perhaps to others who share them
            end_part(session, membership_id, on=cause.on, reason=REASON, now=cause.now, by=cause.by)
            continue
        stands_still = mine.state in {MembershipState.PAUSED, MembershipState.WAITING}
        if stands_still or any(span.holds(cause.on) for span in mine.spans):
            lost = loss_of(session, membership_id, on=cause.on).points
            end_membership(
                session, membership_id, on=cause.on, points_lost=lost, reason=REASON, today=cause.on, now=cause.now,
                by=cause.by,
            )  # fmt: skip
    for account in held:
        end_account(session, account, policy=DROPPED, cause=cause)


def _forget_refusals(session: Session, names: Collection[str]) -> None:
    """A refusal that repeats what somebody typed tells of the person by a name alone where nobody else bears it."""
    typed = [each.lower() for name in names if len(name) >= SHORTEST for each in _written(name)]
    if typed:
        session.execute(_REFUSALS, {"typed": typed} | GONE_ANSWER)


def _written(text: str) -> Iterator[str]:
    """A text as it stands in answers: plain, in HTML, in JSON."""
    yield from {text, html.escape(text), text.replace("'", "&#39;"), json.dumps(text, ensure_ascii=False)[1:-1]}


_REFUSALS = sa.text(
    f"{SET_GONE} CASE WHEN status BETWEEN 400 AND 499 THEN EXISTS (SELECT FROM unnest(CAST(:typed AS text[])) AS part "
    "WHERE strpos(lower(convert_from(answer, 'UTF8')), part) > 0) END"
)
_STATEMENTS = tuple(
    sa.text(statement)
    for statement in (
        "DELETE FROM customer_relatives WHERE customer_id = ANY(:ids) OR relative_id = ANY(:ids)",
        "DELETE FROM customer_classifications WHERE customer_id = ANY(:ids)",
        "DELETE FROM segment_customers WHERE customer_id = ANY(:ids)",
        "DELETE FROM suspected_pairs WHERE low_id = ANY(:ids) OR high_id = ANY(:ids)",
        "DELETE FROM cards WHERE customer_id = ANY(:ids)",
        "DELETE FROM exports",  # whatever stands in them can be asked for again
        "DELETE FROM quotes WHERE CAST(answer ->> 'customer_id' AS bigint) = ANY(:ids)",
        "UPDATE coupons SET state = 'blocked' WHERE customer_id = ANY(:ids) AND state = 'active'",
        "UPDATE customer_merges SET fields = '{}' WHERE survivor_id = ANY(:ids) OR merged_id = ANY(:ids)",
        """
        UPDATE points_programmes SET numbers = ARRAY(SELECT n FROM unnest(numbers) AS n WHERE n <> ALL(:numbers))
         WHERE numbers && CAST(:numbers AS text[])
        """,
    )
)
