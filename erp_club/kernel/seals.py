"""Chains of keyed hashes: what was sealed can't be changed unnoticed by somebody who hasn't the installation's keys."""

from erp_club.kernel.keyring import Keyring

BEGINNING = bytes(32)
"""What the first link of a chain follows."""


def link(keyring: Keyring, purpose: str, before: bytes, *parts: bytes) -> bytes:
    """The 32 bytes that follow `before` in the chain of this purpose, over the parts.

    HMAC-SHA-256 (RFC 2104). Each part stands behind its length, so that no two lists of parts read alike.
    """
    told = b"".join(len(part).to_bytes(4, "big") + part for part in (before, *parts))
    return keyring.mac(purpose, told)
