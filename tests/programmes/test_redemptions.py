# REQ P-06, P-15, P-18: what has a price in points is had at once in every form, once paid for, and can be taken back
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict, Invalid, Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.points.verify.queries import faults
from erp_club.programmes.commands import load_programme
from erp_club.programmes.events.told import At
from erp_club.programmes.redemptions import queries
from erp_club.programmes.redemptions.commands import give_to_charity, redeem_benefit, undo_redemption
from erp_club.programmes.rewards.models import PeriodSettlement, RewardEntitlement
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import StoredOffer
from erp_club.purchases.entitlements.queries import rights
from erp_club.stored_value.issued.commands import replace_card, set_card_state
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.clubs import a_customer, a_membership, moved
from tests.make.coupons import a_batch
from tests.make.programmes import a_programme
from tests.make.purchases import a_product, a_till

DAY = dt.date(2026, 6, 10)
NOW = dt.datetime(2026, 6, 10, 9, tzinfo=dt.UTC)
AT = At(dt.datetime.fromisoformat("2026-06-10T12:00"), NOW, SYSTEM)
COFFEE = {"code": "coffee", "names": {"en": "Coffee"}, "gives": {"kind": "gift", "products": ["C"]}, "only_given": True}


class Club:
    """A club whose points buy something, and members with 300 of them."""

    def __init__(self, session: Session, *benefits: dict[str, Any], **said: Any) -> None:
        self.session = session
        self.till = a_till(session)
        self.loaded(*benefits, **said)
        self.numbers = 0

    def loaded(self, *benefits: dict[str, Any], **said: Any) -> None:
        club = a_programme(benefits=list(benefits), entitlements=[COFFEE], **said)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": DAY, "now": NOW, "by": SYSTEM}
        self.club_id = load_programme(self.session, club, publish=True, **how).club_id

    def member(self, points: int = 300) -> int:
        self.numbers += 1
        customer = a_customer(self.session, f"N{self.numbers}")
        joined = a_membership(self.session, customer, self.club_id, joined_on=dt.date(2026, 1, 1))
        if points:
            moved(self.session, customer, joined.points_account_id, points, on=dt.date(2026, 6, 1))
        return joined.membership_id

    def balance(self, membership_id: int) -> int:
        asked = sa.text(
            "SELECT a.balance FROM memberships m JOIN points_accounts a ON a.id = m.points_account_id WHERE m.id = :id"
        )
        return self.session.execute(asked, {"id": membership_id}).scalar_one()

    def why(self, membership_id: int, code: str) -> str:
        with pytest.raises(Refused) as refused, self.session.begin_nested():
            redeem_benefit(self.session, membership_id, code, AT)
        return str(refused.value.facts.get("why", refused.value.code))


def benefit(gives: dict[str, Any], **said: Any) -> dict[str, Any]:
    return {"code": "treat", "names": {"en": "Treat"}, "points": 100, "gives": gives, **said}


def test_a_coupon_is_had_for_points_with_the_days_that_the_rule_says(session: Session):
    a_batch(session, "NEXT", personal=True)
    club = Club(session, benefit({"kind": "coupon", "batch": "NEXT", "count": 2}, issue={"valid_months": 1}))
    member = club.member()
    made = redeem_benefit(session, member, "treat", AT)
    assert (made.points, made.balance, club.balance(member)) == (100, 200, 200)
    coupons = session.scalars(sa.select(Coupon)).all()
    assert [(each.customer_id, each.last_day) for each in coupons] == [(made.customer_id, dt.date(2026, 7, 10))] * 2
    kinds = session.scalars(sa.select(PointsMovement.kind).order_by(PointsMovement.seq)).all()
    assert list(kinds) == ["earned", "converted"]
    assert list(faults(session)) == []


