# What the back office keeps when something goes wrong
import pytest
import sqlalchemy as sa
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Live, Window
from tests.browser.shop import a_desk
from web import deps


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


SLOW = "ALTER TABLE store_days RENAME TO kept; CREATE VIEW store_days AS SELECT d.* FROM pg_sleep(1), kept d"


def test_a_report_that_takes_too_long_when_its_order_is_clicked_offers_a_file_and_stays(
    browser: Browser, live: Live, monkeypatch: pytest.MonkeyPatch
):  # REQ R-01
    desk = a_desk(live, rows=1)
    context = desk.open(browser, Window())
    page = context.new_page()
    page.goto("/reports/purchases?by=store")
    monkeypatch.setattr(deps, "MOST_MS", 300)
    with live.database.session() as session:
        session.execute(sa.text(SLOW))
        session.commit()
    page.locator("#rows thead a", has_text="Receipts").click()
    expect(page.locator(".toast a[href*='.xlsx?by=store']")).to_be_visible()
    assert page.url.endswith("by=store")
    expect(page.locator("#rows tbody tr")).not_to_have_count(0)
    expect(page.locator("#report-filters")).to_be_visible()
    context.close()


def test_what_a_new_rule_of_a_club_begins_with_is_typed_over(browser: Browser, live: Live):
    # REQ M-02 W-03: whoever types 7 into the new rule's first field means 7, not 71
    desk = a_desk(live, rows=1)
    context = desk.open(browser, Window())
    page = context.new_page()
    page.goto("/programmes/new")
    page.locator("[value='add|earning.rules|money']").click()
    field = page.locator("[name='earning.rules[0].points']")
    expect(field).to_be_focused()
    page.keyboard.type("7")
    expect(field).to_have_value("7")
    context.close()
