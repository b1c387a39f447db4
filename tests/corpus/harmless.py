"""A harmless request for every route that writes or searches: what each hostile value stands in the place of."""

import datetime as dt
from typing import Any

from tests.corpus.shop import OTHER_SKU, SKU, WHERE

TODAY = dt.datetime.now(dt.UTC).date()
SOON = (TODAY + dt.timedelta(days=40)).isoformat()
NAMES = {"en": "Gold", "he": "זהב"}
LINES = [{"sku": SKU, "quantity": "1"}]
PAID = [{"means": "cash", "amount_minor": 30_00}]
PERSON = {
    "given_name": "Maya", "family_name": "Peretz", "mobile": "0541112233", "email": "maya@example.org", "city": "Haifa",
    "street": "Herzl 1", "postcode": "3303001", "country": "IL", "birthday": "1990-02-03", "gender": "F",
    "language": "he",
}  # fmt: skip
CLUB = {
    "code": "SPRING", "names": NAMES, "earn_points": 1, "earn_per_minor": 10_00, "worth_points": 100,
    "worth_minor": 5_00, "term_kind": "months", "term_months": 12,
}  # fmt: skip
OFFER = {"code": "NEW", "names": {"en": "A tenth"}, "rewards": [{"kind": "percent", "value_bp": 1000}]}


