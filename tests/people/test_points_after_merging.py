# REQ C-08 P-08 P-17: what belongs to a receipt from before a merge is settled with whoever holds its points by now
import datetime as dt
import itertools
import random
from collections import Counter
from dataclasses import dataclass, field, replace

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, restore_membership
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.models import Membership
from erp_club.clubs.rules import EarnedTerms, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.errors import Conflict
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.models import PointsAccount
from erp_club.points.rules import Expiry, ExpiryKind
from erp_club.points.sets.commands import freeze_accounts
from erp_club.purchases.commands import post_sale
from erp_club.purchases.posting.commands import write_sale
from erp_club.purchases.returns.commands import Asked, Returned, return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.receipts.kinds import ReturnKind
from tests.make.clubs import a_club, a_membership
from tests.make.customers import a_person
from tests.make.levels import a_club_with_levels, a_member, buys
from tests.make.purchases import Till, a_line, a_place, a_product, a_sale, a_till

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
TODAY = NOW.date()
ALL = Asked(Wish())


@dataclass
class Shop:
    """A till, a product, and a club of which customers are members."""

    session: Session
    till: Till
    milk: int
    club: int
    numbers: "itertools.count[int]" = field(default_factory=lambda: itertools.count(1))

    def member(self) -> int:
        customer = a_person(self.session)
        a_membership(self.session, customer, self.club, joined_on=dt.date(2026, 1, 1))
        return customer

    def sale(self, customer: int, points: int) -> int:
        """A sale that earns so many points: its receipt."""
        line = a_line(self.milk, points * 10_00)
        sale = a_sale(self.till, line, customer_id=customer, receipt_no=f"R-{next(self.numbers)}")
        return post_sale(self.session, sale, now=NOW, by=self.till.by).receipt_id

    def use(self, customer: int, receipt: int, points: int) -> None:
        """Points pay a part of a receipt."""
        cause = Cause(MovementKind.REDEEMED, TODAY, NOW, SYSTEM, customer_id=customer, receipt_id=receipt)
        redeem_points(self.session, account(self.session, customer), points, cause=cause)

    def back(self, receipt: int, asked: Asked = ALL) -> Returned:
        return return_goods(self.session, receipt, asked, a_place(self.session, self.till), currency="ILS")

    def membership(self, customer: int) -> int:
        return self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer)).one()

    def merge(self, survivor: int, merged: int) -> int:
        return merge_customers(self.session, survivor, merged, take=(), today=TODAY, now=NOW, by=SYSTEM)

    def part(self, merge_id: int) -> None:
        undo_merge(self.session, merge_id, today=TODAY, now=NOW, by=SYSTEM)

    def balances(self) -> dict[int, int]:
        """What each customer with a membership has; an account that nobody leads to has nothing."""
        rows = self.session.execute(
            sa.select(Membership.customer_id, PointsAccount.balance, PointsAccount.heir_id)
            .join(PointsAccount, PointsAccount.id == Membership.points_account_id)
            .where(Membership.customer_id == Membership.points_holder_id)
        ).all()
        assert all(row.heir_id is None for row in rows)
        assert sum(self.session.scalars(sa.select(PointsAccount.balance)).all()) == sum(row.balance for row in rows)
        return {row.customer_id: row.balance for row in rows}


def account(session: Session, customer: int) -> Account:
    row = session.execute(
        sa.select(Membership.points_account_id, Membership.points_holder_id).where(Membership.customer_id == customer)
    ).one()
    return Account(*row)


@pytest.fixture
def shop(session: Session) -> Shop:
    return Shop(session, a_till(session), a_product(session, price_minor=100_00), a_club(session))


