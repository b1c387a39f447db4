"""Joining and renewing as a club's programme says, with their fees as lines of the sale, and undoing what was paid.

A membership that is joined or renewed in a sale holds at once, so that the sale has its benefits already. What it
waits for stands in `membership_fees`, and is settled with the sale: paid with it, or cancelled with its line, with the
sale, or where somebody else is identified; then the days are taken back.
"""

import datetime as dt
from collections.abc import Sequence

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.grants.commands import grant_to
from erp_club.catalogue.models import Product
from erp_club.clubs import commands as clubs
from erp_club.clubs.beginning.commands import begin_membership
from erp_club.clubs.breaks.commands import correct_membership, end_membership, end_part, loss_of
from erp_club.clubs.kinds import MembershipState
from erp_club.clubs.periods import Span
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.membership import Begins
from erp_club.programmes.engine.renew import (
    Fee,
    chosen_months,
    first_term,
    joining_fee,
    lengths,
)
from erp_club.programmes.needs.queries import giving
from erp_club.programmes.overrides.commands import drop_paid_level, hold_paid_level
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.welcoming import commands as welcoming
from erp_club.programmes.welcoming.commands import Welcome
from erp_club.promotions.engine.facts import Facts
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.fees import errors
from erp_club.purchases.fees.counted import counted_minor
from erp_club.purchases.fees.joining import (
    Bought,
    Day,
    check_alone,
    check_bought,
    check_joining,
    check_length,
)
from erp_club.purchases.fees.kinds import FeeKind, FeeState
from erp_club.purchases.fees.left.queries import has_left
from erp_club.purchases.fees.models import MembershipFee
from erp_club.purchases.fees.queries import (
    PaidFee,
    born_of,
    fees_of,
    goes_on,
    paid_fees,
    part_of,
    who_buys,
)
from erp_club.purchases.fees.refunds import given_back
from erp_club.purchases.fees.renewing import fee_of_renewal
from erp_club.purchases.fees.waived import Charged
from erp_club.purchases.models import Basket, BasketLine
from erp_club.purchases.room.queries import check_room


def join_in_sale(
    session: Session, basket: Basket, club_id: int, *, bought: Bought, day: Day, months: int | None = None
) -> clubs.Joined:
    """Let the basket's customer join, with the fee as a line where the club has one (M-02), for `months` of choice.

    The membership holds at once, or from the payment of the fee, or its confirmation, where the programme says so.

    `bought` says what counts of the sale. Raises Conflict `may-not-join` where the programme doesn't let them,
    `household-has-member` where their household is a member already, `purchase-too-small` for a club that is joined by
    a larger purchase, `fee-product-needed`, Invalid on `months` for a length that can't be chosen, and what joining
    raises.
    """
    programme = programme_in_force(session, club_id, day.today)
    if programme is None:
        check_length(months, ())
        return clubs.join_club(session, basket.customer_id, club_id=club_id, today=day.today, now=day.now, by=day.by)
    check_alone(session, basket.customer_id, club_id, programme, day)
    least = check_joining(session, basket.customer_id, programme, bought, day)
    fees = fees_of(session, programme, basket.customer_id)
    check_length(months, lengths(programme, fees))
    span = first_term(programme, day.today, born_of(session, programme, basket.customer_id), months=months)
    fee = joining_fee(fees, months=months)
    begins = programme.joining.begins
    waits = begins is Begins.CONFIRMED or (begins is Begins.PAID and fee.now_minor > 0)
    joined = clubs.join_club(
        session,
        basket.customer_id,
        club_id=club_id,
        today=day.today,
        now=day.now,
        by=day.by,
        span=span,
        waits=waits,
    )
    if fee.now_minor or least or (months and waits):
        held = clubs.hold(session, joined.membership_id)
        charge(session, basket, held, FeeKind.JOINING, fee, span, period_no=held.last_no, least_minor=least, day=day)
    return joined


def charge_renewal(
    session: Session,
    basket: Basket,
    renewed: clubs.Prolonged,
    *,
    before: clubs.Held,
    day: Day,
    months: int | None = None,
) -> None:
    """Put the fee of a renewal into the sale; nothing where the ending term's purchases waive it (M-02).

    A level that was paid for to the end of the term goes on, at its own price of renewing. What renewing gives comes at
    once where it costs nothing, else once the sale is paid. `before` is the membership as it was; `months` were chosen.
    Raises Conflict `not-renewed-here`, `too-early`, `fee-product-needed`, Invalid on `months`.
    """
    cost = fee_of_renewal(session, before, day, months=months)
    if cost is None or not (cost.fee.full_minor or cost.level):
        welcoming.renewed(session, before.membership_id, renewed.starts_on, Welcome(day.today, day.now, day.by))
        return
    no, span = before.last_no + 1, Span(renewed.starts_on, renewed.valid_until)
    made = charge(session, basket, before, FeeKind.RENEWAL, cost.fee, span, period_no=no, level=cost.level, day=day)
    keep_level(session, before, cost.level, span, fee_id=made.id, day=day)


