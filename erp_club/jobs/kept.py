"""Of which tables a trigger keeps what no movement, receipt or line tells again; their migrations name the same."""

from erp_club.kernel.kept_rows import Kept

KEPT = (
    Kept("stored_value_cards", ("product_id", "state", "pin_hash", "replaced_by", "wrong_pins", "issued_at")),
    Kept("coupons", ("state",), unsaid={"state": "active"}),
    Kept("points_accounts", ("heir_holder_id", "heir_id"), unsaid={"heir_holder_id": None, "heir_id": None}),
    Kept(
        "points_moves",
        ("customer_id", "account_id", "up_to_seq", "by_customer_id", "to_customer_id", "to_account_id", "at"),
    ),
    Kept(
        "points_conversions",
        (
            *("customer_id", "account_id", "club_id", "cause", "rules_no", "on_date", "from_points", "to_points"),
            *("to_club", "points", "seq", "became", "to_holder_id", "to_account_id", "to_seq", "owed", "owes"),
            *("card_customer_id", "card_id", "run_id", "at", "undone_at"),
        ),
    ),
    Kept(
        "membership_fees",
        (
            *("membership_id", "kind", "state", "period_no", "level", "first", "last", "full_minor", "due_minor"),
            *("least_minor", "line_no", "receipt_id", "refunded_minor", "paid_on", "at"),
        ),
    ),
    Kept(
        "entitlement_uses",
        (
            *("membership_id", "code", "first", "last", "use_no", "state", "product_id", "line_no", "receipt_id"),
            *("grant_id", "at"),
        ),
    ),
    Kept("day_uses", ("day", "store_id", "staff_id", "action", "used")),
    Kept(
        "period_settlements",
        (
            *("customer_id", "account_id", "club_id", "rule", "first_on", "last_on", "version_no", "run_id", "form"),
            *("base", "carried", "value", "pieces", "settled_before", "to_fee_minor", "taken", "rest", "rest_minor"),
            *("rate_bp", "why", "usable_from", "last_day", "state", "automatic", "due_on", "promised", "taken_seq"),
            *("at", "of_day"),
        ),
    ),
    Kept("reward_entitlements", ("customer_id", "entitlement", "count"), key="settlement_id"),
    Kept("reward_coupons", ("customer_id", "settlement_id", "owner_id"), key="coupon_id"),
    Kept("reward_cards", ("customer_id", "card_customer_id", "card_id"), key="settlement_id"),
    Kept(
        "birthday_grants",
        (
            *("customer_id", "plan_id", "person", "year", "day", "age", "first_day", "last_day", "amount_minor"),
            *("points", "owner_id", "coupon_id", "card_id", "on_date", "at", "run_id"),
        ),
    ),
    Kept(
        "programme_events",
        (
            *("customer_id", "event", "subject", "receipt_customer_id", "receipt_id", "friend_id", "awaited_id"),
            *("waits", "on_date", "at", "store_id", "terminal_id", "staff_id"),
        ),
    ),
    Kept(
        "event_gains",
        (
            *("customer_id", "event_customer_id", "event_id", "club_id", "rule", "once_key", "on_date", "points"),
            *("holder_id", "account_id", "seq", "receipt_customer_id", "receipt_id", "taken_seq"),
        ),
    ),
)
