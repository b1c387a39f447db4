"""Refusals about saved views."""

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T


def no_view() -> NotFound:
    """There is no such view, or it is a colleague's."""
    return NotFound(T("You have no such view. Whoever saved it changes it."), code="view-unknown")


def name_taken() -> Conflict:
    """Two views of one page can't be told apart by one name."""
    return Conflict(
        T("You have a view of this page by that name. Choose another one."), field="name", code="name-taken"
    )


def too_many(most: int) -> Conflict:
    """A list of views that nobody could look through."""
    return Conflict(T("You keep %(most)s views already. Delete one first.", most=most), code="views-too-many")
