# What the back office keeps when something goes wrong
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Live, Window
from tests.browser.shop import a_desk


def test_what_was_typed_outlives_the_session(browser: Browser, live: Live):
    desk = a_desk(live, rows=1)
    context = desk.open(browser, Window())
    page = context.new_page()
    page.goto(f"/customers/{desk.customer_id}")
    page.locator("#contact .btn").click()
    page.fill("#contact [name=city]", "Haifa")
    context.clear_cookies()
    page.locator("#contact .btn.pri").click()
    expect(page.locator(".toast.bad")).to_be_visible()
    expect(page.locator("#contact [name=city]")).to_have_value("Haifa")
    desk.sign_in(context)
    page.locator("#contact .btn.pri").click()
    expect(page.locator("#contact dl")).to_contain_text("Haifa")
    context.close()
