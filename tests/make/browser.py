"""Somebody at a browser: signed in, with the headers that a browser sends."""

import datetime as dt
import uuid

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions import passwords
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import StaffSession
from tests.make.organisation import somebody
from web.cookies import SESSION_COOKIE

HTML = {"Accept": "text/html", "Origin": "http://testserver"}


def json_headers() -> dict[str, str]:
    """What a machine sends with a write: each call is a new request."""
    return {"Accept": "application/json", "Origin": "http://testserver", "Idempotency-Key": uuid.uuid4().hex}


def form(**fields: str) -> dict[str, str]:
    """A form's fields with the hidden key."""
    return fields | {"idempotency_key": uuid.uuid4().hex}


def signed_in(client: TestClient, session: Session, role: Role = Role.HQ, *, username: str | None = None) -> int:
    """Sign a new member of staff in, without the second that checking a password takes; gives their id."""
    staff_id = somebody(session, role, username=username)
    token = a_session_of(session, staff_id)
    session.commit()
    client.cookies.set(SESSION_COOKIE, token)
    return staff_id


def a_session_of(session: Session, staff_id: int, *, terminal_id: int | None = None) -> str:
    """The token of an hour in which somebody is signed in, at a till or at a desk."""
    token = passwords.new_token("staff")
    now = dt.datetime.now(dt.UTC)
    session.add(
        StaffSession(
            token_hash=passwords.token_hash(token),
            staff_id=staff_id,
            terminal_id=terminal_id,
            started_at=now,
            ends_at=now + dt.timedelta(hours=1),
        )
    )
    return token
