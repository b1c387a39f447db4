"""Where somebody is signed in."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import StaffSession


@dataclass(frozen=True, slots=True)
class SessionRow:
    """A session: at a till, or in a browser, from which address of the network and what it calls itself."""

    id: int
    store: str | None
    till_number: int | None
    till: str | None
    address: str | None
    agent: str | None
    started_at: dt.datetime
    seen_at: dt.datetime


def own_sessions(session: Session, staff_id: int, *, now: dt.datetime) -> list[SessionRow]:
    """Somebody's sessions that still hold, the one that was seen last first."""
    found = (
        sa.select(
            StaffSession.id,
            Store.name,
            Terminal.number,
            Terminal.name,
            StaffSession.address,
            StaffSession.agent,
            StaffSession.started_at,
            StaffSession.seen_at,
        )
        .outerjoin(Terminal, Terminal.id == StaffSession.terminal_id)
        .outerjoin(Store, Store.id == Terminal.store_id)
        .where(StaffSession.staff_id == staff_id, StaffSession.ends_at > now)
        .order_by(StaffSession.seen_at.desc(), StaffSession.id.desc())
    )
    return [SessionRow(*row) for row in session.execute(found)]
