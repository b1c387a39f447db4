"""The back office's menu: what the signed-in person may open."""

from dataclasses import dataclass

from erp_club.kernel.text import N_
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from web.i18n import translate


@dataclass(frozen=True)
class Item:
    """One entry, ready to be drawn. `current` also for the pages below it."""

    label: str
    url: str
    icon: str
    current: bool


@dataclass(frozen=True)
class Section:
    """Entries under one heading; the first section has none."""

    label: str
    items: list[Item]


_MENU: tuple[tuple[str, tuple[tuple[str, str, str, Permission], ...]], ...] = (
    (
        "",
        (
            (N_("Home"), "/", "home", Permission.HOME_VIEW),
            (N_("Till"), "/till", "shopping-cart", Permission.SALES_POST),
        ),
    ),
    (
        N_("Members"),
        (
            (N_("Customers"), "/customers", "users", Permission.CUSTOMERS_VIEW),
            (N_("Segments"), "/segments", "users-group", Permission.SEGMENTS_VIEW),
            (N_("Possible duplicates"), "/suspected-pairs", "copy", Permission.PEOPLE_MERGE),
            (N_("Clubs"), "/clubs", "star", Permission.CLUBS_VIEW),
            (N_("Entitlements"), "/entitlement-uses", "circle-check", Permission.ENTITLEMENTS_VIEW),
            (N_("Programmes of points"), "/points-programmes", "coin", Permission.POINTS_PROGRAMMES),
        ),
    ),
    (
        N_("Offers"),
        (
            (N_("Offers"), "/offers", "discount", Permission.OFFERS_VIEW),
            (N_("Coupons"), "/coupon-batches", "ticket", Permission.COUPONS_VIEW),
            (N_("Price lists"), "/price-lists", "list-details", Permission.PRICELISTS_VIEW),
            (N_("Birthdays"), "/birthday-plans", "cake", Permission.BIRTHDAYS_VIEW),
            (N_("Gift cards"), "/stored-value-cards", "gift", Permission.STORED_VALUE_VIEW),
        ),
    ),
    (
        N_("Sales"),
        (
            (N_("Reports"), "/reports/purchases", "chart-bar", Permission.REPORTS_VIEW),
            (N_("Receipts"), "/purchases", "receipt", Permission.PURCHASES_VIEW),
            (N_("Offline sales"), "/upload-conflicts", "wifi", Permission.SALES_CONFLICTS),
            (N_("Products"), "/products", "tag", Permission.CATALOGUE_VIEW),
            (N_("Stores and tills"), "/stores", "building-store", Permission.STORES_VIEW),
        ),
    ),
    (
        N_("Control"),
        (
            (N_("Approvals"), "/approvals", "shield-check", Permission.APPROVALS_GIVE),
            (N_("Worth a look"), "/irregularities", "alert-triangle", Permission.AUDIT_VIEW),
            (N_("Change log"), "/audit-entries", "history", Permission.AUDIT_VIEW),
            (N_("Jobs"), "/jobs", "clock", Permission.JOBS_VIEW),
            (N_("Staff"), "/staff", "user-circle", Permission.STAFF_VIEW),
            (N_("Who may do what"), "/grants", "key", Permission.ROLES_VIEW),
        ),
    ),
    (
        N_("Settings"),
        (
            (N_("Import a file"), "/file-imports/new", "upload", Permission.IMPORTS_TAKE),
            (N_("Pricing rules"), "/pricing-policy", "scale", Permission.PRICING_EDIT),
            (N_("Form of new customers"), "/customer-forms", "clipboard-list", Permission.CUSTOMERS_FORM),
            (N_("Own fields"), "/classification-fields", "category", Permission.CUSTOMERS_CLASSES),
            (N_("Wordings of consents"), "/consent-wordings", "mail", Permission.CUSTOMERS_CONSENT_WORDINGS),
            (N_("ID numbers kept"), "/id-rules", "id-badge-2", Permission.CUSTOMERS_ID_RULES),
            (N_("How long data is kept"), "/retention-rules", "hourglass", Permission.PEOPLE_ERASE),
        ),
    ),
)


_BELOW = {
    "memberships": "/customers", "cards": "/customers", "points-accounts": "/customers", "merges": "/suspected-pairs",
    "programmes": "/clubs", "what-ifs": "/clubs", "forecasts": "/offers",
    "coupons": "/coupon-batches", "price-list-uploads": "/price-lists", "card-products": "/stored-value-cards",
    "reports": "/reports/purchases", "terminals": "/stores", "lockouts": "/staff", "job-runs": "/jobs",
}  # fmt: skip
"""The entry that a page belongs to whose address doesn't begin with it, by the address's first word."""


def navigation(by: Actor, path: str) -> list[Section]:
    """The menu for this person on this page."""
    made: list[Section] = []
    entry = _BELOW.get(path.split("/")[1] if "/" in path else "")
    for heading, entries in _MENU:
        items = [
            Item(translate(label), url, icon, url in (path, entry) or (url != "/" and path.startswith(f"{url}/")))
            for label, url, icon, permission in entries
            if by.may(permission)
        ]
        if items:
            made.append(Section(translate(heading) if heading else "", items))
    return made
