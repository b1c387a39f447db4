"""A member's past receipts as what rules count: what each was, earned and counted, returns on their purchase's day."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from erp_club.programmes.engine.earn import earn_by
from erp_club.programmes.engine.earning import Earning
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.measure import Lived
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import mirrored, without
from erp_club.programmes.past.purchase import Past


def lived(
    programme: Programme, receipts: Iterable[Past], who: Callable[[Past], MemberFacts], points: Mapping[int, int]
) -> Iterator[Lived]:
    """The receipts in their order. `points` is what each, by its id, brought to the account, below zero for a return.

    Counters are counted by today's rules. `who` says what the member was at a receipt; a return counts as its purchase.
    """
    sold: dict[int, tuple[Purchase, MemberFacts]] = {}
    counters = [(each.code, Earning(rules=each.rules, rounding=each.rounding)) for each in programme.counters]

    def counted(purchase: Purchase, member: MemberFacts) -> list[int]:
        return [earn_by(each, purchase, member, excluded=programme.left_out).points for _, each in counters]

    for past in receipts:
        purchase, member = past.purchase, who(past)
        original, shrinks, returns_on = sold.get(past.original_id or 0), None, None
        if original is not None:
            whole, member = original
            kept = without(whole, purchase.lines, past.original_lines)
            shrinks, returns_on = (whole, kept), whole.on
            sold[past.original_id or 0] = (kept, member)
            pairs = zip(counted(whole, member), counted(kept, member), strict=True)
            values = [after - before for before, after in pairs]
        elif purchase.total_minor < 0:
            values = [-each for each in counted(mirrored(purchase), member)]
        else:
            sold[past.id] = (purchase, member)
            values = counted(purchase, member)
        on_counters = tuple((code, value) for (code, _), value in zip(counters, values, strict=True))
        yield Lived(purchase, points.get(past.id, 0), on_counters, returns_on, member, shrinks)
