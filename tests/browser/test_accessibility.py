# REQ T-06: no page of the back office has a fault for axe, wide or narrow, dialogs and menus open
import os
import re
from collections import deque
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from axe_playwright_python.base import AXE_SCRIPT
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, ViewportSize, expect

from erp_club.catalogue.models import Product
from erp_club.clubs.models import Club
from erp_club.customers.models import Customer
from erp_club.organisation.models import Store
from tests.browser.conftest import Live, Window
from tests.browser.shop import Desk, a_desk
from tests.house.routes import walk
from web.i18n import LANGUAGES

RULES: dict[str, Any] = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
}
EVERY = os.environ.get("ERP_CLUB_AXE") == "every"
"""Whether axe's rules are run in all four languages, as `make accessibility` does. They look at the same markup in
each, so that otherwise one direction of writing is looked at on a wide page and the other one on a phone."""
SHAPES = RULES if EVERY else RULES | {"rules": {"color-contrast": {"enabled": False}}}
"""On a phone the colours are those of the wide page, and looking at them is half of axe's time."""
LOOK = (Path(__file__).parent / "axe.js").read_text(encoding="utf-8")
LEGIBLE: set[str] = set()
"""The colours, sizes and grounds of text whose contrast axe has found to be enough: measuring is most of its time."""
LINKS = "links => links.map(link => link.getAttribute('href'))"
OF_TILL = ("/till", "/baskets")
FITS = "document.documentElement.scrollWidth <= innerWidth"
WIDE, NARROW = ViewportSize(width=1280, height=800), ViewportSize(width=390, height=844)


def language_of(page: Page) -> str | None:
    return page.locator("html").get_attribute("lang")


def look(page: Page, what: str, *, in_languages: tuple[str, ...] = ("en",), rules: dict[str, Any] = RULES) -> None:
    if EVERY or language_of(page) in in_languages:
        if not page.evaluate("'axe' in window"):
            page.evaluate(AXE_SCRIPT)
        found = page.evaluate(LOOK, {"options": rules, "legible": list(LEGIBLE)})
        LEGIBLE.update(found["legible"])
        assert not found["faults"], f"{what}: {Axe().run(page, options=rules).generate_report()}"
    assert page.evaluate(FITS), f"{what} scrolls sideways"


def look_narrow(page: Page, what: str) -> None:
    """The page that was looked at before, on a phone: words of any language have to fit there."""
    page.set_viewport_size(NARROW)
    look(page, f"{what} on a phone", in_languages=("he",), rules=SHAPES)


def every_page(page: Page, desk: Desk) -> Iterator[str]:
    """The pages of the desk, then one of every route that a page which was looked at leads to."""
    to_come, met = deque(desk.pages()), {route_of(path) for path in desk.pages()}
    while to_come:
        path = to_come.popleft()
        yield path
        for link in page.eval_on_selector_all("main a[href], nav a[href], dialog a[href]", LINKS):
            route = route_of(link)
            if route is not None and route not in met:
                met.add(route)
                to_come.append(link)


def route_of(path: str) -> str | None:
    """The route that draws the page at this address; None where no page of the back office stands there."""
    plain = path.partition("?")[0].partition("#")[0]
    return next((known for known, address in drawn() if address.match(plain)), None)


@cache
def drawn() -> tuple[tuple[str, re.Pattern[str]], ...]:
    """The routes whose answers are pages of the back office, with what their addresses look like."""
    pages = (each for each in walk() if each.method == "GET" and not each.answers_file)
    return tuple((each.path, each.route.path_regex) for each in pages if not each.path.startswith(OF_TILL))


def call_by_long_words(live: Live) -> None:
    """Names without a place to break, as long as any: they have to fit too."""
    word = "Longest" + "t" * 93
    with live.database.session() as session:
        session.execute(sa.update(Product).values(name=word))
        session.execute(sa.update(Store).values(name=word))
        session.execute(sa.update(Club).values(names={"en": 2 * word, "he": 2 * word}))
        session.execute(sa.update(Customer).where(Customer.id > 0).values(given_name=word, family_name=word))
        session.commit()


@pytest.mark.parametrize("language", LANGUAGES if EVERY else ("en", "he"))
def test_no_page_of_the_back_office_has_a_fault_for_axe(browser: Browser, live: Live, language: str):
    desk = a_desk(live, rows=3)
    call_by_long_words(live)
    context = desk.open(browser, Window(language=language))
    page = context.new_page()
    for path in every_page(page, desk):
        page.set_viewport_size(WIDE)
        page.goto(path)
        look(page, path)
        look_narrow(page, path)
    page.goto("/")
    page.locator(".burger summary").click()
    look(page, "the menu of a phone")
    page.set_viewport_size(WIDE)
    page.locator(".me summary").click()
    look(page, "the account's menu")
    page.goto(f"/products/{desk.product_id}")
    page.locator("[hx-target='#dialog']").first.click()
    expect(page.locator("#dlg[open] form")).to_be_visible()
    page.fill("#dlg [name=name]", "")
    page.locator("#dlg form button.pri").click()
    expect(page.locator("[aria-invalid=true]")).to_be_focused()
    look(page, "a form with a fault")
    page.goto(f"/customers/{desk.customer_id}")
    page.locator("#memberships .menu summary").first.click()
    look(page, "a menu in a table")
    page.locator("a[href$='extensions/new']").first.click()
    expect(page.locator("#dlg[open] form")).to_be_visible()
    look(page, "a dialog")
    context.clear_cookies()
    page.goto("/sign-in")
    look(page, "signing in")
    context.close()
