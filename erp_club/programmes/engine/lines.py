"""Which lines and how much of them a rule counts: scopes, exclusions, and the share that some means paid. Pure."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial

from erp_club.kernel.money import Rounding, allocate, round_div
from erp_club.programmes.engine.facts import Bought, Purchase, Tender
from erp_club.programmes.engine.parts import EVERYTHING, Excluded, Scope
from erp_club.promotions.engine.units import part_of

GOODS = "goods"
UNKNOWN = ""
"""The means of what isn't paid yet."""


def in_scope(on: Scope, line: Bought) -> bool:
    """Whether a scope holds the line: goods of every kind where it names nothing, else what it names."""
    named = (
        line.product in on.products
        or line.group in on.groups
        or line.department in on.departments
        or line.brand in on.brands
        or line.kind in on.kinds
    )
    if not named and not (on.everything and line.kind == GOODS):
        return False
    return not (
        line.product in on.without_products
        or line.group in on.without_groups
        or line.department in on.without_departments
        or line.brand in on.without_brands
        or (on.regular_price_only and line.reduced)
    )


def goods_of(on: Scope) -> Callable[[Bought], bool]:
    """Whether a scope holds a line, asked of many lines: what names nothing only looks at the kind."""
    return _is_goods if on == EVERYTHING else partial(in_scope, on)


def _is_goods(line: Bought) -> bool:
    return line.kind == GOODS


def passed_over(excluded: Excluded, line: Bought) -> bool:
    """Whether an exclusion names the line."""
    return (
        line.product in excluded.products
        or line.group in excluded.groups
        or line.department in excluded.departments
        or line.brand in excluded.brands
        or line.kind in excluded.kinds
        or (bool(line.price_list) and line.price_list in excluded.price_lists)
        or (excluded.reduced and line.reduced)
        or (excluded.promoted and line.promoted)
    )


@dataclass(frozen=True, slots=True)
class PaidLine:
    """A line with what each means paid of it."""

    line: Bought
    by: dict[str, int]

    def minor(self, means: Sequence[str], without: Sequence[str]) -> int:
        """How much of it these means (all, where none is named) paid, without those."""
        if not means and not without:
            return sum(self.by.values())
        return sum(amount for each, amount in self.by.items() if (not means or each in means) and each not in without)


def with_points(paid: PaidLine) -> PaidLine:
    """The line with what points took off it, as one of the means."""
    more = paid.line.points_minor
    return replace(paid, by=paid.by | {"points": paid.by.get("points", 0) + more}) if more else paid


def without_vat(paid: PaidLine) -> PaidLine:
    """The line at amounts without VAT, each in whole minor units."""

    def net(minor: int) -> int:
        return round_div(minor * 10_000, 10_000 + line.vat_bp, Rounding.HALF_UP)

    line = paid.line
    if not line.vat_bp:
        return paid
    shown = replace(line, paid_minor=net(line.paid_minor), points_minor=net(line.points_minor))
    return PaidLine(shown, {means: net(amount) for means, amount in paid.by.items()})


def by_touch(paid: PaidLine, *, before_discounts: bool = False) -> tuple[PaidLine, ...]:
    """A line of which offers have touched some units only, as the units that they left and the ones that they touched.

    What was taken off lies on these alone; what each means paid of both is shared by what they cost.
    """
    line = paid.line
    if not 0 < line.touched_milli < line.quantity_milli or not line.before_minor:
        return (paid,)
    rest = line.quantity_milli - line.touched_milli
    cost = line.before_minor if before_discounts else line.paid_minor + line.points_minor
    whole = min(cost, part_of(line.before_minor, line.quantity_milli, before_milli=0, returned_milli=rest))
    if whole <= 0:
        return (paid,)
    weights = [whole, cost - whole]
    minor, points = allocate(line.paid_minor, weights), allocate(line.points_minor, weights)
    before = (whole, line.before_minor - whole)
    lines = (
        replace(line, quantity_milli=rest, promoted=False, touched_milli=0, free_milli=0),
        replace(line, quantity_milli=line.touched_milli),
    )
    by = {means: allocate(amount, weights) for means, amount in paid.by.items()}
    return tuple(
        PaidLine(
            replace(each, paid_minor=minor[i], points_minor=points[i], before_minor=before[i]),
            {means: amounts[i] for means, amounts in by.items() if amounts[i]},
        )
        for i, each in enumerate(lines)
    )


