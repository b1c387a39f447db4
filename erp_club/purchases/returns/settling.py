"""What a return settles with a points account: used points back first, then earned ones taken, by the club's rule."""

from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.kernel.lots import in_order
from erp_club.kernel.money import Rounding, round_div
from erp_club.permissions.catalog import Permission
from erp_club.points import commands as points
from erp_club.points.conversions.queries import NewUnit, new_unit
from erp_club.points.ended.commands import lost_since, take_from_lost
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account as LedgerAccount
from erp_club.points.ledger.commands import Cause, HeldAccount, lots_by_id, lots_of_movement, movement_parts
from erp_club.points.moves.commands import hold_living
from erp_club.points.rules import Bucket, Clawback, worth_of
from erp_club.purchases.asked import Place
from erp_club.purchases.returns.facts import Account, PointsBack


@dataclass(frozen=True, slots=True)
class Settled:
    """What becomes of one account: `due` points are settled and `given_back` come back.

    Of what is due and spent already, `owed` becomes a debt, `paid` is paid for with `deducted_minor` of the refund, and
    `written_off` is forgiven. `repaid` is paid for too: what a former return of the receipt had left as a debt, because
    its own refund hadn't reached that far. `reclaimed` was forgiven by a former return, and is taken from the used
    points that come back now, as one return of all would have done. `lost` are taken from what the membership's ending
    has taken since, by ending: what is returned after it is settled as if it had been returned before. `balance` is the
    one after it.
    """

    account: Account
    due: int
    given_back: int
    owed: int
    paid: int
    written_off: int
    deducted_minor: int
    balance: int
    living: LedgerAccount
    """Where the points live by now, and are settled."""
    back: PointsBack
    """What is due in the unit of the sale."""
    unit: NewUnit | None = None
    """The account's unit since, in which all the rest is told."""
    repaid: int = 0
    reclaimed: int = 0
    lost: tuple[tuple[int, int], ...] = ()
    from_lost: int = 0

    @property
    def taken(self) -> int:
        """What is taken from what the account has, a debt among it."""
        return self.due - self.from_lost - self.paid - self.written_off + self.reclaimed

    @property
    def is_something(self) -> bool:
        """Whether the return does anything with the account."""
        return bool(self.back.due or self.back.given_back or self.repaid)

    @property
    def missing(self) -> int:
        """What was due and spent already."""
        return self.owed + self.paid + self.written_off

    @property
    def clawback(self) -> Clawback:
        """The club's rule for what is missing."""
        return self.account.returns.clawback


def plan_points(session: Session, back: PointsBack, place: Place, *, refund_minor: int, write_off: bool) -> Settled:
    """Hold an account and decide what becomes of what it hasn't any more; at most `refund_minor` is deducted for it.

    It is a debt by itself. Where the club deducts, it is paid for as far as the refund reaches; where the club lets it
    be written off, whoever may does so with `write_off`.
    """
    account = back.account
    seq = min(each for each in (account.earned_seq, account.used_seq) if each is not None)
    origin = LedgerAccount(account.account_id, account.holder_id)
    held = hold_living(session, origin, seq=seq, of=account.member_id)
    unit = new_unit(session, origin, seq, held.account)
    due, given_back = (back.due, back.given_back) if unit is None else (unit.of(back.due), unit.of(back.given_back))
    takeable, coming = _takeable(session, held, account, place), max(given_back - held.debt, 0)
    there = takeable + coming
    lost = () if held.account != origin or unit else tuple(lost_since(session, origin, account.earned_seq or seq))
    from_lost = min(max(due - there, 0), sum(points for _, points in lost))
    missing = max(due - there - from_lost, 0)
    # A debt that was paid meanwhile, or that used points pay now, isn't paid once more.
    before = account if unit is None else replace(account, owed=0, paid=0, written_off=0, deducted_minor=0)
    owed_before = min(max(before.owed, 0), max(held.debt - given_back, 0))
    paid, deducted = _paid_for(before, missing + owed_before, refund_minor)
    paid, repaid = min(paid, missing), max(paid - missing, 0)
    forgiven = account.returns.clawback is Clawback.WRITE_OFF and place.by.may(Permission.SALES_WRITE_OFF)
    written_off = missing if write_off and forgiven else 0
    reclaimed = min(before.written_off, max(coming - max(due - takeable, 0), 0))
    return Settled(
        account=account,
        due=due,
        given_back=given_back,
        owed=missing - paid - written_off,
        paid=paid,
        written_off=written_off,
        deducted_minor=deducted,
        balance=held.balance + given_back - (due - from_lost - paid - written_off + reclaimed) + repaid,
        living=held.account,
        back=back,
        unit=unit,
        repaid=repaid,
        reclaimed=reclaimed,
        lost=lost,
        from_lost=from_lost,
    )


