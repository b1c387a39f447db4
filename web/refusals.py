"""Refusals as answers: problem+json (RFC 9457) for a machine, the form again or a page for a person, same status."""

import datetime as dt
import math
from collections.abc import Callable
from http import HTTPStatus
from typing import Any, TypeVar

import psycopg
import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from sqlalchemy.exc import OperationalError
from starlette.exceptions import HTTPException
from starlette.responses import JSONResponse, Response
from starlette.types import Receive, Scope, Send

from erp_club.kernel import idempotency
from erp_club.kernel.errors import FieldError, Forbidden, Invalid, NotFound, Refused, Throttled, Unavailable
from erp_club.kernel.text import T, Text
from web import afterwards, templating
from web.asked import here, is_htmx, wants_html
from web.deps import Act, Replay, begin, instead, shop
from web.forms import PROOFS, UPLOADS, FormState, fields_of
from web.i18n import say
from web.keys import approvals_of, kept_answer
from web.lists import LongFile
from web.messages import words_of
from web.paths import own_path
from web.views.approvals import ask_page, asked_for, send_of
from web.views.exports import written_later
from web.views.proofs import who_page

log = structlog.get_logger("web")
Page = Callable[[Act, FormState], Response]
_Route = TypeVar("_Route", bound=Callable[..., Response])


def again(page: Page) -> Callable[[_Route], _Route]:
    """Name the function that draws a route's form, so that a person who is refused gets it back as it was typed."""

    def mark(route: _Route) -> _Route:
        route.again = page  # type: ignore[attr-defined]
        return route

    return mark


def install(app: FastAPI) -> None:
    """Let the app answer every refusal."""
    app.add_exception_handler(Replay, _replayed)
    app.add_exception_handler(LongFile, _long_file)
    app.add_exception_handler(Refused, _refused)
    app.add_exception_handler(RequestValidationError, _invalid)
    app.add_exception_handler(HTTPException, _http)
    app.add_exception_handler(OperationalError, _database_gone)
    app.add_exception_handler(Exception, _crashed)


def _replayed(_request: Request, error: Exception) -> Response:
    assert isinstance(error, Replay)
    return error.response


def _long_file(request: Request, _error: Exception) -> Response:
    """A worker writes the file; whoever asked goes to where it can be fetched."""
    return instead(request, written_later)


def _refused(request: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)
    return refuse(request, error)


