"""Keeping the words of customers' names: one by one as they are opened and changed, and many at once.

Whoever keeps words waits for nobody else who does. So a word that two transactions meet first at the same time, a till
and an import of many minutes, stands in the dictionary twice, which is found as well; `join_doubles` makes one of them.
"""

from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from itertools import islice
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.errors import names_busy
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.names.entries import NAMES_VERSION, Entry, array_text, entry
from erp_club.customers.names.models import CustomerWords, NameWord
from erp_club.customers.names.spelling import index_words

BATCH = 10_000
"""Customers whose names are written in one statement."""
TRIES, WAIT = 40, 0.05
"""How often an erasure asks for the dictionary, which each till holds for a moment, and after how many seconds."""

Named = tuple[int, Sequence[str | None]]
"""A customer's id, and the names in every script."""


def keep_names(session: Session, customer_id: int, names: Sequence[str | None]) -> None:
    """Keep by which words a customer is found, in the caller's transaction; another name's words are forgotten."""
    _share_dictionary(session)
    found = _apart([(customer_id, names)])
    known = _known(session, found[customer_id])
    new = _entries(set(found[customer_id]) - known.keys())
    session.execute(_KEEP, _rows(found, known | _put_new(session, new)))


def keep_many(session: Session, customers: Iterable[Named]) -> int:
    """The same for many customers, in batches; gives how many.

    While the server writes a batch, another thread takes the next one apart and makes the entries of its new words.
    """
    _share_dictionary(session)
    kept, source = 0, iter(customers)
    before: Mapping[str, object] | None = None
    with ThreadPoolExecutor(1) as aside:
        coming = aside.submit(_apart, list(islice(source, BATCH)))
        while (found := coming.result()) or before:
            words = {word for words in found.values() for word in words}
            known = _known(session, sorted(words))
            entries = aside.submit(_entries, words - known.keys())
            if before is not None:
                session.execute(_KEEP, before)
            coming = aside.submit(_apart, list(islice(source, BATCH)))
            known |= _put_new(session, entries.result())
            before = _rows(found, known) if found else None
            kept += len(found)
    return kept


def erase_names(session: Session, customer_ids: Sequence[int], names: Sequence[str]) -> list[str]:
    """Forget the names of these customers, and every word of them, and of `names`, that nobody else bears; gives those
    of `names` that nobody else has a word of.

    Raises Conflict `names-busy` where customers are being imported.
    """
    if not any(_hold_dictionary(session, wait=wait) for wait in (0, *(WAIT,) * TRIES)):
        raise names_busy()
    gone = sa.delete(CustomerWords).where(CustomerWords.customer_id.in_(customer_ids)).returning(CustomerWords.words)
    words = {word for row in session.scalars(gone) for word in row}
    erased = session.scalars(
        sa.text(
            """
            DELETE FROM name_words w
             WHERE (w.word = ANY(:named) OR w.word IN (SELECT o.word FROM name_words o WHERE o.id = ANY(:words)))
               AND NOT EXISTS (SELECT FROM customer_name_words c WHERE c.words @> ARRAY[w.id])
            RETURNING w.word
            """
        ),
        {"words": sorted(words), "named": sorted(index_words(*names))},
    )
    rare = set(erased)
    rare -= _known(session, sorted(rare)).keys()
    return [name for name in names if (known := index_words(name)) and known <= rare]


def count_bearers(session: Session) -> None:
    """Count anew how many customers have each word, for the words where that has changed much."""
    session.execute(
        sa.text(
            """
            WITH counted AS (
              SELECT word AS id, count(*) AS bearers FROM customer_name_words, unnest(words) AS word GROUP BY word
            )
            UPDATE name_words w SET bearers = c.bearers FROM counted c
             WHERE c.id = w.id AND w.bearers NOT BETWEEN c.bearers * 0.9 AND c.bearers * 1.1
            """
        )
    )


def rekey_words(session: Session, *, most: int = BATCH) -> int:
    """Give keys and sounds of today's rules to some words that have those of an older version; gives how many."""
    stale = sa.select(NameWord.word).where(NameWord.version != NAMES_VERSION).order_by(NameWord.id).limit(most)
    words = list(session.scalars(stale.with_for_update()))
    if words:
        _put_words(session, _entries(words), _REKEY)
    return len(words)


def rekey_customers(session: Session, *, most: int = BATCH) -> int:
    """Take the names of some customers apart by today's rules, who were by older ones or never; gives how many."""
    stale = (
        sa.select(Customer.id, Customer.given_name, Customer.family_name, Customer.given_name_2, Customer.family_name_2)
        .outerjoin(CustomerWords, CustomerWords.customer_id == Customer.id)
        .where(
            Customer.id != UNIDENTIFIED,
            Customer.state != CustomerState.ERASED,
            CustomerWords.version.is_distinct_from(NAMES_VERSION),
        )
        .order_by(Customer.id)
        .limit(most)
        .with_for_update(of=Customer, key_share=True)
    )
    return keep_many(session, ((row[0], row[1:]) for row in session.execute(stale).all()))


