"""A small shop behind the pages of the back office, and somebody of head office at its desk."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext
from sqlalchemy.orm import Session

from erp_club.imports.price_list_uploads import preview
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from erp_club.purchases.commands import post_sale
from erp_club.purchases.entitlements.commands import undo_use, use_service
from erp_club.purchases.fees.commands import Day
from tests.browser.conftest import Live, Window, open_window
from tests.make.browser import a_session_of
from tests.make.clubs import a_club, a_membership
from tests.make.coupons import a_batch, read, some_coupons
from tests.make.customers import a_person
from tests.make.offers import a_published_offer
from tests.make.organisation import a_store, somebody
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import NOW, a_line, a_product, a_sale, a_till
from web.cookies import SESSION_COOKIE


@dataclass(frozen=True)
class Desk:
    """The ids that the addresses of pages need, and the cookie of head office."""

    live: Live
    token: str
    customer_id: int
    newcomer_id: int
    club_id: int
    membership_id: int
    product_id: int
    price_list_id: int
    upload_id: int
    receipt_id: int
    store_id: int
    terminal_id: int
    staff_id: int
    batch_id: int
    coupon_id: int
    offer_id: int

    def pages(self) -> tuple[str, ...]:
        """Every page of the back office, and a refusal."""
        customer = f"/customers/{self.customer_id}"
        return (
            *("/", "/customers", "/customers?membership=valid&language=he", "/customers?opened_from=2090-01-01"),
            *(customer, f"{customer}?tab=points", f"{customer}?tab=purchases", f"{customer}?tab=changes"),
            *(f"{customer}/edit", f"/customers/{self.newcomer_id}", "/customers/new"),
            *("/clubs", f"/clubs/{self.club_id}", f"/clubs/{self.club_id}/edit", "/clubs/new"),
            *(f"/clubs/{self.club_id}/closures/new", f"/memberships/{self.membership_id}/extensions/new"),
            *(f"/memberships/{self.membership_id}/{noun}/new" for noun in ("pauses", "terminations", "corrections")),
            *("/customer-forms/till", "/customer-forms/office"),
            *("/products", f"/products/{self.product_id}", f"/products/{self.product_id}/edit", "/products/new"),
            *("/purchases", f"/purchases/{self.receipt_id}", f"/purchases/{self.receipt_id}/slip"),
            *("/stores", f"/stores/{self.store_id}", f"/stores/{self.store_id}/edit", "/stores/new"),
            *(
                f"/terminals/{self.terminal_id}/keys/new",
                "/staff",
                f"/staff/{self.staff_id}",
                "/staff/new",
                "/lockouts",
            ),
            *("/coupon-batches", f"/coupon-batches/{self.batch_id}", f"/coupon-batches/{self.batch_id}/edit"),
            *("/coupon-batches/new", f"/coupons/{self.coupon_id}", f"{customer}?tab=coupons"),
            *("/price-lists", f"/price-lists/{self.price_list_id}", f"/price-lists/{self.price_list_id}/edit"),
            *(f"/price-lists/{self.price_list_id}/closures/new", f"/price-lists/{self.price_list_id}/prices/new"),
            *("/offers", "/offers?standing=draft", f"/offers/{self.offer_id}", f"/offers/{self.offer_id}/edit"),
            *(
                "/offers/new",
                "/offers/new?kind=bundle",
                f"/offers/{self.offer_id}/forecasts/new",
                f"/offers/{self.offer_id}/trials/new",
            ),
            *("/price-lists/new", "/price-list-uploads/new", f"/price-list-uploads/{self.upload_id}"),
            *("/audit-entries", "/jobs", "/jobs/names-rekey", "/jobs/points-expire", "/nothing-here"),
            *("/points-programmes", "/points-programmes/new"),
            *("/segments", "/segments/new", "/segments/lists/new"),
            *("/approvals", "/grants", "/grants?role=manager", "/grants/holders?action=points.adjust"),
            *("/reports/purchases?against=before", "/reports/purchases?by=store", "/reports/purchases/receipts"),
            *("/reports/customers", "/reports/offers", f"/clubs/{self.club_id}/results"),
            *("/entitlement-uses", "/entitlement-uses?state=back"),
        )

    def open(self, browser: Browser, window: Window) -> BrowserContext:
        """A fresh browser in which head office is signed in."""
        context = open_window(browser, self.live, window)
        self.sign_in(context)
        return context

    def sign_in(self, context: BrowserContext) -> None:
        context.add_cookies([{"name": SESSION_COOKIE, "value": self.token, "url": self.live.url}])


SERVICES = Programme.model_validate(
    {
        "code": "TAILOR",
        "names": {"en": "Tailor's club", "he": "מועדון החייט"},
        "currency": "ILS",
        "term": {"kind": "lifetime"},
        "entitlements": [
            {
                "code": "alteration",
                "names": {"en": "Free alteration of one piece of clothing", "he": "תיקון חינם של פריט לבוש אחד"},
                "gives": {"kind": "service"},
                "count": 20,
                "period": {"every": "year"},
            }
        ],
    }
)


def some_services(session: Session, customer_id: int, *, uses: int, by: Actor) -> None:
    """A club that gives a service, which the customer has used so often; the last use came back."""
    today = NOW.date()
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
    club_id = load_programme(session, SERVICES, today=today, **how).club_id
    membership_id = a_membership(session, customer_id, club_id, joined_on=today).membership_id
    day = Day(today, NOW, by)
    used = [use_service(session, membership_id, "alteration", day=day) for _ in range(uses)]
    undo_use(session, used[-1], day=day)


def a_desk(live: Live, *, rows: int) -> Desk:
    """A shop with `rows` each of members of two clubs, products, stores and receipts, and one customer without any."""
    with live.database.session() as session:
        till = a_till(session)
        staff_id = somebody(session, Role.HQ)
        clubs = [a_club(session, "GOLD"), a_club(session, "FAMILY", months=None)]
        members: list[int] = []
        memberships: list[int] = []
        products: list[int] = []
        receipts: list[int] = []
        for row in range(rows):
            a_store(session, f"S{row}")
            products.append(a_product(session, f"{7290000000000 + row}", name=f"Product number {row}"))
            members.append(
                a_person(
                    session, family_name=f"Cohen {row:03}", mobile=f"05269{row:05}", language="he", home_store="374"
                )
            )
            memberships.extend(a_membership(session, members[-1], club).membership_id for club in clubs)
            sale = a_sale(
                till,
                a_line(products[-1], 8_00, list_minor=10_00),
                receipt_no=f"1-{row:06}",
                customer_id=members[0 if row % 2 else -1],
                sold_at=NOW - dt.timedelta(hours=row),
            )
            receipts.append(post_sale(session, sale, now=NOW, by=till.by).receipt_id)
        batch_id = a_batch(session, prefix="VAK", personal=True, valid_from=NOW.date(), days_from_issue=30)
        codes = some_coupons(session, rows, customer_id=members[0])
        coupon_id = read(session, codes[0], customer_id=members[0])[0].id
        price_list_id = a_list(session)
        for row in range(rows):
            an_entry(session, price_list_id, sku=f"{7290000000000 + row}")
        file = "list,sku,percent\n" + "".join(f"GOLD-26,{7290000000000 + row},{row + 1}\n" for row in range(rows))
        upload_id = preview(session, "gold.csv", file.encode(), now=NOW, by=SYSTEM)
        offer_id = a_published_offer(session, when={"all": [{"clubs": ["GOLD"]}, {"not": {"weekdays": [6]}}]})
        newcomer_id = a_person(session, given_name="דנה", family_name="לוי")
        some_services(session, members[0], uses=min(rows, 20), by=till.by)
        token = a_session_of(session, staff_id)
        session.commit()
    return Desk(
        live=live,
        token=token,
        customer_id=members[0],
        newcomer_id=newcomer_id,
        club_id=clubs[0],
        membership_id=memberships[0],
        product_id=products[0],
        price_list_id=price_list_id,
        upload_id=upload_id,
        receipt_id=receipts[0],
        store_id=till.store_id,
        terminal_id=till.terminal_id,
        staff_id=staff_id,
        batch_id=batch_id,
        coupon_id=coupon_id,
        offer_id=offer_id,
    )
