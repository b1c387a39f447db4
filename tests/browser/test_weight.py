# The budgets of the pages: bytes over the wire, requests, elements; and nothing fails while one loads
from dataclasses import dataclass, field
from typing import Any

from playwright.sync_api import Browser, BrowserContext, ConsoleMessage, Page, Request

from tests.browser.conftest import Live, Window
from tests.browser.shop import a_desk

FIRST_VISIT, LATER_PAGE = 100 * 1024, 10 * 1024
MOST_REQUESTS, MOST_ELEMENTS = 10, 1500
A_FULL_PAGE_AND_MORE = 60


@dataclass
class Meter:
    """What a page took since the last `reset`, and all that went wrong."""

    size: int = 0
    requests: int = 0
    faults: list[str] = field(default_factory=list[str])

    def reset(self) -> None:
        self.size, self.requests = 0, 0

    def loaded(self, event: dict[str, Any]) -> None:
        self.size += int(event["encodedDataLength"])
        self.requests += 1

    def failed(self, request: Request) -> None:
        # The walk to the next page cuts off what this one was still fetching, such as its icon: no fault of the page.
        if request.failure != "net::ERR_ABORTED":
            self.faults.append(request.url)

    def said(self, message: ConsoleMessage) -> None:
        if message.type in ("error", "warning"):
            self.faults.append(message.text)


def metered(context: BrowserContext) -> tuple[Page, Meter]:
    page, meter = context.new_page(), Meter()
    wire = context.new_cdp_session(page)
    wire.send("Network.enable")
    wire.on("Network.loadingFinished", meter.loaded)
    page.on("console", meter.said)
    page.on("pageerror", lambda error: meter.faults.append(str(error)))
    page.on("requestfailed", meter.failed)
    return page, meter


def test_pages_keep_to_their_budgets(browser: Browser, live: Live):
    desk = a_desk(live, rows=A_FULL_PAGE_AND_MORE)
    # Hebrew is the heaviest: two bytes a letter, and both fonts.
    context = desk.open(browser, Window(language="he"))
    page, meter = metered(context)
    page.goto("/", wait_until="networkidle")
    assert meter.size <= FIRST_VISIT
    assert meter.requests <= MOST_REQUESTS
    for path in desk.pages():
        if path == "/nothing-here":
            continue
        # The receipt's paper has a sheet of its own: the second visit is the later one.
        if path.endswith("/slip"):
            page.goto(path)
        meter.reset()
        page.goto(path)
        assert meter.size <= LATER_PAGE, path
        assert meter.requests <= MOST_REQUESTS, path
        assert page.locator("*").count() <= MOST_ELEMENTS, path
    assert meter.faults == []
    context.close()