def move_points(session: Session, settled: Settled, cause: Cause) -> Settled:
    """Write what was planned, and tell the balance after it."""
    account = settled.account
    ledger = LedgerAccount(account.account_id, account.holder_id)
    balance = settled.balance
    if settled.given_back and account.used_seq is not None and settled.unit is not None:
        to = replace(_days_of(session, ledger, account.used_seq), rule_version=settled.unit.rules_no)
        told = replace(cause, kind=MovementKind.REFUNDED)
        balance = points.earn_points(session, settled.living, settled.given_back, to=to, cause=told).balance
    elif settled.given_back and account.used_seq is not None:
        balance = points.give_back_points(
            session,
            ledger,
            settled.given_back,
            of=account.used_seq,
            policy=account.returns,
            before=account.given_back,
            at=settled.living,
            cause=replace(cause, kind=MovementKind.REFUNDED),
        ).balance
    if settled.from_lost:
        take_from_lost(session, ledger, settled.lost, settled.from_lost, of=account.earned_seq, cause=cause)
    if settled.taken:
        of = account.earned_seq if settled.unit is None else None
        back = points.take_back_points(session, ledger, settled.taken, of=of, cause=cause, at=settled.living)
        balance = back.moved.balance if back.moved else balance
    if settled.repaid:
        balance = points.repay(session, settled.living, settled.repaid, cause=cause).balance
    return replace(settled, balance=balance)


def _days_of(session: Session, account: LedgerAccount, seq: int) -> Bucket:
    """The days of the lot from which a movement took last."""
    lots = lots_by_id(session, account, [part.lot_id for part in movement_parts(session, account, seq)])
    return in_order(lots.values())[-1].bucket


def _takeable(session: Session, held: HeldAccount, account: Account, place: Place) -> int:
    """What can be taken without a debt: from the lots of the sale's own movement, and those that haven't expired."""
    own = lots_of_movement(session, held, LedgerAccount(account.account_id, account.holder_id), account.earned_seq)
    today = place.local.date()
    return sum(lot.remaining for lot in held.lots if lot.id in own or not lot.expired(today))


def _paid_for(account: Account, missing: int, refund_minor: int) -> tuple[int, int]:
    """How many of the missing points are paid for, and with how much.

    As if all returns of the receipt were one, less what those before have paid: so the worth is rounded once. The last
    point that a refund reaches is paid for with what is left of it, else each return would let go of a point's part.
    """
    if account.returns.clawback is not Clawback.DEDUCT or not missing or not account.worth_minor:
        return 0, 0
    reaching = account.deducted_minor + refund_minor
    whole = round_div((reaching + 1) * account.worth_points - 1, account.worth_minor, Rounding.DOWN)
    begun = round_div(reaching * account.worth_points, account.worth_minor, Rounding.UP)
    paid = max(min(account.paid + missing, max(whole, begun)), account.paid)
    worth = min(worth_of(paid, account.worth_points, account.worth_minor), reaching)
    return paid - account.paid, max(worth - account.deducted_minor, 0)
