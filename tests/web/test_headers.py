"""The headers and cookies that every page has, to what Mozilla's Observatory gives an A+ for."""

# REQ A-01
import re
import socket
from pathlib import Path

import pytest
from click.testing import CliRunner
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.permissions.catalog import Role
from tests.house.routes import NO_ROW, walk
from tests.make.browser import HTML, signed_in
from tests.make.organisation import PASSWORD, a_chain, a_store, a_terminal, somebody
from web.cli import main

SECURE = "https://club.example"
HALF_A_YEAR = 15_768_000


def _policy(header: str) -> dict[str, set[str]]:
    """A content security policy by its directives."""
    parts = [part.split() for part in header.split(";") if part.strip()]
    return {part[0]: set(part[1:]) for part in parts}


def _short_of(headers: dict[str, str]) -> list[str]:
    """What an answer's headers lack for an A+; a policy without `default-src 'none'` would be an A."""
    policy = _policy(headers.get("content-security-policy", ""))
    age = re.search(r"max-age=(\d+)", headers.get("strict-transport-security", ""))
    wanted = {
        "policy: nothing but what is named": policy.get("default-src") == {"'none'"},
        "policy: nothing unsafe": not any("unsafe" in each for values in policy.values() for each in values),
        "policy: no other host": not any(each in {"*", "https:", "http:"} for v in policy.values() for each in v),
        "policy: no frames around it": policy.get("frame-ancestors") == {"'none'"},
        "policy: no other base": policy.get("base-uri") == {"'none'"},
        "policy: forms stay here": policy.get("form-action") == {"'self'"},
        "HSTS for half a year and more": age is not None and int(age[1]) >= HALF_A_YEAR,
        "no sniffing": headers.get("x-content-type-options") == "nosniff",
        "no frames for old browsers": headers.get("x-frame-options") == "DENY",
        "no address to other sites": headers.get("referrer-policy") == "same-origin",
        "resources for this origin": headers.get("cross-origin-resource-policy") == "same-origin",
        "windows for this origin": headers.get("cross-origin-opener-policy") == "same-origin",
        "kept in no cache": headers.get("cache-control") == "no-store",
        "nothing of the server": "server" not in headers and "x-powered-by" not in headers,
        "no sharing across origins": "access-control-allow-origin" not in headers,
    }
    return [name for name, holds in wanted.items() if not holds]


def test_every_page_has_the_headers_of_an_a_plus(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    client.cookies.set("__Host-club_session", client.cookies["club_session"])
    client.base_url = SECURE
    pages = [each for each in walk() if each.method == "GET"]
    assert len(pages) > 80
    wrong: dict[str, list[str]] = {}
    shown = 0
    for each in pages:
        for number in (1, NO_ROW):
            answer = client.get(each.numbered(number), headers={"Accept": "text/html"})
            shown += answer.status_code == 200
            lacking = _short_of(dict(answer.headers))
            wrong |= {f"{each} {answer.status_code}": lacking} if lacking else {}
    assert shown > 30
    assert not wrong


def test_cookies_over_https_are_secure_and_of_this_host_only(client: TestClient, session: Session):
    a_chain(session)
    somebody(session, Role.HQ)
    _, key = a_terminal(session, a_store(session))
    session.commit()
    client.base_url = SECURE
    headers = {"Accept": "text/html", "Origin": SECURE}
    signed = client.post("/sign-in", data={"username": "hq", "password": PASSWORD}, headers=headers)
    enrolled = client.post("/terminal-enrolments", data={"key": key}, headers=headers)
    chosen = client.post("/preferences", data={"language": "he"}, headers=headers)
    for answer, name in ((signed, "club_session"), (enrolled, "club_terminal"), (chosen, "language")):
        cookie = answer.headers["set-cookie"]
        assert cookie.startswith(f"__Host-{name}=")
        assert {"HttpOnly", "Secure", "SameSite=lax", "Path=/"} <= set(cookie.split("; "))
        assert "Domain" not in cookie
    assert client.get("/", headers=headers).status_code == 200
    assert 'lang="he"' in client.get("/", headers=headers).text
    gone = client.post("/sign-out", headers=headers)
    assert gone.headers["set-cookie"].startswith('__Host-club_session=""; ')


def test_a_cookie_that_a_plain_page_has_planted_is_not_looked_at_over_https(client: TestClient, session: Session):
    a_chain(session)
    signed_in(client, session)
    assert client.get("/", headers=HTML).status_code == 200
    client.base_url = SECURE
    plain = {"Accept": "application/json", "Cookie": f"club_session={client.cookies['club_session']}"}
    assert client.get("/", headers=plain).status_code == 401


def test_over_plain_http_on_this_machine_nothing_is_promised_for_https(client: TestClient):
    assert "strict-transport-security" not in client.get("/healthz").headers


@pytest.mark.parametrize(
    ("address", "status"),
    [("127.0.0.1", 200), ("::1", 200), ("::ffff:127.0.0.1", 200), ("192.168.1.5", 403), ("2001:db8::1", 403)],
)
def test_plain_http_is_for_this_machine_only(client: TestClient, session: Session, address: str, status: int):
    a_chain(session)
    session.commit()
    plain = TestClient(client.app, client=(address, 1), base_url="http://club.example")
    answer = plain.get("/sign-in")
    assert answer.status_code == status
    assert status == 200 or answer.json()["code"] == "https-needed"
    assert plain.get("/healthz").status_code == 200
    assert TestClient(client.app, client=(address, 1), base_url=SECURE).get("/sign-in").status_code == 200


def test_a_server_that_nobody_could_use_does_not_start(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("ERP_CLUB_HOST", "0.0.0.0")
    monkeypatch.setenv("LANG", "C")
    result = CliRunner().invoke(main, ["serve"])
    assert result.exit_code == 2
    assert "name its address in ERP_CLUB_PROXIES" in result.output


@pytest.mark.parametrize("words", [["serve"], ["demo", "--serve"]])
def test_a_busy_port_is_told_before_anything_starts(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, words: list[str]):
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        for name, value in {"PORT": str(port), "HOME": str(tmp_path / "home"), "DATABASE_URL": ""}.items():
            monkeypatch.setenv(f"ERP_CLUB_{name}", value)
        monkeypatch.setenv("LANG", "C")
        result = CliRunner().invoke(main, words)
    assert result.exit_code == 2
    assert f"Another program listens on 127.0.0.1:{port} already" in result.output
    assert not (tmp_path / "home").exists()
