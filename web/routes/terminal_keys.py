"""How a browser or a machine becomes a till: its key, and one-time codes that yield one."""

import datetime as dt
from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.organisation import commands, queries
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Permission
from erp_club.permissions.tries import commands as tries
from web.deps import Act, ActRoute, anyone, needs
from web.fields import Body, SmallRowId, Word
from web.forms import FormState
from web.refusals import again

router = APIRouter(route_class=ActRoute, tags=["stores"])
ROTATION = dt.timedelta(hours=24)
"""How long the key before goes on where a machine has fetched the new one by a code."""


class TerminalKeyForm(BaseModel):
    """A till that is about to get a new key; `browsers` are those that would stop being this till."""

    id: int
    store_id: int
    number: int
    name: str
    browsers: int


class NewKey(Body):
    """For how many hours the key before is to work beside the new one; 0 ends it, and the browsers, at once."""

    keep_old_hours: Literal[0, 24, 168] | Literal["0", "24", "168"] = 0


class TerminalKeyPage(BaseModel):
    """A till's new key, which is shown this once."""

    id: int
    store_id: int
    number: int
    name: str
    key: str = Field(description="Send it as `Authorization: Bearer KEY`, or enter it at /till in the till's browser.")
    old_key_until: dt.datetime | None


class TerminalCodePage(BaseModel):
    """A one-time code of a till, which is shown this once."""

    id: int
    store_id: int
    number: int
    name: str
    code: str
    minutes: int


class TerminalCode(Body):
    """A one-time code, as it was read out."""

    code: Word


class Terminal(BaseModel):
    """A till whose key before was ended."""

    id: int
    store_id: int
    active: bool


def key_page(act: Act, form: FormState) -> Response:
    """The question before a key is exchanged, with what was refused."""
    till = queries.terminal(act.session, int(act.request.path_params["terminal_id"]))
    view = TerminalKeyForm(
        id=till.id, store_id=till.store_id, number=till.number, name=till.name, browsers=till.browsers
    )
    return act.answer(view, "stores/_key_form.html" if act.htmx else "stores/key_form.html", form=form)


@router.get("/terminals/{terminal_id}/keys/new", name="stores.terminal.key.form", response_model=TerminalKeyForm)
def key_form(act: Annotated[Act, needs(Permission.STORES_EDIT)], terminal_id: SmallRowId) -> Response:  # noqa: ARG001 - the page reads it
    """Ask before a key is exchanged: that can't be undone."""
    return key_page(act, FormState())


@router.post(
    "/terminals/{terminal_id}/keys", name="stores.terminal.key", status_code=201, response_model=TerminalKeyPage
)
@again(key_page)
def make_key(
    act: Annotated[Act, needs(Permission.STORES_EDIT, keyless="its answer is a secret, which isn't kept")],
    terminal_id: SmallRowId,
    body: NewKey | None = None,
) -> Response:
    """Make a till's new key and show it this once. The old one stops working, at once or after the hours asked for."""
    keep_old = dt.timedelta(hours=int(body.keep_old_hours) if body else 0)
    return _new_key(act, terminal_id, keep_old=keep_old, by_code=False)


@router.post(
    "/terminals/{terminal_id}/old-key-endings",
    name="stores.terminal.key.end",
    status_code=201,
    response_model=Terminal,
)
def end_old_key(act: Annotated[Act, needs(Permission.STORES_EDIT)], terminal_id: SmallRowId) -> Response:
    """End the key before the present one at once; browsers enter the new one, or a code."""
    till = commands.end_old_key(act.session, terminal_id, now=act.now, by=act.by)
    return act.done(Terminal(id=till.id, store_id=till.store_id, active=till.active), f"/stores/{till.store_id}")


@router.post(
    "/terminals/{terminal_id}/codes", name="stores.terminal.code", status_code=201, response_model=TerminalCodePage
)
def make_code(
    act: Annotated[Act, needs(Permission.TERMINALS_ENROL, keyless="its answer is a secret, which isn't kept")],
    terminal_id: SmallRowId,
) -> Response:
    """Make a code that turns one browser or machine into this till, once and within ten minutes."""
    till = queries.terminal(act.session, terminal_id)
    if not _in_own_store(act, till.store_id):
        raise NotFound(T("There is no such till."))
    code = passwords.new_code()
    commands.make_code(act.session, terminal_id, code_hash=passwords.token_hash(code), now=act.now, by=act.by)
    view = TerminalCodePage(
        id=till.id,
        store_id=till.store_id,
        number=till.number,
        name=till.name,
        code=code,
        minutes=commands.CODE_HOLDS // dt.timedelta(minutes=1),
    )
    return act.answer(view, "stores/code.html", status=201)


@router.post("/terminal-keys", name="stores.terminal.fetch_key", status_code=201, response_model=TerminalKeyPage)
def fetch_key(act: Annotated[Act, anyone("the one-time code is what is checked")], body: TerminalCode) -> Response:
    """Fetch a till's new key with a one-time code. The key before works for a day still."""
    return _new_key(act, terminal_of_code(act, body.code), keep_old=ROTATION, by_code=True)


def terminal_of_code(act: Act, typed: str) -> int:
    """The till that a one-time code is for; the code is used up. Raises Unauthenticated, counted at its place."""
    place, code = act.tried_from, passwords.typed_code(typed)
    tries.hold(act.session, place.scope, place, now=act.now)
    found = commands.use_code(act.session, passwords.token_hash(code), now=act.now) if code else None
    if found is None:
        raise tries.count_wrong_at(act.session, place, now=act.now, wrong=errors.unknown_code())
    return found


def _new_key(act: Act, terminal_id: int, *, keep_old: dt.timedelta, by_code: bool) -> Response:
    key = passwords.new_token("till")
    made = commands.exchange_key(
        act.session,
        terminal_id,
        key_hash=passwords.token_hash(key),
        now=act.now,
        by=SYSTEM if by_code else act.by,
        keep_old=keep_old,
    )
    view = TerminalKeyPage(
        id=made.id,
        store_id=made.store_id,
        number=made.number,
        name=made.name,
        key=key,
        old_key_until=made.old_key_until,
    )
    return act.answer(view, "stores/key.html", status=201)


def _in_own_store(act: Act, store_id: int) -> bool:
    only = act.by.only_store(Permission.TERMINALS_ENROL)
    return (act.by.store_id if only is None else only) in {None, store_id}
