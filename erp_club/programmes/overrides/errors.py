"""Refusals about levels given by hand."""

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T


def no_levels() -> Conflict:
    """The membership's club has no levels today, or gives nothing any more."""
    return Conflict(T("This club has no levels. Describe them in its programme first."), code="no-levels")


def not_given() -> Conflict:
    """Nobody has given this membership a level."""
    return Conflict(
        T("Nobody has given this membership a level. There is nothing to take back."), code="no-level-given"
    )
