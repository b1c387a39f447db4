"""What names a person, and the texts and documents of the whole chain in which it stands."""

import io
import json
import re
import zipfile
from collections import defaultdict
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qsl

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import BYTEA, JSONB
from sqlalchemy.orm import Session

from erp_club.customers.id_numbers import sealing
from erp_club.kernel.audit import AuditValues
from erp_club.kernel.db import Base
from erp_club.people.erasure.words.places import SWEPT, How
from erp_club.people.erasure.words.scrubbing import Scrubber, Secrets
from erp_club.people.erasure.words.spellings import ACCENTS, any_of, name_parts, sought

_GIVEN, _FAMILY = ("given_name", "given_name_2"), ("family_name", "family_name_2")
_PHONES, _CODES = ("mobile", "phone"), ("number", "own_id")
ELSEWHERE = frozenset({How.ANSWER, How.ROW})
"""Found where they are taken away."""
OWN = frozenset({
    *_GIVEN, *_FAMILY, *_PHONES, *_CODES, "email", "card", "birthday", "id_number", "city", "postcode",
})  # fmt: skip
"""Fields of a customer: in what is told of somebody else they are that one's own, a husband's telephone too."""


_LISTED = frozenset({
    "consent_advertising", "consent_email", "consent_post", "consent_sms", "gender", "language", "id_kind",
    "id_country", "country", "home_store_id", "anniversary",
})  # fmt: skip
"""Fields of a customer in which nobody can write a text."""


@dataclass(frozen=True, slots=True)
class Named:
    """A row with a text that names the person: what its columns are without."""

    table: str
    key: Mapping[str, Any]
    left: Mapping[str, Any]


def secrets_of(session: Session, rows: Sequence[Mapping[str, Any]]) -> Secrets:
    """What names these customers, in their rows and as the trace of their changes tells it: former names too."""
    ids = [row["id"] for row in rows]
    found: dict[str, set[str]] = defaultdict(set)
    keys = [*_GIVEN, *_FAMILY, *_PHONES, *_CODES, "email", "card"]
    for key, value in session.execute(_SAID, {"ids": ids, "keys": keys}):
        found[key].add(value)
    documents = {sealing.opened(session, row["id_key"], row["id_sealed"]) for row in rows} - {None}
    cards = session.scalars(sa.text("SELECT number FROM cards WHERE customer_id = ANY(:ids)"), {"ids": ids})
    return Secrets(
        given=_all(found, _GIVEN), family=_all(found, _FAMILY), emails=_all(found, ("email",)),
        phones=_all(found, _PHONES), codes=_all(found, _CODES),
        documents=frozenset({*cards, *found["card"], *(each for each in documents if each)}),
    )  # fmt: skip


def relatives_of(session: Session, ids: Collection[int]) -> set[str]:
    """Whole names of these customers' relatives who are no customers; a word alone is many people's."""
    asked = "SELECT DISTINCT name FROM customer_relatives WHERE customer_id = ANY(:ids) AND name LIKE '% %'"
    return set(session.scalars(sa.text(asked), {"ids": list(ids)}))


def naming(session: Session, scrubber: Scrubber, ids: Collection[int]) -> Iterator[Named]:
    """The rows of all swept tables with a text that names the person; not those of the person (`ids`) in the trace."""
    if not scrubber.sought:
        return
    # Segments first: rules go along with a name that is changed.
    for name in sorted({each.partition(".")[0] for each in SWEPT}, key=lambda name: (name != "segments", name)):
        table = Base.metadata.tables[name]
        columns = {
            each.name: how for each in table.c if (how := SWEPT.get(f"{name}.{each.name}", How.ROW)) not in ELSEWHERE
        }
        if columns:
            yield from _in_table(session, table, columns, scrubber, ids)


def _in_table(
    session: Session, table: sa.Table, columns: Mapping[str, How], scrubber: Scrubber, ids: Collection[int]
) -> Iterator[Named]:
    wanted = [_likely(table.c[each], scrubber) for each in columns]
    key = list(table.primary_key.columns)
    # As they are kept: a type of ours would make something else of them.
    told = [sa.type_coerce(table.c[each], plain(table.c[each])).label(each) for each in columns]
    asked = sa.select(*key, *told).where(sa.or_(*wanted))
    if table.name == "audit_values":
        asked = asked.where(table.c.customer_id.not_in(ids))
    if table.name == "customers":
        asked = asked.where(table.c.id.not_in(ids))
    for row in session.execute(asked.order_by(*key)).mappings().all():
        before = {each: row[each] for each in columns}
        left = {each: _left(scrubber, how, before[each], table.name) for each, how in columns.items()}
        if left != before:
            yield Named(table.name, {each.name: row[each.name] for each in key}, left)


def _likely(column: sa.Column[Any], scrubber: Scrubber) -> sa.ColumnElement[bool]:
    """Whether a text may name somebody, by what PostgreSQL reads fast: `scrubber` judges what is left."""
    # Most of the trace is what customers were opened with: each one's own, which another's erasure leaves alone.
    own = column.table.name == AuditValues.__tablename__
    told = column.op("-")(sa.literal([*OWN, *_LISTED], sa.ARRAY(sa.Text))) if own else column
    text = sa.cast(told, sa.Text)
    renamed = [text.contains(json.dumps(each, ensure_ascii=False)[1:-1], autoescape=True) for each in scrubber.renamed]
    named: list[sa.ColumnElement[bool]] = []
    for pair in scrubber.names:
        one, other = (_like(text, names) for names in pair)
        # Accents that are typed and not kept hide a name from LIKE.
        both = sa.or_(sa.and_(one, other), sa.and_(sa.or_(one, other), text.regexp_match(ACCENTS)))
        named.append(both if all(pair) else sa.or_(one, other))
    found = sa.case((_like(text, scrubber.sought), sa.or_(_like(text, scrubber.alone), *named)), else_=sa.false())
    return sa.or_(sa.case((told.cast(sa.Text) != "{}", found), else_=sa.false()) if own else found, *renamed)


