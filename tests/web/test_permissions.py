"""Every route, asked by everybody: whom the catalogue names gets in, and nobody else."""

# REQ A-01 T-05
import asyncio
import uuid
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session
from starlette.requests import Request
from starlette.types import Message

from erp_club.kernel.errors import Refused
from erp_club.permissions.catalog import GRANTS, Permission, Role
from erp_club.permissions.rules import by_pin, delivered
from tests.house.routes import NO_ROW, Walked, walk
from tests.make.browser import a_session_of
from tests.make.organisation import a_chain, a_store, a_terminal, somebody
from web.cookies import SESSION_COOKIE
from web.security import SAFE_METHODS

REFUSED = {401, 403}


def _held(role: Role, *, pin: bool) -> set[Permission]:
    held = delivered(role)
    return set((by_pin(held) if pin else held).grants)


@dataclass(frozen=True)
class Visitor:
    """Who asks: of which role, signed in with a password or by PIN, with a till's key or without."""

    role: Role | None = None
    by_pin: bool = False
    at_till: bool = False

    def may(self, each: Walked) -> bool:
        """What the catalogue says."""
        assert each.declared
        assert each.declared.permission
        if self.role is None or (each.declared.at_till and not self.at_till):
            return False
        return each.declared.permission in _held(self.role, pin=self.by_pin)


VISITORS = {
    "head office with a password": Visitor(Role.HQ),
    "a manager with a password": Visitor(Role.MANAGER),
    "a cashier with a password": Visitor(Role.CASHIER),
    "head office by PIN at a till": Visitor(Role.HQ, by_pin=True, at_till=True),
    "a manager by PIN at a till": Visitor(Role.MANAGER, by_pin=True, at_till=True),
    "a cashier by PIN at a till": Visitor(Role.CASHIER, by_pin=True, at_till=True),
    "a till's key alone": Visitor(at_till=True),
    "nobody": Visitor(),
}


class Door:
    """Asks as a visitor: over HTTP, with a session of its own each time, as some end it; or at the entrance."""

    def __init__(self, client: TestClient, session: Session, visitor: Visitor) -> None:
        self.client, self.session, self.visitor = client, session, visitor
        a_chain(session)
        self.terminal_id, self.key = a_terminal(session, a_store(session))
        self.staff_id = somebody(session, visitor.role) if visitor.role else None

    def ask(self, each: Walked) -> int:
        headers = self._headers() | {"Idempotency-Key": uuid.uuid4().hex}
        body = None if each.method in SAFE_METHODS else {}
        return self.client.request(each.method, each.numbered(NO_ROW), headers=headers, json=body).status_code

    def knock(self, routes: list[Walked], *, keys: bool = True) -> dict[Walked, int]:
        """What the entrance of each route says to its request: 200 where it opens, before any work of the route."""
        return asyncio.run(self._at_entrances(routes, keys=keys))

    async def _at_entrances(self, routes: list[Walked], *, keys: bool) -> dict[Walked, int]:
        headers = self._headers()
        answers: dict[Walked, int] = {}
        for each in routes:
            entrance: Any = next(dep.call for dep in each.route.dependant.dependencies if hasattr(dep.call, "declared"))
            key = {"Idempotency-Key": uuid.uuid4().hex} if keys else {}
            try:
                made = await entrance(self._request(each, headers | key))
                with made.open(made.request):
                    answers[each] = 200
            except Refused as refused:
                answers[each] = refused.status
        return answers

    def _request(self, each: Walked, headers: dict[str, str]) -> Request:
        path = each.numbered(NO_ROW)
        scope = {
            "type": "http", "method": each.method, "path": path, "query_string": b"", "scheme": "http",
            "headers": [(name.lower().encode(), value.encode()) for name, value in headers.items()],
            "app": self.client.app, "route": each.route, "state": {"request_id": "0"},
            "path_params": dict.fromkeys(each.route.param_convertors, NO_ROW), "server": ("testserver", 80),
            "client": ("testclient", 0),
        }  # fmt: skip

        async def nothing() -> Message:
            return {"type": "http.request", "body": b"", "more_body": False}

        return Request(scope, nothing)

    def _headers(self) -> dict[str, str]:
        headers = {"Accept": "application/json", "Origin": "http://testserver"}
        if self.visitor.at_till:
            headers["Authorization"] = f"Bearer {self.key}"
        if self.staff_id is not None:
            headers |= self._session(self.staff_id)
        self.session.commit()
        return headers

    def _session(self, staff_id: int) -> dict[str, str]:
        terminal_id = self.terminal_id if self.visitor.by_pin else None
        token = a_session_of(self.session, staff_id, terminal_id=terminal_id)
        return {"X-Staff-Session": token} if self.visitor.at_till else {"Cookie": f"{SESSION_COOKIE}={token}"}


