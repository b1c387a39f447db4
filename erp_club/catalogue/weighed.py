"""Bar codes that scales print: the item and its weight or price in the number itself. Pure.

GS1 keeps numbers that begin with 2 for use inside a company (GS1 General Specifications, restricted circulation
numbers), so that each chain, or its country's GS1, says where what stands in them. A pattern writes a code digit by
digit: digits and `?` (any digit) as they are, `I` the item, `W` its weight in kilograms or `P` its price, with a point
where the decimals begin, `C` the check digit. `23IIIIIIW.WWWC` is a code of Finland and Sweden with grams,
`2?IIIIIWW.WWWC` a usual one of Israel.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache

PATTERN = r"^[0-9?]{1,6}I{2,7}[0-9?]{0,2}(?:W+(?:\.W{1,3})?|W*\.W{1,3}|P+(?:\.P{1,2})?|P*\.P{1,2})C$"
LENGTHS = frozenset({12, 13})
"""Of an UPC-A and an EAN-13."""


@dataclass(frozen=True, slots=True)
class Label:
    """What a scale's bar code says: the item by the codes that it may have, and its weight or its price."""

    skus: tuple[str, ...]
    weight_milli: int | None = None
    price_minor: int | None = None

    def quantity_milli(self, unit_minor: int) -> int:
        """How much it is of an item that costs so much; of a price the quantity that comes nearest to it."""
        if self.weight_milli is not None:
            return self.weight_milli
        assert self.price_minor is not None
        return (self.price_minor * 2000 + unit_minor) // (2 * unit_minor) if unit_minor > 0 else 0


def is_pattern(text: str) -> bool:
    """Whether this is a pattern, of a length that bar codes have."""
    return re.fullmatch(PATTERN, text) is not None and len(text.replace(".", "")) in LENGTHS


def read(code: str, patterns: Iterable[str]) -> Label | None:
    """What a code says by the first pattern that it fits; None for one that fits none, or is misread."""
    if not may_be_label(code):
        return None
    for pattern in patterns:
        found = _compiled(pattern).fullmatch(code)
        if found is not None:
            return _label(code, pattern, found)
    return None


def may_be_label(code: str) -> bool:
    """Whether it has the length and the check digit of a bar code."""
    digits = len(code) in LENGTHS and code.isascii() and code.isdigit()
    return digits and check_digit(code[:-1]) == code[-1]


def check_digit(digits: str) -> str:
    """The check digit of a GS1 number: threes and ones from the right (GS1 General Specifications, 7.9)."""
    total = sum(int(digit) * (1 if place % 2 else 3) for place, digit in enumerate(reversed(digits)))
    return str(-total % 10)


def _label(code: str, pattern: str, found: re.Match[str]) -> Label:
    item, value, (first, last) = found["item"], found["value"], found.span("value")
    decimals = len(pattern.rpartition(".")[2]) - 1 if "." in pattern else 0
    without = code[:first] + "0" * (last - first)
    skus = (without + check_digit(without), code[: found.end("item")], item, item.lstrip("0"))
    amount = int(value)
    if "W" in pattern:
        return Label(skus, weight_milli=amount * 10 ** (3 - decimals))
    return Label(skus, price_minor=amount * 10 ** (2 - decimals))


@lru_cache(maxsize=100)
def _compiled(pattern: str) -> re.Pattern[str]:
    said = "".join(_part(each[0]) for each in re.finditer(r"I+|W+|P+|.", pattern.replace(".", "")[:-1]))
    return re.compile(said + r"\d", re.ASCII)


def _part(run: str) -> str:
    name = {"I": "item", "W": "value", "P": "value"}.get(run[0])
    if name is not None:
        return rf"(?P<{name}>\d{{{len(run)}}})"
    return r"\d" if run == "?" else run
