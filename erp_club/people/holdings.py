"""What becomes of each table that names a customer, where two records become one and where a person is erased. Pure.

What other tables tell of a person in texts and documents, `erasure.words.places` says.
A table that comes later must be told here before it can be kept: a test of the house compares this with all tables.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum


class Merged(StrEnum):
    """What a merge does with rows of the one who goes."""

    MOVES = "moves"
    """They are the survivor's from then on."""
    FOLLOWS = "follows"
    """They go along with what they belong to, a membership or a coupon, by their foreign key."""
    STAYS = "stays"
    """Never rewritten: the old id leads to the survivor."""
    JOINS = "joins"
    """The survivor gets what is missing, and the other's stay for the way back."""
    DERIVED = "derived"
    """Made again from what it is derived from."""
    GOES = "goes"
    """It told of two, and says nothing any more."""


class Erased(StrEnum):
    """What an erasure does with rows of the person."""

    NAMELESS = "nameless"
    """They stay for the books: ids, days, amounts and codes that lead to nobody."""
    WORDS = "words"
    """They stay, and what somebody typed in them is taken out."""
    EMPTIED = "emptied"
    """The row stays, and all that it told of the person is taken out."""
    DELETED = "deleted"
    """They are gone."""


@dataclass(frozen=True, slots=True)
class Holding:
    """What happens to the rows of one table."""

    merged: Merged
    erased: Erased


_KEPT = Holding(Merged.STAYS, Erased.NAMELESS)
_ALONG = Holding(Merged.FOLLOWS, Erased.NAMELESS)
_ALONG_WITH_WORDS = Holding(Merged.FOLLOWS, Erased.WORDS)
_KEPT_WITH_WORDS = Holding(Merged.STAYS, Erased.WORDS)
_SUMS = Holding(Merged.DERIVED, Erased.NAMELESS)

HOLDINGS: Mapping[str, Holding] = {
    "customers": Holding(Merged.STAYS, Erased.EMPTIED),
    "customer_merges": Holding(Merged.STAYS, Erased.EMPTIED),
    "audit_entries": _KEPT,
    "audit_values": Holding(Merged.STAYS, Erased.EMPTIED),
    "emptied_movements": _KEPT,
    "cards": Holding(Merged.MOVES, Erased.DELETED),
    "customer_relatives": Holding(Merged.MOVES, Erased.DELETED),
    "customer_classifications": Holding(Merged.JOINS, Erased.DELETED),
    "segment_customers": Holding(Merged.JOINS, Erased.DELETED),
    "customer_name_words": Holding(Merged.STAYS, Erased.DELETED),
    "suspected_pairs": Holding(Merged.GOES, Erased.DELETED),
    "duplicate_confirmations": _KEPT,
    "consent_changes": _KEPT,
    "baskets": Holding(Merged.MOVES, Erased.NAMELESS),
    "upload_conflicts": _KEPT_WITH_WORDS,
    "approvals": _KEPT,
    "memberships": Holding(Merged.MOVES, Erased.NAMELESS),
    "membership_periods": _ALONG,
    "membership_fees": _ALONG,
    "entitlement_uses": _ALONG,
    "household_places": _ALONG,
    "household_invitations": _ALONG,
    "membership_events": _ALONG_WITH_WORDS,
    "membership_levels": _ALONG,
    "level_changes": _ALONG_WITH_WORDS,
    "level_overrides": _ALONG_WITH_WORDS,
    "coupons": Holding(Merged.MOVES, Erased.NAMELESS),
    "coupon_codes": _ALONG,
    "coupon_reservations": _ALONG,
    "coupon_uses": _ALONG,
    "coupon_uses_back": _ALONG,
    "offer_member_uses": Holding(Merged.JOINS, Erased.NAMELESS),
    "birthday_plans": Holding(Merged.MOVES, Erased.WORDS),
    "birthday_grants": Holding(Merged.MOVES, Erased.NAMELESS),
    "period_settlements": Holding(Merged.MOVES, Erased.NAMELESS),
    "reward_cards": _ALONG,
    "reward_coupons": _ALONG,
    "reward_entitlements": _ALONG,
    "points_accounts": _KEPT,
    "points_account_standing": _KEPT,
    "points_standing_seals": _KEPT,
    "points_lots": _KEPT,
    "points_lot_terms": _KEPT,
    "points_movements": _KEPT_WITH_WORDS,
    "points_movement_lots": _KEPT,
    "points_seals": _KEPT,
    "points_moves": _KEPT,
    "points_conversions": _KEPT,
    "stored_value_cards": _KEPT,
    "stored_value_numbers": _KEPT,
    "stored_value_lots": _KEPT,
    "stored_value_lot_terms": _KEPT,
    "stored_value_movements": _KEPT_WITH_WORDS,
    "stored_value_movement_lots": _KEPT,
    "stored_value_seals": _KEPT,
    "receipts": _KEPT,
    "receipt_numbers": _KEPT,
    "receipt_seals": _KEPT,
    "receipt_lines": _KEPT,
    "receipt_payments": _KEPT,
    "receipt_discounts": _KEPT,
    "receipt_offers": _KEPT,
    "receipt_missed_savings": _KEPT,
    "receipt_lines_returned": _KEPT,
    "receipt_returns": _KEPT_WITH_WORDS,
    "receipt_return_lines": _KEPT,
    "receipt_exchanges": _KEPT,
    "receipt_return_points": _KEPT,
    "late_registrations": _KEPT,
    "programme_events": _KEPT,
    "event_gains": _KEPT,
    "receipts_to_roll": _SUMS,
    "members_to_roll": _SUMS,
    "club_spans": _SUMS,
    "customer_days": _SUMS,
    "customer_years": _SUMS,
    "customer_group_days": _SUMS,
    "customer_department_days": _SUMS,
    "customer_brand_days": _SUMS,
    "customer_group_years": _SUMS,
    "customer_product_days": _SUMS,
    "receipt_goods": _SUMS,
    "customer_summaries": _SUMS,
    "customer_habits": _SUMS,
}
