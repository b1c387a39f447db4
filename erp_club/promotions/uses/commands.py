"""Counts the uses of offers when a sale is committed, and gives them back when it is cancelled."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, insert
from sqlalchemy.orm import Session

from erp_club.promotions import errors, queries
from erp_club.promotions.engine.facts import Used
from erp_club.promotions.engine.offer import Limits
from erp_club.promotions.engine.priced import Applied
from erp_club.promotions.models import OfferDayUses, OfferMemberUses, OfferUses, OfferVersion, StoredOffer
from erp_club.promotions.own_days import queries as own_days
from erp_club.receipts.models import ReceiptOffer


def count_uses(
    session: Session, applied: Sequence[Applied], *, customer_id: int, store_id: int, on: dt.date
) -> dict[str, int]:
    """Take the uses and the budget of what a sale on the store's day `on` applied; gives the offers' ids by code.

    `customer_id` is 0 for nobody known, who has no limits per member. Call it last before the commit: it holds the row
    of each offer, in the order of their ids, and waits for other sales that hold them. Raises Conflict `quote-changed`
    (facts: `offers`, the codes) where a limit or budget of the version in force would be passed; a quote may be some
    minutes old, so an offer that was paused meanwhile still counts.
    """
    wanted: dict[str, tuple[int, int]] = {}
    for each in applied:
        times, given = wanted.get(each.offer, (0, 0))
        wanted[each.offer] = times + each.times, given + each.amount_minor
    if not wanted:
        return {}
    held = session.connection().execute(_COUNTERS, {"codes": list(wanted)}).all()
    limits = {row.code: Limits.model_validate(row.limits) for row in held if row.counted}
    counted = {row.code: Used(uses=row.uses, given_minor=row.given_minor) for row in held}
    if limits:
        # Read under the locks, so it holds what every sale before this one has counted.
        counted |= {
            row.code: queries.used(row)
            for row in session.connection().execute(
                _OF_HELD, {"ids": [row.id for row in held if row.counted], "customer": customer_id, "day": on}
            )
        }
    times = {code: wanted[code][0] for code in limits}
    whole = [code for code, its in limits.items() if its.whole_day and customer_id]
    for code, on_days in (own_days.days_used(session, customer_id, whole, on) if whole else {}).items():
        counted[code] = replace(counted[code], **on_days)
        times[code] = 0 if counted[code].member_today else 1
    passed = [
        code
        for code, its in limits.items()
        if _passes(its, counted[code], *wanted[code], by_member=times[code] if customer_id else None)
    ]
    monthly = {code: its.member_month_minor for code, its in limits.items() if its.member_month_minor is not None}
    if monthly and customer_id:
        taken = queries.taken_in_month(session, customer_id, monthly, on)  # the sale's own is written already
        passed += [code for code, most in monthly.items() if taken.get(code, 0) > most and code not in passed]
    if customer_id:
        passed += own_days.passed(session, limits, times, customer_id, on)
        passed += [code for code in queries.shared_passed(session, limits, customer_id, on) if code not in passed]
    if passed:
        raise errors.quote_changed(sorted(passed))
    values = [(row.id, *wanted[row.code]) for row in held]
    session.connection().execute(
        _ADD if customer_id else _ADD_WITHOUT_MEMBER,
        {
            "ids": [offer_id for offer_id, _, _ in values],
            "times": [times for _, times, _ in values],
            "given": [given for _, _, given in values],
            "customer": customer_id,
            "store": store_id,
            "day": on,
            "sales": 1,
        },
    )
    return {row.code: row.id for row in held}


def uncount_uses(session: Session, cancelled: tuple[int, int], *, buyer: int, store_id: int, on: dt.date) -> None:
    """Give back the uses and the budget of a sale of the store's day `on` as its cancellation (customer, receipt) has
    them. `buyer` is whom its customer has become by now.

    Call it last before the commit, as `count_uses`, whose locks it takes in the same order.
    """
    customer_id, receipt_id = cancelled
    its = (ReceiptOffer.customer_id == customer_id) & (ReceiptOffer.receipt_id == receipt_id)
    held = session.execute(
        sa.select(ReceiptOffer.offer_id, ReceiptOffer.times, ReceiptOffer.amount_minor)
        .join(OfferUses, OfferUses.offer_id == ReceiptOffer.offer_id)
        .where(its, ReceiptOffer.times < 0)
        .order_by(ReceiptOffer.offer_id)
        .with_for_update(of=OfferUses)
    ).all()
    if not held:
        return
    bound = {
        "ids": [row.offer_id for row in held],
        "times": [row.times for row in held],
        "given": [row.amount_minor for row in held],
        "customer": customer_id,
        "buyer": buyer,
        "store": store_id,
        "day": on,
        "sales": -1,
    }
    session.connection().execute(_ADD if customer_id else _ADD_WITHOUT_MEMBER, bound)
    if buyer != customer_id:
        session.connection().execute(_ADD_TO_BUYER, bound | {"of_day": on})


def _passes(limits: Limits, used: Used, times: int, given_minor: int, *, by_member: int | None) -> bool:
    """Whether so many more uses, giving so much more, would pass a limit; `by_member` are those of a known one's."""
    asked = [
        (limits.uses, used.uses + times),
        (limits.uses_per_day, used.today + times),
        (limits.budget_minor, used.given_minor + given_minor),
    ]
    if by_member is not None:
        asked += [
            (limits.per_member, used.member + by_member),
            (limits.per_member_day, used.member_today + by_member),
            (limits.per_member_week, used.member_week + by_member),
            (limits.per_member_month, used.member_month + by_member),
            (limits.per_member_quarter, used.member_quarter + by_member),
            (limits.per_member_half_year, used.member_half_year + by_member),
            (limits.per_member_year, used.member_year + by_member),
        ]
    return any(most is not None and then > most for most, then in asked)


