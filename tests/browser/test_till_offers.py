# REQ T-01 T-02 T-04 O-04 O-09 O-11: offers and coupons at the till as its cashiers use them
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.browser.conftest import Live, Window
from tests.browser.test_till import MILK, scan, sign_on, typed
from tests.make.clubs import a_club
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer
from tests.make.organisation import a_chain, a_store, a_terminal, somebody
from tests.make.purchases import a_product

CUP, TIN = "7290000000024", "7290000000031"


@pytest.fixture
def coupon() -> list[str]:
    """Where the shop puts the code of its coupon."""
    return []


@pytest.fixture
def key(live: Live, coupon: list[str]) -> str:
    """A shop with an offer of each way to start, a gift to choose and a question; the key of its till."""
    stackable: dict[str, Any] = {"combination": {"mode": "stackable"}}
    five: dict[str, Any] = {"rewards": [{"kind": "amount", "value_minor": 5_00}]} | stackable
    with live.database.session() as session:
        a_chain(session)
        _, made = a_terminal(session, a_store(session))
        somebody(session)
        a_club(session)
        for sku, price, name in ((MILK, 10_00, "Milk"), (CUP, 12_00, "Cup"), (TIN, 8_00, "Tin")):
            a_product(session, sku, price_minor=price, name=name)
        a_published_offer(session, **stackable)
        a_published_offer(session, "HAND", names={"en": "By hand", "he": "ביד"}, activation={"by": "cashier"}, **five)
        a_batch(session)
        a_published_offer(session, "FIVE", activation={"by": "coupon", "batch": "WINTER"}, **five)
        a_published_offer(session, "GIFT", rewards=[{"kind": "gift", "products": [CUP, TIN]}], when={"quantity": 3})
        asks = {"confirm": "PARTY", "question": {"en": "A party of two?", "he": "זוג?"}}
        a_published_offer(session, "PARTY", when={"all": [asks, {"quantity": 3}]}, **five)
        a_published_offer(session, "GOLD", when={"clubs": ["GOLD"]}, **five)
        coupon.extend(some_coupons(session))
        session.commit()
    return made


def due(page: Page, amount: str) -> None:
    expect(page.locator("#basket .due dd")).to_contain_text(amount)


def test_offers_and_a_coupon_by_keyboard_alone(page: Page, key: str, coupon: list[str]):
    sign_on(page, key)
    scan(page, f"3*{MILK}")
    due(page, "27.00")
    expect(page.locator("#line-1 .promo")).to_contain_text("A tenth off")
    page.keyboard.press("F1")
    expect(page.locator("#offers button").first).to_be_focused()
    page.keyboard.press("Enter")
    due(page, "22.00")
    expect(page.locator("#dlg")).not_to_be_visible()
    page.keyboard.press("F7")
    expect(page.locator("#f-code")).to_be_focused()
    typed(page, "no such coupon")
    expect(page.locator("#coupon [role=alert]")).to_contain_text("can't be used")
    expect(page.locator("#f-code")).to_have_value("no such coupon")
    page.locator("#f-code").fill("")
    typed(page, coupon[0].lower(), "F7")
    due(page, "17.00")
    page.reload()
    due(page, "17.00")
    expect(page.locator("#benefits")).to_contain_text(coupon[0].lower())
    page.keyboard.press("F10")
    expect(page.locator("#f-tendered")).to_be_focused()
    page.keyboard.press("F9")
    expect(page.locator("#slip-paid")).to_contain_text("You saved")
    expect(page.locator("#slip-paid .off").first).to_contain_text("A tenth off")


def test_a_coupon_scanned_into_the_one_field_is_taken_and_taken_out(page: Page, key: str, coupon: list[str]):
    sign_on(page, key)
    scan(page, MILK)
    due(page, "9.00")
    scan(page, coupon[0])
    due(page, "4.00")
    page.get_by_role("button", name=f"Take out: {coupon[0]}").click()
    due(page, "9.00")
    expect(page.locator("#scan")).to_be_focused()


def test_a_gift_is_chosen_and_a_question_answered_by_a_press(page: Page, key: str):
    sign_on(page, key)
    scan(page, f"2*{MILK}")
    expect(page.locator(".tip").first).to_contain_text("1 more")
    scan(page, MILK)
    page.get_by_role("button", name="Tin").click()
    expect(page.locator("tr.gift")).to_contain_text("Tin")
    page.get_by_role("button", name="Yes").click()
    due(page, "22.00")


def test_who_would_have_saved_as_a_member_is_offered_to_join(page: Page, key: str):
    sign_on(page, key)
    scan(page, MILK)
    expect(page.locator("#benefits")).to_contain_text("would save ₪5.00 on this purchase")
    page.locator("#benefits").get_by_role("link", name="Join").click()
    expect(page.locator("#new-customer")).to_be_visible()


@pytest.mark.parametrize("window", [Window(script=False)])
def test_offers_and_coupons_without_script(page: Page, key: str, coupon: list[str]):
    page.goto("/till")
    page.fill("[name=key]", key)
    page.keyboard.press("Enter")
    page.fill("[name=staff]", "cashier")
    page.fill("[name=pin]", "2580")
    page.keyboard.press("Enter")
    page.fill("#scan", MILK)
    page.keyboard.press("Enter")
    page.get_by_role("link", name="Offers").click()
    page.get_by_role("button", name="Use").click()
    due(page, "4.00")
    page.get_by_role("link", name="Coupon").click()
    page.fill("[name=code]", "wrong")
    page.get_by_role("button", name="Enter").click()
    expect(page.locator("[role=alert]")).to_contain_text("can't be used")


@pytest.mark.parametrize(
    "window",
    [Window(), Window(390, 844, "he")],
    ids=lambda window: f"{window.language}-{window.width}",
)
def test_offers_at_the_till_have_no_fault_for_axe(page: Page, key: str, coupon: list[str]):
    def look() -> None:
        found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
        assert found.response["violations"] == [], found.generate_report()
        assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")

    sign_on(page, key)
    scan(page, f"3*{MILK}")
    scan(page, coupon[0])
    expect(page.locator("#benefits .has")).to_be_visible()
    look()
    page.locator("#benefits .several button").first.click()
    expect(page.locator("tr.gift")).to_be_visible()
    look()
    for key_name, dialog in (("F1", "#offers"), ("F7", "#coupon")):
        page.keyboard.press(key_name)
        expect(page.locator(dialog)).to_be_visible()
        look()
        page.keyboard.press("Escape")
        expect(page.locator("#dlg")).not_to_be_visible()
    page.keyboard.press("F4")
    expect(page.locator(".said")).to_be_visible()
    expect(page.locator("#dlg")).not_to_be_visible()
