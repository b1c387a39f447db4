"""Setting up the chain, its stores and its terminals."""

import datetime as dt
import secrets
from collections.abc import Mapping
from typing import Literal, TypedDict
from zoneinfo import available_timezones

import sqlalchemy as sa
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.audit import Doer
from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T
from erp_club.kernel.versions import check_seen
from erp_club.organisation import queries
from erp_club.organisation.kinds import Channel
from erp_club.organisation.models import Chain, Store, Terminal, TerminalCode, TerminalEnrolment

CODE_HOLDS = dt.timedelta(minutes=10)


class StoreChanges(TypedDict, total=False):
    """What may be changed of a store; a field that isn't there stays as it is."""

    name: str
    city: str | None
    time_zone: str
    channel: Channel


def set_chain(
    session: Session,
    *,
    name: str,
    currency: str,
    country: str,
    language: str,
    time_zone: str,
    is_demo: bool = False,
    now: dt.datetime,
    by: Doer,
) -> None:
    """Set up the one chain of this installation, or change it.

    `country` is ISO 3166-1 alpha-2, `time_zone` of the IANA database. Raises Invalid for a time zone nobody knows,
    Conflict for another currency: the amounts that are kept would change their meaning.
    """
    _check_time_zone(time_zone)
    wanted: dict[str, object] = {
        "name": name,
        "currency": currency,
        "country": country,
        "language": language,
        "time_zone": time_zone,
        "is_demo": is_demo,
    }
    chain = session.get(Chain, 1, with_for_update={"key_share": True})
    if chain is None:
        session.add(Chain(id=1, **wanted))
        session.flush()
        audit.record(session, by=by, now=now, action="chain.set", entity="chain", entity_id=1, after=wanted)
        return
    if chain.currency != currency:
        raise Conflict(T("The chain's currency can't be changed any more."), field="currency", code="currency-fixed")
    _change(session, chain, wanted, entity="chain", now=now, by=by)


def set_pricing(session: Session, policy: Mapping[str, object], *, now: dt.datetime, by: Doer) -> None:
    """Keep the policies of pricing that differ from the product's own, by their names; the next basket goes by them."""
    chain = session.get_one(Chain, 1, with_for_update={"key_share": True})
    _change(session, chain, {"pricing": dict(policy)}, entity="chain", now=now, by=by)


def add_store(
    session: Session,
    *,
    code: str,
    name: str,
    city: str | None,
    time_zone: str,
    channel: Channel = Channel.STORE,
    now: dt.datetime,
    by: Doer,
) -> int:
    """Open a store, or a web shop, and give its id. `time_zone` is of the IANA database.

    Raises Invalid for a time zone nobody knows, Conflict if the code is taken.
    """
    _check_time_zone(time_zone)
    # The constraint decides, so that two stores opened at once with one code don't both pass a check.
    described = {"code": code, "name": name, "city": city, "time_zone": time_zone, "channel": channel.value}
    store_id = session.scalar(
        postgresql.insert(Store)
        .values(**described, stub=False)
        .on_conflict_do_nothing(index_elements=[Store.code])
        .returning(Store.id)
    )
    if store_id is None:
        raise Conflict(
            T("There is a store with the code %(code)s already. Choose another code.", code=code),
            field="code",
            code="store-code-taken",
        )
    audit.record(session, by=by, now=now, action="store.add", entity="store", entity_id=store_id, after=described)
    return store_id


def edit_store(
    session: Session, store_id: int, changes: StoreChanges, *, seen: str | None = None, now: dt.datetime, by: Doer
) -> None:
    """Describe a store. One that an import had named is a stub no longer.

    Another time zone or channel holds for what is sold from now on.
    Raises NotFound, Invalid for a time zone nobody knows, Conflict `stale` where the version that was `seen` is
    another one than it has now.
    """
    if "time_zone" in changes:
        _check_time_zone(changes["time_zone"])
    store = session.get(Store, store_id, with_for_update={"key_share": True})
    if store is None:
        raise NotFound(T("There is no such store."))
    check_seen(seen, queries.store(session, store_id).version)
    wanted: dict[str, object] = {**changes, "stub": False}
    _change(session, store, wanted, entity="store", now=now, by=by)


def add_terminal(session: Session, *, store_id: int, name: str, key_hash: bytes, now: dt.datetime, by: Doer) -> int:
    """Open a till in a store and give its id; its number is the store's next. The caller shows the key once.

    Raises NotFound if there is no such store.
    """
    # The lock on the store keeps two tills opened at once from taking one number.
    store = session.get(Store, store_id, with_for_update={"key_share": True})
    if store is None:
        raise NotFound(T("There is no such store."), field="store")
    last = session.scalar(sa.select(sa.func.max(Terminal.number)).where(Terminal.store_id == store_id))
    terminal = Terminal(
        store_id=store_id, number=(last or 0) + 1, name=name, key_hash=key_hash, active=True, created_at=now
    )
    session.add(terminal)
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action="terminal.add",
        entity="terminal",
        entity_id=terminal.id,
        after={"store_id": store_id, "number": terminal.number, "name": name},
    )
    return terminal.id


