"""Which keys a database was written with: their fingerprints, and the keyring of a session, compared with them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Mapped, Session, mapped_column

from erp_club.kernel.db import Base
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.keyring import HASH_KEY, Keyring
from erp_club.kernel.text import T


class KeyringKey(Base):
    """The fingerprint of a key that this database was written with. The key itself never comes in."""

    __tablename__ = "keyring_keys"

    key_no: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    fingerprint: Mapped[bytes]
    at: Mapped[dt.datetime]


def keyring_of(session: Session, *, writes: bool = False) -> Keyring:
    """The keys of the process that opened the session, known to be this database's.

    Whoever `writes` leaves the fingerprints of a new database, in the caller's transaction. Raises Unavailable where
    there are no keys, or another installation's.
    """
    keyring = session.info.get("keyring")
    if not isinstance(keyring, Keyring):
        raise Unavailable(T("This process has no keys for ID numbers."), code="keyring-missing")
    if keyring.proven:
        return keyring
    used = {HASH_KEY, keyring.current}
    kept = fingerprints(session)
    keyring.compare(kept)
    if used <= kept.keys():
        keyring.proven = True
    elif writes:
        # Two processes with different keys may begin a database at once: the second waits here, and is refused.
        new = [{"key_no": number, "fingerprint": keyring.fingerprint(number)} for number in sorted(used)]
        session.execute(insert(KeyringKey).values(at=sa.func.now()).on_conflict_do_nothing(), new)
        keyring.compare(fingerprints(session))
    return keyring


def check_keys(session: Session, keyring: Keyring) -> None:
    """Raises Unavailable where this database was written with keys that the installation doesn't have."""
    kept = fingerprints(session)
    if kept:
        keyring.complete(kept)


def fingerprints(session: Session) -> dict[int, bytes]:
    """The fingerprints of the keys, by their numbers."""
    return {
        row.key_no: row.fingerprint for row in session.execute(sa.select(KeyringKey.key_no, KeyringKey.fingerprint))
    }
