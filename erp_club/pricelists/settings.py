"""What head office sets of a price list and of its entries, and what makes sense. Pure."""

import datetime as dt
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

MOST_MINOR = 10_000_000_00
_CODE = re.compile(r"\S(.{0,98}\S)?")


@dataclass(frozen=True, slots=True)
class PriceListSettings:
    """A list as it is set: for a club, a level (of the club, else of any that has it), or a customer group by name.

    `names` by language code. `stores` are ids, None all of them. Both days are included; None is open.
    """

    code: str
    names: Mapping[str, str]
    club_id: int | None = None
    level: str | None = None
    segment: str | None = None
    always: bool = False
    stores: frozenset[int] | None = None
    first: dt.date | None = None
    last: dt.date | None = None


@dataclass(frozen=True, slots=True)
class EntryFields:
    """What an entry says: of one product, of a group, or of everything; a price or a share off, never both."""

    product_id: int | None = None
    group_id: int | None = None
    price_minor: int | None = None
    off_bp: int | None = None
    store_id: int | None = None
    first: dt.date | None = field(default=None, kw_only=True)
    last: dt.date | None = field(default=None, kw_only=True)


def list_faults(settings: PriceListSettings, *, language: str) -> list[FieldError]:
    """What is wrong, by field; `language` is the chain's. Names are needed in English and in that language."""
    return [*_list_faults(settings, language)]


def _list_faults(settings: PriceListSettings, language: str) -> Iterator[FieldError]:
    if not _CODE.fullmatch(settings.code) or not settings.code.isprintable():
        yield FieldError("code", T("Use 100 letters and digits at most, without spaces at the ends."))
    if not settings.names.get(language):
        yield FieldError(f"names.{language}", T("Enter the name in this language."))
    if settings.segment and (settings.club_id is not None or settings.level):
        yield FieldError("segment", T("A list is for a club or a level, or for a customer group. Leave one empty."))
    elif not settings.segment and settings.club_id is None and not settings.level:
        yield FieldError("club_id", T("Choose the club, level or customer group that the list is for."))
    if settings.stores is not None and not settings.stores:
        yield FieldError("stores", T("Choose at least one store, or all stores."))
    yield from _days(settings.first, settings.last)


def entry_faults(fields: EntryFields) -> list[FieldError]:
    """What is wrong with an entry, by field."""
    return [*_entry_faults(fields)]


def _entry_faults(fields: EntryFields) -> Iterator[FieldError]:
    if fields.product_id is not None and fields.group_id is not None:
        yield FieldError("group", T("Name a product or a group, not both."))
    if fields.price_minor is None and fields.off_bp is None:
        yield FieldError("price_minor", T("Enter a price or a percentage."))
    elif fields.price_minor is not None and fields.off_bp is not None:
        yield FieldError("off_bp", T("Enter a price or a percentage, not both."))
    elif fields.price_minor is not None and not 0 <= fields.price_minor <= MOST_MINOR:
        yield FieldError("price_minor", T("This number is too large."))
    elif fields.off_bp is not None and not 0 <= fields.off_bp <= 10_000:
        yield FieldError("off_bp", T("This number is too large."))
    yield from _days(fields.first, fields.last)


def _days(first: dt.date | None, last: dt.date | None) -> Iterator[FieldError]:
    if first is not None and last is not None and last < first:
        yield FieldError("last", T("The last day is before the first."))
    if last == dt.date.max:
        yield FieldError("last", T("This day is too far away. Leave it empty for no end."))