def _like(text: sa.ColumnElement[str], sought: Collection[str]) -> sa.ColumnElement[bool]:
    return sa.func.lower(text).like(sa.any_(sa.literal(list(sought), sa.ARRAY(sa.Text))))


def plain(column: sa.Column[Any]) -> Any:
    """How a column is read and written as PostgreSQL keeps it."""
    kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    return JSONB(none_as_null=True) if isinstance(kind, sa.JSON) else sa.Text()


def _left(scrubber: Scrubber, how: How, told: Any, table: str) -> Any:
    if told is None:
        return None
    match how:
        case How.WORDS | How.LEDGER:
            return scrubber.line(told)
        case How.NAME:
            return scrubber.line(told)
        case How.CODE:
            return scrubber.code(told)
        case How.TRACE if table == AuditValues.__tablename__:
            return {key: each if key in OWN else scrubber.document(each) for key, each in told.items()}
        case How.TRACE | How.DOCUMENT:
            return scrubber.document(told)
        case _:
            return scrubber.terms(told)


def goods_called_so(session: Session, scrubber: Scrubber) -> list[str]:
    """Groups, departments and brands that are called as somebody is: rules name them, and they stay."""
    return [each for each in session.scalars(_GOODS) if scrubber.line(each) != each]


def relatives_who_are(session: Session, scrubber: Scrubber) -> list[int]:
    """Relatives of others who are kept as a name only, this person's."""
    asked = sa.text("SELECT id, name FROM customer_relatives WHERE lower(name) LIKE ANY(:sought)")
    found = session.execute(asked, {"sought": scrubber.sought})
    return [row.id for row in found if scrubber.line(row.name) != row.name]


def views_of(session: Session, scrubber: Scrubber) -> list[int]:
    """Views that somebody has saved of the person: by name, or by what the page is asked for."""
    return [
        row.id
        for row in session.execute(sa.text("SELECT id, name, query FROM saved_views"))
        if any(scrubber.text(said) != said for said in (row.name, *(value for _, value in parse_qsl(row.query))))
    ]


def answers_naming(
    session: Session, scrubber: Scrubber, people: Sequence[tuple[Secrets, Collection[str]]]
) -> list[tuple[str, str]]:
    """Scope and key of the answers that tell of people: by what nobody else has, by a given and a family name anywhere
    in it, or by one of the relatives, who come with each, that are kept as a name only.
    """
    kin = [pattern for _, relatives in people for name in relatives for pattern in sought(name)]
    text = "lower(convert_from(answer, 'UTF8'))"
    asked = sa.text(
        "SELECT scope, key, headers::text AS headers, answer FROM idempotency_keys "  # noqa: S608 - ours
        "WHERE lower(headers::text) LIKE ANY(:sought) OR octet_length(answer) > 0 "
        f"AND CASE WHEN headers ->> 'content-type' ~ 'json|text' THEN {text} LIKE ANY(:sought) END"
    )
    named = [
        [_words(name_parts(secrets.given)), _words(name_parts(secrets.family)), _words(relatives)]
        for secrets, relatives in people
    ]
    found: list[tuple[str, str]] = []
    for scope, key, headers, answer in session.execute(asked, {"sought": [*scrubber.sought, *kin]}):
        told = headers + bytes(answer).decode(errors="replace")
        if scrubber.answer(told) or any(
            (one.search(told) and other.search(told)) or kept.search(told) for one, other, kept in named
        ):
            found.append((scope, key))
    return found


def _words(names: Collection[str]) -> re.Pattern[str]:
    """Any of these names as words; without names it finds nothing."""
    return re.compile(rf"(?<!\w)(?:{any_of(names)})(?!\w)" if names else r"(?!)")


def files_naming(session: Session, scrubber: Scrubber) -> list[int]:
    """Price files that wait, of which a row names the person."""
    asked = sa.text(
        "SELECT id, content, encoding FROM price_list_uploads WHERE content IS NOT NULL"
    ).columns(content=BYTEA)  # fmt: skip
    found: list[int] = []
    for row in session.execute(asked):
        told = [each.decode(row.encoding or "utf-8", errors="replace") for each in _members(row.content)]
        if any(scrubber.line(each) != each for each in told):
            found.append(row.id)
    return found


def _members(content: bytes) -> list[bytes]:
    """A CSV file itself; of a workbook, which is an archive, what is in it."""
    file = io.BytesIO(content)
    if not zipfile.is_zipfile(file):
        return [content]
    with zipfile.ZipFile(file) as archive:
        return [archive.read(each) for each in archive.namelist()]


def _all(found: Mapping[str, set[str]], keys: Sequence[str]) -> frozenset[str]:
    return frozenset(value for key in keys for value in found[key])


# Each value of these fields: as the row has it, and as the trace of changes has it.
_SAID = sa.text(
    """
    SELECT DISTINCT said.key, said.value FROM (
      SELECT to_jsonb(c) AS row FROM customers c WHERE c.id = ANY(:ids)
      UNION ALL SELECT before FROM audit_values WHERE customer_id = ANY(:ids) AND before IS NOT NULL
      UNION ALL SELECT after FROM audit_values WHERE customer_id = ANY(:ids) AND after IS NOT NULL
    ) AS held, jsonb_each_text(held.row) AS said
     WHERE said.key = ANY(:keys) AND said.value <> ''
    """
)
_GOODS = sa.text("SELECT name FROM product_groups UNION SELECT name FROM departments UNION SELECT name FROM brands")
