"""Refusals about persons who may be customers already."""

from collections.abc import Mapping, Sequence

from erp_club.kernel.errors import Conflict, NotFound
from erp_club.kernel.text import T


def possible_duplicates(candidates: Sequence[Mapping[str, object]]) -> Conflict:
    """Somebody of such a name and the same birthday, phone, e-mail or address is a customer already."""
    return Conflict(
        T("This person may be a customer already. Choose the one it is, or say that it is another person."),
        code="possible-duplicates",
        facts={"candidates": list(candidates)},
    )


def has_this_id(number: str, customer_id: int, candidates: Sequence[Mapping[str, object]]) -> Conflict:
    """The document is a living customer's."""
    return Conflict(
        T("Customer %(number)s has this ID number already. Open that customer instead.", number=number),
        field="id_number",
        code="id-taken",
        facts={"customer_id": customer_id, "candidates": list(candidates)},
    )


def has_this_card(candidates: Sequence[Mapping[str, object]]) -> Conflict:
    """The card that was handed out is a customer's already."""
    return Conflict(
        T("Somebody has this card already. Take another one."),
        field="card",
        code="card-taken",
        facts={"candidates": list(candidates)},
    )


def no_pair() -> NotFound:
    """The pair isn't suspected, or somebody has decided about it."""
    return NotFound(T("Nobody suspects these two any more. Look at the list again."), code="pair-unknown")
