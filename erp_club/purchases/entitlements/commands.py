"""Using entitlements: goods as a line of a sale that costs nothing, taken back with it; services as they are.

Who uses one holds the membership until the transaction ends, so that two tills take the last use one after the other.
"""

import datetime as dt
from collections.abc import Collection, Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Product
from erp_club.clubs.commands import Held, hold
from erp_club.clubs.kinds import MembershipState
from erp_club.kernel import audit
from erp_club.programmes.rewards.models import RewardEntitlement
from erp_club.purchases.entitlements import errors
from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.models import EntitlementUse
from erp_club.purchases.entitlements.queries import Right, rights
from erp_club.purchases.fees.commands import Day
from erp_club.purchases.models import Basket, BasketLine
from erp_club.purchases.room.queries import check_room


def use_in_sale(
    session: Session, basket: Basket, membership_id: int, code: str, *, product: str | None, day: Day
) -> int:
    """Put one use of an entitlement into the sale: its product (the first of it) for nothing; gives the line's number.

    Raises NotFound for the membership, Conflict `entitlement-unknown` where the customer hasn't got it here today, and
    `entitlement-used-up`.
    """
    right = _right(session, membership_id, code, day)
    if hold(session, membership_id).customer_id != basket.customer_id or not right.products:
        raise errors.not_given()
    sku = product or right.products[0][0]
    if sku not in dict(right.products):
        raise errors.not_given()
    return _write(session, basket, right, sku, day)


def is_service(session: Session, membership_id: int, code: str, *, day: Day) -> bool:
    """Whether an entitlement is used as it is, and not as a line of a sale. Raises as `use_service`."""
    return _right(session, membership_id, code, day).is_service


def use_service(session: Session, membership_id: int, code: str, *, day: Day) -> int:
    """Use a service once that a membership gives; gives the id of the use.

    Raises NotFound for the membership, Conflict `entitlement-unknown` where it doesn't give such a service there and
    today, and `entitlement-used-up`.
    """
    right = _right(session, membership_id, code, day)
    if not right.is_service:
        raise errors.not_given()
    held = hold(session, membership_id)
    made = _use(session, held.customer_id, right, UseState.USED, day)
    session.add(made)
    session.flush()
    _traced(session, made, "entitlement.use", day)
    return made.id


def undo_use(session: Session, use_id: int, *, day: Day) -> EntitlementUse:
    """Undo a use of a service: it can be used again in its period. Raises NotFound, Conflict `use-not-undoable`."""
    use = next(iter(_uses(session, EntitlementUse.id == use_id)), None)
    if use is None:
        raise errors.unknown_use()
    if use.product_id is not None or use.state != UseState.USED:
        raise errors.not_undoable()
    use.state = UseState.BACK
    session.flush()
    _traced(session, use, "entitlement.give_back", day)
    return use


def _right(session: Session, membership_id: int, code: str, day: Day) -> Right:
    """What a membership, held from now on, gives under a code and isn't used up. Raises as `use_service`."""
    held = hold(session, membership_id)
    mine = [each for each in rights(session, held.customer_id, on=day.today, where=day.where) if _is(each, held, code)]
    if not mine:
        raise errors.not_given()
    left = [each for each in mine if each.left != 0]
    if not left:
        raise errors.used_up(mine[0].last)
    _check_apart(session, left[0], day)
    # What ends first is used first; without an end it can wait.
    right = min(left, key=lambda each: (each.last or dt.date.max, each.grant is None))
    if right.grant is None or not _is_taken(session, right):
        return right
    return _right(session, membership_id, code, day)


def _check_apart(session: Session, right: Right, day: Day) -> None:
    """Raises Conflict `entitlement-too-soon` within the minutes after the last use."""
    if right.apart_minutes is None:
        return
    use = EntitlementUse
    same = use.membership_id == right.membership_id, use.code == right.code, use.state != UseState.BACK
    last = session.scalar(sa.select(sa.func.max(use.at)).where(*same))
    again = None if last is None else last + dt.timedelta(minutes=right.apart_minutes)
    if again is not None and day.now < again:
        raise errors.too_soon(-(-int((again - day.now).total_seconds()) // 60))


def _is(right: Right, held: Held, code: str) -> bool:
    return (right.membership_id, right.code) == (held.membership_id, code)


def _is_taken(session: Session, right: Right) -> bool:
    """Hold what a rule gave, which others of a household may use as well; whether they used it up meanwhile."""
    assert right.grant is not None
    grant = RewardEntitlement
    same = grant.customer_id == right.grant[0], grant.settlement_id == right.grant[1]
    session.execute(sa.select(grant.count).where(*same).with_for_update(key_share=True))
    use = EntitlementUse
    used = sa.select(sa.func.count()).where(use.grant_id == right.grant[1], use.state != UseState.BACK)
    return (session.scalar(used) or 0) >= (right.count or 0)


def _use(session: Session, customer_id: int, right: Right, state: UseState, day: Day) -> EntitlementUse:
    """The next use of what is given, by whom and where, not added yet."""
    return EntitlementUse(
        customer_id=customer_id,
        membership_id=right.membership_id,
        code=right.code,
        first=right.first,
        last=right.last,
        use_no=_free_no(session, right),
        grant_holder_id=right.grant and right.grant[0],
        grant_id=right.grant and right.grant[1],
        state=state,
        at=day.now,
        staff_id=day.by.staff_id,
        store_id=day.by.store_id,
    )


def _write(session: Session, basket: Basket, right: Right, sku: str, day: Day) -> int:
    product_id = session.scalars(sa.select(Product.id).where(Product.sku == sku)).one()
    basket.last_line += 1
    made = _use(session, basket.customer_id, right, UseState.HELD, day)
    made.product_id, made.basket_id, made.line_no = product_id, basket.id, basket.last_line
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
    check_room(session, basket.id)
    return line.line_no


def _same(right: Right) -> tuple[sa.ColumnElement[bool], ...]:
    """Which uses count against what is left of it."""
    use = EntitlementUse
    if right.grant is not None:
        return (use.grant_id == right.grant[1],)
    of_period = use.membership_id == right.membership_id, use.code == right.code, use.first == right.first
    return (*of_period, use.grant_id.is_(None))


def _free_no(session: Session, right: Right) -> int:
    """The lowest number of the period that no use has."""
    use = EntitlementUse
    taken = set(session.scalars(sa.select(use.use_no).where(use.state != UseState.BACK, *_same(right))))
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
        assert use.line_no is not None
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
