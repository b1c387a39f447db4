"""Where a request comes from: the chain, and the till in its store. Pure."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ChainFacts:
    """What every page and sale needs to know of the chain."""

    name: str
    currency: str
    country: str
    language: str
    time_zone: str
    is_demo: bool


@dataclass(frozen=True, slots=True)
class TerminalFacts:
    """The till that a request came from, and where it stands."""

    id: int
    number: int
    name: str
    store_id: int
    store_code: str
    store_name: str
    time_zone: str
    channel: str = "store"
