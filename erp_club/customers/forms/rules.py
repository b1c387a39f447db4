"""Which fields the form of a new customer shows and needs, by where it is filled in (C-02). Pure.

Head office decides it for each place; until then `default_form` holds. What a form needs is needed of a machine too;
what it doesn't show isn't asked for, though a machine may send it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from erp_club.customers.fields import CustomerFields
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

NAMES = ("given_name", "family_name")
CONTACT = ("mobile", "phone", "email", "street", "postcode", "city", "country")
PERSON = (
    *NAMES, "id_kind", "id_number", "id_country", "birthday", "gender", "language", "home_store", "given_name_2",
    "family_name_2", "anniversary", "own_id", "number",
)  # fmt: skip
CONSENTS = ("consent_advertising", "consent_sms", "consent_email", "consent_post")
FIELDS = (*PERSON, *CONTACT, *CONSENTS)
"""All fields, in the order in which a form shows them where nothing else is said."""
OWN = "class:"
"""Before the name of a field of head office's own."""
LONGEST_HELP = 200
_NOTHING: Mapping[str, str | None] = MappingProxyType({})


class Place(StrEnum):
    """Where a customer is opened: at a till, in the back office, or by themselves."""

    TILL = "till"
    OFFICE = "office"
    SELF = "self"


@dataclass(frozen=True, slots=True)
class FormField:
    """A field of a form. `help` stands below it, by language."""

    name: str
    shown: bool = True
    required: bool = False
    help: Mapping[str, str] = field(default_factory=lambda: MappingProxyType[str, str]({}))


_SHOWN: dict[Place, tuple[str, ...]] = {
    Place.TILL: ("mobile", *NAMES, "consent_sms"),
    Place.OFFICE: FIELDS,
    Place.SELF: (*NAMES, "mobile", "email", "birthday", *CONSENTS),
}


def default_form(place: Place, own: Sequence[str] = ()) -> tuple[FormField, ...]:
    """What a form shows before head office has decided: little at the till, all in the back office; it needs nothing.

    That a customer has a name is needed everywhere, whatever the form says. `own` are head office's own fields, as
    `class:NAME`.
    """
    shown = _SHOWN[place]
    return (
        *(FormField(name) for name in shown),
        *(FormField(name, shown=False) for name in FIELDS if name not in shown),
        *(FormField(name, shown=place is Place.OFFICE) for name in own),
    )


def completed(form: Sequence[FormField], own: Sequence[str] = ()) -> tuple[FormField, ...]:
    """A form as it was kept, with fields that the product or head office has got since at its end, not shown."""
    every = (*FIELDS, *own)
    known = {each.name for each in form}
    kept = [each for each in form if each.name in every]
    return (*kept, *(FormField(name, shown=False) for name in every if name not in known))


def faults(form: Sequence[FormField], own: Sequence[str] = ()) -> list[FieldError]:
    """What can't be a form: a field twice or unknown, needed but not shown, and no field for a name."""
    wrong: list[FieldError] = []
    seen: set[str] = set()
    for number, each in enumerate(form):
        if each.name not in (*FIELDS, *own) or each.name in seen:
            wrong.append(FieldError(f"fields[{number}].name", T("Name each field of a customer once.")))
        seen.add(each.name)
        if each.required and not each.shown:
            text = T("What is needed has to be shown. Tick both, or none.")
            wrong.append(FieldError(f"fields[{number}].required", text))
        if any(len(text) > LONGEST_HELP for text in each.help.values()):
            text = T("This is longer than %(most)s letters.", most=LONGEST_HELP)
            wrong.append(FieldError(f"fields[{number}].help", text))
    if not any(each.name in NAMES and each.shown for each in form):
        wrong.append(FieldError("fields", T("Show a field for a name: without one nobody can be opened.")))
    return wrong


def missing(
    form: Sequence[FormField], filled: CustomerFields, classes: Mapping[str, str | None] = _NOTHING
) -> list[FieldError]:
    """What the form needs and isn't there. A consent that was refused is an answer.

    `classes` is what stands in head office's own fields, by name; their errors are at `classes.NAME`.
    """
    wrong: list[FieldError] = []
    for each in form:
        own = each.name.removeprefix(OWN) if each.name.startswith(OWN) else None
        value = getattr(filled, each.name) if own is None else classes.get(own)
        if each.required and value in {None, ""}:
            wrong.append(FieldError(each.name if own is None else f"classes.{own}", T("This field is required.")))
    return wrong