_COUNTERS = (
    sa.select(
        StoredOffer.id,
        StoredOffer.code,
        StoredOffer.counted,
        OfferVersion.document["limits"].label("limits"),
        OfferUses.uses,
        OfferUses.given_minor,
    )
    .join(OfferUses, OfferUses.offer_id == StoredOffer.id)
    .join(OfferVersion, (OfferVersion.offer_id == StoredOffer.id) & (OfferVersion.version_no == StoredOffer.live_no))
    .where(StoredOffer.code == sa.any_(sa.bindparam("codes", type_=ARRAY(sa.Text))))
    .order_by(StoredOffer.id)
    .with_for_update(of=OfferUses)
)
_OF_HELD = queries.uses_of(StoredOffer.id == sa.any_(sa.bindparam("ids", type_=ARRAY(sa.Integer))))
_GIVEN = (
    sa.func.unnest(
        sa.bindparam("ids", type_=ARRAY(sa.Integer)),
        sa.bindparam("times", type_=ARRAY(sa.BigInteger)),
        sa.bindparam("given", type_=ARRAY(sa.BigInteger)),
    )
    .table_valued(
        sa.column("id", sa.Integer), sa.column("times", sa.BigInteger), sa.column("given", sa.BigInteger), name="g"
    )
    .render_derived()
)
_IN_ALL = (
    sa.update(OfferUses)
    .where(OfferUses.offer_id == _GIVEN.c.id)
    .values(uses=OfferUses.uses + _GIVEN.c.times, given_minor=OfferUses.given_minor + _GIVEN.c.given)
    .returning(sa.literal(1))
    .cte("in_all")
)
_TODAY = insert(OfferDayUses).from_select(
    ["offer_id", "day", "store_id", "uses", "baskets", "given_minor"],
    sa.select(
        _GIVEN.c.id,
        sa.bindparam("day", type_=sa.Date),
        sa.bindparam("store", type_=sa.Integer),
        _GIVEN.c.times,
        sa.bindparam("sales", type_=sa.BigInteger),
        _GIVEN.c.given,
    ),
)
_ADD_WITHOUT_MEMBER = _TODAY.on_conflict_do_update(
    index_elements=[OfferDayUses.offer_id, OfferDayUses.day, OfferDayUses.store_id],
    set_={
        "uses": OfferDayUses.uses + _TODAY.excluded.uses,
        "baskets": OfferDayUses.baskets + _TODAY.excluded.baskets,
        "given_minor": OfferDayUses.given_minor + _TODAY.excluded.given_minor,
    },
).add_cte(_IN_ALL)
_MEMBER = insert(OfferMemberUses).from_select(
    ["customer_id", "offer_id", "day", "uses"],
    sa.select(
        sa.bindparam("customer", type_=sa.BigInteger), _GIVEN.c.id, sa.bindparam("day", type_=sa.Date), _GIVEN.c.times
    ),
)
_ADD = _ADD_WITHOUT_MEMBER.add_cte(
    _MEMBER.on_conflict_do_update(
        index_elements=[OfferMemberUses.customer_id, OfferMemberUses.offer_id, OfferMemberUses.day],
        set_={"uses": OfferMemberUses.uses + _MEMBER.excluded.uses},
    )
    .returning(sa.literal(1))
    .cte("of_member")
)
_ADD_TO_BUYER = (
    sa.update(OfferMemberUses)
    .where(
        OfferMemberUses.customer_id == sa.bindparam("buyer", type_=sa.BigInteger),
        OfferMemberUses.offer_id == _GIVEN.c.id,
        OfferMemberUses.day == sa.bindparam("of_day", type_=sa.Date),
    )
    .values(uses=sa.func.greatest(0, OfferMemberUses.uses + _GIVEN.c.times))
)
"""A merge has given the survivor a copy of what the merged one used."""
