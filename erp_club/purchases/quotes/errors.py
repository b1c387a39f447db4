"""Refusals about quotes: each says what the till does next."""

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T
from erp_club.promotions.engine.priced import Priced


def no_quote() -> NotFound:
    """Never made, made by another till, replaced, sold, or its time is over."""
    return NotFound(T("This quote is no longer there. Ask for the price again."), code="quote-gone")


def quote_changed(priced: Priced) -> Conflict:
    """A limit, a budget or a coupon that the price counted on was used up by another sale; here is the new price."""
    return Conflict(
        T("An offer or a coupon of this sale was used up meanwhile. Look at the new price, then take the money."),
        code="quote-changed",
        facts={
            "total_minor": priced.total_minor,
            "discount_minor": priced.discount_minor,
            "lines": [
                {"line_no": number, "discount_minor": line.discount_minor, "total_minor": line.total_minor}
                for number, line in enumerate(priced.lines, start=1)
            ],
        },
    )
