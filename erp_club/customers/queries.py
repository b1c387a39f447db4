"""Reading customers: one search box for every kind of number and name, and the record of one."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, distinct_on
from sqlalchemy.orm import Session

from erp_club.customers import contact, errors, identity
from erp_club.customers.errors import Fault
from erp_club.customers.models import UNIDENTIFIED, Classification, Customer, CustomerState, own_number
from erp_club.customers.names import spelling
from erp_club.customers.names.queries import find_by_name
from erp_club.organisation.models import Store

SHORTEST_PART = 3
"""Characters of a number from which on its beginning is searched for."""
SHORTEST_ENDING = 4
"""Digits of a phone from which on its ending is searched for."""
LOOKED_AT = 200
"""Hits of one kind before they are put in order: three digits may begin a hundred thousand numbers."""

_CUSTOMERS = Customer.__table__
# Cards belong to a domain above this one. Here their number is only one more key that leads to a customer.
_CARDS = sa.table("cards", sa.column("number"), sa.column("customer_id"), sa.column("state"), sa.column("issued_at"))


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that a search found, and by what.

    `exact` where the whole of what was typed is a number or address of the customer's; `spelt` where each word typed is
    spelt as one of the customer's names, or as it begins.
    """

    customer_id: int
    number: str
    given_name: str
    family_name: str
    city: str | None
    mobile: str | None
    card: str | None
    kind_matched: str
    exact: bool
    spelt: bool


