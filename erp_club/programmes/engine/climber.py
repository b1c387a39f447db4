"""The level of one member from day to day, where a past is replayed. Pure."""

import copy
import datetime as dt
import heapq
from collections.abc import Iterable, Sequence

from erp_club.clubs.periods import Span
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.climb import Climb, Sums, run_out, standing
from erp_club.programmes.engine.facts import Moved
from erp_club.programmes.engine.levels import Down, Keep, Levels
from erp_club.programmes.engine.parts import Every
from erp_club.programmes.engine.turning import MONTHLY, turning_days, turns_of, windows


class Climber:
    """The level of one member from day to day, each a step on from the day before: what `standing` says, but faster.

    A movement of a day that is over, or known only later, makes it look at everything again.
    """

    def __init__(self, levels: Levels, *, joined_on: dt.date, terms: Sequence[Span] = ()) -> None:
        self._levels, self._joined_on = levels, joined_on
        self._terms = terms if levels.window.every is Every.TERM else ()
        self._moved: list[Moved] = []
        self._climb: Climb | None = None
        self._ahead: list[dt.date] = []
        """A heap of the days on which the movements may change something, where levels are kept for months."""

    @property
    def moved(self) -> Sequence[Moved]:
        """All that counts so far."""
        return self._moved

    def add(self, moved: Iterable[Moved]) -> None:
        """Let these count from now on."""
        for each in moved:
            self._moved.append(each)
            if self._climb is not None and each.on > self._climb.day and each.known == each.on:
                self._climb.sums.by_day[each.measure][each.on] += each.value
                for turn in turns_of(self._levels, each):
                    heapq.heappush(self._ahead, turn)
            else:
                self._climb = None

    def level(self, day: dt.date) -> str:
        """The level of a day, not before one that was asked about already."""
        levels = self._levels
        by_steps = levels.keep is Keep.WHILE and levels.down is Down.ONE
        monthly = levels.keep in MONTHLY and not self._terms
        if by_steps or levels.grace_days or (not monthly and (levels.keep in MONTHLY or levels.restart == "reached")):
            # What a day brings hangs here on the days between, so none may be looked at twice.
            term = next((each for each in self._terms if each.holds(day)), None)
            return standing(self._levels, self._moved, day, joined_on=self._joined_on, term=term).level
        before = day - DAY
        if self._climb is None:
            # All that is known now, also of days before: a return takes its purchase away as if it had never been.
            known = Sums(self._moved, dt.date.max, self._joined_on, self._terms)
            self._climb = Climb(self._levels, known, self._joined_on)
            self._climb.day = dt.date.min
            self._ahead = sorted({turn for each in self._moved for turn in turns_of(levels, each)})
        if monthly:
            self._walk(self._climb, day)
        elif self._climb.day < before:
            self._step(self._climb, before)
        today = copy.copy(self._climb)
        today.kept, today.waiting, today.seen = dict(today.kept), dict(today.waiting), set()
        if monthly:
            today.step(day)
        else:
            self._step(today, day)
        return self._levels.levels[today.top].code

    def _walk(self, climb: Climb, day: dt.date) -> None:
        """Look at each day before this one on which anything can change, and at no other: each of them may prolong."""
        ahead = self._ahead
        turning = turning_days(self._levels, (), day, self._joined_on, None) - {day}
        for each in (*turning, *run_out(climb, day)):
            if each > climb.day:
                heapq.heappush(ahead, each)
        while ahead and ahead[0] < day:
            each = heapq.heappop(ahead)
            if each > climb.day and each >= self._joined_on:
                climb.step(each)
                for after in run_out(climb, day):
                    heapq.heappush(ahead, after)

    def _step(self, climb: Climb, until: dt.date) -> None:
        since = climb.day
        rolling = any(window.every is Every.ROLLING for window in windows(self._levels))
        recent = self._moved if rolling else [each for each in self._moved if each.on + DAY > since]
        begin = {each.first for each in self._terms if each.first <= until}
        for day in sorted(turning_days(self._levels, recent, until, self._joined_on, None) | begin):
            if day > since:
                climb.step(day)
