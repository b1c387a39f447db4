"""What becomes of two customers' days, consents and fields when they become one. Pure."""

import datetime as dt
from collections.abc import Sequence

from erp_club.clubs.periods import Span

DAY = dt.timedelta(days=1)


def joined_days(kept: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The survivor's days with those days of the other's that it lacks, in order: so the longer end wins.

    >>> day = dt.date
    >>> [str(span.last) for span in joined_days([Span(day(2026, 1, 1), day(2026, 6, 30))],
    ...                                         [Span(day(2026, 4, 1), day(2026, 12, 31))])]
    ['2026-06-30', '2026-12-31']
    """
    return sorted((*kept, *lacking(kept, other)), key=lambda span: span.first)


def lacking(kept: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The stretches of `other` that no span of `kept` holds."""
    rest = list(other)
    for span in kept:
        rest = [part for each in rest for part in _without(each, span)]
    return sorted(rest, key=lambda span: span.first)


def put_back(now: Sequence[Span], added: Sequence[Span]) -> list[Span]:
    """The days that are left when those are taken away that a merge added: what was prolonged since stays."""
    return lacking(added, now)


def _without(span: Span, taken: Span) -> list[Span]:
    made: list[Span] = []
    if taken.last is not None and taken.last < span.first:
        return [span]
    if span.last is not None and span.last < taken.first:
        return [span]
    if span.first < taken.first:
        made.append(Span(span.first, taken.first - DAY))
    if taken.last is not None and (span.last is None or taken.last < span.last):
        made.append(Span(taken.last + DAY, span.last))
    return made


def joined_consent(kept: bool | None, other: bool | None) -> bool | None:
    """One consent of two: whoever has refused once has refused; else whoever agreed has agreed.

    >>> joined_consent(True, False), joined_consent(None, True), joined_consent(None, None)
    (False, True, None)
    """
    if kept is False or other is False:
        return False
    return kept or other
