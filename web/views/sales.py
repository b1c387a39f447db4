"""Sales of a year and of its months, as the home page and stores show them."""

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel
from sqlalchemy.orm import Session

from erp_club.reports.purchases import queries
from erp_club.reports.purchases.asked import Asked, By
from erp_club.reports.purchases.figures import Figures
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


def of_year(session: Session, year: int | None, *, store_ids: tuple[int, ...] | None) -> Figures:
    """What a year came to, as the reports say it; nothing without a year."""
    if year is None:
        return Figures()
    asked = Asked(by=By.YEAR, first=dt.date(year, 1, 1), last=dt.date(year, 12, 31), within=store_ids)
    return queries.total(session, asked)
