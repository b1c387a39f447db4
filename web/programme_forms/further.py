"""What the guided form asks beside the usual, once somebody asks for more, or where the document says it already.

A select begins with what holds where nothing is said.
"""

from erp_club.kernel.text import N_
from web.programme_forms.fields import CHANNELS, DAYS, Ask

BETWEEN = N_("Between commas.")
_THIRTY = N_("Empty: 30.")
CODES = N_("Their codes, between commas.")
_MEANS = N_("Between commas: cash, card, stored_value, points, or your own name of a means of payment.")
_DAYS_SAID = N_("Between commas: 21.4.2027 once, 24.12 every year, 1.12–31.12 from the one to the other.")
LEVELS = Ask("levels", N_("Only for these levels"), "words", BETWEEN, optional=True)
NAMES = {
    "en": N_("Its name in English"), "he": N_("Its name in Hebrew"), "fi": N_("Its name in Finnish"),
    "sv": N_("Its name in Swedish"),
}  # fmt: skip
UNIT = {
    "en": (N_("What points are called, in English"), N_("A single one of them, in English")),
    "he": (N_("What points are called, in Hebrew"), N_("A single one of them, in Hebrew")),
    "fi": (N_("What points are called, in Finnish"), N_("A single one of them, in Finnish")),
    "sv": (N_("What points are called, in Swedish"), N_("A single one of them, in Swedish")),
}

WHERE = (
    Ask("when.channels", N_("Only here"), "ticks", options=CHANNELS),
    Ask("when.stores", N_("Only in these stores"), "words", CODES, optional=True),
    Ask("when.without_stores", N_("But not in these stores"), "words", CODES, optional=True),
)  # fmt: skip
WHEN = (
    *WHERE,
    Ask("when.weekdays", N_("Only on these days"), "ticks", options=DAYS),
    Ask("when.month_days", N_("Only on these days of the month"), "numbers", BETWEEN, optional=True),
    Ask("when.days", N_("Only on these days of the year"), "days", _DAYS_SAID, optional=True),
    Ask("when.without_days", N_("Not on these days"), "days", _DAYS_SAID, optional=True),
    Ask("when.from_time", N_("From this time"), "time", N_("By the store's clock."), optional=True, starts=True),
    Ask("when.to_time", N_("Until this time"), "time", optional=True),
    Ask("when.first_day", N_("From this day"), "date", optional=True, starts=True),
    Ask("when.last_day", N_("Until this day"), "date", N_("It is included."), optional=True),
    Ask("when.birthday", N_("Only around the birthday"), "select", options=(
        ("", N_("No")), ("day", N_("On the day itself")), ("week", N_("In its week")), ("month", N_("In its month")),
    )),
    Ask("when.birthday_before", N_("So many days before the birthday too"), "number", N_("With: on the day itself."),
        optional=True, starts=True),
    Ask("when.birthday_after", N_("So many days after the birthday too"), optional=True),
    Ask("when.least_minor", N_("Only where the whole purchase comes to"), "amount", optional=True),
    Ask("when.last_purchase", N_("Only on the first so many purchases"), optional=True),
    Ask("when.joined_within_days", N_("Only so many days from joining"), optional=True),
    Ask("when.joined_for_days", N_("Not before so many days after joining"), optional=True),
    Ask("when.levels", N_("Only for these levels"), "words", BETWEEN, optional=True),
    Ask("when.min_age", N_("Only from this age on"), optional=True, starts=True),
    Ask("when.max_age", N_("Only up to this age"), optional=True),
    Ask("when.child_min_age", N_("Only who has a child from this age on"), optional=True, starts=True),
    Ask("when.child_max_age", N_("Only who has a child up to this age"), "number",
        N_("As far as the birthday is known; 1 is a child under two."), optional=True),
    Ask("when.segments", N_("Only for these segments"), "words", BETWEEN, optional=True),
    Ask("when.without_means", N_("Not where any of this is paid by"), "words", _MEANS, optional=True),
    Ask("when.confirm", N_("The cashier confirms"), "text", N_("What the cashier is asked, in a few words: a couple."),
        optional=True),
)  # fmt: skip
_NOT_OF_GIFTS = {
    "when.levels", "when.first_day", "when.last_day",
}  # fmt: skip
OF_GIFT = tuple(each for each in WHEN if each.name not in _NOT_OF_GIFTS)
"""Of the purchase that something is taken off: what the till looks at there, and isn't asked in another way."""
GOODS = (
    Ask("on.groups", N_("Only these product groups"), "words", BETWEEN, optional=True),
    Ask("on.products", N_("Only these products"), "words", CODES, optional=True),
    Ask("on.brands", N_("Only these brands"), "words", BETWEEN, optional=True),
)
EXCLUDED = (
    Ask("excluded.groups", N_("But not these product groups"), "words", BETWEEN, optional=True),
    Ask("excluded.brands", N_("But not these brands"), "words", BETWEEN, optional=True),
    Ask("excluded.reduced", N_("Not on goods below the regular price"), "check"),
    Ask("excluded.promoted", N_("Not on goods with an offer"), "check"),
)
_ONLY_PAID = Ask("means", N_("Only what these pay"), "words", _MEANS, optional=True)
_STANDS = Ask("stands", N_("Beside other rules"), "select", options=(
    ("instead", N_("The first rule that fits gives")), ("on_top", N_("This one comes on top")),
))  # fmt: skip
_MOST = (
    Ask("most_points", N_("At most so many points a receipt"), optional=True),
    Ask("most_points_day", N_("At most so many points a day"), optional=True),
    Ask("most_points_month", N_("At most so many points a calendar month"), optional=True),
    Ask("apart_minutes", N_("Not within so many minutes of the last time"), optional=True),
)
_OWN = {
    "money": (Ask("full", N_("Only for each full amount"), "check"), _STANDS),
    "table": (_STANDS,),
    "visit": (Ask("visit", N_("A visit is"), "select", options=(
        ("receipt", N_("Each purchase")), ("day", N_("All purchases of a day in one store")),
    )), _STANDS),
    "unit": (Ask("per_milli", N_("For each"), "thousandths", N_("Pieces, litres or kilograms."), optional=True),
             Ask("full", N_("Parts count too"), "unless"), _STANDS),
}  # fmt: skip


