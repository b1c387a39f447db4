"""Chains of keyed hashes: what was sealed can't be changed unnoticed by somebody who hasn't the installation's keys."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import TypeVar

from erp_club.kernel.keyring import Keyring

Key = TypeVar("Key", int, str)
BEGINNING = bytes(32)
"""What the first link of a chain follows."""


@dataclass(frozen=True, slots=True)
class NotAsSealed:
    """A row that isn't what was sealed: changed, or `missing`. `key` is its primary key, the parts divided by `/`."""

    table: str
    key: str
    missing: bool = False


def link(keyring: Keyring, purpose: str, before: bytes, *parts: bytes | int) -> bytes:
    """The 32 bytes that follow `before` in the chain of this purpose, over the parts.

    HMAC-SHA-256 (RFC 2104). Numbers are 8 bytes, and each part stands behind its length, so that no two lists of parts
    read alike.
    """
    told = [part if isinstance(part, bytes) else part.to_bytes(8, "big", signed=True) for part in (before, *parts)]
    return keyring.mac(purpose, b"".join(len(part).to_bytes(4, "big") + part for part in told))


def first_break(
    links: Iterable[tuple[int, Key, bytes, bytes | None]],
    follow: Callable[[bytes, int, Key, bytes], bytes],
    *,
    sealed: str,
    seals: str,
) -> NotAsSealed | None:
    """The first row that breaks a chain of one end: of the table `sealed`, or of that of its `seals`.

    Each link is its number, the key of the row that it seals, the hash that was kept, and the row's digest now (None
    where it is gone); `follow` makes the hash that belongs after another.
    """
    end = reckoned = BEGINNING
    suspected: tuple[int, Key] | None = None
    for n, (number, key, kept, digest) in enumerate(links, 1):
        if suspected is not None:
            # Where this link follows what the one before should be, that one was changed, and else its row.
            follows = number == n and digest is not None and follow(reckoned, n, key, digest) == kept
            table, wrong = (seals, suspected[0]) if follows else (sealed, suspected[1])
            return NotAsSealed(table, str(wrong))
        if number != n:
            return NotAsSealed(seals, str(n), missing=True)
        if digest is None:
            return NotAsSealed(sealed, str(key), missing=True)
        reckoned = follow(end, n, key, digest)
        if reckoned != kept:
            suspected = (n, key)
        end = kept
    return NotAsSealed(sealed, str(suspected[1])) if suspected else None
