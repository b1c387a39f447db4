"""Where a club works: by channel for each of what it does, and by store for all of it (M-12). Pure."""

from dataclasses import dataclass
from enum import StrEnum

from erp_club.programmes.engine.programme import Channels


class Doing(StrEnum):
    """What a club may do in one channel and not in another one; `joining` is renewing too."""

    JOINING = "joining"
    EARNING = "earning"
    REDEEMING = "redeeming"
    BENEFITS = "benefits"


@dataclass(frozen=True, slots=True)
class Where:
    """A channel by its name, and the code of the store, where one is known."""

    channel: str = "store"
    store: str | None = None


ANY_STORE = Where()
"""The chain's stores, whichever."""


def works(channels: Channels, doing: Doing, where: Where | None) -> bool:
    """Whether a club with these channels does that there; at the back office, whether it does it anywhere."""
    named: tuple[str, ...] = getattr(channels, doing.value)
    if where is None:
        return bool(named)
    return (
        where.channel in named
        and (not channels.stores or where.store in channels.stores)
        and where.store not in channels.without_stores
    )
