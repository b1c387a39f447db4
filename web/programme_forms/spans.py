"""The choices of time that the form offers: terms, periods, windows of levels, and when points expire."""

from typing import Any

from erp_club.kernel.text import N_

ROLLING = ("rolling", N_("The last so many months or days"))
WINDOWS = (
    ("year", N_("Each calendar year")), ROLLING,
    ("half_year", N_("Each half-year")), ("quarter", N_("Each quarter")), ("month", N_("Each month")),
    ("member_year", N_("Each year of the member")), ("ever", N_("For ever")),
)  # fmt: skip
PERIODS = (
    ("month", N_("Each month")), ("quarter", N_("Each quarter")), ("half_year", N_("Each half-year")),
    ("year", N_("Each calendar year")), ("member_year", N_("Each year of the member")), ("day", N_("Each day")),
    ("week", N_("Each week")), ("term", N_("Each term")), ("ever", N_("For ever")),
)  # fmt: skip
TERMS = (
    ("lifetime", N_("For life")), ("months", N_("For some months")), ("sliding", N_("As long as the member buys")),
    ("date", N_("Until a day of the year")), ("age", N_("Until an age")),
)  # fmt: skip
WHOSE_AGE = (("member", N_("The member's")), ("child", N_("The youngest child's")))
TERM_BEGINS: dict[str, dict[str, Any]] = {
    "lifetime": {"kind": "lifetime"}, "months": {"kind": "months", "months": 12},
    "sliding": {"kind": "sliding", "months": 12}, "date": {"kind": "date", "each_year": {"month": 12, "day": 31}},
    "age": {"kind": "age", "age": 18},
}  # fmt: skip
EXPIRY = (
    ("never", N_("Never")), ("months", N_("Some months or days after they were earned")),
    ("inactivity", N_("Some months or days without a purchase")),
    ("member_year", N_("At the end of the member's year")),
    ("each_year", N_("On a day of each year")), ("period_end", N_("With their month, quarter, half-year or year")),
)  # fmt: skip
EXPIRY_BEGINS: dict[str, dict[str, Any]] = {
    "never": {"kind": "never"}, "months": {"kind": "months", "months": 12},
    "inactivity": {"kind": "inactivity", "months": 12}, "member_year": {"kind": "member_year"},
    "each_year": {"kind": "each_year", "last_day": {"month": 12, "day": 31}},
    "period_end": {"kind": "period_end", "every": "half_year", "periods_after": 1},
}  # fmt: skip
