"""What the guided form asks of each kind of rule, what a rule begins with, and which kinds there are."""

from dataclasses import dataclass, replace
from typing import Any, Literal

from erp_club.kernel.text import N_

Control = Literal[
    "amount",
    "percent",
    "number",
    "points",
    "times",
    "thousandths",
    "text",
    "words",
    "numbers",
    "days",
    "check",
    "unless",
    "select",
    "choice",
    "kind",
    "time",
    "date",
    "ticks",
]
"""`points` are numbers of what the account counts, where that has parts; `unless` is ticked where the document says no,
`choice` is a select of numbers, `numbers` are words that are."""


@dataclass(frozen=True, slots=True)
class Ask:
    """One field: its place under the rule, its label, and how it is asked. A `kind` changes what else is asked.

    `usual` are the ticks that hold where nothing is said. What goes together begins with one that `starts` a row.
    """

    name: str
    label: str
    control: Control = "number"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    usual: tuple[str, ...] = ()
    starts: bool = False


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of rule: what it is called, what a new one says, and what is asked of it."""

    label: str
    begins: dict[str, Any]
    asks: tuple[Ask, ...]


DAYS = tuple(
    (str(number), name)
    for number, name in enumerate(
        (N_("Mon"), N_("Tue"), N_("Wed"), N_("Thu"), N_("Fri"), N_("Sat"), N_("Sun")), start=1
    )
)
_GROUPS = Ask(
    "on.groups",
    N_("Only these product groups"),
    "words",
    N_("Names between commas. Empty is everything."),
    optional=True,
)
_PRODUCTS = Ask("on.products", N_("Only these products"), "words", N_("Their codes, between commas."), optional=True)
_LEAST = Ask("least_minor", N_("From a purchase of"), "amount", optional=True)
_LEAST_OF_IT = replace(_LEAST, hint=N_("Of the goods that it is taken off."))
_EACH_FULL = Ask("each_full", N_("Of several, one is used for each full such purchase"), "check")

_ONE = Ask("one_a_purchase", N_("Of several, one at most is used in a purchase"), "check")
_NOT_PROMOTED = Ask("without_promoted", N_("Not on goods with an offer"), "check")
_MOST_UNITS = Ask(
    "units", N_("On at most so many items"), "number", N_("The dearest ones. Litres, where it is off each litre."),
    optional=True,
)  # fmt: skip
_TAKEN_OFF = (_LEAST_OF_IT, _EACH_FULL, _ONE, _NOT_PROMOTED, _GROUPS, _PRODUCTS)
_MEASURED = Ask("measured", N_("Kilograms and litres are counted"), "check")

EARNING: dict[str, Kind] = {
    "money": Kind(
        N_("Points for money"),
        {"kind": "money", "points": 1, "per_minor": 100},
        (
            Ask("points", N_("So many points")),
            Ask("per_minor", N_("For this amount"), "amount", N_("7 points for 100.00 are 7%.")),
            _LEAST,
            _GROUPS,
        ),
    ),
    "visit": Kind(
        N_("Points for a visit"),
        {"kind": "visit", "points": 1},
        (Ask("points", N_("So many points")), _LEAST, _GROUPS),
    ),
    "unit": Kind(
        N_("Points for items bought"),
        {"kind": "unit", "points": 1},
        (Ask("points", N_("So many points for each")), _GROUPS),
    ),
    "table": Kind(
        N_("Points by a table of amounts"),
        {"kind": "table", "bands": [{"from_minor": 1000, "points": 1}]},
        (),
    ),
    "times": Kind(
        N_("More points on some things or days"),
        {"kind": "times", "factor_bp": 20000},
        (
            Ask("factor_bp", N_("Times the points"), "times", N_("2 doubles them.")),
            Ask("when.weekdays", N_("Only on these days"), "ticks", options=DAYS),
            _GROUPS,
        ),
    ),
    "extra": Kind(
        N_("Some points once a receipt"),
        {"kind": "extra", "points": 10},
        (
            Ask("points", N_("So many points")),
            Ask("when.least_minor", N_("From a purchase of"), "amount", optional=True),
        ),
    ),
}  # fmt: skip
BAND = (Ask("from_minor", N_("From this amount"), "amount"), Ask("points", N_("So many points")))

GIFTS: dict[str, Kind] = {
    "amount": Kind(
        N_("An amount off a purchase"),
        {"kind": "discount", "amount_minor": 1000},
        (
            Ask("amount_minor", N_("Amount off"), "amount"),
            Ask("per_unit", N_("Off each piece, litre or kilogram"), "check"),
            _MOST_UNITS,
            *_TAKEN_OFF,
        ),
    ),
    "percent": Kind(
        N_("A percentage off a purchase"),
        {"kind": "discount", "off_bp": 1000},
        (
            Ask("off_bp", N_("Percent off"), "percent"),
            Ask("cap_minor", N_("At most this amount"), "amount", optional=True),
            _MOST_UNITS,
            _MEASURED,
            *_TAKEN_OFF,
        ),
    ),
    "price": Kind(
        N_("A price instead of the usual one"),
        {"kind": "discount", "price_minor": 1000},
        (
            Ask("price_minor", N_("Price of each"), "amount"),
            _MOST_UNITS,
            _MEASURED,
            _LEAST_OF_IT,
            _NOT_PROMOTED,
            _GROUPS,
            _PRODUCTS,
        ),
    ),
    "points": Kind(N_("Points"), {"kind": "points", "points": 10}, (Ask("points", N_("So many points")),)),
    "gift": Kind(
        N_("A product for nothing"),
        {"kind": "gift", "products": []},
        (Ask("products", N_("Product codes"), "words", N_("Between commas; the customer chooses one.")),),
    ),
    "stored_value": Kind(
        N_("Money on a gift card"),
        {"kind": "stored_value", "amount_minor": 1000},
        (Ask("amount_minor", N_("Amount"), "amount"),),
    ),
    "coupon": Kind(N_("A coupon"), {"kind": "coupon", "batch": ""}, (Ask("batch", N_("Coupon batch"), "text"),)),
    "payout": Kind(N_("Money to the bank account"), {"kind": "payout"}, ()),
    "code": Kind(
        N_("A personal code, used once"),
        {"kind": "code", "amount_minor": 1000},
        (Ask("amount_minor", N_("Amount off"), "amount"), _LEAST_OF_IT, _EACH_FULL, _ONE, _NOT_PROMOTED, _GROUPS),
    ),
    "entitlement": Kind(
        N_("Uses of something a membership gives"),
        {"kind": "entitlement", "entitlement": ""},
        (Ask("entitlement", N_("Its code"), "text"), Ask("count", N_("So many uses"), optional=True)),
    ),
}  # fmt: skip
OF_REWARDS = ("stored_value", "points", "code", "amount", "gift", "percent", "coupon", "entitlement", "payout")
"""What a period can bring; only of some of them something is asked, since the rule says how much."""
BY_THE_PIECE = frozenset({"gift", "percent", "entitlement", "coupon"})
"""What comes as often as it is reached, so that no amount is asked for it."""
ASKED_OF_REWARDS = frozenset({"gift", "percent", "coupon", "entitlement"})
BESIDE_THE_VALUE = frozenset(
    {"units", "least_minor", "each_full", "one_a_purchase", "without_promoted", "on.groups", "on.products"}
)
"""What is asked of the others all the same: of which purchase, and which goods, the value is taken off."""
RARE_OF_GIFTS: dict[str, set[str]] = {
    "amount": {"per_unit", "units", "without_promoted"},
    "percent": {"measured", "without_promoted"},
    "price": {"measured", "without_promoted"},
    "code": {"without_promoted"},
}
"""What is asked of a gift only among more settings."""
SERVICE = Kind(N_("A service, or entry"), {"kind": "service"}, ())
"""What only an entitlement can be."""
RENEWAL = Kind(N_("The next term of the membership"), {"kind": "renewal"}, ())
LEVEL = Kind(
    N_("A level"), {"kind": "level", "level": ""},
    (Ask("level", N_("Name of the level"), "text"), Ask("months", N_("For so many months"), "number",
     N_("Empty: to the end of the term."), optional=True)),
)  # fmt: skip
"""What only points can buy, as the next term."""

_MONTHLY = Ask("most_minor_month", N_("At most so much off a month"), "amount", optional=True)
CEILINGS: dict[str, tuple[Ask, ...]] = {
    "amount": (
        _MONTHLY,
        Ask("most_units_month", N_("For at most so many pieces, litres or kilograms a month"), optional=True),
    ),
    "percent": (
        _MONTHLY,
        Ask("most_base_month", N_("For purchases of at most so much a month"), "amount", optional=True),
    ),
    "price": (_MONTHLY,),
}
"""Of a month, by what is given."""

_AT = (
    Ask("when.from_time", N_("From this time"), "time", N_("By the store's clock."), optional=True, starts=True),
    Ask("when.to_time", N_("Until this time"), "time", optional=True),
    Ask(
        "when.confirm", N_("The cashier confirms"), "text", N_("What the cashier is asked, in a few words: a couple."),
        optional=True,
    ),
)  # fmt: skip
_VALID = (
    Ask("issue.valid_months", N_("Valid for so many months"), optional=True),
    Ask("issue.usable", N_("Can be used"), "select", options=(
        ("at_once", N_("At once")), ("next_purchase", N_("From the next purchase on")),
    )),
)  # fmt: skip
_FRIEND = Ask(
    "after_purchase_minor", N_("Once the friend buys for at least"), "amount",
    N_("Empty: at once, when it is told."), optional=True,
)  # fmt: skip
_FIRST = Ask(
    "after_purchase_minor", N_("Once a purchase comes to"), "amount", N_("Empty: whatever it comes to."), optional=True,
)  # fmt: skip
_POINTS = Ask("points", N_("So many points"))
_SHARE = Ask(
    "per_minor", N_("For each so much of the purchase"), "amount", N_("Empty: so many points in all."), optional=True
)
ONCE = Ask("once", N_("How often"), "select", options=(
    ("subject", N_("Once for each thing that it is about")), ("ever", N_("Once in all")), ("day", N_("Once a day")),
    ("year", N_("Once a year")), ("no", N_("Each time")),
))  # fmt: skip
RETURNED = Ask("returned", N_("Where the purchase comes back"), "select", options=(
    ("kept", N_("The points are kept")), ("whole", N_("They go with the whole of it")),
    ("any", N_("They go with anything of it")),
))  # fmt: skip
_EVENT = Ask("event", N_("Name of the event"), "text", N_("As the shop tells it, such as survey-answered."))
OWN_EVENT = Kind(N_("Points for an event of your own"), {"event": "survey-answered", "points": 10},
                 (_EVENT, _POINTS, _SHARE, ONCE))  # fmt: skip
EVENTS: dict[str, Kind] = {
    "joining": Kind(N_("Points for joining"), {"event": "joining", "points": 10, "once": "ever"}, (_POINTS,)),
    "review-approved": Kind(
        N_("Points for a review"), {"event": "review-approved", "points": 10}, (_POINTS, _SHARE, RETURNED)
    ),
    "referral": Kind(
        N_("Points for bringing a friend"), {"event": "referral", "points": 10, "after_purchase_minor": 0},
        (_POINTS, _SHARE, _FRIEND, RETURNED),
    ),
    "referred": Kind(
        N_("Points for being brought by a friend"), {"event": "referred", "points": 10, "after_purchase_minor": 0},
        (_POINTS, _SHARE, _FRIEND, RETURNED),
    ),
    "own": OWN_EVENT,
}  # fmt: skip
"""Points for events, by the name of the event; any other name is one of the chain's own."""
_WHOLE_MONTH = Ask(
    "around.whole_months", N_("In the whole month of the day"), "check", N_("Without it: in the days around it.")
)
_DAYS = (
    Ask("around.days_before", N_("Days before the day"), optional=True),
    Ask("around.days_after", N_("Days after the day"), optional=True),
)
_MONTH: dict[str, Any] = {"whole_months": True}
OCCASIONS: dict[str, Kind] = {
    "joining": Kind(N_("A gift for joining"), {"occasion": "joining"}, _VALID),
    "renewal": Kind(N_("A gift for renewing"), {"occasion": "renewal"}, _VALID),
    "first_purchase": Kind(N_("A gift for the first purchase"), {"occasion": "first_purchase"}, (_FIRST, *_VALID)),
    "referrer": Kind(
        N_("A gift for bringing a friend"),
        {"occasion": "referrer", "after_purchase_minor": 0},
        (_FRIEND, *_VALID),
    ),
    "referred": Kind(
        N_("A gift for being brought by a friend"),
        {"occasion": "referred", "after_purchase_minor": 0},
        (_FRIEND, *_VALID),
    ),
    "event": Kind(
        N_("A gift for an event of your own"), {"occasion": "event", "event": "survey-answered"}, (_EVENT, *_VALID)
    ),
    "birthday": Kind(
        N_("A gift for the birthday"),
        {"occasion": "birthday", "around": _MONTH},
        (_WHOLE_MONTH, *_DAYS, *_AT),
    ),
    "anniversary": Kind(
        N_("A gift for the wedding anniversary"),
        {"occasion": "anniversary", "around": _MONTH},
        (_WHOLE_MONTH, *_DAYS, *_AT),
    ),
    "membership": Kind(
        N_("A gift for each year of membership"),
        {"occasion": "membership", "around": _MONTH},
        (_WHOLE_MONTH, *_DAYS),
    ),
    "relative_birthday": Kind(
        N_("A gift for a relative's birthday"),
        {"occasion": "relative_birthday", "around": _MONTH},
        (_WHOLE_MONTH, *_DAYS, *_AT),
    ),
}  # fmt: skip

