"""A basket while it is priced: list amounts that thresholds look at, and what is left of each unit.

A *lot* is a number of units of one line that are alike: the same line, the same rest to pay. A line starts as one lot;
a discount on some of its units splits it. A line whose quantity is broken (weighed, measured) is one unit, whatever its
quantity; conditions on quantity count its whole units, at least one.
"""

from collections.abc import Iterable, Sequence

from erp_club.kernel.money import Rounding, allocate, round_div
from erp_club.promotions.engine.facts import Facts, Line, ListPrice
from erp_club.promotions.engine.scopes import Scopes, holds

BP = 10_000


class Lot:
    """`count` units of line `line` with `left` to pay for all of them; `taken`: bits of exclusive groups served."""

    __slots__ = ("count", "left", "line", "taken")

    def __init__(self, line: int, count: int, left: int, taken: int = 0) -> None:
        self.line = line
        self.count = count
        self.left = left
        self.taken = taken

    def part(self, count: int) -> int:
        """What is left to pay for `count` of the units: odd minor units lie on the first ones."""
        each, odd = divmod(self.left, self.count)
        return each * count + min(odd, count)


def line_amount(unit_minor: int, quantity_milli: int) -> int:
    """The price of a quantity in thousandths; halves go up."""
    if quantity_milli % 1000 == 0:
        return unit_minor * (quantity_milli // 1000)
    return round_div(unit_minor * quantity_milli, 1000, Rounding.HALF_UP)


def net_of(gross_minor: int, vat_bp: int) -> int:
    """What is left of an amount without its tax; halves go up."""
    if gross_minor > 0 and vat_bp:
        # As `round_div` does it, without the two calls that every line of every basket would pay for.
        whole = BP + vat_bp
        return (2 * BP * gross_minor + whole) // (2 * whole)
    return round_div(gross_minor * BP, BP + vat_bp, Rounding.HALF_UP) if vat_bp else gross_minor


def tax_on(net_minor: int, vat_bp: int) -> int:
    """The tax that comes on top of an amount; halves go up."""
    return round_div(net_minor * vat_bp, BP, Rounding.HALF_UP) if vat_bp else 0


class Basket:
    """The lines of a sale with their list amounts (`listed`, tax included), lots, and the lines of every scope."""

    __slots__ = (
        "_amounts", "_counts", "_nets", "by_scope", "changed", "facts", "heavy", "lines", "listed", "lots",
        "pieces", "regular", "taken_by_codes", "worth",
    )  # fmt: skip

    def __init__(self, facts: Facts, scopes: Scopes) -> None:
        self.facts = facts
        self.lines: Sequence[Line] = facts.lines
        self.changed: dict[int, tuple[int, str]] = {}
        """Lines of which a price list gives the price of one, and that list."""
        self.listed: list[int] = []
        self.regular = self.listed
        self.pieces: list[int] = []
        """Units of a line that offers can tell apart."""
        self.heavy: dict[int, int] = {}
        """Lines that are one unit and count for several, and for how many: 3.5 kg count for 3."""
        self.worth: list[int] = []
        """List amount of one of those, in thousandths of a minor unit: what units are ordered by."""
        self.lots: list[list[Lot]] = []
        self._counts: dict[int, int] = {}
        self._amounts: dict[int, int] = {}
        self._nets: dict[int, int] = {}
        self.taken_by_codes: list[int] | None = None
        if facts.price_lists:
            prices = _Prices(facts.price_lists)
            for i, line in enumerate(self.lines):
                if line.unit_minor >= 0 and (price := prices.of(line)) is not None:
                    self.changed[i] = price
        touchable = self._open(facts.policy.prices_include_tax)
        self.by_scope = scopes.find(self.lines, touchable, self.reduced)

    def _open(self, with_tax: bool) -> list[int]:
        """Work out list amounts; the lines that offers may touch."""
        touchable: list[int] = []
        changed, listed, pieces_of, worth, lots = self.changed, self.listed, self.pieces, self.worth, self.lots
        for i, line in enumerate(self.lines):
            quantity, regular = line.quantity_milli, line.unit_minor
            unit = changed[i][0] if changed and i in changed else regular
            pieces, broken = divmod(quantity, 1000)
            if broken:
                if pieces > 1:
                    self.heavy[i] = pieces
                pieces, amount = 1, line_amount(unit, quantity)
            else:
                amount = unit * pieces
                if pieces < 1:
                    pieces = 1
            if not with_tax:
                amount += tax_on(amount, line.vat_bp)
            listed.append(amount)
            pieces_of.append(pieces)
            worth.append(amount * 1000 // pieces if pieces > 1 else amount * 1000)
            lots.append([Lot(i, pieces, amount)])
            if quantity > 0 and regular >= 0:
                touchable.append(i)
        if self.changed:
            self.regular = [_gross(line, with_tax) for line in self.lines]
        return touchable

    def unit(self, i: int) -> int:
        """The list price of one."""
        return self.changed[i][0] if i in self.changed else self.lines[i].unit_minor

    def reduced(self, i: int) -> bool:
        """Whether a line is sold below its regular price, by itself or by a price list."""
        line = self.lines[i]
        return line.reduced or (i in self.changed and self.changed[i][0] < line.unit_minor)

    def size(self, i: int) -> int:
        """The thousandths in one unit of a line."""
        return self.lines[i].quantity_milli // self.pieces[i]

    def count(self, scope: int) -> int:
        """Units of a scope, as conditions count them."""
        known = self._counts.get(scope)
        if known is None:
            pieces, heavy = self.pieces, self.heavy
            known = sum([heavy.get(i) or pieces[i] for i in self.by_scope.get(scope, ())])
            self._counts[scope] = known
        return known

    def amount(self, scope: int) -> int:
        """List amount of a scope with tax (less what codes took, where the chain counts so)."""
        known = self._amounts.get(scope)
        if known is None:
            known = self._amounts[scope] = sum(self.counted(i) for i in self.by_scope.get(scope, ()))
        return known

    def net_amount(self, scope: int) -> int:
        """The same without tax, rounded line by line."""
        known = self._nets.get(scope)
        if known is None:
            held = self.by_scope.get(scope, ())
            known = self._nets[scope] = sum(net_of(self.counted(i), self.lines[i].vat_bp) for i in held)
        return known

    def counted(self, i: int) -> int:
        """What amount conditions see of a line."""
        return self.listed[i] if self.taken_by_codes is None else self.listed[i] - self.taken_by_codes[i]

    def codes_took(self, shares: Iterable[tuple[int, int]]) -> None:
        """Let amount conditions see from now on what a code left of these lines (line, amount)."""
        if self.taken_by_codes is None:
            self.taken_by_codes = [0] * len(self.lines)
        for i, amount in shares:
            self.taken_by_codes[i] += amount
        self._amounts.clear()
        self._nets.clear()

    def open_lots(self, scope: int, mask: int = 0) -> list[Lot]:
        """The lots of a scope whose units don't serve the exclusive group `mask` yet."""
        lots = self.lots
        return [lot for i in self.by_scope.get(scope, ()) for lot in lots[i] if not lot.taken & mask]

    def split(self, lot: Lot, count: int) -> Lot:
        """The lot of just `count` units of it, the first ones."""
        if count == lot.count:
            return lot
        part = lot.part(count)
        first = Lot(lot.line, count, part, lot.taken)
        lot.count -= count
        lot.left -= part
        held = self.lots[lot.line]
        held.insert(held.index(lot), first)
        return first

    def left(self, i: int) -> int:
        """What is left to pay for a line."""
        lots = self.lots[i]
        return lots[0].left if len(lots) == 1 else sum(lot.left for lot in lots)

    def restart(self) -> None:
        """All lots as they were before any offer."""
        self.lots = [[Lot(i, self.pieces[i], amount)] for i, amount in enumerate(self.listed)]
        if self.taken_by_codes is not None:
            self.taken_by_codes = None
            self._amounts.clear()
            self._nets.clear()

    def owed(self) -> int:
        """What the whole sale still costs, less what was typed in by hand below zero and what is given back in it."""
        return max(0, sum(lot.left for lots in self.lots for lot in lots))

    def touched(self, lot: Lot) -> bool:
        """Whether something was taken off these units; odd minor units lie on the first ones."""
        return lot.left < self.listed[lot.line] // self.pieces[lot.line] * lot.count

    def state(self) -> list[list[Lot]]:
        """A copy of all lots, to come back to."""
        return [[Lot(lot.line, lot.count, lot.left, lot.taken) for lot in lots] for lots in self.lots]


def _gross(line: Line, with_tax: bool) -> int:
    """The regular amount of a line with tax."""
    amount = line_amount(line.unit_minor, line.quantity_milli)
    return amount if with_tax else amount + tax_on(amount, line.vat_bp)


class _Prices:
    """The price lists in force: entries for single products are looked up, the others tried in turn."""

    __slots__ = ("by_product", "wide")

    def __init__(self, entries: Sequence[ListPrice]) -> None:
        self.by_product: dict[str, list[ListPrice]] = {}
        self.wide: list[ListPrice] = []
        for entry in entries:
            on = entry.on
            if on.products and not (on.groups or on.departments or on.brands or on.kinds):
                for product in on.products:
                    self.by_product.setdefault(product, []).append(entry)
            else:
                self.wide.append(entry)

    def of(self, line: Line) -> tuple[int, str] | None:
        """The price of one and the list that gives it: the lowest, or the lowest of those that hold always.

        None where no list gives a lower price, or holds always.
        """
        best, code, always, found = line.unit_minor, "", False, False
        for entry in (*self.by_product.get(line.product, ()), *self.wide):
            if entry.always < always or not holds(entry.on, line, reduced=line.reduced):
                continue
            price = entry.price_minor
            if price is None:
                price = round_div(line.unit_minor * (BP - (entry.off_bp or 0)), BP, Rounding.HALF_UP)
            cheaper = (price, entry.list_code) < (best, code) if found else price < best
            if entry.always > always or cheaper:
                best, code, always, found = price, entry.list_code, entry.always, True
        return (best, code) if found else None


def spread(total: int, lots: Sequence[Lot]) -> list[int]:
    """Share an amount out over lots by what is left of them."""
    if len(lots) == 1:
        return [total]
    return allocate(total, [lot.left for lot in lots])
