"""Reading customers: one search box for every kind of number and name, and the record of one."""

import re
import unicodedata
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session, aliased

from erp_club.customers import contact, errors, mrz
from erp_club.customers.errors import Fault
from erp_club.customers.id_numbers import sealing
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Classification, Customer, own_number
from erp_club.customers.names import spelling
from erp_club.customers.record import CustomerRecord, Found
from erp_club.kernel.errors import Refused
from erp_club.kernel.kept_keys import keyring_of
from erp_club.organisation.models import Store

SHORTEST_PART = 3
"""Characters of a number from which on its beginning is searched for."""
SHORTEST_ENDING = 4
"""Digits of a phone from which on its ending is searched for."""
LOOKED_AT = 200
"""Hits of one kind before they are put in order: three digits may begin a hundred thousand numbers."""

LONGEST_TYPED = 2 * spelling.LONGEST + 1
"""Letters of what was typed that are looked at: the longest given name and the longest family name."""

# Cards belong to a domain above this one. Here their number is only one more key that leads to a customer.
_CARDS = sa.table("cards", sa.column("number"), sa.column("customer_id"), sa.column("state"), sa.column("issued_at"))


BECAME = sa.select(Customer.id, Customer.merged_into).where(Customer.merged_into.is_not(None)).subquery("became")
"""Who became another customer, for an outer join: few, so that large tables are read past them."""


def record(session: Session, customer_id: int) -> CustomerRecord:
    """The customer. Raises NotFound for one that isn't there or is erased, and for the unidentified one.

    Raises Refused 308 `customer-merged` for one who became another customer.
    """
    kept_apart = {"id", "home_store_id", "state", "merged_into", "id_hash", "id_ending"}
    plain = [column for column in Customer.__table__.c if column.name not in kept_apart]
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
        raise not_living(session, customer_id)
    own = session.execute(
        sa.select(Classification.name, Classification.value)
        .where(Classification.customer_id == customer_id)
        .order_by(Classification.name)
    )
    shown = {name: value for name, value in row.items() if name not in sealing.COLUMNS}
    number = sealing.opened(session, row["id_key"], row["id_sealed"])
    return CustomerRecord(
        **shown,
        id_number=number and sealing.masked(number),
        classifications=tuple((name, value) for name, value in own),
    )


def numbers_of(session: Session, customer_ids: Sequence[int]) -> dict[int, str]:
    """The numbers of these customers."""
    rows = session.execute(sa.select(Customer.id, Customer.number).where(Customer.id.in_(customer_ids)))
    return {customer_id: number for customer_id, number in rows}  # noqa: C416 - dict() knows no Row


def customer_id_by_number(session: Session, number: str) -> int | None:
    """The living customer of this number, or whom the one of this number became."""
    living = sa.func.coalesce(Customer.merged_into, Customer.id)
    known = Customer.number == number, Customer.id != UNIDENTIFIED, Customer.state != CustomerState.ERASED
    return session.scalar(sa.select(living).where(*known))


def family_of(customer_id: Any) -> sa.Select[int]:
    """The ids of a customer and of all who became this customer: receipts stay under the one they were sold to."""
    one = aliased(Customer)
    return sa.select(one.id).where((one.id == customer_id) | (one.merged_into == customer_id)).correlate_except(one)


def hold_person(session: Session, customer_id: int) -> int:
    """Keep a customer from being merged and parted until the transaction ends; gives whom they are by now.

    One who became another leads to that one, who is kept as well.
    """
    asked = sa.select(sa.func.coalesce(Customer.merged_into, Customer.id))
    living = customer_id
    while True:
        led = session.scalars(asked.where(Customer.id == living).with_for_update(read=True, key_share=True)).one()
        if led == living:
            break
        living = led
    # Whoever merged the two while we waited has told where the first one leads now.
    now = session.scalars(asked.where(Customer.id == customer_id)).one()
    return living if now == living else hold_person(session, customer_id)


def living_of(customer_id: Any) -> sa.ColumnElement[int]:
    """Whom a customer became, or the customer: where the rows are joined to `BECAME` by this id."""
    return sa.func.coalesce(BECAME.c.merged_into, customer_id)


def not_living(session: Session, customer_id: int) -> Refused:
    """Why there is no living customer of this id: 308 `customer-merged` to whom it became, else NotFound."""
    survivor = aliased(Customer)
    row = session.execute(
        sa.select(survivor.id, survivor.number)
        .join(Customer, Customer.merged_into == survivor.id)
        .where(Customer.id == customer_id, Customer.state == CustomerState.MERGED)
    ).one_or_none()
    return errors.merged(*row) if row else errors.unknown_customer()


