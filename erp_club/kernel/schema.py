"""The schema's version: bring it to head, and tell when it isn't the code's."""

from pathlib import Path

import sqlalchemy as sa
from alembic import command
from alembic.config import Config
from alembic.runtime.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy.exc import OperationalError

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries the migrations inside the package; a checkout has them beside it.
_INSIDE, _BESIDE = _PACKAGE / "alembic", _PACKAGE.parent / "alembic"

_MIGRATING = 0x45524350  # "ERCP": one migration at a time, whichever process asks for it


def config() -> Config:
    """Alembic's configuration; it needs no ini file."""
    made = Config()
    made.set_main_option("script_location", str(_INSIDE if _INSIDE.exists() else _BESIDE))
    made.set_main_option("path_separator", "os")
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    return made


def migrate(database: Database) -> None:
    """Bring the schema to head. Two at once: the second waits and finds nothing to do.

    Raises Unavailable where the schema is of a newer version of the product.
    """
    with database.engine.connect() as connection:
        connection.execute(sa.select(sa.func.pg_advisory_lock(_MIGRATING)))
        connection.commit()
        try:
            _refuse_unknown(_revision(connection))
            connection.commit()
            made = config()
            made.attributes["connection"] = connection
            made.attributes["keyring"] = database.keyring
            command.upgrade(made, "head")
        finally:
            connection.rollback()
            connection.execute(sa.select(sa.func.pg_advisory_unlock(_MIGRATING)))
            connection.commit()


def is_current(database: Database) -> bool:
    """True if the schema is exactly the one this code was written for. Raises Unavailable if nobody answers."""
    try:
        with database.engine.connect() as connection:
            return _revision(connection) == _head()
    except OperationalError as error:
        raise Unavailable(T("The database can't be reached now."), code="database-gone") from error


def check(database: Database) -> None:
    """Raises Unavailable where the schema is behind or ahead of the code, saying which and what to do."""
    with database.engine.connect() as connection:
        revision = _revision(connection)
    _refuse_unknown(revision)
    if revision != _head():
        raise Unavailable(
            T("The database's schema is older than this version of ERP Club. Run: erp-club migrate"),
            code="schema-behind",
        )


def _refuse_unknown(revision: str | None) -> None:
    known = {script.revision for script in ScriptDirectory.from_config(config()).walk_revisions()}
    if revision is not None and revision not in known:
        raise Unavailable(
            T(
                "The database's schema (%(revision)s) is newer than this ERP Club. Install the newer version.",
                revision=revision,
            ),
            code="schema-ahead",
        )


def _revision(connection: sa.Connection) -> str | None:
    return MigrationContext.configure(connection).get_current_revision()


def _head() -> str | None:
    return ScriptDirectory.from_config(config()).get_current_head()
