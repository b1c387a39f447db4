"""Putting memberships on one account, and on their own again: what any household does, whatever its club's rules say.

Whoever changes a household has its main membership locked (`clubs.commands.hold`), so that of two changes at once the
second one sees the first; of two memberships, the one with the lower id is locked first. Points move by pairs of
movements that keep their days. The account that gave all it had names the shared one as its heir, and what belongs to
it later goes there.
"""

from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from erp_club.clubs.commands import Held, hold
from erp_club.clubs.households import errors, queries
from erp_club.clubs.households.models import Household, HouseholdPlace
from erp_club.clubs.households.queries import PlaceRow
from erp_club.clubs.models import Membership
from erp_club.customers.queries import family_of
from erp_club.kernel import audit
from erp_club.points.commands import revive_account, set_heir, transfer_debt, transfer_points
from erp_club.points.expiry.commands import end_idle
from erp_club.points.kinds import AccountState
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.models import PointsAccount
from erp_club.points.moves.commands import carry_standing, lives_in


@dataclass(frozen=True, slots=True)
class Share:
    """What a leaver takes along: points, or a part of the debt. `own`: what they bought is settled with them."""

    points: int = 0
    debt: int = 0
    own: bool = False


NOTHING = Share()


def hold_two(session: Session, one: int, other: int) -> tuple[Held, Held]:
    """Both memberships, locked in the order of their ids. Raises NotFound."""
    held = {each: hold(session, each) for each in sorted({one, other})}
    return held[one], held[other]


def link(session: Session, main: Held, other: Held, *, cause: Cause) -> int:
    """Let `other` share the account of `main`, both held: its points and debt go there. Gives the household.

    Raises Conflict `linked-already`, `same-membership`, `household-not-main`, `points-frozen`.
    """
    place = queries.place_of(session, main.membership_id)
    if queries.place_of(session, other.membership_id) is not None:
        raise errors.linked_already()
    # A record that became another customer leaves a membership on that one's account: it shares nothing of its own.
    if main.account == other.account:
        raise errors.oneself()
    if main.account.holder_id != main.customer_id or (place is not None and not place.is_main):
        raise errors.not_main()
    accounts = {each: hold_account(session, each) for each in sorted((main.account, other.account))}
    if any(each.state is not AccountState.OPEN for each in accounts.values()):
        raise errors.frozen()
    household_id = _begin(session, main, cause) if place is None else place.household_id
    moving = replace(cause, customer_id=other.customer_id)
    end_idle(session, [(each.holder_id, each.id) for each in accounts], on=cause.on, now=cause.now, by=cause.by)
    transfer_points(session, other.account, main.account, cause=moving)
    carry_standing(session, other.account, main.account)
    set_heir(session, other.account, main.account)
    _point(session, [other.membership_id], main.account)
    _take_place(session, household_id, other, cause, own=other.account)
    _tell(session, "household.link", household_id, main, other, cause)
    return household_id


def unlink(session: Session, main: Held, other: Held, share: Share, *, cause: Cause) -> None:
    """Let a member who isn't the main one go on alone with this share; the last one left is alone as well.

    Both are held. Raises Conflict `not-linked`, `household-main`.
    """
    place = queries.place_of(session, other.membership_id)
    if place is None:
        raise errors.not_linked()
    if place.is_main:
        raise errors.main_stays()
    own = _own_account(session, place, other)
    moving = replace(cause, customer_id=other.customer_id)
    set_heir(session, own, None)
    revive_account(session, own)
    carry_standing(session, main.account, own)
    if share.points:
        transfer_points(session, main.account, own, points=share.points, pending=True, cause=moving)
    if share.debt:
        transfer_debt(session, main.account, own, share.debt, cause=moving)
    if share.own:
        family = session.scalars(family_of(other.customer_id)).all()
        lives_in(session, main.account, own, of=family, now=cause.now)
    else:
        lives_in(session, own, main.account, now=cause.now)
    _point(session, [other.membership_id], own)
    _leave_place(session, place, cause)
    if len(queries.places_of(session, place.household_id)) < 2:
        _end(session, place.household_id, cause)
    _tell(session, "household.leave", place.household_id, main, other, cause)


def hand_over(session: Session, main: Held, other: Held, *, cause: Cause) -> tuple[Account, Account]:
    """Make another member the main one, on whose account all are from now on: the old and the new one. Both are held.

    Raises Conflict `not-linked`, `household-not-main`.
    """
    before, after = queries.place_of(session, main.membership_id), queries.place_of(session, other.membership_id)
    if before is None or after is None or before.household_id != after.household_id:
        raise errors.not_linked()
    if not before.is_main:
        raise errors.not_main()
    source, target = main.account, _own_account(session, after, other)
    set_heir(session, target, None)
    transfer_points(session, source, target, cause=cause)
    carry_standing(session, source, target, whole=True)
    set_heir(session, source, target)
    session.execute(
        sa.update(Membership)
        .where(Membership.points_holder_id == source.holder_id, Membership.points_account_id == source.id)
        .values(points_holder_id=target.holder_id, points_account_id=target.id)
    )
    for place in (before, after):
        _leave_place(session, place, cause)
    _take_place(session, before.household_id, main, cause, own=source, may_redeem=True)
    _take_place(session, before.household_id, other, cause, own=target, is_main=True)
    _tell(session, "household.lead", before.household_id, main, other, cause)
    return source, target