def paid_lines(
    purchase: Purchase, *, points_pay: Callable[[Bought], bool] | None = None, before_discounts: bool = False
) -> tuple[PaidLine, ...]:
    """The lines with what paid them. A tender that names no lines is spread over what is left, in proportion.

    `points_pay`: what points may pay for; they are spread over these lines first.
    """
    whole = None if before_discounts else _by_one_means(purchase)
    return _by_each(purchase, points_pay, before_discounts=before_discounts) if whole is None else whole


def _by_each(
    purchase: Purchase, points_pay: Callable[[Bought], bool] | None, *, before_discounts: bool
) -> tuple[PaidLine, ...]:
    """The tenders that name lines first, then points, then the others."""
    left = [max(0, line.paid_minor) for line in purchase.lines]
    by: list[dict[str, int]] = [{} for _ in purchase.lines]
    where = {line.id: index for index, line in enumerate(purchase.lines)}

    def put(index: int, means: str, amount: int) -> None:
        amount = min(amount, left[index])
        left[index] -= amount
        if amount:
            by[index][means] = by[index].get(means, 0) + amount

    for tender in purchase.tenders:
        for line_id, amount in tender.lines:
            put(where[line_id], tender.means, amount)
    for tender in sorted(purchase.tenders, key=_points_first):
        if tender.lines:
            continue
        weights = list(left)
        if tender.means == "points" and points_pay is not None:
            weights = [w if points_pay(line) else 0 for w, line in zip(left, purchase.lines, strict=True)]
        if sum(weights) > 0:
            shares = allocate(min(tender.amount_minor, sum(weights)), weights)
            for index, amount in enumerate(shares):
                put(index, tender.means, amount)
    for index, line in enumerate(purchase.lines):
        rest = _rest(line, left[index], before_discounts=before_discounts)
        if rest:
            means = next(iter(by[index]), _main_means(purchase.tenders))
            by[index][means] = by[index].get(means, 0) + rest
    return tuple(PaidLine(line, each) for line, each in zip(purchase.lines, by, strict=True))


def _by_one_means(purchase: Purchase) -> tuple[PaidLine, ...] | None:
    """The lines where one means pays all of them, as on most receipts: nothing is spread, and nothing is left over.

    So it is too where nobody knows who paid.
    """
    if not purchase.tenders:
        return tuple(PaidLine(line, {UNKNOWN: line.paid_minor} if line.paid_minor else {}) for line in purchase.lines)
    only = purchase.tenders[0] if len(purchase.tenders) == 1 else None
    if only is None or only.lines or only.means == "points":
        return None
    left = [max(0, line.paid_minor) for line in purchase.lines]
    if not only.amount_minor == sum(left) == purchase.total_minor:
        return None
    lines = zip(purchase.lines, left, strict=True)
    return tuple(PaidLine(line, {only.means: part} if part else {}) for line, part in lines)


def _rest(line: Bought, left: int, *, before_discounts: bool) -> int:
    """What no tender names: all of it before payment, a coin of cash rounding after; a return is below zero as a whole.

    Where points are earned before discounts, what these took counts with it.
    """
    rest = left if line.paid_minor >= 0 else line.paid_minor
    if before_discounts and line.before_minor is not None:
        rest += max(0, line.before_minor - line.paid_minor)
    return rest


def _points_first(tender: Tender) -> bool:
    return tender.means != "points"


def _main_means(tenders: Sequence[Tender]) -> str:
    """What a last coin counts as: the means that paid most."""
    return max(tenders, key=lambda each: each.amount_minor).means if tenders else UNKNOWN
