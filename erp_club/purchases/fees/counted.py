"""What of a basket counts towards joining by a purchase, before anybody has paid it."""

from collections.abc import Iterator

from erp_club.programmes.engine.facts import Bought, MemberFacts, Purchase
from erp_club.programmes.engine.measure import Lived, measured
from erp_club.programmes.engine.parts import Measure
from erp_club.promotions.engine.facts import Facts
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.fees.queries import NO_FEES


def counted_minor(of: Measure, facts: Facts, priced: Priced, who: MemberFacts, *, regular: bool) -> int:
    """What counts of it, without fees; `regular`: at the prices before any list or offer, which joining may bring."""
    purchase = Purchase(
        facts.at, tuple(_lines(facts, priced, regular)), store=facts.store, channel=facts.channel,
        confirmed=facts.confirmed,
    )  # fmt: skip
    return measured(of, Lived(purchase, member=who), excluded=NO_FEES)


def _lines(facts: Facts, priced: Priced, regular: bool) -> Iterator[Bought]:
    known = {line.id: line for line in facts.lines}
    for each in priced.lines:
        if regular and each.added_by is not None:
            continue  # a gift has been bought by nobody
        line = known.get(each.id) or facts.products[each.product]
        yield Bought(
            id=each.id,
            product=each.product,
            paid_minor=each.regular_minor if regular else each.total_minor,
            quantity_milli=each.quantity_milli,
            group=line.group,
            department=line.department,
            brand=line.brand,
            kind=line.kind,
            before_minor=each.list_minor,
            price_list=each.list_code,
            reduced=each.list_minor < each.regular_minor,
            promoted=each.discount_minor > 0,
        )
