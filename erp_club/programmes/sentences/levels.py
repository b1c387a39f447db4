"""Levels and how one moves among them, in plain sentences. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import TN, Listed, Rate, T, Text
from erp_club.programmes.engine import levels as lv
from erp_club.programmes.engine.parts import Measure
from erp_club.programmes.sentences.gifts import given, issued
from erp_club.programmes.sentences.words import Words, amount, called, measure, need, period

_UP = {
    lv.Up.AT_ONCE: T("A level holds as soon as it is reached."),
    lv.Up.NEXT_DAY: T("A level holds from the day after it is reached."),
    lv.Up.NEXT_PERIOD: T("A level holds from the next period on."),
}
_KEEP = {
    lv.Keep.WHILE: T("It is kept while the figure is reached."),
    lv.Keep.WINDOW_END: T("It is kept to the end of the period."),
    lv.Keep.NEXT_WINDOW: T("It is kept through the next period."),
    lv.Keep.EVER: T("It is kept for ever."),
}
_DOWN = {
    lv.Down.ONE: T("Who doesn't reach it again goes down one level."),
    lv.Down.REACHED: T("Who doesn't reach it again goes down to the level reached."),
}


def level_rules(of: lv.Levels, words: Words) -> Iterator[Text]:
    """The levels, and how one moves among them."""
    yield T("Levels go by %(measure)s in %(period)s.", measure=measure(of.measure, words), period=period(of.window))
    for each in of.levels:
        yield from _level(each, of.measure, words)
    yield _UP[of.up]
    if of.keep is lv.Keep.MONTHS:
        yield TN("It is kept for %(num)s month.", "It is kept for %(num)s months.", of.keep_months or 1)
    elif of.keep is lv.Keep.SINCE_LAST:
        yield TN(
            "It is kept for %(num)s month from the last time that something counts.",
            "It is kept for %(num)s months from the last time that something counts.",
            of.keep_months or 1,
        )
    else:
        yield _KEEP[of.keep]
    if of.keep_to_month_end:
        yield T("It is kept to the end of the month in which they are over.")
    if of.grace_days:
        yield TN(
            "A level that isn't reached again holds %(num)s day longer, and can still be reached in it.",
            "A level that isn't reached again holds %(num)s days longer, and can still be reached in them.",
            of.grace_days,
        )
    yield _DOWN[of.down]
    if of.restart == "reached":
        yield T("When a level is reached, counting begins again.")
    yield from _carried(of, words)
    for milestone in of.milestones:
        yield from _milestone(milestone, of.measure, words)


def _carried(of: lv.Levels, words: Words) -> Iterator[Text]:
    if of.carry is None:
        return
    share = Rate(of.carry.share_bp)
    yield T("%(share)s of what is above the figure that was reached counts in the next period.", share=share)
    if of.carry.most is not None:
        yield T("Of it %(amount)s at most.", amount=amount(of.measure, of.carry.most, words))


_STAYING = {
    lv.Each.WINDOW: T("Who still is on %(level)s when the next period begins gets %(gifts)s."),
    lv.Each.TWELVE_MONTHS: T("Who stays on %(level)s gets %(gifts)s after each twelve months on it."),
}


def _level(of: lv.Level, counted: Measure, words: Words) -> Iterator[Text]:
    name = called(of.names, of.code)
    if of.by_hand:
        yield T("%(level)s is given by hand.", level=name)
    elif of.at_least is None:
        yield T("%(level)s has no figure of its own.", level=name)
    elif of.at_least == 0:
        yield T("%(level)s: whoever joins.", level=name)
    else:
        yield T("%(level)s: from %(amount)s on.", level=name, amount=amount(counted, of.at_least, words))
    for each in of.also:
        yield T("%(level)s needs as well: %(need)s.", level=name, need=need(each, words))
    for each in of.instead:
        yield T("%(level)s is reached by this too: %(need)s.", level=name, need=need(each, words))
    if of.after_months is not None:
        months = of.after_months
        yield TN(
            "%(level)s is reached by %(num)s month of membership too.",
            "%(level)s is reached by %(num)s months of membership too.",
            months,
            level=name,
        )
    if of.keep_at_least is not None:
        least = amount(counted, of.keep_at_least, words)
        yield T("To keep %(level)s, %(amount)s are enough.", level=name, amount=least)
    if of.gives:
        gifts = Listed(tuple(given(each, words) for each in of.gives), "and")
        yield T("Who reaches %(level)s gets %(gifts)s.", level=name, gifts=gifts)
    if of.staying is not None:
        gifts = Listed(tuple(given(each, words) for each in of.staying.gives), "and")
        yield Text(_STAYING[of.staying.each].msgid, {"level": name, "gifts": gifts})


def _milestone(of: lv.Milestone, counted: Measure, words: Words) -> Iterator[Text]:
    gifts = Listed(tuple(given(each, words) for each in of.gives), "and")
    at = amount(counted, of.at, words)
    if of.every:
        yield T("At every %(amount)s: %(gifts)s.", amount=at, gifts=gifts)
    else:
        yield T("At %(amount)s: %(gifts)s.", amount=at, gifts=gifts)
    yield from issued(of.issue)
