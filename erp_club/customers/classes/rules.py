"""Head office's own fields of a customer: of which type they are, and what may stand in them. Pure.

A value is kept as one text: a number as a plain decimal, a date as ISO 8601, a choice by its code, several choices by
their codes in the field's order with `;` between them. A name that nobody has defined, as a file may bring, is a text.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType

from erp_club.customers.errors import Fault
from erp_club.customers.fields import day
from erp_club.customers.names.spelling import tidy
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import Listed, Name, T
from erp_club.kernel.typed_numbers import read_number

PREFIX = "class:"
"""Before the name of such a field in a form, a file, and a segment."""
LONGEST = 200
MOST_CHOICES = 100
MOST_FIELDS = 50
_NAME = re.compile(r"[\w][\w -]{0,58}\w|\w")
_CODE = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")
_DIVIDER = re.compile(r"[;|]")

Said = str | Sequence[str] | None
"""What somebody fills in: a text, several codes, or nothing."""


class ClassKind(StrEnum):
    """The type of a field."""

    TEXT = "text"
    NUMBER = "number"
    DATE = "date"
    CHOICE = "choice"
    CHOICES = "choices"


_CHOOSING = (ClassKind.CHOICE, ClassKind.CHOICES)
_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Choice:
    """One of the values that can be chosen; `labels` by language."""

    code: str
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)


@dataclass(frozen=True, slots=True)
class ClassField:
    """A field. `labels` are what it is called by language, else its name."""

    name: str
    kind: ClassKind = ClassKind.TEXT
    labels: Mapping[str, str] = field(default_factory=lambda: _NOTHING)
    choices: tuple[Choice, ...] = ()

    @property
    def form_name(self) -> str:
        """Its name in a form, a file, and a segment."""
        return f"{PREFIX}{self.name}"


@dataclass(frozen=True, slots=True)
class CheckedClasses:
    """What is stored by name (None: taken out), and what is wrong with the rest."""

    values: dict[str, str | None]
    errors: tuple[FieldError, ...]


def check(fields: Mapping[str, ClassField], said: Mapping[str, Said]) -> CheckedClasses:
    """Every value in the form that is stored, or why not; the fields of the errors are `classes.NAME`."""
    values: dict[str, str | None] = {}
    errors: list[FieldError] = []
    for name, given in said.items():
        if name not in fields:
            errors.append(FieldError(path(name), T("There is no field of this name.")))
            continue
        try:
            values[name] = stored(fields[name], given)
        except Fault as fault:
            errors.append(FieldError(fault.field, fault.text))
    return CheckedClasses(values, tuple(errors))


def stored(known: ClassField, given: Said) -> str | None:
    """A value in the one form that is stored; None for nothing. Raises Fault."""
    where = path(known.name)
    if known.kind is ClassKind.CHOICES:
        return _several(known, given, where)
    text = tidy(given if isinstance(given, str) else ";".join(given or ()))
    if not text:
        return None
    match known.kind:
        case ClassKind.NUMBER:
            return _number(text, where)
        case ClassKind.DATE:
            return day(where, text).isoformat()
        case ClassKind.CHOICE:
            return _chosen(known, text, where)
        case _:
            if len(text) > LONGEST:
                raise Fault(where, T("This is longer than %(most)s letters.", most=LONGEST))
            return text


def chosen(value: str) -> list[str]:
    """The codes of several choices."""
    return [code for code in value.split(";") if code]


def path(name: str) -> str:
    """The field of a body that holds this one."""
    return f"classes.{name}"


def _number(text: str, where: str) -> str:
    number = read_number(text, 6)
    if number is None:
        raise Fault(where, T("Write a number, like 12 or 1.5."))
    return format(number.normalize() + 0, "f")


def _several(known: ClassField, given: Said, where: str) -> str | None:
    codes = _DIVIDER.split(given) if isinstance(given, str) else list(given or ())
    found = {_chosen(known, code.strip(), where) for code in codes if code.strip()}
    return ";".join(each.code for each in known.choices if each.code in found) or None


def _chosen(known: ClassField, text: str, where: str) -> str:
    """The code of a choice, told by the code or by what it is called in any language."""
    wanted = text.casefold()
    for choice in known.choices:
        if wanted in {choice.code.casefold(), *(label.casefold() for label in choice.labels.values())}:
            return choice.code
    offered = Listed(tuple(Name(dict(choice.labels) or {"en": choice.code}) for choice in known.choices))
    raise Fault(where, T("Choose one of these: %(choices)s.", choices=offered))


def faults(wanted: ClassField) -> list[FieldError]:
    """What can't be a field: a name or code that a form or file can't carry, choices where none belong, or none."""
    wrong: list[FieldError] = []
    if not _NAME.fullmatch(wanted.name):
        wrong.append(FieldError("name", T("A name has letters, digits, spaces, _ and -, 60 at most.")))
    if wanted.kind in _CHOOSING and not wanted.choices:
        wrong.append(FieldError("choices[0].code", T("Name one choice at least.")))
    if wanted.kind not in _CHOOSING and wanted.choices:
        wrong.append(FieldError("choices[0].code", T("Only a field to choose from has choices.")))
    seen: set[str] = set()
    for place, choice in enumerate(wanted.choices):
        if not _CODE.fullmatch(choice.code):
            wrong.append(FieldError(f"choices[{place}].code", T("A code has letters A to Z, digits, _ and -.")))
        elif choice.code.casefold() in seen:
            wrong.append(FieldError(f"choices[{place}].code", T("Name each choice once.")))
        seen.add(choice.code.casefold())
    texts = [*wanted.labels.values(), *(label for choice in wanted.choices for label in choice.labels.values())]
    if any(len(text) > LONGEST for text in texts):
        wrong.append(FieldError("labels", T("This is longer than %(most)s letters.", most=LONGEST)))
    return wrong