def find(session: Session, text: str, *, country: str, store_id: int | None = None, limit: int = 20) -> list[Found]:
    """The customers that one box finds, by whatever was typed: whole numbers first, then names, then parts of numbers.

    Card, customer number, phone in any spacing with or without the country's code (`country` is the chain's) or its
    last digits, document number or its last four signs or the lines at its foot, e-mail, the member's own identifier,
    or names in any order, as they are spelt or as they sound. A customer is told once, by the best of the kinds. Of
    those whose names match equally well, those come first who belong to the store `store_id`, then who bought last.
    """
    # On an Arabic keyboard ٠٥٤ is 054.
    plain = re.sub(r"\d", lambda digit: str(unicodedata.digit(digit[0])), spelling.tidy(text)[:LONGEST_TYPED])
    typed = _number_of_zone(plain)
    numbers = [*_by_code(typed), *_by_document(session, typed), *_by_contact(typed, country)]
    if _CODE.fullmatch(typed) and not typed.isalpha():
        # One word of letters and digits: whose number it is, or begins so, is meant; it is a name only where it is
        # nobody's. O-Brien is a name even where an e-mail address begins so, and 007 where a telephone does.
        found = _found(session, numbers, limit)
        mixed = _LETTER.search(typed) and _DIGIT.search(typed)
        if any(each.exact or mixed for each in found):
            return found
    return _found(session, [*numbers, *_by_name(session, typed, store_id, limit)], limit)


def _number_of_zone(typed: str) -> str:
    """The document's number, where somebody scanned its machine-readable lines; else what was typed."""
    if mrz.looks_like_zone(typed):
        with suppress(Fault):
            return mrz.read(typed).number
    return typed


def _found(session: Session, branches: "Sequence[_Branch]", limit: int) -> list[Found]:
    if not branches:
        return []
    # Put together of fixed parts: to build the same of expressions takes longer than the search in the database.
    statement = _FOUND.replace("BRANCHES", "\nUNION ALL\n".join(branch.sql for branch in branches))
    given = {name: value for branch in branches for name, value in branch.given.items()}
    return [Found(*row) for row in session.execute(sa.text(statement), given | {"limit": limit})]


_KINDS = ("card", "number", "phone", "id", "email", "own_id")
_NAME, _PART = 10, 20
"""The ranks: a whole number by its kind's place in `_KINDS`, a name, and from 20 on a part of a number."""
_CODE, _LETTER, _DIGIT = (re.compile(each) for each in (r"[A-Za-z0-9+-]{1,60}", r"[A-Za-z]", r"[0-9]"))
_LAST = "\U0010ffff"

_FOUND = f"""
SELECT c.id, c.number, c.given_name, c.family_name, c.city, c.mobile,
       (SELECT k.number FROM cards k WHERE k.customer_id = c.id AND k.state = 'active'
         ORDER BY k.issued_at DESC, k.number LIMIT 1),
       best.kind, best.rank < {_NAME}, best.spelt
  FROM (
    SELECT DISTINCT ON (living) coalesce(h.merged_into, h.id) AS living, rank, kind, place, spelt
      FROM (BRANCHES) AS hits JOIN customers h ON h.id = hits.customer_id
     ORDER BY living, rank, place
  ) AS best JOIN customers c ON c.id = best.living
 WHERE c.id <> {UNIDENTIFIED} AND c.state = '{CustomerState.ACTIVE}'
 ORDER BY best.rank, best.place, c.family_name, c.given_name, c.id
 LIMIT :limit
"""  # noqa: S608 - constants
_NAMED = f"""
SELECT customer_id, {_NAME} AS rank, 'name' AS kind, place, spelt
  FROM unnest(CAST(:named AS bigint[]), CAST(:spelt AS boolean[])) WITH ORDINALITY AS named (customer_id, spelt, place)
"""  # noqa: S608 - a constant


@dataclass(frozen=True, slots=True)
class _Branch:
    """One of the ways in which what was typed may lead to customers: a SELECT, and its values by name."""

    sql: str
    given: Mapping[str, object]


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


def _whole(kind: str, column: str, numbers: Iterable[str | bytes]) -> _Branch:
    """The customers of whom one of the numbers is the whole one."""
    name = f"{kind}_{column}"
    return _hits(kind, f"{column} = ANY(:{name})", _KINDS.index(kind), {name: list(numbers)})


def _part(kind: str, column: str, beginning: str, *, number: int = 0) -> _Branch:
    """Those whose number begins so; `number` tells two beginnings of one column apart."""
    return _begins(kind, column, f"{kind}_{column}_from_{number}", beginning)


def _ending(kind: str, column: str, ending: str) -> _Branch:
    """Those whose number ends so."""
    return _begins(kind, f"reverse({column})", f"{kind}_{column}_back", ending[::-1])


def _begins(kind: str, expression: str, name: str, beginning: str) -> _Branch:
    # The operators of text_pattern_ops, whose indexes serve whole numbers too. LIKE would need a plan for each pattern.
    begins = f"{expression} ~>=~ :{name} AND {expression} ~<~ :{name}_end"
    given = {name: beginning, f"{name}_end": beginning + _LAST}
    return _hits(kind, begins, _PART + _KINDS.index(kind), given)


def _hits(kind: str, condition: str, rank: int, given: Mapping[str, object]) -> _Branch:
    """The customers, or the cards' ones, of whom a condition holds. `place` is the order within a rank."""
    table, customer = ("cards", "customer_id") if kind == "card" else ("customers", "id")
    columns = f"{customer} AS customer_id, {rank} AS rank, '{kind}' AS kind, 0 AS place, false AS spelt"
    sql = f"(SELECT {columns} FROM {table} WHERE {condition} LIMIT {LOOKED_AT})"  # noqa: S608 - names of this module
    return _Branch(sql, given)


