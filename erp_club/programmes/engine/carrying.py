"""What a window of the levels counts beyond the figure that it reached, and how much of it the next one has. Pure."""

import datetime as dt
from collections.abc import Callable

from erp_club.programmes.engine.calendar import DAY, span_of
from erp_club.programmes.engine.levels import Levels


def carried(levels: Levels, first: dt.date, since: dt.date, joined_on: dt.date, total: Callable[[dt.date], int]) -> int:
    """What the windows up to the one that begins on `first` have left for it, from that which holds `since` on.

    `total` is what the window counts that ends on a day.
    """
    rule, left = levels.carry, 0
    if rule is None or first <= since:
        return 0
    span = span_of(levels.window, since, joined_on=joined_on)
    while span.last is not None and span.last < first:
        whole = total(span.last) + left
        reached = max((each.at_least for each in levels.levels if each.at_least and each.at_least <= whole), default=0)
        share = (whole - reached) * rule.share_bp // 10_000 if reached else 0
        left = min(share, rule.most or share)
        span = span_of(levels.window, span.last + DAY, joined_on=joined_on)
    return left
