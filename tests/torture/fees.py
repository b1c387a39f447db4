"""Joining, renewing and higher levels for a fee, as rules of the machine over points: at a till, in its open sale."""

from collections.abc import Callable
from typing import Any

import sqlalchemy as sa
from hypothesis import strategies as st
from hypothesis.stateful import rule
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, loss_of, restore_membership
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import commands as baskets
from erp_club.purchases.baskets import memberships
from erp_club.purchases.places import where_of
from erp_club.purchases.returns.facts import Wish
from erp_club.receipts.kinds import Means
from tests.make.purchases import NOW, a_product

FEE_SKU = "JOIN"
_FEE = {"joining_product": FEE_SKU, "renewal_product": FEE_SKU}
CLUB = Programme.model_validate(
    {
        "code": "PAID",
        "names": {"en": "Paid"},
        "currency": "ILS",
        "term": {"kind": "months", "months": 2},
        "fees": _FEE
        | {"joining_minor": 36_50, "renewal_minor": 20_00, "refund": "pro_rata"}
        | {"levels": [{"level": "GOLD", "joining_minor": 120_00, "renewal_minor": 90_00}]},
        "levels": {
            "measure": {"counts": "spend"},
            "window": {"every": "year"},
            "levels": [
                {"code": "BASE", "names": {"en": "Basic"}, "at_least": 0},
                {"code": "GOLD", "names": {"en": "Gold"}, "at_least": 10_000_000},
            ],
        },
        "earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 100}]},
        "redemption": {"worth_points": 1, "worth_minor": 5},
    }
)
customer, how_it_ends = st.integers(0, 1), st.sampled_from(["paid", "paid", "paid", "dropped", "left open"])


def a_club_with_fees(session: Session) -> int:
    """The club, in which nobody is yet."""
    a_product(session, FEE_SKU, name="Membership", price_minor=1_00)
    how: dict[str, Any] = {"currency": "ILS", "language": "en", "now": NOW, "by": SYSTEM, "publish": True}
    return load_programme(session, CLUB, today=NOW.date(), **how).club_id


