"""What a draft gets wrong about joining, fees and what waives them. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import USED_AT_ONCE, LevelGiven, PayoutGiven, RenewalGiven, StoredValueGiven
from erp_club.programmes.engine.membership import (
    AgeTerm,
    Begins,
    DateTerm,
    Fees,
    LifetimeTerm,
    MonthsTerm,
    TermFee,
    Waiver,
    WaiverStep,
)
from erp_club.programmes.engine.parts import Counts, Measure
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.spending import Benefit

_MONEY = T("Money is asked for here: let it count what is spent.")


def fee_findings(programme: Programme) -> Iterator[Finding]:
    """What is wrong with fees, their waiver, and what has to be bought to join."""
    fees = programme.fees
    of = programme.joining.purchase_of
    yield from _of_the_sale("joining.purchase_of", of)
    if programme.joining.purchase_minor is None and of != Measure():
        text = T("Nobody joins by a purchase, so this has no effect.")
        yield Finding("joining.purchase_of", text, stops=False)
    if fees.instalments is not None:
        if fees.instalments.first_minor >= fees.joining_minor:
            yield Finding("fees.instalments.first_minor", T("The first part must be less than the whole fee."))
        elif not any(isinstance(each.gives, PayoutGiven | StoredValueGiven) for each in programme.rewards):
            yield Finding("fees.instalments", T("No period reward pays money from which the rest could be withheld."))
    yield from _unsold(fees)
    yield from _lengths(programme)
    if fees.joining_waiver is not None:
        yield from _of_the_sale("fees.joining_waiver.of", fees.joining_waiver.of)
        if not fees.joining_minor:
            yield Finding("fees.joining_waiver", T("There is no joining fee to waive."), stops=False)
        yield from _waiver("fees.joining_waiver", fees.joining_waiver, (fees.joining_minor,))
    renewals = (fees.renewal_minor, *(each.renewal_minor for each in (*fees.levels, *fees.terms)))
    if fees.waiver is not None and not any(renewals):
        yield Finding("fees.waiver", T("There is no renewal fee to waive."), stops=False)
    if isinstance(programme.term, LifetimeTerm) and fees.renewal_minor:
        yield Finding("fees.renewal_minor", T("A membership for life is never renewed, so this is never paid."))
    yield from _renewed_by_points(programme)
    if fees.waiver is not None:
        if fees.waiver.of.counts is not Counts.SPEND:
            yield Finding("fees.waiver.of.counts", _MONEY)
        yield from _waiver("fees.waiver", fees.waiver, renewals)


def _renewed_by_points(programme: Programme) -> Iterator[Finding]:
    """What has a price in points and renews: something has to be renewed, and it holds when the term is over."""
    term = programme.term
    endless = isinstance(term, LifetimeTerm | AgeTerm) or (isinstance(term, DateTerm) and term.each_year is None)
    for index, benefit in enumerate(programme.benefits):
        if isinstance(benefit.gives, LevelGiven):
            yield from _level_by_points(f"benefits[{index}]", benefit, benefit.gives, programme)
        if not isinstance(benefit.gives, RenewalGiven):
            continue
        if endless:
            text = T("This membership is never renewed, so nobody can have this. Choose another gift, or another term.")
            yield Finding(f"benefits[{index}].gives", text)
        if benefit.issue != USED_AT_ONCE:
            text = T("The renewed term says when it holds, so this has no effect.")
            yield Finding(f"benefits[{index}].issue", text, stops=False)


def _lengths(programme: Programme) -> Iterator[Finding]:
    """What is wrong with the lengths that may be chosen."""
    fees, term = programme.fees, programme.term
    if fees.terms and not isinstance(term, MonthsTerm):
        text = T("Lengths can be chosen where membership lasts a number of months. Say so, or take these out.")
        yield Finding("fees.terms", text)
        return
    if fees.instalments is not None and (fees.terms or fees.segments or fees.joining_waiver is not None):
        text = T(
            "What is paid in parts has one price: without other lengths, other customers' prices or cheaper joining."
        )
        yield Finding("fees.instalments", text)
    paid = {each.level for each in fees.levels}
    for index, each in enumerate(fees.terms):
        path = f"fees.terms[{index}]"
        if isinstance(term, MonthsTerm) and each.months == term.months:
            yield Finding(f"{path}.months", T("This is the usual length: say its price with the club's own."))
        if any(_same_offer(each, other) for other in fees.terms[:index]):
            yield Finding(path, T("This length has a price for the same members already."))
        if each.level is not None and each.level not in paid:
            yield Finding(f"{path}.level", T("This level isn't sold. Name one that has a price of its own."))
        if programme.joining.begins is Begins.CONFIRMED and not each.joining_minor and each.level is None:
            text = T("Without a price, the length can't be kept until the membership is confirmed.")
            yield Finding(f"{path}.joining_minor", text)
        if not each.waived and fees.waiver is None and fees.joining_waiver is None:
            yield Finding(f"{path}.waived", T("Nothing waives a fee here, so this has no effect."), stops=False)


def _same_offer(one: TermFee, other: TermFee) -> bool:
    """Whether two prices are for the same members and length."""
    return (one.months, one.level, set(one.segments)) == (other.months, other.level, set(other.segments))


def _of_the_sale(path: str, of: Measure) -> Iterator[Finding]:
    """What can't be asked of a sale that isn't paid yet."""
    if of.counts is not Counts.SPEND:
        yield Finding(f"{path}.counts", _MONEY)
    for name, means in (("means", of.means), ("excluded.means", of.excluded.means), ("when.means", of.when.means)):
        if means:
            text = T("How the sale is paid isn't known yet when somebody joins in it.")
            yield Finding(f"{path}.{name}", text)


def _unsold(fees: Fees) -> Iterator[Finding]:
    """What costs something, and isn't sold as any product."""
    others = (*fees.levels, *fees.terms)
    joining = fees.joining_minor or any(each.joining_minor for each in others)
    renewing = fees.renewal_minor or any(each.renewal_minor for each in others)
    text = T("Name the product by which this is sold: without one it can't be paid at the till.")
    if fees.joining_product is None and (joining or (renewing and fees.renewal_product is None)):
        yield Finding("fees.joining_product", text, stops=False)


