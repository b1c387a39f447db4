"""Returning: what comes back is reckoned, booked as a receipt of its own, and settled with points and coupons."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.customers.models import UNIDENTIFIED
from erp_club.customers.queries import hold_person
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause
from erp_club.programmes.events.commands import purchase_returned
from erp_club.programmes.standings.commands import LookCause, Turned
from erp_club.programmes.terms.commands import Sliding, hold_sliding, move_back
from erp_club.promotions.coupons.batches.commands import set_coupon_state
from erp_club.promotions.coupons.kinds import CouponState
from erp_club.promotions.uses.commands import uncount_uses
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets.commands import next_receipt_no
from erp_club.purchases.entitlements.commands import uses_returned
from erp_club.purchases.fees.commands import Day, fees_returned, fees_to_return
from erp_club.purchases.fees.errors import not_given_back
from erp_club.purchases.fees.queries import PaidFee
from erp_club.purchases.levels import look_at_levels
from erp_club.purchases.registering.queries import registered_for
from erp_club.purchases.returns import queries
from erp_club.purchases.returns.arithmetic import deducted, reckon, refund_rounding
from erp_club.purchases.returns.booking.commands import ReturnReceipt, give_uses_back, write_points, write_return
from erp_club.purchases.returns.facts import (
    Bought,
    IssuedCoupon,
    Reckoned,
    UsedCoupon,
    Wish,
)
from erp_club.purchases.returns.queries import Original
from erp_club.purchases.returns.refunding import Refunding, give_back, take_cards_back
from erp_club.purchases.returns.settling import Settled, move_points, plan_points
from erp_club.purchases.sale import LATEST, check_time
from erp_club.receipts.kinds import ReturnKind
from erp_club.stored_value.commands import Moved


@dataclass(frozen=True, slots=True)
class Asked:
    """A return as somebody asks for it. `write_off` forgives points that are missing.

    `receipt_no` is the return's own; without one it is numbered here.
    """

    wish: Wish
    receipt_no: str | None = None
    kind: ReturnKind = ReturnKind.RETURN
    reason: str = ""
    write_off: bool = False


@dataclass(frozen=True, slots=True)
class Returned:
    """A return as it was booked, or as it would be. `receipt_id` is None for a preview; amounts are above zero.

    `refunds` are what each means pays, without `rounding_minor`, which cash pays (or keeps) beside it. `issued` are the
    coupons of a sale that came back whole: those that could be used are blocked. `onto_cards` is what came onto the
    cards that had paid, `turned` the memberships that are on another level now.
    """

    receipt_id: int | None
    receipt: ReturnReceipt
    original: Original | None
    reckoned: Reckoned
    points: tuple[Settled, ...] = ()
    used_coupons: tuple[UsedCoupon, ...] = ()
    issued: tuple[IssuedCoupon, ...] = ()
    onto_cards: tuple[Moved, ...] = ()
    turned: tuple[Turned, ...] = ()

    @property
    def coupons(self) -> tuple[UsedCoupon, ...]:
        """Coupons that have their use back."""
        return self.reckoned.coupons

    @property
    def deducted_minor(self) -> int:
        """What was kept of the refund for points that were missing."""
        return sum(each.deducted_minor for each in self.points)

    @property
    def by_hand_minor(self) -> int:
        """What doesn't go back now, since it was given back onto a card by hand before."""
        return self.reckoned.total_minor - self.reckoned.refunds_minor


def return_goods(session: Session, receipt_id: int, asked: Asked, place: Place, *, currency: str) -> Returned:
    """Take goods of a receipt back, in whole or in part, at any store.

    Raises NotFound, Conflict `is-a-return`, `nothing-to-return`, `receipt-exists`, and for a cancellation
    `cancellation-late` or `already-returned`; Invalid for lines or a time that can't be; Forbidden beyond the limits of
    who does it.
    """
    made = _return(session, receipt_id, asked, place, currency=currency)
    _permit(session, made, asked, place)
    return made


