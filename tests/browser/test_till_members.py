# REQ T-01 T-02 K-01 C-01 M-06: the member's cards and details at the till, by keyboard alone
import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.browser.conftest import Live, Window
from tests.browser.test_till import key, scan, sign_on, typed
from tests.make.clubs import a_card
from tests.make.customers import a_person

__all__ = ["key"]

OWN, READY = "2900000000018", "7290000000022"


@pytest.fixture(autouse=True)
def yael(live: Live, key: str) -> None:
    """A customer with a card, who is at the till of somebody who may change her."""
    assert key
    with live.database.session() as session:
        customer = a_person(session, given_name="Yael", family_name="Katz", mobile="0541234567")
        a_card(session, customer, OWN)
        session.execute(sa.update(Staff).where(Staff.username == "cashier").values(role=Role.MANAGER))
        session.commit()


def look(page: Page) -> None:
    found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
    assert found.response["violations"] == [], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.parametrize(
    "window",
    [Window(1024, 768, "en"), Window(390, 844, "he")],
    ids=lambda window: f"{window.language}-{window.width}",
)
def test_a_card_is_replaced_and_a_phone_changed_without_the_mouse(page: Page, key: str):
    sign_on(page, key)
    typed(page, "0541234567")
    expect(page.locator(".card-no")).to_contain_text(OWN)
    page.keyboard.press("Shift+F2")
    expect(page.locator("#till-memberships [data-choice]").first).to_be_focused()
    look(page)
    page.keyboard.press("Enter")
    expect(page.locator("#till-cards")).to_be_visible()
    look(page)
    page.locator("#till-cards [data-choice]").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#replace-card #f-number")).to_be_focused()
    look(page)
    scan(page, READY)
    page.keyboard.press("Enter")
    expect(page.locator("#till-cards")).to_contain_text(READY)
    page.keyboard.press("Escape")
    page.keyboard.press("Shift+F2")
    expect(page.locator("#till-memberships [data-choice]").first).to_be_focused()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    expect(page.locator("#till-details #f-mobile")).to_be_focused()
    look(page)
    page.locator("#f-mobile").fill("0547654321")
    page.keyboard.press("F7")
    expect(page.locator("#till-details")).to_have_count(0)
    expect(page.locator("#member")).to_contain_text("054-765-4321")
    expect(page.locator(".card-no")).to_contain_text(READY)
