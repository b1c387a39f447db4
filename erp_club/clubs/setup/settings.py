"""What head office sets of a club, and which settings make sense. Pure."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from erp_club.clubs.kinds import TermKind
from erp_club.clubs.periods import RenewalFrom
from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T
from erp_club.points.units import POINTS, Unit

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_-]{0,30}", re.ASCII)
MOST_POINTS = 1_000_000
MOST_MINOR = 10_000_000_00
MOST_MONTHS = 1200
MOST_DAYS = 366


@dataclass(frozen=True, slots=True)
class ClubTerms:
    """What a club says about the days of a membership; the docstring of `models.Club` explains each."""

    term_months: int | None
    renewal_from: RenewalFrom
    grace_days: int
    pause_moves_end: bool
    undo_days: int
    to_month_end: bool = False


@dataclass(frozen=True, slots=True)
class ClubSettings:
    """A club as it is set: `earn_points` for each full `earn_per_minor`, `worth_points` worth `worth_minor`.

    `names` by language code. `term_months` is there exactly where the term is one of months.
    """

    code: str
    names: Mapping[str, str]
    earn_points: int
    earn_per_minor: int
    worth_points: int
    worth_minor: int
    term_kind: TermKind
    term_months: int | None = None
    renewal_from: RenewalFrom = RenewalFrom.OLD_END
    grace_days: int = 0
    pause_moves_end: bool = True
    warning_days: int = 30
    undo_days: int = 14
    unit: Unit = POINTS
    to_month_end: bool = False


@dataclass(frozen=True, slots=True)
class ClubChanges:
    """What is to become other; None leaves a setting as it is. A new `term_kind` brings its months, or has none."""

    code: str | None = None
    names: Mapping[str, str] | None = None
    earn_points: int | None = None
    earn_per_minor: int | None = None
    worth_points: int | None = None
    worth_minor: int | None = None
    term_kind: TermKind | None = None
    term_months: int | None = None
    renewal_from: RenewalFrom | None = None
    grace_days: int | None = None
    pause_moves_end: bool | None = None
    warning_days: int | None = None
    undo_days: int | None = None
    unit: Unit | None = None
    to_month_end: bool | None = None

    def applied_to(self, current: ClubSettings) -> ClubSettings:
        """The settings after the change."""
        given = {name: value for name, value in dataclasses.asdict(self).items() if value is not None}
        if self.term_kind is not None:
            given["term_months"] = self.term_months
        return dataclasses.replace(current, **given)


def faults(settings: ClubSettings, *, language: str) -> list[FieldError]:
    """What is wrong, by field; `language` is the chain's, the only one in which a name is needed."""
    return [*_faults(settings, language)]


def _faults(settings: ClubSettings, language: str) -> Iterator[FieldError]:
    if not _CODE.fullmatch(settings.code):
        yield FieldError("code", T("Use capital letters, digits, hyphens and underscores, 31 at most."))
    if not settings.names.get(language):
        yield FieldError(f"names.{language}", T("Enter the name in this language."))
    for field, value, least, most in (
        ("earn_points", settings.earn_points, 0, MOST_POINTS),
        ("earn_per_minor", settings.earn_per_minor, 1, MOST_MINOR),
        ("worth_points", settings.worth_points, 1, MOST_POINTS),
        ("worth_minor", settings.worth_minor, 0, MOST_MINOR),
        ("grace_days", settings.grace_days, 0, MOST_DAYS),
        ("warning_days", settings.warning_days, 0, MOST_DAYS),
        ("undo_days", settings.undo_days, 0, MOST_DAYS),
    ):
        if value < least:
            yield FieldError(field, T("This number is too small."))
        elif value > most:
            yield FieldError(field, T("This number is too large."))
    yield from _term_faults(settings)


def _term_faults(settings: ClubSettings) -> Iterator[FieldError]:
    months = settings.term_months
    if settings.term_kind is TermKind.LIFETIME and months is not None:
        yield FieldError("term_months", T("A membership for life has no months. Leave this empty."))
    elif settings.term_kind is TermKind.MONTHS and (months is None or not 1 <= months <= MOST_MONTHS):
        yield FieldError("term_months", T("Enter how many months a membership lasts, from 1 to 1200."))
