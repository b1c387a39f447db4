# REQ S-01 S-03 S-04 S-05 O-03 R-05: a marketing manager asks a question about customers, and acts on the answer
import datetime as dt
import re
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, Page, expect

from erp_club.catalogue.models import Product, ProductGroup
from erp_club.customers.models import Customer
from erp_club.organisation.models import Store
from erp_club.permissions.catalog import Role
from tests.browser.conftest import Live, Window, open_window
from tests.browser.test_till import scan, sign_on, typed
from tests.make.browser import a_session_of
from tests.make.customers import a_person
from tests.make.organisation import a_chain, a_store, a_terminal, somebody
from tests.make.purchases import a_product, a_receipt
from web.cookies import SESSION_COOKIE

COFFEE = "7290000000024"
NAME, FROZEN = "Coffee lovers, 374", "Coffee in autumn, 374"
"""With commas, which names may have."""
OFFER = re.compile("Coffee is cheaper|קפה בהנחה")


@dataclass(frozen=True)
class Shop:
    """The key of the till, the cookie of head office, and customers' numbers by name."""

    key: str
    token: str
    numbers: dict[str, str]


@pytest.fixture
def shop(live: Live) -> Shop:
    """Four members who bought coffee, of whom one is in the question."""
    today = dt.datetime.now(ZoneInfo("Asia/Jerusalem")).date()
    before = today.replace(day=1)
    with live.database.session() as session:
        a_chain(session)
        home = a_store(session)
        other = a_store(session, "31782")
        _, key = a_terminal(session, home)
        somebody(session)
        staff_id = somebody(session, Role.HQ, username="hq")
        product_id = a_product(session, COFFEE, price_minor=40_00, name="Coffee")
        group = ProductGroup(name="Coffee")
        session.add(group)
        session.flush()
        session.execute(sa.update(Product).where(Product.id == product_id).values(group_id=group.id))
        people = (
            ("Noa", home, True, ()),
            ("Dan", home, True, (today,)),
            ("Tal", other, True, ()),
            ("Gil", home, False, ()),
        )
        for number, (name, store, sms, more) in enumerate(people):
            customer_id = a_person(session, given_name=name, family_name="Levi", mobile=f"052696178{number}")
            customer = session.get_one(Customer, customer_id)
            customer.home_store_id = session.scalars(sa.select(Store.id).where(Store.code == store.code)).one()
            customer.consent_sms = sms
            for index, day in enumerate((*(before - dt.timedelta(days=3 * each + 1) for each in range(4)), *more)):
                a_receipt(session, home.id, f"{name}-{index}", day.isoformat(), 40_00, customer_id=customer_id)
        token = a_session_of(session, staff_id)
        numbers = {each.given_name: each.number for each in session.scalars(sa.select(Customer))}
        session.commit()
    return Shop(key, token, numbers)


@dataclass(frozen=True)
class Builder:
    """The builder of segments in a browser, with script or without."""

    page: Page
    script: bool

    def press(self, deed: str) -> None:
        self.page.locator(f"button[name=do][value='{deed}']:not(.sr)").click()

    def ask(self, node: int, what: str) -> None:
        """Add a question to the first group; it comes as this node."""
        self.page.locator("[name='nodes[0].add']").fill(what)
        self.press("add|0")
        expect(self.page.locator(f"input[name='nodes[{node}].what']")).to_have_value(what)

    def take(self, node: int, value: str) -> None:
        """Add a value to a condition, from its list or as it is typed."""
        field = self.page.locator(f"[name='nodes[{node}].new']")
        if field.evaluate("each => each.tagName") == "SELECT":
            field.select_option(value)
        else:
            field.fill(value)
        if field.evaluate("each => each.tagName") != "SELECT" or not self.script:
            self.press(f"take|{node}")
        expect(self.page.locator(f"#f-nodes-{node}-what .chip input")).to_have_value(value)

    def choose(self, name: str, value: str) -> None:
        self.page.locator(f"[name='{name}']").select_option(value)

    def type(self, name: str, value: str) -> None:
        self.page.locator(f"[name='{name}']").fill(value)

    def counts(self, customers: int) -> None:
        if not self.script:
            self.press("look")
        expect(self.page.locator("#segment-live .big")).to_have_text(str(customers))


