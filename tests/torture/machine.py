"""A rule machine over the domain of points: whatever is done in whatever order, the ledger follows from what happened.

`python -m tests.torture.machine STEPS` runs the long version.
"""

import datetime as dt
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar

import sqlalchemy as sa
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from sqlalchemy.orm import Session

from erp_club.clubs.adjustments.commands import adjust_by_hand, undo_adjustment
from erp_club.clubs.breaks.commands import end_membership, loss_of, restore_membership
from erp_club.clubs.commands import renew_membership
from erp_club.clubs.households import commands as households
from erp_club.clubs.rules import EarnedTerms, RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.jobs.declared import Job, Run
from erp_club.jobs.memberships import MEMBERSHIPS_LAPSE
from erp_club.jobs.points import POINTS_EXPIRE
from erp_club.kernel.errors import Refused
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import transfer_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.models import PointsAccount
from erp_club.points.rules import Conversion, Expiry, ExpiryKind, Fate, FatePolicy
from erp_club.points.verify.queries import faults
from erp_club.purchases.asked import Asked, Place, PointsPayment
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.returns import commands as returns
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.offers import points_that_pay
from tests.make.purchases import NOW, Till, a_place, a_product, a_till
from tests.torture.fees import FeeRules, a_club_with_fees, wrong_fees
from tests.torture.own import own_database

SKU, PRICE_MINOR = "7290000000017", 30_00
BEGIN = 100
"""Points that each member has to begin with."""
LOOK_EVERY = 10
"""So many steps go by until the whole ledger is derived again."""
STEPS = 100
"""Of one run; Hypothesis begins again as often as it takes."""
CLUBS: dict[str, RulesDocument] = {
    "GOLD": RulesDocument(
        terms=EarnedTerms(expiry=Expiry(ExpiryKind.MONTHS, months=2)), lapsed=FatePolicy(Fate.FREEZE, 2)
    ),
    "GREEN": RulesDocument(
        terms=EarnedTerms(available_after_days=5, expiry=Expiry(ExpiryKind.INACTIVITY, months=1)),
        lapsed=FatePolicy(Fate.DROP),
    ),
    "SILVER": RulesDocument(
        terms=EarnedTerms(expiry=Expiry(ExpiryKind.NEVER)),
        lapsed=FatePolicy(Fate.CONVERT, conversion=Conversion(10, to_minor=50)),
    ),
}
"""Points end two months after earning and freeze with the membership; they want purchases; they become a gift card."""


@dataclass(frozen=True)
class Member:
    """A membership, and where its points are."""

    customer_id: int
    membership_id: int
    account_id: int
    club: str


@dataclass
class World:
    """A shop with two members of three clubs, each with some points, before anything has happened."""

    session: Session
    till: Till
    members: list[Member]
    milk_id: int
    fee_club_id: int
    run_ids: Iterator[int] = field(default_factory=lambda: iter(range(1, 10**9)))


def a_world(session: Session) -> World:
    """The shop."""
    till = a_till(session)
    milk_id = a_product(session, SKU, price_minor=PRICE_MINOR)
    customers = [a_customer(session, number) for number in ("100001", "100002")]
    members: list[Member] = []
    for code, rules in CLUBS.items():
        club_id = a_club(session, code)
        session.execute(
            sa.text("UPDATE clubs SET earn_points = 7, earn_per_minor = 1000 WHERE id = :c"), {"c": club_id}
        )
        add_rules(session, club_id, rules, effective_from=NOW.date(), now=NOW, by=SYSTEM)
        points_that_pay(session, f"PAY-{code}", club=code)
        for customer_id in customers:
            made = a_membership(session, customer_id, club_id, joined_on=NOW.date())
            members.append(Member(customer_id, made.membership_id, made.points_account_id, code))
            moved(session, customer_id, made.points_account_id, BEGIN, on=NOW.date())
    session.flush()
    return World(session, till, members, milk_id, a_club_with_fees(session))


which, club_no, amount = st.integers(0, 2 * len(CLUBS) - 1), st.integers(0, len(CLUBS) - 1), st.integers(1, 60)


