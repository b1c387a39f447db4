"""A purchase of the past, as rules look at it. Pure."""

import datetime as dt
from typing import NamedTuple

from erp_club.programmes.engine.facts import Purchase


class Past(NamedTuple):
    """A past receipt of a known customer. `original_id` is the receipt that a return takes back, line by line."""

    id: int
    customer_id: int
    joined_on: dt.date | None
    birthday: dt.date | None
    children: tuple[dt.date, ...]
    purchase: Purchase
    original_id: int | None
    original_lines: tuple[int | None, ...]
