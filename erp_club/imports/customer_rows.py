"""A customer's row as it will be kept: every cell checked and brought into its one stored form."""

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from erp_club.cards.numbers import compact, is_number
from erp_club.clubs.periods import first_period
from erp_club.customers import fields
from erp_club.customers.classes.rules import PREFIX, ClassField, stored
from erp_club.customers.errors import Fault
from erp_club.customers.fields import IDENTITY
from erp_club.customers.id_numbers import sealing
from erp_club.customers.id_numbers.rules import IdRules
from erp_club.customers.identity import PASSPORT
from erp_club.imports.formats import Batch, Refusal
from erp_club.imports.values import shown
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.text import T, Text

FIELDS = {
    "given_name": "text", "family_name": "text", "given_name_2": "text", "family_name_2": "text", "id_kind": "text",
    "id_country": "text", "id_number": "text", "phone": "text", "mobile": "text", "email": "text", "street": "text",
    "postcode": "text", "city": "text", "country": "text", "birthday": "date", "anniversary": "date", "gender": "text",
    "language": "text", "home_store": "text", "own_id": "text", "consent_advertising": "boolean",
    "consent_sms": "boolean", "consent_email": "boolean", "consent_post": "boolean",
}  # fmt: skip
"""The fields of a customer and their types, named as in the file."""
STAGED = {name: kind for name, kind in FIELDS.items() if name != "id_number"} | {
    "id_sealed": "bytea", "id_key": "smallint", "id_hash": "bytea", "id_ending": "bytea",
}  # fmt: skip
"""What is staged of them: an ID number comes into no table as it stands in the file."""


@dataclass(frozen=True, slots=True)
class ClubTerm:
    """A club that people join by a file: its id, and how many months a membership lasts (None: for life)."""

    club_id: int
    months: int | None


@dataclass(slots=True)
class Kept:
    """The rows of a batch to be staged, by table."""

    customers: list[tuple[object, ...]] = field(default_factory=list[tuple[object, ...]])
    joins: list[tuple[int, int, dt.date, dt.date | None]] = field(
        default_factory=list[tuple[int, int, dt.date, dt.date | None]]
    )
    classes: list[tuple[int, str, str]] = field(default_factory=list[tuple[int, str, str]])
    refusals: list[Refusal] = field(default_factory=list[Refusal])


@dataclass(frozen=True, slots=True)
class Known:
    """What the rows are judged by: `clubs` by the file's columns, `country` where a row says none.

    `holds` tells whether the customer of this number has this passport: customer, country, document.
    """

    country: str
    clubs: Mapping[str, ClubTerm]
    id_rules: IdRules
    classes: Mapping[str, ClassField]
    keyring: Keyring
    today: dt.date
    holds: Callable[[str, str, str], bool]


def normalised(batch: Batch, columns: Sequence[str], known: Known) -> Kept:
    """Check a batch; a row with a fault is refused."""
    kept = Kept()
    classes = [column for column in columns if column.startswith(PREFIX)]
    for line, *values in zip(batch.lines, *batch.values, strict=True):
        said = dict(zip(columns, values, strict=True))
        row = dict(said)
        faults = list(_check(row, known))
        if any(column == "id_number" for column, _ in faults) and _holds(said, known):
            # Its lines proved it once, and aren't kept: the document stays as it is.
            row |= said | dict.fromkeys(IDENTITY)
            faults = list(_check(row, known))
        if faults:
            kept.refusals += [Refusal(line, column, _said(said.get(column)), why) for column, why in faults]
            continue
        number = cast("str | None", row.get("id_number"))
        row |= cast("dict[str, object]", sealing.sealed(known.keyring, number))
        mask = number and sealing.masked(number)
        kept.customers.append((line, row["number"], row["card"], mask, *(row.get(name) for name in STAGED)))
        for column, term in known.clubs.items():
            if (joined_on := cast("dt.date | None", row[column])) is not None:
                last = first_period(joined_on, term.months).last
                kept.joins.append((line, term.club_id, joined_on, last and last + dt.timedelta(days=1)))
        for column in classes:
            if row[column] is not None:
                kept.classes.append((line, column.removeprefix(PREFIX), str(row[column])))
    return kept


def _holds(row: Mapping[str, object], known: Known) -> bool:
    number, country, document = (str(row.get(name) or "") for name in ("number", "id_country", "id_number"))
    return row.get("id_kind") == PASSPORT and known.holds(number, country, document)


def _said(value: object) -> str:
    return "" if value is None else str(value)


def _check(row: dict[str, object], known: Known) -> Iterator[tuple[str, Text]]:
    """Give what is wrong with a row, and put the stored forms in the place of what was written."""
    if sealing.is_masked(str(row.get("id_number") or "")):
        row |= dict.fromkeys(IDENTITY)  # as an export shows it: the document stays as it is
    if row["number"] == "0":
        yield "number", T("The number 0 stands for customers who are not identified. Give this one another.")
    home = str(row.get("country") or known.country)
    said = {name: row.get(name) for name in ("number", *FIELDS)}
    filled = fields.CustomerFields(**cast("dict[str, Any]", said))
    checked = fields.check(filled, country=home, today=known.today, id_rules=known.id_rules)
    # What the file doesn't say stays unsaid: it leaves what is known.
    row |= {name: value for name, value in checked.values.items() if said[name] is not None}
    for error in checked.errors:
        yield error.field, error.text
        row[error.field] = None
    if row["card"] is not None:
        row["card"] = compact(str(row["card"]))
        if not is_number(row["card"]):
            yield "card", T("“%(value)s” is no card number: it has 8 to 19 digits.", value=shown(str(row["card"])))
    for name, defined in known.classes.items():
        column = f"{PREFIX}{name}"
        if (value := row.get(column)) is not None:
            try:
                row[column] = stored(defined, str(value))
            except Fault as fault:
                yield column, fault.text
    for column in known.clubs:
        if isinstance(joined_on := row[column], dt.date) and joined_on > known.today:
            yield column, T("%(day)s is still to come.", day=joined_on.isoformat())
