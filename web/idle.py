"""The lock of a till that was left alone, for pages that are opened anew: an open one locks itself."""

import datetime as dt

from fastapi import Request

from erp_club.permissions.queries import SessionFacts
from erp_club.permissions.sessions.commands import SEEN_EVERY
from web.asked import is_htmx, wants_html


def left_alone(request: Request, known: SessionFacts, *, minutes: int, now: dt.datetime) -> bool:
    """Whether somebody who signed on by PIN did nothing for so long that their page isn't shown any more.

    A machine's till locks its own screen. What an open page asks for by itself is no sign of life, nor of its end.
    """
    if not known.by_pin or not minutes or is_htmx(request) or not wants_html(request):
        return False
    return now - known.seen_at > dt.timedelta(minutes=minutes) + SEEN_EVERY
