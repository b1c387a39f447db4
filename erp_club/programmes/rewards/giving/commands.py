"""Hands out what a period brought: points, coupons, codes or money on gift cards; a payout is a row of the list."""

import datetime as dt
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Protocol

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.levels.queries import levels_of
from erp_club.clubs.models import Club
from erp_club.kernel.errors import Conflict
from erp_club.kernel.money import allocate
from erp_club.kernel.text import T, named_in
from erp_club.permissions.actors import Actor
from erp_club.points.kinds import MovementKind
from erp_club.points.rules import Bucket, bucket
from erp_club.points.sets.amounts.commands import give_points, take_points
from erp_club.points.sets.commands import SetCause
from erp_club.programmes.engine.gifts import (
    CodeGiven,
    CouponGiven,
    DiscountGiven,
    EntitlementGiven,
    GiftGiven,
    PointsGiven,
    StoredValueGiven,
)
from erp_club.programmes.engine.offered import called
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByAverage, PeriodReward
from erp_club.programmes.engine.settle import denomination
from erp_club.programmes.rewards.codes.commands import batch_for
from erp_club.programmes.rewards.codes.queries import current_number, variant
from erp_club.programmes.rewards.models import RewardCard, RewardCoupon, RewardEntitlement
from erp_club.programmes.upkeep.rules import code_of, needs_coupon
from erp_club.promotions.coupons.commands import write_coupons
from erp_club.promotions.coupons.kinds import BatchState
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode
from erp_club.stored_value.lots import last_day
from erp_club.stored_value.models import CardProduct
from erp_club.stored_value.products.gifts.commands import gift_product
from erp_club.stored_value.sets.commands import WantedCard, give_cards


class Cause(Protocol):
    """Why it is given: on which day, when, by whom and in which run."""

    @property
    def on(self) -> dt.date: ...
    @property
    def now(self) -> dt.datetime: ...
    @property
    def by(self) -> Actor: ...
    @property
    def run_id(self) -> int | None: ...


@dataclass(frozen=True, slots=True)
class Gift:
    """What one account is given, and how many points are taken off it."""

    customer_id: int
    account_id: int
    settlement_id: int
    value: int
    pieces: int
    taken: int
    joined_on: dt.date | None
    usable_from: dt.date
    last_day: dt.date | None


def give(session: Session, programme: Programme, rule: PeriodReward, gifts: Sequence[Gift], cause: Cause) -> None:
    """Take what the rule takes, and give what it gives. The accounts are held.

    Raises Conflict `batch-missing` where there is nothing to give of.
    """
    name = named_in(rule.names, "en") or rule.code
    taken = [(each.customer_id, each.account_id, each.taken) for each in gifts if each.taken]
    take_points(session, taken, SetCause(MovementKind.CONVERTED, cause.on, cause.now, cause.by, cause.run_id, name))
    given = [each for each in gifts if each.value]
    match rule.gives:
        case PointsGiven():
            _give_points(session, programme, rule, given, cause, name)
        case CouponGiven():
            owners = [each for each in given for _ in range(each.pieces * rule.gives.count)]
            _give_coupons(session, _batch(session, rule.gives.batch, cause.on), owners, cause)
        case GiftGiven() | DiscountGiven() if needs_coupon(rule.gives):
            owners = [each for each in given for _ in range(max(each.pieces, 1))]
            code = code_of(programme, rule.code)
            code = variant(code, current_number(session, code))
            _give_coupons(session, _batch(session, code, cause.on), owners, cause)
        case CodeGiven() | DiscountGiven():
            by_value: dict[int, list[Gift]] = defaultdict(list)
            for each in given:
                for value in _in_pieces(rule, each):
                    by_value[value].append(each)
            for value, owners in sorted(by_value.items()):
                batch = batch_for(session, programme, rule, value, now=cause.now, today=cause.on, by=cause.by)
                _give_coupons(session, batch, owners, cause)
        case StoredValueGiven():
            _give_money(session, programme, given, cause, name)
        case EntitlementGiven():
            _give_uses(session, rule.gives, given)
        case _:
            pass  # handed out by hand, from the list


