"""A club's programme as the pricing engine asks it: what the lines of a sale earn. Pure."""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp_club.programmes.documents import every_part, programme_of
from erp_club.programmes.engine.earn import Earned, earn
from erp_club.programmes.engine.earning import Rule
from erp_club.programmes.engine.facts import Bought, MemberFacts, Purchase, Tender
from erp_club.programmes.engine.lines import in_scope
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.engine.facts import Line, PaidFor
from erp_club.purchases.sale import Payment


@dataclass(frozen=True, slots=True)
class ProgrammePlan:
    """How a programme earns here and now, for this member. `means` are those that will pay, where that is known.

    `paid`: how much some of them pay, where that is known too; the one that is left pays the rest.
    """

    club: str
    programme: Programme
    member: MemberFacts
    at: dt.datetime
    store: str
    channel: str = "store"
    means: tuple[str, ...] = ()
    confirmed: frozenset[str] = frozenset()
    paid: tuple[tuple[str, int], ...] = ()

    def earned(self, lines: Sequence[PaidFor]) -> tuple[Mapping[int, int], int]:
        """Points by the place of the line, and those that lie on none."""
        made = self.look(lines)
        on_lines = {int(line): points for line, points in made.by_line.items()}
        return on_lines, made.points - sum(on_lines.values())

    def look(self, lines: Sequence[PaidFor]) -> Earned:
        """What each rule gives, and why not."""
        bought = tuple(_bought(number, each) for number, each in enumerate(lines))
        total = sum(each.paid_minor for each in bought)
        purchase = Purchase(
            self.at, bought, self._tenders(total), store=self.store, channel=self.channel, confirmed=self.confirmed,
            uses_points=any(each.uses_points for each in lines),
        )  # fmt: skip
        return earn(self.programme, purchase, self.member)

    def _tenders(self, total: int) -> tuple[Tender, ...]:
        """Who pays how much of a total, none where that isn't known of all."""
        known = [Tender(means, amount) for means, amount in self.paid if amount > 0]
        left = total - sum(each.amount_minor for each in known)
        others = [means for means in self.means if means not in dict(self.paid)]
        if len(others) > 1 or total <= 0:
            return ()
        return (*known, *(Tender(means, left) for means in others if left > 0))


def _bought(number: int, each: PaidFor) -> Bought:
    line = each.line
    return Bought(
        id=str(number),
        product=line.product,
        paid_minor=each.paid_minor,
        quantity_milli=line.quantity_milli,
        group=line.group,
        department=line.department,
        brand=line.brand,
        kind=line.kind,
        before_minor=each.before_minor,
        price_list=each.price_list,
        reduced=each.reduced,
        promoted=each.touched.milli > 0,
        earns=line.earns,
        points_minor=each.points_minor,
        vat_bp=line.vat_bp,
        touched_milli=each.touched.milli,
        free_milli=each.touched.free_milli,
    )


def is_for(rule: Rule, lines: Sequence[Line]) -> bool:
    """Whether a rule looks at any of these lines."""
    return any(in_scope(rule.on, _bought(0, PaidFor(line, 0, 0))) for line in lines)


def paid_by_means(payments: Sequence[Payment]) -> tuple[tuple[str, int], ...]:
    """How much each means pays in all, by the name that rules know it by."""
    paid: dict[str, int] = {}
    for each in payments:
        paid[each.name] = paid.get(each.name, 0) + each.amount_minor
    return tuple(paid.items())


def that_pay(means: Sequence[str], payments: Sequence[Payment], total_minor: int) -> tuple[str, ...]:
    """The means without those that have nothing to pay, because others pay all: no offer may hang on them."""
    if sum(payment.amount_minor for payment in payments) < total_minor or total_minor <= 0:
        return tuple(means)
    paid = {payment.name for payment in payments}
    return tuple(each for each in means if each in paid)


def looks_at_means(rules_document: str) -> bool:
    """Whether what a purchase earns hangs on how it is paid, so that it matters how much each means pays."""
    programme = programme_of(rules_document)
    names = ("means", "without_means")
    return programme is not None and any(getattr(part, name, ()) for _, part in every_part(programme) for name in names)
