"""Codes of coupons that are entered here: what is told of them, and wrong ones counted for this till or person."""

from collections.abc import Sequence
from datetime import datetime

from erp_club.promotions.coupons import commands, queries
from erp_club.promotions.coupons.entry import Entry, take_entries
from erp_club.promotions.engine import facts
from web.deps import Act


def scope(act: Act) -> str:
    """Whose wrong codes are counted together: a till's, or a person's who sits at none."""
    terminal = act.identity.terminal
    return f"terminal:{terminal.id}" if terminal else f"staff:{act.by.staff_id}"


def taken(act: Act, entries: Sequence[Entry], locked_until: datetime | None) -> tuple[facts.Coupon, ...]:
    """What the engine is told of the codes that were entered, as far as this person may know.

    Wrong ones are counted even where the request is refused for another reason. Raises Throttled (429) while no codes
    are taken here.
    """
    found = take_entries(entries, locked_until=locked_until, now=act.now, by=act.by)
    if found.wrong:
        here, now = scope(act), act.now
        act.afterwards(lambda session: commands.count_wrong(session, here, found.wrong, now=now))
    return found.coupons


def read(act: Act, texts: Sequence[str], *, customer_id: int, sale_id: str) -> tuple[facts.Coupon, ...]:
    """Read codes by two queries of their own, and `taken`; a sale reads both within its one query of facts."""
    entries = queries.read_entries(
        act.session, texts, customer_id=customer_id, sale_id=sale_id, now=act.now, today=act.today
    )
    return taken(act, entries, queries.locked_until(act.session, scope(act), now=act.now))
