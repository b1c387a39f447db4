"""The named actions, and who holds them when a chain begins. No grant, no access.

Every route names one of these. A new action is one line here, and a line in the sets below for each role that is to
hold it from the start: `erp-club migrate` grants it to those. From then on head office decides (`permissions/grants`).
"""

from enum import StrEnum

from erp_club.kernel.text import N_


class Scope(StrEnum):
    """How far a grant reaches: everywhere, one club, the store where one works, or what one did oneself."""

    CHAIN = "chain"
    CLUB = "club"
    STORE = "store"
    SELF = "self"


class Mark(StrEnum):
    """What to look at twice before an action is granted."""

    MONEY = "money"
    PERSONAL = "personal"
    FOUR_EYES = "four_eyes"
    DISCOUNT = "discount"
    """Its limit can also be a share of the list price."""


class Unit(StrEnum):
    """What the limits of an action count: points, or minor units of the chain's currency."""

    POINTS = "points"
    MONEY = "money"


class Permission(StrEnum):
    """`area.verb`; the value is what logs, JSON and templates say.

    After it stand a sentence that says what it lets somebody do, and what is true of it: its marks, the unit of its
    limits where it has any, and the scopes that it can be narrowed to (the chain can always be chosen).
    """

    sentence: str
    marks: frozenset[Mark]
    unit: Unit | None
    scopes: tuple[Scope, ...]

    def __new__(cls, value: str, sentence: str = "", *told: Mark | Unit | Scope) -> "Permission":
        made = str.__new__(cls, value)
        made._value_ = value
        made.sentence = sentence
        made.marks = frozenset(each for each in told if isinstance(each, Mark))
        made.unit = next((each for each in told if isinstance(each, Unit)), None)
        made.scopes = (Scope.CHAIN, *(each for each in told if isinstance(each, Scope)))
        return made

    HOME_VIEW = "home.view", N_("See the figures of the first page of the back office.")
    CUSTOMERS_SEARCH = "customers.search", N_("Find customers by number, card, phone or name."), Mark.PERSONAL
    CUSTOMERS_VIEW = "customers.view", N_("Open a customer's page with all that is known of the person."), Mark.PERSONAL
    CUSTOMERS_OPEN = "customers.open", N_("Open a new customer."), Mark.PERSONAL
    CUSTOMERS_EDIT = "customers.edit", N_("Change a customer's name, contact data and consents."), Mark.PERSONAL
    CUSTOMERS_EXPORT = "customers.export", N_("Take a list of customers out as a file."), Mark.PERSONAL
    CUSTOMERS_FORM = "customers.form", N_("Choose which fields the form of new customers shows and requires.")
    CUSTOMERS_REVEAL_ID = "customers.reveal_id", N_("See a whole ID number."), Mark.PERSONAL
    CUSTOMERS_ID_RULES = "customers.id_rules", N_("Choose in which countries ID numbers are kept."), Mark.PERSONAL
    CUSTOMERS_CLASSES = "customers.classes", N_("Set up own fields of customers.")
    CUSTOMERS_CONSENT_WORDINGS = "customers.consent_wordings", N_("Write the wordings that customers agree to.")
    PEOPLE_MERGE = "people.merge", N_("Make one customer of two, and part them again."), Mark.PERSONAL
    PEOPLE_ACCESS = "people.access", N_("Hand over all that is held about a person."), Mark.PERSONAL
    PEOPLE_ERASE = "people.erase", N_("Take a person out of everything, for good."), Mark.PERSONAL
    CLUBS_VIEW = "clubs.view", N_("See clubs and their settings."), Scope.CLUB
    CLUBS_EDIT = "clubs.edit", N_("Set up clubs, publish and close them, and change their settings."), Scope.CLUB
    BIRTHDAYS_VIEW = "birthdays.view", N_("See birthday plans and what they gave."), Mark.PERSONAL
    BIRTHDAYS_EDIT = "birthdays.edit", N_("Set up what members get around their birthday."), Mark.MONEY
    MEMBERSHIPS_JOIN = "memberships.join", N_("Let a customer join a club."), Scope.CLUB
    MEMBERSHIPS_RENEW = "memberships.renew", N_("Renew a membership."), Scope.CLUB
    MEMBERSHIPS_UPGRADE = "memberships.upgrade", N_("Sell a member a higher level.")
    ENTITLEMENTS_VIEW = "entitlements.view", N_("See what members used of what their memberships give."), Mark.PERSONAL
    ENTITLEMENTS_USE = (
        "entitlements.use",
        N_("Use what a member's membership gives, such as free services, and undo a use."),
    )
    MEMBERSHIPS_EXTEND = "memberships.extend", N_("Make a membership last longer."), Scope.CLUB
    MEMBERSHIPS_PAUSE = "memberships.pause", N_("Pause a membership and resume it."), Scope.CLUB
    MEMBERSHIPS_END = "memberships.end", N_("End a membership."), Scope.CLUB
    MEMBERSHIPS_CORRECT = "memberships.correct", N_("Correct the days of a membership."), Scope.CLUB
    HOUSEHOLDS_INVITE = "households.invite", N_("Invite a member to share the points of another one."), Scope.CLUB
    HOUSEHOLDS_ANSWER = "households.answer", N_("Accept or refuse such an invitation for a member."), Scope.CLUB
    HOUSEHOLDS_LINK = "households.link", N_("Link two memberships at once, both persons agreeing."), Scope.CLUB
    HOUSEHOLDS_LEAVE = "households.leave", N_("Let a member leave the household."), Scope.CLUB
    HOUSEHOLDS_LEAD = (
        "households.lead",
        N_("Change the main member of a household, and who uses its points."),
        Scope.CLUB,
    )
    MEMBERSHIPS_LEVEL = (
        "memberships.level",
        N_("Give a membership a level for a time, whatever was bought."),
        Scope.CLUB,
    )
    CARDS_ISSUE = "cards.issue", N_("Give a customer a card, replace it, report it lost.")
    CARDS_BLOCK = "cards.block", N_("Block a customer's card and release it.")
    POINTS_VIEW = "points.view", N_("See a customer's points.")
    POINTS_REDEEM = "points.redeem", N_("Let a customer pay with points."), Mark.MONEY, Unit.POINTS
    POINTS_ADJUST = "points.adjust", N_("Change points by hand and undo that."), Mark.MONEY, Unit.POINTS, Scope.CLUB
    EVENTS_TELL = "events.tell", N_("Tell of an event for which a member is given something."), Mark.MONEY
    CATALOGUE_VIEW = "catalogue.view", N_("See products.")
    CATALOGUE_EDIT = "catalogue.edit", N_("Open products and change them.")
    COUPONS_VIEW = "coupons.view", N_("See coupons and where they were used.")
    COUPONS_EDIT = "coupons.edit", N_("Set up batches of coupons, block and cancel coupons."), Mark.MONEY
    COUPONS_ISSUE = "coupons.issue", N_("Issue coupons, print them, take their codes out as a file."), Mark.MONEY
    PRICELISTS_VIEW = "pricelists.view", N_("See price lists.")
    PRICELISTS_EDIT = "pricelists.edit", N_("Change price lists, publish and close them."), Mark.MONEY
    PRICELISTS_IMPORT = "pricelists.import", N_("Take in price lists from a file."), Mark.MONEY
    PURCHASES_VIEW = "purchases.view", N_("See receipts."), Scope.STORE, Scope.SELF
    PURCHASES_EXPORT = "purchases.export", N_("Take receipts out as a file."), Mark.PERSONAL, Scope.STORE
    SALES_POST = "sales.post", N_("Sell at the till.")
    STORED_VALUE_VIEW = "stored_value.view", N_("See prepaid and gift cards.")
    STORED_VALUE_SELL = "stored_value.sell", N_("Sell prepaid and gift cards."), Mark.MONEY
    STORED_VALUE_GIVE = "stored_value.give", N_("Give a gift card away."), Mark.MONEY, Unit.MONEY
    STORED_VALUE_LOAD = "stored_value.load", N_("Load money on a prepaid card."), Mark.MONEY, Unit.MONEY
    STORED_VALUE_PAY = "stored_value.pay", N_("Let a customer pay with a prepaid or gift card.")
    STORED_VALUE_REFUND = "stored_value.refund", N_("Pay money back to a prepaid or gift card."), Mark.MONEY, Unit.MONEY
    STORED_VALUE_BLOCK = "stored_value.block", N_("Block a prepaid or gift card and release it.")
    STORED_VALUE_EDIT = "stored_value.edit", N_("Set up kinds of prepaid and gift cards."), Mark.MONEY
    SALES_RETURN = "sales.return", N_("Take goods back with their receipt."), Mark.MONEY, Unit.MONEY
    SALES_CANCEL = "sales.cancel", N_("Cancel a sale."), Mark.MONEY, Unit.MONEY
    SALES_REGISTER = "sales.register", N_("Register a purchase for a member afterwards."), Mark.MONEY
    SALES_RETURN_WITHOUT_RECEIPT = (
        "sales.return_without_receipt", N_("Take goods back without a receipt."), Mark.MONEY, Unit.MONEY,
    )  # fmt: skip
    SALES_WRITE_OFF = "sales.write_off", N_("Forgive points that a return can't take back."), Mark.MONEY, Unit.POINTS
    SALES_CONFLICTS = "sales.conflicts", N_("Decide on offline sales that we would have priced otherwise."), Scope.STORE
    OFFERS_VIEW = "offers.view", N_("See offers.")
    OFFERS_EDIT = "offers.edit", N_("Draft offers.")
    OFFERS_PUBLISH = "offers.publish", N_("Publish offers and end them."), Mark.MONEY
    OFFERS_ACTIVATE = (
        "offers.activate",
        N_("Start an offer at the till that waits for the cashier."),
        Mark.MONEY,
        Mark.DISCOUNT,
        Unit.MONEY,
    )
    PRICING_EDIT = "pricing.edit", N_("Set the rules of pricing."), Mark.MONEY
    SEGMENTS_VIEW = "segments.view", N_("See segments and how many are in them.")
    SEGMENTS_EDIT = "segments.edit", N_("Build segments.")
    SEGMENTS_EXPORT = "segments.export", N_("Take the customers of a segment out as a file."), Mark.PERSONAL
    REPORTS_VIEW = "reports.view", N_("See reports of sales."), Scope.STORE
    REPORTS_EXPORT = "reports.export", N_("Take reports of sales out as files."), Scope.STORE
    STORES_VIEW = "stores.view", N_("See stores and tills."), Scope.STORE
    STORES_EDIT = "stores.edit", N_("Open stores and tills, give tills their keys.")
    TERMINALS_ENROL = "terminals.enrol", N_("Make one-time codes that turn a browser into a till."), Scope.STORE
    STAFF_UNLOCK = "staff.unlock", N_("Open a sign-in again that wrong tries have locked."), Scope.STORE
    STAFF_VIEW = "staff.view", N_("See who works for the chain."), Scope.STORE
    STAFF_EDIT = "staff.edit", N_("Open staff, give them roles, passwords and PINs, switch them off."), Scope.STORE
    STAFF_RESET_FACTOR = (
        "staff.reset_factor",
        N_("Take away somebody's second factor, whose phone is lost."),
        Mark.PERSONAL,
        Scope.STORE,
    )
    POINTS_PROGRAMMES = "points.programmes", N_("Set up programmes that change many people's points."), Mark.MONEY
    POINTS_APPROVE = (
        "points.approve",
        N_("Approve a run over the limit that somebody else, or the schedule, has asked for."),
        Mark.MONEY,
        Mark.FOUR_EYES,
    )
    IMPORTS_TAKE = (
        "imports.take",
        N_("Take in customers, products, receipts, cards and balances from files."),
        Mark.MONEY,
        Mark.PERSONAL,
    )
    JOBS_VIEW = "jobs.view", N_("See jobs and their runs.")
    JOBS_RUN = "jobs.run", N_("Start, stop and undo runs of jobs.")
    AUDIT_VIEW = "audit.view", N_("Read the change log."), Scope.STORE
    AUDIT_PERSONAL = "audit.personal", N_("See what the change log tells of people."), Mark.PERSONAL
    AUDIT_EXPORT = "audit.export", N_("Take the change log out as a file."), Mark.PERSONAL, Scope.STORE
    ROLES_VIEW = "roles.view", N_("See which role may do what, and who could do it when.")
    ROLES_EDIT = "roles.edit", N_("Decide which role may do what."), Mark.MONEY, Mark.PERSONAL
    APPROVALS_GIVE = (
        "approvals.give",
        N_("Approve what others may only do with somebody's approval, within one's own limits."),
        Mark.FOUR_EYES,
        Scope.STORE,
    )
    SELF = "self.preferences", N_("Choose one's own language and secrets, and sign out.")


