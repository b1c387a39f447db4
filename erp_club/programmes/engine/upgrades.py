"""Which higher levels a member can buy on a day, and for how much. Pure."""

import datetime as dt
from dataclasses import dataclass

from erp_club.clubs.periods import Span, add_months
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import upgrade_fee


@dataclass(frozen=True, slots=True)
class Upgrade:
    """A level that can be bought for `fee_minor`, from a day to the end of the term that holds it (None: for life).

    `months` are the whole months that are left, `days` all the days; both None for life.
    """

    level: str
    fee_minor: int
    span: Span
    months: int | None
    days: int | None


def upgrades(
    programme: Programme, now: str, term: Span | None, on: dt.date, *, by_hand: bool = False
) -> tuple[Upgrade, ...]:
    """The paid levels above the one that is held `now`, the lowest first.

    None outside a term, nor while a level that was given by hand holds: it would hide what was paid for.
    """
    levels = programme.levels
    if levels is None or term is None or not term.holds(on) or by_hand:
        return ()
    order = [each.code for each in levels.levels]
    held = order.index(now) if now in order else 0
    paid = {each.level for each in programme.fees.levels}
    return tuple(_upgrade(programme, now, code, term, on) for code in order[held + 1 :] if code in paid)


def _upgrade(programme: Programme, old: str, new: str, term: Span, on: dt.date) -> Upgrade:
    fee = upgrade_fee(programme, old, new, term, on)
    if term.last is None:
        return Upgrade(new, fee, Span(on, None), None, None)
    months = (term.last.year - on.year) * 12 + term.last.month - on.month + 1
    while add_months(on, months) - DAY > term.last:
        months -= 1
    return Upgrade(new, fee, Span(on, term.last), months, (term.last - on).days + 1)


def paid_through(programme: Programme, bought: dict[str, dt.date | None], term: Span) -> str | None:
    """The level that was bought up to the end of a term, the highest of several, which renewing goes on with.

    `bought` are paid levels with their last days (None: for life).
    """
    levels = programme.levels
    order = [each.code for each in levels.levels] if levels else []
    through = [code for code, last in bought.items() if last is None or (term.last is not None and last >= term.last)]
    return max((code for code in through if code in order), key=order.index, default=None)
