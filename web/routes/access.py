"""Signing in and out, a browser becoming a till, and the language."""

from typing import Annotated, Literal

from fastapi import APIRouter
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.demo import story
from erp_club.organisation import commands as organisation
from erp_club.permissions import commands, errors, passwords, queries
from erp_club.permissions.catalog import Permission
from erp_club.permissions.kinds import Due
from erp_club.permissions.models import Staff
from erp_club.permissions.sessions import commands as sessions
from erp_club.permissions.tries import commands as tries
from web.cookies import LANGUAGE_COOKIE, SESSION_COOKIE, TERMINAL_COOKIE
from web.deps import Act, ActRoute, anyone, needs, wants_html
from web.fields import Body, Storable, Unsaid, Word
from web.forms import FormState
from web.paths import own_path
from web.refusals import again
from web.routes.second_steps import YEAR, Code, go_on
from web.routes.terminal_keys import terminal_of_code

router = APIRouter(route_class=ActRoute, tags=["access"])
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False), Storable]
Pin = Annotated[str, StringConstraints(pattern=r"^\d{4,8}$")]


class DemoLogin(BaseModel):
    """Somebody of the demo chain."""

    username: str
    name: str
    role: str


class DemoLogins(BaseModel):
    """Who may try the demo, all with the same password and PIN."""

    people: list[DemoLogin]
    password: str
    pin: str


class SignInPage(BaseModel):
    """What the page of signing in shows; logins only while the database is the demo's."""

    demo: DemoLogins | None


class TillSignOnPage(BaseModel):
    """What a till shows before somebody has signed on."""

    store: str
    terminal: str
    demo_logins: list[str]


class EnrolPage(BaseModel):
    """What a browser shows before it has become a till."""

    is_demo: bool


class SignIn(Body):
    """Signing in to the back office. A machine sends the authenticator app's `code` with it, where there is one."""

    username: Word
    password: Secret
    code: Annotated[Code | None, Unsaid] = None


class SignOn(Body):
    """Signing on at a till."""

    staff: Word
    pin: Pin


class TerminalKey(Body):
    """A till's key, or a one-time code, entered once in its browser."""

    key: Word


class StaffSession(BaseModel):
    """Somebody signed on. The token goes in X-Staff-Session; it is shown this once."""

    staff: str
    name: str
    role: str
    token: str = Field(description="Send it as X-Staff-Session with each request of this cashier.")


class Preferences(Body):
    """The reader's own choices."""

    language: Literal["he", "fi", "sv", "en"]
    next: Annotated[str, StringConstraints(max_length=500)] = "/"


def sign_in_page(act: Act, form: FormState) -> Response:
    """The page of signing in, with what was typed and what was wrong."""
    form.values.pop("password", None)
    people = [DemoLogin(username=username, name=name, role=role) for username, name, role in story.STAFF]
    demo = DemoLogins(people=people, password=story.PASSWORD, pin=story.PIN) if act.chain.is_demo else None
    return act.answer(SignInPage(demo=demo), "access/sign_in.html", form=form)


@router.get("/sign-in", name="access.sign_in", response_model=SignInPage)
def show_sign_in(act: Annotated[Act, anyone("one signs in here")]) -> Response:
    """The page of signing in."""
    return sign_in_page(act, FormState())


@router.post("/sign-in", name="access.sign_in.post", status_code=201, response_model=StaffSession)
@again(sign_in_page)
def sign_in(act: Annotated[Act, anyone("one signs in here", waits=True)], body: SignIn) -> Response:
    """Sign in with a password. Five wrong ones lock the name for a while (429).

    Somebody with a second factor sends its code too (401 `code-needed`); a browser is led to a page that asks for it.
    """
    entry = commands.sign_in(
        act.session,
        username=body.username,
        password=body.password,
        code=body.code,
        now=act.now,
        hours=act.settings.session_hours,
        place=act.tried_from,
    )
    if entry.due is not None and not wants_html(act.request):
        raise errors.code_needed() if entry.due is Due.CODE else errors.factor_missing()
    home, staff = go_on(act, entry), entry.staff
    return act.done(StaffSession(staff=staff.username, name=staff.name, role=staff.role, token=entry.token), home)


