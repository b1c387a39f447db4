"""Refusals about price lists; each names the next step."""

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T


def no_list() -> NotFound:
    """There is no such list."""
    return NotFound(T("There is no such price list. Choose one of the list."), code="price-list-unknown")


def no_entry() -> NotFound:
    """The entry is gone, or was never of this list."""
    return NotFound(T("There is no such price in this list. Somebody may have removed it."), code="price-unknown")


def code_taken() -> Conflict:
    """Codes are unique: files name lists by them."""
    return Conflict(
        T("Another price list has this code. Choose another one."), field="code", code="price-list-code-taken"
    )


def code_fixed() -> Conflict:
    """Files and receipts name a published list by its code."""
    return Conflict(
        T("A published list keeps its code, because files and receipts name it. Leave it as it was."),
        field="code",
        code="price-list-code-fixed",
    )


def stale() -> Conflict:
    """The list has changed since its form was opened."""
    return Conflict(
        T("Somebody changed this price list while you had it open. Compare the values below, then save again."),
        code="stale",
    )


def said_twice() -> Conflict:
    """Another entry of the list says the same thing on some of the same days."""
    return Conflict(
        T("This list says already what this costs on some of these days. Change that price, or end it first."),
        field="first",
        code="price-said-twice",
    )


def entry_changed() -> Conflict:
    """Two people changed one entry."""
    return Conflict(
        T("Somebody changed this price while you had it open. Look at it again, then decide."), code="stale"
    )


def not_draft() -> Conflict:
    """Only drafts are published."""
    return Conflict(
        T("Only a draft can be published. This price list was published before."), code="price-list-not-draft"
    )


def not_published() -> Conflict:
    """Only published lists are closed."""
    return Conflict(T("Only a published price list can be closed."), code="price-list-not-published")


def no_upload() -> NotFound:
    """A file that nobody sent, or whose preview is forgotten."""
    return NotFound(T("There is no such preview. Send the file again."), code="upload-unknown")


def closed() -> Conflict:
    """What a closed list said is kept as it was."""
    return Conflict(
        T("This price list is closed, so its prices stay as they were. Open a new list instead."),
        code="price-list-closed",
    )
