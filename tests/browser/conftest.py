"""A real Chromium on a served shop: a database that commits, the app in a thread of this process."""

import socket
import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import uvicorn
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright

from erp_club.kernel.db import Database
from erp_club.kernel.settings import Settings
from tests.browser import chromium
from web.app import create_app
from web.deps import Shop

HERE = Path(__file__).parent
PATIENCE_MS = 15_000
"""A machine that runs everything else beside it takes its time."""
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Mark the tests of this folder; without a Chromium leave them out, rather than count them as skipped."""
    # Last: while Playwright runs, its event loop runs in this thread, and no other test could start one.
    items.sort(key=lambda item: item.path.is_relative_to(HERE))
    ours = [item for item in items if item.path.is_relative_to(HERE)]
    for item in ours:
        item.add_marker("browser")
    if ours and chromium.find() is None:
        items[:] = [item for item in items if item not in ours]
        config.hook.pytest_deselected(items=ours)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if chromium.find() is None:
        terminalreporter.write_line(chromium.why_missing())


class Server(uvicorn.Server):
    """Tells when it takes requests."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.ready.set()


@dataclass(frozen=True)
class Live:
    """A shop that is being served; tests fill its database and open its pages."""

    url: str
    database: Database


@pytest.fixture
def live(committed: Database) -> Iterator[Live]:
    """The app on a port of its own, over a database of this test's own."""
    app = create_app(Shop(committed, Settings()))
    server = Server(uvicorn.Config(app, host="127.0.0.1", port=0, log_config=None, access_log=False))
    thread = threading.Thread(target=server.run)
    thread.start()
    assert server.ready.wait(30)
    port = server.servers[0].sockets[0].getsockname()[1]
    yield Live(f"http://127.0.0.1:{port}", committed)
    server.should_exit = True
    thread.join(30)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """One Chromium for the whole run."""
    with sync_playwright() as playwright:
        made = playwright.chromium.launch(executable_path=chromium.find(), args=["--no-sandbox"])
        yield made
        made.close()


@dataclass(frozen=True)
class Window:
    """How a browser of a test is set up."""

    width: int = 1280
    height: int = 800
    language: str = "en"
    script: bool = True
    touch: bool = False


@pytest.fixture
def window() -> Window:
    """The window of the `page`; a test overrides it by indirect parameters."""
    return Window()


def open_window(browser: Browser, live: Live, window: Window) -> BrowserContext:
    """A fresh browser of its own, with its own cookies."""
    context = browser.new_context(
        base_url=live.url,
        viewport={"width": window.width, "height": window.height},
        locale=window.language,
        java_script_enabled=window.script,
        has_touch=window.touch,
    )
    context.set_default_timeout(PATIENCE_MS)
    return context


@pytest.fixture
def page(browser: Browser, live: Live, window: Window) -> Iterator[Page]:
    """A page in a fresh browser. A script that breaks or a policy that is broken fails the test."""
    context = open_window(browser, live, window)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on(
        "console",
        lambda said: faults.append(said.text) if "Content Security Policy" in said.text else None,
    )
    yield page
    context.close()
    assert not faults
