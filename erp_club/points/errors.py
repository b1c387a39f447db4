"""Refusals about points."""

from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T


def no_account() -> NotFound:
    """There is no such account."""
    return NotFound(T("There is no such points account."), code="points-account-unknown")
