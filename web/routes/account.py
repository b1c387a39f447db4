"""One's own account: where one is signed in, the password, the PIN and the second factor."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.kernel.errors import Conflict
from erp_club.kernel.text import T
from erp_club.permissions import commands, errors, queries
from erp_club.permissions.catalog import Permission
from erp_club.permissions.factors import commands as factors
from erp_club.permissions.factors.codes import Means
from erp_club.permissions.factors.queries import factor_of
from erp_club.permissions.queries import SessionFacts
from erp_club.permissions.sessions import commands as sessions
from erp_club.permissions.sessions.queries import own_sessions
from web.cookies import SESSION_COOKIE
from web.deps import Act, ActRoute, needs
from web.fields import Body, RowId, Storable
from web.forms import FormState
from web.refusals import again
from web.routes.second_steps import CodeBody, Enrolment, RecoveryCodes, enrolment
from web.views.browsers import browser_of

router = APIRouter(route_class=ActRoute, tags=["account"])
SECRET = "its body or its answer is a secret, which isn't kept"  # noqa: S105 - a reason
NOTHING_TWICE = "repeating it changes nothing"
Own = Annotated[Act, needs(Permission.SELF)]
Typed = Annotated[str, StringConstraints(min_length=1, max_length=1000, strip_whitespace=False), Storable]
Secretly = Annotated[Act, needs(Permission.SELF, keyless=SECRET)]
Proven = Annotated[Act, needs(Permission.SELF, keyless=SECRET, fresh=True)]


class SessionLine(BaseModel):
    """A session of one's own: at a till, or in a browser at an address of the network. `this` is the one that asks."""

    id: int
    this: bool
    store: str | None
    till_number: int | None
    till: str | None
    address: str | None
    browser: str | None
    started_at: dt.datetime
    seen_at: dt.datetime


class AccountPage(BaseModel):
    """One's own account. `by_pin` is a session at a till, which changes the PIN only."""

    username: str
    by_pin: bool
    has_password: bool
    has_pin: bool
    second_factor: bool
    second_factor_asked: bool
    recovery_codes_left: int
    sessions: list[SessionLine]


class OwnPassword(Body):
    """One's password as it is, and as it is to be: 8 characters or more."""

    current: Typed
    password: Typed


class OwnPin(Body):
    """One's PIN as it is to be, 4 to 8 digits; `current` is the PIN at a till, else the password."""

    current: Typed
    pin: Typed


def _session(act: Act) -> SessionFacts:
    known = act.identity.session
    if known is None:
        raise errors.not_signed_in()
    return known


def _office(act: Act) -> int:
    """Whose account it is, in a session with a password. Raises Conflict at a till: a PIN is no password."""
    if _session(act).by_pin:
        raise Conflict(T("Do this in the back office, signed in with your password."), code="office-only")
    return act.by.staff_id or 0


def _view(act: Act) -> AccountPage:
    known, staff_id = _session(act), act.by.staff_id or 0
    person = queries.own_row(act.session, staff_id, now=act.now)
    factor = factor_of(act.session, staff_id)
    return AccountPage(
        username=person.username,
        by_pin=known.by_pin,
        has_password=person.has_password,
        has_pin=person.has_pin,
        second_factor=factor.has,
        second_factor_asked=factor.asked,
        recovery_codes_left=factor.codes_left,
        sessions=[
            SessionLine(
                id=row.id, this=row.id == known.id, store=row.store, till_number=row.till_number, till=row.till,
                address=row.address, browser=browser_of(row.agent), started_at=row.started_at, seen_at=row.seen_at,
            )
            for row in own_sessions(act.session, staff_id, now=act.now)
        ],
    )  # fmt: skip


def account_page(act: Act, form: FormState) -> Response:
    """The page, without the secrets that were typed."""
    for secret in ("current", "password", "pin"):
        form.values.pop(secret, None)
    return act.answer(_view(act), "account/account.html", form=form)


@router.get("/account", name="account", response_model=AccountPage)
def account(act: Own) -> Response:
    """One's own account."""
    return account_page(act, FormState())


@router.delete("/account/sessions/{session_id}", name="account.sessions.end", response_model=AccountPage)
@again(account_page)
def end_session(act: Annotated[Act, needs(Permission.SELF, keyless=NOTHING_TWICE)], session_id: RowId) -> Response:
    """Sign out one of one's own sessions; it ends at its next request."""
    sessions.end_own(act.session, session_id, now=act.now, by=act.by)
    if session_id == _session(act).id:
        act.set_cookie(SESSION_COOKIE, None)
        return act.see_other("/sign-in")
    return act.done(_view(act), "/account", status=200)


