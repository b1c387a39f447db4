# REQ M-09: linked memberships share one points account
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership
from erp_club.clubs.households import queries
from erp_club.clubs.households.kinds import InvitationState
from erp_club.clubs.households.models import HouseholdPlace
from erp_club.kernel.errors import Refused
from erp_club.people.erasure.commands import erase_customer
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsLot, PointsMovement
from erp_club.points.verify.queries import faults
from erp_club.programmes.households.commands import answer, invite, lead, leave, let_redeem, link_members
from tests.make.clubs import NOW, a_club, a_membership
from tests.make.households import TODAY, WHEN, Family, a_family, later


@pytest.fixture
def family(session: Session) -> Family:
    return a_family(session, expires=True)


def refused(code: str):
    return pytest.raises(Refused, check=lambda error: error.code == code)


def test_a_child_and_a_parent_have_one_balance_to_which_each_card_adds(family: Family):
    parent, child = family.join(30, 12)
    link_members(family.session, parent, child, when=WHEN)
    family.buys(child, 20_00)
    family.buys(parent, 5_00)

    assert family.balance(parent) == family.balance(child) == 30 + 12 + 20 + 5
    assert faults(family.session) == []


def test_points_come_over_by_a_pair_of_movements_with_the_days_that_they_had(family: Family):
    parent, child = family.join(30, 12)
    family.buys(child, 7_00, on=WHEN)
    last_days = family.session.scalars(sa.select(PointsLot.last_day).where(PointsLot.remaining == 7)).all()

    link_members(family.session, parent, child, when=later(40))

    pair = family.session.execute(
        sa.select(PointsMovement.points, PointsMovement.by_customer_id).where(PointsMovement.kind == "transferred")
    ).all()
    assert sorted(row.points for row in pair) == [-19, 19]
    assert {row.by_customer_id for row in pair} == {family.customer(child)}
    assert family.session.scalars(sa.select(PointsLot.last_day).where(PointsLot.remaining == 7)).all() == last_days


def test_the_members_are_listed_with_the_days_on_which_they_were_in(family: Family):
    parent, child = family.join(0, 0)

    household = link_members(family.session, parent, child, when=WHEN)
    leave(family.session, child, when=later(10))

    def there(days: int) -> list[tuple[int, bool]]:
        on = TODAY + dt.timedelta(days=days)
        return [(each.membership_id, each.is_main) for each in queries.places_of(family.session, household, on=on)]

    assert there(0) == there(9) == [(parent, True), (child, False)]
    assert there(10) == [] == queries.places_of(family.session, household)


class TestInvitations:
    def test_one_is_accepted_within_its_days_and_once(self, session: Session):
        family = a_family(session, invitation_days=7)
        parent, child = family.join(5, 6)

        invitation = invite(session, parent, child, when=WHEN)
        with refused("invited-already"):
            invite(session, parent, child, when=WHEN)
        answer(session, invitation, InvitationState.ACCEPTED, when=later(7))

        assert family.balance(child) == 11
        with refused("invitation-answered"):
            answer(session, invitation, InvitationState.REFUSED, when=later(7))

    def test_one_that_ran_out_makes_place_for_another(self, session: Session):
        family = a_family(session, invitation_days=7)
        parent, child = family.join(5, 6)
        invitation = invite(session, parent, child, when=WHEN)

        with refused("invitation-over"):
            answer(session, invitation, InvitationState.ACCEPTED, when=later(8))
        again = invite(session, parent, child, when=later(8))
        answer(session, again, InvitationState.REFUSED, when=later(8))

        assert (family.balance(parent), family.balance(child)) == (5, 6)