def bodies(ids: dict[str, Any]) -> dict[str, Any]:
    """The body of each route by its method and address; a route that isn't here is sent none."""
    return {
        "POST /purchases": {
            "lines": LINES, "receipt_no": "B-1", "payments": [{"means": "cash", "amount_minor": 27_00}],
            "customer": {"number": "100001"},
        },
        "POST /quotes": {"lines": LINES, "sale_id": "S-1", "customer": {"number": "100001"}, "coupons": []},
        "POST /baskets/current/entries": {"code": OTHER_SKU},
        "PATCH /baskets/current/lines/{line_no}": {"quantity": "2"},
        "POST /baskets/current/payments": {"means": "cash", "tendered_minor": 100_00},
        "POST /staff-sessions": {"staff": "dana", "pin": "2580"},
        "POST /preferences": {"language": "he", "next": "/"},
        "POST /audit-searches": {"text": "Yael"},
        "POST /card-products": {"code": "CHEER", "names": NAMES, "kind": "gift", "valid_months": 60},
        "PATCH /card-products/{product_id}": {"version": 1, "names": NAMES},
        "POST /customers/{customer_id}/cards": {},
        "POST /cards/{card_id}/replacements": {},
        "POST /classification-fields": {
            "name": "Colour", "kind": "choice", "labels": {"en": "Colour"},
            "choices": [{"code": "R", "labels": {"en": "Red"}}],
        },
        "PUT /classification-fields/{name}": {"labels": {"en": "Size"}},
        "POST /clubs": CLUB,
        "PATCH /clubs/{club_id}": {"version": 2, "names": NAMES},
        "PUT /consent-wordings/{channel}": {"texts": {"en": "May we write?"}},
        "POST /coupon-batches": {"code": "SUMMER", "names": NAMES, "prefix": "vak", "days_from_issue": 30},
        "PATCH /coupon-batches/{batch_id}": {"version": 1, "names": NAMES, "most": 100},
        "POST /coupon-batches/{batch_id}/coupons": {"count": 2},
        "POST /coupon-batches/{batch_id}/assignments": {"numbers": "100001"},
        "POST /coupon-searches": {"text": ids["coupon"]},
        "PUT /customer-forms/{place}": {"fields": [{"name": "family_name", "required": True}]},
        "POST /customers": PERSON,
        "POST /customer-searches": {"text": "Yael"},
        "POST /customers/scans": PERSON,
        "PATCH /customers/{customer_id}": {"city": "Acre", "street": "Herzl 2", "given_name": "Yaeli"},
        "POST /duplicate-searches": PERSON,
        "POST /duplicate-confirmations": {"customer_id": ids["customer_id"], "other_id": ids["other_customer_id"]},
        "POST /offers/{offer_id}/forecasts": {"first_day": "2026-10-01", "last_day": "2026-10-31"},
        "PUT /id-rules": {"rules": [{"kind": "national_id", "country": "IL", "kept": True, "reason": "Credit"}]},
        "POST /jobs/{job_name}/runs": {"dry_run": False},
        "POST /memberships/{membership_id}/pauses": {"reason": "Abroad"},
        "POST /memberships/{membership_id}/terminations": {"points_lost": 480, "reason": "Asked for"},
        "POST /memberships/{membership_id}/corrections": {
            "reason": "Wrong day", "periods": [{"first": "2026-01-01", "last": SOON}], "preview": True,
        },
        "POST /customers/{customer_id}/memberships": {"club": "SILVER"},
        "POST /memberships/{membership_id}/extensions": {"until": "2028-01-01"},
        "POST /offers": OFFER,
        "POST /offers/previews": OFFER,
        "PATCH /offers/{offer_id}": OFFER | {"code": "TENTH", "revision": 1},
        "POST /points-accounts/{account_id}/adjustments": {"points": 10, "description": "Forgotten card"},
        "POST /points-accounts/{account_id}/adjustments/{seq}/reversals": {"description": "A mistake"},
        "POST /points-programmes": {"name": "May", "club_id": ids["club_id"], "effect": "add", "points": 5},
        "POST /points-programmes/{programme_id}/runs": {"dry_run": True},
        "POST /price-lists": {"code": "NEW", "names": NAMES, "club_id": ids["club_id"], "all_stores": True},
        "PATCH /price-lists/{list_id}": {"version": 1, "names": NAMES},
        "POST /price-lists/{list_id}/prices": {"sku": OTHER_SKU, "price_minor": 20_00},
        "PATCH /price-lists/{list_id}/prices/{price_id}": {"off_bp": 500},
        "POST /clubs/{club_id}/programme": {},
        "POST /clubs/{club_id}/what-ifs": {},
        "POST /what-ifs/{what_if_id}/members": {"number": "100001"},
        "PATCH /pricing-policy": {"threshold_counts": "after_codes"},
        "POST /products": {"sku": "1234567890128", "name": "Tea", "list_price_minor": 9_00, "vat_percent": "18"},
        "PATCH /products/{product_id}": {"name": "Coffee", "group": "Drinks", "brand": "Own"},
        "POST /customers/{customer_id}/relatives": {"kind": "child", "name": "Tal", "birthday": "2015-05-05"},
        "POST /purchases/{purchase_id}/returns": {"preview": True, "reason": "Too small"},
        "POST /purchases/{purchase_id}/cancellations": {"preview": True, "reason": "Wrong one"},
        "POST /returns": {"lines": [{"sku": SKU, "quantity": "1", "amount_minor": 10_00}], "reason": "No receipt"},
        "POST /events": {"event": "delivered", "customer": {"id": ids["customer_id"]}, "subject": "order-1"},
        "POST /segments": {"name": "Big spenders", "where": WHERE, "notes": "All of them"},
        "POST /segment-previews": {"name": "Big spenders", "where": WHERE},
        "POST /segment-lists": {"name": "By hand", "numbers": "100001"},
        "PATCH /segments/{segment_id}": {"name": "Everybody", "where": WHERE, "version": 1},
        "POST /segments/{segment_id}/frozen-copies": {"name": "Frozen"},
        "POST /staff": {"username": "noa", "name": "Noa", "role": "cashier", "pin": "2581"},
        "PATCH /staff/{staff_id}": {"name": "Dana Levi", "language": "he"},
        "POST /staff/{staff_id}/passwords": {"password": "correct horse battery"},
        "POST /staff/{staff_id}/pins": {"pin": "7391"},
        "POST /stored-value-cards": {"product": "GIFT", "amount_minor": 50_00, "reason": "Sorry"},
        "POST /stored-value-cards/{card_id}/loads": {"amount_minor": 50_00},
        "POST /stored-value-cards/{card_id}/adjustments": {"amount_minor": -5_00, "reason": "Counted wrong"},
        "POST /stored-value-cards/{card_id}/replacements": {},
        "POST /balance-enquiries": {"number": ids["value_card"]},
        "POST /stored-value-card-searches": {"number": ids["value_card"]},
        "POST /proofs": {"proof": "correct horse", "next": "/"},
        "POST /account/passwords": {"current": "correct horse", "password": "correct horse battery"},
        "POST /account/pins": {"current": "correct horse", "pin": "7391"},
        "PATCH /roles/{code}": {"name": "Leads", "second_factor": True},
        "POST /stores": {"code": "375", "name": "Haifa", "city": "Haifa", "time_zone": "Asia/Jerusalem"},
        "PATCH /stores/{store_id}": {"name": "Carmel", "city": "Haifa"},
        "POST /stores/{store_id}/terminals": {"name": "Till 2"},
        "POST /baskets/current/activations": {"offer": "BYHAND"},
        "POST /baskets/current/coupons": {"code": ids["coupon"]},
        "POST /baskets/current/value-cards": {"card": ids["value_card"]},
        "POST /baskets/current/points": {"offer": "PAY", "points": 100},
        "PUT /baskets/current/customer": {"customer_id": ids["customer_id"]},
        "POST /baskets/current/customers/offers": {"phone": "0541112233", "given_name": "Maya"},
        "POST /baskets/current/customers/scans": PERSON,
        "POST /baskets/current/customers": PERSON,
        "POST /offers/{offer_id}/trials": {"lines": LINES, "customer_number": "100001"},
        "POST /purchase-uploads": {
            "purchases": [
                {
                    "receipt_no": "C-1", "sold_at": f"{TODAY}T00:00:01+02:00", "payments": PAID,
                    "lines": [{"sku": SKU, "quantity": "1", "amount_minor": 30_00}],
                }
            ]
        },
    }  # fmt: skip


