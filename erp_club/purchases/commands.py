"""Selling: facts gathered, the sale checked, and written."""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.clubs.queries import Earning, earning_memberships
from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.actors import Actor
from erp_club.permissions.queries import TerminalFacts
from erp_club.points.rules import points_for
from erp_club.purchases import sale as sales
from erp_club.purchases.posting.commands import Posted, write_sale
from erp_club.purchases.queries import PricedLine, buyer, price_lines
from erp_club.purchases.sale import Order, Sale


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale that a till sent, as it was priced and posted."""

    sale: Sale
    lines: tuple[PricedLine, ...]
    posted: Posted


def sell(
    session: Session, order: Order, *, terminal: TerminalFacts, currency: str, now: dt.datetime, by: Actor
) -> Sold:
    """Price an order of this till and post it, in the store's day.

    Raises what `price_lines`, `buyer` and `post_sale` raise, and Conflict `total-changed` where the till expected
    another total.
    """
    sold_at = order.sold_at or now
    sales.check_time(sold_at, now=now)
    priced = price_lines(session, order.lines)
    sale = Sale(
        store_id=terminal.store_id,
        terminal_id=terminal.id,
        receipt_no=order.receipt_no,
        sold_at=sold_at,
        sold_on=sold_at.astimezone(ZoneInfo(terminal.time_zone)).date(),
        customer_id=buyer(session, customer_id=order.customer_id, number=order.customer_number, card=order.card),
        lines=tuple(each.line for each in priced),
        payments=order.payments,
        currency=currency,
    )
    sales.check_expected(sale, order.expected_total_minor)
    return Sold(sale, tuple(priced), post_sale(session, sale, now=now, by=by))


def post_sale(session: Session, sale: Sale, *, now: dt.datetime, by: Actor) -> Posted:
    """Write a sale with its points.

    Each club whose membership holds on the day of the sale gives points on what was paid for products that earn, by
    its own rule, rounded down once; a club that gives none leaves no movement.
    Raises Invalid and Refused as `sale.check`, Conflict `receipt-exists` where the store has this receipt number.
    """
    sales.check(sale, now=now)
    return write_sale(session.connection(), sale, _earning(session, sale), now=now, by=by)


def _earning(session: Session, sale: Sale) -> list[tuple[Earning, int]]:
    """The clubs that give points for this sale, and how many."""
    if sale.customer_id == UNIDENTIFIED or sale.earning_minor <= 0:
        return []
    clubs = earning_memberships(session, sale.customer_id, on=sale.sold_on)
    points = [(club, points_for(sale.earning_minor, club.earn_points, club.earn_per_minor)) for club in clubs]
    return [(club, gained) for club, gained in points if gained > 0]