def of_rule(kind: str) -> tuple[Ask, ...]:
    """What else an earning rule of this kind can say."""
    return (*_OWN.get(kind, ()), *GOODS, *EXCLUDED, _ONLY_PAID, *_MOST, *WHEN)


GROWING = (Ask("from_minor", N_("From this much bought"), "amount"), Ask("points", N_("So many points")))
GROWING_PERIOD = Ask("growing.period.every", N_("Counted"), "select", options=(
    ("year", N_("Each calendar year")), ("month", N_("Each month")), ("quarter", N_("Each quarter")),
    ("half_year", N_("Each half-year")), ("member_year", N_("Each year of the member")), ("ever", N_("For ever")),
))  # fmt: skip
GROWING_REACH = Ask("growing.reach", N_("The purchase that reaches a step"), "select", options=(
    ("each_part", N_("Each part of it has its own rate")), ("before", N_("Has the rate from before")),
    ("after", N_("Has the new rate")),
))  # fmt: skip

EARNING = (
    Ask("earning.rounding", N_("Parts of a point"), "select", options=(
        ("down", N_("Are rounded down")), ("half_up", N_("Are rounded to the nearest, halves up")),
        ("up", N_("Are rounded up")),
    )),
    Ask("earning.several", N_("Where several rules multiply"), "select", options=(
        ("highest", N_("The highest holds")), ("added", N_("They are added")),
        ("multiplied", N_("They are multiplied")),
    )),
    Ask("earning.available.after_days", N_("Points can be used after so many days"), optional=True),
    Ask("earning.available.on_event", N_("Points can be used once this happened"), "text",
        N_("As the shop tells it, such as delivered."), optional=True),
    Ask("earning.available.next_purchase", N_("Points can be used from the next purchase on"), "check"),
    Ask("earning.late.days", N_("A purchase without card can be registered for so many days"), optional=True),
    Ask("earning.excluded.groups", N_("No points on these product groups"), "words", BETWEEN, optional=True),
    Ask("earning.excluded.reduced", N_("Not on goods below the regular price"), "check"),
    Ask("earning.excluded.promoted", N_("Not on goods with an offer"), "check"),
    Ask("earning.excluded.means", N_("No points on what these pay"), "words", _MEANS, optional=True),
    Ask("earning.before_discounts", N_("On the price before offers"), "check"),
    Ask("earning.without_vat", N_("On amounts without VAT"), "check"),
    Ask("earning.before_points", N_("On what is paid with points as well"), "check"),
    Ask("earning.most_points", N_("At most so many points a receipt"), optional=True),
    Ask("earning.most_points_day", N_("At most so many points a day"), optional=True),
    Ask("earning.most_points_month", N_("At most so many points a calendar month"), optional=True),
    Ask("visit", N_("A visit is"), "select", options=(
        ("receipt", N_("Each purchase")), ("day", N_("All purchases of a day in one store")),
    )),
    Ask("unit.scale", N_("The account counts in"), "choice", N_(
        "Type points as people see them: with halves 0.5 is half a point."
    ), options=(
        ("1", N_("Whole points")), ("2", N_("Halves")), ("10", N_("Tenths")), ("100", N_("Hundredths")),
    )),
)  # fmt: skip
EVENT = (
    Ask("most_times", N_("At most so many times"), optional=True),
    Ask("within_days", N_("At most so many days after the purchase"), optional=True),
    Ask("when.levels", N_("Only for these levels"), "words", BETWEEN, optional=True),
)

