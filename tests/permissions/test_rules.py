"""Whether somebody may do something, and which rule says so."""

# REQ A-01
import pytest

from erp_club.permissions.catalog import GRANTS, Permission, Role, Scope
from erp_club.permissions.rules import (
    Asked,
    Decision,
    Grant,
    Held,
    Limits,
    Outcome,
    Rule,
    by_pin,
    covers,
    covers_all,
    decide,
    delivered,
    whole,
)

REDEEM, ADJUST, RECEIPTS = Permission.POINTS_REDEEM, Permission.POINTS_ADJUST, Permission.PURCHASES_VIEW
HAIFA, EILAT, GOLD, SILVER = 7, 8, 1, 2


def holding(action: Permission, *grants: Grant, cap: Limits | None = None) -> Held:
    return Held({action: grants}, {} if cap is None else {action: cap})


def test_what_nobody_granted_is_refused():
    assert decide(Held(), REDEEM) == Decision(Outcome.REFUSED, Rule.NO_GRANT)
    assert decide(holding(ADJUST, Grant()), REDEEM).rule is Rule.NO_GRANT


def test_a_grant_for_the_chain_reaches_every_store_and_club():
    held = holding(REDEEM, Grant())
    assert decide(held, REDEEM, Asked(store_id=EILAT, club_id=GOLD), store_id=HAIFA).outcome is Outcome.ALLOWED


def test_a_grant_for_ones_store_ends_at_its_door():
    held = holding(RECEIPTS, Grant(Scope.STORE))
    assert decide(held, RECEIPTS, Asked(store_id=HAIFA), store_id=HAIFA).outcome is Outcome.ALLOWED
    assert decide(held, RECEIPTS, Asked(store_id=EILAT), store_id=HAIFA).rule is Rule.OTHER_STORE
    assert decide(held, RECEIPTS, Asked(store_id=EILAT), store_id=None).rule is Rule.OTHER_STORE


def test_grants_for_two_clubs_reach_these_two():
    held = holding(ADJUST, Grant(Scope.CLUB, GOLD), Grant(Scope.CLUB, SILVER))
    assert decide(held, ADJUST, Asked(club_id=SILVER)).outcome is Outcome.ALLOWED
    assert decide(held, ADJUST, Asked(club_id=3)) == Decision(Outcome.REFUSED, Rule.OTHER_CLUB)


def test_a_grant_for_ones_own_work_ends_there():
    held = holding(RECEIPTS, Grant(Scope.SELF))
    assert decide(held, RECEIPTS, Asked(own=True)).outcome is Outcome.ALLOWED
    assert decide(held, RECEIPTS, Asked(own=False)).rule is Rule.NOT_OWN


def test_where_the_object_is_not_known_yet_the_question_stays_open():
    assert decide(holding(RECEIPTS, Grant(Scope.STORE)), RECEIPTS).outcome is Outcome.ALLOWED


@pytest.mark.parametrize(
    ("amount", "used", "decision"),
    [
        (200, 0, Decision(Outcome.ALLOWED, Rule.GRANTED)),
        (201, 0, Decision(Outcome.APPROVAL, Rule.PER_SALE, 200)),
        (200, 300, Decision(Outcome.ALLOWED, Rule.GRANTED)),
        (200, 301, Decision(Outcome.APPROVAL, Rule.PER_DAY, 500)),
        (900, 0, Decision(Outcome.APPROVAL, Rule.PER_SALE, 200)),
        (1001, 0, Decision(Outcome.REFUSED, Rule.CAP_PER_SALE, 1000)),
    ],
)
def test_limits_are_included_and_beyond_a_cap_nobody_may(amount: int, used: int, decision: Decision):
    held = holding(REDEEM, Grant(limits=Limits(200, 500)), cap=Limits(1000))
    assert decide(held, REDEEM, Asked(amount=amount, used_today=used)) == decision


def test_the_cap_of_a_day_and_of_a_discount_stand_above_every_role():
    held = holding(REDEEM, Grant(), cap=Limits(per_day=100, percent_bp=2000))
    assert decide(held, REDEEM, Asked(amount=1, used_today=100)) == Decision(Outcome.REFUSED, Rule.CAP_PER_DAY, 100)
    assert decide(held, REDEEM, Asked(percent_bp=2001)) == Decision(Outcome.REFUSED, Rule.CAP_DISCOUNT, 2000)
    assert decide(held, REDEEM, Asked(percent_bp=2000)).outcome is Outcome.ALLOWED


