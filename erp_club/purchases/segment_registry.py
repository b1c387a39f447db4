"""The fields of all domains, put together for those who read segments. The domains below know nothing of each other."""

from erp_club.clubs.segment_fields import FIELDS as OF_CLUBS
from erp_club.customers.segment_fields import FIELDS as OF_CUSTOMERS
from erp_club.kernel.fields import Registry
from erp_club.promotions.coupons.segment_fields import FIELDS as OF_COUPONS
from erp_club.receipts.segment_fields import FIELDS as OF_RECEIPTS

REGISTRY = Registry(OF_CLUBS, OF_CUSTOMERS, OF_COUPONS, OF_RECEIPTS)
