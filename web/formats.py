"""How amounts, numbers, dates and other people's words stand on a page: by locale, and safe between two directions."""

import datetime as dt
import re
from collections.abc import Mapping, Sequence
from decimal import Decimal
from functools import lru_cache
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale, dates, numbers
from markupsafe import Markup, escape

from erp_club.kernel.money import to_text
from erp_club.kernel.text import Name, named_in
from erp_club.points.units import Unit, counted
from web import i18n
from web.i18n import LANGUAGE

LOCALES = {"he": "he_IL", "fi": "fi_FI", "sv": "sv_SE", "en": "en_GB"}
# In Hebrew the amount itself is written left to right with its sign in front, as price tags do.
_MONEY_LOCALES = LOCALES | {"he": "en_IL"}
_DATE = {"he": "d.M.yyyy", "fi": "d.M.yyyy", "sv": "yyyy-MM-dd", "en": "d MMM yyyy"}
_DAY = {"he": "d.M", "fi": "d.M.", "sv": "d/M", "en": "d MMM"}
_MONTH = {"he": "MM/yy", "fi": "M/yy", "sv": "MM/yy", "en": "MMM yy"}
MINUS = "\u2212"
_POINTED = re.compile(r"-?\d+\.\d+", re.ASCII)


def _isolated(text: str) -> Markup:
    return Markup('<bdi class="num" dir="ltr">{}</bdi>').format(text)


def _signed(text: str, value: int, sign: bool) -> str:
    return f"{MINUS}{text}" if value < 0 else f"+{text}" if sign and value > 0 else text


@lru_cache(8192)
def money_text(minor: int, currency: str, language: str) -> str:
    """1250 ILS as `₪12.50` in the language's way; the minus is U+2212 and stands left of the number."""
    amount = numbers.format_currency(Decimal(abs(minor)).scaleb(-2), currency, locale=_MONEY_LOCALES[language])
    return _signed(amount, minor, sign=False)


@lru_cache(8192)
def number_text(value: int, language: str) -> str:
    """1840 as `1,840` in the language's way."""
    return _signed(numbers.format_decimal(abs(value), locale=LOCALES[language]), value, sign=False)


def money(minor: int, currency: str, sign: bool = False) -> Markup:
    """An amount in minor units; with `sign` gains carry a plus."""
    return _isolated(_signed(money_text(abs(minor), currency, LANGUAGE.get()), minor, sign))


def sign_of(currency: str) -> str:
    """The sign of a currency, as the reader writes it."""
    return numbers.get_currency_symbol(currency, locale=_MONEY_LOCALES[LANGUAGE.get()])


def whole_money(minor: int, currency: str) -> str:
    """An amount without its minor units, as plain text: short enough for an axis."""
    locale = Locale.parse(_MONEY_LOCALES[LANGUAGE.get()])
    pattern = str(locale.currency_formats["standard"].pattern).replace(".00", "")
    amount = numbers.format_currency(
        Decimal(abs(minor)).scaleb(-2), currency, pattern, locale=locale, currency_digits=False
    )
    return _signed(amount, minor, sign=False)


def num(value: int, sign: bool = False) -> Markup:
    """A whole number."""
    return _isolated(_signed(number_text(abs(value), LANGUAGE.get()), value, sign))


def qty(milli: int) -> Markup:
    """A quantity in thousandths: 1000 as `1`, 1250 as `1.25`."""
    text = numbers.format_decimal(Decimal(abs(milli)).scaleb(-3), locale=LOCALES[LANGUAGE.get()])
    return _isolated(_signed(text, milli, sign=False))


def qty_text(milli: int) -> str:
    """A quantity as plain text, as somebody would type it: no groups of thousands."""
    return numbers.format_decimal(Decimal(milli).scaleb(-3), format="0.###", locale=LOCALES[LANGUAGE.get()])


def amount_text(parts: int, unit: Unit, sign: bool = False) -> str:
    """An amount of an account as plain text, without its word: 3 half stamps as `1.5`."""
    whole = numbers.format_decimal(unit.whole(abs(parts)), locale=LOCALES[LANGUAGE.get()])
    return _signed(whole, parts, sign)


def amount(parts: int, unit: Unit, sign: bool = False) -> Markup:
    """The same where the word stands beside it, as in a column of its own."""
    return _isolated(amount_text(parts, unit, sign))


def points(parts: int, unit: Unit, sign: bool = False) -> Markup:
    """An amount of an account with its word: 3 half stamps as `1.5 stamps`, 1840 points as `1,840 points`."""
    text = counted(parts, unit, amount(parts, unit, sign), in_words=not sign and parts > 0)
    said = i18n.form_of(text)
    values = {
        key: name(localised(each.texts)) if isinstance(each, Name) else each
        for key, each in text.placeholders().items()
    }
    return Markup(said) % values  # noqa: S704 - of our catalogues; what fills it is escaped


def counts(unit: Unit) -> str:
    """What an account counts, as a heading: `Stamps`, `Points`."""
    called = localised(unit.names)
    return called[:1].upper() + called[1:] or i18n.translate("Points")


def typed_points(parts: int, unit: Unit) -> str:
    """An amount of an account as somebody types it in a field: `1.5`."""
    return numbers.format_decimal(unit.whole(parts), format="0.##", locale=LOCALES[LANGUAGE.get()])


def typed(minor: int) -> object:
    """An amount as somebody types it in a field: 1250 as `12.50`, in Finnish and Swedish as `12,50`."""
    return marked(to_text(minor))


