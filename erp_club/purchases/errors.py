"""What quotes, sales and baskets refuse alike."""

from erp_club.kernel.text import T, Text


def no_price(sku: str) -> Text:
    """Why a product that only a file has named is not sold: at its price of 0 it would be given away."""
    return T("%(code)s has no price yet. Give it one under Products, or ask head office.", code=sku)
