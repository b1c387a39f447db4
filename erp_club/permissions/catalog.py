"""The named actions and who holds them. No grant, no access.

Every route names one of these. The roles are fixed here; head office gets to edit them when roles become rows.
"""

from enum import StrEnum


class Permission(StrEnum):
    """`area.verb`; the value is what logs, JSON and templates say."""

    HOME_VIEW = "home.view"
    CUSTOMERS_SEARCH = "customers.search"
    CUSTOMERS_VIEW = "customers.view"
    CUSTOMERS_OPEN = "customers.open"
    CUSTOMERS_EDIT = "customers.edit"
    CUSTOMERS_EXPORT = "customers.export"
    CUSTOMERS_FORM = "customers.form"
    CUSTOMERS_REVEAL_ID = "customers.reveal_id"
    CUSTOMERS_ID_RULES = "customers.id_rules"
    CUSTOMERS_CLASSES = "customers.classes"
    CUSTOMERS_CONSENT_WORDINGS = "customers.consent_wordings"
    PEOPLE_MERGE = "people.merge"
    CLUBS_VIEW = "clubs.view"
    CLUBS_EDIT = "clubs.edit"
    MEMBERSHIPS_JOIN = "memberships.join"
    MEMBERSHIPS_RENEW = "memberships.renew"
    MEMBERSHIPS_EXTEND = "memberships.extend"
    MEMBERSHIPS_PAUSE = "memberships.pause"
    MEMBERSHIPS_END = "memberships.end"
    MEMBERSHIPS_CORRECT = "memberships.correct"
    CARDS_ISSUE = "cards.issue"
    CARDS_BLOCK = "cards.block"
    POINTS_VIEW = "points.view"
    POINTS_REDEEM = "points.redeem"
    POINTS_ADJUST = "points.adjust"
    CATALOGUE_VIEW = "catalogue.view"
    CATALOGUE_EDIT = "catalogue.edit"
    COUPONS_VIEW = "coupons.view"
    COUPONS_EDIT = "coupons.edit"
    COUPONS_ISSUE = "coupons.issue"
    PRICELISTS_VIEW = "pricelists.view"
    PRICELISTS_EDIT = "pricelists.edit"
    PRICELISTS_IMPORT = "pricelists.import"
    PURCHASES_VIEW = "purchases.view"
    PURCHASES_EXPORT = "purchases.export"
    SALES_POST = "sales.post"
    STORED_VALUE_VIEW = "stored_value.view"
    STORED_VALUE_SELL = "stored_value.sell"
    STORED_VALUE_GIVE = "stored_value.give"
    STORED_VALUE_LOAD = "stored_value.load"
    STORED_VALUE_PAY = "stored_value.pay"
    STORED_VALUE_REFUND = "stored_value.refund"
    STORED_VALUE_BLOCK = "stored_value.block"
    STORED_VALUE_EDIT = "stored_value.edit"
    SALES_RETURN = "sales.return"
    SALES_CANCEL = "sales.cancel"
    SALES_RETURN_WITHOUT_RECEIPT = "sales.return_without_receipt"
    SALES_WRITE_OFF = "sales.write_off"
    SALES_CONFLICTS = "sales.conflicts"
    OFFERS_VIEW = "offers.view"
    OFFERS_EDIT = "offers.edit"
    OFFERS_PUBLISH = "offers.publish"
    OFFERS_ACTIVATE = "offers.activate"
    PRICING_EDIT = "pricing.edit"
    SEGMENTS_VIEW = "segments.view"
    SEGMENTS_EDIT = "segments.edit"
    SEGMENTS_EXPORT = "segments.export"
    STORES_VIEW = "stores.view"
    STORES_EDIT = "stores.edit"
    STAFF_VIEW = "staff.view"
    STAFF_EDIT = "staff.edit"
    POINTS_PROGRAMMES = "points.programmes"
    POINTS_APPROVE = "points.approve"
    JOBS_VIEW = "jobs.view"
    JOBS_RUN = "jobs.run"
    AUDIT_VIEW = "audit.view"
    AUDIT_PERSONAL = "audit.personal"
    AUDIT_EXPORT = "audit.export"
    SELF = "self.preferences"


class Role(StrEnum):
    """What a member of staff is."""

    HQ = "hq"
    MANAGER = "manager"
    CASHIER = "cashier"


_CASHIER = frozenset(
    {
        Permission.CUSTOMERS_SEARCH,
        Permission.CUSTOMERS_VIEW,
        Permission.CUSTOMERS_OPEN,
        Permission.MEMBERSHIPS_JOIN,
        Permission.MEMBERSHIPS_RENEW,
        Permission.CARDS_ISSUE,
        Permission.POINTS_VIEW,
        Permission.POINTS_REDEEM,
        Permission.PURCHASES_VIEW,
        Permission.SALES_POST,
        Permission.STORED_VALUE_VIEW,
        Permission.STORED_VALUE_SELL,
        Permission.STORED_VALUE_LOAD,
        Permission.STORED_VALUE_PAY,
        Permission.SALES_RETURN,
        Permission.SALES_CANCEL,
        Permission.OFFERS_ACTIVATE,
        Permission.SELF,
    }
)
_MANAGER = _CASHIER | {
    Permission.SALES_RETURN_WITHOUT_RECEIPT,
    Permission.SALES_WRITE_OFF,
    Permission.SALES_CONFLICTS,
    Permission.HOME_VIEW,
    Permission.CUSTOMERS_EDIT,
    Permission.MEMBERSHIPS_EXTEND,
    Permission.MEMBERSHIPS_PAUSE,
    Permission.MEMBERSHIPS_END,
    Permission.CARDS_BLOCK,
    Permission.POINTS_ADJUST,
    Permission.CLUBS_VIEW,
    Permission.CATALOGUE_VIEW,
    Permission.COUPONS_VIEW,
    Permission.PRICELISTS_VIEW,
    Permission.OFFERS_VIEW,
    Permission.PURCHASES_EXPORT,
    Permission.STORED_VALUE_GIVE,
    Permission.STORED_VALUE_REFUND,
    Permission.STORED_VALUE_BLOCK,
    Permission.SEGMENTS_VIEW,
    Permission.STORES_VIEW,
    Permission.STAFF_VIEW,
    Permission.AUDIT_VIEW,
}

AT_TILL = (_MANAGER | {Permission.CUSTOMERS_FORM}) - {
    Permission.HOME_VIEW,
    Permission.PURCHASES_EXPORT,
    Permission.CATALOGUE_VIEW,
    Permission.PRICELISTS_VIEW,
    Permission.OFFERS_VIEW,
    Permission.STORES_VIEW,
    Permission.STAFF_VIEW,
    Permission.AUDIT_VIEW,
}
"""The most that a PIN opens: four digits at a till are no password."""

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.HQ: frozenset(Permission),
    Role.MANAGER: frozenset(_MANAGER),
    Role.CASHIER: _CASHIER,
}
"""Deny by default: what isn't in a role's set is refused."""
