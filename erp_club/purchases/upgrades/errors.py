"""Refusals about levels that are bought; each says what the cashier does next."""

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T


def not_sold() -> Conflict:
    """The club doesn't sell this level to this member now."""
    return Conflict(
        T("This level isn't sold to this member now. Look at the member's panel for those that are."),
        field="level",
        code="level-not-sold",
    )


def price_changed(fee_minor: int) -> Conflict:
    """The level costs something else than the cashier was shown."""
    return Conflict(
        T("The price of this level has changed meanwhile. Look at the new one and sell it again."),
        code="fee-changed",
        facts={"fee_minor": fee_minor},
    )
