"""A member's past receipts as what rules count: what each was, earned and counted, returns on their purchase's day."""

from collections.abc import Iterable, Iterator, Mapping

from erp_club.programmes.engine.earn import earn_by
from erp_club.programmes.engine.earning import Earning
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.measure import Lived
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import mirrored, without
from erp_club.programmes.past.queries import Past


def lived(
    programme: Programme, receipts: Iterable[Past], member: MemberFacts, points: Mapping[int, int]
) -> Iterator[Lived]:
    """The receipts in their order. `points` is what each, by its id, brought to the account, below zero for a return.

    Counters are counted by today's rules, and as if the member had always been what `member` says.
    """
    sold: dict[int, Purchase] = {}
    counters = [(each.code, Earning(rules=each.rules, rounding=each.rounding)) for each in programme.counters]

    def counted(purchase: Purchase) -> list[int]:
        return [earn_by(each, purchase, member, excluded=programme.excluded).points for _, each in counters]

    for past in receipts:
        purchase = past.purchase
        original = sold.get(past.original_id or 0)
        shrinks = None
        if original is not None:
            kept = without(original, purchase.lines, past.original_lines)
            shrinks = (original, kept)
            sold[past.original_id or 0] = kept
            pairs = zip(counted(original), counted(kept), strict=True)
            values = [after - before for before, after in pairs]
        elif purchase.total_minor < 0:
            values = [-each for each in counted(mirrored(purchase))]
        else:
            sold[past.id] = purchase
            values = counted(purchase)
        on_counters = tuple((code, value) for (code, _), value in zip(counters, values, strict=True))
        returns_on = None if original is None else original.on
        yield Lived(purchase, points.get(past.id, 0), on_counters, returns_on, member, shrinks)