class TestWhoMayShare:
    def test_no_more_than_the_programme_lets(self, session: Session):
        family = a_family(session, most_persons=2)
        parent, child, other = family.join(0, 0, 0)
        link_members(session, parent, child, when=WHEN)

        with refused("household-full"):
            link_members(session, parent, other, when=WHEN)

    def test_who_lives_elsewhere_or_is_too_young_may_not(self, session: Session):
        family = a_family(session, same_address=True, min_age=13)
        parent, child = family.join(0, 0)

        def lives(membership: int, street: str, born: str = "1990-01-01") -> None:
            session.execute(
                sa.text("UPDATE customers SET street = :s, city = 'Haifa', birthday = CAST(:b AS date) WHERE id = :c"),
                {"s": street, "b": born, "c": family.customer(membership)},
            )

        lives(parent, "Herzl 1")
        with refused("household-address"):
            link_members(session, parent, child, when=WHEN)
        lives(child, "  HERZL 1", born="2016-05-01")
        with refused("household-age"):
            link_members(session, parent, child, when=WHEN)
        lives(child, "herzl  1")
        link_members(session, parent, child, when=WHEN)

    def test_nobody_is_in_two_households(self, family: Family):
        one, other, child = family.join(0, 0, 0)
        link_members(family.session, one, child, when=WHEN)

        with refused("linked-already"):
            link_members(family.session, other, child, when=WHEN)
        with refused("linked-already"):
            link_members(family.session, other, one, when=WHEN)
        with refused("household-not-main"):
            link_members(family.session, child, other, when=WHEN)

    def test_nor_across_clubs_with_oneself_or_where_the_programme_says_nothing(self, family: Family):
        session, (one, child) = family.session, family.join(0, 0)
        silver = a_club(session, "SILVER")
        there = a_membership(session, family.customer(child), silver).membership_id

        with refused("other-club"):
            link_members(session, one, there, when=WHEN)
        with refused("same-membership"):
            link_members(session, one, one, when=WHEN)
        elsewhere = a_membership(session, family.customer(one), silver).membership_id
        with refused("no-households"):
            link_members(session, elsewhere, there, when=WHEN)

    def test_nor_a_membership_that_has_run_out(self, family: Family):
        one, child = family.join(0, 0)
        with refused("membership-not-valid"):
            link_members(family.session, one, child, when=later(800))


class TestLeaving:
    @pytest.mark.parametrize(
        ("leaver", "left", "taken"), [("nothing", 97, 0), ("equal_share", 49, 48), ("own_earned", 60, 37)]
    )
    def test_a_leaver_takes_along_what_the_programme_says(self, session: Session, leaver: str, left: int, taken: int):
        family = a_family(session, leaver=leaver, expires=True)
        parent, child = family.join(40, 12)
        link_members(session, parent, child, when=WHEN)
        family.buys(parent, 20_00)
        family.buys(child, 25_00)

        share = leave(session, child, when=WHEN)

        assert share.points == taken
        assert (family.balance(parent), family.balance(child)) == (left, taken)
        assert faults(session) == []

    def test_who_made_the_debt_takes_it_along_with_what_is_theirs(self, session: Session):
        family = a_family(session, leaver="own_earned")
        parent, child = family.join(0, 0)
        link_members(session, parent, child, when=WHEN)
        sold = family.buys(child, 30_00)
        family.buys(child, 20_00, points=30)
        family.returns(sold)
        owed = -family.balance(parent)
        assert owed > 0

        leave(session, child, when=WHEN)

        assert (family.balance(parent), family.balance(child)) == (0, -owed)
        assert faults(session) == []

    def test_the_main_member_leaves_once_another_one_leads(self, family: Family):
        parent, child, other = family.join(10, 20, 30)
        link_members(family.session, parent, child, when=WHEN)
        link_members(family.session, parent, other, when=WHEN)

        with refused("household-main"):
            leave(family.session, parent, when=WHEN)
        lead(family.session, child, when=later(1))
        assert family.balance(other) == family.balance(parent) == family.balance(child) == 60
        leave(family.session, parent, when=later(2))

        assert (family.balance(parent), family.balance(child), family.balance(other)) == (0, 60, 60)
        assert faults(family.session) == []


