"""Writing a long file: the request that asked for it is done again in the worker, in its asker's name and language."""

import asyncio
import functools
import secrets
from collections.abc import Callable
from contextvars import copy_context
from urllib.parse import quote

from starlette.types import ASGIApp, Message, Scope

from erp_club.jobs.exports.writing import Written, write_with
from erp_club.kernel import db
from erp_club.kernel.settings import Settings
from web.lists import WRITING, Writing

_KEPT = ("content-type", "content-disposition")


def install(settings: Settings) -> None:
    """Let this process write long files, over connections of its own."""
    write_with(functools.partial(write, functools.cache(lambda: _app(settings))))


def _app(settings: Settings) -> ASGIApp:
    from web.app import create_app  # what a worker needs only once somebody asks for a file
    from web.deps import Shop

    return create_app(Shop(db.connect(settings), settings))


def write(
    app: Callable[[], ASGIApp], *, staff_id: int, path: str, query: str, language: str, put: Callable[[bytes], None],
    told: Callable[[int], None],
) -> Written:  # fmt: skip
    """Ask the app for the file, and hand its answer on piece by piece; what isn't a file is only told of."""
    counted, size = 0, 0

    def count(rows: int) -> None:
        nonlocal counted
        counted = rows
        told(rows)

    start: Message = {}

    async def send(message: Message) -> None:
        nonlocal size
        if message["type"] == "http.response.start":
            start.update(message)
        elif start["status"] == 200:
            put(message.get("body", b""))
            size += len(message.get("body", b""))

    asked = False

    async def receive() -> Message:
        nonlocal asked
        if asked:
            await asyncio.Event().wait()  # whoever asks doesn't go away before the answer is whole
        asked = True
        return {"type": "http.request", "body": b"", "more_body": False}

    def ask() -> None:
        WRITING.set(Writing(staff_id, count))
        asyncio.run(app()(_scope(path, query, language), receive, send))  # type: ignore[arg-type]

    copy_context().run(ask)
    headers = {name.decode(): value.decode() for name, value in start["headers"] if name.decode() in _KEPT}
    return Written(start["status"], headers, counted, size)


def _scope(path: str, query: str, language: str) -> Scope:
    """A GET from this machine itself."""
    headers = {"host": "localhost", "accept": "*/*", "accept-language": language, "x-request-id": secrets.token_hex(8)}
    return {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "method": "GET",
        "scheme": "http",
        "path": path,
        "raw_path": quote(path).encode(),
        "query_string": query.encode(),
        "root_path": "",
        "headers": [(name.encode(), value.encode()) for name, value in headers.items()],
        "client": ("127.0.0.1", 0),
        "server": ("127.0.0.1", 0),
    }
