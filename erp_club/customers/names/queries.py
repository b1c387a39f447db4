"""Finding customers by a name as it is typed."""

import datetime as dt
import itertools
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cache

import numpy as np
import sqlalchemy as sa
from numpy.typing import NDArray
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.names.entries import NAMES_VERSION, array_text
from erp_club.customers.names.judging import PARTICLE, NameHit, Unit, judged, shared_out
from erp_club.customers.names.keys import asked_keys
from erp_club.customers.names.matching import LEAST, NOTHING, SAME_LETTERS, Candidates, Match, matches
from erp_club.customers.names.models import CustomerWords, NameWord
from erp_club.customers.names.nicknames import also_called, counted
from erp_club.customers.names.spelling import PARTICLES, bare, parts, surface, words
from erp_club.kernel.prepared import Prepared

MOST_PARTS = 6
"""Words of what was typed that are looked for; a name has no more."""
MOST_MATCHES = 100
"""Words of the dictionary that stand for one typed word."""
LOOKED_AT = 300
"""Customers of one step of a search that are compared."""
SPARE = 60
"""Customers who are put in order beyond the limit: some who match equally well, some who are no longer there."""
STEPS = (0.9, 0.8, LEAST)
"""A search begins with words that match at least so well, and takes the next step only where it has found too few."""
FEW = 3_000
"""Bearers of the words that are anything like a typed one: of so few, all who fit are mostly got in one step."""
JOINED, WRITTEN_AS_ONE = 0.84, 0.95
"""How well two typed words, written as one, have to match a name to be taken for it, and what their match counts."""
ALIKE = 0.8
"""How well words have to match where one typed word may be missing."""
BARE = 0.98
"""What is left of a score where an article was taken off."""


_Bearer = tuple[int, Sequence[int]]
"""A customer's id and words."""


def find_by_name(session: Session, typed: str, *, limit: int, store_id: int | None = None) -> list[NameHit]:
    """The customers whose names match best, the best first, at most `limit`.

    Words in any order, whole or begun, by spelling, by sound and across scripts. Of those who match equally well
    (`NameHit.closeness`), customers of the store `store_id` come first, then those who bought last, then those who were
    opened first.
    """
    groups = [parts(word) for word in words(typed)]
    typed_parts = [part for group in groups for part in group][:MOST_PARTS]
    hyphens = {place for place, goes_on in enumerate(on for group in groups for on in _goes_on(group)) if goes_on}
    best: dict[int, NameHit] = {}
    for reading in _readings(typed_parts, hyphens, _look_up(session, typed_parts)):
        _search(session, reading, best, limit, store_id)
    order = sorted(best.values(), key=_place)
    return shared_out(_ordered(session, _worth_a_look(order, limit), store_id), limit)


def stale(session: Session) -> int:
    """How many words and customers have keys of an older version of the rules, or none yet."""
    words_ = sa.select(sa.func.count()).select_from(NameWord).where(NameWord.version != NAMES_VERSION)
    customers = (
        sa.select(sa.func.count())
        .select_from(Customer)
        .outerjoin(CustomerWords, CustomerWords.customer_id == Customer.id)
        .where(
            Customer.id != UNIDENTIFIED,
            Customer.state != CustomerState.ERASED,
            CustomerWords.version.is_distinct_from(NAMES_VERSION),
        )
    )
    return session.scalar(sa.select(words_.scalar_subquery() + customers.scalar_subquery())) or 0


def _worth_a_look(order: Sequence[NameHit], limit: int) -> list[NameHit]:
    """Those of the hits, the best first, who may come to be shown: the best, the first of other names and scripts.

    All those who match as well as the last of the best stay: the store or a purchase may bring them forward.
    """
    if len(order) <= limit + SPARE:
        return list(order)
    last = order[limit + SPARE].closeness
    best = [hit for hit in order if hit.closeness <= last]
    rest = order[len(best) :]
    named = {hit.words for hit in best}
    others = {hit.words: hit for hit in reversed(rest) if hit.words not in named}
    scripts = {hit.script: hit for hit in reversed(rest)}
    kept = set(sorted(others.values(), key=_place)[:limit]) | set(scripts.values())
    return best + sorted(kept, key=_place)