@router.post("/sign-out", name="access.sign_out", status_code=303)
def sign_out(act: Annotated[Act, needs(Permission.SELF, keyless="repeating it changes nothing")]) -> Response:
    """Sign out; at a till the next cashier may sign on."""
    if act.identity.session is not None:
        sessions.end_session(act.session, act.identity.session.id)
    act.set_cookie(SESSION_COOKIE, None)
    return act.see_other("/till" if act.identity.terminal else "/sign-in")


def sign_on_page(act: Act, form: FormState) -> Response:
    """The till before anybody has signed on; a browser that isn't a till is asked for its key."""
    form.values.pop("pin", None)
    form.values.pop("key", None)
    terminal = act.identity.terminal or act.identity.elsewhere
    if terminal is None:
        return act.answer(EnrolPage(is_demo=act.chain.is_demo), "till/enrol.html", form=form)
    view = TillSignOnPage(store=terminal.store_name, terminal=terminal.name, demo_logins=_demo_logins(act))
    return act.answer(view, "till/sign_on.html", form=form)


@router.post("/staff-sessions", name="access.staff_session", status_code=201, response_model=StaffSession)
@again(sign_on_page)
def sign_on(act: Annotated[Act, anyone("the till's key is asked for", waits=True)], body: SignOn) -> Response:
    """Sign on at a till by PIN. Five wrong ones lock the name's PIN for a while (429)."""
    # Whoever is signed in there by password and doesn't work there is no hindrance to who does.
    terminal = act.identity.terminal or act.identity.elsewhere
    if terminal is None:
        raise errors.not_signed_in() if not wants_html(act.request) else errors.no_terminal()
    staff, token = commands.sign_on(
        act.session,
        username=body.staff,
        pin=body.pin,
        terminal=terminal,
        now=act.now,
        hours=act.settings.session_hours,
    )
    if wants_html(act.request):
        _set_cookies(act, staff, token)
    return act.done(StaffSession(staff=staff.username, name=staff.name, role=staff.role, token=token), "/till")


@router.post("/terminal-enrolments", name="access.terminal_enrolment", status_code=303)
@again(sign_on_page)
def enrol(act: Annotated[Act, anyone("the till's key or code is what is checked")], body: TerminalKey) -> Response:
    """Make this browser a till, by the till's key or by a one-time code."""
    if passwords.typed_code(body.key) is not None:
        terminal_id = terminal_of_code(act, body.key)
    else:
        terminal_id = _terminal_of_key(act, body.key)
    token = passwords.new_token("browser")
    organisation.enrol_browser(
        act.session, terminal_id=terminal_id, token_hash=passwords.token_hash(token), now=act.now
    )
    act.set_cookie(TERMINAL_COOKIE, token, seconds=YEAR)
    return act.see_other("/till")


def _terminal_of_key(act: Act, key: str) -> int:
    place = act.tried_from
    tries.hold(act.session, place.scope, place, now=act.now)
    identity = queries.identify(
        act.session,
        staff_token_hash=None,
        terminal_key_hash=passwords.token_hash(key),
        enrolment_hash=None,
        now=act.now,
    )
    if identity is None or identity.terminal is None:
        raise tries.count_wrong_at(act.session, place, now=act.now, wrong=errors.unknown_terminal_key())
    return identity.terminal.id


@router.post("/preferences", name="access.preferences", status_code=303)
def preferences(act: Annotated[Act, anyone("a visitor chooses the language too")], body: Preferences) -> Response:
    """Choose the language, in this browser and for the person who is signed in."""
    act.set_cookie(LANGUAGE_COOKIE, body.language, seconds=YEAR)
    if act.by.staff_id is not None:
        commands.set_language(act.session, act.by.staff_id, language=body.language)
    return act.see_other(own_path(body.next))


def _set_cookies(act: Act, staff: Staff, token: str) -> None:
    act.set_cookie(SESSION_COOKIE, token, seconds=act.settings.session_hours * 3600)
    if staff.language is not None:
        act.set_cookie(LANGUAGE_COOKIE, staff.language, seconds=YEAR)


def _demo_logins(act: Act) -> list[str]:
    return [username for username, _, _ in story.STAFF] if act.chain.is_demo else []
