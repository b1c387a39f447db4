"""Who sent a request, asked of the database each time; its body may ask ahead in the same round trip."""

import datetime as dt
from abc import abstractmethod

from fastapi import Request
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel.prepared import Ahead
from erp_club.permissions import passwords
from erp_club.permissions.places import TerminalFacts
from erp_club.permissions.queries import Identity, identify, identify_staff
from web.cookies import SESSION_COOKIE, TERMINAL_COOKIE, cookie
from web.fields import Body
from web.lists import WRITING

_TILLS: dict[bytes, TerminalFacts] = {}
"""Where the tills stood that this process has seen, by the hash of their keys: a guess, by which nothing is decided."""


class Foreseen(Body):
    """A body from which it can be told what its route will ask the database for."""

    @abstractmethod
    def ahead(self, till: TerminalFacts, now: dt.datetime) -> Ahead | None:
        """That question, of a till that stands where it did; it isn't taken for the route's where that asks another."""


def identity_of(request: Request, session: Session, now: dt.datetime, key: str | None) -> Identity | None:
    """The identity behind what a request carries; None before the chain has been set up.

    A connection that died while it waited in the pool is exchanged here, once.
    """
    writing = WRITING.get()
    if writing is not None:
        return identify_staff(session, writing.staff_id)
    bearer = _hash(_bearer(request))
    ahead = _ahead(request, bearer, now)
    try:
        identity = _identity(request, session, now, key, bearer, ahead)
        session.info[Ahead] = ahead
    except DBAPIError:
        session.rollback()
        identity = _identity(request, session, now, key, bearer, None)
    if bearer and identity and identity.terminal:
        _TILLS[bearer] = identity.terminal
    return identity


def _identity(
    request: Request, session: Session, now: dt.datetime, key: str | None, bearer: bytes | None, ahead: Ahead | None
) -> Identity | None:
    # A machine's key speaks for itself: cookies that came along are not looked at.
    staff_token = request.headers.get("x-staff-session") if bearer else cookie(request, SESSION_COOKIE)
    enrolment = None if bearer else cookie(request, TERMINAL_COOKIE)
    return identify(
        session,
        staff_token_hash=_hash(staff_token),
        terminal_key_hash=bearer,
        enrolment_hash=_hash(enrolment),
        now=now,
        key=key,
        ahead=ahead,
    )


def _bearer(request: Request) -> str | None:
    authorization = request.headers.get("authorization", "")
    return authorization[7:].strip() if authorization[:7].lower() == "bearer " else None


def _hash(token: str | None) -> bytes | None:
    return passwords.token_hash(token) if token else None


def _ahead(request: Request, bearer: bytes | None, now: dt.datetime) -> Ahead | None:
    body, till = getattr(request.state, "body", None), _TILLS.get(bearer) if bearer else None
    return body.ahead(till, now) if till is not None and isinstance(body, Foreseen) else None
