"""What becomes of two customers' days and consents when they become one. Pure."""

from collections.abc import Sequence

from erp_club.clubs.periods import Span, without


def joined_days(kept: Sequence[Span], other: Sequence[Span]) -> list[Span]:
    """The survivor's days with those days of the other's that it lacks, in order: so the longer end wins.

    >>> from datetime import date as day
    >>> [str(span.last) for span in joined_days([Span(day(2026, 1, 1), day(2026, 6, 30))],
    ...                                         [Span(day(2026, 4, 1), day(2026, 12, 31))])]
    ['2026-06-30', '2026-12-31']
    """
    return sorted((*kept, *without(other, kept)), key=lambda span: span.first)


def joined_consent(kept: bool | None, other: bool | None) -> bool | None:
    """One consent of two: whoever has refused once has refused; else whoever agreed has agreed.

    >>> joined_consent(True, False), joined_consent(None, True), joined_consent(None, None)
    (False, True, None)
    """
    if kept is False or other is False:
        return False
    return kept or other
