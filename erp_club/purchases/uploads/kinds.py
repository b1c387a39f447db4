"""What doesn't fit in a sale that was made offline. Pure."""

from enum import StrEnum


class Cause(StrEnum):
    """What didn't fit in a sale that was made offline. It is booked as the till made it, unless its receipt differs."""

    PRICE = "price"
    """Our price is another than the till's."""
    PRODUCT_UNKNOWN = "product_unknown"
    """Nobody had the product; it was opened, without a price."""
    CUSTOMER_UNKNOWN = "customer_unknown"
    """Nobody is this customer, or the card isn't good; the sale belongs to nobody."""
    COUPON_USED = "coupon_used"
    COUPON_REFUSED = "coupon_refused"
    """Unknown, over, blocked, or another customer's."""
    POINTS_TOO_FEW = "points_too_few"
    """The points that paid for an offer weren't there; none were taken."""
    LIMIT_EXCEEDED = "limit_exceeded"
    """An offer was used up, or its budget was."""
    PAYMENTS_DIFFER = "payments_differ"
    """What was paid is another sum than what the goods cost."""
    PAYMENT_UNCHECKED = "payment_unchecked"
    """Paid with a card whose balance is here; nothing was taken from it."""
    CARD_NOT_MADE = "card_not_made"
    """A prepaid or gift card was sold; none was made good, as nobody would know its number."""
    NOT_ALONE = "not_alone"
    """The cashier did what they may not do by themselves, or not so much of it."""
    TIME = "time"
    """In the future, or too long ago."""
    RECEIPT_DIFFERS = "receipt_differs"
    """The store has another receipt under this number. This one is kept here only."""
