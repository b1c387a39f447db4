"""A form filled in from the machine-readable zone of a travel document, which a scanner typed into the number. Pure."""

import datetime as dt
from dataclasses import replace

from erp_club.customers import mrz
from erp_club.customers.errors import Fault
from erp_club.customers.fields import CustomerFields
from erp_club.customers.identity import PASSPORT
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T

SCANNED = ("id_kind", "id_country", "id_number", "given_name", "family_name", "birthday", "gender")
"""The fields that a zone fills in."""


def filled_in(filled: CustomerFields, *, today: dt.date) -> CustomerFields:
    """The form with what the zone says of the document, and of the person where nothing was typed.

    Without a zone in `id_number` it is the same form. A zone that is misread stays in it, for a passport's check to
    say what is wrong.
    """
    text = filled.id_number or ""
    if not mrz.looks_like_zone(text):
        return filled
    try:
        zone = mrz.read(text)
    except Fault:
        return replace(filled, id_kind=PASSPORT)
    country = zone.country or filled.id_country
    read = replace(filled, id_kind=PASSPORT, id_number=zone.number, id_country=country, id_zone=text)
    if not filled.given_name and not filled.family_name:
        read = replace(read, given_name=zone.given_name, family_name=zone.family_name)
    return replace(read, birthday=filled.birthday or zone.birthday(today) or None, gender=filled.gender or zone.sex)


def scanned(filled: CustomerFields, *, today: dt.date) -> CustomerFields:
    """The form as the zone fills it in, to be looked at first. Raises Invalid without a right zone."""
    text = filled.id_number or ""
    if not mrz.looks_like_zone(text):
        raise Invalid([FieldError("id_number", T("Scan the lines at the foot of the passport into this field first."))])
    try:
        mrz.read(text)
    except Fault as fault:
        raise Invalid([FieldError(fault.field, fault.text)]) from fault
    return filled_in(filled, today=today)
