"""Programmes that between them set every parameter that there is."""

from typing import Any

from erp_club.programmes.engine.programme import Programme

SCOPE = {
    "products": ["729"], "groups": ["Tea"], "departments": ["Food"], "brands": ["Own"], "kinds": ["goods"],
    "without_products": ["730"], "without_groups": ["Green"], "without_departments": ["Wine"],
    "without_brands": ["Other"], "regular_price_only": True,
}  # fmt: skip
EXCLUDED = {
    "products": ["1"], "groups": ["Tobacco"], "departments": ["Pharmacy"], "brands": ["Brand"], "kinds": ["deposit"],
    "price_lists": ["B2B"], "reduced": True, "promoted": True, "means": ["points"],
}  # fmt: skip
WHEN = {
    "first_day": "2026-01-01", "last_day": "2026-12-31", "weekdays": [1], "month_days": [15], "days": ["11-20/11-30"],
    "without_days": ["2026-05-14", "12-24", "31", "12-26/01-06"], "from_time": "18:00", "to_time": "22:00",
    "stores": ["374"], "without_stores": ["375"], "channels": ["store"], "levels": ["GOLD"], "segments": ["VIP"],
    "birthday": "day", "birthday_before": 7, "birthday_after": 3,
    "least_minor": 1000, "most_minor": 90000, "first_purchase": 2, "last_purchase": 9,
    "joined_within_days": 30, "joined_for_days": 3, "min_age": 18, "max_age": 99,
    "child_min_age": 1, "child_max_age": 17, "means": ["card"],
    "without_means": ["invoice"], "confirm": "PAIR",
}  # fmt: skip
COUNTED = {"counts": "spend", "on": SCOPE, "excluded": EXCLUDED, "means": ["cash"], "when": WHEN}
NEED = {"measure": {"counts": "visits"}, "at_least": 7, "period": {"every": "rolling", "months": 12}}
EVERY_GIFT: list[dict[str, Any]] = [
    {"kind": "points", "points": 50},
    {"kind": "discount", "amount_minor": 5000, "on": SCOPE, "cap_minor": 9000, "least_minor": 100, "each_full": True},
    {
        "kind": "discount",
        "off_bp": 1000,
        "units": 2,
        "one_a_purchase": True,
        "measured": True,
        "without_promoted": True,
    },
    {"kind": "discount", "amount_minor": 20, "per_unit": True, "units": 50},
    {"kind": "coupon", "batch": "NEXT", "count": 2, "denomination_minor": 500},
    {
        "kind": "code",
        "amount_minor": 700,
        "on": SCOPE,
        "least_minor": 2000,
        "each_full": True,
        "denomination_minor": 350,
        "without_promoted": True,
    },
    {"kind": "stored_value", "amount_minor": 800, "denomination_minor": 100},
    {"kind": "gift", "products": ["729"], "quantity": 2},
    {"kind": "entitlement", "entitlement": "coffee", "count": 3},
    {"kind": "payout", "amount_minor": 900},
]
USE = {"usable": "day", "usable_from": "2026-12-24", "valid_days": 30, "automatic": True, "part_use": True}
GIVING = {**USE, "at": "night", "after_days": 3, "published_on": "2026-12-01"}
ISSUE = {**GIVING, "by_day_of_month": 10}
RULE = {
    "names": {"en": "A rule"}, "on": SCOPE, "excluded": EXCLUDED, "means": ["card"], "when": WHEN, "stands": "on_top",
    "apart_minutes": 90, "most_points": 500, "most_points_day": 900, "most_points_month": 5000,
}  # fmt: skip
GROWING = {"period": {"every": "year", "starts_month": 9}, "steps": [{"from_minor": 10000, "points": 3}],
           "reach": "after"}  # fmt: skip
RULES: list[dict[str, Any]] = [
    {"kind": "money", "points": 2, "per_minor": 1000, "full": True, "least_minor": 500, "growing": GROWING},
    {
        "kind": "table",
        "bands": [{"from_minor": 500, "points": 1}, {"from_minor": 1000, "points": 2, "per_minor": 1000}],
    },
    {"kind": "visit", "points": 1, "visit": "day", "least_minor": 700},
    {"kind": "unit", "points": 1, "per_milli": 5000, "full": False},
    {"kind": "times", "factor_bp": 20000, "stands": "instead"},
    {"kind": "extra", "points": 30, "stands": "instead"},
]
EVENT = {
    "event": "review", "names": {"en": "A review"}, "points": 20, "once": "day", "most_times": 5, "within_days": 30,
    "after_purchase_minor": 4000, "returned": "whole", "when": WHEN, "per_minor": 10000,
}  # fmt: skip
TOLD = ("joining", "renewal", "first_purchase", "referral", "referred")
EVENTS: list[dict[str, Any]] = [
    {**EVENT, "code": "review"}, *({"code": each, "event": each, "points": 3} for each in TOLD)
]  # fmt: skip