def _invalid(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    if any(each["loc"][:1] == ("path",) for each in error.errors()):
        return refuse(request, _nothing_here())
    return refuse(request, Invalid([_field_error(each) for each in error.errors()]))


def _http(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    refused: Refused = _nothing_here()
    if error.status_code != HTTPStatus.NOT_FOUND:
        refused = Refused(_STATUS_TEXTS.get(error.status_code, T("The request can't be read.")), code="bad-request")
        refused.status = error.status_code
    response = refuse(request, refused)
    for name, value in (error.headers or {}).items():
        response.headers[name] = value
    return response


def _nothing_here() -> NotFound:
    return NotFound(T("There is nothing at this address."), code="not-found")


_STATUS_TEXTS: dict[int, Text] = {
    405: T("This address doesn't take such a request."),
    413: T("The request is too large."),
}


def _database_gone(request: Request, error: Exception) -> Response:
    assert isinstance(error, OperationalError)
    if isinstance(error.orig, psycopg.errors.QueryCanceled):
        return _too_long(request)
    if isinstance(error.orig, psycopg.errors.DiskFull):
        log.error("disk full", request_id=request.state.request_id)
        full = T("The disk that holds the database is full. Make room there, then try again.")
        return refuse(request, Unavailable(full, code="database-disk-full"))
    log.warning("database gone", request_id=request.state.request_id)
    gone = Unavailable(T("The database can't be reached now. Send the same request again."), code="database-gone")
    return refuse(request, gone)


def _too_long(request: Request) -> Response:
    """A file is written by a worker, which nobody waits for; of a page it is said that it takes too long."""
    log.warning("took too long", request_id=request.state.request_id, path=request.url.path)
    if isinstance(request.path_params.get("suffix"), str) and request.method == "GET":
        return instead(request, written_later)
    told = T("This takes too long to wait for. Choose fewer days, or narrow it in another way.")
    facts: dict[str, object] = {}
    # The file of a page has the page's address with a suffix.
    path = f"{request.scope['route'].path}.{{suffix}}"
    if any(getattr(route, "path", None) == path for route in request.app.routes):
        told = T(
            "This takes too long to wait for. Choose fewer days, or take a file, which is written in the background."
        )
        query = f"?{request.url.query}" if request.url.query else ""
        facts |= {suffix: f"{request.url.path}.{suffix}{query}" for suffix in ("csv", "xlsx")}
    error = Refused(told, code="takes-too-long", facts=facts)
    error.status = HTTPStatus.GATEWAY_TIMEOUT.value
    return refuse(request, error)


def _crashed(request: Request, _error: Exception) -> Response:
    # The only place that sees a bug's exception; it is logged by the server with its trace, not swallowed here.
    crash = Refused(
        T("Something went wrong on our side. Nothing was changed. Tell support the request's number."), code="crash"
    )
    crash.status = 500
    return _render(request, crash, FormState())


async def too_large(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a request whose body is longer than any of ours."""
    error = Refused(_STATUS_TEXTS[413], code="too-large")
    error.status = 413
    await _render(Request(scope), error, FormState())(scope, receive, send)


async def too_many(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a sender that sends more requests than anybody needs."""
    seconds = math.ceil(scope["state"]["wait"])
    error = Throttled(
        T("Too many requests come from here. Send this one again in %(seconds)s s.", seconds=seconds),
        retry_after=seconds,
        code="too-many-requests",
    )
    await _render(Request(scope), error, FormState())(scope, receive, send)


async def cross_site(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer a write that another site's page may have sent."""
    error = Forbidden(
        T("This wasn't sent from one of our own pages (Origin, Sec-Fetch-Site). Open the page here and send it again."),
        code="cross-site",
    )
    await _render(Request(scope), error, FormState())(scope, receive, send)


async def plain(scope: Scope, receive: Receive, send: Send) -> None:
    """Answer what came from another machine over plain HTTP."""
    error = Forbidden(
        T(
            "Pages and keys don't travel unprotected. Open this address with https; whoever runs the server names the "
            "proxy that does that in ERP_CLUB_PROXIES."
        ),
        code="https-needed",
    )
    await _render(Request(scope), error, FormState())(scope, receive, send)


def refuse(request: Request, error: Refused) -> Response:
    """Answer a refusal; a refused write is kept under its key, so that its repeat is refused alike."""
    form = getattr(request.state, "form", None) or FormState()
    form.facts = error.facts
    for each in error.fields:
        form.errors.setdefault(each.field, []).append(say(each.text))
    if not error.fields:
        form.errors.setdefault("", []).append(say(error.text))
    page: Page | None = getattr(getattr(request.scope.get("route"), "endpoint", None), "again", None)
    # Who wasn't let in doesn't get to see the form, which may hold what is stored.
    of_form = error.status in _FORM_AGAIN or (error.status == HTTPStatus.NOT_FOUND and error.fields)
    shown = of_form and getattr(request.state, "may_see_form", False)
    if error.status == HTTPStatus.PERMANENT_REDIRECT:
        return _led_on(request, error)
    if error.code in _ASKS_WHO or (error.code == "sign-in-locked" and _shows_who(request)):
        # Nor this: the same request, under the same key, goes on once the person has shown who they are.
        if wants_html(request):
            return _put_before_oneself(request, error, form)
        return _render(request, error, form)
    if error.code == "approval-required" and wants_html(request) and "approval" in error.facts:
        # Not kept under the key: it holds what was typed, PINs among it, and goes on under a fresh one.
        return _put_before_another(request, error, form)
    if page is not None and wants_html(request) and shown:
        response = _form_again(request, page, form, error.status)
    elif wants_html(request) and error.status == HTTPStatus.UNAUTHORIZED and not is_htmx(request):
        at_till = getattr(request.state, "terminal_id", None) is not None
        if form.values and not at_till and request.url.path not in UPLOADS:
            return _kept_until_signed_in(request, error, form)
        return Response(b"", 303, {"Location": "/till" if at_till else "/sign-in"})
    elif wants_html(request) and error.status == HTTPStatus.FORBIDDEN and getattr(request.state, "otherwise", ""):
        return Response(b"", 303, {"Location": request.state.otherwise})
    else:
        response = _render(request, error, form)
    keep_refusal(request, response)
    return response


_ASIDE = {"HX-Retarget": "#toasts", "HX-Reswap": "innerHTML", "HX-Push-Url": "false"}
_NOT_KEPT = frozenset({"id_number", "id_zone"})


def keep_refusal(request: Request, response: Response) -> None:
    """Keep the refusal of a write under its key, so that its repeat is refused alike; its own transaction is gone."""
    key = getattr(request.state, "key", None)
    form = getattr(request.state, "form", None)
    if form is not None and not _NOT_KEPT.isdisjoint(form.values):
        return  # the form that comes back shows what was typed, which stands nowhere in the clear
    if key is None or response.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
        return
    answer, now = kept_answer(response), dt.datetime.now(dt.UTC)
    afterwards.do(shop(request).database, [lambda later: idempotency.keep_refusal(later, key, answer, now=now)])


_ASKS_WHO = frozenset({"proof-needed", "proof-wrong"})


def _shows_who(request: Request) -> bool:
    """Whether what was sent is somebody's answer to being asked who they are, with what they had typed before."""
    return bool(getattr(request.state, "proof", "")) or request.url.path == PROOFS


def _put_before_oneself(request: Request, error: Refused, form: FormState) -> Response:
    """The dialog that asks who somebody is once more; it carries along what was asked for, as it was typed."""
    url, method = request.url.path + (f"?{request.url.query}" if request.url.query else ""), request.method
    if url == PROOFS:  # a wrong one, on the way to something that is read
        url, method = own_path(str(form.values.get("next", ""))), "GET"
    with shop(request).database.session() as session:
        act = begin(request, session)
        wrong = {} if error.code == "proof-needed" else {"proof": [say(error.text)]}
        asked = FormState(values=form.values | _approved(request), errors=wrong)
        response = who_page(act, asked, url=url, method=method)
    response.status_code = error.status
    return response


def _put_before_another(request: Request, error: Refused, form: FormState) -> Response:
    """The dialog in which somebody else approves it; it carries the form along that is sent again afterwards."""
    send = send_of(request.url.path, request.method, form.values | _approved(request))
    asked = FormState(values=asked_for(error.facts["approval"]) | {"send": send}, errors=form.errors)
    with shop(request).database.session() as session:
        response = ask_page(begin(request, session), asked)
    response.status_code = error.status
    return response


def _approved(request: Request) -> dict[str, list[str]]:
    """What was approved of a form before it met the next question: all that it needs has to come with it at once."""
    return {"approval_token": approvals_of(request)}


def _kept_until_signed_in(request: Request, error: Refused, form: FormState) -> Response:
    """The page that holds what was typed, and sends it again, of somebody who was signed out meanwhile."""
    page = templating.draw(
        "access/ended.html",
        told=say(error.text),
        url=request.url.path + (f"?{request.url.query}" if request.url.query else ""),
        method=request.method,
        fields=[each for each in fields_of(form.values) if "password" not in each[0] and each[0] != "pin"],
        chain=getattr(request.app.state, "chain", templating.NO_CHAIN),
        here="/",
    )
    return Response(page, error.status, media_type="text/html; charset=utf-8")


_FORM_AGAIN = frozenset({400, 401, 403, 409, 422, 429})
"""And 404 where it is what was typed into a field that isn't there."""


def _led_on(request: Request, error: Refused) -> Response:
    """To the customer that the one of the address became; the same request, under the same key, is taken there."""
    was, living = request.path_params.get("customer_id"), error.facts["customer_id"]
    path = request.url.path.replace(f"/customers/{was}", f"/customers/{living}", 1)
    response = _render(request, error, FormState())
    response.headers["Location"] = f"{path}?{request.url.query}" if request.url.query else path
    return response


def _form_again(request: Request, page: Page, form: FormState, status: int) -> Response:
    # The refused transaction is gone; the form is drawn in one of its own, which writes nothing.
    with shop(request).database.session() as session:
        try:
            response = page(begin(request, session), form)
        except Refused as other:  # what the form is about is gone
            return _render(request, other, form)
    if response.status_code == HTTPStatus.OK:  # a page function may also lead somewhere else
        response.status_code = status
    return response


def _render(request: Request, error: Refused, form: FormState) -> Response:
    if wants_html(request):
        told = list(dict.fromkeys(say(each.text) for each in error.fields)) or [say(error.text)]
        values: dict[str, Any] = {
            "error": error, "told": told, "here": here(request), "form": form, "request_id": request.state.request_id,
            "chain": getattr(request.app.state, "chain", templating.NO_CHAIN),
        }  # fmt: skip
        name = "_refusal.html" if is_htmx(request) else "refusal.html"
        # What is offered instead stays over the page, which stays as it is.
        aside = _ASIDE if is_htmx(request) and "xlsx" in error.facts else None
        return Response(templating.draw(name, **values), error.status, aside, media_type="text/html; charset=utf-8")
    status = HTTPStatus(error.status)
    body = {
        "type": f"/problems/{error.code}",
        "title": status.phrase,
        "status": error.status,
        "code": error.code,
        "detail": say(error.text),
        "request_id": request.state.request_id,
        **error.facts,
    }
    if error.fields:
        body["errors"] = [{"field": each.field, "message": say(each.text)} for each in error.fields]
    headers = {"WWW-Authenticate": "Bearer"} if error.status == HTTPStatus.UNAUTHORIZED else {}
    if error.status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = "1"
    if isinstance(error, Throttled):
        headers["Retry-After"] = str(error.retry_after)
    return JSONResponse(body, error.status, headers, media_type="application/problem+json")


def _field_error(error: dict[str, Any]) -> FieldError:
    path = ""
    for step in error["loc"][1:] if error["loc"] and error["loc"][0] in _PLACES else error["loc"]:
        path += f"[{step}]" if isinstance(step, int) and error["loc"][0] == "body" else f"{'.' if path else ''}{step}"
    return FieldError(path if error["type"] != "json_invalid" else "", words_of(error))


_PLACES = frozenset({"body", "query", "path", "header", "cookie"})
