"""Passwords, PINs and tokens: the only module that knows how they are kept."""

import hashlib
import re
import secrets
import threading

from passlib.hash import argon2

from erp_club.kernel.errors import FieldError
from erp_club.kernel.text import T

SHORTEST_PASSWORD, LONGEST_PASSWORD = 8, 200
_PIN = re.compile(r"[0-9]{4,8}")
# OWASP Password Storage Cheat Sheet, argon2id: 19 MiB, 2 passes, 1 lane.
_ARGON2 = argon2.using(type="ID", memory_cost=19456, time_cost=2, parallelism=1)

_AT_ONCE = threading.BoundedSemaphore(4)
# Each takes 19 MiB and a core for a moment: a crowd of PINs leaves room for what sells.

NO_HASH: str = "$argon2id$v=19$m=19456,t=2,p=1$aw1hTMlZC8G4F6L0/n+vVQ$/QdTwtY2zNUF9uqhoBROipwYKQfUQSB5+7xPSGoc0ng"
"""Checked for people who don't exist, so that the answer takes as long as for those who do. Of a password that nobody
has, made beforehand: it would take every start a moment and 19 MiB."""


def password_faults(password: str) -> list[FieldError]:
    """What is wrong with a password that somebody chose: its length only, as NIST SP 800-63B-4 says (3.1.1.2)."""
    if len(password) < SHORTEST_PASSWORD:
        return [FieldError("password", T("A password has at least %(least)s characters.", least=SHORTEST_PASSWORD))]
    if len(password) > LONGEST_PASSWORD:
        return [FieldError("password", T("A password has at most %(most)s characters.", most=LONGEST_PASSWORD))]
    return []


def pin_faults(pin: str) -> list[FieldError]:
    """What is wrong with a PIN that somebody chose."""
    return [] if _PIN.fullmatch(pin) else [FieldError("pin", T("A PIN has 4 to 8 digits."))]


def hash_password(password: str) -> str:
    """An argon2id hash of a password or PIN."""
    with _AT_ONCE:
        return _ARGON2.hash(password)


def verify_password(password: str, kept: str | None) -> bool:
    """True if the password belongs to the kept hash. With no hash it takes the same time and is False."""
    with _AT_ONCE:
        right = _ARGON2.verify(password, kept or NO_HASH)
    return right and kept is not None


def new_token(prefix: str) -> str:
    """A token that can't be guessed (256 random bits), with a prefix that tells what it is for."""
    return f"{prefix}_{secrets.token_urlsafe(32)}"


CODE_SIGNS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
# Douglas Crockford's base 32: nothing in it is taken for something else when it is read aloud or typed.
_CODE = re.compile(rf"[{CODE_SIGNS}]{{8}}")
_MISREAD = str.maketrans("OIL", "011", "- ")


def new_code() -> str:
    """A code of 40 random bits for a person to type, as `7K2M-9QXD`."""
    signs = "".join(secrets.choice(CODE_SIGNS) for _ in range(8))
    return f"{signs[:4]}-{signs[4:]}"


def typed_code(text: str) -> str | None:
    """What was typed as the code that it may be; None where it can't be one."""
    signs = text.upper().translate(_MISREAD)
    return f"{signs[:4]}-{signs[4:]}" if _CODE.fullmatch(signs) else None


def token_hash(token: str) -> bytes:
    """What is kept of a token. SHA-256 is enough for a secret of 256 random bits."""
    return hashlib.sha256(token.encode()).digest()
