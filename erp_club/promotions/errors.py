"""Refusals about offers; each names the next step."""

from collections.abc import Sequence

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T


def no_offer() -> NotFound:
    """There is no such offer."""
    return NotFound(T("There is no such offer. Choose one of the list."), code="offer-unknown")


def no_version() -> NotFound:
    """The offer has no such version."""
    return NotFound(T("This offer has no such version. Choose one of its history."), code="offer-version-unknown")


def code_taken() -> Conflict:
    """Codes are unique for ever: receipts and reports name offers by them."""
    return Conflict(T("Another offer has this code. Choose another one."), field="code", code="offer-code-taken")


def code_fixed() -> Conflict:
    """A published offer keeps its code."""
    return Conflict(
        T("A published offer keeps its code, because receipts name it. Leave it as it was, or copy the offer."),
        field="code",
        code="offer-code-fixed",
    )


def stale() -> Conflict:
    """The offer has changed since its form was opened."""
    return Conflict(
        T("Somebody changed this offer while you had it open. Look at it again, then save your change."), code="stale"
    )


def nothing_new() -> Conflict:
    """The newest version is in force already."""
    return Conflict(
        T("There is no change to publish. The newest version is in force already."), code="offer-nothing-new"
    )


def ended() -> Conflict:
    """What has ended stays so."""
    return Conflict(T("This offer has ended for good. Copy it, and publish the copy instead."), code="offer-ended")


def not_published() -> Conflict:
    """Only a published offer is paused."""
    return Conflict(T("Only a published offer can be paused. Publish it first."), code="offer-not-published")


def not_paused() -> Conflict:
    """Only a paused offer is resumed."""
    return Conflict(T("This offer isn't paused, so there is nothing to resume."), code="offer-not-paused")


def never_published() -> Conflict:
    """A draft has nothing to end."""
    return Conflict(
        T("This offer was never published, so there is nothing to end. Delete the draft instead."), code="offer-draft"
    )


def not_draft() -> Conflict:
    """What was published once stays in the history."""
    return Conflict(
        T("An offer that was published can't be deleted, because receipts name it. End it instead."),
        code="offer-not-draft",
    )


def quote_changed(offers: Sequence[str]) -> Conflict:
    """A limit or budget was used up between pricing and commit; `offers` are the codes."""
    return Conflict(
        T("An offer of this basket was used up meanwhile. Show the new price and ask again."),
        code="quote-changed",
        facts={"offers": list(offers)},
    )
