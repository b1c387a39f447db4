"""What goes back when lines of a price case are returned: points earned, and points used."""

from collections import defaultdict

from erp_club.kernel.money import allocate
from erp_club.promotions.engine.priced import Applied, Priced
from erp_club.promotions.engine.units import part_of
from erp_club.promotions.price_cases.form import Case
from erp_club.promotions.price_cases.rewards import CLUB


def points_back(case: Case, priced: Priced) -> tuple[int, int]:
    """Points earned that are taken back, and points used that are given back, for all refunds of the case.

    Earned points lie on lines and units as a discount does; those of the order go back with the last line. Used points
    lie where what they gave lies, and come back where the chain says so.
    """
    returned = _returned(case)
    quantities = {line.id: line.quantity_milli for line in priced.lines if line.added_by is None}
    whole = all(returned[line] >= quantity for line, quantity in quantities.items() if quantity > 0)

    def back(amounts: dict[str, int]) -> int:
        return sum(
            part_of(amount, quantities[line], before_milli=0, returned_milli=min(returned[line], quantities[line]))
            for line, amount in amounts.items()
            if quantities.get(line, 0) > 0 and returned[line]
        )

    earned = 0
    for each in (each for each in priced.earned if each.club == CLUB):
        on_lines = dict(each.lines)
        earned += back(on_lines) + (each.points - sum(on_lines.values()) if whole else 0)
    if not case.settings.refund_returns_redeemed_points:
        return earned, 0
    used = 0
    for each in priced.applied:
        on_lines = _used_on(each)
        used += back(on_lines) if on_lines else each.points_used if whole else 0
    return earned, used


def _returned(case: Case) -> defaultdict[str, int]:
    """Thousandths of each line that come back."""
    returned: defaultdict[str, int] = defaultdict(int)
    for action in case.actions:
        if action.do == "refund":
            returned[action.line] += int(action.qty * 1000)
        elif action.do == "refund_all":
            for line in case.basket:
                returned[line.id] = max(0, int(line.qty * 1000))
    return returned


def _used_on(applied: Applied) -> dict[str, int]:
    """The points that an offer used, on the lines where its amount lies."""
    if not applied.points_used or not applied.amount_minor:
        return {}
    parts = allocate(applied.points_used, [share.amount_minor for share in applied.shares])
    return {share.line: part for share, part in zip(applied.shares, parts, strict=True)}