class Machine(FeeRules, RuleBasedStateMachine):
    """What may be done with points, in any order; each run begins with the shop as it was."""

    world: ClassVar[World]

    def __init__(self) -> None:
        super().__init__()
        self.session = self.world.session
        self.fee_club_id, self.milk_id = self.world.fee_club_id, self.world.milk_id
        one, other = (each.customer_id for each in self.world.members[:2])
        self.customers = (one, other)
        self.start = self.session.begin_nested()
        self.now = NOW
        self.receipts: list[int] = []
        self.adjusted: list[tuple[int, int]] = []
        self.nights: list[tuple[Job, int]] = []
        self.merges: list[int] = []
        self.number = self.steps = 0

    def teardown(self) -> None:
        try:
            self.return_everything()
        finally:
            if self.start.is_active:
                self.start.rollback()
            self.session.expire_all()

    def attempt(self, work: Callable[[], Any]) -> Any:
        """What was done, or None where it is refused: then nothing of it may stay."""
        point = self.session.begin_nested()
        try:
            made = work()
        except Refused:
            point.rollback()
            return None
        point.commit()
        return made

    @property
    def today(self) -> dt.date:
        return self.place.local.date()

    @property
    def place(self) -> Place:
        return a_place(self.session, self.world.till, now=self.now)

    def cause(self, kind: MovementKind) -> Cause:
        return Cause(kind, self.today, self.now, SYSTEM)

    def work(self, job: Job, undo_of: int | None = None) -> int:
        """A run of a job, or what undoes it, in all its batches; its number."""
        run = Run(next(self.world.run_ids), job.name, self.today, {}, SYSTEM, self.now, undo_of=undo_of)
        batch, cursor = job.batch if undo_of is None else job.undo, None
        assert batch is not None
        while True:
            cursor = batch(self.session, run, cursor).after
            if cursor is None:
                return run.id

    @rule(days=st.sampled_from([1, 4, 8, 33, 70, 200]))
    def time_passes(self, days: int) -> None:
        self.now += dt.timedelta(days=days)

    @rule(of=which, quantity=st.integers(1, 6))
    def buy(self, of: int, quantity: int) -> None:
        self.sell(of, quantity, 0)

    @rule(of=which, points=st.sampled_from([1, 7, 20, 90]))
    def pay_with_points(self, of: int, points: int) -> None:
        self.sell(of, 3, points)

    def sell(self, of: int, quantity: int, points: int) -> None:
        member = self.world.members[of]
        self.number += 1
        paying = (PointsPayment(points, member.club),) if points else ()
        asked = Asked(((SKU, quantity * 1000),), Buyer(member.customer_id), points=paying)
        due = max(quantity * PRICE_MINOR - 5 * points, 0)
        payments = (Payment(Means.CARD, due),) if due else ()
        order = Order(f"M-{self.number}", asked, payments)
        sold = self.attempt(lambda: sell(self.session, order, self.place, currency="ILS"))
        if sold is not None:
            self.receipts.append(sold.posted.receipt_id)

    @rule(nth=st.integers(0, 200), quantity=st.integers(1, 3))
    def return_some(self, nth: int, quantity: int) -> None:
        if self.receipts:
            wish = Wish(((1, quantity * 1000),))
            self.give_back(self.receipts[nth % len(self.receipts)], wish)

    def give_back(self, receipt_id: int, wish: Wish) -> None:
        asked = returns.Asked(wish)
        self.attempt(lambda: returns.return_goods(self.session, receipt_id, asked, self.place, currency="ILS"))

    @rule(job=st.sampled_from([POINTS_EXPIRE, MEMBERSHIPS_LAPSE]))
    def the_night_works(self, job: Job) -> None:
        self.nights.append((job, self.work(job)))

    @rule(nth=st.integers(0, 3))
    def a_night_is_undone(self, nth: int) -> None:
        """Whatever was earned, spent, merged or linked since."""
        if self.nights:
            self.work(*self.nights.pop(-1 - nth % len(self.nights)))

    @rule(of=which)
    def renew(self, of: int) -> None:
        member = self.world.members[of].membership_id
        self.attempt(lambda: renew_membership(self.session, member, today=self.today, now=self.now, by=SYSTEM))

    @rule(of=which)
    def end(self, of: int) -> None:
        member, day = self.world.members[of].membership_id, self.today

        def work() -> None:
            lost = loss_of(self.session, member, on=day).points
            end_membership(
                self.session, member, on=day, points_lost=lost, reason="", today=day, now=self.now, by=SYSTEM
            )

        self.attempt(work)

    @rule(of=which)
    def undo_the_end(self, of: int) -> None:
        member = self.world.members[of].membership_id
        self.attempt(lambda: restore_membership(self.session, member, today=self.today, now=self.now, by=SYSTEM))

    @rule(of=which, points=st.integers(-60, 60).filter(bool))
    def change_by_hand(self, of: int, points: int) -> None:
        account, said = self.world.members[of].account_id, {"description": "Goodwill", "by": SYSTEM}
        made = self.attempt(
            lambda: adjust_by_hand(self.session, account, points, today=self.today, now=self.now, **said)
        )
        if made is not None:
            self.adjusted.append((account, made.seq))

    @rule()
    def undo_the_change(self) -> None:
        if self.adjusted:
            account, seq = self.adjusted.pop()
            said = {"description": "Undone", "by": SYSTEM}
            self.attempt(lambda: undo_adjustment(self.session, account, seq, today=self.today, now=self.now, **said))

    def pair_of(self, club: int, back: bool) -> tuple[int, int]:
        one, other = (each.membership_id for each in self.world.members[2 * club : 2 * club + 2])
        return (other, one) if back else (one, other)

    @rule(club=club_no, back=st.booleans())
    def link(self, club: int, back: bool) -> None:
        cause = self.cause(MovementKind.TRANSFERRED)
        self.attempt(
            lambda: households.link(
                self.session, *households.hold_two(self.session, *self.pair_of(club, back)), cause=cause
            )
        )

    @rule(club=club_no, back=st.booleans(), part=st.sampled_from([0, 1, 2]), own=st.booleans())
    def unlink(self, club: int, back: bool, part: int, own: bool) -> None:
        """Whoever leaves takes nothing, half or all of the points, and as much of a debt."""
        cause = self.cause(MovementKind.TRANSFERRED)

        def work() -> None:
            main, other = households.hold_two(self.session, *self.pair_of(club, back))
            held = hold_account(self.session, main.account)
            alive = sum(lot.remaining for lot in held.lots if not lot.expired(self.today))
            share = households.Share(alive * part // 2, held.debt * part // 2, own=own)
            households.unlink(self.session, main, other, share, cause=cause)

        self.attempt(work)

    @rule(club=club_no, back=st.booleans())
    def hand_over(self, club: int, back: bool) -> None:
        cause = self.cause(MovementKind.TRANSFERRED)
        self.attempt(
            lambda: households.hand_over(
                self.session, *households.hold_two(self.session, *self.pair_of(club, back)), cause=cause
            )
        )

    @rule(back=st.booleans())
    def merge(self, back: bool) -> None:
        one, other = (each.customer_id for each in self.world.members[:2])
        ids = (other, one) if back else (one, other)
        made = self.attempt(
            lambda: merge_customers(self.session, *ids, take=(), today=self.today, now=self.now, by=SYSTEM)
        )
        if made is not None:
            self.merges.append(made)

    @rule()
    def undo_the_merge(self) -> None:
        if self.merges:
            merge_id = self.merges.pop()
            self.attempt(lambda: undo_merge(self.session, merge_id, today=self.today, now=self.now, by=SYSTEM))

    @rule(club=club_no, back=st.booleans(), points=st.none() | amount)
    def move_to_the_other(self, club: int, back: bool, points: int | None) -> None:
        """As a link or a merge moves points: a pair of movements."""
        pair = [Account(each.account_id, each.customer_id) for each in self.world.members[2 * club : 2 * club + 2]]
        source, target = reversed(pair) if back else pair
        before = self.all_points()
        cause = self.cause(MovementKind.TRANSFERRED)
        self.attempt(lambda: transfer_points(self.session, source, target, points=points, cause=cause))
        assert self.all_points() == before, "what leaves one account comes to the other"

    def all_points(self) -> int:
        return int(self.session.execute(sa.select(sa.func.sum(PointsAccount.balance))).scalar_one())

    @invariant()
    def the_ledger_follows_from_its_movements(self) -> None:
        self.steps += 1
        if self.steps % LOOK_EVERY == 0:
            assert faults(self.session) == []
            assert wrong_fees(self.session) == []

    def return_everything(self) -> None:
        """Buying and returning, in whatever parts and whatever came between, comes to no points at all."""
        for receipt_id in self.receipts:
            self.give_back(receipt_id, Wish(None))
        left = self.session.execute(_LEFT).all()
        assert [tuple(row) for row in left] == []
        assert faults(self.session) == []
        assert wrong_fees(self.session) == []


# In whatever accounts: a link or a merge moves points, and what comes back is settled where they live then. What a
# return takes back from an ending counts with the ending, which had taken it and names no receipt.
_LEFT = sa.text(
    """
    SELECT coalesce(b.original_receipt_id, m.receipt_id) AS bought, sum(m.points)
      FROM points_movements m
      LEFT JOIN receipt_returns b ON (b.customer_id, b.receipt_id) = (m.by_customer_id, m.receipt_id)
      LEFT JOIN points_movements e
        ON (e.customer_id, e.account_id, e.seq) = (m.customer_id, m.account_id, m.reverses_seq)
     WHERE m.receipt_id IS NOT NULL AND e.kind IS DISTINCT FROM 'ended'
     GROUP BY 1 HAVING sum(m.points) <> 0 ORDER BY 1
    """
)


def run(session: Session, *, steps: int) -> None:
    """So many steps; raises with the shortest way to what is wrong."""
    made = type("MachineOfShop", (Machine,), {"world": a_world(session)})
    limits = settings(
        max_examples=max(1, steps // STEPS),
        stateful_step_count=STEPS,
        deadline=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much, HealthCheck.data_too_large],
        print_blob=True,
    )
    run_state_machine_as_test(made, settings=limits)


def main(steps: int = 20_000) -> int:
    """So many steps on an embedded server of their own; prints the shortest way to what is wrong, if there is one."""
    began = time.monotonic()
    with own_database() as database, database.session() as session:
        run(session, steps=steps)
        session.rollback()
    print(f"{steps:,} steps in {time.monotonic() - began:.0f} s: everything follows from what happened.")
    return 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 20_000))
