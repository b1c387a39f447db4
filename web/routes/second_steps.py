"""The second step of signing in, and showing once more who one is."""

from typing import Annotated

from fastapi import APIRouter
from pydantic import BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.kernel.errors import Refused
from erp_club.permissions import commands, errors, passwords, queries
from erp_club.permissions.catalog import Permission
from erp_club.permissions.commands import Entry
from erp_club.permissions.factors import codes
from erp_club.permissions.factors.queries import new_secret_of
from erp_club.permissions.kinds import Due
from erp_club.permissions.sessions import commands as sessions
from web.codes import qr
from web.cookies import LANGUAGE_COOKIE, SESSION_COOKIE, STEP_COOKIE, cookie
from web.declared import FRESH_FOR
from web.deps import Act, ActRoute, anyone, needs
from web.fields import Body, Storable
from web.forms import FormState
from web.paths import Next, own_path
from web.refusals import again

router = APIRouter(route_class=ActRoute, tags=["access"])
Code = Annotated[str, StringConstraints(min_length=1, max_length=40), Storable]
Secret = Annotated[str, StringConstraints(min_length=1, max_length=200, strip_whitespace=False), Storable]
YEAR = 365 * 24 * 3600
STEP = "the password was shown a moment ago"


class SecondStep(BaseModel):
    """Whose code is asked for."""

    username: str


class Enrolment(BaseModel):
    """A secret that waits for its first code: as it is typed, and as the QR code that an app reads. Told until then."""

    username: str
    secret: str
    image: str
    url: str


class CodeBody(Body):
    """A code of the authenticator app, or a recovery code."""

    code: Code


class RecoveryCodes(BaseModel):
    """Codes that each stand once for one of the app, told this once; `next` is where to go on."""

    codes: list[str]
    next: str


class Proof(Body):
    """A code of the app, where the person has a second factor; else their password, or at a till their PIN."""

    proof: Secret
    next: Next = "/"


class Proven(BaseModel):
    """For how long the person isn't asked again, and where to go on."""

    seconds: int
    next: str


def go_on(act: Act, entry: Entry) -> str:
    """Hand over the session that somebody has opened, or the step that is due; gives where they go on."""
    if entry.due is not None:
        act.set_cookie(STEP_COOKIE, entry.token, seconds=int(sessions.STEP_FOR.total_seconds()))
        return "/sign-in/code" if entry.due is Due.CODE else "/sign-in/second-factor"
    if cookie(act.request, STEP_COOKIE) is not None:
        act.set_cookie(STEP_COOKIE, None)
    act.set_cookie(SESSION_COOKIE, entry.token, seconds=act.settings.session_hours * 3600)
    if entry.staff.language is not None:
        act.set_cookie(LANGUAGE_COOKIE, entry.staff.language, seconds=YEAR)
    return "/" if queries.may_office(act.session, entry.staff.role) else "/till"


def _step(act: Act) -> bytes:
    return passwords.token_hash(cookie(act.request, STEP_COOKIE) or "")


def _whose(act: Act) -> str | None:
    """Whose step this is; None where it is over."""
    try:
        return sessions.held_step(act.session, _step(act), now=act.now)[1].username
    except Refused:
        return None


def code_page(act: Act, form: FormState) -> Response:
    """The page that asks for the code; where the step is over, that of signing in."""
    form.values.pop("code", None)
    username = _whose(act)
    if username is None:
        return act.see_other("/sign-in")
    return act.answer(SecondStep(username=username), "access/code.html", form=form)


@router.get("/sign-in/code", name="access.code", response_model=SecondStep)
def show_code(act: Annotated[Act, anyone(STEP)]) -> Response:
    """The second step of signing in."""
    return code_page(act, FormState())


@router.post("/sign-in/codes", name="access.code.post", status_code=303)
@again(code_page)
def enter_code(act: Annotated[Act, anyone(STEP, waits=True)], body: CodeBody) -> Response:
    """Enter the code. Wrong ones are counted with wrong passwords: five lock the name for a while (429)."""
    entry = commands.enter_code(
        act.session,
        step=_step(act),
        code=body.code,
        now=act.now,
        hours=act.settings.session_hours,
        place=act.tried_from,
    )
    return act.see_other(go_on(act, entry))


def set_up_page(act: Act, form: FormState) -> Response:
    """The page on which somebody sets up the second factor that their role asks for."""
    form.values.pop("code", None)
    try:
        _, staff = sessions.held_step(act.session, _step(act), now=act.now)
    except Refused:
        return act.see_other("/sign-in")
    view = enrolment(act, staff.id, staff.username, "/sign-in/second-factors")
    return act.see_other("/sign-in") if view is None else act.answer(view, "access/set_up.html", form=form)


def enrolment(act: Act, staff_id: int, username: str, url: str) -> Enrolment | None:
    """The secret that waits for its first code, which `url` takes; None where none waits."""
    secret = new_secret_of(act.session, staff_id)
    if secret is None:
        return None
    image = qr(codes.address(secret, username=username, chain=act.chain.name))
    spaced = " ".join(secret[at : at + 4] for at in range(0, len(secret), 4))
    return Enrolment(username=username, secret=spaced, image=image, url=url)


@router.get("/sign-in/second-factor", name="access.set_up", response_model=Enrolment)
def show_set_up(act: Annotated[Act, anyone(STEP)]) -> Response:
    """What to scan with the authenticator app, at the first sign-in in a role that asks for it."""
    return set_up_page(act, FormState())


@router.post("/sign-in/second-factors", name="access.set_up.post", status_code=201, response_model=RecoveryCodes)
@again(set_up_page)
def set_up(act: Annotated[Act, anyone(STEP, waits=True)], body: CodeBody) -> Response:
    """Put the second factor in force by its first code, and sign in."""
    entry, made = commands.set_up_factor(
        act.session,
        step=_step(act),
        code=body.code,
        now=act.now,
        hours=act.settings.session_hours,
        place=act.tried_from,
    )
    view = RecoveryCodes(codes=made, next=go_on(act, entry))
    return act.answer(view, "access/recovery_codes.html", status=201)


@router.post("/proofs", name="access.proof", status_code=201, response_model=Proven)
def prove(
    act: Annotated[Act, needs(Permission.SELF, keyless="it carries a secret, and repeating it does no harm")],
    body: Proof,
) -> Response:
    """Show once more who one is: for some minutes nothing asks `proof-needed`. Wrong ones count as in signing in."""
    if act.identity.session is None:
        raise errors.not_signed_in()
    known = act.identity.session
    try:
        sessions.prove(act.session, known.id, body.proof, place=act.tried_from, now=act.now)
    except Refused as wrong:
        if wrong.counts:
            act.refuse_after_commit(wrong)
        raise
    view = Proven(seconds=int(FRESH_FOR.total_seconds()), next=own_path(body.next))
    return act.answer(view, "access/proven.html", status=201)
