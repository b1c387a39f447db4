"""A basket on its way through the stages: what was applied so far, what was refused, and what is pending."""

from collections.abc import Mapping
from dataclasses import dataclass

from erp_club.promotions.engine.basket import Basket
from erp_club.promotions.engine.facts import Claim, Facts
from erp_club.promotions.engine.give import Give
from erp_club.promotions.engine.offer import Start as By
from erp_club.promotions.engine.priced import Applied, Pending, Reason, Refusal, Share, made
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.scopes import Scopes


@dataclass(slots=True)
class Start:
    """What started an offer: a coupon's text or a claim; neither for one that starts by itself."""

    coupon: str | None = None
    claim: Claim | None = None
    left_minor: int | None = None
    """The most that the coupon still gives; None is without that limit."""


BY_ITSELF = Start()
BY_CODE = (By.CODE, By.COUPON)


@dataclass(slots=True, eq=False)
class Open:
    """An offer whose conditions hold: how often they are fulfilled, and the most that its limits leave."""

    ready: Ready
    times: int
    most: int | None
    start: Start


@dataclass(slots=True, eq=False)
class Record:
    """What an offer has given so far in this sale. `shares`: by line, amount and thousandths."""

    ready: Ready
    coupon: str | None
    shares: dict[int, list[int]]
    times: int = 0
    units_used: int = 0
    free_units: int = 0
    points_used: int = 0
    points: int = 0
    coupons: int = 0
    batch: str | None = None
    points_club: str | None = None

    def amount(self) -> int:
        """All that it took off."""
        return sum([amount for amount, _ in self.shares.values()])

    def told(self, basket: Basket) -> Applied:
        """The record as it is answered."""
        lines, whole = basket.lines, 0
        shares: list[Share] = []
        for i, (amount, units) in sorted(self.shares.items()):
            if amount:
                whole += amount
                shares.append(made(Share, (lines[i].id, amount, units)))
        return made(
            Applied,
            (
                self.ready.code,
                whole,
                tuple(shares),
                self.times or 1,
                self.units_used,
                self.free_units,
                self.points_used,
                self.points,
                self.coupon,
                self.coupons,
                self.batch,
                self.ready.version,
                self.points_club,
            ),
        )


@dataclass(slots=True)
class Run:
    """Everything about one pricing. Nothing has a default: a factory of a typed list takes ten times what `[]` does."""

    facts: Facts
    basket: Basket
    records: list[Record]
    refused: list[Refusal]
    pending: list[Pending]
    gifts: list[tuple[Ready, str, int]]
    earning: list[Open]
    spent: dict[str, int]
    """Points used so far, by club."""
    bits: dict[str, int]
    """The bit of each exclusive group."""
    proved: bool = True
    order_matters: bool = False
    """Whether its total could hang on the order of lines: who has which of equal units, or an odd minor unit."""

    def bit(self, group: str) -> int:
        """The bit that marks units which serve an exclusive group."""
        return self.bits.setdefault(group, 1 << len(self.bits))

    def refuse(self, ready: Ready, reason: Reason, missing: int | None = None, by: str | None = None) -> None:
        """Say why an offer gives nothing."""
        self.refused.append(ready.refuse(reason, missing, by))

    def note(self, record: Record, give: Give, shares: Mapping[int, list[int]]) -> None:
        """Add one reward to what an offer gave."""
        if not record.shares:
            record.shares = dict(shares)
        else:
            for i, (amount, units) in shares.items():
                held = record.shares.setdefault(i, [0, 0])
                held[0] += amount
                held[1] += units
        record.units_used += give.units_used
        record.free_units += give.free_units
        record.points_used += give.points_used
        record.coupons += give.coupons
        record.batch = give.batch or record.batch
        for product, count in give.gifts:
            self.gifts.append((record.ready, product, count))

    def kept(self, record: Record) -> None:
        """Add a record; what codes took is seen by amount conditions where the chain counts so."""
        self.records.append(record)
        if record.ready.start in BY_CODE and self.facts.policy.threshold_counts == "after_codes":
            self.basket.codes_took((i, amount) for i, (amount, _) in record.shares.items())


def run_of(facts: Facts, scopes: Scopes) -> Run:
    """A pricing that has only looked at price lists yet."""
    return Run(facts, Basket(facts, scopes), [], [], [], [], [], {}, {})
