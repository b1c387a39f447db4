"""When a cron line was last due and is due next, in the chain's time zone."""

import datetime as dt
from zoneinfo import ZoneInfo

from croniter import croniter


def last_due(line: str, now: dt.datetime, zone: str) -> dt.datetime:
    """The newest moment not after `now` at which the line was due, with the zone's offset."""
    # A second later, since croniter leaves out the moment itself.
    local = now.astimezone(ZoneInfo(zone)) + dt.timedelta(seconds=1)
    return croniter(line, local).get_prev(dt.datetime)


def next_due(line: str, now: dt.datetime, zone: str) -> dt.datetime:
    """The first moment after `now` at which the line is due, with the zone's offset."""
    return croniter(line, now.astimezone(ZoneInfo(zone))).get_next(dt.datetime)