@pytest.mark.parametrize("bought", ["survivor", "merged"])
def test_whoever_bought_last_starts_the_clock_of_all_points_that_came_together(shop: Shop, bought: str):  # REQ P-09
    rules = RulesDocument(terms=EarnedTerms(expiry=Expiry(ExpiryKind.INACTIVITY, months=6)))
    add_rules(shop.session, shop.club, rules, effective_from=dt.date(2026, 1, 1), now=NOW, by=SYSTEM)
    merged, survivor = shop.member(), shop.member()
    latest = merged if bought == "merged" else survivor
    for customer in (merged, survivor):
        at = NOW if customer == latest else NOW - dt.timedelta(days=150)
        sale = a_sale(
            shop.till, a_line(shop.milk, 100_00), customer_id=customer, receipt_no=f"C-{customer}", sold_at=at
        )
        post_sale(shop.session, sale, now=at, by=shop.till.by)
    merge_id = shop.merge(survivor, merged)
    assert idle_last_days(shop, survivor) == [dt.date(2027, 5, 22)]
    shop.part(merge_id)
    assert idle_last_days(shop, survivor, merged) == [dt.date(2027, 5, 22)] * 2
    assert wrong_rows(shop.session) == []


def test_what_was_idle_for_too_long_before_the_merge_is_not_given_back_by_it(shop: Shop):  # REQ P-09 J-01
    rules = RulesDocument(terms=EarnedTerms(expiry=Expiry(ExpiryKind.INACTIVITY, months=6)))
    add_rules(shop.session, shop.club, rules, effective_from=dt.date(2026, 1, 1), now=NOW, by=SYSTEM)
    merged, survivor = shop.member(), shop.member()
    shop.sale(merged, 10)
    shop.sale(survivor, 7)
    idle = sa.update(PointsAccount).where(PointsAccount.customer_id == merged)
    shop.session.execute(idle.values(idle_last_day=TODAY - dt.timedelta(days=1)))
    merge_id = shop.merge(survivor, merged)
    assert shop.balances()[survivor] == 7
    shop.part(merge_id)
    assert shop.balances() == {merged: 0, survivor: 7}
    assert wrong_rows(shop.session) == []


def idle_last_days(shop: Shop, *customers: int) -> list[dt.date | None]:
    accounts = [account(shop.session, each).id for each in customers]
    return list(shop.session.scalars(sa.select(PointsAccount.idle_last_day).where(PointsAccount.id.in_(accounts))))


@pytest.mark.parametrize("waits", [True, False])
def test_frozen_points_and_those_that_wait_for_their_day_part_again_too(shop: Shop, waits: bool):
    merged, survivor = shop.member(), shop.member()
    if waits:
        rules = RulesDocument(terms=EarnedTerms(available_after_days=30))
        add_rules(shop.session, shop.club, rules, effective_from=TODAY, now=NOW, by=SYSTEM)
    shop.sale(merged, 10)
    shop.sale(survivor, 7)
    if not waits:
        accounts = [account(shop.session, each) for each in (merged, survivor)]
        freeze_accounts(shop.session, [(each.holder_id, each.id) for each in accounts], until=dt.date(2027, 5, 1))
    merge_id = shop.merge(survivor, merged)
    assert shop.balances()[survivor] == 17
    shop.part(merge_id)
    assert shop.balances() == {merged: 10, survivor: 7}
    assert wrong_rows(shop.session) == []


def test_what_has_expired_meanwhile_isn_t_made_up_for_by_the_survivors_own(shop: Shop):
    rules = RulesDocument(terms=EarnedTerms(expiry=Expiry(ExpiryKind.MONTHS, months=1)))
    add_rules(shop.session, shop.club, rules, effective_from=TODAY, now=NOW, by=SYSTEM)
    merged, survivor = shop.member(), shop.member()
    shop.sale(merged, 10)
    add_rules(shop.session, shop.club, RulesDocument(), effective_from=TODAY, now=NOW, by=SYSTEM)
    shop.sale(survivor, 7)
    merge_id = shop.merge(survivor, merged)
    later = TODAY + dt.timedelta(days=60)
    undo_merge(shop.session, merge_id, today=later, now=NOW, by=SYSTEM)
    assert shop.balances() == {merged: 0, survivor: 17}, "of which 7 can be used"
    assert wrong_rows(shop.session) == []


