"""What can be wrong with a person's data, and with storing it."""

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import T, Text


class Fault(Exception):
    """A value of a form or file that can't be taken; `field` is the customer's field, `text` says what is wrong."""

    def __init__(self, field: str, text: Text) -> None:
        super().__init__(str(text))
        self.field = field
        self.text = text


def no_language(value: str) -> Text:
    """This isn't one of `kinds.LANGUAGES`."""
    return T(
        "“%(value)s” is no language. Write two letters as in ISO 639-1: en, fi, he, sv, ar, ru or another.", value=value
    )


def unknown_customer() -> NotFound:
    """No customer has this id, or it was merged or erased."""
    return NotFound(T("There is no such customer. Search by name, phone or card."), code="customer-unknown")


def merged(survivor_id: int, number: str) -> Refused:
    """The customer became another one; status 308 leads there."""
    refused = Refused(
        T("This customer is now customer %(number)s.", number=number),
        code="customer-merged",
        facts={"customer_id": survivor_id},
    )
    refused.status = 308
    return refused


def id_taken(number: str, customer_id: int) -> Conflict:
    """Another living customer has this document."""
    return Conflict(
        T("Customer %(number)s has this ID number already. Open that customer instead.", number=number),
        field="id_number",
        code="id-taken",
        facts={"customer_id": customer_id},
    )


def number_taken(_number: str, customer_id: int) -> Conflict:
    """Another customer has this number."""
    return Conflict(
        T("Another customer has this customer number. Leave it empty to get a new one."),
        field="number",
        code="number-taken",
        facts={"customer_id": customer_id},
    )


def own_id_taken(number: str, customer_id: int) -> Conflict:
    """Another customer uses this identifier of their own."""
    return Conflict(
        T("Customer %(number)s uses this identifier already. Choose another one.", number=number),
        field="own_id",
        code="own-id-taken",
        facts={"customer_id": customer_id},
    )


def stale() -> Conflict:
    """The customer has changed since the form was opened."""
    return Conflict(
        T("Somebody changed this customer while you had it open. Look at the changes, then save again."), code="stale"
    )


def names_busy() -> Conflict:
    """An import of customers, or new keys for their names, would still need the words that an erasure takes away."""
    return Conflict(
        T("Customers are being imported just now. Erase this person once that has ended."), code="names-busy"
    )
