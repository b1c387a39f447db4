"""Who may be a customer already."""

import datetime as dt
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers import queries as customers
from erp_club.customers.fields import Stored
from erp_club.customers.models import Customer

ALIKE = 0.85
"""From here on two names may be one person's, if something else is the same too."""
LOOKED_AT = 2_000
"""Customers who share one thing with somebody and whose names are compared: so many may be born on one day."""
MOST = 10
"""Candidates who are shown."""
STRONG = ("id_number", "card")
"""What alone tells a person."""


@dataclass(frozen=True, slots=True)
class Candidate:
    """A customer who may be the person. `same` names the fields that are the same, the name's likeness is `score`."""

    customer_id: int
    score: float
    same: tuple[str, ...]

    @property
    def sure(self) -> bool:
        """Whether it is the person: nobody else has that document or card."""
        return any(each in STRONG for each in self.same)


@dataclass(frozen=True, slots=True)
class Shown:
    """What of a customer is shown beside another one, to tell them apart."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    second_name: str
    birthday: dt.date | None
    mobile: str | None
    phone: str | None
    email: str | None
    street: str | None
    city: str | None
    opened_at: dt.datetime


def candidates(
    session: Session, values: Mapping[str, Stored], *, country: str, card: str | None = None
) -> list[Candidate]:
    """The living customers who may be a person of these fields, as they are stored; the likeliest first.

    That takes a name that is alike and a birthday, phone, e-mail or address that is the same; or the document or the
    `card` alone.
    """
    found: dict[int, set[str]] = {}
    for customer_id, field in session.execute(_SHARING, _asked(values)):
        found.setdefault(customer_id, set()).add(field)
    sure = {**_of_document(session, values, country), **_of_card(session, card)}
    scores = name_scores(session, [_text(values.get(name)) for name in NAMES], {*found, *sure})
    made = [
        Candidate(each, scores.get(each, 0.0), _in_order(found.get(each, set()) | sure.get(each, set())))
        for each in {*found, *sure}
        if each in sure or scores.get(each, 0.0) >= ALIKE
    ]
    return sorted(made, key=lambda one: (not one.sure, -len(one.same), -one.score, one.customer_id))[:MOST]


def name_scores(session: Session, names: Sequence[str | None], customer_ids: Collection[int]) -> dict[int, float]:
    """How alike the names of each customer are to the `names`."""
    if not customer_ids:
        return {}
    bearers: dict[int, Sequence[int]] = {
        row[0]: row[1] for row in session.execute(_WORDS_OF, {"ids": list(customer_ids)})
    }
    # Names are compared with numpy, which is brought in for the first that are.
    from erp_club.customers.duplicates.likeness import Word, likeness

    words = {word for of_bearer in bearers.values() for word in of_bearer}
    dictionary = [Word(*row) for row in session.execute(_DICTIONARY, {"words": list(words)})]
    return likeness(names, bearers, dictionary)


def shown(session: Session, customer_ids: Collection[int]) -> dict[int, Shown]:
    """What is shown of living customers, by id."""
    second = sa.func.btrim(
        sa.func.concat(sa.func.coalesce(Customer.given_name_2, ""), " ", sa.func.coalesce(Customer.family_name_2, ""))
    )
    rows = session.execute(
        sa.select(
            Customer.id,
            Customer.number,
            Customer.given_name,
            Customer.family_name,
            second,
            Customer.birthday,
            Customer.mobile,
            Customer.phone,
            Customer.email,
            Customer.street,
            Customer.city,
            Customer.opened_at,
        ).where(Customer.id.in_(customer_ids))
    )
    return {row[0]: Shown(*row) for row in rows}


NAMES = ("given_name", "family_name", "given_name_2", "family_name_2")
_FIELDS = ("id_number", "card", "birthday", "mobile", "phone", "email", "address")


def _in_order(same: Collection[str]) -> tuple[str, ...]:
    return tuple(name for name in _FIELDS if name in same)


def _text(value: Stored) -> str | None:
    return value if isinstance(value, str) else None


def _asked(values: Mapping[str, Stored]) -> dict[str, object]:
    street, city, postcode = (_text(values.get(name)) for name in ("street", "city", "postcode"))
    return {
        "birthday": values.get("birthday"),
        "mobile": values.get("mobile"),
        "phone": values.get("phone"),
        "email": values.get("email"),
        "street": street,
        "city": city,
        "postcode": postcode,
        "most": LOOKED_AT,
    }


def _of_document(session: Session, values: Mapping[str, Stored], country: str) -> dict[int, set[str]]:
    number = _text(values.get("id_number"))
    if number is None:
        return {}
    found = customers.find(session, number, country=country, limit=MOST)
    ids = [each.customer_id for each in found if each.exact and each.kind_matched == "id"]
    owners = session.scalars(
        sa.select(Customer.id).where(
            Customer.id.in_(ids),
            Customer.id_kind == values.get("id_kind"),
            Customer.id_country == values.get("id_country"),
        )
    )
    return {customer_id: {"id_number"} for customer_id in owners}


def _of_card(session: Session, card: str | None) -> dict[int, set[str]]:
    number = "".join(sign for sign in card or "" if sign.isdigit())
    if not number:
        return {}
    return {customer_id: {"card"} for customer_id in session.scalars(_CARD, {"card": number})}


# Each branch has an index of its own; OR would read the table.
_SHARING = sa.text(
    """
    SELECT c.id, shared.field FROM (
      (SELECT id, 'birthday' AS field FROM customers WHERE birthday = CAST(:birthday AS date) LIMIT :most)
      UNION ALL (SELECT id, 'mobile' FROM customers WHERE mobile = CAST(:mobile AS text) LIMIT :most)
      UNION ALL (SELECT id, 'mobile' FROM customers WHERE phone = CAST(:mobile AS text) LIMIT :most)
      UNION ALL (SELECT id, 'phone' FROM customers WHERE phone = CAST(:phone AS text) LIMIT :most)
      UNION ALL (SELECT id, 'phone' FROM customers WHERE mobile = CAST(:phone AS text) LIMIT :most)
      UNION ALL (SELECT id, 'email' FROM customers WHERE email = CAST(:email AS text) LIMIT :most)
      UNION ALL (SELECT id, 'address' FROM customers WHERE lower(street) = lower(CAST(:street AS text))
                    AND (postcode = CAST(:postcode AS text) OR lower(city) = lower(CAST(:city AS text))) LIMIT :most)
    ) AS shared JOIN customers h ON h.id = shared.id
      JOIN customers c ON c.id = coalesce(h.merged_into, h.id) AND c.state = 'active' AND c.id <> 0
    """
)
_CARD = sa.text(
    """
    SELECT c.id FROM cards k JOIN customers c ON c.id = k.customer_id AND c.state = 'active' WHERE k.number = :card
    """
)
_WORDS_OF = sa.text("SELECT customer_id, words FROM customer_name_words WHERE customer_id = ANY(:ids)")
_DICTIONARY = sa.text("SELECT id, word, surface, sounds FROM name_words WHERE id = ANY(:words)")