JOINING = (
    Ask("joining.ways", N_("How one joins"), "ticks", options=(
        ("request", N_("By asking")), ("purchase", N_("By a purchase over a sum")), ("invitation", N_("By invitation")),
    ), usual=("request",)),
    Ask("joining.purchase_minor", N_("A purchase that joins comes to"), "amount", optional=True),
    Ask("joining.invitation_days", N_("An invitation is good for so many days"), optional=True),
    Ask("joining.begins", N_("Membership begins"), "select", options=(
        ("at_once", N_("At once")), ("paid", N_("Once the price is paid")), ("confirmed", N_("Once it is confirmed")),
    )),
    Ask("joining.eligibility.min_age", N_("One can join from this age on"), optional=True),
    Ask("joining.eligibility.max_age", N_("One can join up to this age"), optional=True),
    Ask("joining.eligibility.guardian_below_age", N_("A guardian agrees below this age"), optional=True),
    Ask("joining.eligibility.staff", N_("People who work here"), "select", options=(
        ("allowed", N_("May join")), ("excluded", N_("May not join")), ("only", N_("Are the only ones who may join")),
    )),
    Ask("joining.eligibility.required_data", N_("What must be known of whoever joins"), "words",
        N_("Fields of the opening form between commas, such as mobile, birthday."), optional=True),
    Ask("joining.eligibility.segments", N_("Only these segments may join"), "words",
        N_("Names of lists of customers, between commas: soldiers, teachers."), optional=True),
    Ask("joining.eligibility.not_with_clubs", N_("Not together with these clubs"), "words",
        CODES, optional=True),
)  # fmt: skip
_RENEWAL = (
    Ask("renewal.by", N_("Membership is renewed"), "select", options=(
        ("request", N_("By asking")), ("itself", N_("By itself")), ("purchase", N_("By a purchase over a sum")),
    )),
    Ask("renewal.purchase_minor", N_("A purchase that renews comes to"), "amount", optional=True),
    Ask("renewal.begins", N_("The new term begins"), "select", options=(
        ("old_end", N_("Where the old one ends")), ("today", N_("On the day of renewing")),
    )),
    Ask("renewal.months", N_("Renewed for so many months"), optional=True),
    Ask("renewal.earliest_days", N_("Not earlier than so many days before the end"), optional=True),
    Ask("renewal.grace_days", N_("Days of grace after the end"), optional=True),
    Ask("renewal.benefits_in_grace", N_("Benefits hold in the days of grace"), "check"),
    Ask("renewal.warning_days", N_("Members are told so many days before the end"), "number", _THIRTY, optional=True),
    Ask("lapse.points", N_("Points of who doesn't renew"), "select", options=(
        ("keep", N_("Are kept")), ("freeze", N_("Are frozen for some months")), ("drop", N_("Are dropped")),
    )),
    Ask("lapse.freeze_months", N_("Frozen for so many months"), optional=True),
)  # fmt: skip
_ENDING = Ask("end.points", N_("Points of who leaves"), "select", options=(
    ("keep", N_("Are kept")), ("drop", N_("Are dropped")),
))  # fmt: skip
_FEES = (
    Ask("fees.refund", N_("Of the price, who leaves has back"), "select", options=(
        ("never", N_("Nothing")), ("pro_rata", N_("The part for the days that are left")), ("whole", N_("All of it")),
    )),
    Ask("fees.refund_days", N_("All of it within so many days"), optional=True),
    Ask("fees.deposit", N_("It is a share that comes back"), "check"),
    Ask("fees.instalments.first_minor", N_("Paid in parts: the first is"), "amount",
        N_("The rest is withheld from period rewards."), optional=True),
    Ask("fees.instalments.within_months", N_("The rest within so many months"), optional=True),
)  # fmt: skip


