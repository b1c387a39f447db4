"""Days as people name them: one day, a day of every year or every month, or a range of such. Pure."""

import datetime as dt
import re
from typing import Annotated

from pydantic import AfterValidator, Field
from pydantic_core import PydanticCustomError

_FORMS = (r"\d{4}-\d\d-\d\d", r"\d\d-\d\d", r"\d\d")
_DAYS = re.compile("|".join(f"{form}(?:/{form})?" for form in _FORMS))
_LEAP = 2000
"""A year that has every day, so that 29 February can be named."""


def is_days(text: str) -> bool:
    """Whether it names a day, or a range of which the first isn't after the last where both are of one year."""
    if _DAYS.fullmatch(text) is None or not all(map(_is_day, text.split("/"))):
        return False
    first, _, last = text.partition("/")
    return len(first) < len("2027-04-21") or not last or first <= last


def _known(text: str) -> str:
    if not is_days(text):
        raise PydanticCustomError("days_form", "a day such as 2027-04-21, 12-24 or 15, or a range such as 12-01/12-31")
    return text


def _is_day(text: str) -> bool:
    try:
        dt.date(int(text[:4]) if len(text) == 10 else _LEAP, int(text[-5:-3] or 1), int(text[-2:]))
    except ValueError:
        return False
    return True


Days = Annotated[str, AfterValidator(_known)]
"""ISO 8601: `2027-04-21` once, `12-24` every year, `15` every month; `12-20/01-06` from the one to the other."""
ListOfDays = Annotated[tuple[Days, ...], Field(max_length=200)]


def falls_on(days: tuple[str, ...], day: dt.date) -> bool:
    """Whether the day is one of these."""
    return any(_holds(each, day.isoformat()) for each in days)


def _holds(days: str, day: str) -> bool:
    first, _, last = days.partition("/")
    last, now = last or first, day[-len(first) :]
    return first <= now <= last if first <= last else now >= first or now <= last


def parts_of(days: str) -> tuple[str, str]:
    """The first and the last day of it, as they were written; the same for one day."""
    first, _, last = days.partition("/")
    return first, last or first