def _by_code(typed: str) -> list[_Branch]:
    """By what has no spaces to speak of: customer number, card, the member's own identifier."""
    if not typed:
        return []
    made = [
        _whole("number", "number", (typed, typed.upper())),
        # Nobody presses Shift for a fob's letters.
        _hits("own_id", "lower(own_id) = lower(CAST(:own AS text))", _KINDS.index("own_id"), {"own": typed}),
    ]
    code = re.sub(r"\s", "", typed).upper()
    if not _CODE.fullmatch(code):
        return made
    digits = code.replace("-", "")
    if digits.isdigit():
        made.append(_whole("card", "number", (digits,)))
    if len(digits) >= SHORTEST_PART:
        made.append(_part("number", "number", code))
        begins = "lower(own_id) ~>=~ lower(CAST(:own AS text)) AND lower(own_id) ~<~ lower(CAST(:own_end AS text))"
        given = {"own": typed, "own_end": typed + _LAST}
        made.append(_hits("own_id", begins, _PART + _KINDS.index("own_id"), given))
        if digits.isdigit():
            made.append(_part("card", "number", digits))
            # What stands on a slip without the letter and the zeros. A mistyped item may look like it too.
            plain = {"plain_number": own_number(int(digits))}
            made.append(_hits("number", "number = :plain_number", _PART + _KINDS.index("number"), plain))
    return made


def _by_document(session: Session, typed: str) -> list[_Branch]:
    """By the whole number of a document, or by how it ends. What it begins with no hash can tell.

    Every document's number has a digit, so a name needs no keys and costs no query here.
    """
    code = re.sub(r"\s", "", typed).upper()
    plain = code.replace("-", "")
    if not _CODE.fullmatch(code) or len(plain) < sealing.SHORTEST_ENDING or plain.isalpha():
        return []
    keyring = keyring_of(session)
    ending = [sealing.ending_hash(keyring, code)]
    made = [_whole("id", "id_hash", sealing.possible_hashes(keyring, code))]
    if len(plain) == sealing.SHORTEST_ENDING:
        condition = "id_ending = ANY(:id_ending)"
        made.append(_hits("id", condition, _PART + _KINDS.index("id"), {"id_ending": ending}))
    else:
        rows = session.execute(_SO_ENDING, {"ending": ending, "most": LOOKED_AT})
        found = [row.id for row in rows if sealing.ends_so(keyring.open(row.id_key, row.id_sealed), code)]
        if found:
            condition = "id = ANY(CAST(:id_ending AS bigint[]))"
            made.append(_hits("id", condition, _PART + _KINDS.index("id"), {"id_ending": found}))
    return made


_SO_ENDING = sa.text("SELECT id, id_sealed, id_key FROM customers WHERE id_ending = ANY(:ending) LIMIT :most")


def _by_contact(typed: str, country: str) -> list[_Branch]:
    """By phone or mobile, and by e-mail."""
    made: list[_Branch] = []
    address = typed.lower()
    if "@" in address:
        made.append(_whole("email", "email", (address,)))
    if len(address) >= SHORTEST_PART and " " not in address and address[0].isascii():
        made.append(_part("email", "email", address))
    digits = re.sub(r"[\s().\u2010-\u2015/-]", "", typed)
    if not re.fullmatch(r"\+?[0-9]{3,20}", digits):
        return made
    numbers = _numbers(digits, country)
    for column in ("mobile", "phone"):
        if numbers:
            made.append(_whole("phone", column, numbers))
        beginnings = contact.phone_beginnings(digits, country)
        made += [_part("phone", column, start, number=number) for number, start in enumerate(beginnings)]
        if len(digits) >= SHORTEST_ENDING and digits.isdigit():
            made.append(_ending("phone", column, digits))
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


def _by_name(session: Session, typed: str, store_id: int | None, limit: int) -> list[_Branch]:
    """By names: the best matches, in their order."""
    nameable = typed.isdigit() or any(letter.isalpha() or not letter.isascii() for letter in typed)
    if "@" in typed or not nameable:
        return []
    # Only who looks for a name needs numpy, and waits for it at the first one.
    from erp_club.customers.names.queries import find_by_name

    found = find_by_name(session, typed, store_id=store_id, limit=limit)
    if not found:
        return []
    given = {"named": [each.customer_id for each in found], "spelt": [each.spelt for each in found]}
    return [_Branch(_NAMED, given)]


def names_of(session: Session, customer_ids: Sequence[int]) -> dict[int, str]:
    """What these customers are called, by their ids; nobody who has no name."""
    asked = sa.select(Customer.id, Customer.given_name, Customer.family_name).where(Customer.id.in_(customer_ids))
    named = {row.id: f"{row.given_name or ''} {row.family_name or ''}".strip() for row in session.execute(asked)}
    return {customer_id: name for customer_id, name in named.items() if name}