@dataclass(frozen=True, slots=True)
class CustomerRecord:
    """All that is stored about one customer. `card` is the newest active one."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    given_name_2: str | None
    family_name_2: str | None
    id_kind: str
    id_country: str | None
    id_number: str | None
    phone: str | None
    mobile: str | None
    email: str | None
    street: str | None
    postcode: str | None
    city: str | None
    country: str | None
    birthday: dt.date | None
    anniversary: dt.date | None
    gender: str | None
    language: str | None
    home_store: str | None
    home_store_name: str | None
    own_id: str | None
    consent_advertising: bool | None
    consent_sms: bool | None
    consent_email: bool | None
    consent_post: bool | None
    opened_at: dt.datetime
    changed_at: dt.datetime
    card: str | None
    classifications: tuple[tuple[str, str], ...]


def record(session: Session, customer_id: int) -> CustomerRecord:
    """The customer. Raises NotFound for one that isn't there, is merged or erased, and for the unidentified one."""
    plain = [column for column in Customer.__table__.c if column.name not in {"id", "home_store_id", "state"}]
    statement = (
        sa.select(
            Customer.id.label("customer_id"),
            *plain,
            Store.code.label("home_store"),
            Store.name.label("home_store_name"),
            _newest_card(),
        )
        .outerjoin(Store, Store.id == Customer.home_store_id)
        .where(Customer.id == customer_id, *_living())
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise errors.unknown_customer()
    own = session.execute(
        sa.select(Classification.name, Classification.value)
        .where(Classification.customer_id == customer_id)
        .order_by(Classification.name)
    )
    return CustomerRecord(**row, classifications=tuple((name, value) for name, value in own))


def customer_id_by_number(session: Session, number: str) -> int | None:
    """The living customer of this number."""
    return session.scalar(sa.select(Customer.id).where(Customer.number == number, *_living()))


def find(session: Session, text: str, *, country: str, store_id: int | None = None, limit: int = 20) -> list[Found]:
    """The customers that one box finds, by whatever was typed: whole numbers first, then names, then parts of numbers.

    Card, customer number, phone in any spacing with or without the country's code (`country` is the chain's) or its
    last digits, document number, e-mail, the member's own identifier, or names in any order, as they are spelt or as
    they sound. A customer is told once, by the best of the kinds. Of those whose names match equally well, those come
    first who belong to the store `store_id`, then those who bought last.
    """
    typed = spelling.tidy(text)[: spelling.LONGEST]
    branches = [*_by_code(typed), *_by_contact(typed, country)]
    if (named := _by_name(session, typed, store_id=store_id, limit=limit)) is not None:
        branches.append(named)
    if not branches:
        return []
    hits = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    best = (
        sa.select(hits)
        .ext(distinct_on(hits.c.customer_id))
        .order_by(hits.c.customer_id, hits.c.rank, hits.c.place)
        .subquery()
    )
    rows = session.execute(
        sa.select(
            Customer.id,
            Customer.number,
            Customer.given_name,
            Customer.family_name,
            Customer.city,
            Customer.mobile,
            _newest_card(),
            best.c.kind,
            best.c.rank < _NAME,
            best.c.spelt,
        )
        .join(best, best.c.customer_id == Customer.id)
        .where(*_living())
        .order_by(best.c.rank, best.c.place, Customer.family_name, Customer.given_name, Customer.id)
        .limit(limit)
    )
    return [Found(*row) for row in rows]


_KINDS = ("card", "number", "phone", "id", "email", "own_id")
_NAME, _PART = 10, 20
"""The ranks: a whole number by its kind's place in `_KINDS`, a name, and from 20 on the beginning of a number."""
_Hits = sa.Select[*tuple[Any, ...]]
_CODE = re.compile(r"[A-Za-z0-9+-]{1,60}")


def _living() -> tuple[sa.ColumnElement[bool], ...]:
    return Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE


def _newest_card() -> sa.Label[Any]:
    return (
        sa.select(_CARDS.c.number)
        .where(_CARDS.c.customer_id == Customer.id, _CARDS.c.state == "active")
        .order_by(_CARDS.c.issued_at.desc(), _CARDS.c.number)
        .limit(1)
        .scalar_subquery()
        .label("card")
    )


def _whole(kind: str, customer_id: sa.ColumnElement[int], where: sa.ColumnElement[bool]) -> _Hits:
    return _hits(kind, customer_id, where, _KINDS.index(kind))


def _part(kind: str, customer_id: sa.ColumnElement[int], column: sa.ColumnElement[Any], beginning: str) -> _Hits:
    # The operators of text_pattern_ops, whose indexes serve whole numbers too. LIKE would need a plan for each pattern.
    begins = column.op("~>=~", is_comparison=True)(beginning) & column.op("~<~", is_comparison=True)(beginning + _LAST)
    return _hits(kind, customer_id, begins, _PART + _KINDS.index(kind))


_LAST = "\U0010ffff"


def _hits(kind: str, customer_id: sa.ColumnElement[int], where: sa.ColumnElement[bool], rank: int) -> _Hits:
    return sa.select(*_hit_columns(kind, customer_id, sa.literal(rank))).where(where).limit(LOOKED_AT)


def _hit_columns(
    kind: str,
    customer_id: sa.ColumnElement[int],
    rank: sa.ColumnElement[int],
    place: sa.ColumnElement[int] | None = None,
    spelt: sa.ColumnElement[bool] | None = None,
) -> tuple[sa.ColumnElement[Any], ...]:
    """The columns that all branches of a search have. `place` is the order within a rank."""
    return (
        customer_id.label("customer_id"),
        rank.label("rank"),
        sa.literal(kind).label("kind"),
        (sa.literal(0) if place is None else place).label("place"),
        (sa.false() if spelt is None else spelt).label("spelt"),
    )


def _by_code(typed: str) -> list[_Hits]:
    """By what has no spaces to speak of: customer number, card, document, the member's own identifier."""
    if not typed:
        return []
    made = [
        _whole("number", _CUSTOMERS.c.id, _CUSTOMERS.c.number.in_((typed, typed.upper()))),
        _whole("own_id", _CUSTOMERS.c.id, _CUSTOMERS.c.own_id == typed),
    ]
    code = re.sub(r"\s", "", typed).upper()
    if not _CODE.fullmatch(code):
        return made
    digits = code.replace("-", "")
    made.append(_whole("id", _CUSTOMERS.c.id, _CUSTOMERS.c.id_number.in_(identity.possible_numbers(code))))
    if digits.isdigit():
        made.append(_whole("card", _CARDS.c.customer_id, _CARDS.c.number == digits))
    if len(digits) >= SHORTEST_PART:
        made += [
            _part("number", _CUSTOMERS.c.id, _CUSTOMERS.c.number, code),
            _part("own_id", _CUSTOMERS.c.id, _CUSTOMERS.c.own_id, typed),
            _part("id", _CUSTOMERS.c.id, _CUSTOMERS.c.id_number, code),
        ]
        if digits.isdigit():
            made.append(_part("card", _CARDS.c.customer_id, _CARDS.c.number, digits))
            # What stands on a slip without the letter and the zeros. A mistyped item may look like it too.
            plain = _CUSTOMERS.c.number == own_number(int(digits))
            made.append(_hits("number", _CUSTOMERS.c.id, plain, _PART + _KINDS.index("number")))
    return made


def _by_contact(typed: str, country: str) -> list[_Hits]:
    """By phone or mobile, and by e-mail."""
    made: list[_Hits] = []
    address = typed.lower()
    if "@" in address:
        made.append(_whole("email", _CUSTOMERS.c.id, _CUSTOMERS.c.email == address))
    if len(address) >= SHORTEST_PART and " " not in address and address[0].isascii():
        made.append(_part("email", _CUSTOMERS.c.id, _CUSTOMERS.c.email, address))
    digits = re.sub(r"[\s().\u2010-\u2015/-]", "", typed)
    if not re.fullmatch(r"\+?[0-9]{3,20}", digits):
        return made
    numbers = _numbers(digits, country)
    for column in (_CUSTOMERS.c.mobile, _CUSTOMERS.c.phone):
        if numbers:
            made.append(_whole("phone", _CUSTOMERS.c.id, column.in_(numbers)))
        made += [_part("phone", _CUSTOMERS.c.id, column, start) for start in contact.phone_beginnings(digits, country)]
        if len(digits) >= SHORTEST_ENDING and digits.isdigit():
            made.append(_part("phone", _CUSTOMERS.c.id, sa.func.reverse(column), digits[::-1]))
    return made


def _numbers(digits: str, country: str) -> list[str]:
    """The digits as a phone number, dialled inland or with the country's code but without a plus."""
    found: list[str] = []
    for typed in {digits, f"+{digits.removeprefix('+')}"}:
        try:
            found.append(contact.phone(typed, country))
        except Fault:
            continue
    return found


def _by_name(session: Session, typed: str, *, store_id: int | None, limit: int) -> _Hits | None:
    """By names: the best matches, in their order."""
    if "@" in typed or not any(letter.isalpha() for letter in typed):
        return None
    found = find_by_name(session, typed, store_id=store_id, limit=limit)
    if not found:
        return None
    ids, spelt = [each.customer_id for each in found], [each.spelt for each in found]
    columns = {"customer_id": sa.BigInteger, "place": sa.Integer, "spelt": sa.Boolean}
    values = (ids, list(range(len(ids))), spelt)
    given = (
        sa.func.unnest(*(sa.literal(each, ARRAY(kind)) for each, kind in zip(values, columns.values(), strict=True)))
        .table_valued(*(sa.column(name, kind) for name, kind in columns.items()), name="named")
        .render_derived()
    )
    return sa.select(*_hit_columns("name", given.c.customer_id, sa.literal(_NAME), given.c.place, given.c.spelt))
