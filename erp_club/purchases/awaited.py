"""What is given once somebody buys: for a member's first purchase, and to who brought a friend."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.programmes.events.commands import purchase_made
from erp_club.programmes.events.told import At, Of
from erp_club.purchases.posting.commands import Posted
from erp_club.purchases.registering.queries import sold_at
from erp_club.purchases.sale import Sale


def give_awaited(session: Session, sale: Sale, posted: Posted, *, now: dt.datetime, by: Actor) -> None:
    """Give what waited for this sale, before levels are looked at: accounts are held before them."""
    if not posted.awaited:
        return
    store = sold_at(session, sale.store_id)
    local = sale.sold_at.astimezone(ZoneInfo(store.zone)).replace(tzinfo=None)
    bought = Of(posted.customer_id, posted.receipt_id, sale.sold_on, sale.total_minor)
    purchase_made(session, bought, At(local, now, by, store.code, store.channel))
