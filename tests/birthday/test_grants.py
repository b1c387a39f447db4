# REQ B-01, B-02, B-03, C-09, V-02: who gets what around a birthday, once, whatever happens to the run or the date
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.birthday.grants import commands
from erp_club.birthday.grants.commands import Giving
from erp_club.birthday.grants.counted.queries import Count, coming_of, count_owed
from erp_club.birthday.grants.queries import Days
from erp_club.birthday.kinds import PlanState
from erp_club.birthday.models import BirthdayGrant, BirthdayPlan
from erp_club.birthday.plans.commands import set_plan_state, settings_of
from erp_club.birthday.plans.settings import Gift, OccasionKind
from erp_club.customers.commands import CustomerChanges, edit_customer
from erp_club.customers.relatives.commands import add_relative, remove_relative
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.promotions.coupons.models import Coupon, CouponBatch, CouponCode
from erp_club.stored_value.issued.queries import card as value_card
from tests.make.birthdays import NOW, a_celebrant, a_plan, born, granted, grants
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.coupons import a_batch, read
from tests.make.customers import a_person
from tests.make.stored_value import a_kind

BORN = dt.date(1990, 3, 10)
DAY = dt.date(2026, 3, 10)


def days(first: dt.date, last: dt.date) -> list[dt.date]:
    return [first + dt.timedelta(day) for day in range((last - first).days + 1)]


def test_a_member_gets_a_coupon_for_the_days_around_the_birthday(session: Session):
    customer_id = a_celebrant(session, BORN, club_id=(club_id := a_club(session, months=None)))
    plan_id = a_plan(session, club_id)
    for day in days(dt.date(2026, 2, 20), dt.date(2026, 3, 2)):
        assert granted(session, plan_id, day).grants == 0
    assert granted(session, plan_id, dt.date(2026, 3, 3)).grants == 1
    grant = grants(session, customer_id)[0]
    assert (grant.day, grant.age, grant.first_day, grant.last_day) == (DAY, 36, dt.date(2026, 3, 3),
                                                                       dt.date(2026, 3, 17))  # fmt: skip
    code = session.scalars(sa.select(CouponCode.code).where(CouponCode.coupon_id == grant.coupon_id)).one()
    for day, fault in ((2, "not_yet_valid"), (3, None), (17, None), (18, "expired")):
        now = dt.datetime(2026, 3, day, 9, tzinfo=dt.UTC)
        assert read(session, code, customer_id=customer_id, now=now)[0].fault == fault


def test_a_year_of_runs_gives_each_member_one_coupon(session: Session):
    club_id = a_club(session, months=None)
    ids = [
        a_celebrant(session, dt.date(1980 + month, month, 28), number=str(100 + month), club_id=club_id)
        for month in range(1, 13)
    ] + [a_celebrant(session, dt.date(2000, 2, 29), number="229", club_id=club_id)]
    plan_id = a_plan(session, club_id, days_before=3, days_after=3, starts_on=dt.date(2026, 1, 5))
    for day in days(dt.date(2026, 1, 5), dt.date(2027, 1, 4))[::4]:
        granted(session, plan_id, day)
    assert [len(grants(session, each)) for each in ids] == [1] * 13
    assert grants(session, ids[-1])[0].day == dt.date(2026, 2, 28)


def test_a_run_twice_or_for_an_earlier_day_gives_nothing_twice(session: Session):
    customer_id = a_celebrant(session, BORN, club_id=(club_id := a_club(session, months=None)))
    plan_id = a_plan(session, club_id)
    made = [granted(session, plan_id, day).grants for day in (DAY, DAY, dt.date(2026, 3, 5), dt.date(2026, 3, 17))]
    assert made == [1, 0, 0, 0]
    assert len(grants(session, customer_id)) == 1


