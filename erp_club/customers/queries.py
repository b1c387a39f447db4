"""Reading customers: one search box for every kind of number and name, and the record of one."""

import datetime as dt
import re
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import distinct_on
from sqlalchemy.orm import Session

from erp_club.customers import contact, errors, identity, names
from erp_club.customers.errors import Fault
from erp_club.customers.models import UNIDENTIFIED, Classification, Customer, CustomerState, NameToken
from erp_club.organisation.models import Store

SHORTEST_PART = 3
"""Characters of a number from which on its beginning is searched for."""
LOOKED_AT = 200
"""Hits of one kind before they are put in order: one letter may begin a hundred thousand names."""

_CUSTOMERS, _TOKENS = Customer.__table__, NameToken.__table__
# Cards belong to a domain above this one. Here their number is only one more key that leads to a customer.
_CARDS = sa.table("cards", sa.column("number"), sa.column("customer_id"), sa.column("state"), sa.column("issued_at"))


@dataclass(frozen=True, slots=True)
class Found:
    """A customer that a search found, and by what. `exact` where the whole of what was typed is the customer's own."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    city: str | None
    mobile: str | None
    card: str | None
    kind_matched: str
    exact: bool


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


def find(session: Session, text: str, *, country: str, limit: int = 20) -> list[Found]:
    """The customers that one box finds, by whatever was typed: whole numbers first, then names, then parts of numbers.

    Card, customer number, phone in any spacing with or without the country's code (`country` is the chain's), document
    number, e-mail, the member's own identifier, or the beginnings of names in any order. A customer is told once, by
    the best of the kinds.
    """
    typed = names.tidy(text)[: names.LONGEST]
    branches = [*_by_code(typed), *_by_contact(typed, country), *_by_name(typed)]
    if not branches:
        return []
    hits = sa.union_all(*(sa.select(branch.subquery()) for branch in branches)).subquery()
    best = (
        sa.select(hits.c.customer_id, hits.c.rank, hits.c.kind)
        .ext(distinct_on(hits.c.customer_id))
        .order_by(hits.c.customer_id, hits.c.rank)
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
        )
        .join(best, best.c.customer_id == Customer.id)
        .where(*_living())
        .order_by(best.c.rank, Customer.family_name, Customer.given_name, Customer.id)
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


def _hits(
    kind: str, customer_id: sa.ColumnElement[int], where: sa.ColumnElement[bool], rank: int | sa.ColumnElement[int]
) -> _Hits:
    place: sa.ColumnElement[Any] = sa.literal(rank) if isinstance(rank, int) else rank
    columns: tuple[Any, ...] = (customer_id.label("customer_id"), place.label("rank"), sa.literal(kind).label("kind"))
    return sa.select(*columns).where(where).limit(LOOKED_AT)


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


def _by_name(typed: str) -> list[_Hits]:
    """By names that begin with what was typed, in any order; those that are typed whole come first.

    The longest token is looked up in the index by its range; of each name found the others are asked for.
    """
    tokens = names.typed_tokens(typed)
    if not tokens or "@" in typed or not any(letter.isalpha() for letter in typed):
        return []
    longest, *others = tokens
    where: list[sa.ColumnElement[bool]] = [_begins(_TOKENS.c.token, longest)]
    for token in others:
        other = _TOKENS.alias()
        same = other.c.customer_id == _TOKENS.c.customer_id
        where.append(sa.exists().where(same, _begins(other.c.token, token)))
    rank = sa.case((_TOKENS.c.token == longest, _NAME), else_=_NAME + 1)
    # In the index's order, so that the limit keeps the names that are typed whole.
    return [_hits("name", _TOKENS.c.customer_id, sa.and_(*where), rank).order_by(_TOKENS.c.token)]


def _begins(token: Any, beginning: str) -> sa.ColumnElement[bool]:
    return sa.and_(token >= beginning, token < beginning + _LAST)
