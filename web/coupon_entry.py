"""Codes that are entered at a till: where they count, whatever becomes of the request."""

from collections.abc import Sequence
from datetime import datetime

from erp_club.promotions.coupons.commands import count_wrong
from erp_club.purchases.asked import Place
from erp_club.purchases.quotes.entered.queries import wrong_codes_of
from web.deps import Act


def place_of(act: Act, sold_at: datetime) -> Place:
    """The till of a request as pricing knows it; wrong codes are counted even where the request is refused."""
    here, now = wrong_codes_of(act.terminal.id), act.now

    def count(texts: Sequence[str]) -> None:
        act.afterwards(lambda session: count_wrong(session, here, texts, now=now))

    return Place(act.terminal, act.by, sold_at, now, count)
