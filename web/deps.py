"""What a route works with: who asks, one transaction, and the answer that is kept for a repeat.

`needs(permission)` stands in every route's signature. It opens the session, finds out who asks, refuses who may not,
looks for the Idempotency-Key, and commits when the route has returned, before the answer leaves.
"""

import datetime as dt
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, NoReturn
from zoneinfo import ZoneInfo

from fastapi import Request
from pydantic import BaseModel
from sqlalchemy.orm import Session
from starlette.background import BackgroundTasks
from starlette.responses import Response

from erp_club.customers.forms.rules import Place as FormPlace
from erp_club.kernel import idempotency
from erp_club.kernel.db import Database, limit_time
from erp_club.kernel.errors import Refused
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import T
from erp_club.organisation.errors import no_chain
from erp_club.organisation.kinds import Channel
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import NOBODY, Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.factors.queries import means_of
from erp_club.permissions.places import ChainFacts, TerminalFacts
from erp_club.permissions.queries import Identity
from erp_club.permissions.rules import Asked, Outcome
from erp_club.permissions.sessions import commands as sessions
from erp_club.permissions.tries.commands import Place
from web import afterwards, templating
from web.asked import here, is_htmx, wants_html
from web.cookies import put_cookie
from web.declared import FRESH_FOR, Declared, Fresh, declare
from web.entrance import ActRoute, Entrance  # noqa: F401 - routes take ActRoute from here
from web.forms import FormState
from web.i18n import LANGUAGE
from web.identities import Foreseen, identity_of
from web.idle import left_alone
from web.keys import approvals_of, kept_answer, key_of, request_hash
from web.lists import WRITING
from web.navigation import navigation
from web.saved_views import menu
from web.scopes import refuse_out_of_reach
from web.security import SAFE_METHODS, is_secure

MOST_MS = 20_000
"""So long may a statement take while somebody waits for an answer that changes nothing."""
NO_LIMIT = 0


@dataclass(frozen=True)
class Shop:
    """What the process holds for all requests."""

    database: Database
    settings: Settings


class Replay(Exception):
    """The write was answered before: here is that answer again."""

    def __init__(self, response: Response) -> None:
        super().__init__("replayed")
        self.response = response


