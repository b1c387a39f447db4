"""The end of pricing: manual discounts within what is left, tax, points on lines, and the answer's lines."""

from collections.abc import Mapping, Sequence

from erp_club.promotions.engine.basket import Basket, line_amount, net_of, tax_on
from erp_club.promotions.engine.earning import Earned
from erp_club.promotions.engine.facts import Line, TaxOfDiscount
from erp_club.promotions.engine.priced import PricedLine, made
from erp_club.promotions.engine.run import Run


def cap_manual(basket: Basket) -> None:
    """Let amounts typed in by hand below zero take at most what the sale still costs, the first line first."""
    manual = [i for i, line in enumerate(basket.lines) if line.unit_minor < 0 < line.quantity_milli]
    if not manual:
        return
    left = max(0, sum(basket.left(i) for i in range(len(basket.lines)) if i not in manual))
    for i in manual:
        lot = basket.lots[i][0]
        lot.left = max(lot.left, -left)
        left += lot.left


def lines_of(run: Run, earned: Sequence[Earned]) -> tuple[PricedLine, ...]:
    """All lines as they are paid, then the gifts that were added."""
    basket = run.basket
    points: dict[int, int] = {}
    for each in earned:
        for i, amount in each.lines.items():
            points[i] = points.get(i, 0) + amount
    apart = run.facts.policy.tax_of_discount is TaxOfDiscount.ROUNDED_ALONE
    untaken = _untaken(run) if run.spent else {}
    taxes = _rounded_alone(run, untaken) if apart else None
    lines: list[PricedLine] = []
    changed = basket.changed
    for i, (line, lots, listed_at, regular_at) in enumerate(
        zip(basket.lines, basket.lots, basket.listed, basket.regular, strict=True)
    ):
        left = lots[0].left if len(lots) == 1 else basket.left(i)
        # An amount typed in by hand has no regular price: it is what it could take.
        by_hand = line.unit_minor < 0
        listed = left if by_hand else listed_at
        whole = left + untaken.get(i, 0) if untaken else left
        tax = whole - net_of(whole, line.vat_bp) if taxes is None else max(0, min(whole, taxes[i]))
        quantity, levy = line.quantity_milli, line.levy_minor
        if levy:
            levy = line_amount(levy, quantity)
        lines.append(
            made(
                PricedLine,
                (
                    line.id,
                    line.product,
                    quantity,
                    left if by_hand else regular_at,
                    listed,
                    listed - left,
                    left + levy,
                    tax + levy,
                    levy,
                    points.get(i, 0) if points else 0,
                    changed[i][1] if changed and i in changed else "",
                    None,
                ),
            )
        )
    return (*lines, *_gifts(run, basket.lines)) if run.gifts else tuple(lines)


def _untaken(run: Run) -> dict[int, int]:
    """What points paid of each line without lowering its tax, since for the club they are a means of payment."""
    paid: dict[int, int] = {}
    for record in run.records:
        if record.ready.redeems and _pays_as_money(run, record.points_club):
            for i, (amount, _) in record.shares.items():
                paid[i] = paid.get(i, 0) + amount
    return paid


def _pays_as_money(run: Run, club: str | None) -> bool:
    shopper = run.facts.shopper
    member = shopper.clubs.get(club) if shopper is not None and club is not None else None
    return member is not None and member.paying.taxed


def _rounded_alone(run: Run, untaken: Mapping[int, int]) -> list[int]:
    """The tax of each line less that of each discount on it, each rounded by itself. `untaken` lowers none."""
    basket, with_tax = run.basket, run.facts.policy.prices_include_tax
    taxes: list[int] = []
    for i, line in enumerate(basket.lines):
        listed = basket.listed[i] if line.unit_minor >= 0 else basket.left(i)
        if with_tax:
            taxes.append(listed - net_of(listed, line.vat_bp))
        else:
            taxes.append(tax_on(line_amount(basket.unit(i), line.quantity_milli), line.vat_bp))
    for record in run.records:
        for i, (amount, _) in record.shares.items():
            taxes[i] -= amount - net_of(amount, basket.lines[i].vat_bp)
    for i, amount in untaken.items():
        taxes[i] += amount - net_of(amount, basket.lines[i].vat_bp)
    return taxes


def _gifts(run: Run, lines: Sequence[Line]) -> list[PricedLine]:
    """The lines of gifts that were added: units for nothing."""
    taken = {line.id for line in lines}
    gifts: list[PricedLine] = []
    for ready, product, count in run.gifts:
        name = f"{ready.code}:{product}"
        while name in taken:
            name += "+"
        taken.add(name)
        gifts.append(PricedLine(name, product, count * 1000, 0, 0, 0, 0, 0, added_by=ready.code))
    return gifts
