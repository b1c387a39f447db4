"""The fields of a customer: as somebody fills them in, and as they are stored. Pure."""

import datetime as dt
import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any, TypedDict

import phonenumbers

from erp_club.customers import contact, identity
from erp_club.customers.errors import Fault, no_language
from erp_club.customers.id_numbers.rules import IdRules
from erp_club.customers.kinds import LANGUAGES, IdKind
from erp_club.customers.names.spelling import LONGEST, tidy
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

OLDEST = 130
"""Years; a birthday further back is a slip."""
GENDERS = ("F", "M", "X")
CONSENTS = ("advertising", "sms", "email", "post")
"""The channels, each a field `consent_…`; the first is the approval of advertising as such."""
IDENTITY = frozenset({"id_kind", "id_country", "id_number"})
"""One document: its fields are checked and stored together."""

_NUMBER = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,38}[A-Za-z0-9])?")
_DAY = re.compile(r"(\d{4})-(\d\d)-(\d\d)")
_DAY_FIRST = re.compile(r"(\d{1,2})[./ -](\d{1,2})[./ -](\d{4})|(\d\d)(\d\d)(\d{4})")


class CustomerChanges(TypedDict, total=False):
    """New values of some fields; None empties a field. What isn't named stays."""

    number: str | None
    given_name: str | None
    family_name: str | None
    given_name_2: str | None
    family_name_2: str | None
    id_kind: str | None
    id_country: str | None
    id_number: str | None
    phone: str | None
    mobile: str | None
    email: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    birthday: dt.date | str | None
    anniversary: dt.date | str | None
    gender: str | None
    language: str | None
    home_store: str | None
    own_id: str | None
    consent_advertising: bool | None
    consent_sms: bool | None
    consent_email: bool | None
    consent_post: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class CustomerFields:
    """A customer as somebody fills in the form. Empty and None are the same; `home_store` is a store's code.

    Dates are dates or texts, as `1979-02-22` or day first as `22.2.1979`. Without `number` the system gives one.
    Without `id_kind` a number is a national ID; without `id_country` it is the chain's country. `id_zone` are the lines
    of the document's foot that filled in its number; they aren't kept.
    """

    number: str | None = None
    given_name: str | None = None
    family_name: str | None = None
    given_name_2: str | None = None
    family_name_2: str | None = None
    id_kind: str | None = None
    id_country: str | None = None
    id_number: str | None = None
    id_zone: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    birthday: dt.date | str | None = None
    anniversary: dt.date | str | None = None
    gender: str | None = None
    language: str | None = None
    home_store: str | None = None
    own_id: str | None = None
    consent_advertising: bool | None = None
    consent_sms: bool | None = None
    consent_email: bool | None = None
    consent_post: bool | None = None


Stored = str | dt.date | bool | None


@dataclass(frozen=True, slots=True)
class Checked:
    """What is stored, by field (the home store still as its code), and what is wrong with the rest."""

    values: dict[str, Stored]
    errors: tuple[FieldError, ...]


def check(filled: CustomerFields, *, country: str, today: dt.date, id_rules: IdRules) -> Checked:
    """Every field in its stored form, or why not.

    `country` is the chain's: phones without a country code are dialled and IDs without a country are issued there.
    `id_rules` say which ID numbers are kept at all; the number is told whole, whoever keeps it seals it.
    """
    values: dict[str, Stored] = {}
    errors: list[FieldError] = []
    for name, parse in _parsers(country, today).items():
        given = _given(filled, name)
        if given is None:
            values[name] = None
            continue
        try:
            values[name] = parse(given)
        except Fault as fault:
            errors.append(FieldError(fault.field, fault.text))
    # A person of one name only has the other one empty; without any nobody could be called.
    values |= {name: values.get(name) or "" for name in ("given_name", "family_name")}
    nameless = not values["given_name"] and not values["family_name"]
    if nameless and not any(each.field.endswith("_name") for each in errors):
        errors.append(FieldError("family_name", T("Enter a name.")))
    try:
        values |= _identity(filled, values.get("birthday"), country, today, id_rules)
    except Fault as fault:
        errors.append(FieldError(fault.field, fault.text))
    values |= {f"consent_{channel}": getattr(filled, f"consent_{channel}") for channel in CONSENTS}
    return Checked(values, tuple(errors))