def let_redeem(session: Session, main: Held, other: Held, may_redeem: bool, *, cause: Cause) -> None:
    """Say whether a member may use the points, where the club leaves it to the main one. Raises Conflict."""
    place = queries.place_of(session, other.membership_id)
    if place is None:
        raise errors.not_linked()
    session.execute(
        sa.update(HouseholdPlace)
        .where(HouseholdPlace.household_id == place.household_id, HouseholdPlace.place_no == place.place_no)
        .values(may_redeem=may_redeem)
    )
    _tell(session, "household.redeemers", place.household_id, main, other, cause, may_redeem=may_redeem)


def leave_with_nothing(session: Session, membership_id: int, *, cause: Cause) -> None:
    """A membership that ends leaves its household, if it is in one. Raises Conflict `household-main`."""
    place = queries.place_of(session, membership_id)
    if place is None:
        return
    if place.is_main:
        raise errors.main_stays()
    main = queries.places_of(session, place.household_id)[0]
    unlink(session, *hold_two(session, main.membership_id, membership_id), NOTHING, cause=cause)


def give_place(session: Session, source_id: int, target_id: int, *, cause: Cause) -> PlaceRow | None:
    """Of two memberships of one person, of which the source goes: let the other one have its place in the household.

    Gives that place; None where the source had none. Raises Conflict `two-households`, `points-frozen`.
    """
    place, own = queries.place_of(session, source_id), queries.place_of(session, target_id)
    if place is None:
        return None
    if own is not None and own.household_id != place.household_id:
        raise errors.two_households()
    main_id = queries.places_of(session, place.household_id)[0].membership_id
    if own is None:
        link(session, *hold_two(session, main_id, target_id), cause=cause)
    if place.is_main:
        hand_over(session, *hold_two(session, source_id, target_id), cause=cause)
        main_id = target_id
    unlink(session, *hold_two(session, main_id, source_id), NOTHING, cause=cause)
    return place


def _begin(session: Session, main: Held, cause: Cause) -> int:
    household_id = session.execute(
        sa.insert(Household).values(club_id=main.club_id, began_on=cause.on).returning(Household.id)
    ).scalar_one()
    _take_place(session, household_id, main, cause, own=main.account, is_main=True)
    return household_id


def _take_place(
    session: Session,
    household_id: int,
    of: Held,
    cause: Cause,
    *,
    own: Account,
    is_main: bool = False,
    may_redeem: bool = False,
) -> None:
    last = sa.select(sa.func.count() + 1).where(HouseholdPlace.household_id == household_id)
    session.execute(
        sa.insert(HouseholdPlace).values(
            household_id=household_id,
            place_no=last.scalar_subquery(),
            customer_id=of.customer_id,
            membership_id=of.membership_id,
            is_main=is_main,
            may_redeem=may_redeem,
            held=Range(cause.on, None),
            own_holder_id=own.holder_id,
            own_account_id=own.id,
            at=cause.now,
            by=cause.by.name,
        )
    )


def _leave_place(session: Session, place: PlaceRow, cause: Cause) -> None:
    """The first day without is the store's; one that was taken on a later date of another store has no days."""
    began = sa.func.lower(HouseholdPlace.held)
    session.execute(
        sa.update(HouseholdPlace)
        .where(HouseholdPlace.household_id == place.household_id, HouseholdPlace.place_no == place.place_no)
        .values(
            held=sa.func.daterange(began, sa.func.greatest(began, cause.on)), left_at=cause.now, left_by=cause.by.name
        )
    )


def _end(session: Session, household_id: int, cause: Cause) -> None:
    for place in queries.places_of(session, household_id):
        _leave_place(session, place, cause)
    session.execute(
        sa.update(Household)
        .where(Household.id == household_id)
        .values(ended_on=sa.func.greatest(Household.began_on, cause.on))
    )


def _own_account(session: Session, place: PlaceRow, of: Held) -> Account:
    """The account that waits for the membership; a new one where a merge gave the membership to somebody else."""
    row = session.execute(
        sa.select(HouseholdPlace.own_holder_id, HouseholdPlace.own_account_id).where(
            HouseholdPlace.household_id == place.household_id, HouseholdPlace.place_no == place.place_no
        )
    ).one()
    if row.own_holder_id == of.customer_id and row.own_account_id != of.account.id:
        return Account(row.own_account_id, row.own_holder_id)
    made = sa.insert(PointsAccount).values(customer_id=of.customer_id).returning(PointsAccount.id)
    return Account(session.execute(made).scalar_one(), of.customer_id)


def _point(session: Session, memberships: list[int], account: Account) -> None:
    session.execute(
        sa.update(Membership)
        .where(Membership.id.in_(memberships))
        .values(points_holder_id=account.holder_id, points_account_id=account.id)
    )


def _tell(
    session: Session, action: str, household_id: int, main: Held, other: Held, cause: Cause, **more: object
) -> None:
    """In the history of both."""
    after = {"household_id": household_id, "main": main.membership_id, "membership_id": other.membership_id, **more}
    for customer_id in sorted({main.customer_id, other.customer_id}):
        audit.record(
            session, by=cause.by, now=cause.now, action=action, entity="customer", entity_id=customer_id, after=after
        )