def build(builder: Builder) -> None:
    """Coffee at least 4 times in the last 90 days but not this month, home store 374, consents to SMS."""
    builder.page.goto("/segments/new")
    builder.type("name", NAME)
    builder.counts(4)
    builder.ask(1, "metric:purchases")
    builder.take(1, "Coffee")
    builder.type("nodes[1].value", "4")
    builder.counts(4)
    builder.ask(2, "metric:purchases")
    builder.take(2, "Coffee")
    builder.choose("nodes[2].period", "this_month")
    builder.choose("nodes[2].op", "eq")
    builder.type("nodes[2].value", "0")
    builder.counts(3)
    builder.ask(3, "field:home_store")
    builder.take(3, "374")
    builder.counts(2)
    builder.ask(4, "field:consent")
    builder.take(4, "sms")
    builder.counts(1)
    expect(builder.page.locator("#segment-live .tags li")).to_have_text(["Noa Levi"])


@pytest.mark.parametrize(
    "window",
    [Window(language="he"), Window(language="en"), Window(language="he", script=False)],
    ids=["he", "en", "he without script"],
)
def test_from_a_question_to_the_report_of_its_offer(browser: Browser, live: Live, shop: Shop, window: Window) -> None:
    context = open_window(browser, live, window)
    context.add_cookies([{"name": SESSION_COOKIE, "value": shop.token, "url": live.url}])
    page = context.new_page()
    build(Builder(page, window.script))
    page.locator("#segment-form .btn.pri").click()
    expect(page.locator("h1")).to_contain_text(NAME)
    expect(page.locator("#export")).to_be_visible()

    for who, held in (("Noa", True), ("Dan", False)):
        page.locator("[name=customer]").fill(shop.numbers[who])
        page.locator("[name=customer]").press("Enter")
        expect(page.locator(".told .badge.ok")).to_have_count(5 if held else 3)

    page.locator("#freeze [name=name]").fill(FROZEN)
    page.locator("#freeze .btn").last.click()
    expect(page.locator("h1")).to_contain_text(FROZEN)
    page.locator("#uses header a[href^='/offers']").click()
    page.locator("a[href^='/offers/new?kind=percent']").click()
    expect(page.locator(".chip")).to_contain_text(FROZEN)
    page.locator("[name='rewards[0].value_bp']").fill("20")
    page.locator("[name=code]").fill("COFFEE-BACK")
    page.locator("[name='names.he']").fill("קפה בהנחה")
    page.locator("[name='names.en']").fill("Coffee is cheaper")
    page.locator("#offer-editor .btn.pri").click()
    expect(page.locator("h1")).to_contain_text(OFFER)
    page.locator("form[action$='/publications'] button").click()
    expect(page.locator(".title .badge.ok")).to_be_visible()
    sell(browser, live, shop, window)

    page.goto("/reports/offers")
    row = page.locator("main tbody tr", has=page.get_by_text(OFFER))
    expect(row).to_contain_text("8.00")
    context.close()


def sell(browser: Browser, live: Live, shop: Shop, window: Window) -> None:
    """The till shows the segment beside a member who is in it, and takes a fifth off."""
    context = open_window(browser, live, replace(window, script=True))
    page = context.new_page()
    sign_on(page, shop.key)
    scan(page, COFFEE)
    expect(page.locator("#basket .due dd")).to_contain_text("40.00")
    typed(page, "052-6961780")
    expect(page.locator("#h-member")).to_have_text("Noa Levi")
    expect(page.get_by_text(NAME)).to_be_visible()
    expect(page.locator("#basket .due dd")).to_contain_text("32.00")
    page.keyboard.press("F10")
    expect(page.locator("#f-tendered")).to_be_focused()
    page.keyboard.press("F9")
    expect(page.locator("#slip-paid")).to_contain_text(OFFER)
    context.close()