def _waiver(place: str, waiver: Waiver, fees: Sequence[int]) -> Iterator[Finding]:
    """What is wrong with the steps by which one of these fees is waived, the usual one first."""
    usual = fees[0] or max(fees, default=0)
    placed = [(place, waiver), *((f"{place}.steps[{i}]", each) for i, each in enumerate(waiver.steps))]
    for path, step in placed:
        if step.fee_minor is not None and 0 < fees[0] <= step.fee_minor:
            yield Finding(f"{path}.fee_minor", T("This is no less than the fee itself."))
    for (_, before), (path, after) in pairwise(placed):
        if after.at_least_minor == before.at_least_minor:
            yield Finding(f"{path}.at_least_minor", T("Two steps begin at the same figure."))
        elif after.at_least_minor < before.at_least_minor:
            yield Finding(f"{path}.at_least_minor", T("Steps must rise: this one begins below the one before."))
        elif _costs(after, usual) >= _costs(before, usual):
            yield Finding(path, T("Here it costs no less than at the step before."))


def _costs(step: WaiverStep, usual_minor: int) -> int:
    """What the fee is from the step on, in ten-thousandths of the smallest unit of money."""
    return step.fee_minor * 10_000 if step.fee_minor is not None else (usual_minor or 10_000) * (10_000 - step.off_bp)


def _level_by_points(path: str, benefit: Benefit, gives: LevelGiven, programme: Programme) -> Iterator[Finding]:
    """A level that points buy: one above the lowest, which is everybody's."""
    codes = [each.code for each in programme.levels.levels] if programme.levels is not None else []
    if gives.level not in codes[1:]:
        text = T("Points can buy a level of this club above the lowest one. Name one of these.")
        yield Finding(f"{path}.gives.level", text)
    if benefit.issue != USED_AT_ONCE:
        yield Finding(f"{path}.issue", T("The level says how long it holds, so this has no effect."), stops=False)
