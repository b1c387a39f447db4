"""The database: declarative base, column types, engine and sessions.

One `Database` a process. Sessions are sync; whoever opens one commits it (`web/deps.py`, `web/cli.py`, jobs).
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import psycopg
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.engine import URL, make_url
from sqlalchemy.exc import ArgumentError, OperationalError
from sqlalchemy.orm import DeclarativeBase, Session, SessionTransaction, mapped_column, sessionmaker

from erp_club.kernel import embedded
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T

NAMING = {
    "ix": "ix_%(table_name)s_%(column_0_N_name)s",
    "uq": "uq_%(table_name)s_%(column_0_N_name)s",
    "ck": "ck_%(table_name)s_%(constraint_name)s",
    "fk": "fk_%(table_name)s_%(column_0_N_name)s",
    "pk": "pk_%(table_name)s",
}

OLDEST_SERVER = 16

Id = Annotated[int, mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)]
"""A row's own number, given by the database."""
SmallId = Annotated[int, mapped_column(sa.Integer, sa.Identity(), primary_key=True)]
"""The same for tables that stay small (stores, clubs, groups)."""


class Base(DeclarativeBase):
    """Every table's base. Names of constraints follow `NAMING`, so that migrations can speak of them."""

    metadata = sa.MetaData(naming_convention=NAMING)
    type_annotation_map = {
        int: sa.BigInteger,
        str: sa.Text,
        bytes: sa.LargeBinary,
        dt.datetime: sa.DateTime(timezone=True),
        dt.date: sa.Date,
        dict[str, Any]: JSONB,
        dict[str, str]: JSONB,
    }


class OneEngineSession(Session):
    """A session that has one engine, and so finds the connection of its transaction without looking among several."""

    _held: tuple[SessionTransaction, sa.Connection] | None = None

    def connection(
        self,
        bind_arguments: dict[str, Any] | None = None,
        execution_options: Mapping[str, Any] | None = None,
    ) -> sa.Connection:
        """The connection of the transaction, or of the savepoint, that is open."""
        if self._held is not None:
            transaction, connection = self._held
            if transaction is (self.get_nested_transaction() or self.get_transaction()) and transaction.is_active:
                return connection
        connection = super().connection(bind_arguments, execution_options)
        opened = self.get_nested_transaction() or self.get_transaction()
        self._held = (opened, connection) if opened else None
        return connection

    def close(self) -> None:
        """Give the connection back, and let go of the transaction, which keeps the session that keeps it."""
        self._held = None
        super().close()


class Database:
    """An engine and its sessions, over the user's own PostgreSQL or the embedded one."""

    def __init__(
        self,
        url: URL,
        *,
        server: embedded.Embedded | None = None,
        keyring: Keyring | None = None,
        home: Path | None = None,
        pool_size: int = 20,
    ) -> None:
        self.url = url
        self.home = home
        self.keyring = keyring or Keyring()
        self._server = server
        self.engine = sa.create_engine(
            url,
            pool_size=pool_size,
            max_overflow=20,
            pool_timeout=10,
            pool_use_lifo=True,  # the connection that was used last has what it needs at hand
            hide_parameters=True,  # else the values of a failed statement, people among them, come into the log
            connect_args={"connect_timeout": 5, "application_name": "erp-club"},
        )
        if server is not None:
            event.listen(self.engine, "do_connect", self._connect_to_embedded)
        self.session = sessionmaker(
            self.engine,
            class_=OneEngineSession,
            expire_on_commit=False,
            info={"keyring": self.keyring, "home": self.home},
        )

    def _connect_to_embedded(self, dialect: Any, _record: Any, cargs: list[Any], cparams: dict[str, Any]) -> Any:
        """Connect; where the embedded server has died, start it again first and connect then."""
        assert self._server is not None
        try:
            return dialect.connect(*cargs, **cparams)
        except psycopg.OperationalError:
            self._server.ensure_running()
            return dialect.connect(*cargs, **cparams)

    def tidy(self) -> None:
        """Have the server look at all tables after a big load: it plans by what it saw, and reads less once it did."""
        with self.engine.connect().execution_options(isolation_level="AUTOCOMMIT") as connection:
            connection.execute(sa.text("VACUUM (ANALYZE)"))

    def check_room(self) -> None:
        """Raise Unavailable where a full disk has ended the embedded server: who lost its connection knows no cause."""
        if self._server is not None:
            self._server.check_room()

    def close(self) -> None:
        """Give back every connection and leave the embedded server."""
        self.engine.dispose()
        if self._server is not None:
            self._server.leave()


def limit_time(session: Session, *, milliseconds: int) -> None:
    """Let a statement of this transaction take so long at most; then it is cancelled."""
    session.execute(sa.text("SELECT set_config('statement_timeout', :most, true)"), {"most": str(milliseconds)})


def connect(settings: Settings) -> Database:
    """The database of these settings, reachable and of a version that will do.

    Raises Unavailable where the URL is wrong, nobody answers, or the server is older than PostgreSQL 16.
    """
    keyring = Keyring(text=settings.keyring, file=settings.home / "keyring")
    if settings.database_url is None:
        server = embedded.join(settings.home)
        return Database(make_url(server.url), server=server, keyring=keyring, home=settings.home)
    database = Database(parse_url(settings.database_url), keyring=keyring, home=settings.home)
    try:
        _check_server(database)
    except Unavailable:
        database.close()
        raise
    return database


def parse_url(text: str) -> URL:
    """`postgresql://…` or `postgres://…` as an URL for psycopg 3. Raises Unavailable for anything else."""
    try:
        url = make_url(text)
    except (ArgumentError, ValueError) as error:  # ValueError: a port that is no number
        raise _wrong_url() from error
    if url.get_backend_name() not in {"postgresql", "postgres"}:
        raise _wrong_url()
    return url.set(drivername="postgresql+psycopg")


def _wrong_url() -> Unavailable:
    return Unavailable(
        T("ERP_CLUB_DATABASE_URL can't be read. It looks like postgresql://user:password@host:5432/database."),
        code="database-url-wrong",
    )


def _reason(error: OperationalError) -> str:
    """Why there is no connection, in one line; without what libpq asks back."""
    lines = (line for line in str(error.orig).splitlines() if not line.startswith("\t"))
    return " ".join(line.strip() for line in lines).rstrip(".")


def _check_server(database: Database) -> None:
    safe_url = database.url.set(drivername="postgresql").render_as_string(hide_password=True)
    try:
        with database.engine.connect() as connection:
            version = connection.scalar(sa.text("SELECT current_setting('server_version_num')::int / 10000"))
    except OperationalError as error:
        raise Unavailable(
            T(
                "The database %(url)s doesn't answer: %(reason)s. Check ERP_CLUB_DATABASE_URL and that the server "
                "runs.",
                url=safe_url,
                reason=_reason(error),
            ),
            code="database-unreachable",
        ) from error
    if version < OLDEST_SERVER:
        raise Unavailable(
            T(
                "The server at %(url)s is PostgreSQL %(version)s. ERP Club needs %(oldest)s or newer.",
                url=safe_url,
                version=version,
                oldest=OLDEST_SERVER,
            ),
            code="database-too-old",
        )


__all__ = ["Base", "Database", "Id", "Session", "SmallId", "connect", "limit_time", "parse_url"]