def test_three_nights_missed_forget_nobody_and_the_day_that_was_lost_is_made_up_for(session: Session):
    club_id = a_club(session, months=None)
    ids = [
        a_celebrant(session, dt.date(1990, 3, day), number=f"30{day}", club_id=club_id) for day in (9, 10, 11, 12, 13)
    ]
    plan_id = a_plan(session, club_id, days_before=0, days_after=0)
    assert granted(session, plan_id, dt.date(2026, 3, 9)).grants == 1
    assert granted(session, plan_id, dt.date(2026, 3, 13)).grants == 4
    lasts = [grants(session, each)[0].last_day for each in ids]
    assert lasts == [dt.date(2026, 3, 9), *[dt.date(2026, 3, 13)] * 4]


@pytest.mark.parametrize("moved_to", [dt.date(1990, 12, 30), dt.date(1991, 1, 5), dt.date(1990, 4, 20)])
def test_a_birthday_that_is_edited_soon_afterwards_brings_nothing_more(session: Session, moved_to: dt.date):
    customer_id = a_celebrant(session, dt.date(1990, 12, 28), club_id=(club_id := a_club(session, months=None)))
    plan_id = a_plan(session, club_id, starts_on=dt.date(2026, 12, 20))
    assert granted(session, plan_id, dt.date(2026, 12, 28)).grants == 1
    born(session, customer_id, moved_to)
    nights = days(dt.date(2026, 12, 29), dt.date(2027, 5, 1))[::5]
    assert sum(granted(session, plan_id, day).grants for day in nights) == 0


def test_a_birthday_that_was_corrected_is_celebrated_in_the_next_year(session: Session):
    customer_id = a_celebrant(session, BORN, club_id=(club_id := a_club(session, months=None)))
    plan_id = a_plan(session, club_id)
    granted(session, plan_id, DAY)
    born(session, customer_id, dt.date(1990, 9, 20))
    assert granted(session, plan_id, dt.date(2026, 9, 20)).grants == 0
    born(session, customer_id, dt.date(1990, 2, 5))
    assert granted(session, plan_id, dt.date(2027, 2, 5)).grants == 1


def test_the_table_itself_refuses_a_second_celebration_soon(session: Session):
    customer_id = a_celebrant(session, BORN, club_id=(club_id := a_club(session, months=None)))
    plan_id = a_plan(session, club_id)
    granted(session, plan_id, DAY)
    first = grants(session, customer_id)[0]
    again = {"customer_id": customer_id, "plan_id": plan_id, "person": 0, "year": 2027, "age": 1, "on_date": DAY,
             "at": NOW, "day": first.day + dt.timedelta(179), "first_day": DAY, "last_day": DAY}  # fmt: skip
    with pytest.raises(IntegrityError, match="ex_birthday_grants_apart"), session.begin_nested():
        session.execute(sa.insert(BirthdayGrant).values(again))


def test_whoever_joins_inside_the_window_gets_it_at_once(session: Session):
    club_id = a_club(session, months=None)
    plan_id = a_plan(session, club_id)
    customer_id = born(session, a_customer(session), BORN)
    assert granted(session, plan_id, DAY).grants == 0
    a_membership(session, customer_id, club_id, joined_on=dt.date(2026, 3, 12))
    assert commands.grant_to(session, customer_id, Giving(dt.date(2026, 3, 12), NOW, SYSTEM)) == 1
    assert granted(session, plan_id, dt.date(2026, 3, 13)).grants == 0
    late = born(session, a_customer(session, "100002"), BORN)
    a_membership(session, late, club_id, joined_on=dt.date(2026, 3, 18))
    assert granted(session, plan_id, dt.date(2026, 3, 18)).grants == 0


def test_only_members_of_a_published_club_get_it(session: Session):
    club_id, other = a_club(session, months=None), a_club(session, "SILVER", months=None)
    a_celebrant(session, BORN, club_id=other)
    born(session, a_customer(session, "100002"), BORN)
    paused = a_celebrant(session, BORN, number="100003", club_id=club_id)
    session.execute(sa.text("UPDATE memberships SET state = 'paused', state_on = '2026-03-01' WHERE customer_id = :id"),
                    {"id": paused})  # fmt: skip
    assert granted(session, a_plan(session, club_id), DAY).grants == 0