class TestReturns:
    def test_goods_of_before_the_link_take_their_points_from_the_shared_account(self, family: Family):
        parent, child = family.join(10, 0)
        sold = family.buys(child, 20_00)
        link_members(family.session, parent, child, when=WHEN)

        family.returns(sold)

        assert family.balance(parent) == 10
        assert faults(family.session) == []

    def test_points_that_paid_before_the_link_come_back_to_the_shared_account(self, family: Family):
        parent, child = family.join(0, 50)
        sold = family.buys(child, 10_00, points=40)
        link_members(family.session, parent, child, when=WHEN)

        family.returns(sold, 5_000)
        family.returns(sold)

        assert family.balance(parent) == 50
        assert faults(family.session) == []

    @pytest.mark.parametrize(("leaver", "left", "own"), [("nothing", 10, 0), ("own_earned", 10, 0)])
    def test_what_a_leaver_brings_back_is_settled_by_whoever_has_its_points(
        self, session: Session, leaver: str, left: int, own: int
    ):
        family = a_family(session, leaver=leaver)
        parent, child = family.join(10, 0)
        before = family.buys(child, 7_00)
        link_members(session, parent, child, when=WHEN)
        sold = family.buys(child, 20_00)
        family.returns(sold, 5_000)
        leave(session, child, when=WHEN)

        family.returns(sold)
        family.returns(before)

        assert (family.balance(parent), family.balance(child)) == (left, own)
        assert faults(session) == []

    def test_neither_another_main_member_nor_a_second_link_loses_the_way(self, session: Session):
        family = a_family(session, leaver="own_earned")
        parent, child, other = family.join(10, 0, 0)
        link_members(session, parent, child, when=WHEN)
        link_members(session, parent, other, when=WHEN)
        one, two = family.buys(child, 20_00), family.buys(other, 30_00)
        lead(session, child, when=WHEN)
        leave(session, other, when=WHEN)
        assert family.balance(other) == 30

        family.returns(two, 10_000)
        link_members(session, child, other, when=WHEN)
        family.returns(one)
        family.returns(two)

        assert family.balance(other) == 10
        assert faults(session) == []


class TestMergedAndEnded:
    def test_a_member_who_becomes_another_customer_stays_in_the_household(self, family: Family):
        session, (parent, child, twin) = family.session, family.join(10, 20, 30)
        link_members(session, parent, child, when=WHEN)

        merge_customers(
            session, family.customer(twin), family.customer(child), take=(), today=TODAY, now=NOW, by=SYSTEM
        )

        there = queries.places_of(session, _household(session, parent))
        assert {each.membership_id for each in there} == {parent, twin}
        assert family.balance(parent) == family.balance(twin) == 60
        assert faults(session) == []

    def test_a_main_member_who_becomes_another_customer_leads_until_parted(self, family: Family):
        session, (parent, child, twin) = family.session, family.join(10, 20, 30)
        link_members(session, parent, child, when=WHEN)

        merge_id = merge_customers(
            session, family.customer(twin), family.customer(parent), take=(), today=TODAY, now=NOW, by=SYSTEM
        )
        assert [each.membership_id for each in queries.places_of(session, _household(session, twin))] == [twin, child]
        family.buys(child, 5_00)
        undo_merge(session, merge_id, today=TODAY, now=NOW, by=SYSTEM)
        family.buys(child, 5_00)

        assert [each.membership_id for each in queries.places_of(session, _household(session, parent))] == [
            parent,
            child,
        ]
        assert [family.balance(each) for each in (parent, child, twin)] == [40, 40, 30]
        assert faults(session) == []

    def test_an_ended_membership_has_left_and_the_main_one_is_not_ended_while_others_share(self, family: Family):
        session, (parent, child) = family.session, family.join(10, 20)
        link_members(session, parent, child, when=WHEN)
        said = {"on": TODAY, "reason": "", "today": TODAY, "now": NOW, "by": SYSTEM}

        with refused("household-main"):
            end_membership(session, parent, points_lost=0, **said)
        end_membership(session, child, points_lost=0, **said)

        assert queries.place_of(session, child) is None
        assert family.balance(parent) == 30
        assert faults(session) == []

    def test_an_erased_customer_leaves_with_nothing_and_a_main_member_is_not_erased_while_others_share(
        self, family: Family
    ):
        session, (parent, child) = family.session, family.join(10, 20)
        link_members(session, parent, child, when=WHEN)

        with refused("erasure-refused"):
            erase_customer(session, family.customer(parent), points=30, today=TODAY, now=NOW, by=SYSTEM)
        gone = family.customer(child)
        erase_customer(session, gone, points=0, today=TODAY, now=NOW, by=SYSTEM)

        assert queries.place_of(session, child) is None
        assert family.balance(parent) == 30
        assert faults(session) == []