@pytest.mark.parametrize("both", [True, False])
@pytest.mark.parametrize("kind", [ReturnKind.RETURN, ReturnKind.CANCELLATION])
def test_a_return_takes_the_points_from_the_one_who_is_left_and_makes_no_debt(shop: Shop, both: bool, kind: ReturnKind):
    merged, survivor = shop.member(), shop.member() if both else a_person(shop.session)
    receipt = shop.sale(merged, 10)
    if both:
        shop.sale(survivor, 7)
    merge_id = shop.merge(survivor, merged)
    done = shop.back(receipt, replace(ALL, kind=kind))
    assert [(each.taken, each.owed) for each in done.points] == [(10, 0)]
    assert shop.balances()[survivor] == (7 if both else 0)
    shop.part(merge_id)
    assert sum(shop.balances().values()) == (7 if both else 0)
    assert shop.session.scalar(sa.select(sa.func.sum(PointsAccount.debt))) == 0
    assert wrong_rows(shop.session) == []


@pytest.mark.parametrize("both", [True, False])
def test_after_the_undoing_a_return_takes_them_from_whoever_holds_them_by_the_rule(shop: Shop, both: bool):
    merged, survivor = shop.member(), shop.member() if both else a_person(shop.session)
    before = shop.sale(merged, 10)
    merge_id = shop.merge(survivor, merged)
    meanwhile = shop.sale(survivor, 5)
    shop.part(merge_id)
    shop.back(before)
    # A membership that came over whole went back with what was earned meanwhile; else the survivor keeps that.
    assert shop.balances() == ({survivor: 5, merged: 0} if both else {merged: 5})
    shop.back(meanwhile)
    assert set(shop.balances().values()) == {0}
    assert wrong_rows(shop.session) == []


@pytest.mark.parametrize("first", ["survivor", "merged"])
def test_an_ending_that_took_the_points_of_both_is_undone_by_each_with_their_own(shop: Shop, first: str):
    survivor, merged = shop.member(), shop.member()
    shop.sale(survivor, 7)
    shop.sale(merged, 10)
    merge_id = shop.merge(survivor, merged)
    earned_since = shop.sale(survivor, 3)
    hour = dt.timedelta(hours=1)
    end_membership(
        shop.session, shop.membership(survivor), on=TODAY, points_lost=20, reason="", today=TODAY, now=NOW + hour,
        by=SYSTEM,
    )  # fmt: skip
    undo_merge(shop.session, merge_id, today=TODAY, now=NOW + 2 * hour, by=SYSTEM)
    assert shop.balances() == {survivor: 0, merged: 0}
    assert wrong_rows(shop.session) == []
    own = {survivor: 10, merged: 10}
    order = (survivor, merged) if first == "survivor" else (merged, survivor)
    for customer, other in zip(order, reversed(order), strict=True):
        restore_membership(shop.session, shop.membership(customer), today=TODAY, now=NOW + 3 * hour, by=SYSTEM)
        assert shop.balances()[customer] == own[customer], "whatever the other one does"
        assert shop.balances()[other] == (own[other] if customer == order[1] else 0)
    shop.back(earned_since)
    assert shop.balances() == {survivor: 7, merged: 10}
    assert wrong_rows(shop.session) == []


def test_points_that_were_used_come_back_to_the_one_who_is_left_each_once(shop: Shop):
    merged, survivor = shop.member(), shop.member()
    shop.sale(merged, 50)
    receipt = shop.sale(merged, 2)
    shop.use(merged, receipt, 30)
    shop.merge(survivor, merged)
    assert shop.balances()[survivor] == 22
    shop.back(receipt)
    assert shop.balances()[survivor] == 50
    with pytest.raises(Conflict, match="returned already"):
        shop.back(receipt)
    assert wrong_rows(shop.session) == []


def test_a_chain_of_merges_leads_a_return_to_the_last_one(shop: Shop):
    first, second, third = shop.member(), shop.member(), shop.member()
    receipt = shop.sale(first, 10)
    shop.merge(second, first)
    shop.merge(third, second)
    shop.back(receipt)
    assert shop.balances()[third] == 0
    assert wrong_rows(shop.session) == []


def test_a_sale_that_was_priced_before_the_merge_gives_no_points_to_the_empty_account(shop: Shop):
    merged, survivor = shop.member(), shop.member()
    found = earning_memberships(shop.session, merged, on=TODAY)
    shop.merge(survivor, merged)
    sale = a_sale(shop.till, a_line(shop.milk, 100_00), customer_id=merged)
    with pytest.raises(Conflict, match="Identify the customer again"), shop.session.begin_nested():
        write_sale(shop.session.connection(), sale, [(found[0], 10)], now=NOW, by=SYSTEM)
    assert sum(shop.balances().values()) == 0


