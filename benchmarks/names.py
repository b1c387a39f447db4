"""How well and how fast people are found by their names among a million: the development cases, class by class.

The members come in as in a shop, by `erp-club import customers` from a file. Beside the product's search stand, over
the same members and queries, double metaphone and trigrams: on a server that has the extensions `fuzzystrmatch` and
`pg_trgm` (the embedded one hasn't; ERP_CLUB_BENCH_RIVALS names another by its URL, in a database of which a schema is
made and dropped).
"""

import csv
import datetime as dt
import os
import random
import re
import resource
import tempfile
import time
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg
import sqlalchemy as sa

from benchmarks.name_population import CASES, members
from benchmarks.names_adapter import search
from benchmarks.shop import machine, p95, table
from erp_club import tables as _tables  # noqa: F401 - foreign keys name tables of every domain
from erp_club.imports.commands import import_file
from erp_club.imports.files import open_table
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import KINDS
from erp_club.kernel import db, schema
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import Text
from erp_club.organisation import commands as organisation
from erp_club.permissions.actors import SYSTEM

MEMBERS = int(os.environ.get("ERP_CLUB_BENCH_MEMBERS", "1000000"))
QUERIES = int(os.environ.get("ERP_CLUB_BENCH_QUERIES", "1000"))
"""Queries of each class."""
RIVALS = os.environ.get("ERP_CLUB_BENCH_RIVALS")
BEST = 10
TARGETS = {"exact_anyorder": 1.0, "same_script": 0.96, "cross_script": 0.94, "typo": 0.97, "prefix": 0.96}
ALL_TARGET, MRR_TARGET = 0.97, 0.88
COLUMNS = (
    "number", "given_name", "family_name", "mobile", "email", "id_kind", "id_country", "id_number", "birthday",
    "gender", "language", "home_store", "consent_advertising", "consent_sms", "consent_email", "consent_post", "card",
)  # fmt: skip
ALONE = "surname_only"
"""A surname alone leads to many people: it is timed, not scored."""

Search = Callable[[str], Sequence[str]]


