"""What is told of an event, and what came of it. No database, no clock."""

import datetime as dt
from dataclasses import dataclass

from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.facts import Purchase


@dataclass(frozen=True, slots=True)
class Of:
    """The purchase that an event is about."""

    customer_id: int
    id: int
    sold_on: dt.date
    total_minor: int


@dataclass(frozen=True, slots=True)
class At:
    """When and where it happened, by the store's clock, and who tells it; no run of a job does."""

    local: dt.datetime
    now: dt.datetime
    by: Actor
    store: str = ""
    channel: str = "store"
    run_id: int | None = None

    @property
    def on(self) -> dt.date:
        """The store's day."""
        return self.local.date()

    @property
    def place(self) -> Purchase:
        """The moment and place as conditions see them."""
        return Purchase(self.local, (), store=self.store, channel=self.channel)


@dataclass(frozen=True, slots=True)
class Happened:
    """What happened to a customer: the event's name, and what it is about."""

    event: str
    customer_id: int
    subject: str = ""
    purchase: Of | None = None
    friend_id: int | None = None


@dataclass(frozen=True, slots=True)
class Gave:
    """What a rule of a club gave whom: so many points with the balance after them, or another gift; or why nothing.

    `waits`: it gives once the friend has bought.
    """

    customer_id: int
    club: str
    rule: str
    points: int = 0
    balance: int | None = None
    gift: bool = False
    why: Why | None = None
    waits: bool = False
    counter: str | None = None
    """The counter on which the points count, which are none of the account's."""


@dataclass(frozen=True, slots=True)
class Told:
    """An event that was told, what it gave, and how many points can be used since."""

    event_id: int
    event: str
    customer_id: int
    gave: tuple[Gave, ...]
    released: int = 0
