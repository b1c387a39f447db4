"""Every table of the product, known to the metadata once this module is imported."""

from erp_club.birthday import models as birthday
from erp_club.cards import models as cards
from erp_club.catalogue import models as catalogue
from erp_club.clubs import models as clubs
from erp_club.clubs.households import models as households
from erp_club.clubs.levels import models as levels
from erp_club.customers import models as customers
from erp_club.customers.classes import models as classes
from erp_club.customers.consents import models as consents
from erp_club.customers.duplicates import models as duplicates
from erp_club.customers.forms import models as customer_forms
from erp_club.customers.id_numbers import models as id_numbers
from erp_club.customers.names import models as names
from erp_club.customers.relatives import models as relatives
from erp_club.jobs import models as jobs
from erp_club.jobs.approvals import models as run_approvals
from erp_club.jobs.exports import models as exports
from erp_club.jobs.programmes import models as points_programmes
from erp_club.kernel import audit, emptied, idempotency, kept_keys, kept_rows
from erp_club.kernel.db import Base
from erp_club.organisation import models as organisation
from erp_club.people import models as people
from erp_club.people.retention import models as retention
from erp_club.permissions import models as permissions
from erp_club.permissions.approvals import models as approvals
from erp_club.permissions.factors import models as factors
from erp_club.permissions.grants import models as grants
from erp_club.permissions.tries import models as tries
from erp_club.permissions.workplaces import models as workplaces
from erp_club.points import models as points
from erp_club.points.conversions import models as conversions
from erp_club.pricelists import models as pricelists
from erp_club.programmes import models as programmes
from erp_club.programmes.events import models as programme_events
from erp_club.programmes.rewards import models as rewards
from erp_club.promotions import models as promotions
from erp_club.promotions.coupons import models as coupons
from erp_club.purchases import models as purchases
from erp_club.purchases.entitlements import models as entitlements
from erp_club.purchases.fees import models as fees
from erp_club.purchases.registering import models as registering
from erp_club.purchases.uploads import models as uploads
from erp_club.receipts import models as receipts
from erp_club.receipts.rollups import models as rollups
from erp_club.reports import models as reports
from erp_club.saved_views import models as saved_views
from erp_club.segments import models as segments
from erp_club.stored_value import models as stored_value

metadata = Base.metadata

__all__ = [
    "approvals",
    "audit",
    "birthday",
    "cards",
    "catalogue",
    "classes",
    "clubs",
    "consents",
    "conversions",
    "coupons",
    "customer_forms",
    "customers",
    "duplicates",
    "emptied",
    "entitlements",
    "exports",
    "factors",
    "fees",
    "grants",
    "households",
    "id_numbers",
    "idempotency",
    "jobs",
    "kept_keys",
    "kept_rows",
    "levels",
    "metadata",
    "names",
    "organisation",
    "people",
    "permissions",
    "points",
    "points_programmes",
    "pricelists",
    "programme_events",
    "programmes",
    "promotions",
    "purchases",
    "receipts",
    "registering",
    "relatives",
    "reports",
    "retention",
    "rewards",
    "rollups",
    "run_approvals",
    "saved_views",
    "segments",
    "stored_value",
    "tries",
    "uploads",
    "workplaces",
]
