"""The units that exclusive offers compete for: equal ones in stacks, as the search wants them."""

from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.kernel.money import allocate
from erp_club.promotions.engine.basket import Basket, Lot
from erp_club.promotions.engine.give import Take
from erp_club.promotions.engine.priced import made
from erp_club.promotions.engine.solve import Stack, Taken


@dataclass(slots=True)
class Field:
    """The units that are competed for: equal ones in stacks, and which stacks each scope holds."""

    basket: Basket
    bit: int
    lower: bool
    """Whether offers of a higher priority have had their units already."""
    stacks: list[Stack]
    lots: list[Lot]
    of_line: list[tuple[int, ...]]
    known: dict[int, tuple[int, ...]]

    def on(self, scope: int) -> tuple[int, ...]:
        """The stacks of a scope, the same object whoever asks."""
        found = self.known.get(scope)
        if found is None:
            lines = self.basket.by_scope.get(scope, ())
            found = self.known[scope] = tuple([stack for i in lines for stack in self.of_line[i]])
        return found

    def takes(self, taken: Sequence[Taken]) -> list[Take]:
        """So many units of each lot, and the amount off them; those that were paid in full last."""
        takes: list[Take] = []
        lots = self.lots
        for _, saving, shares, used, _ in taken:
            if len(shares) < 2:
                takes += [(lots[stack], count, saving) for stack, count, _ in shares]
            else:
                amounts = allocate(saving, [weight for _, _, weight in shares])
                takes += [
                    (lots[stack], count, amount) for (stack, count, _), amount in zip(shares, amounts, strict=True)
                ]
            if used:
                takes += [(lots[stack], count, 0) for stack, count in used]
        return takes


def field_of(basket: Basket, bit: int, *, lower: bool = False) -> Field:
    """All units that don't serve the group yet."""
    found = Field(basket, bit, lower, [], [], [], {})
    stacks, of_line, all_lots, first = found.stacks, found.of_line, found.lots, 0
    heavy = basket.heavy
    for i, lots in enumerate(basket.lots):
        counts = heavy.get(i, 1) if heavy else 1
        lot = lots[0]
        count, left = lot.count, lot.left
        if len(lots) == 1 and not lot.taken & bit and left >= 0:
            each, odd = divmod(left, count) if count > 1 else (left, 0)
            if not odd:
                all_lots.append(lot)
                stacks.append(made(Stack, (count, each, counts)))
                of_line.append((first,))
                first += 1
                continue
        for lot in list(lots):
            if lot.taken & bit:
                continue
            odd = lot.left % lot.count if lot.left > 0 else 0
            for part in (basket.split(lot, odd), lot) if odd else (lot,):
                found.lots.append(part)
                found.stacks.append(Stack(part.count, max(0, part.left) // part.count, counts))
        found.of_line.append(tuple(range(first, len(found.lots))))
        first = len(found.lots)
    return found