def keep_level(
    session: Session, held: clubs.Held, level: str | None, span: Span, *, fee_id: int | None, day: Day
) -> None:
    """Let a paid level hold in the renewed term too; nothing where there is none."""
    if level is not None:
        hold_paid_level(session, held, level, span, fee_id=fee_id, today=day.today, now=day.now, by=day.by)


def charge(
    session: Session,
    basket: Basket,
    held: clubs.Held,
    kind: FeeKind,
    fee: Fee,
    span: Span,
    *,
    period_no: int,
    day: Day,
    least_minor: int = 0,
    level: str | None = None,
) -> MembershipFee:
    """Write what is due, with a line of the basket where that is anything. Raises Conflict `fee-product-needed`."""
    made = MembershipFee(
        customer_id=held.customer_id,
        membership_id=held.membership_id,
        kind=kind,
        state=FeeState.DUE,
        period_no=period_no,
        level=level,
        first=span.first,
        last=span.last,
        full_minor=fee.full_minor,
        due_minor=fee.now_minor,
        least_minor=least_minor,
        basket_id=basket.id,
        at=day.now,
        staff_id=day.by.staff_id,
        store_id=day.by.store_id,
    )
    session.add(made)
    session.flush()
    if fee.now_minor:
        basket.last_line += 1
        made.line_no = basket.last_line
        line = BasketLine(
            basket_id=basket.id,
            line_no=basket.last_line,
            product_id=_product(session, fee.product),
            quantity_milli=1000,
            price_minor=fee.now_minor,
            fee_id=made.id,
        )
        session.add(line)
    basket.fees = [*basket.fees, made.id]
    session.flush()
    check_room(session, basket.id)
    _traced(session, made, "membership.fee", day.now, day.by)
    return made


def _product(session: Session, sku: str | None) -> int:
    found = session.scalar(sa.select(Product.id).where(Product.sku == (sku or "")))
    if found is None:
        raise errors.no_product()
    return found


def _traced(session: Session, fee: MembershipFee, action: str, now: dt.datetime, by: Actor) -> None:
    after = {
        "membership_id": fee.membership_id,
        "kind": fee.kind,
        "level": fee.level,
        "state": fee.state,
        "due_minor": fee.due_minor,
        "waived_minor": fee.full_minor - fee.due_minor,
        "refunded_minor": fee.refunded_minor,
    }
    audit.record(session, by=by, now=now, action=action, entity="customer", entity_id=fee.customer_id, after=after)


def _fees(session: Session, ids: Sequence[int]) -> list[MembershipFee]:
    """These fees as they are now, locked."""
    asked = sa.select(MembershipFee).where(MembershipFee.id.in_(ids)).order_by(MembershipFee.id).with_for_update()
    return list(session.scalars(asked.execution_options(populate_existing=True)))


def check_fees(session: Session, basket: Basket, facts: Facts, priced: Priced, charged: Charged) -> None:
    """Whether the basket may be paid with its fees; goods count before the benefits that joining gives.

    Raises Conflict `purchase-too-small` where goods were taken out again, `membership-ended` where another till ended
    the membership meanwhile.
    """
    for fee in _fees(session, basket.fees):
        if fee.state != FeeState.DUE:
            continue
        fee.due_minor = charged.get(fee.id, fee.due_minor)
        held = clubs.hold(session, fee.membership_id)
        programme = programme_in_force(session, held.club_id, facts.at.date()) if fee.least_minor else None
        if programme is not None:
            who = who_buys(session, basket.customer_id)
            counted = counted_minor(programme.joining.purchase_of, facts, priced, who, regular=True)
            check_bought(fee.least_minor, counted, programme)
        if held.state is MembershipState.ENDED:
            raise errors.ended_meanwhile()


def fees_paid(
    session: Session, basket: Basket, receipt_id: int, lines: Sequence[int], *, on: dt.date, now: dt.datetime, by: Actor
) -> None:
    """The sale is paid; `lines` are the numbers of the basket's lines in their order, which is the receipt's."""
    for fee in _fees(session, basket.fees):
        if fee.state != FeeState.DUE:
            continue
        fee.state, fee.receipt_id, fee.paid_on = FeeState.PAID, receipt_id, on
        fee.line_no = None if fee.line_no is None else lines.index(fee.line_no) + 1
        _begin(session, fee, on=on, now=now, by=by)
        session.flush()
        if fee.kind == FeeKind.RENEWAL:
            welcoming.renewed(session, fee.membership_id, fee.first, Welcome(on, now, by))
        _traced(session, fee, "membership.fee_paid", now, by)


def _begin(session: Session, fee: MembershipFee, *, on: dt.date, now: dt.datetime, by: Actor) -> None:
    """What was joined, and waited for this fee, holds from the day of the payment, and gives what joining gives."""
    held = clubs.hold(session, fee.membership_id)
    programme = programme_in_force(session, held.club_id, on)
    if fee.kind != FeeKind.JOINING or held.state is not MembershipState.WAITING or programme is None:
        return
    if programme.joining.begins is Begins.CONFIRMED:
        return  # it waits for the member's answer still
    months = chosen_months(programme, Span(fee.first, fee.last))
    span = first_term(programme, on, born_of(session, programme, held.customer_id), months=months)
    begin_membership(session, (held.customer_id, held.membership_id, held.last_no), span, now=now, by=by)
    fee.first, fee.last = span.first, span.last
    grant_to(session, held.customer_id, giving(on, now, by))
    welcoming.welcome(session, held.customer_id, Welcome(on, now, by))