def _given(filled: CustomerFields, name: str) -> str | dt.date | None:
    value: str | dt.date | None = getattr(filled, name)
    if value is None:
        return None
    if isinstance(value, str):
        value = tidy(value)
    return value or None


@lru_cache(maxsize=16)
def _parsers(country: str, today: dt.date) -> Mapping[str, Callable[[Any], Stored]]:
    """A parser for each field that is checked by itself."""
    return {
        "number": _number,
        **{name: partial(_line, name) for name in ("given_name", "family_name", "given_name_2", "family_name_2")},
        **{name: partial(_line, name) for name in ("street", "postcode", "city", "own_id")},
        "phone": lambda text: contact.phone(text, country, field="phone"),
        "mobile": lambda text: contact.phone(text, country, field="mobile"),
        "email": contact.email,
        "country": partial(_country, "country"),
        "birthday": lambda given: past_day("birthday", given, today),
        "anniversary": lambda given: past_day("anniversary", given, today),
        "gender": _gender,
        "language": _language,
        "home_store": partial(_line, "home_store"),
    }


def _number(text: str) -> str:
    if not _NUMBER.fullmatch(text):
        raise Fault("number", T("A customer number has letters and digits, 40 at most, and between them . _ / or -"))
    return text


def _line(field: str, text: str) -> str:
    if len(text) > LONGEST:
        raise Fault(field, T("This is longer than %(most)s letters.", most=LONGEST))
    return text


def _country(field: str, text: str) -> str:
    code = text.upper()
    if code not in phonenumbers.SUPPORTED_REGIONS:
        raise Fault(field, T("Choose a country, or write its two letters, like IL."))
    return code


def _gender(text: str) -> str:
    if text.upper() not in GENDERS:
        raise Fault("gender", T("Choose one of these: %(choices)s.", choices=", ".join(GENDERS)))
    return text.upper()


def _language(text: str) -> str:
    if text.lower() not in LANGUAGES:
        raise Fault("language", no_language(text))
    return text.lower()


def day(field: str, given: str | dt.date) -> dt.date:
    """A day as `1979-02-22` or day first as `22.2.1979`, `22/02/1979` or `22021979`. Raises Fault."""
    if isinstance(given, dt.date):
        return given
    iso, first = _DAY.fullmatch(given), _DAY_FIRST.fullmatch(given)
    try:
        if iso:
            return dt.date(int(iso[1]), int(iso[2]), int(iso[3]))
        if first:
            number, month, year = first.groups()[:3] if first[1] else first.groups()[3:]
            return dt.date(int(year), int(month), int(number))
    except ValueError as error:
        raise Fault(field, T("There is no such day. Check the day and the month.")) from error
    raise Fault(field, T("Write a date as year-month-day or day.month.year, like 22.2.1979."))


def past_day(field: str, given: str | dt.date, today: dt.date) -> dt.date:
    """A day of a living memory, as `day` reads it. Raises Fault."""
    found = day(field, given)
    if found > today:
        raise Fault(field, T("This day lies in the future. Check the year."))
    if found.year < today.year - OLDEST:
        raise Fault(field, T("This day is more than %(years)s years ago. Check the year.", years=OLDEST))
    return found


def _identity(
    filled: CustomerFields, birthday: Stored, country: str, today: dt.date, id_rules: IdRules
) -> dict[str, Stored]:
    """The document's three fields; without a number there is none."""
    number, kind = _given(filled, "id_number"), _given(filled, "id_kind")
    if number is None and kind in {None, "none", identity.NATIONAL_ID}:
        return {"id_kind": "none", "id_country": None, "id_number": None}
    if number is None:
        raise Fault("id_number", T("Enter the number of the passport."))
    kind = kind or identity.NATIONAL_ID
    if kind not in {identity.NATIONAL_ID, identity.PASSPORT}:
        raise Fault("id_kind", T("Choose one of these: %(choices)s.", choices=", ".join(IdKind)))
    issuer = _country("id_country", str(_given(filled, "id_country") or country))
    if not id_rules.keep(str(kind), issuer):
        raise Fault(
            "id_number",
            T("This chain keeps no ID numbers of this kind and country. Leave the number empty, or choose another."),
        )
    known = birthday if isinstance(birthday, dt.date) else None
    zone = None if filled.id_zone is None else str(filled.id_zone)
    document = identity.check(str(kind), issuer, str(number), birthday=known, today=today, zone=zone)
    return {"id_kind": document.kind, "id_country": document.country, "id_number": document.number}
