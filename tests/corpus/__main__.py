"""`make fuzz`: 100,000 cases on a database of their own, and a table of what came of them; exit 1 if one is wrong."""

import os
import sys
import tempfile
import time
from pathlib import Path

import structlog
from fastapi.testclient import TestClient

from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.settings import Settings
from tests.conftest import KEYS, OneConnection
from tests.corpus.run import Fuzz, corpus, made_up, told
from web.app import create_app
from web.deps import Shop

CASES = int(os.environ.get("ERP_CLUB_FUZZ_CASES", "100000"))
MADE_UP = CASES // 5
"""Of them, how many Schemathesis makes."""
LEAST_SHARE = 0.3


def main() -> None:
    """Furnish a shop, send everything, and say what came of it."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger("critical"))
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.join(Path(folder))
        database = Database(parse_url(server.url), keyring=Keyring(text=KEYS))
        try:
            schema.migrate(database)
            with database.engine.connect() as connection, connection.begin():
                one = OneConnection(connection)
                with TestClient(create_app(Shop(one, Settings()))) as client, one.session() as session:
                    began = time.perf_counter()
                    fuzz = Fuzz(client, session, connection)
                    made_up(fuzz, MADE_UP)
                    corpus(fuzz, CASES - fuzz.outcome.cases)
            for line in told(fuzz.outcome):
                print(line)  # noqa: T201 - the table is for whoever called it
            print(f"  in {time.perf_counter() - began:,.0f} s")  # noqa: T201
        finally:
            database.close()
            server.leave()
    outcome = fuzz.outcome
    sys.exit(1 if outcome.wrong or outcome.counted < LEAST_SHARE * outcome.cases else 0)


if __name__ == "__main__":
    main()