COUNTED = (
    ("spend", N_("Money spent")), ("points", N_("Points earned")), ("visits", N_("Visits")),
    ("purchases", N_("Purchases")), ("units", N_("Pieces, litres or kilograms")), ("counter", N_("A counter")),
)  # fmt: skip
BALANCE = ("balance", N_("Points on the account"))
COUNTED_IN: dict[str, Control] = {"spend": "amount", "units": "thousandths"}
"""How a figure of it is typed; else as a number."""
REWARDS: dict[str, Kind] = {
    "percent": Kind(
        N_("A share of what was bought in a period"),
        {"function": {"kind": "percent", "steps": [{"from_amount": 10000, "rate_bp": 100}]}},
        (),
    ),
    "threshold": Kind(
        N_("A fixed reward from an amount on"),
        {"function": {"kind": "threshold", "steps": [{"at": 10000, "value": 500}]}},
        (),
    ),
    "every": Kind(
        N_("A reward for each full amount"),
        {"base": {"counts": "points"}, "function": {"kind": "every", "every": 100, "value": 500}, "takes": True},
        (),
    ),
    "average": Kind(
        N_("A full card pays for the next one"),
        {
            "base": {"counts": "purchases"},
            "function": {"kind": "average", "every": 10},
            "period": {"every": "ever"},
            "gives": {"kind": "discount", "units": 1},
        },
        (),
    ),
    "declared": Kind(
        N_("A share that is declared afterwards"),
        {"function": {"kind": "declared"}, "period": {"every": "year"}},
        (),
    ),
}
CHANNELS = (("store", N_("In a store")), ("web", N_("In the web shop")))