def _in_pieces(rule: PeriodReward, gift: Gift) -> list[int]:
    """What each code is worth: what a fee has withheld may leave less than a whole piece."""
    size, value = denomination(rule), gift.value
    if size == 1:
        cards = gift.pieces if isinstance(rule.function, ByAverage) else 1
        return [each for each in allocate(value, [1] * max(1, cards)) if each]
    return [size] * (value // size) + ([value % size] if value % size else [])


def _give_points(
    session: Session, programme: Programme, rule: PeriodReward, gifts: Sequence[Gift], cause: Cause, name: str
) -> None:
    club_id = session.execute(sa.select(Club.id).where(Club.code == programme.code)).scalar_one()
    terms = rules_on(session, club_id, on=cause.on).terms
    ages = bool(rule.issue.lengths)
    levels = levels_of(session, club_id, [each.account_id for each in gifts]) if terms.by_level else {}
    kinds: dict[Bucket, list[Gift]] = defaultdict(list)
    for each in gifts:
        its = replace(terms.on_level(levels.get(each.account_id)), available_after_days=0, waits_for=None)
        to = bucket(its, cause.on, joined_on=each.joined_on)
        if each.usable_from > cause.on:
            to = replace(to, available_on=each.usable_from)
        if ages:
            to = replace(to, last_day=each.last_day, earned_month=None if each.last_day else to.earned_month)
        kinds[to].append(each)
    told = SetCause(MovementKind.GIFT, cause.on, cause.now, cause.by, cause.run_id, name)
    for to, mine in kinds.items():
        give_points(session, [(each.customer_id, each.account_id, each.value) for each in mine], to, told)


def _give_uses(session: Session, gives: EntitlementGiven, gifts: Sequence[Gift]) -> None:
    rows = [
        {
            "customer_id": each.customer_id,
            "settlement_id": each.settlement_id,
            "entitlement": gives.entitlement,
            "count": max(1, each.pieces) * gives.count,
        }
        for each in gifts
    ]
    if rows:
        session.execute(sa.insert(RewardEntitlement), rows)


def _batch(session: Session, code: str, today: dt.date) -> CouponBatch:
    batch = session.execute(
        sa.select(CouponBatch).where(CouponBatch.code == code).with_for_update(key_share=True)
    ).scalar_one_or_none()
    if batch is None or batch.state != BatchState.ACTIVE or (batch.valid_to is not None and batch.valid_to < today):
        raise Conflict(
            T("The batch %(code)s isn't there, or gives no coupons any more. Set it up first.", code=code),
            code="batch-missing",
        )
    return batch


def _give_coupons(session: Session, batch: CouponBatch, owners: Sequence[Gift], cause: Cause) -> None:
    """A coupon for each, which lasts as long as the rule says, else as the batch."""
    if not owners:
        return
    customers = [each.customer_id for each in owners]
    made = write_coupons(session, batch, customers, now=cause.now, today=cause.on, by=cause.by)
    batch.issued += len(made)
    session.flush()
    pairs = sa.func.unnest(
        sa.bindparam("codes", list(made), type_=sa.ARRAY(sa.Text)),
        sa.bindparam("settlements", [each.settlement_id for each in owners], type_=sa.ARRAY(sa.BigInteger)),
        sa.bindparam("firsts", [_later(each.usable_from, cause.on) for each in owners], type_=sa.ARRAY(sa.Date)),
        sa.bindparam("lasts", [each.last_day for each in owners], type_=sa.ARRAY(sa.Date)),
        sa.bindparam("customers", customers, type_=sa.ARRAY(sa.BigInteger)),
    ).table_valued(
        sa.column("code", sa.Text), sa.column("settlement_id", sa.BigInteger), sa.column("first_day", sa.Date),
        sa.column("last_day", sa.Date),
        sa.column("customer_id", sa.BigInteger), name="pairs",
    ).render_derived()  # fmt: skip
    mine = (Coupon.customer_id == pairs.c.customer_id) & (Coupon.code == pairs.c.code)
    session.execute(
        sa.insert(RewardCoupon).from_select(
            ["customer_id", "settlement_id", "owner_id", "coupon_id"],
            sa.select(Coupon.customer_id, pairs.c.settlement_id, Coupon.customer_id, Coupon.id).join(pairs, mine),
        )
    )
    said = sa.or_(pairs.c.first_day.is_not(None), pairs.c.last_day.is_not(None))
    theirs = (CouponCode.customer_id == pairs.c.customer_id) & (CouponCode.code == pairs.c.code)
    for table, own in ((Coupon, mine), (CouponCode, theirs)):
        session.execute(
            sa.update(table)
            .where(own, said)
            .values(
                first_day=sa.func.coalesce(pairs.c.first_day, table.first_day),
                last_day=sa.func.coalesce(pairs.c.last_day, table.last_day),
            )
            .execution_options(synchronize_session=False)
        )


def _later(day: dt.date, today: dt.date) -> dt.date | None:
    return day if day > today else None


def _card(of: Gift, months: int | None, on: dt.date) -> WantedCard:
    first = _later(of.usable_from, on)
    return WantedCard(of.customer_id, of.value, of.last_day or last_day(first or on, months), first)


def _give_money(session: Session, programme: Programme, gifts: Sequence[Gift], cause: Cause, name: str) -> None:
    """Money on a gift card of each customer's own, as long as the rule says, else as its kind of card.

    The kind is the one with the club's code, else the first without PIN.
    """
    if not gifts:
        return
    product_id = gift_product(session, programme.code, called(programme.names), now=cause.now, by=cause.by)
    months = session.get_one(CardProduct, product_id).valid_months
    wanted = [_card(each, months, cause.on) for each in gifts]
    ids = give_cards(
        session, product_id, wanted, reason=name, on=cause.on, now=cause.now, by=cause.by, run_id=cause.run_id
    )  # fmt: skip
    rows = [
        {
            "customer_id": each.customer_id,
            "settlement_id": each.settlement_id,
            "card_customer_id": each.customer_id,
            "card_id": card_id,
        }
        for each, card_id in zip(gifts, ids, strict=True)
    ]
    session.execute(sa.insert(RewardCard), rows)
