# REQ O-01: an offer is put together in a browser, and says what it does while it is typed
import re

from playwright.sync_api import Browser, Page, expect

from erp_club.catalogue.models import ProductGroup
from tests.browser.conftest import Live, Window
from tests.browser.shop import a_desk


def said(page: Page, words: str) -> None:
    expect(page.locator("#offer-sentence")).to_contain_text(re.compile(words))


def test_an_offer_is_put_together_and_published(browser: Browser, live: Live) -> None:
    desk = a_desk(live, rows=1)
    with live.database.session() as session:
        session.add(ProductGroup(name="Tea"))
        session.commit()
    context = desk.open(browser, Window(language="en"))
    page = context.new_page()
    page.goto("/offers/new")
    page.get_by_role("link", name="3 for 2").click()
    said(page, "Of every 3 units of all products the cheapest one is free")
    page.get_by_label("Of every so many units").fill("4")
    said(page, "Of every 4 units")
    page.locator("[name='find.rewards[0].on']").press_sequentially("tea")
    page.get_by_role("button", name="Tea").click()
    said(page, "group .?Tea")
    expect(page.locator("[name='find.rewards[0].on']")).to_have_value("")
    page.get_by_role("button", name="Day of the week").click()
    page.get_by_label("Fri").check()
    said(page, "Only if it is Friday")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.locator("[name=code]")).to_have_attribute("aria-invalid", "true")
    page.locator("[name=code]").fill("TEA-4FOR3")
    page.locator("[name='names.en']").fill("Tea 4 for 3")
    page.get_by_role("button", name="Save the draft").click()
    expect(page.get_by_role("heading", name="Tea 4 for 3")).to_be_visible()
    page.get_by_role("button", name="Publish").click()
    expect(page.locator(".title .badge")).to_have_text("Published")
    context.close()
