"""The way from a request into a route: what it sent is read, then all of its work is done in one thread."""

from collections.abc import Callable, Coroutine
from contextlib import AbstractContextManager
from dataclasses import dataclass
from functools import wraps
from inspect import isclass
from typing import Any

from fastapi import HTTPException, Request
from fastapi.exceptions import RequestValidationError
from fastapi.routing import APIRoute
from psycopg import errors as postgres
from pydantic import BaseModel, ValidationError
from sqlalchemy.exc import OperationalError
from starlette.concurrency import run_in_threadpool
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from web.forms import BODY_LIMIT


@dataclass(frozen=True)
class Entrance:
    """The way into a route: opened in the thread that the route itself runs in."""

    request: Request
    open: Callable[[Request], AbstractContextManager[Any]]


class ActRoute(APIRoute):
    """A route whose session, rights, key, work and commit are one piece of work in one thread.

    FastAPI would open and close a dependency in a thread each, beside the route's own: three changes of threads for a
    request, which cost as much as its SQL. The entrance is a dependency still, so that the walk over all routes finds
    what it declares. Its body is as long as BODY_LIMIT allows where the route says nothing else.
    """

    def __init__(
        self, path: str, endpoint: Callable[..., Any], *, max_body_size: int | None = None, **settings: Any
    ) -> None:
        super().__init__(path, _in_one_thread(endpoint), max_body_size=max_body_size or BODY_LIMIT, **settings)

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        handle = super().get_route_handler()
        body_only = BodyOnly.of(self)
        waits = any(getattr(each.call, "declared", _NONE).waits for each in self.dependant.dependencies)

        async def handle_in_turn(request: Request) -> Response:
            try:
                await request.body()  # before the turn: who sends slowly keeps nobody waiting
            except ClientDisconnect as gone:
                raise HTTPException(400) from gone
            async with request.app.state.turns:
                return await handle_in_order(request)

        async def handle_in_order(request: Request) -> Response:
            body = await body_only.read(request) if body_only else None
            if body_only and body is not None:
                request.state.body = body
                values = {body_only.entrance_name: await body_only.entrance(request), body_only.body_name: body}
                return await run_in_threadpool(self.endpoint, **values)
            try:
                return await handle(request)
            except RequestValidationError as wrong:
                # Who may not do this is told so first, whatever was sent; and the refusal is kept under the key.
                await run_in_threadpool(_refuse_inside, getattr(request.state, "entrance", None), wrong)
                raise

        return handle_in_turn if waits else handle_in_order


TRIES = 3
"""How often a request is tried that PostgreSQL has ended in favour of another one."""
_AGAIN = (postgres.DeadlockDetected, postgres.SerializationFailure)


class _Nothing:
    waits = False


_NONE = _Nothing()


@dataclass(frozen=True)
class BodyOnly:
    """A route that takes its entrance and a body, nothing from the headers, and from the address what may be left out.

    Such a body is read in one go where the address has no question mark. Whatever it can't be read from goes FastAPI's
    way, which tells what is wrong with it.
    """

    entrance_name: str
    entrance: Callable[[Request], Coroutine[Any, Any, Entrance]]
    body_name: str
    model: type[BaseModel]

    @staticmethod
    def of(route: APIRoute) -> "BodyOnly | None":
        """How this route is served; None where it takes more or less than that."""
        takes = route.dependant
        others = (takes.path_params, takes.header_params, takes.cookie_params)
        needed = any(each.field_info.is_required() for each in takes.query_params)
        if any(others) or needed or len(takes.body_params) != 1 or len(takes.dependencies) != 1:
            return None
        (body,), (entrance,) = takes.body_params, takes.dependencies
        model, call = body.field_info.annotation, entrance.call
        if not isclass(model) or not issubclass(model, BaseModel) or not hasattr(call, "declared"):
            return None
        name = entrance.name
        return BodyOnly(name, call, body.name, model) if name and call else None

    async def read(self, request: Request) -> BaseModel | None:
        """The body, if it is JSON of the announced length that the model takes."""
        kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
        if kind != "application/json" or "content-length" not in request.headers or request.url.query:
            return None
        try:
            return self.model.model_validate_json(await request.body())
        except ValidationError:
            return None
        except ClientDisconnect as gone:
            raise HTTPException(400) from gone


def _in_one_thread(endpoint: Callable[..., Any]) -> Callable[..., Any]:
    @wraps(endpoint)
    def work(**values: Any) -> Any:
        name = next((name for name, value in values.items() if isinstance(value, Entrance)), None)
        if name is None:
            return endpoint(**values)
        entrance: Entrance = values[name]
        for left in reversed(range(TRIES)):
            try:
                with entrance.open(entrance.request) as act:
                    return endpoint(**values | {name: act})
            except OperationalError as lost:
                # Two requests each waited for the other, and nothing of this one was done: it is done again by itself.
                if not left or not isinstance(lost.orig, _AGAIN):
                    raise
                entrance.request.state.afterwards = []
        raise AssertionError

    return work


def _refuse_inside(entrance: Entrance | None, wrong: RequestValidationError) -> None:
    if entrance is not None:
        with entrance.open(entrance.request):
            raise wrong