def _as_the_catalogue_says(name: str, answers: dict[Walked, int]) -> None:
    assert len(answers) > 300
    may = VISITORS[name].may
    let_in = [f"{each} ({status})" for each, status in answers.items() if status not in REFUSED and not may(each)]
    kept_out = [f"{each} ({status})" for each, status in answers.items() if status in REFUSED and may(each)]
    assert not let_in, f"{name} gets in, though the catalogue says no: {let_in}"
    assert not kept_out, f"{name} is refused, though the catalogue says yes: {kept_out}"


def _guarded() -> list[Walked]:
    # What is open to anyone (signing in, a till before its cashier has come) asks for a secret by itself.
    return [each for each in walk() if each.declared and each.declared.permission]


@pytest.mark.parametrize("name", ["nobody", "head office with a password"])
def test_a_route_asks_at_its_entrance_before_it_does_anything(client: TestClient, session: Session, name: str):
    """Over HTTP: whoever is let in nowhere and almost everywhere shows that no route goes past its entrance."""
    door = Door(client, session, VISITORS[name])
    _as_the_catalogue_says(name, {each: door.ask(each) for each in _guarded()})


@pytest.mark.parametrize("name", VISITORS)
def test_an_entrance_lets_in_whom_the_catalogue_names(client: TestClient, session: Session, name: str):
    _as_the_catalogue_says(name, Door(client, session, VISITORS[name]).knock(_guarded()))


def test_a_write_without_a_key_is_refused(client: TestClient, session: Session):
    door = Door(client, session, Visitor(Role.HQ, at_till=True))
    writes = [
        each
        for each in walk()
        if each.method not in SAFE_METHODS and each.declared and each.declared.permission and not each.declared.keyless
    ]
    assert writes
    wrong = [f"{each} ({status})" for each, status in door.knock(writes, keys=False).items() if status != 400]
    assert not wrong, f"Written without an Idempotency-Key: {wrong}"


ASKED_INSIDE = {Permission.SALES_WRITE_OFF, Permission.AUDIT_PERSONAL}
"""Asked for on the way: a return is for everybody at the till, forgiving what it can't take back is not; the change log
is for managers too, what it tells of people is not."""


def test_every_permission_is_asked_for_by_a_route_or_inside_a_command():
    asked = ASKED_INSIDE | {each.declared.permission for each in walk() if each.declared}
    assert set(Permission) <= asked, f"Nothing asks for {', '.join(sorted(set(Permission) - asked))}"


def test_each_role_holds_what_the_one_below_it_holds():
    assert GRANTS[Role.CASHIER] < GRANTS[Role.MANAGER] < GRANTS[Role.HQ] == frozenset(Permission)


@pytest.mark.parametrize("role", Role)
def test_a_pin_opens_less_than_a_password(role: Role):
    opened = _held(role, pin=True)
    assert opened <= _held(role, pin=False)
    closed = {Permission.STAFF_EDIT, Permission.STORES_EDIT, Permission.AUDIT_VIEW, Permission.CUSTOMERS_EXPORT}
    assert not opened & closed