def join_doubles(session: Session, *, most: int = BATCH) -> int:
    """Make one of some words that stand in the dictionary twice; gives how many went. Not while somebody keeps words.

    Who bears one of two bears the older one from then on.
    """
    if not _hold_dictionary(session):
        return 0
    doubles = sa.text(
        """
        SELECT id, first FROM (SELECT id, min(id) OVER (PARTITION BY word) AS first FROM name_words) AS w
         WHERE id <> first LIMIT :most
        """
    )
    first_of: dict[int, int] = {row[0]: row[1] for row in session.execute(doubles, {"most": most})}
    if first_of:
        gone = {"gone": list(first_of), "firsts": list(first_of.values())}
        session.execute(_BEAR_FIRST, gone)
        session.execute(sa.delete(NameWord).where(NameWord.id.in_(first_of)))
    return len(first_of)


def _share_dictionary(session: Session) -> None:
    """Let no word go, by an erasure, between being looked up and being borne."""
    session.execute(sa.text("SELECT pg_advisory_xact_lock_shared(hashtextextended('name-words', 0))"))


def _hold_dictionary(session: Session, *, wait: float = 0) -> bool:
    """Keep words from being kept until the transaction ends, unless somebody is at it, after so many seconds.

    Asked again and again rather than waited for: tills would queue up behind whoever waits for an import's end.
    """
    asked = "SELECT pg_try_advisory_xact_lock(hashtextextended('name-words', 0)) FROM pg_sleep(:wait)"
    return bool(session.scalar(sa.text(asked), {"wait": wait}))


def _apart(customers: Sequence[Named]) -> dict[int, list[str]]:
    """Each customer's words."""
    return {customer_id: sorted(index_words(*names)) for customer_id, names in customers}


def _entries(words: Iterable[str]) -> list[Entry]:
    return [entry(word) for word in sorted(words)]


def _put_new(session: Session, entries: Sequence[Entry]) -> dict[str, int]:
    """Put new words into the dictionary; gives their numbers."""
    return {row[0]: row[1] for row in _put_words(session, entries, _INSERT)} if entries else {}


def _rows(found: Mapping[int, Sequence[str]], known: Mapping[str, int]) -> Mapping[str, object]:
    """The words of customers, by their numbers, as `_KEEP` takes them."""
    return {
        "customers": list(found),
        "words": [array_text(known[word] for word in words) for words in found.values()],
        "version": NAMES_VERSION,
    }


def _known(session: Session, words: list[str]) -> dict[str, int]:
    """The numbers of those of these words that are known, of one that stands twice the first."""
    known = sa.text("SELECT word, min(id) FROM name_words WHERE word = ANY(:words) GROUP BY word")
    return {row[0]: row[1] for row in session.execute(known, {"words": words})}


def _put_words(session: Session, entries: Sequence[Entry], statement: sa.TextClause) -> sa.Result[*tuple[Any, ...]]:
    return session.execute(
        statement,
        {
            "words": [each.word for each in entries],
            "surfaces": [each.surface for each in entries],
            "sounds": [each.sounds for each in entries],
            "keys": [array_text(each.keys) for each in entries],
            "version": NAMES_VERSION,
        },
    )


_INSERT = sa.text("""
INSERT INTO name_words (word, surface, sounds, keys, version)
SELECT word, surface, sounds, keys::integer[], :version
  FROM unnest(CAST(:words AS text[]), CAST(:surfaces AS text[]), CAST(:sounds AS bytea[]), CAST(:keys AS text[]))
       AS given (word, surface, sounds, keys)
 ORDER BY word RETURNING word, id
""")
_REKEY = sa.text("""
UPDATE name_words w SET surface = given.surface, sounds = given.sounds, keys = given.keys::integer[], version = :version
  FROM unnest(CAST(:words AS text[]), CAST(:surfaces AS text[]), CAST(:sounds AS bytea[]), CAST(:keys AS text[]))
       AS given (word, surface, sounds, keys)
 WHERE w.word = given.word
""")
_BEAR_FIRST = sa.text("""
UPDATE customer_name_words c SET words = (
  SELECT array_agg(DISTINCT coalesce(f.first, word)) FROM unnest(c.words) AS word
    LEFT JOIN unnest(CAST(:gone AS integer[]), CAST(:firsts AS integer[])) AS f (id, first) ON f.id = word)
 WHERE c.words && CAST(:gone AS integer[])
""")
_KEEP = sa.text("""
INSERT INTO customer_name_words AS kept (customer_id, words, version)
SELECT customer_id, words::integer[], :version
  FROM unnest(CAST(:customers AS bigint[]), CAST(:words AS text[])) AS given (customer_id, words)
    ON CONFLICT (customer_id) DO UPDATE SET words = excluded.words, version = excluded.version
 WHERE (kept.words, kept.version) IS DISTINCT FROM (excluded.words, excluded.version)
""")
