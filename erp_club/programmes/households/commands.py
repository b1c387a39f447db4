"""Linking memberships into a household as the club's programme says: who, how many, and what a leaver takes along."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs import errors as club_errors
from erp_club.clubs.commands import Held, hold, is_part
from erp_club.clubs.households import commands as households
from erp_club.clubs.households import errors, queries
from erp_club.clubs.households.commands import NOTHING, Share, hold_two
from erp_club.clubs.households.kinds import InvitationState
from erp_club.clubs.households.models import HouseholdInvitation
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from erp_club.permissions.rules import Asked, Outcome, Rule
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.programmes.engine.membership import Household, Leaver, Redeems
from erp_club.programmes.engine.renew import may_not_share
from erp_club.programmes.households.queries import own_points, persons, rule_of
from erp_club.programmes.standings.commands import LookCause, look

LINKED, LEFT, LED = "Linked memberships", "Left the household", "Another main member"


@dataclass(frozen=True, slots=True)
class When:
    """The store's date, the moment, and who does it."""

    today: dt.date
    now: dt.datetime
    by: Actor

    def cause(self, reason: str) -> Cause:
        """Why points go from one account to another."""
        return Cause(MovementKind.TRANSFERRED, self.today, self.now, self.by, reason=reason)


def link_members(session: Session, main_id: int, other_id: int, *, when: When) -> int:
    """Let a membership share the account of another one at once, both persons agreeing. Gives the household.

    Raises NotFound, Conflict where the programme or what is there keeps them from it (`clubs.households.errors`).
    """
    main, other, rule = _two(session, main_id, other_id, Permission.HOUSEHOLDS_LINK, when)
    return _link(session, main, other, rule, when)


def invite(session: Session, main_id: int, other_id: int, *, when: When) -> int:
    """Ask a membership into the household of another one, for as long as the programme says. Gives the invitation.

    Raises as `link_members`, and Conflict `invited-already`.
    """
    main, other, rule = _two(session, main_id, other_id, Permission.HOUSEHOLDS_INVITE, when)
    _check(session, main, other, rule, when)
    _close_run_out(session, main_id, other_id, when)
    last = None if rule.invitation_days is None else when.today + dt.timedelta(days=rule.invitation_days)
    made = session.scalar(
        insert(HouseholdInvitation)
        .values(
            main_customer_id=main.customer_id,
            main_membership_id=main_id,
            customer_id=other.customer_id,
            membership_id=other_id,
            last_day=last,
            at=when.now,
            by=when.by.name,
        )
        .on_conflict_do_nothing()
        .returning(HouseholdInvitation.id)
    )
    if made is None:
        raise errors.invited_already()
    _tell(session, "household.invite", made, main.customer_id, other.customer_id, when)
    return made


def answer(session: Session, invitation_id: int, state: InvitationState, *, when: When) -> None:
    """Accept or refuse an invitation, or take it back. Raises NotFound, Conflict, and as `link_members` to accept."""
    asked = session.scalars(sa.select(HouseholdInvitation).where(HouseholdInvitation.id == invitation_id)).one_or_none()
    if asked is None:
        raise errors.no_invitation()
    withdrawn = state is InvitationState.WITHDRAWN
    permission = Permission.HOUSEHOLDS_INVITE if withdrawn else Permission.HOUSEHOLDS_ANSWER
    main, other = _hold(session, asked.main_membership_id, asked.membership_id, permission, when.by)
    session.refresh(asked, with_for_update=True)
    if asked.state != InvitationState.OPEN:
        raise errors.answered()
    if state is InvitationState.ACCEPTED:
        if asked.last_day is not None and asked.last_day < when.today:
            raise errors.run_out()
        _link(session, main, other, _rule(session, main, when), when)
    asked.state, asked.answered_at, asked.answered_by = state, when.now, when.by.name
    session.flush()
    _tell(session, f"household.{state.value}", invitation_id, main.customer_id, other.customer_id, when)


