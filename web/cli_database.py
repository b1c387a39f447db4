"""The database that a command of the console works on."""

from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from sqlalchemy.exc import OperationalError

from erp_club.kernel import db, kept_keys, restored, schema
from erp_club.kernel.settings import Settings


@contextmanager
def opened(*, current: bool = True, proven: bool = True) -> Iterator[db.Database]:
    """The database of the environment's settings, with a schema that is current where `current`, and its own keys.

    Raises Unavailable where it was restored and isn't proven, unless that is asked for.
    """
    database = db.connect(Settings.from_env())
    try:
        if current:
            if proven:
                restored.check(database)
            schema.check(database)
            with database.session() as session:
                kept_keys.check_keys(session, database.keyring)
        yield database
    except (OperationalError, psycopg.OperationalError):
        database.check_room()
        raise
    finally:
        database.close()
