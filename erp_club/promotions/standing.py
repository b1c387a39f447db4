"""Where an offer stands on a day: what head office decided, and what its dates make of it. Pure.

Stored are draft, published, paused and ended. Derived from the dates of the version in force: a published offer whose
first day is still to come is scheduled, and one whose last day is over has ended; nobody has to do anything for it.
"""

import datetime as dt
from enum import StrEnum

from erp_club.promotions.kinds import OfferState


class Standing(StrEnum):
    """What people see of an offer's state."""

    DRAFT = "draft"
    SCHEDULED = "scheduled"
    PUBLISHED = "published"
    PAUSED = "paused"
    ENDED = "ended"


def standing(state: OfferState, first_day: dt.date | None, last_day: dt.date | None, *, today: dt.date) -> Standing:
    """Where the offer stands on `today`; both of its days are included."""
    if state in {OfferState.DRAFT, OfferState.ENDED}:
        return Standing(state.value)
    if last_day is not None and last_day < today:
        return Standing.ENDED
    if state is OfferState.PAUSED:
        return Standing.PAUSED
    return Standing.SCHEDULED if first_day is not None and first_day > today else Standing.PUBLISHED
