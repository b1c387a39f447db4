"""What head office sets of a batch of coupons, and which settings make sense. Pure."""

import dataclasses
import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T
from erp_club.promotions.coupons.codes import ALPHABET, is_prefix

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_.-]{0,49}", re.ASCII)
MOST_USES = 100_000
MOST_TO_ISSUE = 100_000_000
MOST_DAYS = 36_500
MOST_MINOR = 10_000_000_00
LAST_YEAR = 2999


@dataclass(frozen=True, slots=True)
class BatchSettings:
    """A batch as it is set; what each means stands at the table `coupon_batches`.

    `names` by language code. Without `worth_minor` the rest of a coupon is lost once it is used; `most` None is without
    limit.
    """

    code: str
    names: Mapping[str, str]
    prefix: str = ""
    personal: bool = False
    uses: int = 1
    worth_minor: int | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    days_from_issue: int | None = None
    most: int | None = None
    back_on_return: bool = False


FIXED = ("code", "prefix", "personal")
"""What stays as it is once coupons are out: offers and files use the code, customers hold the rest in their hands."""


def faults(settings: BatchSettings, *, language: str, issued: int = 0) -> list[FieldError]:
    """What is wrong, by field; `language` is the chain's. Names are needed in English and in that language."""
    return [*_faults(settings, language, issued)]


def changed(old: BatchSettings, new: BatchSettings) -> dict[str, object]:
    """The settings of `new` that differ, by name."""
    before = dataclasses.asdict(old)
    return {name: value for name, value in dataclasses.asdict(new).items() if value != before[name]}


def _faults(settings: BatchSettings, language: str, issued: int) -> Iterator[FieldError]:
    if not _CODE.fullmatch(settings.code):
        yield FieldError("code", T("Use capital letters, digits, hyphens, dots and underscores, 50 at most."))
    if not settings.names.get(language):
        yield FieldError(f"names.{language}", T("Enter the name in this language."))
    if not is_prefix(settings.prefix):
        yield FieldError("prefix", T("At most 6 of these, which nobody mistakes: %(letters)s", letters=ALPHABET))
    for field, value, least, most in (
        ("uses", settings.uses, 1, MOST_USES),
        ("worth_minor", settings.worth_minor, 1, MOST_MINOR),
        ("days_from_issue", settings.days_from_issue, 0, MOST_DAYS),
        ("most", settings.most, max(1, issued), MOST_TO_ISSUE),
    ):
        if value is not None and value < least:
            yield FieldError(field, T("This must be at least %(least)s.", least=least))
        elif value is not None and value > most:
            yield FieldError(field, T("This may be %(most)s at most.", most=most))
    if settings.worth_minor is not None and settings.uses == 1:
        yield FieldError("uses", T("What is left can only be used again where several uses are allowed."))
    yield from _day_faults(settings)


def _day_faults(settings: BatchSettings) -> Iterator[FieldError]:
    first, last = settings.valid_from, settings.valid_to
    if first is not None and last is not None and last < first:
        yield FieldError("valid_to", T("The last day is before the first. Choose a later one."))
    if any(day is not None and day.year > LAST_YEAR for day in (first, last)):
        yield FieldError("valid_to" if last and last.year > LAST_YEAR else "valid_from", T("Choose an earlier day."))
    if last is not None and settings.days_from_issue is not None:
        yield FieldError(
            "days_from_issue", T("Coupons end on a fixed day or so many days after issue. Leave one of them empty.")
        )
