"""The schema's version: bring it to head, and tell when it isn't the code's.

Alembic and the migrations are brought in only where something is to be migrated: every command asks for the version.
"""

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import sqlalchemy as sa
from sqlalchemy.exc import OperationalError

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

if TYPE_CHECKING:
    from alembic.config import Config

_PACKAGE = Path(__file__).resolve().parents[1]
# A wheel carries the migrations inside the package; a checkout has them beside it.
_INSIDE, _BESIDE = _PACKAGE / "alembic", _PACKAGE.parent / "alembic"
_SCRIPTS = _INSIDE if _INSIDE.exists() else _BESIDE

_SAID = re.compile(r'^((?:down_)?revision) = "(.+)"$', re.MULTILINE)
_MIGRATING = 0x45524350  # "ERCP": one migration at a time, whichever process asks for it


def config() -> "Config":
    """Alembic's configuration; it needs no ini file."""
    from alembic.config import Config

    made = Config()
    made.set_main_option("script_location", str(_SCRIPTS))
    made.set_main_option("path_separator", "os")
    made.set_main_option("file_template", "%%(year)d_%%(month).2d_%%(day).2d_%%(hour).2d%%(minute).2d_%%(slug)s")
    return made


def migrate(database: Database) -> None:
    """Bring the schema to head. Two at once: the second waits and finds nothing to do.

    Raises Unavailable where the schema is of a newer version of the product.
    """
    from alembic import command

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
            return _revision(connection) == head()
    except OperationalError as error:
        raise Unavailable(T("The database can't be reached now."), code="database-gone") from error


def check(database: Database) -> None:
    """Raises Unavailable where the schema is behind or ahead of the code, saying which and what to do."""
    with database.engine.connect() as connection:
        revision = _revision(connection)
    _refuse_unknown(revision)
    if revision != head():
        raise Unavailable(
            T("The database's schema is older than this version of ERP Club. Run: erp-club migrate"),
            code="schema-behind",
        )


@cache
def followed() -> dict[str, str | None]:
    """The revisions that this code has, each with the one that it follows, as their files say."""
    found: dict[str, str | None] = {}
    for path in _SCRIPTS.glob("versions/*.py"):
        said = dict(_SAID.findall(path.read_text(encoding="utf-8")))
        found[said["revision"]] = said.get("down_revision")
    return found


def head() -> str:
    """The newest revision, which none follows."""
    (newest,) = followed().keys() - followed().values()
    return newest


def _refuse_unknown(revision: str | None) -> None:
    if revision is not None and revision not in followed():
        raise Unavailable(
            T(
                "The database's schema (%(revision)s) is newer than this ERP Club. Install the newer version.",
                revision=revision,
            ),
            code="schema-ahead",
        )


def _revision(connection: sa.Connection) -> str | None:
    if not sa.inspect(connection).has_table("alembic_version"):
        return None
    return connection.scalar(sa.text("SELECT version_num FROM alembic_version"))
