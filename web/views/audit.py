"""What the change log tells whom."""

from typing import Any

from erp_club.kernel.audit import AuditEntry

MASK = "•••"
_PLAIN = frozenset(
    {
        *("membership_id", "club_id", "valid_from", "valid_until", "state", "on", "points", "card_id", "replaced_by"),
        *("consent_advertising", "consent_sms", "consent_email", "consent_post", "home_store_id", "home_store"),
    }
)
"""Fields of a person's entries that tell of the chain's business, and not who the person is."""


def told(entry: AuditEntry, *, whole: bool) -> tuple[dict[str, Any], dict[str, Any]]:
    """The fields before and after. Where not `whole`, what the entry tells of a person is masked."""
    sides = entry.before or {}, entry.after or {}
    if whole or entry.values_hash is None:
        return sides
    before, after = ({name: _masked(name, value) for name, value in side.items()} for side in sides)
    return before, after


def _masked(name: str, value: Any) -> Any:
    return value if name in _PLAIN or value is None or value == "" else MASK
