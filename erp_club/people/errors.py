"""Refusals about merging, showing and erasing persons: each says what to do next."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T, Text


def same_customer() -> Invalid:
    """Somebody can't be merged into themselves."""
    return Invalid([FieldError("merged", T("Choose another customer: this is the same one."))])


def gone(number: str) -> Conflict:
    """Somebody else was quicker: one of the two was merged or erased meanwhile."""
    return Conflict(
        T("Customer %(number)s was merged or erased meanwhile. Look at the customer that is left.", number=number),
        code="merged-already",
    )


def no_such_customer() -> Invalid:
    """The number is nobody's."""
    return Invalid([FieldError("merged", T("No living customer has this number."))])


def unknown_merge() -> NotFound:
    """There is no such merge."""
    return NotFound(T("There is no such merge."), code="merge-unknown")


def undone_already() -> Conflict:
    """Somebody has undone it."""
    return Conflict(T("This merge was undone already."), code="merge-undone")


def survivor_gone() -> Conflict:
    """The survivor was itself merged or erased since."""
    return Conflict(
        T("The customer who was left has itself been merged or erased since. Undo that merge first."),
        code="survivor-gone",
    )


def document_taken(number: str) -> Conflict:
    """Another customer has been opened with the document since."""
    return Conflict(
        T("Customer %(number)s has got this ID number since. Correct that customer first.", number=number),
        code="id-taken",
    )


def paused_membership() -> Conflict:
    """Both are in a club, and one of the memberships is paused: its days are still to be told."""
    return Conflict(
        T("Both are in the same club, and one of the memberships is paused. Resume it first."),
        code="membership-paused",
    )


def unpaid_membership() -> Conflict:
    """Both are in a club, and a fee of one of the memberships is due in a sale: what it is for isn't settled yet."""
    return Conflict(
        T(
            "Both are in the same club, and a fee of one of the memberships is still to be paid in a sale. Finish that "
            "sale, or remove the fee from it, first."
        ),
        code="membership-unpaid",
    )


def not_erasable(reason: Text) -> Conflict:
    """Something is to be done first."""
    return Conflict(reason, code="erasure-refused")


def balance_changed(points: int) -> Conflict:
    """What was confirmed isn't what would go."""
    return Conflict(
        T("%(points)s points would be lost now. Look again and confirm.", points=points), code="points-changed"
    )