def cancel_fees(session: Session, basket: Basket, *, now: dt.datetime, by: Actor, only: int | None = None) -> None:
    """Take back what the basket's fees were for: the joining is undone, the renewed days and the bought level go.

    `only` one, with those that hang on it: a level isn't kept in a membership that wasn't joined, or for days that go.
    """
    mine = _fees(session, basket.fees)
    named = next((fee for fee in mine if fee.id == only), None)
    gone = mine if only is None else [fee for fee in mine if named is not None and _hangs_on(fee, named)]
    for fee in reversed(gone):
        if fee.state != FeeState.DUE:
            continue
        fee.state = FeeState.CANCELLED
        session.execute(sa.delete(BasketLine).where(BasketLine.basket_id == basket.id, BasketLine.fee_id == fee.id))
        session.flush()
        _take_back(session, fee, reason="", now=now, by=by)
        _traced(session, fee, "membership.fee_cancelled", now, by)
    ids = {fee.id for fee in gone}
    basket.fees = [each for each in basket.fees if each not in ids]
    session.flush()


def _hangs_on(fee: MembershipFee, on: MembershipFee) -> bool:
    """Whether what a fee is for can't be without what the other one is for."""
    if fee.id == on.id:
        return True
    return fee.membership_id == on.membership_id and fee.id > on.id and on.kind != FeeKind.RENEWAL


def _take_back(
    session: Session,
    fee: MembershipFee,
    *,
    left_on: dt.date | None = None,
    reason: str,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Undo what a fee was for: end the membership that was joined, or take the days of a renewal or a level back.

    What was ended meanwhile stays as it is, and so does what was joined anew since.
    """
    membership_id = fee.membership_id
    held = clubs.hold(session, membership_id)
    if fee.level is not None:
        drop_paid_level(session, held, fee.id, today=now.date(), now=now, by=by)
    if held.state is MembershipState.ENDED or fee.kind == FeeKind.UPGRADE or has_left(session, fee.id):
        return
    days = held.days.get(fee.period_no)
    if fee.kind == FeeKind.RENEWAL and days is not None and held.state is MembershipState.OPEN:
        rest = [span for span in held.spans if span != days]
        correct_membership(session, membership_id, spans=rest, reason=reason, now=now, by=by)
        return
    if (whole := part_of(session, membership_id)) is not None:
        ended = left_on or clubs.hold(session, whole).state_on or now.date()
        end_part(session, membership_id, on=ended, reason=reason, now=now, by=by)
        return
    today = now.date() if days is None else max(days.first, now.date())
    end_membership(
        session,
        membership_id,
        on=today,
        points_lost=loss_of(session, membership_id, on=today).points,
        reason=reason,
        today=today,
        now=now,
        by=by,
        backdated=True,
    )


def fees_to_return(
    session: Session, receipt_id: int, lines: Sequence[tuple[int, int]] | None, *, whole: bool, on: dt.date
) -> dict[PaidFee, int]:
    """What comes back of each fee among the lines (line, thousandths) that are returned, None for all of them.

    With `whole` the sale is taken back as if it had never been, and every fee with it; a fee that the club keeps is
    left out where nobody named it, and so is one of two memberships that a merge joined, until that has ended: the
    other one's fee stands for it too. Raises Conflict `fee-not-returned` or `fee-joined`, Refused `quantity` for a part
    of a fee.
    """
    wanted = None if lines is None else dict(lines)
    made: dict[PaidFee, int] = {}
    for fee in paid_fees(session, receipt_id=receipt_id):
        if wanted is not None and fee.line_no not in wanted:
            continue
        if wanted is not None and wanted[fee.line_no] != 1000:
            raise errors.one_of_it()
        stays = goes_on(session, fee, on=on)
        if stays and (whole or wanted is not None):
            raise errors.joined_since()
        amount = fee.due_minor if whole else 0 if stays else given_back(session, fee, on=on)
        if not amount and wanted is not None:
            raise errors.not_given_back()
        made[fee] = amount
    return made


def fees_returned(session: Session, back: dict[PaidFee, int], *, reason: str, now: dt.datetime, by: Actor) -> None:
    """The lines of these fees came back: what they were for is undone."""
    for fee in _fees(session, [each.id for each in back]):
        paid, amount = next((each, amount) for each, amount in back.items() if each.id == fee.id)
        fee.state, fee.refunded_minor = FeeState.RETURNED, amount
        session.flush()
        _take_back(session, fee, left_on=paid.left_on, reason=reason, now=now, by=by)
        _traced(session, fee, "membership.fee_returned", now, by)