def test_money_an_entitlement_a_code_and_a_gift_are_had_for_points(session: Session):
    a_product(session, "C")
    gives: list[dict[str, Any]] = [
        {"kind": "stored_value", "amount_minor": 20_00},
        {"kind": "entitlement", "entitlement": "coffee", "count": 3},
        {"kind": "code", "amount_minor": 15_00},
        {"kind": "gift", "products": ["C"]},
        {"kind": "discount", "off_bp": 1000},
        {"kind": "payout", "amount_minor": 7_00},
    ]
    later = {"usable": "next_purchase"}
    rules = [benefit(each, issue=later) | {"code": f"b{number}", "points": 50} for number, each in enumerate(gives)]
    club = Club(session, *rules)
    member = club.member()
    made = [redeem_benefit(session, member, f"b{number}", AT) for number in range(len(rules))]
    assert club.balance(member) == 0
    assert session.scalars(sa.select(ValueCard.balance_minor)).one() == 20_00
    assert session.scalars(sa.select(RewardEntitlement.count)).one() == 3
    assert [each.left for each in rights(session, made[0].customer_id, on=DAY) if each.code == "coffee"] == [3]
    forms = session.scalars(sa.select(PeriodSettlement.form).order_by(PeriodSettlement.id)).all()
    assert forms == ["stored_value", "entitlement", "code", "coupon", "coupon", "payout"]
    batches = session.scalars(
        sa.select(CouponBatch.code).join(Coupon, Coupon.batch_id == CouponBatch.id).order_by(Coupon.id)
    ).all()
    assert batches == ["CLUB-B2-1500", "CLUB.B3", "CLUB.B4"]


def test_the_same_can_be_had_again_on_the_same_day_but_no_more_than_the_rule_says_in_a_year(session: Session):
    a_batch(session, "NEXT", personal=True)
    club = Club(session, benefit({"kind": "coupon", "batch": "NEXT"}, most_per_year=2))
    member = club.member()
    assert [redeem_benefit(session, member, "treat", AT).balance for _ in range(2)] == [200, 100]
    assert club.why(member, "treat") == "used_up"
    assert club.balance(member) == 100


def test_what_the_rule_asks_for_is_asked_when_it_is_had(session: Session):
    a_batch(session, "NEXT", personal=True)
    coupon = {"kind": "coupon", "batch": "NEXT"}
    club = Club(
        session,
        benefit(coupon),
        benefit(coupon, levels=["GOLD"]) | {"code": "gold"},
        benefit(coupon, when={"weekdays": [7]}) | {"code": "sunday"},
        benefit({"kind": "discount", "amount_minor": 5_00}) | {"code": "off"},
        levels={"levels": [{"code": "BASE"}, {"code": "GOLD", "at_least": 1_000_00}]},
        most_rewards=1,
    )
    poor, rich = club.member(99), club.member()
    assert club.why(poor, "treat") == "balance_too_low"
    assert club.why(rich, "gold") == "wrong_level"
    assert club.why(rich, "sunday") == "wrong_day"
    assert club.why(rich, "off") == "invalid", "what a sale takes off is chosen in the sale"
    assert club.why(rich, "nothing") == "invalid"
    redeem_benefit(session, rich, "treat", AT)
    assert club.why(rich, "treat") == "too_many_unused"
    assert (club.balance(poor), club.balance(rich)) == (99, 200)


def test_points_are_had_for_nothing_where_the_club_has_ended_that_or_the_membership_does_not_hold(session: Session):
    a_batch(session, "NEXT", personal=True)
    club = Club(session, benefit({"kind": "coupon", "batch": "NEXT"}), switch={"last_redeeming_day": "2026-06-10"})
    member = club.member()
    later = At(dt.datetime.fromisoformat("2026-06-11T12:00"), NOW, SYSTEM)
    with pytest.raises(Conflict, match="can't be used any more"):
        redeem_benefit(session, member, "treat", later)
    assert redeem_benefit(session, member, "treat", AT).balance == 200, "its last day is included"
    with pytest.raises(Conflict, match="doesn't hold today"):
        redeem_benefit(session, member, "treat", At(dt.datetime.fromisoformat("2025-06-11T12:00"), NOW, SYSTEM))


