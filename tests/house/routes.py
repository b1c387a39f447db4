"""Every route of the app, with what it declares: what the tests of all routes walk over."""

import inspect
import re
from dataclasses import dataclass
from functools import cache
from typing import Any

import sqlalchemy as sa
from fastapi.routing import APIRoute, iter_route_contexts

from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from web.app import create_app
from web.declared import Declared, declared_by
from web.deps import Shop
from web.lists import CSV

COUNT = 437
"""How many routes there are, a method each. Whoever adds or takes one away says so here."""

NOT_OURS = {"/openapi.json": "FastAPI's own description", "/static": "files, the same for everybody"}


@dataclass(frozen=True, eq=False)
class Walked:
    """One method of one route."""

    method: str
    path: str
    name: str
    route: APIRoute
    declared: Declared | None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"

    @property
    def answers_file(self) -> bool:
        """Whether it answers with rows to take away: as it says itself, by its address, or by what it calls."""
        contents: dict[str, Any] = self.route.responses.get(200, {}).get("content", {})
        written = inspect.getsource(self.route.endpoint)
        return CSV in contents or self.path.endswith(".{suffix}") or "stream_file" in written or "attachment" in written

    def numbered(self, number: int) -> str:
        """The route's address with this number for every parameter."""
        return re.sub(r"{[^}]+}", str(number), self.path)


NO_ROW = 2_000_000_000
"""A number that fits and that no row has."""


@cache
def walk() -> tuple[Walked, ...]:
    """All routes of the app, which needs no database to be looked at."""
    app = create_app(Shop(Database(sa.make_url("postgresql+psycopg:///none")), Settings()))
    found: list[Walked] = []
    for context in iter_route_contexts(app.routes):
        route: Any = context.original_route
        if (context.path or getattr(route, "path", "")) in NOT_OURS:
            continue
        assert isinstance(route, APIRoute), f"{route} is no route of a router"
        found += [
            Walked(method, context.path or route.path, route.name, route, declared_by(route.dependant))
            for method in sorted(route.methods or ())
        ]
    return tuple(found)
