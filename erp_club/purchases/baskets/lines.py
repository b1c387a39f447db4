"""Goods that leave the basket by their own code, as they came in."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.purchases.baskets import errors, queries
from erp_club.purchases.baskets.commands import set_quantity, take


def take_product_out(session: Session, product_id: int, quantity_milli: int, *, now: dt.datetime, by: Actor) -> int:
    """Take so much of a product out of the open basket again, all of it at most; gives the number of its line.

    Raises Refused `not-in-basket`.
    """
    basket = take(session, now=now, by=by)
    line = queries.line_of_product(session, basket.id, product_id)
    if line is None:
        raise errors.not_in_basket()
    line_no, held_milli = line
    set_quantity(session, line_no, max(held_milli - quantity_milli, 0), now=now, by=by)
    return line_no
