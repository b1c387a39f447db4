"""Gives points for what has a price in points and is no part of a sale, or to the club's charity; takes that back."""

from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.errors import changed_meanwhile
from erp_club.clubs.periods import Span
from erp_club.kernel import audit
from erp_club.kernel.text import named_in
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.points import errors as ledger
from erp_club.points.commands import give_back_points, redeem_points
from erp_club.points.kinds import AccountState, MovementKind
from erp_club.points.ledger.commands import Account, Cause, HeldAccount, Moved, hold_account
from erp_club.points.models import PointsMovement
from erp_club.points.rules import ReturnPolicy
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.gifts import Giving, LevelGiven, OfMembership, Use
from erp_club.programmes.engine.occasions import usable
from erp_club.programmes.engine.offered import in_the_sale
from erp_club.programmes.engine.redeem import Purse, charity_missed
from erp_club.programmes.engine.spending import Benefit
from erp_club.programmes.events.told import At
from erp_club.programmes.milestones.commands import Promise, Receiver, by_coupon, hand_out, worth_of
from erp_club.programmes.redemptions import errors, queries
from erp_club.programmes.redemptions.queries import CHARITY, LEVEL, RENEWAL, Redeemer
from erp_club.programmes.redemptions.renewals.commands import (
    hold_for_points,
    level_for_points,
    renew_for_points,
    take_level_back,
    take_renewal_back,
)
from erp_club.programmes.rewards.codes.queries import current
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.rewards.undoing.commands import take_back_one
from erp_club.stored_value.commands import Cause as CardCause


@dataclass(frozen=True, slots=True)
class Redeemed:
    """What was had, or taken back: its row, how many points went (or came, below zero), and the balance after that."""

    settlement_id: int
    membership_id: int
    customer_id: int
    points: int
    balance: int


def redeem_benefit(session: Session, membership_id: int, code: str, at: At) -> Redeemed:
    """Give points for a benefit, which is the member's from then on (P-06).

    Raises Conflict `membership-not-held`, `points-not-theirs`, `points-frozen`, `not-now` (facts: `why`), Invalid
    `benefit`, Forbidden `approval-required` beyond the person's limit, Conflict `batch-missing`.
    """
    if isinstance(_benefit(_redeemer(session, membership_id, at), code).gives, OfMembership):
        hold_for_points(session, membership_id)
    who, held = _who(session, membership_id, at)
    programme, benefit = who.club.programme, _benefit(who, code)
    _check_open(held)
    why = queries.missed_by(session, who, benefit, at, points=held.available(at.on))
    if why is not None:
        raise errors.not_now(why)
    moved = _take(session, who, benefit.points, _called(benefit), at)
    if isinstance(benefit.gives, OfMembership):
        return _changed(session, who, benefit, benefit.gives, moved, at)
    joined_on = who.club.earning.joined_on
    days = usable(benefit.issue, at.on, joined_on=joined_on)
    thing = current(session, by_coupon(programme, benefit.code, 0, benefit.gives))
    row = _row(who, benefit.code, thing.kind, worth_of(thing), benefit.points, moved, at)
    row |= {"usable_from": days.first, "last_day": days.last, "automatic": benefit.issue.automatic}
    made = _write(session, row)
    used = {name: getattr(benefit.issue, name) for name in Use.model_fields}
    account = (held.account.holder_id, held.account.id)
    to = Receiver(who.club.earning.club_id, who.club.version.rules_no, programme, account, joined_on)
    hand_out(session, to, benefit.code, Promise(gives=thing, issue=Giving(**used)), made, at)
    _traced(session, "points.use", who.customer_id, {"benefit": code, "points": benefit.points}, at)
    return Redeemed(made, membership_id, who.customer_id, benefit.points, moved.balance)


def _benefit(who: Redeemer, code: str) -> Benefit:
    benefits = who.club.programme.benefits
    found = next((each for each in benefits if each.code == code and not in_the_sale(each)), None)
    if found is None:
        raise errors.unknown()
    return found


def _changed(session: Session, who: Redeemer, benefit: Benefit, gives: OfMembership, moved: Moved, at: At) -> Redeemed:
    """The membership is renewed, or stands on a level that was bought."""
    if isinstance(gives, LevelGiven):
        days = level_for_points(session, who.membership_id, gives, queries.last_day(session, who), at)
    else:
        days = renew_for_points(session, who.membership_id, at)
    row = _row(who, benefit.code, benefit.gives.kind, 1, benefit.points, moved, at)
    made = _write(session, row | {"usable_from": days.first, "last_day": days.last})
    _traced(session, "points.use", who.customer_id, {"benefit": benefit.code, "points": benefit.points}, at)
    return Redeemed(made, who.membership_id, who.customer_id, benefit.points, moved.balance)


def give_to_charity(session: Session, membership_id: int, points: int, at: At) -> Redeemed:
    """Give points to the club's charity (P-18). What it got in all is the sum of these rows.

    Raises as `redeem_benefit`, with Invalid `points`.
    """
    who, held = _who(session, membership_id, at)
    programme = who.club.programme
    if programme.charity is None:
        raise errors.no_charity()
    _check_open(held)
    why = charity_missed(programme, programme.charity, points, at.place, Purse(held.available(at.on)))
    if why in {Why.TOO_LITTLE, Why.NOT_FULL}:
        raise errors.too_few_to_give()
    if why is not None:
        raise errors.not_now(why)
    names = {str(language): text for language, text in programme.charity.names.items()}
    moved = _take(session, who, points, named_in(names, "en") or CHARITY, at)
    made = _write(session, _row(who, CHARITY, CHARITY, points, points, moved, at))
    _traced(session, "points.give", who.customer_id, {"points": points}, at)
    return Redeemed(made, membership_id, who.customer_id, points, moved.balance)


