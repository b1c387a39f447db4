"""Accounts whose periods are rewarded, which these are, and which days. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from erp_club.clubs.periods import Span
from erp_club.programmes.engine import due
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.parts import Every, Period
from erp_club.programmes.engine.rewards import PeriodReward


@dataclass(frozen=True, slots=True)
class RewardAccount:
    """An account of a club: who shares it, since when the holder is a member, and how it stood on the last day.

    `balance` is what could be used on that day: points that wait aren't turned into anything. `terms` are those of the
    holder's membership, oldest first, where a rule asks for them.
    """

    holder_id: int
    account_id: int
    customers: tuple[int, ...]
    joined_on: dt.date
    member_at_end: bool
    level: str | None
    balance: int
    terms: tuple[Span, ...] = ()

    @property
    def key(self) -> tuple[int, int]:
        """The account: its holder and its number."""
        return self.holder_id, self.account_id

    def term_on(self, day: dt.date) -> Span:
        """The term that holds the day, else the last one before it; before the first one the day alone."""
        return next((each for each in reversed(self.terms) if each.first <= day), Span(day, day))

    def period_on(self, period: Period, day: dt.date) -> Span:
        """The period that holds the day."""
        return span_of(period, day, joined_on=self.joined_on, term=self.term_on(day))


@dataclass(frozen=True, slots=True)
class Whose:
    """Which accounts a rule looks at: those who joined on these days (month and day), or whose period is `ending`.

    `terms`: it asks which terms their memberships had.
    """

    joined_days: Sequence[str] | None = None
    ending: bool = False
    terms: bool = False

    @property
    def bound(self) -> dict[str, Any]:
        """As the statements ask it."""
        return {"days": None if self.joined_days is None else list(self.joined_days), "ending": self.ending}


ANYONE = Whose()


def ending(rule: PeriodReward, last: dt.date) -> Whose:
    """Those whose period of the rule ends on a day, or is settled up to it."""
    by_term = rule.period.every is Every.TERM
    return Whose(due.joined_days(rule, last), by_term and not due.goes_along(rule), by_term)


def anyone(rule: PeriodReward) -> Whose:
    """All of them, with what the rule asks."""
    return Whose(terms=rule.period.every is Every.TERM)
