"""What each kind of reward and condition asks in the form, and what head office chooses among to begin with."""

from dataclasses import dataclass, field
from typing import Any, Literal

from erp_club.kernel.text import N_

Control = Literal[
    "percent", "amount", "number", "text", "select", "check", "scope", "picks", "words", "days", "channels", "means",
    "time", "steps", "slots", "prizes", "texts", "batch",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Ask:
    """One field: its name in the document, its label, and how it is asked. `more` ones stand folded away."""

    name: str
    label: str
    control: Control = "number"
    hint: str = ""
    options: tuple[tuple[str, str], ...] = ()
    optional: bool = False
    more: bool = False
    things: tuple[str, ...] = ()
    """What a picker finds: product, group, department, brand, club, store, segment."""


_ON = Ask("on", N_("On what"), "scope", N_("Nothing chosen means all products."))
_UNITS = Ask("units", N_("At most so many units"), optional=True, more=True)
_MEASURED = Ask("measured", N_("Kilograms and litres are counted"), "check", more=True)
_CHEAPEST = (("cheapest", N_("The cheapest ones first")), ("dearest", N_("The dearest ones first")))
_DEAREST = (_CHEAPEST[1], _CHEAPEST[0])
_PICK = Ask("pick", N_("Which units"), "select", options=_CHEAPEST, more=True)
_PICK_DEAREST = Ask("pick", N_("Which units"), "select", options=_DEAREST, more=True)
_STEPS = Ask(
    "steps",
    N_("Steps by quantity"),
    "steps",
    N_("From so many units on, this value instead."),
    optional=True,
    more=True,
)
_COUNT_IN = Ask(
    "count_in", N_("Count the quantity over"), "scope", N_("Nothing chosen means what it is taken from."), more=True
)
_BASIS = (("incl", N_("With VAT")), ("excl", N_("Without VAT")))
_CHAIN_BASIS = (("", N_("As the chain states prices")), *_BASIS)
_APPLICATIONS = Ask("applications", N_("At most so many times a basket"), optional=True, more=True)
_CLUB = Ask("club", N_("Club"), "picks", optional=True, things=("club",))

REWARDS: dict[str, tuple[Ask, ...]] = {
    "percent": (
        Ask("value_bp", N_("Percent off"), "percent"),
        _ON,
        _UNITS,
        _MEASURED,
        _PICK,
        Ask("cap_minor", N_("Give at most"), "amount", optional=True, more=True),
        Ask("cap_basis", N_("That amount is"), "select", options=_CHAIN_BASIS, more=True),
        Ask("base_cap_minor", N_("Take it from at most"), "amount", optional=True, more=True),
        _STEPS,
        _COUNT_IN,
    ),
    "amount": (
        Ask("value_minor", N_("Amount off"), "amount"),
        _ON,
        Ask(
            "spread",
            N_("Taken from"),
            "select",
            options=(
                ("once", N_("All of it together, once")),
                ("unit", N_("Each unit")),
                ("line", N_("Each line of the receipt")),
            ),
        ),
        _UNITS,
        _PICK,
        Ask("group_size", N_("Only in full groups of"), optional=True, more=True),
        Ask("units_per_line", N_("Units of a line at most"), optional=True, more=True),
        Ask("first_minor", N_("For the first unit of a line instead"), "amount", optional=True, more=True),
        Ask("cap_minor", N_("Give at most"), "amount", optional=True, more=True),
        Ask("basis", N_("The amount is"), "select", options=_CHAIN_BASIS, more=True),
        _STEPS,
        _COUNT_IN,
    ),
    "fixed_price": (
        Ask("price_minor", N_("Price of each unit"), "amount"),
        _ON,
        _UNITS,
        _MEASURED,
        _PICK_DEAREST,
        _STEPS,
    ),
    "buy_get": (
        Ask("size", N_("Of every so many units"), hint=N_("3 for “3 for 2”, 2 for “second at half price”.")),
        Ask("free", N_("So many are cheaper")),
        Ask("off_bp", N_("By so many percent"), "percent", N_("100 means free.")),
        _ON,
        Ask(
            "freed",
            N_("Which units are cheaper"),
            "select",
            options=(
                ("all", N_("The cheapest of all units")),
                ("each", N_("The cheapest of each group, dearest units together")),
            ),
            more=True,
        ),
        _APPLICATIONS,
    ),
    "bundle": (
        Ask("slots", N_("What belongs to it"), "slots"),
        Ask("price_minor", N_("Price of all together"), "amount", N_("Or one of the next two."), optional=True),
        Ask("off_bp", N_("Percent off"), "percent", optional=True),
        Ask("off_minor", N_("Amount off"), "amount", optional=True),
        _PICK_DEAREST,
        _APPLICATIONS,
    ),
    "gift": (
        Ask("products", N_("Gift"), "picks", N_("Of several the customer chooses one."), things=("product",)),
        Ask("quantity", N_("How many of it")),
        Ask(
            "delivery",
            N_("How it comes into the basket"),
            "select",
            options=(
                ("added", N_("The till adds it")),
                ("in_basket", N_("It is scanned and becomes free")),
                ("either", N_("It becomes free where it is scanned, else the till adds it")),
            ),
        ),
    ),
    "free_delivery": (Ask("cap_minor", N_("Give at most"), "amount", optional=True),),
    "points": (
        Ask("multiplier_bp", N_("Times the points"), hint=N_("2 doubles them, 0 gives none."), optional=True),
        Ask("bonus", N_("More points"), optional=True),
        Ask(
            "per",
            N_("The points more are counted"),
            "select",
            options=(("order", N_("Once a purchase")), ("unit", N_("For each unit")), ("money", N_("By amount"))),
        ),
        Ask("per_minor", N_("For each full amount of"), "amount", optional=True),
        Ask("per_units", N_("For each so many units"), optional=True),
        _ON,
        _CLUB,
    ),
    "coupon": (Ask("batch", N_("Coupon batch"), "batch"), Ask("count", N_("How many coupons"))),
    "surprise": (
        Ask("prizes", N_("What may be drawn"), "prizes", N_("A larger weight is drawn more often.")),
        Ask("nothing_weight", N_("Weight of drawing nothing"), optional=True),
    ),
    "redeem": (
        Ask("worth_points", N_("So many points")),
        Ask("worth_minor", N_("Pay so much"), "amount"),
        _CLUB,
        Ask("block", N_("In steps of so many points"), optional=True, more=True),
        Ask("least", N_("So many points at least"), optional=True, more=True),
        Ask("most_bp", N_("Percent of the basket at most"), "percent", optional=True, more=True),
        _ON,
    ),
}
REWARD_NAMES = {
    "percent": N_("Percent off"), "amount": N_("Amount off"), "fixed_price": N_("Fixed price"),
    "buy_get": N_("Buy some, get some"), "bundle": N_("Bundle"), "gift": N_("Gift"),
    "free_delivery": N_("Free delivery"), "points": N_("Points"), "coupon": N_("Coupon for next time"),
    "surprise": N_("Surprise"), "redeem": N_("Points as money"),
}  # fmt: skip
CONDITIONS: dict[str, tuple[Ask, ...]] = {
    "quantity": (
        Ask("quantity", N_("Units at least")),
        Ask("of", N_("Of what"), "scope", N_("Nothing chosen means all products.")),
        Ask("every", N_("Gives once for each so many"), "check"),
    ),
    "amount_minor": (
        Ask("amount_minor", N_("Amount at least"), "amount"),
        Ask("of", N_("Of what"), "scope", N_("Nothing chosen means all products.")),
        Ask("basis", N_("The amount is"), "select", options=_BASIS),
        Ask("every", N_("Gives once for each so much"), "check"),
        Ask("shared", N_("One coupon is used for each so much"), "check"),
    ),
    "clubs": (
        Ask("clubs", N_("Clubs"), "picks", things=("club",)),
        Ask("levels", N_("Levels"), "words", N_("Several with commas between them."), optional=True),
    ),
    "weekdays": (Ask("weekdays", N_("Days"), "days"),),
    "dates": (
        Ask(
            "dates",
            N_("Dates"),
            "words",
            N_("Between commas: 21.4.2027 once, 24.12 every year, 1.12–31.12 from the one to the other."),
        ),
    ),
    "from_time": (Ask("from_time", N_("From"), "time"), Ask("to_time", N_("Until before"), "time")),
    "stores": (Ask("stores", N_("Stores"), "picks", things=("store",)),),
    "channels": (Ask("channels", N_("Where it is bought"), "channels"),),
    "terminals": (Ask("terminals", N_("Numbers of the tills"), "words", N_("Several with commas between them.")),),
    "means": (
        Ask("means", N_("Paid by"), "means", N_("Names as the tills send them, with commas between them.")),
        Ask(
            "alone",
            N_("Nothing else may pay"),
            "check",
            N_("Else it is enough that one of them pays a part."),
        ),
    ),
    "segments": (Ask("segments", N_("Segments"), "picks", things=("segment",)),),
    "days_before": (Ask("days_before", N_("Days before the birthday")), Ask("days_after", N_("Days after it"))),
    "celebrates": (
        Ask(
            "celebrates",
            N_("In the birthday's"),
            "select",
            options=(("month", N_("Month")), ("week", N_("Week, from Monday"))),
        ),
    ),
    "from_age": (
        Ask("of", N_("Whose age"), "select", options=(("customer", N_("The customer's")), ("child", N_("A child's")))),
        Ask("from_age", N_("From this age on")),
        Ask("to_age", N_("Up to this age"), optional=True),
    ),
    "member_of": (
        Ask("member_of", N_("Club"), "picks", things=("club",)),
        Ask("from_days", N_("Member for at least so many days"), optional=True),
        Ask("to_days", N_("Member for at most so many days"), optional=True),
    ),
    "first": (
        Ask("first", N_("From the customer's purchase number"), hint=N_("1 to 1 is the first purchase ever.")),
        Ask("last", N_("To number"), optional=True),
    ),
    "customer_known": (
        Ask(
            "customer_known",
            N_("Customer"),
            "select",
            options=(("true", N_("Somebody we know")), ("false", N_("Nobody we know"))),
        ),
    ),
    "confirm": (
        Ask("confirm", N_("Short name"), "text", N_("Capital letters and digits, for example PAIR.")),
        Ask("question", N_("What the cashier is asked"), "texts"),
    ),
}
CONDITION_NAMES = {
    "quantity": N_("Quantity in the basket"), "amount_minor": N_("Amount of the basket"), "clubs": N_("Club and level"),
    "weekdays": N_("Day of the week"), "dates": N_("Dates"),
    "from_time": N_("Hour"), "stores": N_("Store"), "channels": N_("Channel"),
    "terminals": N_("Till"), "means": N_("Means of payment"), "segments": N_("Segment"), "days_before": N_("Birthday"),
    "celebrates": N_("Week or month of the birthday"), "from_age": N_("Age"),
    "member_of": N_("How long a member"),
    "first": N_("Number of the purchase"), "customer_known": N_("Customer known or not"),
    "confirm": N_("Confirmed by the cashier"),
}  # fmt: skip
COST = (
    Ask("points", N_("Points it costs"), hint=N_("Taken from the customer each time it is given."), optional=True),
    Ask("club", N_("Points of the club"), "picks", optional=True, things=("club",)),
)
"""Of the activation: what it costs the customer."""
LIMITS = (
    Ask("per_basket", N_("Times a basket"), optional=True),
    Ask(
        "per_member", N_("Times per member"),
        hint=N_("Goods that come back give no use back; a sale that is cancelled does."), optional=True,
    ),
    Ask("per_member_day", N_("Times per member and day"), optional=True),
    Ask("per_member_week", N_("Times per member and week"), optional=True),
    Ask("per_member_month", N_("Times per member and month"), optional=True),
    Ask("per_member_quarter", N_("Times per member and quarter"), optional=True),
    Ask("per_member_half_year", N_("Times per member and half-year"), optional=True),
    Ask("per_member_year", N_("Times per member and year"), optional=True),
    Ask("per_member_own_year", N_("Times per year of membership"), hint=N_("From joining on."), optional=True),
    Ask("per_member_term", N_("Times per term of membership"), optional=True),
    Ask("of_club", N_("Membership in the club"), "picks", optional=True, things=("club",)),
    Ask("whole_day", N_("Each of a member's times is a whole day"), "check"),
    Ask("uses_per_day", N_("Times a day in all"), optional=True),
    Ask("uses", N_("Times in all"), optional=True),
    Ask(
        "budget_minor",
        N_("Budget"),
        "amount",
        N_("Given as often as the budget covers it whole."),
        optional=True,
    ),
    Ask(
        "member_month_minor",
        N_("At most so much off per member and month"),
        "amount",
        N_("What is left of it is given in part."),
        optional=True,
    ),
    Ask("shared_month_minor", N_("At most so much off per member and month together with other offers"), "amount",
        optional=True),
    Ask("shared_as", N_("The name that they share"), "text", N_("Any word; offers with the same one count together."),
        (), True),
)  # fmt: skip
COMBINATION = (
    Ask(
        "mode",
        N_("Beside other offers"),
        "select",
        options=(
            ("exclusive", N_("What it uses serves no other exclusive offer")),
            ("stackable", N_("It comes on top of other offers")),
        ),
    ),
    Ask(
        "group",
        N_("Exclusive only within the group"),
        "text",
        N_("Any word; offers with the same one compete."),
        (),
        True,
    ),
    Ask(
        "per",
        N_("They compete for"),
        "select",
        options=(("unit", N_("Each unit")), ("line", N_("Each line")), ("order", N_("The whole basket"))),
    ),
    Ask("priority", N_("Priority"), hint=N_("A higher one comes first, whatever it gives."), optional=True),
    Ask(
        "stage",
        N_("Its turn"),
        "select",
        options=(
            ("", N_("By its kind")),
            ("item", N_("With offers on items")),
            ("basket", N_("With offers on the basket")),
            ("code", N_("With codes, at the end")),
        ),
    ),
    Ask("position", N_("Place within its turn"), optional=True),
    Ask("used", N_("What fulfils the condition is used too"), "check"),
    Ask("other_lines_first", N_("Take it first from what no later offer can use"), "check"),
    Ask("untouched", N_("Not on goods that another offer has lowered"), "check"),
    Ask(
        "without_price_lists",
        N_("Not on goods at the prices of these lists"),
        "text",
        N_("Codes, with commas between."),
        (),
        True,
    ),
)


@dataclass(frozen=True, slots=True)
class Beginning:
    """One of the kinds that head office chooses among; `typed` is what its form begins with."""

    id: str
    name: str
    text: str
    icon: str
    typed: dict[str, Any] = field(default_factory=dict[str, Any])


def _one(kind: str, **said: Any) -> dict[str, Any]:
    return {"rewards": [{"kind": kind, **said}]}


_PERCENT = {"kind": "percent"}
_OVER = {"match": "all", "conditions": [{"kind": "amount_minor", "amount_minor": "200"}]}
BEGINNINGS = (
    Beginning("percent", N_("Percent off"), N_("10% off a group, a brand or everything"), "percentage",
              _one("percent", value_bp="10")),
    Beginning("amount", N_("Amount off"), N_("5.00 off each unit, or once off the basket"), "cash", _one("amount")),
    Beginning("price", N_("Fixed price"), N_("Each of these for 9.90"), "tag", _one("fixed_price")),
    Beginning("three_for_two", N_("3 for 2"), N_("The cheapest of every three is free"), "gift",
              _one("buy_get", size="3", free="1", off_bp="100")),
    Beginning("second", N_("Second at half price"), N_("The cheaper one of two at 50%"), "copy",
              _one("buy_get", size="2", free="1", off_bp="50")),
    Beginning("bundle", N_("Bundle"), N_("Several things together for one price"), "package",
              _one("bundle", slots=[{"quantity": "1"}, {"quantity": "1"}])),
    Beginning("steps", N_("More for more"), N_("5% from 3 units, 10% from 6"), "trending-up",
              _one("percent", steps=[{"from_quantity": "3", "value": "5"}, {"from_quantity": "6", "value": "10"}])),
    Beginning("threshold", N_("Spend and save"), N_("20.00 off from 200.00 on"), "shopping-cart",
              _one("amount", value_minor="20") | _OVER),
    Beginning("gift", N_("Gift"), N_("A product for free, from an amount on"), "gift",
              _one("gift", quantity="1") | _OVER),
    Beginning("delivery", N_("Free delivery"), N_("From an amount on, or always"), "truck",
              _one("free_delivery") | _OVER),
    Beginning("points", N_("More points"), N_("Double points, a bonus, or none"), "star",
              _one("points", multiplier_bp="2")),
    Beginning("coupon", N_("Coupon for next time"), N_("Given with this purchase, used in the next"), "ticket",
              _one("coupon", count="1") | _OVER),
    Beginning("surprise", N_("Surprise"), N_("A draw when the total passes an amount"), "bulb",
              _one("surprise", prizes=[{"weight": "1"}, {"weight": "1"}]) | _OVER),
    Beginning("dearest", N_("The dearest item"), N_("A share off the dearest unit"), "arrow-up",
              _one("percent", value_bp="20", units="1", pick="dearest")),
    Beginning("two_parts", N_("Two parts"), N_("One thing here, another on the rest"), "stack-2",
              {"rewards": [_PERCENT | {"value_bp": "20"}, _PERCENT | {"value_bp": "10"}], "rest": "true"}),
    Beginning("for_points", N_("Discount for points"), N_("5.00 off for 50 points"), "star",
              _one("amount", value_minor="5") | {"activation": {"by": "cashier", "points": "50"}}),
    Beginning("redeem", N_("Points as money"), N_("100 points pay 1.00"), "coin",
              _one("redeem", worth_points="100", worth_minor="1") | {"activation": {"by": "cashier"}}),
)  # fmt: skip