def _place(hit: NameHit) -> tuple[tuple[bool, float], int]:
    """By what hits stand in order: the better ones first, and of those who match equally well who was opened first."""
    return hit.closeness, hit.customer_id


def _ordered(session: Session, hits: Sequence[NameHit], store_id: int | None) -> list[NameHit]:
    """Living customers among the hits, in their order; those who match equally well by store and last purchase."""
    asked = {"ids": [hit.customer_id for hit in hits], "store": store_id}
    rows = _KNOWN.execute(session.connection(), asked).rows
    known = {living: (not ours, -(last or dt.date.min).toordinal()) for _, living, ours, last in rows}
    whom = {row[0]: row[1] for row in rows}
    best: dict[int, NameHit] = {}
    for hit in hits:  # the best first: a name that somebody had before a merge counts for the one they became
        if hit.customer_id in whom:
            best.setdefault(whom[hit.customer_id], replace(hit, customer_id=whom[hit.customer_id]))
    living = list(best.values())
    return sorted(living, key=lambda hit: (hit.closeness, *known[hit.customer_id], hit.customer_id))


def _look_up(session: Session, typed_parts: Sequence[str]) -> dict[str, list[Match]]:
    """The matches of each part, of what else people are called who are called so, of each without its article, and of
    each two neighbours written as one."""
    joined = [one + other for one, other in itertools.pairwise(typed_parts)]
    forms = list(dict.fromkeys((*typed_parts, *joined)))
    without = {form: plain for form in forms if (plain := bare(form))}
    called = {form: also_called(form) for form in forms}
    asked = (*forms, *without.values(), *itertools.chain.from_iterable(called.values()))
    candidates = _candidates(session, list(dict.fromkeys(asked)))
    found: dict[str, list[Match]] = {}
    for form in forms:
        got = matches(form, candidates.get(form, NOTHING), most=MOST_MATCHES)
        if plain := without.get(form):
            less = matches(plain, candidates.get(plain, NOTHING), most=MOST_MATCHES)
            got += [replace(match, score=match.score * BARE) for match in less]
        for other in called[form]:
            got += counted(matches(other, candidates.get(other, NOTHING), most=MOST_MATCHES))
        found[form] = sorted(got, key=lambda match: -match.score)
    return found


def _candidates(session: Session, forms: Sequence[str]) -> dict[str, Candidates]:
    surfaces = [surface(form) for form in forms]
    asked = {
        "words": forms,
        "surfaces": surfaces,
        "ends": [f"{each}\U0010ffff" for each in surfaces],
        "keys": [array_text(asked_keys(form)) for form in forms],
    }
    rows = _CANDIDATES.execute(session.connection(), asked).rows
    return {
        forms[int(number) - 1]: Candidates(_numbers(ids), letters, heard + b"\0", _numbers(bearers), same or ())
        for number, ids, letters, heard, bearers, same in rows
    }


def _numbers(sent: bytes) -> NDArray[np.integer]:
    """Numbers that stand behind each other as PostgreSQL sends an `integer`."""
    return np.frombuffer(sent, dtype=">i4").astype(np.int32)


def _goes_on(group: Sequence[str]) -> list[bool]:
    """Of which parts of a word a hyphen leads on to the next."""
    return [True] * (len(group) - 1) + [False]