class Role(StrEnum):
    """The roles that come with the product; a chain can have others beside them (`permissions/grants`)."""

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
        Permission.MEMBERSHIPS_UPGRADE,
        Permission.ENTITLEMENTS_USE,
        Permission.CARDS_ISSUE,
        Permission.POINTS_VIEW,
        Permission.POINTS_REDEEM,
        Permission.EVENTS_TELL,
        Permission.PURCHASES_VIEW,
        Permission.SALES_POST,
        Permission.STORED_VALUE_VIEW,
        Permission.STORED_VALUE_SELL,
        Permission.STORED_VALUE_LOAD,
        Permission.STORED_VALUE_PAY,
        Permission.SALES_RETURN,
        Permission.SALES_CANCEL,
        Permission.SALES_REGISTER,
        Permission.OFFERS_ACTIVATE,
        Permission.SELF,
    }
)
_MANAGER = _CASHIER | {
    Permission.APPROVALS_GIVE,
    Permission.SALES_RETURN_WITHOUT_RECEIPT,
    Permission.SALES_WRITE_OFF,
    Permission.SALES_CONFLICTS,
    Permission.HOME_VIEW,
    Permission.CUSTOMERS_EDIT,
    Permission.MEMBERSHIPS_EXTEND,
    Permission.MEMBERSHIPS_PAUSE,
    Permission.MEMBERSHIPS_END,
    Permission.MEMBERSHIPS_LEVEL,
    Permission.ENTITLEMENTS_VIEW,
    Permission.HOUSEHOLDS_INVITE,
    Permission.HOUSEHOLDS_ANSWER,
    Permission.HOUSEHOLDS_LINK,
    Permission.HOUSEHOLDS_LEAVE,
    Permission.HOUSEHOLDS_LEAD,
    Permission.CARDS_BLOCK,
    Permission.POINTS_ADJUST,
    Permission.CLUBS_VIEW,
    Permission.BIRTHDAYS_VIEW,
    Permission.CATALOGUE_VIEW,
    Permission.COUPONS_VIEW,
    Permission.PRICELISTS_VIEW,
    Permission.OFFERS_VIEW,
    Permission.PURCHASES_EXPORT,
    Permission.STORED_VALUE_GIVE,
    Permission.STORED_VALUE_REFUND,
    Permission.STORED_VALUE_BLOCK,
    Permission.SEGMENTS_VIEW,
    Permission.REPORTS_VIEW,
    Permission.REPORTS_EXPORT,
    Permission.STORES_VIEW,
    Permission.TERMINALS_ENROL,
    Permission.STAFF_UNLOCK,
    Permission.STAFF_VIEW,
    Permission.AUDIT_VIEW,
}