@dataclass
class Score:
    """What became of the queries of one class."""

    asked: int = 0
    hit: int = 0
    reciprocal: float = 0
    seconds: list[float] = field(default_factory=list[float])

    def add(self, place: int | None, seconds: float) -> None:
        """One query: the place of the person meant, from 1."""
        self.asked += 1
        self.hit += place is not None
        self.reciprocal += 1 / place if place else 0
        self.seconds.append(seconds)

    def cells(self) -> list[str]:
        """Recall, mean reciprocal rank, and milliseconds: median, 95th percentile, worst."""
        times = [each * 1000 for each in sorted(self.seconds)]
        return [
            f"{self.hit / self.asked:.3f}",
            f"{self.reciprocal / self.asked:.3f}",
            *(f"{each:.0f}" for each in (times[len(times) // 2], p95(times), times[-1])),
        ]


class Quiet:
    """Watches an import and says nothing."""

    def read(self, done: int, total: int) -> None:
        """Bytes of the file."""

    def phase(self, doing: Text) -> None:
        """The next step."""


def cases(kind: str) -> list[list[str]]:
    """Rows of the cases: P people, Q queries."""
    rows = (line.split("\t") for line in CASES.read_text(encoding="utf-8").splitlines())
    return [row[1:] for row in rows if row[0] == kind]


def everybody() -> Iterator[tuple[str, str, str]]:
    """The people of the cases and a million others: number, given names, family name."""
    for key, given, middle, surname, *_ in cases("P"):
        yield key, f"{given} {middle}".strip(), surname
    yield from members(MEMBERS)


def queries() -> list[tuple[str, str, str]]:
    """Who is meant, the class, and what is typed: in an order that is the same each time."""
    found = [(row[0], row[1], row[2]) for row in cases("Q")]
    random.Random(5).shuffle(found)
    taken = Counter[str]()
    kept: list[tuple[str, str, str]] = []
    for each in found:
        taken[each[1]] += 1
        if taken[each[1]] <= QUERIES:
            kept.append(each)
    return kept


@contextmanager
def a_chain(folder: Path) -> Iterator[db.Database]:
    """An empty chain on a server of its own."""
    database = db.connect(Settings(home=folder))
    try:
        schema.migrate(database)
        with database.session() as session:
            organisation.set_chain(
                session, name="Bench", currency="ILS", country="IL", language="en", time_zone="Asia/Jerusalem",
                now=dt.datetime.now(dt.UTC), by=SYSTEM,
            )  # fmt: skip
            session.commit()
        yield database
    finally:
        database.close()


def bring_in(database: db.Database, folder: Path) -> tuple[float, int]:
    """Import everybody; gives seconds, and by how many MB the process has grown."""
    file = folder / "customers.csv"
    with file.open("w", encoding="utf-8", newline="") as out:
        writer = csv.writer(out)
        writer.writerow(COLUMNS)
        empty = ("",) * (len(COLUMNS) - 5)
        for place, row in enumerate(everybody()):
            writer.writerow((*row, f"+97250{place:07}", f"member{place}@example.org", *empty))
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    began = time.perf_counter()
    with database.session() as session:
        reading = Reading(open_table(file, encoding=None), KINDS["customers"])
        outcome = import_file(session, reading, earn=(), progress=Quiet(), now=dt.datetime.now(dt.UTC), by=SYSTEM)
        session.commit()
    seconds = time.perf_counter() - began
    assert outcome.refused == 0, outcome
    with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
        connection.exec_driver_sql("VACUUM ANALYZE")
    return seconds, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024


def scored(find: Search) -> dict[str, Score]:
    """Ask all queries."""
    scores: dict[str, Score] = {}
    for key, kind, typed in queries():
        began = time.perf_counter()
        found = list(find(typed))
        seconds = time.perf_counter() - began
        scores.setdefault(kind, Score()).add(found.index(key) + 1 if key in found else None, seconds)
    return scores


def total(scores: dict[str, Score]) -> Score:
    """All classes but the surname alone."""
    whole = Score()
    for kind, score in scores.items():
        if kind != ALONE:
            whole.asked, whole.hit = whole.asked + score.asked, whole.hit + score.hit
            whole.reciprocal += score.reciprocal
        whole.seconds += score.seconds
    return whole


def by_number(find: Search) -> list[tuple[str, str, str]]:
    """The same box by numbers: median and 95th percentile of each kind."""
    rng = random.Random(3)
    kinds: dict[str, Callable[[int], str]] = {
        "a mobile, as it is dialled": lambda n: f"050 {n:07}",
        "its first digits": lambda n: f"050{n // 1000:04}",
        "its last four digits": lambda n: f"{n % 10_000:04}",
        "a customer number": lambda n: f"M{n + 1:07}",
        "an e-mail address": lambda n: f"member{n}@example.org",
        "the beginning of one": lambda n: f"member{n}"[:9],
    }
    rows: list[tuple[str, str, str]] = []
    for kind, written in kinds.items():
        times: list[float] = []
        for _ in range(200):
            typed = written(rng.randrange(MEMBERS))
            began = time.perf_counter()
            assert find(typed), typed
            times.append((time.perf_counter() - began) * 1000)
        rows.append((kind, f"{sorted(times)[100]:.1f}", f"{p95(times):.1f}"))
    return rows


def trigrams(connection: psycopg.Connection) -> Search:
    """Trigrams of the whole name, as `pg_trgm` has them, with its index and its threshold of .3."""
    connection.execute("CREATE INDEX ON rival USING gin (name gin_trgm_ops)")
    asked = "SELECT number FROM rival WHERE name %% %(q)s ORDER BY similarity(name, %(q)s) DESC, id LIMIT 10"
    return lambda typed: [row[0] for row in connection.execute(asked, {"q": typed.lower()})]


def metaphone(connection: psycopg.Connection) -> Search:
    """Double metaphone, both codes of each word; other scripts, which it doesn't read, stay as they are."""
    connection.execute(
        """
        CREATE FUNCTION pg_temp.codes(word text) RETURNS text[] IMMUTABLE LANGUAGE sql AS $$
          SELECT CASE WHEN word ~ '^[ -~]+$' THEN ARRAY[dmetaphone(word), dmetaphone_alt(word)] ELSE ARRAY[word] END
        $$
        """
    )
    connection.execute("ALTER TABLE rival ADD codes text[]")
    connection.execute(
        """
        UPDATE rival SET codes = found.codes FROM (
          SELECT id, array_agg(DISTINCT code) AS codes
            FROM rival, regexp_split_to_table(name, '[ -]+') AS word, unnest(pg_temp.codes(word)) AS code GROUP BY id
        ) AS found WHERE found.id = rival.id
        """
    )
    connection.execute("CREATE INDEX ON rival USING gin (codes)")
    connection.execute("ANALYZE rival")

    def find(typed: str) -> list[str]:
        words = re.split(r"[\s-]+", typed.lower())
        rows = connection.execute("SELECT pg_temp.codes(word) FROM unnest(%s::text[]) AS word", (words,)).fetchall()
        where = " AND ".join("codes && %s::text[]" for _ in rows)
        asked = f"SELECT number FROM (SELECT id, number FROM rival WHERE {where} OFFSET 0) f ORDER BY id LIMIT 10"
        found = connection.execute(asked.encode(), [row[0] for row in rows])
        return [row[0] for row in found]

    return find


RIVAL = {"trigrams (pg_trgm)": ("pg_trgm", trigrams), "double metaphone": ("fuzzystrmatch", metaphone)}


def rivals(url: str) -> dict[str, dict[str, Score]]:
    """The same queries by what a server's extensions offer; those that it hasn't are left out."""
    found: dict[str, dict[str, Score]] = {}
    with psycopg.connect(url, autocommit=True) as connection:
        available = {row[0] for row in connection.execute("SELECT name FROM pg_available_extensions")}
        if not available & {extension for extension, _ in RIVAL.values()}:
            return found
        connection.execute("DROP SCHEMA IF EXISTS erp_club_rivals CASCADE")
        connection.execute("CREATE SCHEMA erp_club_rivals")
        connection.execute("SET search_path = erp_club_rivals, public")
        connection.execute("CREATE TABLE rival (id serial PRIMARY KEY, number text, name text)")
        with connection.cursor() as cursor, cursor.copy("COPY rival (number, name) FROM STDIN") as copy:
            for number, given, family in everybody():
                copy.write_row((number, f"{given} {family}".lower()))
        for name, (extension, prepare) in RIVAL.items():
            if extension in available:
                connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}".encode())
                found[name] = scored(prepare(connection))
        connection.execute("DROP SCHEMA erp_club_rivals CASCADE")
    return found


def tell(scores: dict[str, Score], others: dict[str, dict[str, Score]]) -> None:
    """The tables of recall and speed."""
    rows = [
        (kind, score.asked, *score.cells(), f"≥ {TARGETS[kind]}" if kind in TARGETS else "")
        for kind, score in sorted(scores.items())
        if kind != ALONE
    ]
    whole = total(scores)
    rows.append(("**all**", whole.asked, *whole.cells(), f"≥ {ALL_TARGET}, MRR ≥ {MRR_TARGET}; 20, 60, 200 ms"))
    head = ("class", "queries", f"recall@{BEST}", "MRR", "p50 ms", "p95 ms", "worst ms")
    table(f"**Names among {MEMBERS:,} members** ({machine()})", (*head, "target"), rows)
    compared = {"ERP Club": scores} | others
    table(
        "**Beside others, the same queries**",
        ("search", *head[2:], "same script", "cross script", "typo"),
        [
            (name, *total(each).cells(), *(each[kind].cells()[0] for kind in ("same_script", "cross_script", "typo")))
            for name, each in compared.items()
        ],
    )


def main() -> None:
    """Measure and print."""
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as name:
        folder = Path(name)
        os.environ["ERP_CLUB_HOME"] = name  # where the adapter finds the keys of sealed numbers
        with a_chain(folder) as database:
            seconds, grown = bring_in(database, folder)
            with psycopg.connect(url_of(database), autocommit=True) as connection:
                scores = scored(lambda typed: search(connection, typed, BEST))
                numbers = by_number(lambda typed: search(connection, typed, BEST))
            with database.session() as session:
                sizes = session.execute(sa.text(_SIZES)).one()
            others = rivals(RIVALS or url_of(database))
    tell(scores, others)
    table("**The same box by numbers**", ("typed", "p50 ms", "p95 ms"), numbers)
    table(
        "**Import and size**",
        ("figure", "measured", "target"),
        [
            (f"`erp-club import customers`, {MEMBERS:,} rows with keys", f"{seconds:.0f} s", "300 s"),
            ("by how much the process grew", f"{grown} MB", "flat"),
            ("indexes of names", f"{sizes.indexes:.0f} MB", "250 MB"),
            ("their tables", f"{sizes.tables:.0f} MB", ""),
            ("distinct words", f"{sizes.words:,}", ""),
        ],
    )


def url_of(database: db.Database) -> str:
    """The database's URL as psycopg takes it."""
    return database.url.set(drivername="postgresql").render_as_string(hide_password=False)


_SIZES = """
SELECT sum(pg_indexes_size(name)) / 1e6 AS indexes, sum(pg_table_size(name)) / 1e6 AS tables,
       (SELECT count(*) FROM name_words) AS words
  FROM unnest(ARRAY['name_words', 'customer_name_words']::regclass[]) AS name
"""

if __name__ == "__main__":
    main()
