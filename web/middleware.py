"""Around every request: its id, its language, the cross-site guard, the headers, one line in the log."""

import re
import secrets
import time
from collections.abc import Mapping

import structlog
from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import i18n
from web.limits import Limit
from web.security import (
    HSTS,
    SECURITY_HEADERS,
    cookie_name,
    is_cross_site,
    is_plain_from_elsewhere,
    is_secure,
    sender,
)

log = structlog.get_logger("web")
_REQUEST_ID = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9._-]{8,64}")
# Digits alone may be the number of somebody, which no log is to tell.


class Surround:
    """The outermost layer; it never reads a body, and logs neither names, numbers, queries nor bodies.

    `too_large` answers a request whose body is said to be longer than `limit`, or than `larger` says for its address;
    `too_many` one of a sender that sends more than `requests` lets through; `plain` one that must come over HTTPS,
    `cross_site` a write that another site may have sent.
    """

    def __init__(
        self,
        app: ASGIApp,
        *,
        limit: int,
        larger: Mapping[str, int],
        requests: Limit,
        too_large: ASGIApp,
        too_many: ASGIApp,
        plain: ASGIApp,
        cross_site: ASGIApp,
    ) -> None:
        self.app = app
        self.limit = limit
        self.larger = larger
        self.requests = requests
        self.too_large = too_large
        self.too_many = too_many
        self.plain = plain
        self.cross_site = cross_site

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        if scope["method"] == "HEAD":
            # Whatever answers GET answers HEAD (RFC 9110, 9.3.2); the server, which knows better, sends no body.
            scope = {**scope, "method": "GET"}
        headers = Headers(scope=scope)
        began = time.perf_counter()
        offered = headers.get("x-request-id", "")
        request_id = offered if _REQUEST_ID.fullmatch(offered) else secrets.token_hex(8)
        chosen = cookie_parser(headers.get("cookie", "")).get(cookie_name("language", secure=is_secure(scope)))
        language = i18n.choose(chosen, headers.get("accept-language", ""))
        i18n.LANGUAGE.set(language)
        scope["state"] = {**scope.get("state", {}), "request_id": request_id}
        status = 500

        async def send_surrounded(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                _finish(MutableHeaders(scope=message), scope, time.perf_counter() - began)
            await send(message)

        try:
            who = sender(scope)
            wait = self.requests.wait(who, began) if who else 0.0
            if is_plain_from_elsewhere(scope):
                await self.plain(scope, receive, send_surrounded)
            elif wait:
                scope["state"]["wait"] = wait
                await self.too_many(scope, receive, send_surrounded)
            elif is_cross_site(scope["method"], headers):
                await self.cross_site(scope, receive, send_surrounded)
            elif int(headers.get("content-length", 0)) > self.larger.get(scope["path"], self.limit):
                await self.too_large(scope, receive, send_surrounded)
            else:
                await self.app(scope, receive, send_surrounded)
        finally:
            _log(scope, status, request_id, time.perf_counter() - began)
            # What it keeps speaks of the request, which keeps it: let go, all of it is freed now, and else once the
            # garbage collector has looked through the requests of a whole second.
            scope["state"].clear()


def _finish(headers: MutableHeaders, scope: Scope, seconds: float) -> None:
    for name, value in SECURITY_HEADERS.items():
        headers.setdefault(name, value)
    if is_secure(scope):
        headers["Strict-Transport-Security"] = HSTS
    headers["X-Request-ID"] = scope["state"]["request_id"]
    headers["Server-Timing"] = f"app;dur={seconds * 1000:.1f}"
    if not scope["path"].startswith("/static/"):
        headers.setdefault("Cache-Control", "no-store")
        headers.add_vary_header("Accept, HX-Request, Cookie, Accept-Language")


def _log(scope: Scope, status: int, request_id: str, seconds: float) -> None:
    route = scope.get("route")
    log.info(
        "request",
        method=scope["method"],
        route=getattr(route, "path", "static" if scope["path"].startswith("/static/") else "-"),
        status=status,
        ms=round(seconds * 1000, 1),
        request_id=request_id,
        staff=scope["state"].get("staff_id"),
        terminal=scope["state"].get("terminal_id"),
    )