def marked(value: object) -> object:
    """What stands in a field for a number, with the language's decimal mark; what is no such number stays as it is."""
    if not isinstance(value, str) or _POINTED.fullmatch(value) is None:
        return value
    return value.replace(".", numbers.get_decimal_symbol(LOCALES[LANGUAGE.get()]))


def percent(bp: int) -> Markup:
    """Hundredths of a percent: 1750 as `17.5%`, in Finnish and Swedish as `17,5 %`."""
    return _isolated(percent_text(bp))


def percent_text(bp: int) -> str:
    """The same as plain text, for where no markup can stand."""
    return numbers.format_percent(Decimal(bp).scaleb(-4), locale=LOCALES[LANGUAGE.get()], decimal_quantization=False)


def change(bp: int) -> Markup:
    """By how much something has changed, to a tenth of a percent: 250 as `+2.5%`, −1004 as `−10%`."""
    return _isolated(_signed(percent_text((abs(bp) + 5) // 10 * 10), bp, sign=True))


def date(day: dt.date | None) -> Markup:
    """A date; nothing for no date."""
    if day is None:
        return Markup("")
    return Markup('<time class="num" datetime="{}"><bdi dir="ltr">{}</bdi></time>').format(
        day.isoformat(), date_text(day)
    )


def until(first: dt.date, last: dt.date) -> Markup:
    """Days from the first to the last one; a single day once."""
    return date(first) if first == last else Markup("{} – {}").format(date(first), date(last))


def date_text(day: dt.date) -> str:
    """A date as plain text, for where no markup can stand."""
    return dates.format_date(day, _DATE[LANGUAGE.get()], locale=LOCALES[LANGUAGE.get()])


def month(day: dt.date) -> str:
    """A month as plain text, short enough for an axis."""
    return dates.format_date(day, _MONTH[LANGUAGE.get()], locale=LOCALES[LANGUAGE.get()])


def day(on: dt.date) -> str:
    """A day of about now as plain text, short enough for an axis."""
    return dates.format_date(on, _DAY[LANGUAGE.get()], locale=LOCALES[LANGUAGE.get()])


def time(moment: dt.datetime, zone: str) -> Markup:
    """The hour and minute in the store's time zone."""
    return _isolated(clock(moment.astimezone(ZoneInfo(zone)).time()))


def clock(local: dt.time) -> str:
    """The hour and minute of a clock: 8:05 as `08:05`, in Finnish as `08.05`."""
    return f"{local:%H.%M}" if LANGUAGE.get() == "fi" else f"{local:%H:%M}"


def moment(at: dt.datetime, zone: str) -> Markup:
    """Date and time in the store's time zone."""
    local = at.astimezone(ZoneInfo(zone))
    return Markup("{} {}").format(date(local.date()), time(at, zone))


def instant(kept: object) -> dt.datetime | None:
    """A moment as the change log keeps it, as text with its offset; None for anything else."""
    if not isinstance(kept, str) or not kept.endswith("+00:00"):
        return None
    try:
        return dt.datetime.fromisoformat(kept)
    except ValueError:
        return None


def ltr(text: object) -> Markup:
    """A number, code, phone or address that reads from left to right in every language."""
    return _isolated(str(text))


@lru_cache(8192)
def phone_text(e164: str, country: str) -> str:
    """+972521234567 as people at home dial it, with its country's code where `country` is another one."""
    number = phonenumbers.parse(e164)
    at_home = number.country_code == phonenumbers.country_code_for_region(country)
    form = phonenumbers.PhoneNumberFormat.NATIONAL if at_home else phonenumbers.PhoneNumberFormat.INTERNATIONAL
    return phonenumbers.format_number(number, form)


def phone(e164: str, country: str) -> Markup:
    """A phone number as it is stored, for readers in `country`."""
    return _isolated(phone_text(e164, country))


def ending(number: str) -> str:
    """The last four digits of a number, to tell people of one name apart without showing it."""
    return f"•••• {number[-4:]}"


def masked(number: str) -> Markup:
    """The last four digits of a number, for people."""
    return _isolated(ending(number))


def name(text: object) -> Markup:
    """Other people's words, which may run in either direction."""
    return Markup("<bdi>{}</bdi>").format(text)


def localised(names: Mapping[str, str]) -> str:
    """The name in the reader's language, else in English, else whichever there is."""
    return named_in(names, LANGUAGE.get())


def localised_word(word: str | None, names: Mapping[str, Mapping[str, str]]) -> str | None:
    """The name in the reader's language of what a ledger wrote as one word; else the word."""
    return localised(names[word]) if word is not None and word in names else word


def own_first(languages: Mapping[str, str], own: str) -> dict[str, str]:
    """The languages of the pages, the chain's own before the others."""
    return {own: languages[own], **languages}


def week(days: Sequence[tuple[object, str]]) -> Sequence[tuple[object, str]]:
    """Monday to Sunday in the order in which the reader's country counts them: in Israel a week begins with Sunday."""
    return (days[-1], *days[:-1]) if LANGUAGE.get() == "he" else days


FILTERS = {
    "own_first": own_first,
    "money": money,
    "whole_money": whole_money,
    "typed": typed,
    "marked": marked,
    "num": num,
    "amount": amount,
    "points": points,
    "counts": counts,
    "typed_points": typed_points,
    "qty": qty,
    "qty_text": qty_text,
    "percent": percent,
    "change": change,
    "date": date,
    "until": until,
    "date_text": date_text,
    "month": month,
    "day": day,
    "time": time,
    "moment": moment,
    "instant": instant,
    "ltr": ltr,
    "phone": phone,
    "masked": masked,
    "name": name,
    "localised": localised,
    "week": week,
}
GLOBALS = {"escape": escape}
