"""Refusals about who may do what."""

import datetime as dt

from erp_club.kernel.errors import Forbidden, Throttled, Unauthenticated
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission


def not_signed_in() -> Unauthenticated:
    """Nobody is known to have sent this."""
    return Unauthenticated(T("Sign in to go on."), code="sign-in")


def wrong_sign_in() -> Unauthenticated:
    """The same for a wrong name and a wrong secret, so that names can't be tried out."""
    return Unauthenticated(T("The user name or the password is wrong. Try again."), code="sign-in-wrong")


def wrong_pin() -> Unauthenticated:
    """The same for a wrong name and a wrong PIN."""
    return Unauthenticated(T("The user name or the PIN is wrong. Try again."), code="sign-in-wrong")


def locked(until: dt.datetime, now: dt.datetime) -> Throttled:
    """The name, or the place, was wrong too often; told alike for names that nobody has."""
    seconds = max(1, -(-(until - now) // dt.timedelta(seconds=1)))
    return Throttled(
        T(
            "Too many wrong tries. Wait %(minutes)s min, or ask a manager to open the sign-in again.",
            minutes=-(-seconds // 60),
        ),
        retry_after=seconds,
        code="sign-in-locked",
    )


def unknown_terminal_key() -> Unauthenticated:
    """The key belongs to no active terminal."""
    return Unauthenticated(
        T("No till has this key. Check it, or ask head office for a new one."), code="terminal-key-unknown"
    )


def no_terminal() -> Forbidden:
    """Something that only a till can do."""
    return Forbidden(T("This is done at a till. Enter the till's key in this browser first."), code="terminal-needed")


def not_permitted(permission: Permission) -> Forbidden:
    """The person's role doesn't hold the permission."""
    return Forbidden(
        T("Your role doesn't include “%(permission)s”. Ask somebody whose role does.", permission=permission.value),
        code="not-permitted",
        facts={"permission": permission.value},
    )
