# REQ C-06: the development cases, in a chain of twenty thousand members
import itertools
from collections import Counter
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.name_population import members
from erp_club.customers.names import commands
from erp_club.customers.names.queries import find_by_name

CASES = [
    line.split("\t") for line in (Path(__file__).parent / "names_dev.tsv").read_text(encoding="utf-8").splitlines()
]
MEMBERS = 20_000
EVERY = 12
"""Every twelfth query of each class: the whole run belongs to `benchmarks/names.py`."""
LEAST_FOUND = {
    "exact_anyorder": 1.0, "same_script": 0.98, "cross_script": 0.97, "prefix": 0.98, "typo": 0.98,
    "extra_middle": 0.95, "missing_middle": 0.97, "with_middle": 0.95,
}  # fmt: skip


@pytest.fixture(scope="module")
def chain(engine: sa.Engine):
    """The people of the cases among others, rolled back in the end."""
    with engine.connect() as connection:
        transaction = connection.begin()
        session = Session(connection, join_transaction_mode="create_savepoint")
        people = [(row[1], f"{row[2]} {row[3]}".strip(), row[4]) for row in CASES if row[0] == "P"]
        rows = [*people, *members(MEMBERS)]
        numbers, given, family = zip(*rows, strict=True)
        ids = session.execute(
            sa.text(
                "INSERT INTO customers (number, given_name, family_name, opened_at, changed_at)"
                " SELECT number, given, family, now(), now()"
                " FROM unnest(CAST(:numbers AS text[]), CAST(:given AS text[]), CAST(:family AS text[]))"
                " AS row (number, given, family) RETURNING number, id"
            ),
            {"numbers": list(numbers), "given": list(given), "family": list(family)},
        )
        found = {row[0]: row[1] for row in ids}
        commands.keep_many(session, ((found[number], names) for number, *names in rows))
        commands.count_bearers(session)
        session.execute(sa.text("ANALYZE name_words, customer_name_words, customers"))
        yield session, found
        transaction.rollback()


def test_the_cases_are_found_among_twenty_thousand(chain: tuple[Session, dict[str, int]]):
    session, ids = chain
    asked, hit = Counter[str](), Counter[str]()
    asked_by_class = sorted((row[2], row[1], row[3]) for row in CASES if row[0] == "Q")
    for kind, queries in itertools.groupby(asked_by_class, key=lambda query: query[0]):
        for _, key, typed in itertools.islice(queries, 0, None, EVERY):
            asked[kind] += 1
            hit[kind] += ids[key] in [each.customer_id for each in find_by_name(session, typed, limit=10)]
    shares = {kind: hit[kind] / asked[kind] for kind in LEAST_FOUND}
    assert {kind: share for kind, share in shares.items() if share < LEAST_FOUND[kind]} == {}
