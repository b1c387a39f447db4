"""Whether what somebody saw before they changed it still stands, for rows that keep no number of their versions."""

import hashlib
import json

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T


def version_of(*said: object) -> str:
    """A mark of what a row says: another one once any of it is another."""
    return hashlib.sha256(json.dumps([str(each) for each in said]).encode()).hexdigest()[:16]


def stale() -> Conflict:
    """What was changed isn't what was seen."""
    return Conflict(
        T("Somebody else has changed this meanwhile. Look at what is stored now, and change it again."), code="stale"
    )


def check_seen(seen: str | None, now: str) -> None:
    """Raise Conflict `stale` where another version was seen than stands now; who tells of none takes any."""
    if seen is not None and seen != now:
        raise stale()
