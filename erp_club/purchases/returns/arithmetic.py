"""What a return comes to: money by line and by means, discounts, tax, points, coupons. Pure.

Everything is cumulative: what has come back of a receipt is reckoned as a whole, and what former returns gave is taken
off. So any number of returns, in any order, comes to what one would have, to the last unit of money, tax and points.
"""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.money import Rounding, allocate, cash_rounding, round_div
from erp_club.kernel.text import T
from erp_club.points.rules import Clawback, Redeemed, points_for
from erp_club.promotions.engine.units import part_of
from erp_club.purchases.returns.facts import (
    Account,
    Bought,
    BoughtLine,
    Discount,
    Paid,
    PointsBack,
    Reckoned,
    Refund,
    ReturnedLine,
    Tender,
    UsedCoupon,
    Wish,
)
from erp_club.receipts.kinds import Means

FIRST_BACK = (Means.STORED_VALUE, Means.CARD, Means.CASH)
"""The order in which money goes back: first to what could be made money of, cash last."""
BOUND = frozenset({Means.STORED_VALUE})
"""What goes back to where it came from whatever anybody chooses."""


def reckon(bought: Bought, wish: Wish) -> Reckoned:
    """What comes back for whom.

    Raises Conflict `nothing-to-return` where nothing is left, Invalid (`lines[i].…`) for lines that aren't there or
    more of one than is left.
    """
    wanted = _wanted(bought, wish)
    lines = tuple(
        _fee(line, wish.fees[line.line_no]) if line.line_no in wish.fees else _line(line, wanted[line.line_no])
        for line in bought.lines
        if wanted.get(line.line_no)
    )
    returned = {line.line_no: line.returned_milli + wanted.get(line.line_no, 0) for line in bought.lines}
    is_whole = all(returned[line.line_no] >= line.quantity_milli for line in bought.lines)
    total = sum(line.amount_minor for line in lines)
    return Reckoned(
        lines=lines,
        refunds=refunds(bought.paid, total, means=wish.means, by_hand_minor=bought.by_hand_minor),
        points=tuple(_points(account, bought.lines, returned, is_whole=is_whole) for account in bought.accounts),
        coupons=tuple(each for each in bought.coupons if _comes_back(each, is_whole=is_whole)),
        is_whole=is_whole,
    )


def _wanted(bought: Bought, wish: Wish) -> dict[int, int]:
    """Thousandths of each line that are to come back."""
    left = {line.line_no: line.left_milli for line in bought.lines if line.quantity_milli > 0}
    if not any(left.values()):
        raise Conflict(T("Everything on this receipt has been returned already."), code="nothing-to-return")
    if wish.lines is None:
        return {line_no: milli for line_no, milli in left.items() if milli > 0}
    wanted: dict[int, int] = defaultdict(int)
    errors: list[FieldError] = []
    for index, (line_no, milli) in enumerate(wish.lines):
        wanted[line_no] += milli
        if line_no not in left:
            text = T("The receipt has no line %(number)s that can be returned.", number=line_no)
            errors.append(FieldError(f"lines[{index}].line_no", text))
        elif wanted[line_no] > left[line_no]:
            errors.append(FieldError(f"lines[{index}].quantity", T("Less of this item is left to return.")))
    if not wanted:
        errors.append(FieldError("lines", T("Choose at least one item to return.")))
    if errors:
        raise Invalid(errors)
    return wanted


def _fee(line: BoughtLine, amount: int) -> ReturnedLine:
    """A membership's fee: the line comes back whole, at what the club's rule gives back, with that share of its tax."""
    tax = round_div(line.tax_minor * amount, line.amount_minor, Rounding.HALF_UP) if line.amount_minor else 0
    return ReturnedLine(line, line.quantity_milli, list_minor=amount, amount_minor=amount, tax_minor=tax)


def _line(line: BoughtLine, milli: int) -> ReturnedLine:
    """The part of a line, by what lies on its units; discounts by what each offer had taken off."""

    def part(amount: int, *, before_milli: int = line.returned_milli, returned_milli: int = milli) -> int:
        return part_of(amount, line.quantity_milli, before_milli=before_milli, returned_milli=returned_milli)

    before, after = line.returned_milli, line.returned_milli + milli
    off = [
        part(line.list_minor, before_milli=0, returned_milli=upto)
        - part(line.amount_minor, before_milli=0, returned_milli=upto)
        for upto in (before, after)
    ]
    return ReturnedLine(
        line=line,
        quantity_milli=milli,
        list_minor=part(line.list_minor),
        amount_minor=part(line.amount_minor),
        tax_minor=part(line.tax_minor),
        discounts=_discounts(line, *off, units=part),
    )


def _discounts(
    line: BoughtLine, off_before: int, off_after: int, *, units: Callable[[int], int]
) -> tuple[Discount, ...]:
    if not line.discounts:
        return ()
    weights = [max(each.amount_minor, 0) for each in line.discounts]
    parts = zip(allocate(off_after, weights), allocate(off_before, weights), strict=True)
    return tuple(
        Discount(each.offer_id, after - before, units(each.units_milli), each.by_points)
        for each, (after, before) in zip(line.discounts, parts, strict=True)
    )


