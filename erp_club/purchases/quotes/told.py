"""What the database tells of a basket: its products and who buys. Pure."""

import datetime as dt
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erp_club.clubs.earning.account import Earning
from erp_club.pricelists.rules import Entry
from erp_club.programmes.documents import level_in
from erp_club.programmes.engine.programme import Channels


@dataclass(frozen=True, slots=True)
class OpenClub:
    """A published club, and where its programme of the day works; None is everywhere."""

    code: str
    id: int
    names: Mapping[str, str]
    channels: Channels | None = None


@dataclass(frozen=True, slots=True)
class Buyer:
    """Who is said to buy: by id, number or card, the first that is given; nobody known where none is."""

    customer_id: int | None = None
    number: str | None = None
    card: str | None = None


NOBODY = Buyer()


@dataclass(frozen=True, slots=True)
class SoldProduct:
    """A product as pricing needs it; `price_minor` is the regular price of one."""

    sku: str
    id: int
    name: str
    price_minor: int
    vat_bp: int
    earns: bool
    stub: bool
    kind: str
    group: str | None
    department: str | None
    brand: str | None
    levy_minor: int = 0


@dataclass(frozen=True, slots=True)
class HeldMembership:
    """A membership that gives benefits on the day: its club's code, the points to use, and how the sale earns.

    `used_today`: the points that were used on the day already. `kept_level` is the level that is kept of it, None where
    its club has none or it wasn't looked at yet. `named`: whether the main member of its household names it among those
    who use the points; None where the account is its own.
    """

    club: str
    available: int
    earning: Earning
    used_today: int = 0
    kept_level: str | None = None
    named: bool | None = None

    @property
    def level(self) -> str | None:
        """The level on which it stands: the lowest where none is kept, None in a club without levels."""
        return level_in(self.earning.rules_document, self.kept_level)


@dataclass(frozen=True, slots=True)
class Told:
    """What the database told: products by SKU, what price lists say of them, and of the customer (0 for nobody known).

    `catalogue` is the version of the offers in force, `uses` what of their limits is used up. `automatic`: the codes
    that birthday plans let every till enter by itself.
    """

    products: Mapping[str, SoldProduct]
    entries: tuple[Entry, ...]
    policy: Mapping[str, Any]
    catalogue: uuid.UUID
    uses: Sequence[Sequence[Any]]
    customer_id: int
    birthday: dt.date | None
    purchases: int
    memberships: tuple[HeldMembership, ...]
    clubs: tuple[OpenClub, ...]
    segments: frozenset[str] = frozenset()
    automatic: tuple[str, ...] = ()
    children: tuple[dt.date, ...] = ()