def _return(session: Session, receipt_id: int, asked: Asked, place: Place, *, currency: str) -> Returned:
    check_time(place.sold_at, now=place.now)
    original = queries.hold_original(session, receipt_id)
    if place.sold_at < original.sold_at - LATEST:  # the clocks of two tills
        raise Invalid([FieldError("returned_at", T("This is before the sale. Check the till's clock."))])
    bought = queries.bought(session, original, currency=currency)
    if asked.kind is ReturnKind.CANCELLATION:
        _check_cancellation(original, bought, place)
    cancels = asked.kind is ReturnKind.CANCELLATION
    fees = fees_to_return(session, original.id, asked.wish.lines, whole=cancels, on=place.today)
    if fees:
        asked = replace(asked, wish=_with_fees(asked.wish, bought, fees))
    made = _book(session, original, bought, asked, place)
    back = {fee: amount for fee, amount in fees.items() if amount}
    fees_returned(session, back, reason=asked.reason, now=place.now, by=place.by)
    came = {each.line.line_no for each in made.receipt.lines}
    uses_returned(session, original.id, came, day=Day(place.local.date(), place.now, place.by))
    if cancels and made.receipt_id is not None:
        _uncount(session, original, made.receipt_id)
    audit.record(
        session,
        by=place.by,
        now=place.now,
        action=f"sales.{'cancel' if asked.kind is ReturnKind.CANCELLATION else 'return'}",
        entity="receipt",
        entity_id=original.id,
        customer_id=original.customer_id or None,
        after=traced(made),
    )
    return made


def _uncount(session: Session, original: Original, receipt_id: int) -> None:
    """Let the offers of a sale that is cancelled be used again."""
    uncount_uses(
        session,
        (original.customer_id, receipt_id),
        buyer=hold_person(session, original.customer_id) if original.customer_id else UNIDENTIFIED,
        store_id=original.store_id,
        on=original.sold_on,
    )


def _with_fees(wish: Wish, bought: Bought, fees: dict[PaidFee, int]) -> Wish:
    """The wish with what comes back of fees; those that the club keeps stay out of it."""
    kept = {fee.line_no for fee, amount in fees.items() if not amount}
    lines = wish.lines
    if kept and lines is None:
        left = [(each.line_no, each.left_milli) for each in bought.lines if each.quantity_milli > 0]
        lines = tuple((line_no, milli) for line_no, milli in left if milli > 0 and line_no not in kept)
        if not lines:
            raise not_given_back()
    return replace(wish, lines=lines, fees={fee.line_no: amount for fee, amount in fees.items() if amount})


def preview_return(session: Session, receipt_id: int, asked: Asked, place: Place, *, currency: str) -> Returned:
    """What a return would come to, whoever does it: it is booked and undone, so that it is exactly that."""
    with session.begin_nested() as undone:
        made = _return(session, receipt_id, replace(asked, receipt_no=None), place, currency=currency)
        undone.rollback()
    return replace(made, receipt_id=None, receipt=replace(made.receipt, receipt_no=asked.receipt_no or ""))


def check_expected(made: Returned, expected_total_minor: int | None) -> None:
    """Raises Conflict `total-changed` where another total was shown than what comes back."""
    if expected_total_minor is not None and expected_total_minor != made.receipt.total_minor:
        raise Conflict(
            T("What goes back is not what was shown. Look at it again."),
            code="total-changed",
            facts={"total_minor": made.receipt.total_minor, "expected_total_minor": expected_total_minor},
        )


def _permit(session: Session, made: Returned, asked: Asked, place: Place) -> None:
    """Raises Forbidden for more money, or more forgiven points, than the person may by themselves."""
    cancels = asked.kind is ReturnKind.CANCELLATION
    back = Permission.SALES_CANCEL if cancels else Permission.SALES_RETURN
    amounts = {
        back: abs(made.receipt.total_minor),
        Permission.SALES_WRITE_OFF: sum(each.written_off for each in made.points),
    }
    for action, amount in amounts.items():
        if amount:
            deed = Deed(action, f"receipt:{made.receipt.original_id}", amount, customer_id=made.receipt.customer_id)
            permit(session, deed, on=place.today, now=place.now, by=place.by)


def _check_cancellation(original: Original, bought: Bought, place: Place) -> None:
    # Both days: who says that it was cancelled back then would have a sale of any day back.
    if original.store_id != place.terminal.store_id or {place.local.date(), place.today} != {original.sold_on}:
        raise Conflict(
            T("Only a sale of today in this store can be cancelled. Return the goods instead."),
            code="cancellation-late",
        )
    # Where nothing is left, that is what is told.
    if any(line.returned_milli for line in bought.lines) and any(line.left_milli > 0 for line in bought.lines):
        raise Conflict(
            T("Some of this sale has been returned already. Return the rest instead."), code="already-returned"
        )