def rules(prefix: str) -> list[dict[str, Any]]:
    return [{**RULE, "code": f"{prefix}-{number}", **each} for number, each in enumerate(RULES)]


LEVELS = {
    "measure": COUNTED, "window": {"every": "half_year", "starts_month": 4}, "up": "next_day", "keep": "months",
    "keep_months": 18, "grace_days": 60, "down": "reached", "restart": "reached",
    "carry": {"share_bp": 5000, "most": 30000},
    "levels": [
        {"code": "BASE", "names": {"en": "Base"}, "at_least": 0},
        {"code": "GOLD", "names": {"en": "Gold"}, "at_least": 100000, "also": [NEED], "instead": [NEED],
         "keep_at_least": 80000, "after_months": 60, "gives": [{"kind": "points", "points": 99}],
         "staying": {"gives": [{"kind": "points", "points": 77}], "each": "twelve_months"}},
        {"code": "GUEST", "by_hand": True},
    ],
    "milestones": [{"code": "half", "at": 50000, "every": True, "gives": [{"kind": "points", "points": 5}],
                    "issue": GIVING}],
}  # fmt: skip
REWARD: dict[str, Any] = {
    "names": {"en": "Bonus"}, "period": {"every": "quarter"}, "base": COUNTED, "gives": {"kind": "stored_value"},
    "never_below_minor": 700, "rounding": "down", "least_minor": 500, "most_minor": 90000, "rest": "drop",
    "rest_at_year_end": "carry",
    "takes": True, "needs": [{"measure": {"counts": "visits"}, "at_least": 3, "periods": 4, "of_them": 2}],
    "levels": ["GOLD"], "member_at_end": False, "when": WHEN, "late": "next", "returns": "ignore", "issue": ISSUE,
    "extras": [{"code": "double", "on": SCOPE, "when": WHEN, "times_bp": 30000}],
    "paid_on": {"measure": {"counts": "units"}, "per_unit": True},
}  # fmt: skip
FUNCTIONS: list[dict[str, Any]] = [
    {"kind": "percent", "steps": [{"from_amount": 5000, "rate_bp": 100}], "on": "each_step"},
    {"kind": "threshold", "steps": [{"at": 100, "value": 500}], "reached": "each"},
    {"kind": "every", "every": 2500, "value": 2500},
    {"kind": "average", "every": 10},
    {"kind": "declared", "rate_bp": 150, "declared_on": "2027-02-01"},
]
OCCASION: dict[str, Any] = {
    "names": {"en": "A gift"}, "gives": EVERY_GIFT, "choose": True, "levels": ["GOLD"], "from_age": 6, "to_age": 12,
    "least_points": 10, "least_months": 6, "known_at_joining": True, "known_days_before": 14,
    "needs": [NEED], "when": WHEN, "after_purchase_minor": 3000, "most_per_year": 2, "issue": GIVING,
    "growth": {"per_year_minor": 100, "from_age": 18, "most_minor": 9999},
}  # fmt: skip
OCCASIONS: list[dict[str, Any]] = [
    {"occasion": "relative_birthday", "relatives": ["child", "spouse"], "around": {"days_before": 7, "days_after": 3}},
    {"occasion": "birthday", "around": {"whole_months": True, "months_before": 1, "months_after": 2,
                                        "hebrew_calendar": True}},
    {"occasion": "event", "event": "moved"},
]  # fmt: skip
FULL: dict[str, Any] = {
    "code": "FULL", "names": {"en": "Full"}, "currency": "ILS",
    "unit": {"names": {"en": "stars"}, "one": {"en": "star"}, "scale": 2}, "visit": "day",
    "joining": {
        "ways": ["request", "purchase", "invitation"], "purchase_minor": 10000, "purchase_of": COUNTED,
        "invitation_days": 14, "begins": "paid",
        "eligibility": {"min_age": 16, "max_age": 90, "guardian_below_age": 18, "private_only": True,
                        "staff": "excluded", "countries": ["IL"], "required_data": ["mobile"],
                        "segments": ["STUDENT"], "not_with_clubs": ["SILVER"]},
    },
    "term": {"kind": "months", "months": 12},
    "renewal": {"by": "purchase", "begins": "today", "months": 6, "earliest_days": 60, "purchase_minor": 5000,
                "grace_days": 30, "benefits_in_grace": True, "warning_days": 21},
    "fees": {
        "joining_minor": 10000, "renewal_minor": 8000, "joining_product": "FEE", "renewal_product": "FEE2",
        "joining_waiver": {"at_least_minor": 20000, "of": {"on": {"groups": ["Tea"]}}, "off_bp": 2500,
                           "steps": [{"at_least_minor": 40000, "fee_minor": 1000}, {"at_least_minor": 50000}]},
        "waiver": {"at_least_minor": 50000, "of": {"counts": "spend", "means": ["card"]}, "off_bp": 5000,
                   "steps": [{"at_least_minor": 60000, "off_bp": 7000}, {"at_least_minor": 70000, "fee_minor": 1000},
                             {"at_least_minor": 80000}]},
        "refund": "pro_rata", "refund_days": 14, "deposit": True,
        "segments": [{"segments": ["Students"], "joining_minor": 1900, "renewal_minor": 900}],
        "instalments": {"first_minor": 2000, "within_months": 24},
        "levels": [{"level": "GOLD", "joining_minor": 30000, "renewal_minor": 25000, "upgrade_pro_rata": False}],
        "terms": [{"months": 24, "joining_minor": 18000, "renewal_minor": 14000, "level": "GOLD",
                   "segments": ["Students"], "waived": False}],
    },
    "undo": {"days": 30},
    "earning": {
        "rules": rules("earn"), "excluded": EXCLUDED, "rounding": "half_up", "several": "added", "most_points": 999,
        "most_points_day": 1999, "most_points_month": 9999, "payer_only": True, "before_discounts": True,
        "before_points": True, "without_vat": True,
        "events": EVENTS,
        "available": {"after_days": 14, "on_event": "delivered"}, "late": {"days": 14, "most_per_month": 3},
    },
    "counters": [{"code": "status", "names": {"en": "Status"}, "rules": rules("count"),
                  "events": [EVENT | {"code": "counted"}], "rounding": "up"}],
    "levels": LEVELS,
    "entitlements": [{"code": "coffee", "names": {"en": "Coffee"}, "gives": {"kind": "gift", "products": ["729"]},
                      "count": 4, "period": {"every": "week"}, "levels": ["GOLD"], "channels": ["store"],
                      "apart_minutes": 120},
                     {"code": "tenth", "names": {"en": "A tenth"}, "gives": {"kind": "discount", "off_bp": 1000},
                      "count": 2, "period": {"every": "month"}, "when": WHEN, "whole_day": True,
                      "most_minor_month": 5000, "most_base_month": 90000, "most_units_month": 150},
                     {"code": "tailor", "names": {"en": "Tailor"}, "gives": {"kind": "service"}, "count": 2,
                      "period": {"every": "year"}}],
    "redemption": {
        "worth_points": 10, "worth_minor": 100, "least_balance": 30, "least_points": 20, "step": 10,
        "most_points": 400, "most_points_visit": 300, "most_points_day": 500, "most_minor": 7000, "most_bp": 5000,
        "least_purchase_minor": 2000, "whole_items": True, "on": SCOPE, "excluded": EXCLUDED, "when": WHEN,
        "automatic": True, "group": "Points", "vat": "means",
    },
    "benefits": [{"code": "mug", "names": {"en": "Mug"}, "points": 250, "gives": {"kind": "gift", "products": ["1"]},
                  "most_per_year": 2, "levels": ["GOLD"], "when": WHEN, "issue": USE}],
    "charity": {"names": {"en": "A charity"}, "least_points": 50, "step": 25},
    "rewards": [{**REWARD, "code": f"reward-{n}", "function": each} for n, each in enumerate(FUNCTIONS)],
    "occasions": [{**OCCASION, "code": f"occasion-{n}", **each} for n, each in enumerate(OCCASIONS)],
    "double_benefits": False,
    "expiry": {"rule": {"kind": "months", "months": 12, "to_month_end": True}, "warning_days": 45,
               "levels": [{"levels": ["GOLD"], "months": 24, "to_month_end": True}, {"levels": ["GOLD"]}]},
    "returns": {"clawback": "deduct", "redeemed": "never", "expired": "new_days", "new_days": 60,
                "levels_fall": False},
    "lapse": {"points": "freeze", "coupons": "drop", "freeze_months": 3},
    "end": {"points": "convert", "coupons": "drop",
            "conversion": {"from_points": 100, "to_minor": 500, "to_club": "SILVER"}},
    "channels": {"joining": ["web"], "earning": ["store"], "redeeming": ["store"], "benefits": ["app"],
                 "stores": ["374"], "without_stores": ["375"]},
    "household": {"most_persons": 5, "same_address": True, "one_per_household": True, "invitation_days": 7,
                  "min_age": 10, "sees": "main", "redeems": "main", "leaver": "equal_share", "year_of_main": False,
                  "shared_level": False},
    "excluded": EXCLUDED, "most_rewards": 3, "most_discount_month": 40000,
    "switch": {"effective_from": "2027-01-01", "conversion": {"from_points": 10, "to_points": 1},
               "last_earning_day": "2027-06-30", "last_redeeming_day": "2027-12-31"},
    "texts": {"presentation": {"en": "Welcome."}, "terms": {"en": "By law."}, "receipt": {"en": "Thank you."}},
}  # fmt: skip
AFTER = {"usable": "day", "usable_after_days": 2, "valid_months": 6, "valid_until": "quarter_end"}
NEXT = {"usable": "next_purchase", "valid_until": "year_end"}
SEASON = {"valid_to": "2026-11-30"}
OTHERS: list[dict[str, Any]] = [
    {"term": {"kind": "lifetime"}, "expiry": {"rule": {"kind": "never"}}, "lapse": {"points": "drop"},
     "levels": LEVELS | {"keep": "ever", "keep_months": None}, "renewal": {"by": "itself"},
     "occasions": [OCCASION | {"code": "o", "occasion": "birthday", "around": {"whole_months": True}}],
     "fees": FULL["fees"] | {"waiver": {"at_least_minor": 50000, "fee_minor": 2000}},
     "earning": FULL["earning"] | {"available": {"next_purchase": True}}},
    {"term": {"kind": "months", "months": 12, "to_month_end": True},
     "levels": LEVELS | {"keep": "since_last", "keep_to_month_end": True,
                         "window": {"every": "rolling", "last_days": 90}},
     "occasions": [OCCASION | {"code": "o", "occasion": "membership", "around": {"days_before": 1, "days_after": 7}},
                   OCCASION | {"code": "p", "occasion": "birthday", "around": {"days_after": 7}}]},
    {"term": {"kind": "sliding", "months": 24, "least_minor": 1000, "to_month_end": True},
     "expiry": {"rule": {"kind": "each_year", "last_day": {"month": 3, "day": 20}, "years_after": 1}}},
    *({"expiry": {"rule": {"kind": "each_year", "last_day": {"month": 3, "day": 20}, "years_after": years,
                           "of_calendar_year": True}}} for years in (0, 1)),
    {"term": {"kind": "date", "each_year": {"month": 12, "day": 20}, "least_days": 60},
     "expiry": {"rule": {"kind": "member_year", "years_after": 2, "whole_months": True}}},
    *({"term": {"kind": "age", "age": 18, "of": whose},
       "expiry": {"rule": {"kind": "member_year", "years_after": 2}}} for whose in ("member", "child")),
    {"rewards": [FULL["rewards"][0] | {"issue": SEASON, "gives": {"kind": "code", "one_a_purchase": True}}],
     "occasions": [FULL["occasions"][2] | {"issue": SEASON}],
     "benefits": [FULL["benefits"][0] | {"gives": {"kind": "discount", "price_minor": 990}, "issue": SEASON}]},
    {"term": {"kind": "date", "last_day": "2028-01-31"},
     "expiry": {"rule": {"kind": "inactivity", "months": 18, "to_month_end": True}}},
    {"expiry": {"rule": {"kind": "period_end", "every": "half_year", "starts_month": 2, "periods_after": 2}}},
    {"expiry": {"rule": {"kind": "months", "days": 45}, "levels": [{"levels": ["GOLD"], "days": 60}]},
     "occasions": [OCCASION | {"code": "o", "occasion": "birthday", "around": {"days_after": 7},
                               "issue": {"valid_until": "occasion_end"}}]},
    {"expiry": {"rule": {"kind": "inactivity", "days": 45}}},
    {"expiry": {"rule": {"kind": "period_end", "every": "quarter", "periods_after": 0}},
     "levels": LEVELS | {"window": {"every": "member_year", "whole_months": True}}},
    {"benefits": [FULL["benefits"][0] | {"issue": AFTER}], "rewards": [FULL["rewards"][0] | {"issue": AFTER}],
     "occasions": [FULL["occasions"][2] | {"issue": AFTER | {"at": "period_end"}}],
     "counters": [FULL["counters"][0]], "levels": LEVELS | {"measure": {"counts": "counter", "counter": "status"}}},
    {"benefits": [FULL["benefits"][0] | {"gives": {"kind": "renewal"}, "when": {"birthday": "month"}}]},
    {"benefits": [FULL["benefits"][0] | {"gives": {"kind": "level", "level": "GOLD", "months": 6}, "when": {}}]},
    {"benefits": [FULL["benefits"][0] | {"issue": NEXT}], "rewards": [FULL["rewards"][0] | {"issue": NEXT}],
     "occasions": [FULL["occasions"][2] | {"issue": NEXT}],
     "levels": LEVELS | {"window": {"every": "declared", "days": ["2026-06-30"]}}},
]  # fmt: skip


def programmes() -> list[Programme]:
    """All of them."""
    return [Programme.model_validate(FULL | each) for each in ({}, *OTHERS)]
