"""Codes of an authenticator app (TOTP, RFC 6238: SHA-1, 6 digits, 30 seconds), as every such app takes them."""

import datetime as dt
import hmac
import re
from enum import StrEnum

from pyotp import random_base32
from pyotp.totp import TOTP

_DIGITS = re.compile(r"[0-9]{6}")
NEARBY = (0, -1, 1)
"""A phone's clock may be 30 seconds off (RFC 6238, 5.2 asks for one step at most)."""


class Means(StrEnum):
    """What somebody shows again: a code where they have a second factor, else what they have signed in with."""

    CODE = "code"
    PASSWORD = "password"  # noqa: S105 - a word
    PIN = "pin"


def new_secret() -> str:
    """A secret of 160 random bits in base 32."""
    return random_base32()


def is_code(typed: str) -> bool:
    """Whether this may be a code of an app."""
    return _DIGITS.fullmatch(typed) is not None


def step_of(secret: str, code: str, at: dt.datetime) -> int | None:
    """The number of the 30 seconds that the code belongs to, counted from 1970; None where it is no code of now."""
    totp = TOTP(secret)
    now = totp.timecode(at)
    matching = [now + near for near in NEARBY if hmac.compare_digest(totp.generate_otp(now + near), code)]
    return matching[0] if matching else None


def address(secret: str, *, username: str, chain: str) -> str:
    """The secret as the `otpauth:` address that an app reads from a QR code."""
    return TOTP(secret).provisioning_uri(name=username, issuer_name=chain)