def of_membership(term: str, *, paid: bool) -> tuple[Ask, ...]:
    """What else can be said of joining, renewing and leaving."""
    sliding = Ask("term.least_minor", N_("Only by purchases of at least"), "amount", optional=True)
    to_end = Ask("term.to_month_end", N_("To the end of that month"), "check")
    return (
        *((to_end,) if term in {"months", "sliding"} else ()), *((sliding,) if term == "sliding" else ()),
        *JOINING, *(_RENEWAL if term in {"months", "date"} else ()),
        _ENDING, *(_FEES if paid else ()),
    )  # fmt: skip


REDEMPTION = (
    Ask("least_points", N_("At least so many at once"), "number", N_("In points."), optional=True),
    Ask("most_points", N_("At most in one purchase"), "number", N_("In points."), optional=True),
    Ask("most_points_day", N_("At most in one day"), "number", N_("In points."), optional=True),
    Ask("most_minor", N_("At most this amount of a purchase"), "amount", optional=True),
    Ask("least_purchase_minor", N_("From a purchase of"), "amount", optional=True),
    Ask("whole_items", N_("They pay whole items only"), "check"),
    *GOODS,
    *EXCLUDED,
    Ask("when.levels", N_("Only for these levels"), "words", BETWEEN, optional=True),
    Ask("automatic", N_("The till uses them by itself"), "check"),
    Ask("vat", N_("For VAT they are"), "select", options=(
        ("discount", N_("A discount")), ("means", N_("A means of payment")),
    )),
)  # fmt: skip
BENEFIT = (Ask("most_per_year", N_("At most so many times a year"), optional=True), LEVELS, *OF_GIFT)
ENTITLEMENT = (
    LEVELS,
    Ask("channels", N_("Only here"), "ticks", options=CHANNELS),
    Ask("only_given", N_("Only where a rule has given it"), "check"),
    Ask("apart_minutes", N_("Not within so many minutes of the last time"), optional=True),
    *OF_GIFT[1:],
)

