# REQ O-09: coupons issued at the desk and put on paper
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.conftest import Live, Window
from tests.browser.shop import a_desk
from tests.browser.test_accessibility import look, look_narrow
from tests.make.coupons import a_batch

A_SHEET_MM = 8 * 37


@pytest.mark.parametrize("language", ["en", "he"])
def test_coupons_are_issued_in_a_dialog_and_printed_as_labels(browser: Browser, live: Live, language: str):
    desk = a_desk(live, rows=1)
    with live.database.session() as session:
        batch_id = a_batch(session, "LEAFLET")
        session.commit()
    page = desk.open(browser, Window(language=language)).new_page()
    page.goto(f"/coupon-batches/{batch_id}")
    page.locator(".title [hx-target='#dialog']").click()
    expect(page.locator("#dlg[open] form")).to_be_visible()
    look(page, "the dialog that issues")
    page.fill("#dlg [name=count]", "30")
    page.locator("#dlg form button.pri").click()
    expect(page.locator("#coupons tbody tr")).to_have_count(25)
    page.goto(f"/coupon-batches/{batch_id}/labels?sheets=2")
    look(page, "the labels")
    look_narrow(page, "the labels")
    page.emulate_media(media="print")
    expect(page.locator(".labels img").first).to_be_visible()
    expect(page.locator(".top")).to_be_hidden()
    height = page.locator(".labels").first.evaluate("sheet => sheet.getBoundingClientRect().height")
    assert round(height / 96 * 25.4) == A_SHEET_MM
    assert page.locator(".labels").count() == 2