def refunds(
    paid: Sequence[Paid], total: int, *, means: Means | None = None, by_hand_minor: int = 0
) -> tuple[Refund, ...]:
    """A total shared out to the means that paid, in the order of `FIRST_BACK`, none above what it has left.

    `means` takes all that isn't bound to where it came from; one that only what it paid itself can go back to changes
    nothing. What nobody is known to have paid goes out in cash, and what was given back by hand before doesn't go out
    again.
    """
    wished = None if means in BOUND else means
    left: dict[Tender, int] = defaultdict(int)
    for each in paid:
        left[each.means, each.called] += each.amount_minor - each.refunded_minor
    made: dict[Tender, int] = defaultdict(int)
    rest = total
    for tender in sorted(left, key=_first_back):
        if wished is None or tender[0] in BOUND:
            made[tender] = min(max(left[tender], 0), rest)
            rest -= made[tender]
    rest -= min(rest, by_hand_minor)
    made[wished or Means.CASH, ""] += rest
    return tuple(Refund(tender[0], made[tender], tender[1]) for tender in sorted(made, key=_first_back) if made[tender])


def _first_back(tender: Tender) -> tuple[int, str]:
    return FIRST_BACK.index(tender[0]), tender[1]


def refund_rounding(refunded: Sequence[Refund], bought: Bought) -> int:
    """What cash rounding adds to what goes back now (or takes from it), so that coins can pay all cash that went back.

    It is reckoned on all cash of the receipt's returns together: each of them is paid in coins, and their sum is what
    one return would have paid.
    """
    now = sum(each.amount_minor for each in refunded if each.means is Means.CASH)
    if not now:
        return 0
    cash = now + sum(each.refunded_minor for each in bought.paid if each.means is Means.CASH)
    return cash + cash_rounding(cash, bought.currency) - bought.cash_minor - now


def deducted(refunded: Sequence[Refund], minor: int) -> tuple[Refund, ...]:
    """The refunds less an amount (at most their sum) that pays for points, taken from the last means first."""
    kept: list[Refund] = []
    for each in reversed(refunded):
        taken = min(each.amount_minor, minor)
        minor -= taken
        if each.amount_minor > taken:
            kept.append(replace(each, amount_minor=each.amount_minor - taken))
    return tuple(reversed(kept))


def _points(
    account: Account, lines: Sequence[BoughtLine], returned: Mapping[int, int], *, is_whole: bool
) -> PointsBack:
    kept = 0 if is_whole else _kept(account, lines, returned)
    if account.returns.clawback is Clawback.KEPT:
        kept = account.earned
    return PointsBack(
        account,
        due=max(account.earned - kept - account.settled, 0),
        given_back=max(_given_back(account, lines, returned, is_whole=is_whole) - account.given_back, 0),
    )


def _kept(account: Account, lines: Sequence[BoughtLine], returned: Mapping[int, int]) -> int:
    """The points that what is left of the receipt would have earned.

    By the rules of the sale, which round once a receipt; what the sale earned beyond them, in proportion to what is
    left. Both are rounded down, so that what is taken back in the end never depends on the steps.
    """
    earning = [line for line in lines if line.earns]
    whole = sum(line.amount_minor for line in earning)
    left = whole - sum(
        part_of(line.amount_minor, line.quantity_milli, before_milli=0, returned_milli=returned[line.line_no])
        for line in earning
        if line.quantity_milli > 0
    )
    if account.programme is not None:
        by_rule, of_rest = account.programme.earns({}), account.programme.earns(returned)
    else:
        by_rule, of_rest = (points_for(each, account.earn_points, account.earn_per_minor) for each in (whole, left))
    if by_rule > account.earned:  # the rules aren't those by which the sale had earned
        return account.earned * of_rest // by_rule
    extra = account.earned - by_rule
    if not extra:
        return of_rest
    return of_rest + extra * left // whole if whole > 0 else account.earned


def _given_back(account: Account, lines: Sequence[BoughtLine], returned: Mapping[int, int], *, is_whole: bool) -> int:
    """The used points that have come back once this is returned: they lie where lies what they gave."""
    if not account.used or account.returns.redeemed is Redeemed.NEVER:
        return 0
    if is_whole:
        return account.used
    if account.returns.redeemed is Redeemed.BACK_IF_WHOLE:
        return 0
    gave, back = 0, 0
    for line in (line for line in lines if line.quantity_milli > 0):
        amount = sum(each.amount_minor for each in line.discounts if each.by_points)
        gave += amount
        back += part_of(amount, line.quantity_milli, before_milli=0, returned_milli=returned[line.line_no])
    return account.used * back // gave if gave else 0


def _comes_back(coupon: UsedCoupon, *, is_whole: bool) -> bool:
    """A coupon is given back once nothing is left of what it was used for: half a coupon can't be had."""
    return is_whole and coupon.comes_back and not coupon.is_back
