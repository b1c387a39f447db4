"""Phone numbers and e-mail addresses: one stored form, and what is wrong with the others. Pure."""

import re
from functools import lru_cache

import phonenumbers
from phonenumbers import NumberParseException, PhoneNumberFormat, ValidationResult

from erp_club.customers.errors import Fault
from erp_club.kernel.text import T, Text

LONGEST_EMAIL = 254
"""RFC 5321, 4.5.3.1.3, less the brackets around the path."""
LONGEST_LOCAL = 64

_LETTER = re.compile(r"[^\W\d_]")
_SPACE = re.compile(r"\s")
_E164 = re.compile(r"\+[1-9][0-9]{6,14}")
_LOCAL = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_LABEL = re.compile(r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?")


def calling_code(country: str) -> str:
    """The digits with which numbers of a country (ISO 3166-1 alpha-2) begin from abroad.

    >>> calling_code("IL")
    '972'
    """
    return str(phonenumbers.country_code_for_region(country))


def phone(text: str, country: str, *, field: str = "phone") -> str:
    """A phone number in E.164 (`+972530302018`), typed in any spacing, with or without its country code.

    `country` (ISO 3166-1 alpha-2) is where a number without a country code is dialled. Raises Fault.
    """
    if is_whole(text):
        return text
    if _LETTER.search(text):
        raise Fault(field, T("A phone number has no letters. Write an extension into another field."))
    try:
        number = phonenumbers.parse(text, country)
    except NumberParseException as error:
        raise Fault(field, _unparsed(error, country)) from error
    reason = phonenumbers.is_possible_number_with_reason(number)
    if reason == ValidationResult.TOO_SHORT:
        raise Fault(field, T("This phone number is too short. Check for a missing digit."))
    if reason == ValidationResult.TOO_LONG:
        raise Fault(field, T("This phone number is too long. Check for a digit too many."))
    # A number of the right length is taken even where the library knows no such one yet: numbering plans grow faster
    # than shops update. Only an inland number that still begins with 0 is a slip for certain.
    if number.italian_leading_zero and not phonenumbers.is_valid_number(number):
        raise Fault(field, T("There is no phone number that begins so. Check the first digits."))
    return phonenumbers.format_number(number, PhoneNumberFormat.E164)


def is_whole(text: str) -> bool:
    """Whether this is an international number that the library would for certain leave as it is.

    A file has them so by the million, and the library takes a while for each.
    """
    if not _E164.fullmatch(text):
        return False
    for end in (2, 3, 4):
        numbering = _numbering(int(text[1:end]))
        if numbering:
            inland, (lengths, dialled_before) = text[end:], numbering
            return inland[0] != "0" and len(inland) in lengths and not (dialled_before and dialled_before.match(inland))
    return False


@lru_cache(maxsize=1024)
def _numbering(code: int) -> tuple[frozenset[int], re.Pattern[str] | None] | None:
    """How long the numbers of a country code are, and what is dialled before them inland; None where there is none."""
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(phonenumbers.region_code_for_country_code(code))
    if metadata is None or metadata.general_desc is None:
        return None
    before = metadata.national_prefix_for_parsing
    return frozenset(metadata.general_desc.possible_length), re.compile(before) if before else None


def _unparsed(error: NumberParseException, country: str) -> Text:
    if error.error_type == NumberParseException.INVALID_COUNTRY_CODE:
        return T("No country has this code. Start with + and the code, like +%(code)s.", code=_code(country))
    if error.error_type == NumberParseException.TOO_LONG:
        return T("This phone number is too long. Check for a digit too many.")
    return T("This is no phone number. Write it like %(example)s.", example=_example(country))


def _code(country: str) -> int:
    return phonenumbers.country_code_for_region(country) or 358


def _example(country: str) -> str:
    made = phonenumbers.example_number_for_type(country, phonenumbers.PhoneNumberType.MOBILE)
    return "+358 41 2345678" if made is None else phonenumbers.format_number(made, PhoneNumberFormat.INTERNATIONAL)


def phone_beginnings(digits: str, country: str) -> tuple[str, ...]:
    """How stored numbers may begin, of which these digits are the first ones typed (with a + where one was typed).

    >>> phone_beginnings("053", "IL")
    ('+97253',)
    """
    if digits.startswith("+"):
        return (digits,)
    if digits.startswith("00"):
        return (f"+{digits[2:]}",)
    code = _code(country)
    metadata = phonenumbers.PhoneMetadata.metadata_for_region(country)
    national = metadata.national_prefix if metadata else None
    inland = f"+{code}{digits.removeprefix(national) if national else digits}"
    return (inland, f"+{digits}") if digits.startswith(str(code)) else (inland,)


def email(text: str, *, field: str = "email") -> str:
    """An e-mail address in small letters, its domain in ASCII (IDNA). Syntax only. Raises Fault."""
    address = text.strip().lower()
    if _SPACE.search(address):
        raise Fault(field, T("An e-mail address has no spaces. Enter one address."))
    local, at, domain = address.rpartition("@")
    if not at or not local or not domain:
        raise Fault(field, T("An e-mail address has a name, an @ and a domain, like name@example.org."))
    if len(local) > LONGEST_LOCAL or len(address) > LONGEST_EMAIL:
        raise Fault(field, T("This e-mail address is too long."))
    if "@" in local or not _LOCAL.fullmatch(local):
        raise Fault(field, T("The part before the @ has a character that can't stand there."))
    return f"{local}@{_domain(domain, field)}"


@lru_cache(maxsize=10_000)
def _domain(domain: str, field: str) -> str:
    labels = _ascii(domain, field).split(".")
    if len(labels) == 1:
        raise Fault(field, T("The domain after the @ is not complete. It ends like .com or .co.il."))
    if not all(_LABEL.fullmatch(label) for label in labels) or labels[-1].isdigit():
        raise Fault(field, T("The domain after the @ is not written right. Check its dots and letters."))
    return ".".join(labels)


def _ascii(domain: str, field: str) -> str:
    try:
        return domain.encode("idna").decode("ascii")
    except UnicodeError as error:
        raise Fault(field, T("The domain after the @ is not written right. Check its dots and letters.")) from error