@dataclass
class Act:
    """One request at work."""

    request: Request
    session: Session
    identity: Identity
    now: dt.datetime
    key: idempotency.Key | None = None
    kept: idempotency.KeptAnswer | None = None
    cookies: list[tuple[str, str | None, int | None]] = field(default_factory=list[tuple[str, str | None, int | None]])
    once_answered: BackgroundTasks = field(default_factory=BackgroundTasks)
    """What nobody waits for. It is said before the answer is made, and is done once that has left."""

    @property
    def by(self) -> Actor:
        """Who asks."""
        return self.identity.by

    @property
    def chain(self) -> ChainFacts:
        """The chain."""
        return self.identity.chain

    @property
    def zone(self) -> str:
        """The time zone of the till's store, else the chain's."""
        return self.identity.terminal.time_zone if self.identity.terminal else self.chain.time_zone

    @property
    def read_in(self) -> str | None:
        """The language in which a person reads the page; None for a machine, of which nobody knows what it shows."""
        return LANGUAGE.get() if wants_html(self.request) else None

    @property
    def place(self) -> FormPlace:
        """Which form of new customers holds here; in a web shop they fill it in themselves."""
        terminal = self.identity.terminal
        if terminal is None:
            return FormPlace.OFFICE
        return FormPlace.SELF if terminal.channel == Channel.WEB else FormPlace.TILL

    @property
    def today(self) -> dt.date:
        """The store's date."""
        return self.now.astimezone(ZoneInfo(self.zone)).date()

    @property
    def settings(self) -> Settings:
        """The installation's settings."""
        return shop(self.request).settings

    @property
    def tried_from(self) -> Place:
        """Where a wrong password is counted: the till, else the address of the network."""
        terminal, client = self.identity.terminal, self.request.client
        if terminal:
            return Place(terminal.id)
        return Place(address=client.host if client else None, agent=self.request.headers.get("user-agent"))

    def ask_who(self) -> None:
        """Go on only if the person was proven in this session some minutes ago at most. Raises Forbidden."""
        known = self.identity.session
        if known is not None and self.now - known.proven_at > FRESH_FOR:
            staff_id = self.by.staff_id or 0
            raise errors.proof_needed(means_of(self.session, staff_id, by_pin=known.by_pin))

    @property
    def idle_minutes(self) -> int:
        """After so many a page locks itself; 0 where nobody signed on by PIN, and for a chain without this lock."""
        known = self.identity.session
        return self.settings.till_idle_minutes if known is not None and known.by_pin else 0

    @property
    def terminal(self) -> TerminalFacts:
        """The till. Raises Forbidden where this isn't one, or stands in a store where the person doesn't work."""
        return self.check_till()

    def check_till(self) -> TerminalFacts:
        """The same."""
        if self.identity.elsewhere is not None:
            raise errors.not_assigned(self.identity.elsewhere.store_name)
        if self.identity.terminal is None:
            raise errors.no_terminal()
        return self.identity.terminal

    def may(self, permission: str, *, store_id: int | None = None, club_id: int | None = None) -> bool:
        """Whether the person may do this, to an object of this store or club; templates ask it too."""
        return self.by.may(Permission(permission), Asked(store_id=store_id, club_id=club_id))

    @property
    def htmx(self) -> bool:
        """Whether htmx asks for a part of the page."""
        return is_htmx(self.request)

    def answer(
        self, view: BaseModel, template: str, *, status: int = 200, form: FormState | None = None, **headers: str
    ) -> Response:
        """The view as JSON for a machine, or drawn with the template for a person."""
        if not wants_html(self.request):
            return self.keep(Response(view.model_dump_json().encode(), status, headers, "application/json"))
        body = templating.draw(
            template,
            act=self,
            may=self.may,
            view=view,
            views=partial(menu, self.session, self.by, self.request.url.path, self.request.url.query),
            chain=self.chain,
            here=here(self.request),
            form=form or FormState(),
            navigation=navigation(self.by, self.request.url.path),
        )
        return self.keep(Response(body, status, headers, "text/html; charset=utf-8"))

    def done(self, view: BaseModel, url: str, *, status: int = 201) -> Response:
        """A write that succeeded: the view for a machine; for a person the page at `url`."""
        if not wants_html(self.request):
            return self.keep(Response(view.model_dump_json().encode(), status, {"Location": url}, "application/json"))
        return self.see_other(url)

    def see_other(self, url: str) -> Response:
        """Go to another page: 303, or for htmx its own header, since fetch would follow a 303 unseen."""
        if self.htmx:
            return self.keep(Response(b"", 200, {"HX-Redirect": url}, "text/html; charset=utf-8"))
        return self.keep(Response(b"", 303, {"Location": url}))

    def set_cookie(self, name: str, value: str | None, *, seconds: int | None = None) -> None:
        """Set a cookie with the answer; None takes it away."""
        self.cookies.append((name, value, seconds))

    def commit(self) -> None:
        """End the transaction, with the answer of a write kept under its key in the same one."""
        if self.key is not None and self.kept is not None:
            idempotency.keep_answer(self.session, self.key, self.kept, now=self.now)
        self.session.commit()

    def refuse_after_commit(self, refusal: Refused) -> NoReturn:
        """End the transaction with what it has counted, and refuse all the same: a wrong PIN counts."""
        self.session.commit()
        raise refusal

    def afterwards(self, work: afterwards.Work) -> None:
        """Do this in a transaction of its own once the request's has ended, however that ends: a refusal undoes it."""
        self.request.state.afterwards = [*getattr(self.request.state, "afterwards", ()), work]

    def keep(self, response: Response) -> Response:
        """The answer as it leaves; that of a write is kept under its key when the write is committed."""
        self.kept = kept_answer(response) if self.key is not None else None
        for name, value, seconds in self.cookies:
            put_cookie(response, name, value, seconds, secure=is_secure(self.request.scope))
        response.background = self.once_answered if self.once_answered.tasks else None
        return response


def shop(request: Request) -> Shop:
    """The process's database and settings."""
    made: Shop = request.app.state.shop
    return made


def needs(
    permission: Permission,
    *,
    at_till: bool = False,
    keyless: str = "",
    otherwise: str = "",
    fresh: bool | Fresh = False,
) -> Any:
    """The dependency of a route that needs this permission, at a till where `at_till`.

    `keyless` says why a write takes no Idempotency-Key (it keeps nothing, or its answer is a secret). `otherwise` is
    where somebody who is signed in and may not see the page goes on, instead of reading a refusal. With `fresh` they
    are asked who they are once more, unless they were some minutes ago; where that depends on an amount (`Fresh.BIG`)
    the route calls `ask_who` itself.
    """
    when = Fresh.ALWAYS if fresh is True else fresh or None

    @contextmanager
    def act(request: Request) -> Iterator[Act]:
        if when is not None and getattr(request.state, "proof", ""):
            take_proof(request, request.state.proof)
        try:
            with shop(request).database.session() as session:
                keyed = request.method not in SAFE_METHODS and not keyless
                working = begin(request, session, key=key_of(request) if keyed else None)
                # A till's page tells by itself who has to sign on before it shows more.
                request.state.may_see_form = at_till
                request.state.otherwise = otherwise
                if working.by.staff_id is None:
                    raise errors.not_signed_in()
                decision = working.by.decide(permission)
                if decision.outcome is Outcome.REFUSED:
                    raise errors.not_permitted(permission, decision)
                if at_till:
                    working.check_till()
                refuse_out_of_reach(session, permission, request.path_params, working.by)
                request.state.may_see_form = True
                if keyed:
                    take_key(working)
                elif not isinstance(getattr(request.state, "body", None), Foreseen):  # there each round trip counts
                    limit_time(session, milliseconds=MOST_MS if WRITING.get() is None else NO_LIMIT)
                if when is Fresh.ALWAYS:
                    working.ask_who()
                yield working
                working.commit()
        finally:
            afterwards.do(shop(request).database, getattr(request.state, "afterwards", ()))

    return _entrance(act, Declared(permission=permission, at_till=at_till, keyless=keyless, fresh=when))


