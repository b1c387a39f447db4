"""Refusals about what didn't fit in offline sales."""

from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T


def no_conflict() -> NotFound:
    """There is no such entry."""
    return NotFound(T("There is no such entry."), code="upload-conflict-unknown")
