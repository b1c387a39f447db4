"""What a report is asked and what its figures say, without a database.

REQ R-01
"""

import datetime as dt

import pytest

from erp_club.kernel.errors import Invalid
from erp_club.reports.purchases.asked import Against, Asked, By, before, year_before
from erp_club.reports.purchases.figures import Figures, change_bp

D = dt.date


def test_an_average_basket_leaves_returns_out():
    found = Figures(receipts=3, purchases=2, returns=1, sales_minor=50_00, returned_minor=10_00)
    assert found.average_minor == 30_00
    assert Figures(returns=1, sales_minor=-10_00, returned_minor=10_00).average_minor is None


def test_a_change_has_no_measure_where_it_began_at_nothing():
    assert (change_bp(110, 100), change_bp(90, 100), change_bp(5, 0), change_bp(5, None)) == (1_000, -1_000, None, None)


def test_the_period_before_has_whole_months_for_whole_months():
    assert before(D(2026, 1, 1), D(2026, 3, 31)) == (D(2025, 10, 1), D(2025, 12, 31))
    assert before(D(2026, 3, 1), D(2026, 3, 31)) == (D(2026, 2, 1), D(2026, 2, 28))
    assert before(D(2026, 3, 3), D(2026, 3, 9)) == (D(2026, 2, 24), D(2026, 3, 2))


def test_the_year_before_keeps_the_end_of_february():
    assert year_before(D(2028, 2, 1), D(2028, 2, 29)) == (D(2027, 2, 1), D(2027, 2, 28))
    assert year_before(D(2025, 2, 1), D(2025, 2, 28)) == (D(2024, 2, 1), D(2024, 2, 29))
    assert Asked(by=By.DAY, first=D(2024, 2, 29), last=D(2024, 3, 5)).against(Against.YEAR_BEFORE).first == D(
        2023, 2, 28
    )


def test_nonsense_is_refused_with_its_reason():
    for wrong in (
        Asked(by=By.DAY, first=D(2026, 2, 1), last=D(2026, 1, 1)),
        Asked(by=By.DAY, first=D(1991, 1, 1), last=D(2026, 1, 1)),
        Asked(by=By.DAY, first=D(1800, 1, 1), last=D(1800, 1, 2)),
        Asked(by=By.DAY, first=D(2020, 1, 1), last=D(2025, 1, 1)),
    ):
        with pytest.raises(Invalid):
            wrong.check()
