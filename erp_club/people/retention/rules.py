"""How long data about people is kept: the kinds, what holds in a country until the chain decides, and from when."""

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from erp_club.kernel.dates import add_months
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import N_, T

MOST_MONTHS, LONGEST_REASON = 240, 500


class DataKind(StrEnum):
    """A kind of data; what is done once its time is over stands beside each in `ABOUT`."""

    CUSTOMERS = "customers"
    CHANGES = "changes"
    OFFLINE_SALES = "offline-sales"


ABOUT: Mapping[DataKind, tuple[str, str]] = {
    DataKind.CUSTOMERS: (
        N_("Customers without a sign of life"),
        N_("Erased for good: nothing bought, opened or changed, and no membership joined or renewed in that time."),
    ),
    DataKind.CHANGES: (
        N_("Values in the change log"),
        N_("Emptied: who changed what and when stays, what the customer's field held doesn't."),
    ),
    DataKind.OFFLINE_SALES: (
        N_("Offline sales as the tills sent them"),
        N_("Emptied once somebody has looked at them: the booked receipt stays."),
    ),
}

USUAL: Mapping[str, Mapping[DataKind, int]] = {
    "IL": {DataKind.CUSTOMERS: 84, DataKind.CHANGES: 84, DataKind.OFFLINE_SALES: 84},
    "FI": {DataKind.CUSTOMERS: 36, DataKind.CHANGES: 72, DataKind.OFFLINE_SALES: 72},
    "SE": {DataKind.CUSTOMERS: 36, DataKind.CHANGES: 84, DataKind.OFFLINE_SALES: 84},
}
"""Months by country: papers as long as its bookkeeping law asks for them (Israel 7 years, Finland 6, Sweden 7), people
as long as chains there keep a silent customer. It is what the page proposes; a chain asks its own lawyers."""
ELSEWHERE: Mapping[DataKind, int] = {DataKind.CUSTOMERS: 60, DataKind.CHANGES: 84, DataKind.OFFLINE_SALES: 84}


@dataclass(frozen=True, slots=True)
class Rule:
    """How many months a kind is kept, None for good, and why."""

    kind: DataKind
    months: int | None
    reason: str = ""


def usual(kind: DataKind, country: str) -> int:
    """The months that are usual in a country."""
    return USUAL.get(country, ELSEWHERE)[kind]


def completed(decided: Iterable[Rule]) -> list[Rule]:
    """A rule for each kind. What nobody has decided yet is kept: nothing goes before somebody has said so."""
    known = {rule.kind: rule for rule in decided}
    return [known.get(kind, Rule(kind, None)) for kind in DataKind]


def faults(before: Sequence[Rule], wanted: Sequence[Rule]) -> list[FieldError]:
    """What is wrong with rules somebody wants, at `rules[N].…`."""
    known = {rule.kind: rule for rule in before}
    found: list[FieldError] = []
    for place, rule in enumerate(wanted):
        if rule.months is not None and not 1 <= rule.months <= MOST_MONTHS:
            text = T("Write 1 to %(most)s months, or leave it empty.", most=MOST_MONTHS)
            found.append(FieldError(f"rules[{place}].months", text))
        if rule != known[rule.kind] and not rule.reason.strip():
            found.append(FieldError(f"rules[{place}].reason", T("Say why: the law, or what was decided.")))
    return found


def last_day_gone(months: int, today: dt.date) -> dt.date:
    """What is of this day or before isn't kept any more: 12 months on 31 March 2027 are up to 31 March 2026."""
    return add_months(today, -months)
