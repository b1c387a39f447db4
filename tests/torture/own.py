"""A database on an embedded server of its own, in a folder that goes with it."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from erp_club.kernel import db, schema
from erp_club.kernel.db import Database
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.kernel.settings import Settings


@contextmanager
def own_database(*, connections: int = 5) -> Iterator[Database]:
    """The database, with this version's schema and so many connections kept open."""
    with tempfile.TemporaryDirectory(prefix="erp-club-torture-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        server = db.connect(Settings(home=home))
        try:
            schema.migrate(server)
            database = Database(server.url, keyring=Keyring(text=new_keys()), pool_size=connections)
            yield database
            database.engine.dispose()
        finally:
            server.close()