def test_a_plan_for_one_customer_gives_to_nobody_else(session: Session):
    one, other = (born(session, a_customer(session, number), BORN) for number in ("1", "2"))
    plan_id = a_plan(session, None, customer_id=one)
    assert granted(session, plan_id, DAY).grants == 1
    assert (len(grants(session, one)), len(grants(session, other))) == (1, 0)


def test_a_balance_and_data_given_in_time_are_conditions(session: Session):
    club_id = a_club(session, months=None)
    poor, rich = (born(session, a_customer(session, number), BORN) for number in ("1", "2"))
    for each, points in ((poor, 99), (rich, 100)):
        account = a_membership(session, each, club_id, joined_on=dt.date(2026, 1, 1)).points_account_id
        moved(session, each, account, points, on=dt.date(2026, 2, 1))
    assert granted(session, a_plan(session, club_id, least_points=100), DAY).grants == 1
    assert len(grants(session, rich)) == 1


def told_on(session: Session, customer_id: int, day: dt.date, *, birthday: dt.date = BORN) -> None:
    now = dt.datetime.combine(day, dt.time(10), dt.UTC)
    edit_customer(session, customer_id, CustomerChanges(birthday=birthday), country="IL", now=now, by=SYSTEM)


@pytest.mark.parametrize(("days_before", "told", "given"), [(5, (2026, 2, 26), 1), (6, (2026, 2, 26), 0)])
def test_a_date_has_to_be_told_so_many_days_before_the_window(
    session: Session, days_before: int, told: tuple[int, int, int], given: int
):
    club_id = a_club(session, months=None)
    customer_id = a_celebrant(session, dt.date(1990, 5, 5), club_id=club_id)
    told_on(session, customer_id, dt.date(*told))
    plan_id = a_plan(session, club_id, known_days_before=days_before)
    assert granted(session, plan_id, DAY).grants == given


def test_a_date_may_have_to_be_told_at_joining(session: Session):
    club_id = a_club(session, months=None)
    early, late = (a_customer(session, number) for number in ("1", "2"))
    told_on(session, early, dt.date(2026, 2, 1))
    for each in (early, late):
        a_membership(session, each, club_id, joined_on=dt.date(2026, 2, 1))
    told_on(session, late, dt.date(2026, 2, 2))
    assert granted(session, a_plan(session, club_id, known_at_joining=True), DAY).grants == 1
    assert len(grants(session, early)) == 1


def test_a_gift_card_grows_with_age_to_its_ceiling_and_can_be_used_in_the_window(session: Session):
    club_id = a_club(session, months=None)
    young, old = (a_celebrant(session, dt.date(year, 3, 10), number=str(year), club_id=club_id)
                  for year in (2006, 1950))  # fmt: skip
    plan_id = a_plan(session, club_id, gift=Gift.GIFT_CARD, card_product_id=a_kind(session), amount_minor=20_00,
                     growth=1_00, growth_from_age=18, growth_to=50_00)  # fmt: skip
    done = granted(session, plan_id, DAY)
    assert (done.grants, done.amount_minor) == (2, 22_00 + 50_00)
    for each, minor in ((young, 22_00), (old, 50_00)):
        card = value_card(session, grants(session, each)[0].card_id or 0, today=DAY)
        assert (card.balance_minor, card.customer_id) == (minor, each)
    assert value_card(session, card.id, today=dt.date(2026, 3, 18)).usable_minor == 0


