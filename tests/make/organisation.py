"""A chain with a store, a till and staff."""

import datetime as dt

import sqlalchemy as sa
from pyotp.totp import TOTP
from sqlalchemy.orm import Session

from erp_club.organisation import commands
from erp_club.organisation.models import Chain, Store
from erp_club.permissions import commands as permissions
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.permissions.grants.models import StaffRole
from erp_club.permissions.rules import delivered

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
PIN, PASSWORD = "2580", "correct horse"


def a_chain(
    session: Session,
    *,
    currency: str = "ILS",
    country: str = "IL",
    is_demo: bool = False,
    second_factor: bool = False,
) -> Chain:
    """The chain. Its roles ask for no second factor, as the demo's, unless the test says so."""
    chain = Chain(
        id=1,
        name="Carmel",
        currency=currency,
        country=country,
        language="en",
        time_zone="Asia/Jerusalem",
        is_demo=is_demo,
    )
    session.add(chain)
    session.flush()
    if not second_factor:
        session.execute(sa.update(StaffRole).values(second_factor=False))
    return chain


def a_store(session: Session, code: str = "374", *, time_zone: str = "Asia/Jerusalem") -> Store:
    store = Store(code=code, name=f"Store {code}", city="Haifa", time_zone=time_zone, stub=False)
    session.add(store)
    session.flush()
    return store


def a_terminal(session: Session, store: Store, *, now: dt.datetime = NOW) -> tuple[int, str]:
    """The till's id and its key."""
    key = passwords.new_token("till")
    terminal_id = commands.add_terminal(
        session, store_id=store.id, name="Till", key_hash=passwords.token_hash(key), now=now, by=SYSTEM
    )
    return terminal_id, key


def somebody(
    session: Session, role: Role = Role.CASHIER, *, username: str | None = None, store: Store | None = None
) -> int:
    """A member of staff with the PIN 2580 and the password `correct horse`."""
    return permissions.add_staff(
        session,
        username=username or role.value,
        name=f"Somebody {role.value}",
        role=role,
        password=PASSWORD,
        pin=PIN,
        store_id=store.id if store else None,
        now=NOW,
        by=SYSTEM,
    )


def an_actor(
    staff_id: int, role: Role = Role.HQ, *, terminal_id: int | None = None, store_id: int | None = None
) -> Actor:
    return Actor(
        name=f"Somebody {role.value}",
        held=delivered(role),
        staff_id=staff_id,
        role=role,
        terminal_id=terminal_id,
        store_id=store_id,
    )


def code_at(secret: str, at: dt.datetime) -> str:
    """What the app of somebody's second factor shows at a moment."""
    return TOTP(secret).at(at)
