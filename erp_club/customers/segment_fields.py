"""What segments may ask about the person."""

import datetime as dt
from calendar import monthrange
from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import aliased

from erp_club.customers.models import Classification, Customer
from erp_club.customers.relatives.models import Relative
from erp_club.kernel.fields import SAME, Ask, Choice, Field, Kind, Op, Shape
from erp_club.kernel.text import T, Text
from erp_club.organisation.models import Store

_NUMBER = r"^-?\d{1,15}(\.\d{1,9})?$"
_SAME = SAME | {Op.IS_NULL}


def _part(name: str, date: Any) -> Any:
    # Not extract(): that makes a numeric of each, which took half of the time that a million customers take.
    return sa.cast(sa.func.date_part(name, date, type_=sa.Double), sa.Integer)


def age_on(birthday: Any, day: dt.date) -> Any:
    """Full years; who was born on 29 February is a year older on 1 March in the years that have none."""
    month_and_day = _part("month", birthday) * 100 + _part("day", birthday)
    return day.year - _part("year", birthday) - sa.case((month_and_day > day.month * 100 + day.day, 1), else_=0)


def days_until(date: Any, day: dt.date) -> Any:
    """Days from this day to the next return of a date, 0 on it; 29 February is kept on the 28th where there is none."""
    days = sa.Grouping(sa.literal(_days_until(day), ARRAY(sa.Integer)))
    return days[_part("month", date) * 31 + _part("day", date) - 31]


def _days_until(day: dt.date) -> list[int]:
    """By month and day of the month, 31 places each, how many days it is until then.

    A day that no month has is as its last one: without nulls, a place is found by its number.
    """
    return [_days_until_next(day, month, of_month) for month in range(1, 13) for of_month in range(1, 32)]


def _days_until_next(day: dt.date, month: int, of_month: int) -> int:
    kept = (dt.date(year, month, min(of_month, monthrange(year, month)[1])) for year in (day.year, day.year + 1))
    return min((each - day).days for each in kept if each >= day)


def _month(column: Any) -> Any:
    return _part("month", column)


def _classification(ask: Ask) -> Any:
    return sa.select(Classification.customer_id, Classification.value.label("value")).where(
        Classification.name == ask.name
    )


def _classification_number(ask: Ask) -> Any:
    value = sa.case((Classification.value.regexp_match(_NUMBER), sa.cast(Classification.value, sa.Numeric)))
    return sa.select(Classification.customer_id, value.label("value")).where(Classification.name == ask.name)


def _home_store(_ask: Ask) -> Any:
    return Customer.home_store_id, sa.select(Store.id, Store.code)


def _stores(_ask: Ask) -> Any:
    return sa.select(Store.code)


def _consents(_ask: Ask) -> dict[str, Any]:
    return {
        "sms": Customer.consent_sms.is_(True),
        "email": Customer.consent_email.is_(True),
        "post": Customer.consent_post.is_(True),
        "advertising": Customer.consent_advertising.is_(True),
    }


def _relatives(value: Callable[[Any], Any]) -> Any:
    """Relatives' rows by whose they are; of one who is a customer, the birthday is that customer's own."""
    other = aliased(Customer)
    born = sa.func.coalesce(Relative.birthday, other.birthday)
    return sa.select(Relative.customer_id, value(born).label("value")).join(
        other, other.id == Relative.relative_id, isouter=True
    )


def _relative_birthday(ask: Ask) -> Any:
    return _relatives(lambda born: days_until(born, ask.as_of))


def _relative_age(ask: Ask) -> Any:
    return _relatives(lambda born: age_on(born, ask.as_of))


def _of(name: str, label: Text, kind: Kind, read: Callable[[Ask], Any], **more: Any) -> Field:
    return Field(name, label, kind, more.pop("shape", Shape.COLUMN), read, **more)


_AGES: dict[str, Any] = {"least": 0, "most": 150}
_IN_A_YEAR: dict[str, Any] = {"least": 0, "most": 366}

FIELDS = (
    _of("age", T("Age"), Kind.NUMBER, lambda ask: age_on(Customer.birthday, ask.as_of), **_AGES),
    _of("birthday_in_days", T("Days until the birthday"), Kind.NUMBER,
        lambda ask: days_until(Customer.birthday, ask.as_of), **_IN_A_YEAR),
    _of("birthday_month", T("Month of the birthday"), Kind.NUMBER, lambda _ask: _month(Customer.birthday),
        least=1, most=12),
    _of("anniversary_in_days", T("Days until the wedding anniversary"), Kind.NUMBER,
        lambda ask: days_until(Customer.anniversary, ask.as_of), **_IN_A_YEAR),
    _of("relative_birthday_in_days", T("Days until a relative's birthday"), Kind.NUMBER, _relative_birthday,
        shape=Shape.ROWS, **_IN_A_YEAR),
    _of("relative_age", T("Age of a relative"), Kind.NUMBER, _relative_age, shape=Shape.ROWS, **_AGES),
    _of("gender", T("Gender"), Kind.TEXT, lambda _ask: Customer.gender, operators=_SAME,
        choices=(Choice("F", T("Female")), Choice("M", T("Male")), Choice("X", T("Other")))),
    _of("language", T("Language"), Kind.TEXT, lambda _ask: Customer.language, operators=_SAME, picker="language"),
    _of("home_store", T("Home store"), Kind.TEXT, _home_store, shape=Shape.NAMED, operators=_SAME,
        picker="store", known=_stores),
    _of("city", T("City"), Kind.TEXT, lambda _ask: Customer.city),
    _of("consent", T("Consent"), Kind.TEXT, _consents, shape=Shape.FLAGS, operators=_SAME,
        choices=(Choice("advertising", T("Advertising")), Choice("sms", T("SMS")), Choice("email", T("E-mail")),
                 Choice("post", T("Post")))),
    _of("class", T("Classification"), Kind.TEXT, _classification, shape=Shape.FIGURE, named=True, picker="class"),
    _of("class", T("Classification"), Kind.NUMBER, _classification_number, shape=Shape.FIGURE, named=True),
    _of("number", T("Customer number"), Kind.TEXT, lambda _ask: Customer.number),
)  # fmt: skip
