"""A club's programme as the pricing engine asks it: what the lines of a sale earn. Pure."""

import datetime as dt
import functools
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.facts import Bought, MemberFacts, Purchase, Tender
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.engine.facts import PaidFor


@dataclass(frozen=True, slots=True)
class ProgrammePlan:
    """How a programme earns here and now, for this member. `means` are those that will pay, where that is known."""

    club: str
    programme: Programme
    member: MemberFacts
    at: dt.datetime
    store: str
    channel: str = "store"
    means: tuple[str, ...] = ()
    confirmed: frozenset[str] = frozenset()

    def earned(self, lines: Sequence[PaidFor]) -> tuple[Mapping[int, int], int]:
        """Points by the place of the line, and those that lie on none."""
        bought = tuple(_bought(number, each) for number, each in enumerate(lines))
        total = sum(each.paid_minor for each in bought)
        # Who pays how much is known only where one means pays all.
        tenders = (Tender(self.means[0], total),) if len(self.means) == 1 and total > 0 else ()
        purchase = Purchase(self.at, bought, tenders, store=self.store, channel=self.channel, confirmed=self.confirmed)
        made = earn(self.programme, purchase, self.member)
        on_lines = {int(line): points for line, points in made.by_line.items()}
        return on_lines, made.points - sum(on_lines.values())


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
        reduced=each.reduced,
        promoted=each.promoted,
        earns=line.earns,
    )


@functools.lru_cache(maxsize=256)
def programme_of(rules_document: str) -> Programme | None:
    """The programme that a version of a club's rules carries, from its JSON text; None where it has none."""
    said = json.loads(rules_document).get("programme") if '"programme"' in rules_document else None
    return None if said is None else Programme.model_validate(said)
