"""Chains of keyed hashes: what was sealed can't be changed unnoticed by somebody who hasn't the installation's keys."""

from dataclasses import dataclass

from erp_club.kernel.keyring import Keyring

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
