"""What a customer's fields are called, head office's own ones too, and what stands in those."""

import datetime as dt
from collections.abc import Iterable, Mapping

from pydantic import BaseModel

from erp_club.customers.classes.rules import ClassField, chosen
from erp_club.kernel.text import N_
from web.formats import date_text
from web.i18n import LANGUAGE, translate

LABELS = {
    "number": N_("Customer number"),
    "given_name": N_("Given name"),
    "family_name": N_("Family name"),
    "given_name_2": N_("Given name in another script"),
    "family_name_2": N_("Family name in another script"),
    "id_kind": N_("Kind of document"),
    "id_country": N_("Issued by"),
    "id_number": N_("ID number"),
    "phone": N_("Phone"),
    "mobile": N_("Mobile"),
    "email": N_("E-mail"),
    "street": N_("Street"),
    "postcode": N_("Postcode"),
    "city": N_("City"),
    "country": N_("Country"),
    "birthday": N_("Birthday"),
    "anniversary": N_("Wedding anniversary"),
    "gender": N_("Gender"),
    "language": N_("Language"),
    "home_store": N_("Home store"),
    "own_id": N_("Own identifier"),
    "consent_advertising": N_("Advertising"),
    "consent_sms": N_("SMS"),
    "consent_email": N_("E-mail"),
    "consent_post": N_("Post"),
}


class OwnField(BaseModel):
    """What stands in one of head office's own fields, in the reader's words."""

    label: str
    text: str


class ClassFieldView(BaseModel):
    """A field of head office's own; `choices` are pairs of code and what it is called for the reader."""

    name: str
    kind: str
    choices: list[tuple[str, str]]

    def shown(self, value: str) -> str:
        """A value in the reader's words."""
        named = dict(self.choices)
        return ", ".join(named.get(code, code) for code in chosen(value)) if self.choices else value


def labels(own: Iterable[ClassField] = ()) -> dict[str, str]:
    """What a customer's fields are called, for the reader, head office's own ones too."""
    told = {name: translate(label) for name, label in LABELS.items()}
    for each in own:
        told[each.form_name] = told[f"classes.{each.name}"] = called(each.labels, each.name)
    return told


def called(labels: Mapping[str, str], otherwise: str) -> str:
    """The label for the reader, else in English, else what stands in for it."""
    return labels.get(LANGUAGE.get()) or labels.get("en") or otherwise


def class_view(field: ClassField) -> ClassFieldView:
    """A field of head office's own as a form asks it."""
    choices = [(each.code, called(each.labels, each.code)) for each in field.choices]
    return ClassFieldView(name=field.name, kind=field.kind, choices=choices)


def own_field(field: ClassField, value: str) -> OwnField:
    """What stands in a field, in the reader's words."""
    text = date_text(dt.date.fromisoformat(value)) if field.kind == "date" else class_view(field).shown(value)
    return OwnField(label=called(field.labels, field.name), text=text)