AT_TILL = (_MANAGER | {Permission.CUSTOMERS_FORM}) - {
    Permission.HOME_VIEW,
    Permission.BIRTHDAYS_VIEW,
    Permission.PURCHASES_EXPORT,
    Permission.CATALOGUE_VIEW,
    Permission.PRICELISTS_VIEW,
    Permission.OFFERS_VIEW,
    Permission.REPORTS_VIEW,
    Permission.REPORTS_EXPORT,
    Permission.STORES_VIEW,
    Permission.TERMINALS_ENROL,
    Permission.STAFF_UNLOCK,
    Permission.STAFF_VIEW,
    Permission.AUDIT_VIEW,
}
"""The most that a PIN opens: four digits at a till are no password."""

GRANTS: dict[Role, frozenset[Permission]] = {
    Role.HQ: frozenset(Permission),
    Role.MANAGER: frozenset(_MANAGER),
    Role.CASHIER: _CASHIER,
}
"""What the roles that come with the product hold until head office decides otherwise."""

SCOPES: dict[tuple[Role, Permission], Scope] = {(Role.MANAGER, Permission.APPROVALS_GIVE): Scope.STORE}
"""How far those of these grants reach that aren't for the whole chain: managers approve where they work."""

LIMITS: dict[tuple[Role, Permission], int] = {
    (Role.MANAGER, Permission.POINTS_ADJUST): 500,
    (Role.CASHIER, Permission.STORED_VALUE_LOAD): 500_00,
}
"""The most at once, in the action's unit, of those grants; beyond it somebody else has to approve."""