def take_proof(request: Request, typed: str) -> None:
    """Take what somebody has shown of themselves, in a transaction of its own: it holds whatever becomes of the rest.

    Raises Forbidden for a wrong code, password or PIN, which is counted, and Throttled where there were too many.
    """
    with shop(request).database.session() as session:
        act = begin(request, session)
        if act.identity.session is None:
            raise errors.not_signed_in()
        try:
            sessions.prove(session, act.identity.session.id, typed, place=act.tried_from, now=act.now)
        except Refused as refused:
            if refused.counts:
                session.commit()
            raise
        session.commit()


def instead(request: Request, work: Callable[[Act], Response]) -> Response:
    """Do something else than the route of this request, which let its sender in, in a transaction of its own."""
    with shop(request).database.session() as session:
        working = begin(request, session)
        response = work(working)
        working.commit()
    return response


def anyone(reason: str, *, waits: bool = False) -> Any:
    """The dependency of a route that is open to everybody, with the reason why; `waits` as in `Declared`."""

    @contextmanager
    def act(request: Request) -> Iterator[Act]:
        try:
            with shop(request).database.session() as session:
                request.state.may_see_form = True
                try:
                    yield begin(request, session)
                except Refused as refused:
                    if refused.counts:
                        session.commit()
                    raise
                session.commit()
        finally:
            afterwards.do(shop(request).database, getattr(request.state, "afterwards", ()))

    return _entrance(act, Declared(anyone=reason, waits=waits))


def _entrance(act: Callable[[Request], AbstractContextManager[Act]], declared: Declared) -> Any:
    async def entrance(request: Request) -> Entrance:
        if request.method not in SAFE_METHODS and request.scope["route"].body_field is None:
            await request.body()  # nobody else reads it; a key still tells one body from another
        request.state.entrance = Entrance(request, act)
        return request.state.entrance

    return declare(entrance, declared)


def begin(request: Request, session: Session, *, key: str | None = None) -> Act:
    """Find out who asks, and hold the key, if any."""
    now = dt.datetime.now(dt.UTC)
    identity = identity_of(request, session, now, key)
    if identity is None:
        raise no_chain()
    request.app.state.chain = identity.chain  # pages that are drawn without the database name it, too
    session.info["request_id"] = request.state.request_id
    tokens = approvals_of(request)
    if tokens and identity.by.staff_id is not None:
        hashes = tuple(passwords.token_hash(each) for each in tokens)
        identity = replace(identity, by=replace(identity.by, approvals=hashes))
    request.state.staff_id = identity.by.staff_id
    request.state.terminal_id = identity.terminal.id if identity.terminal else None
    act = Act(request, session, identity, now)
    known = identity.session
    if known is not None and left_alone(request, known, minutes=act.settings.till_idle_minutes, now=now):
        nobody = replace(NOBODY, terminal_id=act.by.terminal_id, store_id=act.by.store_id)
        act.identity = replace(identity, by=nobody, username=None, staff_language=None, session=None)
        request.state.staff_id = None
        act.afterwards(lambda later: sessions.end_session(later, known.id))
    elif known is not None and now - known.seen_at > sessions.SEEN_EVERY:
        act.afterwards(lambda later: sessions.seen(later, known.id, now=now))
    return act


def take_key(act: Act) -> None:
    """Answer under the request's Idempotency-Key, which `begin` has claimed for this transaction.

    Raises Refused (400) without one, Replay for a repeat, Refused (422) for another request under the same key,
    Conflict while the first one still runs.
    """
    value, claim = key_of(act.request), act.identity.claim
    if value is None or claim is None:
        error = Refused(
            T("Send a header Idempotency-Key of 1 to 200 visible characters, new for each request."),
            code="idempotency-key-missing",
        )
        error.status = 400
        raise error
    key = idempotency.Key(act.identity.scope, value, request_hash(act.request))
    kept = claim.kept(key.request_hash)
    if kept is not None:
        raise Replay(Response(kept.answer, kept.status, {**kept.headers, "Idempotency-Replayed": "true"}))
    act.request.state.key = act.key = key
