"""The small words of an offer: which lines, which of them first, and how its numbers are bounded."""

from enum import StrEnum
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MOST_MINOR = 100_000_000_000
MOST_QUANTITY = 9_999
MOST_USES = 1_000_000_000
Question = Annotated[str, StringConstraints(pattern=r"^\w[\w ._-]{0,49}$")]
"""What a cashier confirms: a word or a few, in any language, `COUPLE` as well as "a couple"."""
Code = Annotated[str, StringConstraints(pattern=r"^[A-Z0-9][A-Z0-9_.-]{0,49}$")]
Key = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Keys = Annotated[tuple[Key, ...], Field(max_length=5_000)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
BasisPoints = Annotated[int, Field(ge=0, le=10_000)]
Count = Annotated[int, Field(ge=1, le=MOST_QUANTITY)]
Texts = Annotated[dict[Literal["en", "he", "fi", "sv"], Annotated[str, Field(max_length=200)]], Field(max_length=4)]


class Part(BaseModel):
    """A piece of an offer: fixed once made, and without fields that nobody knows."""

    model_config = ConfigDict(frozen=True, extra="forbid", use_enum_values=False)


class Scope(Part):
    """Which lines: those of any of these products (SKU), groups, departments or brands (by name).

    Nothing named is every line of goods. Lines of another kind (delivery, gift cards, deposits, top-ups) are passed
    over unless a product, group or kind names them; lines typed in by hand below zero always.
    """

    products: Keys = ()
    groups: Keys = ()
    departments: Keys = ()
    brands: Keys = ()
    kinds: Keys = ()
    without_products: Keys = ()
    without_groups: Keys = ()
    without_departments: Keys = ()
    without_brands: Keys = ()
    regular_price_only: bool = False
    """Passes over lines that a price list, or the product itself, sells below the regular price."""

    @property
    def everything(self) -> bool:
        """Whether no line of goods is left out by what is named."""
        return not (self.products or self.groups or self.departments or self.brands or self.kinds)


EVERYTHING = Scope()


class Pick(StrEnum):
    """Which units go first where not all do; where prices are equal, in the order of the lines."""

    CHEAPEST = "cheapest"
    DEAREST = "dearest"


class Basis(StrEnum):
    """Whether an amount includes tax."""

    INCLUDING = "incl"
    EXCLUDING = "excl"