def test_points_pay_a_debt_first_and_are_told_to_the_ledger(session: Session):
    club_id = a_club(session, months=None)
    customer_id = born(session, a_customer(session), BORN)
    joined = a_membership(session, customer_id, club_id, joined_on=dt.date(2026, 1, 1))
    moved(session, customer_id, joined.points_account_id, -30, on=dt.date(2026, 2, 1))
    plan_id = a_plan(session, club_id, gift=Gift.POINTS, points=100, growth=10, growth_from_age=35)
    assert granted(session, plan_id, DAY).points == 110
    account = session.scalars(sa.select(PointsAccount).where(PointsAccount.customer_id == customer_id)).one()
    session.refresh(account)
    assert (account.balance, account.debt) == (80, 0)


def test_a_wedding_anniversary_is_a_date_too(session: Session):
    club_id = a_club(session, months=None)
    customer_id = a_celebrant(session, dt.date(1990, 8, 1), club_id=club_id)
    born(session, customer_id, dt.date(1990, 8, 1), anniversary=BORN)
    assert granted(session, a_plan(session, club_id, occasion=OccasionKind.ANNIVERSARY), DAY).grants == 1


def with_child(session: Session, customer_id: int, name: str, birthday: dt.date | None = BORN) -> int:
    return add_relative(
        session, customer_id, kind=RelativeKind.CHILD, name=name, birthday=birthday, today=DAY, now=NOW, by=SYSTEM
    )


def ahead(session: Session, plan_id: int) -> Count:
    """What the plan's page says of the month before its window, so that this lies in the next one."""
    plan = session.get_one(BirthdayPlan, plan_id)
    march = Days(dt.date(2026, 3, 1), dt.date(2026, 3, 31), members_on=dt.date(2026, 2, 20))
    return coming_of(session, {plan_id: settings_of(plan)}, march)[plan_id]


def test_each_child_is_celebrated_once_and_only_so_many_in_a_year(session: Session):
    club_id = a_club(session, months=None)
    customer_id = a_celebrant(session, dt.date(1980, 8, 1), club_id=club_id)
    noa = with_child(session, customer_id, "Noa")
    for name in ("Dan", "Omer"):
        with_child(session, customer_id, name)
    said = {"occasion": OccasionKind.RELATIVE_BIRTHDAY, "relatives": ("child",), "most_per_year": 2}
    plan_id = a_plan(session, club_id, **said)
    assert [each.customers for each in (count_owed(session, DAY), ahead(session, plan_id))] == [2, 2]
    assert granted(session, plan_id, DAY, limit=1).grants == 1
    assert [each.customers for each in (count_owed(session, DAY), ahead(session, plan_id))] == [1, 1]
    assert granted(session, plan_id, DAY).grants == 1
    remove_relative(session, customer_id, noa, now=NOW, by=SYSTEM)
    with_child(session, customer_id, "noa")
    assert granted(session, plan_id, DAY).grants == 0


@pytest.mark.parametrize("linked_first", [False, True])
@pytest.mark.parametrize(("given", "born_on", "more"), [("Noa", 10, 0), ("Dan", 10, 1), ("Noa", 11, 1)])
def test_what_was_given_for_a_name_isn_t_given_again_for_the_customer_who_it_is(
    session: Session, given: str, born_on: int, more: int, *, linked_first: bool
):
    club_id = a_club(session, months=None)
    customer_id = a_celebrant(session, dt.date(1980, 8, 1), club_id=club_id)
    a_person(session, number="K1", given_name=given, family_name="Cohen", birthday=BORN.replace(day=born_on))

    def linked() -> int:
        of = {"kind": RelativeKind.CHILD, "number": "K1", "today": DAY, "now": NOW, "by": SYSTEM}
        return add_relative(session, customer_id, **of)

    def named() -> int:
        return with_child(session, customer_id, "noa cohen")

    first, then = (linked, named) if linked_first else (named, linked)
    noa = first()
    plan_id = a_plan(session, club_id, occasion=OccasionKind.RELATIVE_BIRTHDAY, relatives=("child",))
    assert granted(session, plan_id, DAY + dt.timedelta(days=1)).grants == 1
    remove_relative(session, customer_id, noa, now=NOW, by=SYSTEM)
    then()
    assert granted(session, plan_id, DAY + dt.timedelta(days=1)).grants == more