VALID = (
    Ask("issue.valid_days", N_("Valid for so many days"), optional=True),
    Ask("issue.valid_months", N_("Valid for so many months"), optional=True),
    Ask("issue.valid_until", N_("Valid until the end"), "select", options=(
        ("", N_("No")), ("month_end", N_("Of the month")), ("quarter_end", N_("Of the quarter")),
        ("half_year_end", N_("Of the half-year")), ("year_end", N_("Of the calendar year")),
        ("term_end", N_("Of the member's year")),
    )),
    Ask("issue.valid_to", N_("Valid to this day"), "date", N_("It is included."), optional=True),
    Ask("issue.usable", N_("Can be used"), "select", options=(
        ("at_once", N_("At once")), ("next_purchase", N_("From the next purchase on")), ("day", N_("From a day on")),
    )),
    Ask("issue.usable_from", N_("From this day"), "date", optional=True),
    Ask("issue.usable_after_days", N_("After so many days"), optional=True),
)  # fmt: skip
_PART_USE = Ask("issue.part_use", N_("What is left over stays for the next purchase"), "check")
_AUTOMATIC = Ask("issue.automatic", N_("The till uses it by itself"), "check")
_WHO = (
    LEVELS,
    Ask("least_months", N_("After so many months of membership"), optional=True),
    Ask("least_points", N_("Only with a balance of"), "number", N_("In points."), optional=True),
    Ask("most_per_year", N_("At most so many times a year"), optional=True),
)
_DATED = (
    Ask("around.months_before", N_("Months before it"), optional=True),
    Ask("around.months_after", N_("Months after it"), optional=True),
    Ask("around.hebrew_calendar", N_("By the Hebrew calendar"), "check"),
    Ask("from_age", N_("Only from this age on"), optional=True),
    Ask("to_age", N_("Only up to this age"), optional=True),
    Ask("known_at_joining", N_("Only a date that was given at joining"), "check"),
    Ask("known_days_before", N_("Only a date known so many days before"), optional=True),
    Ask("growth.per_year_minor", N_("It grows each year of age by"), "amount", optional=True),
    Ask("growth.from_age", N_("It grows from the age of"), optional=True),
    Ask("growth.most_minor", N_("It grows up to"), "amount", optional=True),
)
_YEARS = (
    Ask("around.months_before", N_("Months before it"), optional=True),
    Ask("around.months_after", N_("Months after it"), optional=True),
    Ask("from_age", N_("Only from so many years on"), optional=True),
    Ask("to_age", N_("Only up to so many years"), optional=True),
    Ask("growth.per_year_minor", N_("It grows each year by"), "amount", optional=True),
    Ask("growth.most_minor", N_("It grows up to"), "amount", optional=True),
)
OF_POINTS = (
    VALID[0],
    Ask("issue.valid_until", N_("Valid until the end"), "select", options=(
        ("", N_("No")), ("occasion_end", N_("Of the days around the day")),
    )),
)  # fmt: skip
"""How long points for a birthday or an anniversary are valid."""
_RELATIVES = Ask("relatives", N_("Only of these relatives"), "ticks", options=(
    ("spouse", N_("Spouse")), ("child", N_("Child")), ("parent", N_("Parent")), ("other", N_("Other")),
))  # fmt: skip


def of_occasion(kind: str) -> tuple[Ask, ...]:
    """What else a gift for an occasion of this kind can say."""
    dated = {"birthday": _DATED, "anniversary": _DATED, "relative_birthday": _DATED, "membership": _YEARS}
    own = (*_WHO, *dated.get(kind, ()), *((_RELATIVES,) if kind == "relative_birthday" else ()))
    return (*own, *((_AUTOMATIC,) if kind in dated else VALID), _PART_USE, *OF_GIFT)


