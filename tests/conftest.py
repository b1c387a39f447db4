"""One PostgreSQL for the whole run, its schema from the migrations; each test rolls back."""

import datetime as dt
import os
import shutil
import tempfile
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import hypothesis
import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from passlib.hash import argon2
from sqlalchemy.orm import Session, sessionmaker

from erp_club.kernel import embedded, embedded_cluster, schema
from erp_club.kernel.db import Database, OneEngineSession, parse_url
from erp_club.kernel.embedded_configuration import OWN_SETTINGS
from erp_club.kernel.embedded_guardian import stop
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.kernel.settings import Settings
from web.app import create_app
from web.deps import Shop
from web.i18n import LANGUAGE

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)

# The same code is asked the same, however busy the machine: what is red is so for everybody. To search on,
# `pytest --hypothesis-profile default`.
hypothesis.settings.register_profile("repeatable", derandomize=True, deadline=None)
hypothesis.settings.load_profile("repeatable")


KEYS = new_keys()

FORGETFUL = """
fsync = off
full_page_writes = off
synchronous_commit = off
wal_compression = off
max_wal_size = 512MB
min_wal_size = 64MB
"""
"""This run's databases end with it: to drop one takes 0.1 s where nothing waits for the disk, else seconds.

Tests of crashes have servers of their own, with durability.
"""

MEMORY, ROOMY = Path("/dev/shm"), 4 * 1024**3


class OneConnection(Database):
    """A database whose sessions all work inside one transaction that the test rolls back."""

    def __init__(self, connection: sa.Connection) -> None:
        self.url = connection.engine.url
        self.connection, self.engine = connection, connection.engine
        self.keyring = Keyring(text=KEYS)
        self.session = sessionmaker(
            connection,
            class_=OneEngineSession,
            expire_on_commit=False,
            join_transaction_mode="create_savepoint",
            info={"keyring": self.keyring},
        )


@pytest.fixture(scope="session", autouse=True)
def keys() -> Iterator[None]:
    """Commands of the console take the keys of this run, and leave none in the working folder."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("ERP_CLUB_KEYRING", KEYS)
        yield


@pytest.fixture(autouse=True)
def english() -> Iterator[None]:
    """Each test reads English, whichever language the one before it has left."""
    before = LANGUAGE.set("en")
    yield
    LANGUAGE.reset(before)


@contextmanager
def cheap_secrets() -> Iterator[None]:
    """Passwords and PINs cost no more than argon2's least: most tests have somebody who works here, and few sign in."""
    least = argon2.using(type="ID", memory_cost=8, time_cost=1, parallelism=1)
    with pytest.MonkeyPatch.context() as changed:
        changed.setattr("erp_club.permissions.passwords._ARGON2", least)
        changed.setattr("erp_club.permissions.passwords.NO_HASH", least.hash("a password that nobody has"))
        yield


@pytest.fixture(scope="session", autouse=True)
def quick_secrets() -> Iterator[None]:
    with cheap_secrets():
        yield


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[sa.URL]:
    """The server's URL: ERP_CLUB_TEST_DATABASE_URL where it is set, else an embedded server of this run."""
    own = os.environ.get("ERP_CLUB_TEST_DATABASE_URL")
    if own:
        yield parse_url(own)
        return
    with _home(tmp_path_factory) as home:
        (home / "postgres").mkdir()
        (home / "postgres" / OWN_SETTINGS).write_text(FORGETFUL)
        with pytest.MonkeyPatch.context() as changed:
            changed.setattr(embedded_cluster, "ALWAYS_ON", ())
            joined = embedded.join(home)
        yield parse_url(joined.url)
        joined.leave()
        stop(embedded_cluster.data(home / "postgres"))


@contextmanager
def _home(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """A folder in memory where there is room: a database's 1,500 files are copied there in a tenth of a disk's time."""
    if not MEMORY.is_dir() or shutil.disk_usage(MEMORY).free < ROOMY:
        yield tmp_path_factory.mktemp("home")
        return
    for left in MEMORY.glob("erp-club-test-*"):  # by a run that was killed
        if not Path("/proc", left.name.split("-")[-2]).exists():
            shutil.rmtree(left, ignore_errors=True)
    with tempfile.TemporaryDirectory(prefix=f"erp-club-test-{os.getpid()}-", dir=MEMORY) as home:
        yield Path(home)


def _create(server: sa.URL, template: str = "template1") -> sa.URL:
    name = f"test_{uuid.uuid4().hex[:12]}"
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"CREATE DATABASE {name} STRATEGY file_copy TEMPLATE {template}"))
    admin.dispose()
    return server.set(database=name)


def _drop(server: sa.URL, url: sa.URL) -> None:
    admin = sa.create_engine(server, isolation_level="AUTOCOMMIT", poolclass=sa.NullPool)
    with admin.connect() as connection:
        connection.execute(sa.text(f"DROP DATABASE {url.database} WITH (FORCE)"))
    admin.dispose()


@pytest.fixture(scope="session")
def template(server: sa.URL) -> Iterator[sa.URL]:
    """A database with the migrated schema that nobody stays connected to, to copy from."""
    url = _create(server)
    database = Database(url)
    schema.migrate(database)
    database.engine.dispose()
    yield url
    _drop(server, url)


@pytest.fixture(scope="session")
def engine(server: sa.URL, template: sa.URL) -> Iterator[sa.Engine]:
    """The database that tests roll back in."""
    assert template.database
    url = _create(server, template.database)
    made = sa.create_engine(url)
    yield made
    made.dispose()
    _drop(server, url)


@contextmanager
def rolled_back(engine: sa.Engine) -> Iterator[OneConnection]:
    """A database inside a transaction that leaves nothing."""
    with engine.connect() as connection:
        transaction = connection.begin()
        yield OneConnection(connection)
        transaction.rollback()


@contextmanager
def as_it_was(furnished: OneConnection) -> Iterator[Session]:
    """A session over what a module's tests all begin with, of which nothing stays."""
    furnishing = furnished.connection.begin_nested()
    with furnished.session() as made:
        yield made
    furnishing.rollback()


@pytest.fixture
def one_connection(engine: sa.Engine) -> Iterator[OneConnection]:
    """A database inside a transaction of this test's own."""
    with rolled_back(engine) as made:
        yield made


@pytest.fixture
def session(one_connection: OneConnection) -> Iterator[Session]:
    """A session inside a transaction of this test's own."""
    with one_connection.session() as made:
        yield made


@pytest.fixture
def committed(server: sa.URL, template: sa.URL) -> Iterator[Database]:
    """A database of this test's own that really commits, for tests of locking and of whole commands."""
    assert template.database
    url = _create(server, template.database)
    database = Database(url, keyring=Keyring(text=KEYS))
    yield database
    database.engine.dispose()
    _drop(server, url)


@pytest.fixture
def client(one_connection: OneConnection) -> Iterator[TestClient]:
    """The app over this test's transaction."""
    app = create_app(Shop(one_connection, Settings()))
    with TestClient(app, base_url="http://testserver", follow_redirects=False) as made:
        yield made


@pytest.fixture
def now() -> dt.datetime:
    """A Sunday at noon, UTC."""
    return NOW