def _readings(
    typed_parts: Sequence[str], hyphens: Collection[int], found: Mapping[str, list[Match]]
) -> list[list[Unit]]:
    """What was typed as it stands, and with two neighbours taken as one where a name is so spelt."""
    plain = [_unit(part, found) for part in typed_parts]
    readings = [plain] if plain else []
    for place, (one, other) in enumerate(itertools.pairwise(typed_parts)):
        together = _unit(one + other, found)
        if not together.at_least(JOINED):
            continue
        if place not in hyphens:
            together = _less_likely(together)
        if together.at_least(JOINED):
            readings.append([*plain[:place], together, *plain[place + 2 :]])
    return readings


def _unit(form: str, found: Mapping[str, list[Match]]) -> Unit:
    # The worst first, so that the best of two matches of one word is the one that stays.
    return Unit({match.word_id: match for match in reversed(found[form])}, PARTICLE if form in PARTICLES else 1.0)


def _less_likely(unit: Unit) -> Unit:
    """Two typed words taken as one: but for a name that is spelt just so, two words are likelier."""
    counted = (
        match if match.score >= SAME_LETTERS else replace(match, score=match.score * WRITTEN_AS_ONE)
        for match in unit.matches.values()
    )
    return Unit({match.word_id: match for match in counted}, unit.weight)


def _search(
    session: Session, units: Sequence[Unit], best: dict[int, NameHit], limit: int, store_id: int | None
) -> None:
    """Add to `best` the customers that match a reading, and how well."""
    needed = [unit for unit in units if unit.weight == 1] or list(units)
    if any(one == other for one, other in itertools.combinations(needed, 2)):
        _compare(units, _bearers(session, _ONLY, {"words": array_text(needed[0].at_least(SAME_LETTERS))}), best)
    if not _in_steps(session, units, needed, best, limit, store_id) and len(needed) > 2:
        groups = [unit.at_least(ALIKE) for unit in needed]
        for group in itertools.combinations(filter(None, groups), len(needed) - 1):
            _compare(units, _having(session, group, store_id), best)


def _in_steps(
    session: Session,
    units: Sequence[Unit],
    needed: Sequence[Unit],
    best: dict[int, NameHit],
    limit: int,
    store_id: int | None,
) -> bool:
    """Add those who have a word for each of the needed ones, those who match best first; gives whether they suffice."""
    exact = [unit.at_least(SAME_LETTERS) for unit in needed]
    compared: set[int] = set()
    before: list[list[int]] = []
    for step in (LEAST, *STEPS[:-1]) if _are_few(needed) else STEPS:
        groups = [unit.at_least(step) for unit in needed] if len(needed) > 1 else [needed[0].best(step)]
        if all(groups) and groups != before:
            found = _having(session, groups, store_id, exact)
            _compare(units, [each for each in found if each[0] not in compared], best)
            compared.update(customer_id for customer_id, _ in found)
            before = groups
            if step == LEAST and len(found) < LOOKED_AT:
                break  # these were all that there are
        if step != LEAST and sum(hit.score >= step for hit in best.values()) >= limit:
            return True
    return sum(hit.score >= LEAST for hit in best.values()) >= limit


def _are_few(needed: Sequence[Unit]) -> bool:
    """Whether one of several words is, with all that it may be, so rare that one look finds everybody."""
    bearers = (sum(match.bearers for match in unit.matches.values()) for unit in needed)
    return len(needed) > 1 and min(bearers) <= FEW


def _having(
    session: Session, groups: Sequence[Sequence[int]], store_id: int | None, exact: Sequence[Sequence[int]] = ()
) -> list[_Bearer]:
    """Customers who have a word of each group, at most `LOOKED_AT`; where there are more, also some of the store's.

    Where there are so many, those are taken first who have a word of each group of `exact`.
    """
    firsts = len(exact) if all(exact) else 0
    given: dict[str, object] = {f"group_{number}": array_text(group) for number, group in enumerate(groups)}
    given |= {f"exact_{number}": array_text(group) for number, group in enumerate(exact) if firsts}
    given["limit"] = LOOKED_AT
    found = _bearers(session, _bearing(len(groups), firsts), given)
    if len(found) == LOOKED_AT and store_id is not None:
        found += _bearers(session, _bearing(len(groups), firsts, ours=True), given | {"store": store_id})
    return found