def undo_redemption(session: Session, membership_id: int, settlement_id: int, at: At) -> Redeemed:
    """Take back what was had for points, where nobody has used it, and give the points back with the days they had.

    Raises NotFound, Conflict `membership-not-held` and `redemption-used`.
    """
    of, moved = PeriodSettlement, PointsMovement
    if session.scalar(sa.select(of.form).where(of.id == settlement_id)) in {RENEWAL, LEVEL}:
        hold_for_points(session, membership_id)
    who, held = _who(session, membership_id, at)
    account = held.account
    row = session.execute(
        sa.select(
            of.customer_id,
            of.account_id,
            of.taken,
            of.taken_seq,
            of.rule,
            of.state,
            of.form,
            of.usable_from,
            of.last_day,
            moved.points,
            moved.reason,
        )
        .outerjoin(
            moved,
            (moved.customer_id == of.customer_id) & (moved.account_id == of.account_id) & (moved.seq == of.taken_seq),
        )
        .where(of.id == settlement_id, of.customer_id == account.holder_id, of.taken_seq.is_not(None))
    ).one_or_none()
    if row is None or row.account_id != account.id:
        raise errors.no_such()
    # After a merge the points went from another account, whose numbers these aren't.
    if row.state != RewardState.GIVEN or row.points != -row.taken:
        raise errors.used_already()
    days = Span(row.usable_from, row.last_day)
    if row.form == RENEWAL and not take_renewal_back(session, membership_id, days, at, reason=row.reason):
        raise errors.used_already()
    if row.form == LEVEL and not take_level_back(session, membership_id, days, at):
        raise errors.used_already()
    called_in = CardCause(at.now, at.on, at.by, reason=row.reason)
    if not take_back_one(session, row[0], settlement_id, cause=called_in):
        raise errors.used_already()
    cause = Cause(MovementKind.REFUNDED, at.on, at.now, at.by, customer_id=who.customer_id, reason=row.reason)
    back = give_back_points(session, account, row.taken, of=row.taken_seq, policy=ReturnPolicy(), cause=cause)
    _traced(session, "points.give_back", who.customer_id, {"benefit": row.rule, "points": row.taken}, at)
    return Redeemed(settlement_id, membership_id, who.customer_id, -row.taken, back.balance)


_TRIES = 5
"""Merges and links may wait for each other's accounts in a row, each taking the points further."""


def _who(session: Session, membership_id: int, at: At) -> tuple[Redeemer, HeldAccount]:
    """The member with the account, locked; read again where a merge or a link has taken its points elsewhere meanwhile,
    so that what is written names the account that the points go from.
    """
    for _ in range(_TRIES):
        who = _redeemer(session, membership_id, at)
        held = hold_account(session, who.club.account)
        if held.account == who.club.account:
            return who, held
    raise changed_meanwhile()


def _redeemer(session: Session, membership_id: int, at: At) -> Redeemer:
    who = queries.redeemer(session, membership_id, on=at.on)
    if who is None:
        raise errors.not_held()
    if not who.may_use:
        raise errors.not_theirs()
    return who


def _check_open(held: HeldAccount) -> None:
    if held.state is AccountState.FROZEN:
        raise ledger.frozen(held.frozen_until)


def _take(session: Session, who: Redeemer, points: int, name: str, at: At) -> Moved:
    about = f"membership:{who.membership_id}"
    club_id = who.club.earning.club_id
    deed = Deed(Permission.POINTS_REDEEM, about, points, customer_id=who.customer_id, club_id=club_id)
    permit(session, deed, on=at.on, now=at.now, by=at.by)
    cause = Cause(MovementKind.CONVERTED, at.on, at.now, at.by, customer_id=who.customer_id, reason=name)
    account: Account = who.club.account
    return redeem_points(session, account, points, cause=cause, unit=who.club.earning.unit)


def _row(who: Redeemer, rule: str, form: str, value: int, taken: int, moved: Moved, at: At) -> dict[str, object]:
    account = who.club.account
    return {
        "customer_id": account.holder_id,
        "account_id": account.id,
        "club_id": who.club.earning.club_id,
        "rule": rule,
        "first_on": at.on,
        "last_on": at.on,
        "version_no": who.club.version.rules_no,
        "form": form,
        "base": 0,
        "value": value,
        "pieces": 1,
        "taken": taken,
        "taken_seq": moved.seq,
        "usable_from": at.on,
        "at": at.now,
    }


def _write(session: Session, row: dict[str, object]) -> int:
    return session.execute(sa.insert(PeriodSettlement).values(**row).returning(PeriodSettlement.id)).scalar_one()


def _called(benefit: Benefit) -> str:
    return named_in(benefit.names, "en") or benefit.code


def _traced(session: Session, action: str, customer_id: int, after: dict[str, object], at: At) -> None:
    audit.record(
        session,
        by=at.by,
        now=at.now,
        action=action,
        entity="customer",
        entity_id=customer_id,
        customer_id=customer_id,
        after=after,
    )
