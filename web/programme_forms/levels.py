"""What the guided form asks of moving among levels."""

from erp_club.kernel.text import N_
from web.programme_forms.fields import Ask, Control
from web.programme_forms.further import EXCLUDED, GOODS
from web.programme_forms.paths import Document, at
from web.programme_forms.spans import PERIODS, ROLLING

_KEEP = Ask("levels.keep", N_("A level is kept"), "kind", options=(
    ("next_window", N_("Through the next period")), ("window_end", N_("To the end of the period")),
    ("months", N_("For some months")),
    ("since_last", N_("For some months from the last purchase")),
    ("while", N_("While what is counted suffices")), ("ever", N_("For ever")),
))  # fmt: skip
_UP = Ask("levels.up", N_("A level that is reached holds"), "select", options=(
    ("at_once", N_("At once")), ("next_day", N_("From the next day")), ("next_period", N_("From the next period")),
))  # fmt: skip
_DOWN = Ask("levels.down", N_("Who doesn't keep a level falls"), "select", options=(
    ("one", N_("One step")), ("reached", N_("To what is reached")),
))  # fmt: skip


def staying(path: str) -> Ask:
    """When whoever stays on a level is given something."""
    return Ask(f"{path}.staying.each", N_("Who stays on it is given"), "select", options=(
        ("window", N_("As the next period begins")), ("twelve_months", N_("After each year on it")),
    ))  # fmt: skip


def of_window(path: str, document: Document) -> tuple[Ask, ...]:
    """In which time something is counted that a level asks for beside what all go by."""
    every = Ask(f"{path}.every", N_("Counted"), "kind", options=(("", N_("In the same time")), ROLLING, *PERIODS))
    if at(document, f"{path}.every") != "rolling":
        return (every,)
    return (
        every,
        Ask(f"{path}.months", N_("So many months"), optional=True),
        Ask(f"{path}.last_days", N_("Or so many days"), "number", N_("Instead of months."), optional=True),
    )


def of_levels(keep: str, figure: Control) -> tuple[Ask, ...]:
    """What else can be said of moving among levels."""
    months = Ask("levels.keep_months", N_("So many months"))
    goods = tuple(
        Ask(f"levels.measure.{each.name}", each.label, each.control, each.hint, each.options, each.optional)
        for each in (*GOODS, *EXCLUDED)
    )
    grace = Ask("levels.grace_days", N_("Days of grace before a level is lost"), optional=True)
    to_end = Ask("levels.keep_to_month_end", N_("To the end of that month"), "check")
    carried = (
        Ask("levels.carry.share_bp", N_("Of what is above a figure, this share counts in the next period"), "percent",
            optional=True),
        Ask("levels.carry.most", N_("Of it at most"), figure, optional=True),
    )  # fmt: skip
    return (_KEEP, *((months, to_end) if keep in {"months", "since_last"} else ()), grace, _UP, _DOWN, *carried, *goods)