@cache
def _bearing(groups: int, firsts: int, *, ours: bool = False) -> Prepared:
    """The statement for customers who have a word of each group, first those with a word of each of the `firsts`."""

    def each(name: str, count: int) -> str:
        return " AND ".join(f"words && CAST(:{name}_{number} AS integer[])" for number in range(count))

    condition = each("group", groups) + (f" AND {_OURS}" if ours else "")
    first = f"({each('exact', firsts)}) DESC, " if firsts else ""
    return Prepared(sa.text(_HAVING.replace("CONDITION", condition).replace("FIRST", first)))


def _bearers(session: Session, statement: Prepared, given: dict[str, object]) -> list[_Bearer]:
    return [(row[0], row[1]) for row in statement.execute(session.connection(), given).rows]


def _compare(units: Sequence[Unit], customers: Iterable[_Bearer], best: dict[int, NameHit]) -> None:
    for customer_id, of_customer in customers:
        hit = judged(customer_id, units, of_customer)
        if customer_id not in best or hit.score > best[customer_id].score:
            best[customer_id] = hit


# OFFSET 0 keeps the inner rows together, else the limit makes the planner read the whole table in order.
_HAVING = """
SELECT customer_id, words FROM (
  SELECT customer_id, words FROM customer_name_words WHERE CONDITION OFFSET 0
) AS found ORDER BY FIRST customer_id LIMIT :limit
"""
# Whoever has one name twice is one of thousands who have it once, and has no other word.
_ONLY = Prepared(
    sa.text(f"""
SELECT customer_id, words FROM customer_name_words
 WHERE words && CAST(:words AS integer[]) AND words <@ CAST(:words AS integer[]) LIMIT {LOOKED_AT}
""")  # noqa: S608 - a constant
)
_OURS = "EXISTS (SELECT FROM customers c WHERE c.id = customer_id AND c.home_store_id = :store)"
_KNOWN = Prepared(
    sa.text("""
SELECT known.id, c.id, c.home_store_id IS NOT DISTINCT FROM CAST(:store AS integer) AND c.home_store_id IS NOT NULL,
       (SELECT r.sold_on FROM receipts r WHERE r.customer_id = c.id ORDER BY r.sold_at DESC LIMIT 1)
  FROM customers known JOIN customers c ON c.id = coalesce(known.merged_into, known.id)
 WHERE known.id = ANY(:ids) AND c.state = 'active'
""")
)
# One row for each word typed, since a row for each word of the dictionary would take longer to fetch than to find. A
# single letter is first of all that of a short name.
_CANDIDATES = Prepared(
    sa.text(r"""
SELECT asked.number, string_agg(int4send(w.id), ''), string_agg(w.surface, ' '),
       string_agg(w.sounds, '\000'), string_agg(int4send(w.bearers), ''),
       array_agg(w.id) FILTER (WHERE w.word = asked.word)
  FROM unnest(CAST(:words AS text[]), CAST(:surfaces AS text[]), CAST(:ends AS text[]), CAST(:keys AS text[]))
       WITH ORDINALITY AS asked (word, surface, ends, keys, number)
 CROSS JOIN LATERAL (
   SELECT id, word, surface, sounds, bearers FROM name_words WHERE keys && asked.keys::integer[]
    UNION ALL
   SELECT id, word, surface, sounds, bearers FROM (
     SELECT * FROM name_words WHERE surface >= asked.surface AND surface < asked.ends
      ORDER BY length(asked.surface) > 1 OR length(surface) < 4 DESC, bearers DESC LIMIT 150
   ) AS begun WHERE NOT keys && asked.keys::integer[]
 ) AS w
 GROUP BY asked.number
""")
)