def leave(session: Session, membership_id: int, *, when: When) -> Share:
    """Let a member go on alone, with what the programme lets a leaver take along. Raises Conflict `household-main`."""
    main, other = _with_main(session, membership_id, Permission.HOUSEHOLDS_LEAVE, when.by)
    share = _share(session, main, other, when)
    households.unlink(session, main, other, share, cause=when.cause(LEFT))
    after = hold(session, membership_id)
    _look(session, (main.account, after.account), when)
    return share


def lead(session: Session, membership_id: int, *, when: When) -> None:
    """Make a member the main one. Raises NotFound, Conflict `not-linked`, `household-not-main`."""
    main, other = _with_main(session, membership_id, Permission.HOUSEHOLDS_LEAD, when.by)
    if not _holds(other, when.today):
        raise errors.not_held()
    source, target = households.hand_over(session, main, other, cause=when.cause(LED))
    moved = {"source": source.holder_id, "of": source.id, "target": target.holder_id, "id": target.id}
    session.execute(_SETTLEMENTS, moved)
    _look(session, (target,), when)


def let_redeem(session: Session, membership_id: int, may_redeem: bool, *, when: When) -> None:
    """Say whether a member may use the points, where the programme leaves it to the main one.

    Raises Conflict `household-redeemers` where the programme itself says it.
    """
    main, other = _with_main(session, membership_id, Permission.HOUSEHOLDS_LEAD, when.by)
    if _rule(session, main, when).redeems is not Redeems.NAMED:
        raise errors.all_may()
    households.let_redeem(session, main, other, may_redeem, cause=when.cause(LED))


def share_of(session: Session, membership_id: int, *, when: When) -> Share:
    """What leaving would take along today; the accounts are held until the transaction ends."""
    main, other = _with_main(session, membership_id, Permission.HOUSEHOLDS_LEAVE, when.by)
    return _share(session, main, other, when)