GUESSES: dict[str, Any] = {
    "number": "100009", "customer": {"number": "100001"}, "coupons": [], "activations": [], "confirmations": [],
    "sold_at": None, "given_name_2": "מאיה", "family_name_2": "פרץ", "own_id": "F-1", "home_store": "374",
    "phone": "046789012", "anniversary": "2015-05-05", "classes": {}, "confirmed_not": [], "notes": "A note",
    "reason": "A reason", "names": NAMES, "labels": {"en": "Word"}, "group": "Drinks", "department": "Food",
    "brand": "Own", "city": "Haifa", "name": "Word", "level": None, "segment": None, "stores": [], "prefix": "w",
    "valid_from": TODAY.isoformat(), "valid_to": SOON, "first": TODAY.isoformat(), "last": SOON, "language": "he",
    "time_zone": "Asia/Jerusalem", "channel": "store", "kind": None, "pin": None,
    "mobile": "0541112244", "email": "tal@example.org",
    "country": "IL", "birthday": "1990-02-03", "gender": "F", "postcode": "3303001", "street": "Herzl 1",
    "id_number": "200000008", "id_kind": None, "id_country": "IL", "list_price": "9.00", "vat_percent": "18",
    "percent": "10", "last_day": SOON, "run_on": SOON, "amount": "50.00", "where": None, "document": None,
    "version": None, "changed_at": None, "quote_id": None, "expected_total_minor": None, "expected_minor": None,
    "password": "correct horse battery", "club_id": None, "clubs": [], "card": None,
}  # fmt: skip
"""What a field is sent that the harmless request leaves out, by its name; else what its schema suggests."""


def path_values(ids: dict[str, Any], path: str) -> dict[str, Any]:
    """What stands in an address for each of its parameters."""
    made: dict[str, Any] = ids | {
        "name": "Size", "channel": "sms", "place": "till", "job_name": "names-rekey", "suffix": "csv", "line_no": 1,
        "position": 1, "relative_no": 1, "seq": 1, "offer": "BYHAND", "part": "contact", "lockout_id": 1,
        "upload_id": 1, "conflict_id": 1, "session_id": 1, "code": "manager",
    }  # fmt: skip
    if path.startswith("/card-products"):
        made["product_id"] = ids["card_product_id"]
    if path.startswith(("/stored-value-cards", "/baskets/current/value-cards")):
        made["card_id"] = ids["value_card_id"]
    elif path.startswith("/cards"):
        made["card_id"] = ids["member_card_id"]
    if path.startswith("/clubs") and path.endswith("/publications"):
        made["club_id"] = ids["draft_club_id"]
    if path.startswith("/price-lists") and path.endswith("/publications"):
        made["list_id"] = ids["draft_list_id"]
    return made