def test_a_level_counts_what_both_have_bought_and_falls_with_what_comes_back(session: Session):
    till, club = a_till(session), a_club_with_levels(session)
    survivor, membership = a_member(session, club, "100001")
    merged, _ = a_member(session, club, "100002")
    a_product(session, "X", price_minor=300_00)
    mine = buys(session, till, survivor, 300_00).posted.receipt_id
    buys(session, till, merged, 250_00)
    shop = Shop(session, till, 0, club)

    def level() -> str | None:
        asked = sa.text("SELECT level FROM membership_levels WHERE membership_id = :id")
        return session.scalar(asked, {"id": membership})

    assert level() == "bronze"
    merge_id = shop.merge(survivor, merged)
    assert level() == "silver"
    shop.part(merge_id)
    assert level() == "bronze"
    shop.merge(survivor, merged)
    shop.back(mine)
    assert level() == "bronze"


@dataclass
class Books:
    """What the rules say that each account holds, in the plainest words: accounts have names, and heirs."""

    held: Counter[str] = field(default_factory=Counter[str])
    heirs: dict[str, str] = field(default_factory=dict[str, str])

    def heir(self, name: str) -> str:
        while name in self.heirs:
            name = self.heirs[name]
        return name

    def merged(self, source: str, target: str) -> int:
        points, self.held[source] = self.held[source], 0
        self.held[target] += points
        self.heirs[source] = target
        return points

    def parted(self, source: str, target: str, points: int, *, whole: bool) -> None:
        del self.heirs[source]
        back = self.held[target] if whole else min(max(points, 0), max(self.held[target], 0))
        self.held[target] -= back
        self.held[source] += back
        if whole:
            self.heirs[target] = source


@pytest.mark.parametrize("seed", range(6))
def test_whatever_is_done_in_whatever_order_no_point_is_lost_or_made(shop: Shop, seed: int):
    rng, session, books = random.Random(seed), shop.session, Books()
    people = [shop.member(), shop.member(), a_person(session)]
    of = {person: f"own-{person}" for person in people[:2]}
    living = set(people)
    receipts: list[tuple[int, str, int, int]] = []  # receipt, the account that it moved, earned, used
    merges: list[tuple[int, int, int, str | None, str | None, int, bool]] = []
    for step in range(30):
        members = sorted(living & of.keys())
        deed = rng.choice(("sell", "sell", "use", "back", "back", "merge", "part"))
        if deed in {"sell", "use"} and members:
            who = rng.choice(members)
            name, points = of[who], rng.randrange(1, 9)
            used = rng.randrange(0, max(books.held[name], 0) + 1) if deed == "use" else 0
            receipt = shop.sale(who, points)
            if used:
                shop.use(who, receipt, used)
            books.held[name] += points - used
            receipts.append((receipt, name, points, used))
        elif deed == "back" and receipts:
            receipt, name, points, used = receipts.pop(rng.randrange(len(receipts)))
            shop.back(receipt)
            books.held[books.heir(name)] += used - points
        elif deed == "merge" and len(living) > 1:
            survivor, merged = rng.sample(sorted(living), 2)
            merge_id, whole = shop.merge(survivor, merged), survivor not in of
            source, target, points = of.get(merged), of.get(survivor), 0
            if source is not None:
                target = target or f"merged-{step}"
                points = books.merged(source, target)
                of[survivor] = target
            living.remove(merged)
            merges.append((merge_id, survivor, merged, source, target, points, whole))
        elif deed == "part" and merges and merges[-1][1] in living:
            merge_id, survivor, merged, source, target, points, whole = merges.pop()
            shop.part(merge_id)
            living.add(merged)
            if source is not None and target is not None:
                books.parted(source, target, points, whole=whole)
                of[merged] = source
                if whole:
                    del of[survivor]
        session.expire_all()
        told = shop.balances()
        assert {who: told[who] for who in living & of.keys()} == {
            who: books.held[of[who]] for who in living & of.keys()
        }
    assert wrong_rows(session) == []
