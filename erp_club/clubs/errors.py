"""Refusals about clubs and memberships; each names the next step."""

import datetime as dt

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import T


def no_club() -> NotFound:
    """There is no such club."""
    return NotFound(T("There is no such club. Choose one of the list."), field="club", code="club-unknown")


def no_customer() -> NotFound:
    """Nobody has this id, or nobody any more."""
    return NotFound(T("There is no such customer."), code="customer-unknown")


def no_membership() -> NotFound:
    """There is no such membership."""
    return NotFound(T("There is no such membership."), code="membership-unknown")


def not_open_for_joining() -> Conflict:
    """A draft gives nothing yet, a closed club nothing more."""
    return Conflict(
        T("This club isn't open for joining. Choose a published club, or publish this one first."),
        field="club",
        code="club-not-open",
    )


def not_open_for_renewal() -> Conflict:
    """A club that isn't published takes no further period."""
    return Conflict(
        T("This club is closed, so its memberships aren't made longer. Offer the customer another club."),
        code="club-not-open",
    )


def already_member(membership_id: int, until: dt.date | None, *, valid: bool) -> Conflict:
    """A customer is in a club once; `until` is the last day, None for life."""
    if until is None:
        text = T("The customer is in this club for life already. There is nothing to join or renew.")
    elif valid:
        text = T(
            "The customer is in this club already, until %(day)s. Renew the membership to make it longer.", day=until
        )
    else:
        text = T("The customer was in this club until %(day)s. Renew that membership instead.", day=until)
    return Conflict(text, field="club", code="already-member", facts={"membership_id": membership_id})


def endless() -> Conflict:
    """A membership for life."""
    return Conflict(T("This membership is for life. There is nothing to renew or extend."), code="membership-for-life")


def not_longer(last: dt.date) -> Refused:
    """An extension that ends no later than what is there."""
    return Refused(
        T("The membership runs until %(day)s already. Choose a later day.", day=last),
        field="until",
        code="not-longer",
    )


def in_the_past(today: dt.date) -> Refused:
    """An extension that nobody would feel."""
    return Refused(T("This day is over. Choose %(day)s or later.", day=today), field="until", code="in-the-past")


def too_long(latest: dt.date) -> Refused:
    """Beyond the last day that a membership may reach."""
    return Refused(
        T("A membership can't reach beyond %(day)s. Give the club a term for life instead.", day=latest),
        field="until",
        code="too-long",
    )


def changed_meanwhile() -> Conflict:
    """Two changes of one membership met; the database kept them apart."""
    return Conflict(
        T("Somebody changed this membership at the same moment. Look at it again, then decide."), code="changed"
    )


def stale() -> Conflict:
    """The club has changed since its form was opened."""
    return Conflict(
        T("Somebody changed this club while you had it open. Compare the values below, then save again."), code="stale"
    )


def code_taken() -> Conflict:
    """Codes are unique, in files too."""
    return Conflict(T("Another club has this code. Choose another one."), field="code", code="club-code-taken")


def code_fixed() -> Conflict:
    """Files and other systems speak of a published club by its code."""
    return Conflict(
        T("A published club keeps its code, because files and other systems use it. Leave it as it was."),
        field="code",
        code="club-code-fixed",
    )


def not_draft() -> Conflict:
    """Only drafts are published."""
    return Conflict(T("Only a draft can be published. This club was published before."), code="club-not-draft")


def not_published() -> Conflict:
    """Only published clubs are closed."""
    return Conflict(
        T("Only a published club can be closed. Publish it first, or leave it as it is."), code="club-not-published"
    )
