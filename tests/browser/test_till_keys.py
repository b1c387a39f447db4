# REQ T-01 T-02: every action of the till has a key, which stands on its button and in the list of keys
import re
from pathlib import Path

import pytest
import sqlalchemy as sa
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.browser.conftest import Live, Window
from tests.browser.test_till import MILK, key, scan, sign_on, typed
from tests.make.clubs import a_club, a_membership
from tests.make.customers import a_person
from tests.make.purchases import a_product
from web.till_keys import KEYS

__all__ = ["key"]

TAKEN_BY_THE_BROWSER = {"F5", "F6", "F11", "F12", "Shift+F10"}
SMALL = """() => [...document.querySelectorAll("dialog[open] :is(button, a:not(.note a), summary, select, .input)")]
    .filter((each) => { const box = each.getBoundingClientRect();
        return each.checkVisibility() && (box.width < 44 || box.height < 44); }).map((each) => each.outerHTML)"""
"""Targets of the dialog that a finger misses."""
WEB = Path(__file__).parents[2] / "web"


def test_no_key_is_one_of_the_browsers_own_or_does_two_things():
    assert not TAKEN_BY_THE_BROWSER & set(KEYS.values())
    assert len(set(KEYS.values())) == len(KEYS)
    named = {name for path in WEB.rglob("*.html") for name in re.findall(r'data-key="(F\d+)"', path.read_text())}
    assert "F7" in named
    assert not TAKEN_BY_THE_BROWSER & named


def test_f7_saves_in_every_dialog_of_the_till_that_enter_saves_in():
    texts = {path.name: path.read_text() for path in (WEB / "templates/till").glob("_*.html")}
    asked = {name for name, text in texts.items() if "<form" in text and "<kbd>Enter</kbd>" in text}
    assert "_event.html" in asked
    assert not {name for name in asked if 'data-key="F7"' not in texts[name]} - {"_paid.html"}


def test_the_guides_keys_are_kept():
    guide = {
        "find": "F2",
        "newcomer": "F3",
        "points": "F4",
        "coupon": "F7",
        "hold": "F8",
        "receipt": "F9",
        "pay": "F10",
    }
    assert guide.items() <= KEYS.items()


@pytest.mark.parametrize(
    "window",
    [Window(1024, 768, "he"), Window(390, 844, "en")],
    ids=lambda window: f"{window.language}-{window.width}",
)
def test_each_action_is_reached_by_its_key_and_shows_it(page: Page, live: Live, key: str):
    with live.database.session() as session:
        yael = a_person(session, given_name="Yael", family_name="Katz", mobile="0541234567")
        a_membership(session, yael, a_club(session, "FAMILY"))
        session.execute(sa.update(Staff).where(Staff.username == "cashier").values(role=Role.MANAGER))
        session.commit()
    sign_on(page, key)
    scan(page, MILK)
    typed(page, "0541234567")
    expect(page.locator("#h-member")).to_have_text("Yael Katz")
    dialogs = {
        "offers": "#offers",
        "newcomer": "#new-customer",
        "points": ".said",
        "coupon": "#coupon",
        "receipt": ".said",
        "pay": "#payment",
        "help": "#till-map",
        "member": "#till-memberships",
        "event": "#event",
        "balance": "#enquiry",
        "returned": "#return-search",
    }
    for does, dialog in dialogs.items():
        button = page.locator(f"#keys [data-key='{KEYS[does]}'], .bar [data-key='{KEYS[does]}']")
        expect(button.locator("kbd")).to_have_text(KEYS[does].replace("Shift+", "⇧"))
        page.keyboard.press(KEYS[does])
        expect(page.locator(dialog)).to_be_visible()
        if does == "help":
            told = page.locator("#till-map kbd").all_text_contents()
            assert set(KEYS.values()) <= set(told)
            found = Axe().run(page, options={"runOnly": ["wcag2a", "wcag2aa", "wcag21aa", "wcag22aa", "best-practice"]})
            assert found.response["violations"] == [], found.generate_report()
            assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
        assert page.evaluate(SMALL) == []
        page.keyboard.press("Escape")
        expect(page.locator("#dlg")).not_to_be_visible()
        expect(page.locator("#scan")).to_be_focused()
    page.keyboard.press(KEYS["hold"])
    expect(page.locator(".held li")).to_have_count(1)


@pytest.mark.parametrize("window", [Window(390, 844)])
def test_a_phone_shows_what_was_scanned_that_it_is_paid_and_whole_fields_of_a_return(page: Page, live: Live, key: str):
    with live.database.session() as session:
        codes = [f"{7290000001000 + number}" for number in range(9)]
        for code in codes:
            a_product(session, code, name=f"Fresh milk in a carton, number {code}")
        session.commit()

    def covered(what: str) -> bool:
        return page.locator(what).evaluate(
            """(each) => { const box = each.getBoundingClientRect();
                const top = document.elementFromPoint(box.x + box.width / 2, box.y + box.height / 2);
                return !each.contains(top); }"""
        )

    sign_on(page, key)
    for code in codes:
        scan(page, code)
    expect(page.locator("#line-9")).to_have_class("hot")
    assert not covered("#line-9")
    page.keyboard.press("F10")
    expect(page.locator("#payment")).to_be_visible()
    page.keyboard.press("F9")
    expect(page.locator("#h-paid")).to_be_visible()
    assert not covered("#h-paid")
    page.keyboard.press("F9")
    expect(page.locator("#receipt")).to_be_visible()
    page.keyboard.press("F8")
    expect(page.locator("#return")).to_be_visible()
    assert page.locator("#return .scroll").evaluate("(each) => each.scrollWidth <= each.clientWidth")
    title = page.locator("#dlg-title > span")
    expect(title).to_contain_text("T1-000001")
