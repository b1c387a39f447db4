# REQ T-01 T-02 C-02: whoever types without pauses has every key where it was meant, while dialogs come and go
import re

import pytest
from playwright.sync_api import Page, Route, expect

from erp_club.customers.forms.commands import set_form
from erp_club.customers.forms.rules import FormField, Place
from erp_club.permissions.actors import SYSTEM
from tests.browser.conftest import Live
from tests.browser.test_till import COFFEE, MILK, SCANNER_GAP_MS, key, scan, sign_on
from tests.make.customers import a_person
from tests.make.purchases import NOW

__all__ = ["key"]


def at_once(page: Page, *texts: str) -> None:
    """Press all of it with no time between, as fast as the browser takes it; what is in brackets is a key."""
    for text in texts:
        for part in re.findall(r"\[[^]]+\]|[^[]+", text):
            if part.startswith("["):
                page.keyboard.press(part[1:-1])
            else:
                page.keyboard.type(part)


@pytest.mark.parametrize(
    ("mobile", "given", "family"),
    [
        ("0546123456", "Danielle", "Katzenelson"),
        ("+972546123456", "O'Brien-Smith", "גרשון־לוי"),
        ("546123456", "D", "Nguyễn"),
    ],
)
def test_a_new_member_typed_at_once_is_saved_as_typed(page: Page, key: str, mobile: str, given: str, family: str):
    sign_on(page, key)
    at_once(page, f"[F3]{mobile}[Tab]{given}[Tab]{family}[Enter]")
    expect(page.locator("#h-member")).to_have_text(f"{given} {family}")
    expect(page.locator("#member")).to_contain_text(re.compile("3456"))
    expect(page.locator("#scan")).to_have_value("")


def test_what_is_typed_while_the_dialog_comes_and_goes_is_kept_in_order(page: Page, key: str):
    """An item, a number that nobody has, the new member that it offers, and the next item, the payment and the next."""
    sign_on(page, key)
    at_once(page, f"{COFFEE}[Enter]0541234568[Enter][Enter]Dana[Tab]Katz[Enter]{MILK}[Enter][F10]100[Enter][Enter]")
    expect(page.locator("#slip-paid")).to_contain_text("Coffee")
    expect(page.locator("#slip-paid")).to_contain_text("Milk")
    expect(page.locator("#slip-paid")).to_contain_text("Dana")
    # The last Enter was one too many: the change stays in sight.
    expect(page.locator(".change")).to_contain_text("₪51.10")
    # Behind Escape it is meant.
    at_once(page, "[F9][Escape][Enter]")
    expect(page.locator("#paid")).to_have_count(0)
    scan(page, MILK)
    expect(page.locator("#line-1")).to_be_visible()
    page.keyboard.press("ArrowUp")
    expect(page.locator("#line-1 [name=quantity]")).to_be_focused()
    at_once(page, "0[Enter]")
    # Sent once: a second time the line would be gone.
    expect(page.locator("#basket .void")).to_be_visible()
    expect(page.locator("#scan")).to_be_focused()
    expect(page.locator(".said")).to_have_count(0)


def test_all_kinds_of_fields_take_what_is_typed_before_they_are_there(page: Page, live: Live, key: str):
    with live.database.session() as session:
        shown = ("mobile", "given_name", "family_name", "id_number", "birthday", "email", "own_id")
        fields = [FormField(name) for name in shown]
        set_form(session, Place.TILL, fields, now=NOW, by=SYSTEM)
        session.commit()
    sign_on(page, key)
    at_once(page, "[F3]0546123456[Tab]Dana[Tab]Katz[Backspace]z[Tab]355675463[Tab]")
    expect(page.locator("#f-mobile")).to_have_value("0546123456")
    expect(page.locator("#f-family_name")).to_have_value("Katz")
    expect(page.locator("#f-id_number")).to_have_value("355675463")
    expect(page.locator("#f-card")).to_have_value("")
    page.locator("#f-birthday").press_sequentially("02031990")
    page.locator("#f-email").focus()
    at_once(page, "dana.katz@example.org[Tab]700000012345[Enter]")
    expect(page.locator("#h-member")).to_have_text("Dana Katz")


def test_a_scanned_card_goes_to_its_field_from_wherever_it_is_scanned(page: Page, key: str):
    sign_on(page, key)
    for field in ("mobile", "given_name", "family_name"):
        page.keyboard.press("F3")
        expect(page.locator("#f-mobile")).to_be_focused()
        page.locator(f"#f-{field}").focus()
        scan(page, "2900000000018")
        expect(page.locator("#f-card")).to_have_value("2900000000018")
        expect(page.locator(f"#f-{field}")).to_have_value("")
        page.keyboard.press("Escape")
        expect(page.locator("#f-mobile")).to_have_count(0)


