# REQ T-05 A-01: between two cashiers a till shows nothing; the sale is the till's, and waits for whoever signs on
import pytest
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live
from tests.browser.test_till import scan, sign_on, typed
from tests.make.clubs import a_club
from tests.make.customers import a_person
from tests.make.organisation import PIN, a_chain, a_store, a_terminal, somebody
from tests.make.purchases import a_product

MILK = "7290000000017"


@pytest.fixture
def key(live: Live) -> str:
    """A small shop with two cashiers, and the key of its till."""
    with live.database.session() as session:
        a_chain(session)
        _, made = a_terminal(session, a_store(session))
        somebody(session)
        somebody(session, username="second")
        a_product(session, MILK, price_minor=6_43)
        a_club(session)
        a_person(session, given_name="Noa", family_name="Levi", mobile="0526961785")
        session.commit()
    return made


def test_changing_the_cashier_leaves_nothing_on_the_screen_or_behind_the_back_button(page: Page, key: str):
    sign_on(page, key)
    scan(page, MILK)
    expect(page.locator("#basket")).to_contain_text("6.43")
    typed(page, "0526961785")
    expect(page.locator("#till")).to_contain_text("Noa")
    page.locator(".who summary").click()
    page.locator("#leave button").click()
    expect(page.locator("[name=pin]")).to_be_visible()
    assert "Noa" not in page.content()
    page.go_back()
    expect(page.locator("[name=pin]")).to_be_visible()
    assert "Noa" not in page.content()
    page.goto("/till")
    page.locator("[name=staff]").fill("second")
    page.locator("[name=pin]").fill(PIN)
    page.keyboard.press("Enter")
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator(".who")).to_contain_text("Somebody")
    expect(page.locator("#basket")).to_contain_text("6.43")
    assert page.evaluate("sessionStorage.getItem('till-waiting') ?? '[]'") == "[]"
