"""How much one sale holds, looked at with everything that comes into it: at the payment it would be too late."""

import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T
from erp_club.purchases.models import BasketLine
from erp_club.purchases.sale import MOST_LINES, MOST_MINOR


def check_room(session: Session, basket_id: uuid.UUID) -> None:
    """Raises Refused `too-many-lines`, `total-too-large` for a basket that no receipt could hold."""
    lines, thousandths = session.execute(_HELD, {"basket": basket_id}).one()
    if lines > MOST_LINES:
        raise Refused(
            T("A receipt has at most %(most)s lines. Let the customer pay these, then scan the rest.", most=MOST_LINES),
            code="too-many-lines",
            facts={"most": MOST_LINES},
        )
    if thousandths > MOST_MINOR * 1000:
        raise Refused(T("This total is too large to be true. Check the quantities."), code="total-too-large")


_PRICE = sa.func.coalesce(BasketLine.price_minor, Product.list_price_minor)
_HELD = (
    sa.select(sa.func.count(), sa.func.sum(sa.cast(_PRICE, sa.Numeric) * BasketLine.quantity_milli))
    .join(Product, Product.id == BasketLine.product_id)
    .where(BasketLine.basket_id == sa.bindparam("basket", type_=sa.Uuid))
)
