# REQ T-04 A-03: what a manager approves by PIN goes on by itself
import sqlalchemy as sa
from playwright.sync_api import Page, expect

from erp_club.clubs.models import Club
from erp_club.permissions.catalog import Permission, Role
from tests.browser.conftest import Live
from tests.browser.test_till import MILK, key, scan, sign_on, typed
from tests.make.clubs import a_membership, moved
from tests.make.customers import a_person
from tests.make.offers import points_that_pay
from tests.make.organisation import PIN, somebody
from tests.web.test_till_approvals import limit

__all__ = ["key"]


def approve(page: Page, who: str) -> None:
    expect(page.locator("#approval [name=staff]")).to_be_focused()
    typed(page, who, end="Tab")
    typed(page, PIN)


def test_a_sale_and_a_return_beyond_the_cashiers_limit_are_booked_behind_the_managers_pin(
    page: Page, live: Live, key: str
):
    with live.database.session() as session:
        yael = a_person(session, given_name="Yael", family_name="Katz", mobile="0541234567")
        club_id = session.scalars(sa.select(Club.id)).one()
        moved(session, yael, a_membership(session, yael, club_id).points_account_id, 500)
        points_that_pay(session)
        somebody(session, Role.MANAGER)
        limit(session, Role.CASHIER, Permission.POINTS_REDEEM, per_sale=50)
        limit(session, Role.CASHIER, Permission.SALES_RETURN, per_sale=1)
        session.commit()
    sign_on(page, key)
    scan(page, MILK)
    typed(page, "0541234567")
    expect(page.locator("#h-member")).to_have_text("Yael Katz")
    page.keyboard.press("F4")
    expect(page.locator("#points [name=points]")).to_be_focused()
    typed(page, "100")
    expect(page.locator("#dlg")).not_to_be_visible()
    page.keyboard.press("F10")
    expect(page.locator("#payment")).to_be_visible()
    typed(page, "")
    approve(page, "manager")
    expect(page.locator("#slip-paid")).to_contain_text("100 points used")
    expect(page.locator("#dlg")).not_to_be_visible()
    page.keyboard.press("F9")
    expect(page.locator("#slip-last")).to_be_visible()
    page.keyboard.press("F8")
    expect(page.locator("#return-goods")).to_be_visible()
    page.keyboard.press("F8")
    expect(page.locator("#return-goods [data-key='F10']")).to_be_visible()
    page.keyboard.press("F10")
    approve(page, "manager")
    expect(page.locator("#dlg .slip")).to_contain_text("Of receipt")
