"""Purchases by club, as they are kept of each club and of those who are in none."""

from dataclasses import replace
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.customers.models import UNIDENTIFIED
from erp_club.receipts.rollups.buyers import NO_CLUB
from erp_club.receipts.rollups.models import SliceBuyers, SliceDay
from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.slices import ALL, added, of_chain, waited
from erp_club.reports.purchases.sources import kept, source


def by_club(session: Session, asked: Asked) -> tuple[list[Any], tuple[int, ...]] | None:
    """SELECTs of the sums and of the buyers by club, and the customers whose part in them is to be told anew.

    Who is in no club stands under None, and so does nobody known. No answer where it isn't about all receipts.
    """
    changed = waited(session, members=True) if of_chain(asked) else None
    if changed is None:
        return None
    names = [f"{club}/{ALL}" for club in (NO_CLUB, *session.scalars(sa.select(Club.id)))]
    days, bought = SliceDay, SliceBuyers
    sums = sa.select(_club(days), *kept(days), days.known_minor)
    sums = sums.where(days.slice.in_(names), days.sold_on.between(asked.first, asked.last)).subquery("sums")
    buyers = sa.select(_club(bought), bought.buyers).where(
        bought.slice.in_(names), bought.sold_on.between(asked.first, asked.last), bought.before < asked.first
    )
    counted = buyers.subquery("counted")
    unknown = sa.select(source(session, replace(asked, customer_id=UNIDENTIFIED))).subquery("unknown")
    nothing = sa.literal(0)
    parts = [
        added(sums.c.club_id, sums, sums, nothing),
        added(counted.c.club_id, None, counted, sa.func.sum(counted.c.buyers)),
        added(sa.cast(sa.null(), sa.Integer), unknown, unknown, nothing),
    ]
    return parts, changed


def _club(table: type[SliceDay | SliceBuyers]) -> Any:
    club = sa.cast(sa.func.split_part(table.slice, "/", 1), sa.Integer)
    return sa.func.nullif(club, NO_CLUB).label("club_id")
