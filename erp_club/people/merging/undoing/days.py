"""What has become, since a merge, of the days that it joined: whose each day is when the two are parted. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.clubs import periods
from erp_club.clubs.kinds import EventKind
from erp_club.clubs.periods import Span

DAY = dt.timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Step:
    """Something that was done to a membership since: from which day, and its days before and after."""

    kind: EventKind
    on: dt.date
    at: dt.datetime
    before: tuple[Span, ...]
    after: tuple[Span, ...]
    was_paused: bool
    """Whether it was paused before."""


@dataclass(frozen=True, slots=True)
class Bought:
    """A purchase since, and until when it moves a term that slides."""

    at: dt.datetime
    on: dt.date
    until: dt.date


@dataclass(frozen=True, slots=True)
class Shares:
    """The days of a joined membership that are the survivor's own, and those that the merge added."""

    own: tuple[Span, ...]
    added: tuple[Span, ...]

    def within(self, days: Sequence[Span]) -> "Shares":
        """What is left of them where these days are."""
        return Shares(_both(self.own, days), _both(self.added, days))

    def slid(self, bought: Bought) -> "Shares":
        """The survivor's own end moves on by a purchase as if nothing had been added: days that were, are own by it."""
        after = periods.slid(dict(enumerate(self.own)), bought.on, bought.until) or {}
        moved = _both(self.added, [span for span in after.values() if span is not None])
        return Shares((*self.own, *moved), tuple(periods.without(self.added, moved)))


@dataclass(frozen=True, slots=True)
class Story:
    """What came of the shares.

    `ended` is the first ending that wasn't undone: what was joined has ended with it. `broken` is the latest pause or
    ending that holds, the pause where what was paused was ended, and `broken_off` the shares before it.
    """

    shares: Shares
    ended: Step | None
    broken: Step | None
    broken_off: Shares


def follow(shares: Shares, steps: Sequence[Step], purchases: Sequence[Bought] = ()) -> Story:
    """Go along with what was done since the merge, and with the purchases by which a term slides."""
    breaks: list[tuple[Step, Shares]] = []
    for step in sorted((*purchases, *steps), key=lambda each: each.at):
        if isinstance(step, Bought):
            shares = shares.slid(step)
        elif step.kind in {EventKind.PAUSE, EventKind.TERMINATION}:
            breaks.append((step, shares))
            shares = shares.within(step.after)
        elif step.kind is EventKind.RESUMPTION and breaks:
            pause, before = breaks.pop()
            shares = _resumed(before, pause, step).within(step.after)
        elif step.kind is EventKind.RESTORATION and breaks:
            shares = breaks.pop()[1]
        else:
            # What a correction gives is nobody else's: by hand, or by the merge of somebody else.
            given = periods.without(step.after, step.before) if step.kind is EventKind.CORRECTION else ()
            left = shares.within(step.after)
            shares = Shares((*left.own, *given), left.added)
    ended = next((step for step, _ in breaks if step.kind is EventKind.TERMINATION), None)
    if len(breaks) > 1 and breaks[-1][0].was_paused:
        breaks.pop()
    broken, broken_off = breaks[-1] if breaks else (None, shares)
    return Story(shares, ended, broken, broken_off)


def going(now: Sequence[Span], story: Story, *, holds: bool) -> list[Span]:
    """The days that go: those that the merge added, but for those by which the survivor's own go on without a gap to
    what was renewed or extended since.

    `now` are the days of a membership that `holds`, or those that its pause or ending has broken off.
    """
    shares = story.shares if holds else story.broken_off
    anew = story.ended is not None and (holds or story.ended is not story.broken)
    since = () if anew else periods.without(now, (*shares.own, *shares.added))
    goes_on = {span.first for span in since}
    gone: list[Span] = []
    for span in sorted(shares.added, key=lambda each: each.first, reverse=True):
        if span.last is not None and span.last + DAY in goes_on:
            goes_on.add(span.first)
        else:
            gone.append(span)
    return gone[::-1]


def _resumed(before: Shares, pause: Step, step: Step) -> Shares:
    moves_end = _end(step.after) != _end(pause.before)

    def moved(days: Sequence[Span]) -> tuple[Span, ...]:
        parts = periods.cut(days, pause.on)
        return *parts.kept, *periods.resumed(parts.rest, paused_on=pause.on, today=step.on, moves_end=moves_end)

    return Shares(moved(before.own), moved(before.added))


def _both(days: Sequence[Span], others: Sequence[Span]) -> tuple[Span, ...]:
    return tuple(periods.without(days, periods.without(days, others)))


def _end(days: Sequence[Span]) -> dt.date:
    return max((span.last or dt.date.max for span in days), default=dt.date.min)
