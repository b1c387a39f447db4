"""Sales of a year by month, as the charts show them."""

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel

from erp_club.reports.queries import MonthOfSales


class Month(BaseModel):
    """One month of the year shown; `month` is its first day."""

    month: dt.date
    sales_minor: int
    receipts: int


def whole_year(year: int, sold: Mapping[dt.date, MonthOfSales]) -> list[Month]:
    """Twelve months; those without sales stand at 0."""
    firsts = [dt.date(year, number, 1) for number in range(1, 13)]
    return [
        Month(
            month=first,
            sales_minor=sold[first].sales_minor if first in sold else 0,
            receipts=sold[first].receipts if first in sold else 0,
        )
        for first in firsts
    ]
