"""One process's share of `make fuzz`: some of the operations, each part of them in a shop of its own."""

import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass

import sqlalchemy as sa
import structlog
from fastapi.testclient import TestClient

from erp_club.kernel import schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.settings import Settings
from tests.conftest import KEYS, OneConnection, cheap_secrets
from tests.corpus.run import Fuzz, Outcome, corpus, made_up
from web.app import create_app
from web.deps import Shop


@dataclass(frozen=True, slots=True)
class Size:
    """How many cases in all, how many of them Schemathesis makes, and in how many parts the operations are taken.

    Each part has its own shop and transaction: what a case undoes stays in the tables until then.
    """

    cases: int
    made_up: int
    parts: int

    @classmethod
    def of(cls, cases: int) -> "Size":
        """A fifth made up; a part costs as much to set up as some hundred cases, so small numbers take few."""
        return cls(cases, cases // 5, max(1, min(40, cases // 250)))


def fuzz_parts(server: str, size: Size, asked: tuple[int, Sequence[int]]) -> Outcome:
    """Some of the parts, in a database of their own. `asked` is a number for it, and which parts."""
    number, parts = asked
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    outcome = Outcome()
    # What secrets cost is measured elsewhere; at full cost it would be most of the time here.
    with cheap_secrets(), _own(server, number) as database:
        for done, part in enumerate(parts, 1):
            until = done * -(-size.cases // size.parts)
            with database.engine.connect() as connection, connection.begin() as undone:
                _part(connection, part, size, outcome, until)
                undone.rollback()
            with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                connection.exec_driver_sql("VACUUM")
            print(f"part {part + 1} of {size.parts}: {outcome.cases:,} cases", file=sys.stderr, flush=True)  # noqa: T201
    return outcome


@contextmanager
def _own(server: str, number: int) -> Iterator[Database]:
    url = parse_url(server)
    database = Database(url.set(database=f"fuzz_{number}"), keyring=Keyring(text=KEYS))
    admin = sa.create_engine(url.set(database="postgres"), isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.exec_driver_sql(f"CREATE DATABASE fuzz_{number}")
    schema.migrate(database)
    try:
        yield database
    finally:
        database.close()


def _part(connection: sa.Connection, part: int, size: Size, outcome: Outcome, until: int) -> None:
    """Send cases until the process has sent so many: what a part has too few places for, the next one makes up."""
    one = OneConnection(connection)
    with TestClient(create_app(Shop(one, Settings()))) as client, one.session() as session:
        fuzz = Fuzz(client, session, connection, part=slice(part, None, size.parts), outcome=outcome)
        made_up(fuzz, size.made_up // size.parts)
        corpus(fuzz, until - outcome.cases)
