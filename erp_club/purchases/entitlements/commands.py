"""Using entitlements in a sale: one use is one line that costs nothing, taken back with the line or the goods.

Who uses one holds the membership until the transaction ends, so that two tills take the last use one after the other.
"""

from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.commands import hold
from erp_club.clubs.models import MembershipState
from erp_club.kernel import audit
from erp_club.purchases.entitlements import errors
from erp_club.purchases.entitlements.models import EntitlementUse, UseState
from erp_club.purchases.entitlements.queries import Right, rights
from erp_club.purchases.fees.commands import Day
from erp_club.purchases.models import Basket, BasketLine


def use_in_sale(
    session: Session, basket: Basket, membership_id: int, code: str, *, product: str | None, day: Day
) -> int:
    """Put one use of an entitlement into the sale: its product (the first of it) for nothing; gives the line's number.

    Raises NotFound for the membership, Conflict `entitlement-unknown` where the customer hasn't got it here today, and
    `entitlement-used-up`.
    """
    held = hold(session, membership_id)
    right = next(
        (
            each
            for each in rights(session, basket.customer_id, on=day.today, where=day.where)
            if (each.membership_id, each.code) == (membership_id, code)
        ),
        None,
    )
    if right is None or held.customer_id != basket.customer_id or not right.products:
        raise errors.not_given()
    if right.left == 0:
        raise errors.used_up(right.last)
    sku = product or right.products[0][0]
    if sku not in dict(right.products):
        raise errors.not_given()
    return _write(session, basket, right, sku, day)


def _write(session: Session, basket: Basket, right: Right, sku: str, day: Day) -> int:
    product_id = session.scalars(sa.select(Product.id).where(Product.sku == sku)).one()
    basket.last_line += 1
    made = EntitlementUse(
        customer_id=basket.customer_id,
        membership_id=right.membership_id,
        code=right.code,
        first=right.first,
        last=right.last,
        use_no=_free_no(session, right),
        state=UseState.HELD,
        product_id=product_id,
        basket_id=basket.id,
        line_no=basket.last_line,
        at=day.now,
        staff_id=day.by.staff_id,
        store_id=day.by.store_id,
    )
    session.add(made)
    session.flush()
    line = BasketLine(
        basket_id=basket.id,
        line_no=basket.last_line,
        product_id=product_id,
        quantity_milli=1000,
        price_minor=0,
        use_id=made.id,
    )
    session.add(line)
    session.flush()
    return line.line_no


def _free_no(session: Session, right: Right) -> int:
    """The lowest number of the period that no use has."""
    use = EntitlementUse
    taken = set(
        session.scalars(
            sa.select(use.use_no).where(
                use.membership_id == right.membership_id,
                use.code == right.code,
                use.first == right.first,
                use.state != UseState.BACK,
            )
        )
    )
    return next(number for number in range(1, len(taken) + 2) if number not in taken)


def _uses(session: Session, *where: sa.ColumnElement[bool]) -> list[EntitlementUse]:
    asked = sa.select(EntitlementUse).where(*where).order_by(EntitlementUse.id).with_for_update()
    return list(session.scalars(asked.execution_options(populate_existing=True)))


def uses_paid(session: Session, basket: Basket, receipt_id: int, lines: Sequence[int], *, day: Day) -> None:
    """The sale is paid; `lines` are the numbers of the basket's lines in their order, which is the receipt's.

    Raises Conflict `entitlement-gone` where the membership was ended or paused meanwhile.
    """
    held = EntitlementUse.state == UseState.HELD
    for use in _uses(session, EntitlementUse.basket_id == basket.id, held):
        if hold(session, use.membership_id).state is not MembershipState.OPEN:
            raise errors.gone()
        use.state, use.receipt_id, use.line_no = UseState.USED, receipt_id, lines.index(use.line_no) + 1
        session.flush()
        _traced(session, use, "entitlement.use", day)


def release_uses(session: Session, basket: Basket, *, only: int | None = None) -> None:
    """Take the basket's uses (or `only` one) out of it: they can be used elsewhere."""
    mine = EntitlementUse.id == only if only is not None else sa.true()
    for use in _uses(session, EntitlementUse.basket_id == basket.id, EntitlementUse.state == UseState.HELD, mine):
        use.state = UseState.BACK
        session.execute(sa.delete(BasketLine).where(BasketLine.basket_id == basket.id, BasketLine.use_id == use.id))
    session.flush()


def uses_returned(session: Session, receipt_id: int, lines: Collection[int], *, day: Day) -> None:
    """These lines of a receipt came back: uses among them can be used again in their period."""
    used = EntitlementUse.state == UseState.USED
    for use in _uses(session, EntitlementUse.receipt_id == receipt_id, EntitlementUse.line_no.in_(lines), used):
        use.state = UseState.BACK
        session.flush()
        _traced(session, use, "entitlement.give_back", day)


def _traced(session: Session, use: EntitlementUse, action: str, day: Day) -> None:
    after = {"membership_id": use.membership_id, "entitlement": use.code, "use_no": use.use_no, "from": use.first}
    audit.record(
        session, by=day.by, now=day.now, action=action, entity="customer", entity_id=use.customer_id, after=after
    )
