"""Stores and their tills."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.kernel.versions import version_of
from erp_club.organisation.errors import no_chain
from erp_club.organisation.models import Chain, Store, Terminal, TerminalEnrolment

StoreSort = Literal["name", "code", "city", "tills"]


def chain(session: Session) -> Chain:
    """The chain that this installation serves. Raises Unavailable `no-chain` before anybody has said which."""
    found = session.get(Chain, 1)
    if found is None:
        raise no_chain()
    return found


def pricing_policy(session: Session) -> dict[str, Any]:
    """The policies of pricing that the chain has set, by their names in the engine; empty where all are the usual."""
    return session.scalar(sa.select(Chain.pricing)) or {}


@dataclass(frozen=True, slots=True)
class StoreRow:
    """A store, and how many tills are open in it."""

    id: int
    code: str
    name: str
    city: str | None
    time_zone: str
    stub: bool
    terminals: int
    channel: str

    @property
    def version(self) -> str:
        """A mark of what is said of it."""
        return version_of(self.name, self.city, self.time_zone, self.channel)


@dataclass(frozen=True, slots=True)
class TerminalRow:
    """A till, and how many browsers are it. `old_key_until` is until when the key before the present one works."""

    id: int
    store_id: int
    number: int
    name: str
    active: bool
    browsers: int
    old_key_until: dt.datetime | None


_TILLS = (
    sa.select(sa.func.count()).where(Terminal.store_id == Store.id, Terminal.active).correlate(Store).scalar_subquery()
)
_ROW = (Store.id, Store.code, Store.name, Store.city, Store.time_zone, Store.stub, _TILLS, Store.channel)
_BROWSERS = (
    sa.select(sa.func.count()).where(TerminalEnrolment.terminal_id == Terminal.id).correlate(Terminal).scalar_subquery()
)
_TILL_ROW = (
    Terminal.id,
    Terminal.store_id,
    Terminal.number,
    Terminal.name,
    Terminal.active,
    _BROWSERS,
    Terminal.old_key_until,
)
_SORTS: dict[str, Any] = {"name": Store.name, "code": Store.code, "city": Store.city, "tills": _TILLS}


def store_id(session: Session, code: str) -> int | None:
    """The id behind a store's code."""
    return session.scalar(sa.select(Store.id).where(Store.code == code))


def stores(session: Session) -> list[StoreRow]:
    """All stores by name, with how many tills work in each."""
    return [StoreRow(*row) for row in session.execute(sa.select(*_ROW).order_by(Store.name, Store.id))]


def store(session: Session, store_id: int) -> StoreRow:
    """One store. Raises NotFound."""
    row = session.execute(sa.select(*_ROW).where(Store.id == store_id)).one_or_none()
    if row is None:
        raise NotFound(T("There is no such store."))
    return StoreRow(*row)


def count_stores(session: Session, text: str, *, only: int | None = None) -> int:
    """How many stores have this text in their name, code or city; all of them for no text. `only` one may be seen."""
    return session.scalar(sa.select(sa.func.count()).select_from(Store).where(*_having(text, only))) or 0


def find_stores(
    session: Session,
    text: str,
    *,
    sort: StoreSort,
    descending: bool,
    only: int | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> Iterator[StoreRow]:
    """The stores that `count_stores` counts, sorted; those without a city come last."""
    column = _SORTS[sort]
    ordered = (
        sa.select(*_ROW).where(*_having(text, only)).order_by((column.desc() if descending else column).nulls_last())
    )
    for row in session.execute(ordered.order_by(Store.id).limit(limit).offset(offset)):
        yield StoreRow(*row)


def _having(text: str, only: int | None) -> list[sa.ColumnElement[bool]]:
    wanted = text.strip()
    seen = [] if only is None else [Store.id == only]
    if not wanted:
        return seen
    return [
        *seen,
        sa.or_(*(column.icontains(wanted, autoescape=True) for column in (Store.name, Store.code, Store.city))),
    ]


def terminals(session: Session, store_id: int) -> list[TerminalRow]:
    """The tills of one store by number."""
    rows = session.execute(sa.select(*_TILL_ROW).where(Terminal.store_id == store_id).order_by(Terminal.number))
    return [TerminalRow(*row) for row in rows]


def store_of_terminal(session: Session, terminal_id: int) -> int | None:
    """The store where a till stands; None for one that isn't there."""
    return session.scalar(sa.select(Terminal.store_id).where(Terminal.id == terminal_id))


def terminal(session: Session, terminal_id: int) -> TerminalRow:
    """One till. Raises NotFound."""
    row = session.execute(sa.select(*_TILL_ROW).where(Terminal.id == terminal_id)).one_or_none()
    if row is None:
        raise NotFound(T("There is no such till."))
    return TerminalRow(*row)
