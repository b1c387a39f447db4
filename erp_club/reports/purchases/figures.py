"""The figures of sales, each defined once: whatever page shows one takes it from here."""

from dataclasses import dataclass, replace
from typing import Self

from erp_club.kernel.money import Rounding, round_div


@dataclass(frozen=True, slots=True, kw_only=True)
class Figures:
    """What receipts, or their lines of certain products, come to.

    - `receipts`: all of them, returns too, as the list of receipts counts.
    - `purchases`: those with a line of a quantity of 0 or above; `returns`: those with one below 0. An exchange is
      both.
    - `sales_minor`: what was paid for the lines with VAT, net of returns, without cash rounding; of whole receipts it
      is the sum of their totals. `returned_minor` is what the lines below 0 gave back, as an amount above 0.
    - `list_minor`: what the lines would have cost at the prices in force, net of returns.
    - `quantity_milli`: items in thousandths, net of returns.
    - `known_minor`: the part of the sales whose customer is known.
    - `buyers`: known customers with a purchase, each once.
    - `points`: earned by the receipts less what returns took back; None where products are asked for, since points are
      a receipt's.
    """

    receipts: int = 0
    purchases: int = 0
    returns: int = 0
    sales_minor: int = 0
    returned_minor: int = 0
    list_minor: int = 0
    quantity_milli: int = 0
    known_minor: int = 0
    buyers: int = 0
    points: int | None = None

    @property
    def discount_minor(self) -> int:
        """What offers and the like took off, net of returns."""
        return self.list_minor - self.sales_minor

    @property
    def average_minor(self) -> int | None:
        """The average basket: what purchases came to before returns, by purchase, rounded half up."""
        if not self.purchases:
            return None
        return round_div(self.sales_minor + self.returned_minor, self.purchases, Rounding.HALF_UP)

    @property
    def identified_bp(self) -> int | None:
        """The share of identified sales in hundredths of a percent, rounded down; None without sales."""
        return share_bp(self.known_minor, self.sales_minor)

    def with_points(self, points: int | None) -> Self:
        """The same with its points."""
        return replace(self, points=points)


def share_bp(part: int, whole: int) -> int | None:
    """A share in hundredths of a percent, rounded down; None where there is nothing to share."""
    return round_div(part * 10_000, whole, Rounding.DOWN) if whole > 0 else None


def change_bp(now: int | None, then: int | None) -> int | None:
    """By how much a figure has changed, in hundredths of a percent, rounded half up; None where it began at nothing."""
    if now is None or then is None or then <= 0:
        return None
    return round_div((now - then) * 10_000, then, Rounding.HALF_UP)