def exchange_key(
    session: Session,
    terminal_id: int,
    *,
    key_hash: bytes,
    now: dt.datetime,
    by: Doer,
    keep_old: dt.timedelta = dt.timedelta(0),
) -> Terminal:
    """Give a till a new key. The one before works for so long still; else it ends at once, and so does every browser.

    Two keys work at most: one that was being kept already ends. Raises NotFound.
    """
    terminal = _terminal(session, terminal_id)
    if keep_old > dt.timedelta(0):
        until = now + keep_old
        terminal.old_key_hash, terminal.old_key_until = terminal.key_hash, until
        after = {"key": "new", "old_key_until": until.isoformat()}
    else:
        after = {"key": "new"}
        terminal.old_key_hash = terminal.old_key_until = None
        _forget_browsers(session, terminal_id)
    terminal.key_hash = key_hash
    session.flush()
    audit.record(session, by=by, now=now, action="terminal.key", entity="terminal", entity_id=terminal_id, after=after)
    return terminal


def end_old_key(session: Session, terminal_id: int, *, now: dt.datetime, by: Doer) -> Terminal:
    """End the key before the present one at once, and the browsers, which may have entered it. Raises NotFound."""
    terminal = _terminal(session, terminal_id)
    if terminal.old_key_hash is None:
        return terminal
    terminal.old_key_hash = terminal.old_key_until = None
    _forget_browsers(session, terminal_id)
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action="terminal.end_key",
        entity="terminal",
        entity_id=terminal_id,
        after={"key": "ended"},
    )
    return terminal


def make_code(session: Session, terminal_id: int, *, code_hash: bytes, now: dt.datetime, by: Doer) -> Terminal:
    """Keep a one-time code of a till for `CODE_HOLDS`; one that was made before ends. Raises NotFound.

    Raises Conflict for a closed till.
    """
    terminal = _terminal(session, terminal_id)
    if not terminal.active:
        raise Conflict(T("This till is closed. Open it first."), code="terminal-closed")
    made = postgresql.insert(TerminalCode).values(
        terminal_id=terminal_id, code_hash=code_hash, ends_at=now + CODE_HOLDS
    )
    session.execute(
        made.on_conflict_do_update(
            index_elements=[TerminalCode.terminal_id],
            set_={"code_hash": made.excluded.code_hash, "ends_at": made.excluded.ends_at},
        )
    )
    audit.record(
        session, by=by, now=now, action="terminal.code", entity="terminal", entity_id=terminal_id, after={"code": "new"}
    )
    return terminal


def use_code(session: Session, code_hash: bytes, *, now: dt.datetime) -> int | None:
    """The open till that a one-time code is for; the code is used up. None for one that nobody made or that is over."""
    # Deleting is what makes it single: of two that bring it at one moment the second finds nothing.
    used = sa.delete(TerminalCode).where(TerminalCode.code_hash == code_hash, TerminalCode.ends_at > now)
    terminal_id = session.scalar(used.returning(TerminalCode.terminal_id))
    if terminal_id is None:
        return None
    return session.scalar(sa.select(Terminal.id).where(Terminal.id == terminal_id, Terminal.active))


def set_terminal_active(session: Session, terminal_id: int, *, active: bool, now: dt.datetime, by: Doer) -> Terminal:
    """Close a till, or open it again. Closing ends its keys, its one-time code and its browsers: once open again it
    needs a new key. Raises NotFound.
    """
    terminal = _terminal(session, terminal_id)
    if terminal.active and not active:
        # A till is closed when it is sold or stolen too: who has its key must not sell on the day when it opens again.
        terminal.key_hash, terminal.old_key_hash, terminal.old_key_until = secrets.token_bytes(32), None, None
        session.execute(sa.delete(TerminalCode).where(TerminalCode.terminal_id == terminal_id))
        _forget_browsers(session, terminal_id)
    _change(session, terminal, {"active": active}, entity="terminal", now=now, by=by)
    return terminal


def enrol_browser(session: Session, *, terminal_id: int, token_hash: bytes, now: dt.datetime) -> None:
    """Make a browser a terminal: from now on its own token stands for the terminal's key."""
    session.add(TerminalEnrolment(token_hash=token_hash, terminal_id=terminal_id, enrolled_at=now))
    session.flush()


def _forget_browsers(session: Session, terminal_id: int) -> None:
    session.execute(sa.delete(TerminalEnrolment).where(TerminalEnrolment.terminal_id == terminal_id))


def _terminal(session: Session, terminal_id: int) -> Terminal:
    terminal = session.get(Terminal, terminal_id, with_for_update={"key_share": True})
    if terminal is None:
        raise NotFound(T("There is no such till."))
    return terminal


def _check_time_zone(name: str) -> None:
    if name not in available_timezones():
        raise Invalid([FieldError("time_zone", T("There is no time zone %(name)s.", name=name))])


def _change(
    session: Session,
    row: Chain | Store | Terminal,
    wanted: Mapping[str, object],
    *,
    entity: Literal["chain", "store", "terminal"],
    now: dt.datetime,
    by: Doer,
) -> None:
    """Set what differs, and keep a trace of that; nothing is written where nothing does."""
    before = {name: getattr(row, name) for name, value in wanted.items() if getattr(row, name) != value}
    if not before:
        return
    after = {name: wanted[name] for name in before}
    for name, value in after.items():
        setattr(row, name, value)
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action=f"{entity}.edit",
        entity=entity,
        entity_id=row.id,
        before=before,
        after=after,
    )
