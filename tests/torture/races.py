"""`python -m tests.torture.races ROUNDS`: 50 tills at once after the last points, one coupon, one gift card.

Each round is 50 whole sales that begin at the same moment; exactly as many as there is value for may go through.
"""

import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Refused
from erp_club.points.models import PointsAccount
from erp_club.promotions.coupons.models import CouponUse
from erp_club.purchases.asked import Asked, PointsPayment
from erp_club.purchases.commands import sell
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.sale import CardClaim, Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.purchases import Till, a_place, a_product, a_till
from tests.make.stored_value import a_gift_card, a_kind, held
from tests.torture.own import own_database

TILLS = 50
MILK, PRICE_MINOR = "7290000000017", 10_00
LAST_SALES = 7
"""So many sales the points and the card pay for; the coupon pays for one."""
STEP, STEP_MINOR = 10, 50
COUPON_MINOR = 5_00


@dataclass(frozen=True)
class Prey:
    """What a round is about: how the sale of a till looks, how many may go through, and whether it was so."""

    asked: Asked
    payments: tuple[Payment, ...]
    claims: tuple[CardClaim, ...]
    allowed: int
    is_spent: Callable[[Session], bool]


class Races:
    """A shop in which 50 sales begin at once, on a database that really commits."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.number = 0
        with database.session() as session:
            self.till: Till = a_till(session)
            a_product(session, MILK, price_minor=PRICE_MINOR)
            self.customer_id = a_customer(session)
            membership = a_membership(session, self.customer_id, a_club(session, months=None))
            self.account_id = membership.points_account_id
            points_that_pay(session)
            a_batch(session)
            five = {"kind": "amount", "value_minor": COUPON_MINOR}
            a_published_offer(session, "FIVE", activation={"by": "coupon", "batch": "WINTER"}, rewards=[five])
            self.kind_id = a_kind(session)
            session.commit()

    def points(self, session: Session) -> Prey:
        """The member's last points."""
        moved(session, self.customer_id, self.account_id, LAST_SALES * STEP)

        def spent(after: Session) -> bool:
            return after.scalars(sa.select(PointsAccount.balance)).one() == 0

        asked = Asked(((MILK, 1000),), Buyer(self.customer_id), points=(PointsPayment(STEP, "GOLD"),))
        return Prey(asked, (Payment(Means.CARD, PRICE_MINOR - STEP_MINOR),), (), LAST_SALES, spent)

    def coupon(self, session: Session) -> Prey:
        """One coupon that can be used once."""
        (code,) = some_coupons(session)
        before = session.scalar(sa.select(sa.func.count()).select_from(CouponUse)) or 0

        def spent(after: Session) -> bool:
            return after.scalar(sa.select(sa.func.count()).select_from(CouponUse)) == before + 1

        asked = Asked(((MILK, 1000),), coupons=(code,))
        return Prey(asked, (Payment(Means.CARD, PRICE_MINOR - COUPON_MINOR),), (), 1, spent)

    def card(self, session: Session) -> Prey:
        """One gift card."""
        key = a_gift_card(session, LAST_SALES * PRICE_MINOR, kind_id=self.kind_id).key

        def spent(after: Session) -> bool:
            return held(after, key).balance_minor == 0

        return Prey(Asked(((MILK, 1000),)), (), (CardClaim(key),), LAST_SALES, spent)

    def round(self, prey_of: Callable[[Session], Prey], pool: ThreadPoolExecutor) -> list[str]:
        """What went wrong in one round of 50; nothing is what it should be."""
        with self.database.session() as session:
            prey = prey_of(session)
            session.commit()
        gate = threading.Barrier(TILLS)
        self.number += 1
        told = Counter(pool.map(lambda till: self._sale(prey, f"{self.number}-{till}", gate), range(TILLS)))
        faults: list[str] = []
        if told["sold"] != prey.allowed:
            faults.append(f"{prey_of.__name__}, round {self.number}: {told['sold']} sales where {prey.allowed} may")
        with self.database.session() as session:
            if not prey.is_spent(session):
                faults.append(f"{prey_of.__name__}, round {self.number}: not what was there is gone")
            session.rollback()
        return faults

    def _sale(self, prey: Prey, receipt_no: str, gate: threading.Barrier) -> str:
        gate.wait(timeout=60)
        with self.database.session() as session:
            order = Order(receipt_no, prey.asked, prey.payments, claims=prey.claims)
            try:
                sell(session, order, a_place(session, self.till), currency="ILS")
            except Refused as refused:
                return refused.code
            session.commit()
            return "sold"


def race(database: Database, rounds: int) -> tuple[list[str], dict[str, float]]:
    """So many rounds of each kind: what went wrong, and how long each kind took in seconds."""
    races, faults, seconds = Races(database), list[str](), dict[str, float]()
    with ThreadPoolExecutor(TILLS) as pool:
        for prey_of in (races.points, races.coupon, races.card):
            began = time.monotonic()
            for _ in range(rounds):
                faults += races.round(prey_of, pool)
            seconds[prey_of.__name__] = time.monotonic() - began
    with database.session() as session:
        faults += [str(each) for each in wrong_rows(session)]
        session.rollback()
    return faults, seconds


def main(rounds: int = 1000) -> int:
    """Run them on an embedded server of their own, print what came of it, and give the exit code."""
    with own_database(connections=TILLS) as database:
        faults, seconds = race(database, rounds)
    print(f"\n| {rounds:,} rounds of {TILLS} sales at once | seconds |\n| --- | --- |")
    for kind, took in seconds.items():
        print(f"| the last of one {kind} | {took:.0f} |")
    print(f"| rounds in which more or less went through than may | {len(faults)} |")
    for fault in faults[:50]:
        print(fault)
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main(int(sys.argv[1]) if len(sys.argv) > 1 else 1000))