def test_relatives_who_are_customers_are_seen_from_both_sides(session: Session):
    club_id = a_club(session, months=None)
    mother = a_celebrant(session, dt.date(1960, 8, 1), number="1", club_id=club_id)
    son = a_celebrant(session, BORN, number="2", club_id=club_id)
    add_relative(session, son, kind=RelativeKind.PARENT, number="1", today=DAY, now=NOW, by=SYSTEM)
    said = {"occasion": OccasionKind.RELATIVE_BIRTHDAY}
    children = a_plan(session, club_id, relatives=("child",), **said)
    parents = a_plan(session, club_id, "PARENTS", relatives=("parent",), **said)
    assert (granted(session, children, DAY).grants, granted(session, parents, DAY).grants) == (1, 0)
    assert [each.person for each in grants(session, mother)] == [son]
    assert granted(session, parents, dt.date(2026, 8, 1)).grants == 1


def test_a_hebrew_birthday_moves_through_our_calendar(session: Session):
    club_id = a_club(session, months=None)
    customer_id = a_celebrant(session, dt.date(2000, 3, 21), club_id=club_id)
    plan_id = a_plan(session, club_id, hebrew=True, days_before=0, days_after=0)
    assert granted(session, plan_id, dt.date(2026, 3, 2)).grants == 0
    assert granted(session, plan_id, dt.date(2026, 3, 3)).grants == 1
    assert granted(session, plan_id, dt.date(2027, 3, 23)).grants == 1
    assert [each.day for each in grants(session, customer_id)] == [dt.date(2026, 3, 3), dt.date(2027, 3, 23)]


def test_a_batch_that_is_empty_lets_people_wait_and_forgets_nobody(session: Session):
    club_id = a_club(session, months=None)
    for number in ("1", "2", "3"):
        a_celebrant(session, BORN, number=number, club_id=club_id)
    batch_id = a_batch(session, "FEW", personal=True, most=2)
    plan_id = a_plan(session, club_id, batch_id=batch_id, days_before=0, days_after=0)
    done = granted(session, plan_id, DAY)
    assert (done.grants, done.waiting) == (2, 1)
    session.execute(sa.update(CouponBatch).where(CouponBatch.id == batch_id).values(most=5))
    done = granted(session, plan_id, dt.date(2026, 3, 12))
    assert (done.grants, done.waiting) == (1, 0)
    assert session.scalar(sa.select(sa.func.count()).where(Coupon.batch_id == batch_id)) == 3


def test_a_pause_gives_nothing_and_nothing_afterwards_for_what_it_held(session: Session):
    club_id = a_club(session, months=None)
    a_celebrant(session, BORN, club_id=club_id)
    plan_id = a_plan(session, club_id, days_before=0, days_after=0)
    set_plan_state(session, plan_id, PlanState.PAUSED, today=DAY, now=NOW, by=SYSTEM)
    assert count_owed(session, DAY).customers == 0
    later = dt.date(2026, 3, 20)
    set_plan_state(session, plan_id, PlanState.ACTIVE, today=later, now=NOW, by=SYSTEM)
    assert granted(session, plan_id, later).grants == 0


def test_portions_take_everybody_once(session: Session):
    club_id = a_club(session, months=None)
    ids = [a_celebrant(session, BORN, number=str(number), club_id=club_id) for number in range(1, 8)]
    plan_id = a_plan(session, club_id)
    assert count_owed(session, DAY, some=3).customers == 7
    after, made = None, 0
    for _ in range(4):
        done = commands.grant_next(session, plan_id, Giving(DAY, NOW, SYSTEM), after=after, limit=3)
        after, made = done.last, made + done.grants
        if after is None:
            break
    assert made == 7
    assert all(len(grants(session, each)) == 1 for each in ids)
