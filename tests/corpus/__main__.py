"""`make fuzz`: 100,000 cases on a database of their own, and a table of what came of them; exit 1 if one is wrong."""

import os
import sys
import tempfile
import time
from pathlib import Path

import sqlalchemy as sa
import structlog
from fastapi.testclient import TestClient

from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.settings import Settings
from tests.conftest import KEYS, OneConnection
from tests.corpus.run import Fuzz, Outcome, corpus, made_up, told
from web.app import create_app
from web.deps import Shop

CASES = int(os.environ.get("ERP_CLUB_FUZZ_CASES", "100000"))
MADE_UP = CASES // 5
"""Of them, how many Schemathesis makes."""
PARTS = 40
"""Each part of the operations has its own shop and transaction: what a case undoes stays in the tables until then."""
LEAST_SHARE = 0.3


def main() -> None:
    """Furnish a shop, send everything, and say what came of it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    outcome, began = Outcome(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.join(Path(folder))
        database = Database(parse_url(server.url), keyring=Keyring(text=KEYS))
        try:
            schema.migrate(database)
            for part in range(PARTS):
                with database.engine.connect() as connection, connection.begin() as undone:
                    _part(connection, part, outcome)
                    undone.rollback()
                with database.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
                    connection.exec_driver_sql("VACUUM")
                print(f"{part + 1}/{PARTS}: {outcome.cases:,} cases", file=sys.stderr, flush=True)  # noqa: T201
        finally:
            database.close()
            server.leave()
    for line in told(outcome):
        print(line)  # noqa: T201 - the table is for whoever called it
    print(f"  in {time.perf_counter() - began:,.0f} s")  # noqa: T201
    sys.exit(1 if outcome.wrong or outcome.counted < LEAST_SHARE * outcome.cases else 0)


def _part(connection: sa.Connection, part: int, outcome: Outcome) -> None:
    one = OneConnection(connection)
    with TestClient(create_app(Shop(one, Settings()))) as client, one.session() as session:
        fuzz = Fuzz(client, session, connection, part=slice(part, None, PARTS), outcome=outcome)
        made_up(fuzz, MADE_UP // PARTS)
        corpus(fuzz, (CASES - MADE_UP) // PARTS)


if __name__ == "__main__":
    main()
