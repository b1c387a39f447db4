"""Which year a figure or a chart shows when nobody has chosen one."""

import datetime as dt
from collections import Counter
from collections.abc import Iterable


def shown_year(months: Iterable[dt.date]) -> int | None:
    """The latest calendar year with sales in at least two months, else the latest with any; None without sales.

    `months` are the first days of the months that have sales. One sale today says nothing about a year yet.
    """
    found = Counter(month.year for month in set(months))
    return max((year for year, count in found.items() if count > 1), default=max(found, default=None))
