"""Refusals about households; each names the next step."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T


def no_rule() -> Conflict:
    """The club's programme says nothing of households."""
    return Conflict(
        T("Memberships of this club don't share points. Set up households in the club's programme first."),
        field="customer",
        code="no-households",
    )


def nobody() -> Invalid:
    """No customer has this number, and no card that is in use."""
    return Invalid([FieldError("customer", T("There is no such customer. Look the customer up again."))])


def other_club() -> Conflict:
    """The one who is to be linked isn't in this club."""
    return Conflict(
        T("This customer isn't a member of this club. Let them join it first."), field="customer", code="other-club"
    )


def oneself() -> Conflict:
    """A membership linked to itself."""
    return Conflict(
        T("This is the same membership. Choose another customer."), field="customer", code="same-membership"
    )


def linked_already() -> Conflict:
    """A membership is in one household at a time."""
    return Conflict(
        T("This customer shares points with somebody already. They have to leave that household first."),
        field="customer",
        code="linked-already",
    )


def not_main() -> Conflict:
    """Only the main member takes others in."""
    return Conflict(
        T("Only the main member takes others into the household. Do it from the main member's page."),
        field="customer",
        code="household-not-main",
    )


def not_linked() -> Conflict:
    """Somebody who is in no household."""
    return Conflict(T("This membership is in no household."), code="not-linked")


def main_stays() -> Conflict:
    """The main member can't leave before somebody else leads."""
    return Conflict(
        T("The main member can't leave while others share the points. Make another one the main member first."),
        code="household-main",
    )


def not_held() -> Conflict:
    """A paused, ended or expired membership shares nothing."""
    return Conflict(
        T("Both memberships have to be valid today. Renew or resume the other one first."),
        field="customer",
        code="membership-not-valid",
    )


def frozen() -> Conflict:
    """Points that nobody may use now."""
    return Conflict(
        T("The points of one of the two are frozen. Renew that membership first."),
        field="customer",
        code="points-frozen",
    )


def full(most: int) -> Conflict:
    """As many as the club lets share."""
    return Conflict(
        T("At most %(number)s persons may share points in this club.", number=most),
        field="customer",
        code="household-full",
        facts={"most": most},
    )


def other_address() -> Conflict:
    """Not at the main member's address."""
    return Conflict(
        T("Both have to be registered at the same address. Correct the address of one of them first."),
        field="customer",
        code="household-address",
    )


def too_young(age: int) -> Conflict:
    """Younger than the club asks, or of unknown age."""
    return Conflict(
        T("Who shares points has to be at least %(age)s years old. Enter the birthday if it is missing.", age=age),
        field="customer",
        code="household-age",
        facts={"age": age},
    )


def invited_already() -> Conflict:
    """There is an open invitation."""
    return Conflict(T("This customer is invited already."), field="customer", code="invited-already")


def no_invitation() -> NotFound:
    """There is no such invitation."""
    return NotFound(T("There is no such invitation."), code="invitation-unknown")


def answered() -> Conflict:
    """It was answered or taken back."""
    return Conflict(T("This invitation was answered or taken back already."), code="invitation-answered")


def run_out() -> Conflict:
    """Its last day is over."""
    return Conflict(T("This invitation has run out. Invite the customer again."), code="invitation-over")


def all_may() -> Conflict:
    """The programme says who redeems."""
    return Conflict(
        T("The club's programme says who may use the points of a household. Change it there."),
        code="household-redeemers",
    )


def two_households() -> Conflict:
    """The two records of one person share points with different others."""
    return Conflict(
        T("The two are in different households of a club. Let one of them leave its household first."),
        code="two-households",
    )