def test_a_card_scanned_into_a_date_is_a_card_and_a_day_typed_at_once_is_a_day(page: Page, live: Live, key: str):
    with live.database.session() as session:
        fields = [FormField(name) for name in ("mobile", "birthday", "given_name", "family_name")]
        set_form(session, Place.TILL, fields, now=NOW, by=SYSTEM)
        session.commit()
    sign_on(page, key)
    page.keyboard.press("F3")
    expect(page.locator("#f-mobile")).to_be_focused()
    page.locator("#f-birthday").fill("1990-02-03")
    page.locator("#f-birthday").focus()
    scan(page, "2900000000018")
    expect(page.locator("#f-card")).to_have_value("2900000000018")
    expect(page.locator("#f-birthday")).to_have_value("1990-02-03")
    page.locator("#f-birthday").fill("")
    page.locator("#f-birthday").focus()
    at_once(page, "11111988[Tab]")
    expect(page.locator("#f-birthday")).to_have_value("1988-11-11")
    expect(page.locator("#f-card")).to_have_value("2900000000018")


def test_what_was_typed_behind_a_refusal_goes_nowhere_and_that_is_said(page: Page, key: str):
    sign_on(page, key)
    asked = "**/baskets/current/customers"
    on_their_way: list[Route] = []
    page.route(asked, lambda route: on_their_way.append(route))  # noqa: PLW0108 - it marks the function
    with page.expect_request(asked):
        at_once(page, "[F3]054[Tab]Dana[Tab]Katz[Enter]")
    at_once(page, f"{MILK}[Enter]")
    on_their_way[0].continue_()
    page.unroute(asked)
    expect(page.locator("#f-mobile")).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("What you typed since was not taken.")
    expect(page.locator("#f-mobile")).to_have_value("054")
    expect(page.locator("#f-family_name")).to_have_value("Katz")
    expect(page.locator("#line-1")).to_have_count(0)
    page.locator("#f-mobile").fill("0546123456")
    page.keyboard.press("Enter")
    expect(page.locator("#h-member")).to_have_text("Dana Katz")


def test_an_answer_behind_a_dialog_leaves_the_focus_to_whoever_types_in_it(page: Page, key: str):
    sign_on(page, key)
    page.keyboard.press("F3")
    expect(page.locator("#f-mobile")).to_be_focused()
    page.keyboard.press("Tab")
    expect(page.locator("#f-given_name")).to_be_focused()
    page.evaluate("htmx.ajax('GET', '/till', { target: document.getElementById('till'), swap: 'outerMorph' })")
    page.wait_for_timeout(500)
    page.keyboard.type("Dana")
    expect(page.locator("#f-given_name")).to_have_value("Dana")


def test_a_key_pressed_as_soon_as_the_page_is_there_opens_the_dialog_and_no_page(page: Page, key: str):
    sign_on(page, key)
    for _ in range(3):
        page.goto("/till", wait_until="domcontentloaded")
        at_once(page, "[F3]0546123456")
        expect(page.locator("#f-mobile")).to_have_value("0546123456")
        assert page.url.endswith("/till")


def test_the_longest_name_stays_inside_the_panel_and_the_receipt(page: Page, live: Live, key: str):
    with live.database.session() as session:
        a_person(session, given_name="L" * 200, family_name="M" * 200, mobile="0526961786")
        session.commit()
    sign_on(page, key)
    scan(page, MILK)
    expect(page.locator("#line-1")).to_be_visible()
    at_once(page, "0526961786[Enter]")
    expect(page.locator("#h-member")).to_contain_text("LLL")
    page.keyboard.press("F10")
    expect(page.locator("#f-tendered")).to_be_focused()
    page.keyboard.press("F7")
    expect(page.locator("#slip-paid")).to_contain_text("LLL")
    assert page.evaluate(
        "document.querySelector('.slip .box p').scrollWidth <= document.querySelector('.slip').clientWidth"
    )


def test_a_code_stays_whole_when_the_machine_holds_a_key_back(page: Page, key: str):
    sign_on(page, key)
    page.wait_for_load_state("load")
    page.keyboard.type(MILK[:5], delay=SCANNER_GAP_MS)
    page.keyboard.press(MILK[5], delay=300)
    scan(page, MILK[6:])
    expect(page.locator("#line-1")).to_contain_text("Milk")


def test_a_code_stays_whole_that_began_before_the_script_was_there(page: Page, key: str):
    sign_on(page, key)
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route(re.compile("till.*js"), hold)
    page.reload(wait_until="commit")
    expect(page.locator("#scan")).to_be_focused()
    page.keyboard.type(MILK[:3])
    held.pop().continue_()
    page.wait_for_load_state("load")
    scan(page, MILK[3:])
    expect(page.locator("#line-1")).to_contain_text("Milk")