def test_what_nobody_has_used_can_be_taken_back_once(session: Session):
    a_batch(session, "NEXT", personal=True)
    club = Club(session, benefit({"kind": "coupon", "batch": "NEXT"}, most_per_year=1))
    member = club.member()
    made = redeem_benefit(session, member, "treat", AT)
    assert undo_redemption(session, member, made.settlement_id, AT).balance == 300
    assert session.scalars(sa.select(Coupon.state)).one() == "taken_back"
    with pytest.raises(Conflict, match="used or taken back"):
        undo_redemption(session, member, made.settlement_id, AT)
    again = redeem_benefit(session, member, "treat", AT)
    session.execute(sa.update(Coupon).where(Coupon.state == "active").values(used=1))
    with pytest.raises(Conflict, match="used or taken back"):
        undo_redemption(session, member, again.settlement_id, AT)
    assert club.balance(member) == 200
    assert list(faults(session)) == []


def test_money_that_was_had_for_points_goes_with_them_so_that_no_released_or_replaced_card_holds_it(session: Session):
    club = Club(session, benefit({"kind": "stored_value", "amount_minor": 20_00}, issue={"usable": "next_purchase"}))
    member = club.member()
    made = redeem_benefit(session, member, "treat", AT)
    assert undo_redemption(session, member, made.settlement_id, AT).balance == 300
    card = session.scalars(sa.select(ValueCard)).one()
    assert (card.state, card.balance_minor) == ("blocked", 0)
    set_card_state(session, card.id, CardState.LOST, now=NOW, by=SYSTEM)
    replace_card(session, card.id, number=None, pin=None, now=NOW, today=DAY, by=SYSTEM)
    assert session.scalar(sa.select(sa.func.sum(ValueCard.balance_minor))) == 0
    assert wrong_cards(session) == []


def test_points_given_to_a_charity_are_summed_up_for_it(session: Session):
    club = Club(session, charity={"names": {"en": "Red Cross"}, "least_points": 50, "step": 25})
    member = club.member()
    for wrong in (25, 60):
        with pytest.raises(Invalid), session.begin_nested():
            give_to_charity(session, member, wrong, AT)
    assert give_to_charity(session, member, 75, AT).balance == 225
    assert give_to_charity(session, member, 50, AT).balance == 175
    with pytest.raises(Conflict, match="too few points"), session.begin_nested():
        give_to_charity(session, member, 200, AT)
    given = sa.select(sa.func.sum(PeriodSettlement.value)).where(PeriodSettlement.form == "charity")
    assert session.execute(given).scalar_one() == 125
    reason = sa.select(PointsMovement.reason).where(PointsMovement.kind == "converted").limit(1)
    assert session.scalars(reason).one() == "Red Cross"
    with pytest.raises(Invalid):
        give_to_charity(session, Other(session).member(), 50, AT)


class Other(Club):
    """Another club, without a charity."""

    def __init__(self, session: Session) -> None:
        self.session, self.numbers = session, 50
        self.loaded(code="OTHER")


def test_what_was_chosen_in_sales_rests_once_a_version_lets_it_be_had_before_them(session: Session):
    club = Club(session, benefit({"kind": "discount", "amount_minor": 5_00}))
    offer = sa.select(StoredOffer.state).where(StoredOffer.code == "CLUB.TREAT")
    assert session.scalars(offer).one() == OfferState.PUBLISHED
    club.loaded(benefit({"kind": "discount", "amount_minor": 5_00}, issue={"valid_days": 30}))
    assert session.scalars(offer).one() == OfferState.PAUSED


def test_a_member_sees_what_can_be_had_and_what_was(session: Session):
    a_batch(session, "NEXT", personal=True)
    club = Club(
        session,
        benefit({"kind": "coupon", "batch": "NEXT"}),
        benefit({"kind": "coupon", "batch": "NEXT"}) | {"code": "dear", "points": 250},
        charity={"names": {"en": "Red Cross"}, "least_points": 30, "step": 20},
    )
    member = club.member()
    redeem_benefit(session, member, "treat", AT)
    who = queries.redeemer(session, member, on=DAY)
    assert who is not None
    had = queries.had(session, who, AT, most=10)
    assert had.points == 200
    assert [(each.benefit.code, each.why) for each in had.benefits] == [("treat", None), ("dear", "balance_too_low")]
    assert had.charity is not None
    assert had.charity.why is None
    assert [(row.rule, row.points, len(row.codes)) for row in had.rows] == [("treat", 100, 1)]
    assert session.scalars(sa.select(PointsAccount.balance)).one() == 200
