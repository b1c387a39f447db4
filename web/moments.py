"""The moment and place of a request, as rules of clubs see it."""

import datetime as dt
from zoneinfo import ZoneInfo

from erp_club.programmes.events.told import At
from web.deps import Act


def at_moment(act: Act) -> At:
    """Now, by the clock of the till's store, or of the chain."""
    local: dt.datetime = act.now.astimezone(ZoneInfo(act.zone)).replace(tzinfo=None)
    till = act.identity.terminal
    if till is None:
        return At(local, act.now, act.by)
    return At(local, act.now, act.by, till.store_code, till.channel)
