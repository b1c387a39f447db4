"""Refusals about programmes."""

from erp_club.kernel.errors import FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.programmes.engine.checks import Finding


def no_programme() -> NotFound:
    """The club has no programme document."""
    return NotFound(T("This club has no programme yet."), code="programme-unknown")


def no_such_version() -> NotFound:
    """The club's programme has no version of that number."""
    return NotFound(T("There is no such version."), code="version-unknown")


def cannot_be(found: tuple[Finding, ...]) -> Invalid:
    """The document has faults, each at its place."""
    return Invalid([FieldError(each.path, each.text) for each in found])


def other_parts() -> Invalid:
    """Members hold balances in other parts than those of the new version, and it doesn't say what these become."""
    text = T("Members hold balances in other parts: say what these become when the version takes over.")
    return Invalid([FieldError("unit.scale", text)])


def wrong_currency() -> Invalid:
    """The programme's amounts are in another currency than the chain's."""
    return Invalid([FieldError("currency", T("Amounts are in the chain's currency. Change it."))])
