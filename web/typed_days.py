"""Days as people write them (24.12, 21.4.2027, 1.12–31.12), and as documents say them (12-24, 2027-04-21)."""

import re

_DAY = re.compile(r"(\d{1,2})\.(\d{1,2})\.?(\d{4})?")
_BETWEEN = re.compile(r"\s*[-–—/]\s*")


def read_days(text: str) -> list[str]:
    """What is typed between commas; what can't be read stays as it is."""
    return [_read(each.strip()) for each in text.split(",") if each.strip()]


def _read(text: str) -> str:
    ends = [_DAY.fullmatch(end) for end in _BETWEEN.split(text)]
    if not 1 <= len(ends) <= 2 or not all(ends):
        return text
    said = [f"{int(end[2]):02}-{int(end[1]):02}" if end else "" for end in ends]
    years = [end[3] if end else None for end in ends]
    if years[-1] is not None:  # 1.12–31.12.2026 is of one year
        said = [f"{year or years[-1]}-{each}" for each, year in zip(said, years, strict=True)]
    return "/".join(said)


def write_days(days: list[object]) -> str:
    """A document's days as they are typed."""
    return ", ".join("–".join(map(_written, str(each).split("/"))) for each in days)


def _written(day: str) -> str:
    parts = day.split("-")
    return ".".join(part.lstrip("0") for part in reversed(parts)) if len(parts) > 1 else day
