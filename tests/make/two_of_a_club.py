"""Two customers of one club, to be merged and parted again, and what is done to their memberships in between."""

import datetime as dt
from dataclasses import dataclass, field
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import (
    end_membership,
    loss_of,
    pause_membership,
    restore_membership,
    resume_membership,
)
from erp_club.clubs.commands import hold, join_club, renew_membership
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import runs
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.commands import redeem_points
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause, hold_account
from tests.make.clubs import a_club, a_membership, moved
from tests.make.customers import a_person

TODAY = dt.date(2026, 11, 22)


@dataclass
class Club:
    """A club of a year, whose survivor joined on 1 January and whose merged one on 1 June, with 7 and 10 points."""

    session: Session
    day: dt.date = TODAY
    minutes: int = 0
    merges: list[int] = field(default_factory=list[int])

    def __post_init__(self) -> None:
        self.club = a_club(self.session)
        self.survivor = self.member(dt.date(2026, 1, 1), 7)
        self.merged = self.member(dt.date(2026, 6, 1), 10)

    def member(self, joined_on: dt.date, points: int) -> int:
        customer = a_person(self.session)
        joined = a_membership(self.session, customer, self.club, joined_on=joined_on)
        if points:
            moved(self.session, customer, joined.points_account_id, points, on=joined_on)
        return customer

    def when(self) -> dict[str, Any]:
        """Each deed a minute after the one before."""
        self.minutes += 1
        now = dt.datetime.combine(self.day, dt.time(6), dt.UTC) + dt.timedelta(minutes=self.minutes)
        return {"today": self.day, "now": now, "by": SYSTEM}

    def of(self, customer: int) -> int:
        return self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == customer)).one()

    def merge(self, survivor: int | None = None, merged: int | None = None) -> int:
        one, other = survivor or self.survivor, merged or self.merged
        self.merges.append(merge_customers(self.session, one, other, take=(), **self.when()))
        return self.merges[-1]

    def part(self, merge_id: int | None = None) -> None:
        undo_merge(self.session, merge_id or self.merges.pop(), **self.when())

    def end(self, customer: int | None = None) -> None:
        held = self.of(customer or self.survivor)
        lost = loss_of(self.session, held, on=self.day).points
        end_membership(self.session, held, on=self.day, points_lost=lost, reason="", **self.when())

    def rejoin(self) -> None:
        join_club(self.session, self.survivor, club_id=self.club, **self.when())

    def earn(self, points: int) -> None:
        held = hold(self.session, self.of(self.survivor))
        moved(self.session, held.account.holder_id, held.account.id, points, on=self.day)

    def renew(self) -> None:
        renew_membership(self.session, self.of(self.survivor), **self.when())

    def pause(self) -> None:
        pause_membership(self.session, self.of(self.survivor), on=self.day, reason="", **self.when())

    def resume(self, customer: int | None = None) -> None:
        resume_membership(self.session, self.of(customer or self.survivor), **self.when())

    def restore(self, customer: int | None = None) -> None:
        restore_membership(self.session, self.of(customer or self.survivor), **self.when())

    def later(self, days: int) -> None:
        self.day += dt.timedelta(days=days)

    def told(self, customer: int) -> tuple[str, str, int]:
        """State, days and points of a customer's membership."""
        held = hold(self.session, self.of(customer))
        balance = self.session.scalar(
            sa.text("SELECT balance FROM points_accounts WHERE (customer_id, id) = (:holder, :id)"),
            {"holder": held.account.holder_id, "id": held.account.id},
        )
        assert held.account.holder_id == customer
        days = ", ".join(f"{span.first} {span.last}" for span in runs(held.spans))
        return held.state.value, days, balance or 0

    def standing(self, customer: int) -> tuple[str, dt.date | None, int]:
        """How the points account of a customer's membership stands, until when it is frozen, and what it has."""
        held = hold_account(self.session, hold(self.session, self.of(customer)).account)
        return held.state.value, held.frozen_until, held.balance

    def use(self, points: int) -> None:
        held = hold(self.session, self.of(self.survivor))
        when = self.when()
        cause = Cause(MovementKind.REDEEMED, self.day, when["now"], SYSTEM)
        redeem_points(self.session, held.account, points, cause=cause)

    def both(self) -> tuple[tuple[str, str, int], tuple[str, str, int]]:
        self.session.expire_all()
        return self.told(self.survivor), self.told(self.merged)