class FeeRules:
    """What is bought of memberships; the rest of the machine returns it, merges its members and lets time pass."""

    session: Session
    receipts: list[int]
    attempt: Callable[[Callable[[], Any]], Any]
    give_back: Callable[[int, Wish], None]
    fee_club_id: int
    customers: tuple[int, int]
    milk_id: int

    @property
    def place(self) -> Place:
        """The till as it is now."""
        raise NotImplementedError

    @rule(of=customer, then=how_it_ends)
    def join_for_a_fee(self, of: int, then: str) -> None:
        self.join(of, then)

    def join(self, of: int, then: str) -> None:
        place, club_id = self.place, self.fee_club_id
        when = {"today": place.local.date(), "now": place.now, "by": place.by}
        self.in_a_sale(of, lambda: memberships.join_of_buyer(self.session, club_id, place.terminal, **when), then)

    @rule(of=customer, then=how_it_ends)
    def renew_for_a_fee(self, of: int, then: str) -> None:
        """Or join, where they never have."""
        place, held = self.place, self.membership_of(of)
        if held is None:
            self.join(of, then)
            return
        when = {"today": place.local.date(), "now": place.now, "by": place.by}
        where, card = where_of(place.terminal), self.session.scalar(_CARD, {"membership": held})
        self.in_a_sale(of, lambda: memberships.renew_of_buyer(self.session, held, card=card, where=where, **when), then)

    @rule(of=customer, then=how_it_ends)
    def buy_a_level(self, of: int, then: str) -> None:
        """Or join, where they never have."""
        place, held = self.place, self.membership_of(of)
        if held is None:
            self.join(of, then)
            return
        when = {"today": place.local.date(), "now": place.now, "by": place.by}
        where = where_of(place.terminal)

        def work() -> None:
            memberships.upgrade_of_buyer(self.session, held, "GOLD", expected_minor=None, where=where, **when)

        self.in_a_sale(of, work, then)

    def in_a_sale(self, of: int, work: Callable[[], Any], then: str) -> None:
        """Somebody buys milk, and this is done in their sale, which is paid, dropped, or left open for the next."""
        when = {"now": self.place.now, "by": self.place.by}

        def begin() -> None:
            baskets.set_customer(self.session, self.customers[of], **when)
            baskets.add_product(self.session, self.milk_id, 1000, **when)

        self.attempt(begin)
        self.attempt(work)
        if then == "paid":
            self.pay_for_it()
        elif then == "dropped":
            self.attempt(lambda: baskets.drop(self.session, **when))

    def pay_for_it(self) -> None:
        paid = self.attempt(
            lambda: baskets.pay(
                self.session, self.place, means=Means.CARD, tendered_minor=None, expected_minor=None, currency="ILS"
            )
        )
        if paid is not None:
            self.receipts.append(paid.posted.receipt_id)

    @rule(nth=st.integers(0, 200), line_no=st.integers(2, 3))
    def return_a_fee(self, nth: int, line_no: int) -> None:
        if self.receipts:
            self.give_back(self.receipts[nth % len(self.receipts)], Wish(((line_no, 1000),)))

    @rule(of=customer, back=st.booleans())
    def end_what_was_paid(self, of: int, back: bool) -> None:
        """Or undo its ending."""
        place, held = self.place, self.membership_of(of)
        if held is None:
            return
        when = {"today": place.local.date(), "now": place.now, "by": place.by}

        def work() -> None:
            if back:
                restore_membership(self.session, held, **when)
                return
            lost = loss_of(self.session, held, on=when["today"]).points
            end_membership(self.session, held, on=when["today"], points_lost=lost, reason="", **when)

        self.attempt(work)

    def membership_of(self, of: int) -> int | None:
        """The newest in the club."""
        return self.session.scalar(_NEWEST, {"customer": self.customers[of], "club": self.fee_club_id})


_NEWEST = sa.text(
    """
    SELECT max(m.id) FROM memberships m JOIN customers c ON m.customer_id = coalesce(c.merged_into, c.id)
     WHERE c.id = :customer AND m.club_id = :club
    """
)
_CARD = sa.text(
    """
    SELECT c.number FROM cards c JOIN memberships m ON m.customer_id = c.customer_id
     WHERE m.id = :membership AND c.state = 'active' AND coalesce(c.club_id, m.club_id) = m.club_id LIMIT 1
    """
)
_WRONG = sa.text(
    """
    WITH back AS (
      SELECT r.original_receipt_id AS receipt_id, r.original_line_no AS line_no, -sum(l.amount_minor) AS minor
        FROM receipt_return_lines r
        JOIN receipt_lines l ON (l.customer_id, l.receipt_id, l.line_no) = (r.customer_id, r.receipt_id, r.line_no)
       GROUP BY 1, 2)
    SELECT f.id, f.kind, f.state, f.due_minor, f.refunded_minor, sold.amount_minor AS sold, back.minor AS back,
           m.state AS membership
      FROM membership_fees f
      JOIN memberships m ON m.id = f.membership_id
      LEFT JOIN receipt_lines sold ON (sold.receipt_id, sold.line_no) = (f.receipt_id, f.line_no)
      LEFT JOIN back ON (back.receipt_id, back.line_no) = (f.receipt_id, f.line_no)
     WHERE CASE f.state
             WHEN 'paid' THEN sold.amount_minor IS DISTINCT FROM f.due_minor OR back.minor IS NOT NULL
             WHEN 'returned' THEN back.minor IS DISTINCT FROM f.refunded_minor OR f.refunded_minor > f.due_minor
             ELSE f.refunded_minor <> 0 END
     ORDER BY f.id
    """
)


def wrong_fees(session: Session) -> list[tuple[Any, ...]]:
    """Fees whose amount isn't what their line says, or of which other money came back than they tell."""
    return [tuple(row) for row in session.execute(_WRONG)]
