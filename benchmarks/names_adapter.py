"""The product's search box for `eval.py`: `search(conn, text, limit)` gives customer numbers, the best first.

`conn` is a psycopg connection, to a database of the product with the members in it (`erp-club import customers`).
"""

import gc

import psycopg
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club import tables as _tables  # noqa: F401 - foreign keys name tables of every domain
from erp_club.customers.queries import find
from erp_club.kernel.keyring import Keyring
from erp_club.kernel.settings import Settings

_sessions: dict[int, tuple[Session, str]] = {}


def search(conn: psycopg.Connection, text: str, limit: int) -> list[str]:
    """What the one box finds."""
    session, country = _session(conn)
    found = find(session, text, country=country, limit=limit)
    session.rollback()
    return [each.number for each in found]


def names(conn: psycopg.Connection, keys: list[str]) -> dict[str, tuple[str, str, str]]:
    """The names of customers: given, middle (here with the given name), family."""
    session, _ = _session(conn)
    rows = session.execute(
        sa.text("SELECT number, given_name, family_name FROM customers WHERE number = ANY(:keys)"), {"keys": keys}
    )
    found = {row[0]: (row[1], "", row[2]) for row in rows}
    session.rollback()
    return found


def _session(conn: psycopg.Connection) -> tuple[Session, str]:
    """A session over the connection, kept for the next search, and the chain's country."""
    if id(conn) not in _sessions:
        engine = sa.create_engine("postgresql+psycopg://", creator=lambda: conn, poolclass=sa.StaticPool)
        settings = Settings.from_env()
        keyring = Keyring(text=settings.keyring, file=settings.home / "keyring")
        session = Session(engine, info={"keyring": keyring})
        gc.freeze()  # as `erp-club serve` does, else now and then all of its code is looked through for garbage
        country = session.scalar(sa.text("SELECT country FROM chain")) or "IL"
        _sessions[id(conn)] = session, country
    return _sessions[id(conn)]