_REST = (("carry", N_("Counts on in the next period")), ("drop", N_("Is dropped")))
_LATE = (
    ("settle", N_("Is made up for with the next period")), ("next", N_("Counts in the next period")),
    ("ignore", N_("Is passed over")),
)  # fmt: skip
REWARD = (
    Ask("rest", N_("What gave nothing"), "select", options=_REST),
    Ask("rest_at_year_end", N_("At the end of the member's year"), "select", options=(("", N_("The same")), *_REST)),
    Ask("period.whole_months", N_("Member's years begin on the first of the month of joining"), "check"),
    Ask("period.starts_month", N_("The year of which begins in month"), optional=True),
    Ask("least_minor", N_("Less than this isn't given"), "amount", optional=True),
    Ask("most_minor", N_("Never more than"), "amount", optional=True),
    Ask("never_below_minor", N_("Where anything is given, at least"), "amount", optional=True),
    *(Ask(f"base.{each.name}", each.label, each.control, each.hint, each.options, each.optional)
      for each in (*GOODS, *EXCLUDED)),
    Ask("base.means", N_("Only what these pay"), "words", _MEANS, optional=True),
    Ask("base.excluded.means", N_("Without what these pay"), "words", _MEANS, optional=True),
    LEVELS,
    Ask("rounding", N_("Parts of it"), "select", options=(
        ("half_up", N_("Are rounded to the nearest, halves up")), ("down", N_("Are rounded down")),
        ("up", N_("Are rounded up")),
    )),
    Ask("issue.at", N_("It is given"), "select", options=(
        ("reached", N_("As soon as it is reached")), ("night", N_("In the night after")),
        ("period_end", N_("At the end of the period")),
    )),
    *VALID,
    _AUTOMATIC,
    _PART_USE,
    *OF_GIFT,
    Ask("late", N_("What is registered after the period"), "select", options=_LATE),
    Ask("returns", N_("What comes back after the period"), "select", options=_LATE),
)  # fmt: skip
DENOMINATION = Ask("gives.denomination_minor", N_("In pieces of"), "amount", optional=True)
REACHED = Ask("function.reached", N_("Of several steps"), "select", options=(
    ("highest", N_("The highest gives")), ("each", N_("Each that is reached gives")),
))  # fmt: skip
WHOLE = Ask("function.on", N_("The percentage is on"), "select", options=(
    ("whole", N_("The whole amount")), ("each_step", N_("Each step's own part")),
))  # fmt: skip
LEVEL_EXPIRY = (
    Ask("levels", N_("Points earned on these levels"), "words", BETWEEN),
    Ask("months", N_("Expire so many months after that"), "number", N_("Empty: never."), optional=True),
    Ask("days", N_("Or so many days"), optional=True),
    Ask("to_month_end", N_("To the end of that month"), "check"),
)
CALENDAR = (
    ("month", N_("Month")), ("half_year", N_("Half-year")), ("quarter", N_("Quarter")), ("year", N_("Year")),
)  # fmt: skip
HOUSEHOLD = (
    Ask("household.same_address", N_("They live at one address"), "check"),
    Ask("household.one_per_household", N_("One membership a household"), "check"),
    Ask("household.min_age", N_("From this age on"), optional=True),
    Ask("household.invitation_days", N_("An invitation is good for so many days"), optional=True),
    Ask("household.redeems", N_("Points are used by"), "select", options=(
        ("all", N_("All of them")), ("main", N_("The main member alone")),
        ("named", N_("Whom the main member names")),
    )),
    Ask("household.sees", N_("The account is seen by"), "select", options=(
        ("all", N_("All of them")), ("main", N_("The main member alone")),
    )),
    Ask("household.leaver", N_("Who leaves takes along"), "select", options=(
        ("nothing", N_("Nothing")), ("equal_share", N_("An equal share")), ("own_earned", N_("What they earned")),
    )),
    Ask("household.year_of_main", N_("Each has a member's year of their own"), "unless"),
    Ask("household.shared_level", N_("Each has a level of their own"), "unless"),
)  # fmt: skip
MORE = (
    Ask("expiry.warning_days", N_("Members are told so many days before points expire"), "number", _THIRTY,
        optional=True),
    Ask("returns.clawback", N_("Returned points that are spent already"), "select", N_(
        "Several clubs take theirs off one refund in the order in which they were joined, and what it doesn't reach is "
        "owed. What an ending has taken isn't owed again."
    ), options=(
        ("debt", N_("Are owed, and earned back first")), ("deduct", N_("Are taken off the refund")),
        ("write_off", N_("Are let go")), ("kept", N_("Stay: a return takes no points")),
    )),
    Ask("returns.redeemed", N_("Points that paid for what comes back"), "select", options=(
        ("back", N_("Come back")), ("back_if_whole", N_("Come back if all is returned")), ("never", N_("Are lost")),
    )),
    Ask("returns.levels_fall", N_("Returns don't lower levels"), "unless"),
    Ask("excluded.products", N_("Products without benefits"), "words", CODES, optional=True),
    Ask("excluded.brands", N_("Brands without benefits"), "words", BETWEEN, optional=True),
    Ask("excluded.reduced", N_("No benefits on goods below the regular price"), "check"),
    Ask("channels.stores", N_("Only in these stores"), "words", CODES, optional=True),
    Ask("channels.without_stores", N_("But not in these stores"), "words", CODES, optional=True),
    Ask("most_discount_month", N_("All discounts together take off at most so much in a month"), "amount",
        optional=True),
    Ask("most_rewards", N_("A member holds at most so many unused rewards"), optional=True),
    Ask("undo.days", N_("An ending can be undone for so many days"), "number", N_("Empty: 14."), optional=True),
    Ask("switch.conversion.from_points", N_("Once it holds, each so many points of before"), "number",
        N_("Balances are changed once, in the night in which it begins."), optional=True),
    Ask("switch.conversion.to_points", N_("Become so many points"), optional=True),
    Ask("switch.last_earning_day", N_("The last day of earning"), "date", optional=True),
    Ask("switch.last_redeeming_day", N_("The last day of redeeming"), "date", optional=True),
)  # fmt: skip