def _household(session: Session, membership_id: int) -> int:
    place = queries.place_of(session, membership_id)
    assert place is not None
    return place.household_id


class TestTheTables:
    def test_refuse_a_second_household_a_second_main_member_and_none(self, family: Family):
        session, (parent, child, other) = family.session, family.join(0, 0, 0)
        household = link_members(session, parent, child, when=WHEN)

        def place(**said: object) -> None:
            row = session.execute(sa.select(HouseholdPlace.__table__).limit(1)).mappings().one()
            with session.begin_nested():
                session.execute(sa.insert(HouseholdPlace).values({**row, **said}))

        with pytest.raises(IntegrityError, match="one_household"):
            place(place_no=9, is_main=False)
        with pytest.raises(IntegrityError, match="one_main"):
            place(place_no=9, customer_id=family.customer(other), membership_id=other)
        session.execute(sa.update(HouseholdPlace).where(HouseholdPlace.household_id == household).values(is_main=False))
        with pytest.raises(IntegrityError, match="no main member"):
            session.execute(sa.text("SET CONSTRAINTS ALL IMMEDIATE"))


class TestRedeeming:
    def test_all_use_the_points_where_the_programme_lets_all(self, session: Session):
        family = a_family(session)
        parent, child = family.join(50, 0)
        link_members(session, parent, child, when=WHEN)

        family.buys(child, 10_00, points=40)

        assert family.balance(parent) == 10 + 8

    def test_only_the_main_member_does_where_it_says_so(self, session: Session):
        family = a_family(session, redeems="main")
        parent, child = family.join(50, 0)
        link_members(session, parent, child, when=WHEN)

        with refused("points-not-theirs"):
            family.buys(child, 10_00, points=40)
        family.buys(parent, 10_00, points=40)

    def test_the_main_member_names_who_does_where_it_is_left_to_them(self, session: Session):
        family = a_family(session, redeems="named")
        parent, child = family.join(50, 0)
        link_members(session, parent, child, when=WHEN)
        with refused("points-not-theirs"):
            family.buys(child, 10_00, points=40)

        let_redeem(session, child, True, when=WHEN)
        family.buys(child, 10_00, points=40)
        let_redeem(session, child, False, when=WHEN)

        with refused("points-not-theirs"):
            family.buys(child, 1_00, points=2)

    def test_nobody_names_any_where_the_programme_itself_says_who(self, session: Session):
        family = a_family(session)
        parent, child = family.join(0, 0)
        link_members(session, parent, child, when=WHEN)

        with refused("household-redeemers"):
            let_redeem(session, child, True, when=WHEN)

    def test_who_has_left_uses_what_is_theirs_again(self, session: Session):
        family = a_family(session, redeems="main", leaver="equal_share")
        parent, child = family.join(50, 0)
        link_members(session, parent, child, when=WHEN)
        leave(session, child, when=WHEN)

        family.buys(child, 10_00, points=25)

        assert family.balance(child) == 8
