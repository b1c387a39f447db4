"""Purchases of which something came back: as if it had never been bought. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from erp_club.kernel.money import allocate
from erp_club.programmes.engine.facts import Bought, Purchase, Tender
from erp_club.promotions.engine.units import part_of


def mirrored(purchase: Purchase) -> Purchase:
    """A return that names no receipt, as the purchase that it takes back."""
    lines = tuple(replace(line, paid_minor=-line.paid_minor, quantity_milli=-line.quantity_milli,
                          before_minor=None if line.before_minor is None else -line.before_minor)
                  for line in purchase.lines)  # fmt: skip
    return replace(purchase, lines=lines, tenders=_shared(purchase.tenders, -purchase.total_minor))


def without(bought: Purchase, back_lines: Sequence[Bought], original_lines: Sequence[int | None]) -> Purchase:
    """A purchase without what came back, line by line of the original; who paid how much stays in proportion."""
    back = dict(zip(original_lines, back_lines, strict=True))
    lines = tuple(_line_less(line, back[int(line.id)]) if int(line.id) in back else line for line in bought.lines)
    kept = tuple(line for line in lines if line.quantity_milli > 0)
    return replace(bought, lines=kept, tenders=_shared(bought.tenders, sum(line.paid_minor for line in kept)))


def less(bought: Purchase, returned: Mapping[int, int]) -> Purchase:
    """A purchase without so many thousandths of its lines, by their numbers."""
    back = {int(line.id): _part(line, returned.get(int(line.id), 0)) for line in bought.lines}
    gone = [(line_no, line) for line_no, line in back.items() if line is not None]
    return without(bought, [line for _, line in gone], [line_no for line_no, _ in gone]) if gone else bought


def _part(line: Bought, milli: int) -> Bought | None:
    """So much of a line, as it comes back."""
    if milli <= 0 or line.quantity_milli <= 0:
        return None

    def part(amount: int) -> int:
        return -part_of(amount, line.quantity_milli, before_milli=0, returned_milli=milli)

    before = None if line.before_minor is None else part(line.before_minor)
    return replace(line, paid_minor=part(line.paid_minor), quantity_milli=-milli, before_minor=before)


def _line_less(line: Bought, back: Bought) -> Bought:
    before = None if line.before_minor is None else line.before_minor + (back.before_minor or 0)
    return replace(
        line,
        paid_minor=line.paid_minor + back.paid_minor,
        quantity_milli=line.quantity_milli + back.quantity_milli,
        before_minor=before,
        points_minor=_left(line.points_minor, line, -back.quantity_milli),
        touched_milli=_left(line.touched_milli, line, -back.quantity_milli),
        free_milli=_left(line.free_milli, line, -back.quantity_milli),
    )


def _left(amount: int, line: Bought, milli: int) -> int:
    """What is left of something that lies on a line's units evenly."""
    if not amount or line.quantity_milli <= 0:
        return amount
    back = min(milli, line.quantity_milli)
    return amount - part_of(amount, line.quantity_milli, before_milli=0, returned_milli=back)


def _shared(tenders: Sequence[Tender], total: int) -> tuple[Tender, ...]:
    """The same means in the same proportion for another total."""
    weights = [abs(each.amount_minor) for each in tenders]
    if total <= 0 or not sum(weights):
        return ()
    shares = allocate(total, weights)
    return tuple(Tender(each.means, share) for each, share in zip(tenders, shares, strict=True) if share)
