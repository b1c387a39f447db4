"""What head office sets of a kind of card, and which settings make sense. Pure."""

import dataclasses
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T
from erp_club.stored_value.kinds import CardKind, VatAt

_CODE = re.compile(r"[A-Z0-9][A-Z0-9_.-]{0,49}", re.ASCII)
MOST_MINOR = 1_000_000_00
MOST_MONTHS = 1_200
MOST_AMOUNTS = 20
LEAST_MONTHS: Mapping[str, int] = {"IL": 60, "FI": 12, "SE": 12}
"""How long money on a card holds at least, by the chain's country.

IL: five years for a gift voucher, Consumer Protection Law 5741-1981. FI and SE have no least time in law (SE: without
an agreed end ten years hold, preskriptionslagen (1981:130) section 2); a year is what we let a chain go down to.
"""
LEAST_ELSEWHERE = 12


@dataclass(frozen=True, slots=True)
class ProductSettings:
    """A kind of card as it is set; what each means stands at the table. `articles` are SKUs that sell or load it."""

    code: str
    names: Mapping[str, str]
    kind: CardKind = CardKind.GIFT
    valid_months: int | None = None
    vat_at: VatAt = VatAt.USE
    has_pin: bool = False
    amounts_minor: tuple[int, ...] = ()
    least_minor: int = 10_00
    most_minor: int = 1_000_00
    articles: tuple[str, ...] = ()


FIXED = ("code", "kind", "vat_at")
"""What stays as it is once cards are out: files use the code, and what was taxed or not taxed stays so."""


def least_months(country: str) -> int:
    """How many months money on a card holds at least in a country."""
    return LEAST_MONTHS.get(country, LEAST_ELSEWHERE)


def faults(settings: ProductSettings, *, language: str, country: str) -> list[FieldError]:
    """What is wrong, by field; `language` and `country` are the chain's. Names in English and that language."""
    return [*_faults(settings, language, country)]


def changed(old: ProductSettings, new: ProductSettings) -> dict[str, object]:
    """The settings of `new` that differ, by name."""
    before = dataclasses.asdict(old)
    return {name: value for name, value in dataclasses.asdict(new).items() if value != before[name]}


def amount_fault(amounts_minor: tuple[int, ...], least_minor: int, most_minor: int, amount_minor: int) -> str | None:
    """Whether a card may be sold with this amount: None, or `amounts` or `range` for what says no."""
    if amounts_minor:
        return None if amount_minor in amounts_minor else "amounts"
    return None if least_minor <= amount_minor <= most_minor else "range"


def _faults(settings: ProductSettings, language: str, country: str) -> Iterator[FieldError]:
    if not _CODE.fullmatch(settings.code):
        yield FieldError("code", T("Use capital letters, digits, hyphens, dots and underscores, 50 at most."))
    if not settings.names.get(language):
        yield FieldError(f"names.{language}", T("Enter the name in this language."))
    least, months = least_months(country), settings.valid_months
    if months is not None and months < least:
        text = T("In this country money on a card holds for at least %(months)s months.", months=least)
        yield FieldError("valid_months", text)
    elif months is not None and months > MOST_MONTHS:
        yield FieldError("valid_months", T("This may be %(most)s at most.", most=MOST_MONTHS))
    if not 0 < settings.least_minor <= settings.most_minor:
        yield FieldError("least_minor", T("The smallest amount is above 0 and no larger than the largest."))
    if settings.most_minor > MOST_MINOR:
        yield FieldError("most_minor", T("This may be %(most)s at most.", most=MOST_MINOR // 100))
    if len(settings.amounts_minor) > MOST_AMOUNTS:
        yield FieldError("amounts_minor", T("This may be %(most)s at most.", most=MOST_AMOUNTS))
    elif any(not settings.least_minor <= each <= settings.most_minor for each in settings.amounts_minor):
        yield FieldError("amounts_minor", T("Each amount lies between the smallest and the largest."))
    if len(settings.articles) > MOST_AMOUNTS:
        yield FieldError("articles", T("This may be %(most)s at most.", most=MOST_AMOUNTS))
