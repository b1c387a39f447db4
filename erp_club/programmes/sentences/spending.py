"""What points are worth, what they buy, when they expire, and what returns do: in plain sentences. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import TN, Name, Rate, T, Text, days
from erp_club.programmes.engine import spending as s
from erp_club.programmes.engine.parts import EVERYTHING, Period
from erp_club.programmes.sentences.gifts import given, issued, year_day
from erp_club.programmes.sentences.words import (
    Say,
    Words,
    called,
    levels,
    name,
    not_for,
    only_if,
    period,
    set_ones,
    what,
)


def redemption(of: s.Redemption, words: Words) -> Iterator[Text]:
    """Points as money."""
    worth = {"points": words.points(of.worth_points), "amount": words.money(of.worth_minor)}
    yield T("%(points)s = %(amount)s.", **worth)

    def points(text: str) -> Say:
        return lambda value: Text(text, {"points": words.points(value)})

    def money(text: str) -> Say:
        return lambda value: Text(text, {"amount": words.money(value)})

    table: dict[str, Say] = {
        "least_balance": points(T("Only with a balance of %(points)s.").msgid),
        "least_points": points(T("At least %(points)s at a time.").msgid),
        "step": points(T("In steps of %(points)s.").msgid),
        "most_points": points(T("At most %(points)s a purchase.").msgid),
        "most_points_visit": points(T("At most %(points)s a visit.").msgid),
        "most_points_day": points(T("At most %(points)s a day.").msgid),
        "most_minor": money(T("At most %(amount)s a purchase.").msgid),
        "most_bp": lambda rate: T("Points pay %(rate)s of the purchase at most.", rate=Rate(rate)),
        "least_purchase_minor": money(T("Only in a purchase of %(amount)s.").msgid),
        "whole_items": lambda _: T("Points pay whole items only."),
        "automatic": lambda _: T("The till uses the points by itself."),
        "group": lambda group: T("They share nothing with offers of “%(group)s”.", group=Name({"": group})),
        "vat": lambda _: T("For VAT points are a means of payment."),
    }
    yield from set_ones(of, table)
    if of.on != EVERYTHING:
        yield T("Points pay for %(what)s only.", what=what(of.on, words))
    yield from not_for(of.excluded, words)
    yield from only_if(of.when, words)


def benefit(of: s.Benefit, words: Words) -> Iterator[Text]:
    """Something with a price in points."""
    values = {"points": words.points(of.points), "gift": given(of.gives, words)}
    yield T("%(points)s buy %(gift)s.", **values)
    if of.names:
        yield T("This is called %(name)s.", name=called(of.names, of.code))
    yield from set_ones(of, {
        "most_per_year": lambda n: TN("Once a year at most.", "%(num)s times a year at most.", n),
        "levels": lambda codes: T("Only for level %(levels)s.", levels=levels(codes, words)),
    })  # fmt: skip
    yield from only_if(of.when, words)
    yield from issued(of.issue)


def charity(of: s.Charity, words: Words) -> Iterator[Text]:
    """Points given away."""
    yield T("Points can be given to %(charity)s.", charity=name(of.names))
    yield from set_ones(of, {
        "least_points": lambda n: T("At least %(points)s at a time.", points=words.points(n)),
        "step": lambda n: T("In steps of %(points)s.", points=words.points(n)),
    })  # fmt: skip


def expiry(of: s.Expiry, words: Words) -> Iterator[Text]:
    """Until when points hold."""
    yield _expires(of.rule)
    if isinstance(of.rule, s.MemberYearEnd) and of.rule.whole_months:
        yield T("The member's year begins on the first of the month of joining.")
    if isinstance(of.rule, s.Inactivity) and of.rule.to_month_end:
        yield T("They hold to the end of that month.")
    for each in of.levels:
        yield _of_levels(each, words)
    if not isinstance(of.rule, s.Never) or of.warning_days != s.Expiry().warning_days:
        yield TN("The member is told %(num)s day before.", "The member is told %(num)s days before.", of.warning_days)


def _of_levels(of: s.LevelExpiry, words: Words) -> Text:
    named = levels(of.levels, words)
    length = _length(of)
    if length is None:
        return T("Points earned on level %(levels)s don't expire.", levels=named)
    if of.to_month_end:
        text = T("Points earned on level %(levels)s expire at the end of the month, %(length)s after that.")
    else:
        text = T("Points earned on level %(levels)s expire %(length)s after that.")
    return Text(text.msgid, {"levels": named, "length": length})


def _length(of: s.MonthsAfter | s.Inactivity | s.LevelExpiry) -> Text | None:
    if of.days is not None:
        return days(of.days)
    return None if of.months is None else TN("%(num)s month", "%(num)s months", of.months)


def _expires(of: s.Expires) -> Text:
    match of:
        case s.Never():
            return T("Points don't expire.")
        case s.MonthsAfter(to_month_end=True):
            return T("Points expire at the end of the month, %(length)s after they were earned.", length=_length(of))
        case s.MonthsAfter():
            return T("Points expire %(length)s after they were earned.", length=_length(of))
        case s.EachYear():
            return _each_year(of)
        case s.MemberYearEnd():
            if of.years_after == 0:
                return T("Points expire at the end of the member's year in which they were earned.")
            return TN(
                "Points expire %(num)s year after the end of the member's year in which they were earned.",
                "Points expire %(num)s years after the end of the member's year in which they were earned.",
                of.years_after,
            )
        case s.PeriodEnd():
            return _with_period(of)
        case s.Inactivity():
            return T("All points expire %(length)s after the last purchase.", length=_length(of))


def _with_period(of: s.PeriodEnd) -> Text:
    span = period(Period(every=of.every, starts_month=of.starts_month))
    if of.periods_after == 0:
        return T("Points expire together (%(period)s): at its end.", period=span)
    return TN(
        "Points expire together (%(period)s): at the end of the next one.",
        "Points expire together (%(period)s): at the end of the one that is %(num)s later.",
        of.periods_after,
        period=span,
    )


def _each_year(of: s.EachYear) -> Text:
    day = year_day(of.last_day)
    if of.of_calendar_year:
        return _of_a_year(of, day)
    if of.years_after == 0:
        return T("Points expire on the next %(day)s.", day=day)
    return TN(
        "Points expire on %(day)s, %(num)s year after the next one.",
        "Points expire on %(day)s, %(num)s years after the next one.",
        of.years_after,
        day=day,
    )


def _of_a_year(of: s.EachYear, day: Text) -> Text:
    if of.years_after == 0:
        return T("Points of a calendar year expire on %(day)s of that year.", day=day)
    return TN(
        "Points of a calendar year expire on %(day)s of the year after.",
        "Points of a calendar year expire on %(day)s, %(num)s years after.",
        of.years_after,
        day=day,
    )


_CLAWBACK = {
    s.Clawback.DEBT: T("A return takes its points back; what isn't there is earned back first."),
    s.Clawback.DEDUCT: T("A return takes its points back; what isn't there is taken off the refund."),
    s.Clawback.KEPT: T("A return takes no points back."),
    s.Clawback.WRITE_OFF: T("A return takes its points back as far as they are there."),
}
_BACK = {
    s.Back.BACK: T("Points that were redeemed come back with a return."),
    s.Back.BACK_IF_WHOLE: T("Points that were redeemed come back if all is returned."),
    s.Back.NEVER: T("Points that were redeemed don't come back."),
}


def returns(of: s.Returns) -> Iterator[Text]:
    """What a return does."""
    yield _CLAWBACK[of.clawback]
    yield _BACK[of.redeemed]
    if of.new_days is not None:
        yield TN(
            "Points that come back after they expired are valid for %(num)s day more.",
            "Points that come back after they expired are valid for %(num)s days more.",
            of.new_days,
        )
    if not of.levels_fall:
        yield T("A return doesn't lower the level.")