def test_a_discount_beyond_the_roles_greatest_needs_approval():
    held = holding(REDEEM, Grant(limits=Limits(percent_bp=1000)))
    assert decide(held, REDEEM, Asked(percent_bp=1001)) == Decision(Outcome.APPROVAL, Rule.DISCOUNT, 1000)


def test_a_grant_may_ask_for_approval_every_time():
    held = holding(ADJUST, Grant(approval=True))
    assert decide(held, ADJUST, Asked(amount=1)) == Decision(Outcome.APPROVAL, Rule.EVERY_TIME)


def test_of_several_grants_the_one_that_allows_most_counts():
    held = holding(ADJUST, Grant(Scope.CLUB, GOLD, Limits(10)), Grant(Scope.STORE, limits=Limits(100)))
    asked = Asked(store_id=HAIFA, club_id=GOLD, amount=50)
    assert decide(held, ADJUST, asked, store_id=HAIFA).outcome is Outcome.ALLOWED
    assert decide(held, ADJUST, asked, store_id=EILAT) == Decision(Outcome.APPROVAL, Rule.PER_SALE, 10)


@pytest.mark.parametrize(
    ("theirs", "given"),
    [
        (Grant(limits=Limits(100)), True),
        (Grant(Scope.STORE, limits=Limits(50)), True),
        (Grant(Scope.STORE, limits=Limits(50), approval=True), True),
        (Grant(limits=Limits(101)), False),
        (Grant(), False),
    ],
)
def test_nobody_gives_more_than_they_hold(theirs: Grant, given: bool):
    assert covers(holding(ADJUST, Grant(limits=Limits(100))), ADJUST, theirs) is given


@pytest.mark.parametrize("scope", [Scope.CHAIN, Scope.SELF])
def test_who_holds_it_in_one_store_gives_it_no_further(scope: Scope):
    assert not covers(holding(RECEIPTS, Grant(Scope.STORE)), RECEIPTS, Grant(scope))


def test_what_somebody_holds_in_one_store_they_give_in_that_store_only():
    mine, theirs = holding(RECEIPTS, Grant(Scope.STORE)), Grant(Scope.STORE)
    assert covers(mine, RECEIPTS, theirs, same_store=True)
    assert not covers(mine, RECEIPTS, theirs)


def test_who_needs_approval_gives_it_on_with_approval_only():
    mine = holding(ADJUST, Grant(approval=True))
    assert covers(mine, ADJUST, Grant(approval=True))
    assert not covers(mine, ADJUST, Grant())


def test_a_role_covers_those_below_it():
    assert covers_all(delivered(Role.HQ), delivered(Role.MANAGER))
    assert not covers_all(delivered(Role.CASHIER), delivered(Role.MANAGER))


@pytest.mark.parametrize("role", Role)
def test_the_roles_that_come_with_the_product_hold_what_the_catalogue_says(role: Role):
    held = delivered(role)
    assert set(held.grants) == GRANTS[role]
    limited = {action: grant for action, (grant,) in held.grants.items() if grant != Grant()}
    said = {
        Role.HQ: {},
        Role.MANAGER: {ADJUST: Grant(limits=Limits(500)), Permission.APPROVALS_GIVE: Grant(Scope.STORE)},
        Role.CASHIER: {Permission.STORED_VALUE_LOAD: Grant(limits=Limits(500_00))},
    }
    assert limited == said[role]


def test_a_pin_takes_limits_along():
    assert by_pin(delivered(Role.MANAGER)).grants[ADJUST] == (Grant(limits=Limits(500)),)


def test_every_action_says_what_it_lets_somebody_do():
    wordless = [each for each in Permission if not each.sentence.endswith(".")]
    assert not wordless, f"Write a sentence in the catalogue for {wordless}"
    assert len({each.sentence for each in Permission}) == len(Permission)


def test_the_system_holds_everything():
    assert all(decide(whole(Permission), each).outcome is Outcome.ALLOWED for each in Permission)
