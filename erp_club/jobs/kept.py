"""Of which tables a trigger keeps what no movement, receipt or line tells again; their migration names the same."""

from erp_club.kernel.kept_rows import Kept

KEPT = (
    Kept("stored_value_cards", ("product_id", "state", "pin_hash", "replaced_by")),
    Kept("coupons", ("state",), unsaid={"state": "active"}),
    Kept("points_accounts", ("heir_holder_id", "heir_id"), unsaid={"heir_holder_id": None, "heir_id": None}),
    Kept(
        "points_moves",
        ("customer_id", "account_id", "up_to_seq", "by_customer_id", "to_customer_id", "to_account_id"),
    ),
    Kept(
        "points_conversions",
        (
            *("customer_id", "account_id", "club_id", "cause", "rules_no", "on_date", "from_points", "to_points"),
            *("to_club", "points", "seq", "became", "to_holder_id", "to_account_id", "to_seq", "owed", "owes"),
            *("card_customer_id", "card_id", "run_id"),
        ),
    ),
    Kept(
        "membership_fees",
        (
            *("membership_id", "kind", "state", "period_no", "level", "first", "last", "full_minor", "due_minor"),
            *("least_minor", "line_no", "receipt_id", "refunded_minor", "paid_on"),
        ),
    ),
    Kept(
        "entitlement_uses",
        (
            *("membership_id", "code", "first", "last", "use_no", "state", "product_id", "line_no", "receipt_id"),
            "grant_id",
        ),
    ),
)