def _share(session: Session, main: Held, other: Held, when: When) -> Share:
    rule = rule_of(session, main.club_id, on=when.today)
    leaver = Leaver.NOTHING if rule is None else rule.leaver
    if leaver is Leaver.NOTHING:
        return NOTHING
    held = hold_account(session, main.account)
    alive = sum(lot.remaining for lot in held.lots if not lot.expired(when.today))
    if leaver is Leaver.EQUAL_SHARE:
        place = queries.place_of(session, other.membership_id)
        number = len(queries.places_of(session, place.household_id)) if place is not None else 1
        return Share(alive // number, held.debt // number, own=True)
    own = own_points(session, main.account, other.customer_id)
    return Share(min(max(own, 0), alive), min(max(-own, 0), held.debt), own=True)


def _link(session: Session, main: Held, other: Held, rule: Household, when: When) -> int:
    _check(session, main, other, rule, when)
    household_id = households.link(session, main, other, cause=when.cause(LINKED))
    _look(session, (main.account,), when)
    return household_id


def _check(session: Session, main: Held, other: Held, rule: Household, when: When) -> None:
    """Raises Conflict where the two can't share now."""
    if queries.place_of(session, other.membership_id) is not None:
        raise errors.linked_already()
    place = queries.place_of(session, main.membership_id)
    if place is not None and not place.is_main:
        raise errors.not_main()
    if not _holds(main, when.today) or not _holds(other, when.today):
        raise errors.not_held()
    there = [] if place is None else queries.places_of(session, place.household_id)
    ids = [main.customer_id, *(each.customer_id for each in there if not each.is_main)]
    known = persons(session, [*ids, other.customer_id], on=when.today)
    members = tuple(known[each] for each in ids)
    hinders = may_not_share(rule, members[0], members, known[other.customer_id])
    if "household.most_persons" in hinders:
        raise errors.full(rule.most_persons)
    if "household.same_address" in hinders:
        raise errors.other_address()
    if hinders:
        raise errors.too_young(rule.min_age or 0)


def _two(
    session: Session, main_id: int, other_id: int, permission: Permission, when: When
) -> tuple[Held, Held, Household]:
    if main_id == other_id:
        raise errors.oneself()
    main, other = _hold(session, main_id, other_id, permission, when.by)
    return main, other, _rule(session, main, when)


def _hold(session: Session, main_id: int, other_id: int, permission: Permission, by: Actor) -> tuple[Held, Held]:
    main, other = hold_two(session, main_id, other_id)
    _permit(main, permission, by)
    if is_part(session, main) or is_part(session, other):
        raise club_errors.part_of_another()
    if main.club_id != other.club_id:
        raise errors.other_club()
    return main, other


def _with_main(session: Session, membership_id: int, permission: Permission, by: Actor) -> tuple[Held, Held]:
    """A member of a household and its main one, held. Raises Conflict `not-linked`, `household-main`."""
    place = queries.place_of(session, membership_id)
    if place is None:
        _permit(hold(session, membership_id), permission, by)
        raise errors.not_linked()
    if place.is_main:
        raise errors.main_stays()
    main = queries.places_of(session, place.household_id)[0]
    held = _hold(session, main.membership_id, membership_id, permission, by)
    again = queries.place_of(session, main.membership_id)
    if again is None or not again.is_main or again.household_id != place.household_id:
        raise club_errors.changed_meanwhile()
    return held


def _permit(held: Held, permission: Permission, by: Actor) -> None:
    """Raises NotFound in a club that isn't theirs, Forbidden for who may not: joining a household comes here, too."""
    decision = by.decide(permission, Asked(club_id=held.club_id))
    if decision.rule is Rule.OTHER_CLUB:
        raise club_errors.no_membership()
    if decision.outcome is Outcome.REFUSED:
        raise not_permitted(permission, decision)


def _rule(session: Session, main: Held, when: When) -> Household:
    rule = rule_of(session, main.club_id, on=when.today)
    if rule is None:
        raise errors.no_rule()
    return rule


def _holds(held: Held, today: dt.date) -> bool:
    return held.state is MembershipState.OPEN and any(span.holds(today) for span in held.spans)


def _close_run_out(session: Session, main_id: int, other_id: int, when: When) -> None:
    """An invitation that nobody answered in time makes place for another one."""
    session.execute(
        sa.update(HouseholdInvitation)
        .where(
            HouseholdInvitation.main_membership_id == main_id,
            HouseholdInvitation.membership_id == other_id,
            HouseholdInvitation.state == InvitationState.OPEN,
            HouseholdInvitation.last_day < when.today,
        )
        .values(state=InvitationState.WITHDRAWN, answered_at=when.now, answered_by=when.by.name)
    )


def _look(session: Session, accounts: tuple[Account, ...], when: When) -> None:
    """The level of all follows from who shares the account now."""
    keys = sorted((each.holder_id, each.id) for each in accounts)
    look(session, keys, LookCause(LevelCause.HOUSEHOLD, when.today, when.now, when.by))


def _tell(session: Session, action: str, invitation_id: int, main: int, other: int, when: When) -> None:
    for customer_id in sorted({main, other}):
        audit.record(
            session,
            by=when.by,
            now=when.now,
            action=action,
            entity="customer",
            entity_id=customer_id,
            after={"invitation_id": invitation_id},
        )


_SETTLEMENTS = sa.text(
    """
    UPDATE period_settlements s SET customer_id = :target, account_id = :id
     WHERE s.customer_id = :source AND s.account_id = :of AND NOT EXISTS (
        SELECT FROM period_settlements o
         WHERE o.account_id = :id AND (o.club_id, o.rule, o.last_on) = (s.club_id, s.rule, s.last_on)
           AND o.state <> 'undone' AND s.state <> 'undone' AND o.taken_seq IS NULL AND s.taken_seq IS NULL)
    """
)