def _book(session: Session, original: Original, bought: Bought, asked: Asked, place: Place) -> Returned:
    reckoned = reckon(bought, asked.wish)
    # Before the accounts: a till that sells holds its own row first, too.
    receipt_no = asked.receipt_no or _number(session, original, place)
    clubs, terms = _memberships(session, original, place)
    settled: list[Settled] = []
    left = reckoned.refunds_minor
    for back in reckoned.points:  # in the order of the accounts, as everybody holds them
        planned = plan_points(session, back, place, refund_minor=left, write_off=asked.write_off)
        left -= planned.deducted_minor
        settled.append(planned)
    refunds = deducted(reckoned.refunds, reckoned.refunds_minor - left)
    made = ReturnReceipt(
        kind=asked.kind,
        customer_id=original.customer_id,
        original_id=original.id,
        store_id=place.terminal.store_id,
        receipt_no=receipt_no,
        at=place.sold_at,
        on=place.local.date(),
        reason=asked.reason,
        lines=reckoned.lines,
        refunds=refunds,
        rounding_minor=refund_rounding(refunds, bought),
    )
    receipt_id = write_return(session, made, by=place.by)
    cause = Cause(
        kind=MovementKind.RETURNED,
        on=made.on,
        now=place.now,
        by=place.by,
        customer_id=made.customer_id,
        receipt_id=receipt_id,
        reason=asked.reason or None,
    )
    moved = tuple(move_points(session, each, cause) for each in settled)
    write_points(session, made.customer_id, receipt_id, [_kept(each) for each in moved if each.is_something])
    give_uses_back(session, reckoned.coupons, customer_id=made.customer_id, receipt_id=receipt_id, now=place.now)
    issued = bought.issued if reckoned.is_whole else ()
    for coupon in issued:
        if coupon.usable:
            set_coupon_state(session, coupon.coupon_id, CouponState.TAKEN_BACK, now=place.now, by=place.by)
    turned = _settle_the_rest(session, made, reckoned, receipt_id, place, clubs=clubs, terms=terms)
    refunding = Refunding(original, place, asked.reason, receipt_id)
    take_cards_back(session, refunding, reckoned.lines)
    onto = [each for refund in refunds for each in give_back(session, refunding, refund.means, refund.amount_minor)]
    return Returned(receipt_id, made, original, reckoned, moved, bought.coupons, issued, tuple(onto), turned)


def _settle_the_rest(
    session: Session,
    made: ReturnReceipt,
    reckoned: Reckoned,
    receipt_id: int,
    place: Place,
    *,
    clubs: Sequence[Earning],
    terms: Sequence[Sliding],
) -> tuple[Turned, ...]:
    """Take back what events had given for the purchase, move the ends of terms back, and look at the levels, whose rows
    come after the accounts; gives those that changed.
    """
    if made.original_id is not None:
        whole = {"is_whole": reckoned.is_whole}
        purchase_returned(session, made.customer_id, made.original_id, **whole, on=made.on, now=place.now, by=place.by)
    back = LookCause(
        LevelCause.RETURN,
        made.on,
        place.now,
        place.by,
        receipt_id=receipt_id,
        receipt_customer_id=made.customer_id,
        reason=made.reason,
    )
    move_back(session, terms, back)
    return look_at_levels(session, clubs, back)


def _memberships(session: Session, original: Original, place: Place) -> tuple[list[Earning], tuple[Sliding, ...]]:
    """The clubs of whoever bought it, who stays who they are until all is booked, and their sliding terms, locked; of
    a purchase that was registered afterwards only the terms: no level counts it."""
    registered = None if original.customer_id else registered_for(session, original.id)
    buyer = registered.id if registered else original.customer_id
    if buyer == UNIDENTIFIED:
        return [], ()
    person = hold_person(session, buyer)
    clubs = earning_memberships(session, person, on=place.local.date())
    return [] if registered else clubs, hold_sliding(session, person, clubs)


def _number(session: Session, original: Original, place: Place) -> str:
    """The till's next number; in the back office, where no till counts, one of the receipt that is returned."""
    if place.by.terminal_id is not None:
        return next_receipt_no(session, place.by.terminal_id)
    return f"R{original.id}-{queries.count_returns(session, original) + 1}"


def _kept(settled: Settled) -> dict[str, int]:
    owed, paid = settled.owed - settled.repaid, settled.paid + settled.repaid
    missing = {"owed": owed, "paid": paid, "written_off": settled.written_off - settled.reclaimed}
    return {
        "holder_id": settled.account.holder_id,
        "account_id": settled.account.account_id,
        "settled": settled.back.due,
        "given_back": settled.back.given_back,
        # In the unit of the sale: not where the account counts by another one since.
        **(dict.fromkeys(missing, 0) if settled.unit else missing),
        "deducted_minor": settled.deducted_minor,
    }


def traced(made: Returned) -> dict[str, Any]:
    """What the change log keeps of a return."""
    return {
        "receipt_no": made.receipt.receipt_no,
        "total_minor": -made.receipt.total_minor,
        "reason": made.receipt.reason,
        "refunds": {each.name: each.amount_minor for each in made.receipt.refunds},
        "deducted_minor": made.deducted_minor,
        "by_hand_minor": made.by_hand_minor,
        "written_off": sum(each.written_off for each in made.points),
    }
