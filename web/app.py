"""The application: its layers and its rooms."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from fastapi import FastAPI
from starlette.middleware.gzip import GZipMiddleware
from starlette.staticfiles import StaticFiles
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from web import openapi, refusals
from web.deps import Shop
from web.forms import BODY_LIMIT, UPLOAD_LIMIT, UPLOADS, FormsAsJson
from web.limits import Limit
from web.middleware import Surround
from web.routes import ROUTERS
from web.templating import STATIC

SECRETS_AT_ONCE = 2
"""So many passwords and PINs are checked at one moment; others wait without a thread and a connection."""


class KeptStatic(StaticFiles):
    """Static files; their addresses carry a hash of the content, so that browsers may keep them for a year."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def send_kept(message: Message) -> None:
            if message["type"] == "http.response.start" and b"v=" in scope["query_string"]:
                message["headers"].append((b"cache-control", b"public, max-age=31536000, immutable"))
            await send(message)

        await super().__call__(scope, receive, send_kept)


class Club(FastAPI):
    """FastAPI with our layer outside even of its answer to a crash, which needs the headers and the log's line too."""

    def build_middleware_stack(self) -> ASGIApp:
        return Surround(
            super().build_middleware_stack(),
            limit=BODY_LIMIT,
            larger=dict.fromkeys(UPLOADS, UPLOAD_LIMIT),
            requests=Limit(self.state.shop.settings.requests_per_minute),
            too_large=refusals.too_large,
            too_many=refusals.too_many,
            plain=refusals.plain,
            cross_site=refusals.cross_site,
        )


def create_app(shop: Shop, *, on_stop: Callable[[], None] = lambda: None) -> FastAPI:
    """The application over an open database; `on_stop` is called when the server stops."""

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        yield
        on_stop()

    app = Club(
        title="ERP Club",
        version="1",
        summary="Customer clubs for retail chains. Pages for people and JSON for machines at the same addresses.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
        redirect_slashes=False,
        # Our own layer logs and times; nobody here listens to what FastAPI would tell a tracer.
        telemetry={"tracing": False, "metrics": False, "logs": False},
        max_body_size=UPLOAD_LIMIT,
    )
    app.state.shop = shop
    app.state.turns = asyncio.Semaphore(SECRETS_AT_ONCE)
    # Included routers would have each route's models and dependencies built once more, at the first request that asks.
    app.router.routes.extend(route for router in ROUTERS for route in router.routes)
    app.mount("/static", KeptStatic(directory=STATIC), name="static")
    refusals.install(app)
    openapi.install(app)
    app.add_middleware(FormsAsJson, too_large=refusals.too_large)
    app.add_middleware(GZipMiddleware, minimum_size=500)
    return app