@router.post("/account/sign-outs", name="account.sign_out", status_code=303)
def sign_out(act: Annotated[Act, needs(Permission.SELF, keyless=NOTHING_TWICE)]) -> Response:
    """Sign out everywhere, here too."""
    commands.sign_out_everywhere(act.session, act.by.staff_id or 0, now=act.now, by=act.by)
    act.set_cookie(SESSION_COOKIE, None)
    return act.see_other("/till" if act.identity.terminal else "/sign-in")


@router.post("/account/passwords", name="account.password", status_code=201, response_model=AccountPage)
@again(account_page)
def set_password(act: Secretly, body: OwnPassword) -> Response:
    """Change one's password; all other sessions end. A wrong present one is counted with those of signing in."""
    staff_id = _office(act)
    _show(act, Means.PASSWORD, body.current)
    commands.set_own_password(
        act.session, staff_id, password=body.password, this=_session(act).id, now=act.now, by=act.by
    )
    return act.done(_view(act), "/account")


@router.post("/account/pins", name="account.pin", status_code=201, response_model=AccountPage)
@again(account_page)
def set_pin(act: Secretly, body: OwnPin) -> Response:
    """Change one's PIN; the sessions at other tills end."""
    known = _session(act)
    _show(act, Means.PIN if known.by_pin else Means.PASSWORD, body.current)
    commands.set_own_pin(act.session, act.by.staff_id or 0, pin=body.pin, this=known.id, now=act.now, by=act.by)
    return act.done(_view(act), "/account")


def _show(act: Act, means: Means, typed: str) -> None:
    staff_id = act.by.staff_id or 0
    if not sessions.shows(act.session, staff_id, means, typed, place=act.tried_from, now=act.now):
        wrong = errors.wrong_own(means)
        act.refuse_after_commit(
            sessions.counted_wrong(act.session, staff_id, means, wrong, place=act.tried_from, now=act.now)
        )


def set_up_page(act: Act, form: FormState) -> Response:
    """What to scan; without a secret that waits, one's account."""
    form.values.pop("code", None)
    view = enrolment(act, _office(act), act.identity.username or "", "/account/second-factor")
    return act.see_other("/account") if view is None else act.answer(view, "access/set_up.html", form=form)


@router.post("/account/second-factors", name="account.factor.begin", status_code=303)
@again(account_page)
def begin(act: Proven) -> Response:
    """Begin to set up a second factor; one that is in force holds until the new one is confirmed."""
    factors.begin(act.session, _office(act))
    return act.see_other("/account/second-factor")


@router.get("/account/second-factor", name="account.factor", response_model=Enrolment)
def show_factor(act: Annotated[Act, needs(Permission.SELF, fresh=True)]) -> Response:
    """What to scan with the authenticator app, until its first code is entered."""
    return set_up_page(act, FormState())


@router.post("/account/second-factor", name="account.factor.confirm", status_code=201, response_model=RecoveryCodes)
@again(set_up_page)
def confirm(act: Proven, body: CodeBody) -> Response:
    """Put the second factor in force by its first code; the other sessions end."""
    staff_id = _office(act)
    made = factors.confirm(act.session, staff_id, body.code, now=act.now, by=act.by)
    sessions.end_sessions(act.session, staff_id, but=_session(act).id)
    return act.answer(RecoveryCodes(codes=made, next="/account"), "access/recovery_codes.html", status=201)


@router.delete("/account/second-factor", name="account.factor.off", response_model=AccountPage)
@again(account_page)
def switch_off(act: Proven) -> Response:
    """Do without a second factor, where one's role doesn't ask for one."""
    factors.switch_off(act.session, _office(act), now=act.now, by=act.by)
    return act.done(_view(act), "/account", status=200)


@router.post("/account/recovery-codes", name="account.recovery", status_code=201, response_model=RecoveryCodes)
@again(account_page)
def renew_codes(act: Proven) -> Response:
    """New recovery codes; those before hold no longer."""
    made = factors.renew_recovery_codes(act.session, _office(act), now=act.now, by=act.by)
    return act.answer(RecoveryCodes(codes=made, next="/account"), "access/recovery_codes.html", status=201)
