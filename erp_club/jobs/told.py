"""Which rows of ledgers and receipts others tell of, by foreign keys and without."""

from erp_club.kernel.references import Reference, references_to
from erp_club.tables import metadata

_MOVEMENT = ("customer_id", "account_id", "seq")
_OF_CARD = ("customer_id", "card_id", "seq")
TOLD = (
    *references_to(
        metadata,
        (
            *("points_accounts", "points_movements", "points_lots", "receipts", "receipt_lines", "receipt_offers"),
            *("receipt_returns", "coupons", "coupon_uses", "stored_value_cards", "stored_value_movements"),
            *("stored_value_lots", "membership_fees", "period_settlements", "programme_events"),
        ),
    ),
    # Where a foreign key would look and lock by row, or would take along what it proves.
    Reference("points_movements", ("customer_id", "account_id"), "points_accounts", ("customer_id", "id")),
    Reference("points_movements", ("customer_id", "account_id", "reverses_seq"), "points_movements", _MOVEMENT),
    Reference("points_movements", ("approval_id",), "approvals", ("id",)),
    Reference("points_movement_lots", _MOVEMENT, "points_movements", _MOVEMENT),
    Reference(
        "points_movement_lots",
        ("customer_id", "account_id", "lot_id"),
        "points_lots",
        ("customer_id", "account_id", "id"),
        where="t.lot_id <> 0",
    ),
    Reference("stored_value_movement_lots", _OF_CARD, "stored_value_movements", _OF_CARD),
    Reference("stored_value_movements", ("customer_id", "card_id", "reverses_seq"), "stored_value_movements", _OF_CARD),
    Reference("coupon_codes", ("customer_id", "coupon_id"), "coupons", ("customer_id", "id")),
    Reference("coupons", ("customer_id", "id"), "coupon_codes", ("customer_id", "coupon_id")),
    Reference("receipt_return_lines", ("customer_id", "receipt_id"), "receipt_returns", ("customer_id", "receipt_id")),
)
"""A row of each that is deleted is named, though nothing has sealed it yet."""
