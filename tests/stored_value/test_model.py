# REQ V-01, V-02: whatever is done to cards in whatever order, they hold what a plain list of amounts holds
import datetime as dt
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

import sqlalchemy as sa
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.stored_value import commands
from erp_club.stored_value.expiry.commands import expire_cards
from erp_club.stored_value.issued import commands as issued
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.stored_value import NOW, TODAY, a_cause, a_gift_card, a_prepaid_kind, held

MONTHS = 60


@dataclass
class Plain:
    """A card as a dictionary of what ends when, and what each payment took."""

    lots: dict[dt.date, int] = field(default_factory=dict)
    paid: dict[int, dict[dt.date, int]] = field(default_factory=dict)

    def put(self, amount: int, ends: dt.date) -> None:
        self.lots[ends] = self.lots.get(ends, 0) + amount

    def usable(self, on: dt.date) -> int:
        return sum(amount for ends, amount in self.lots.items() if ends >= on)

    def pay(self, amount: int, on: dt.date, seq: int) -> None:
        took: dict[dt.date, int] = {}
        for ends in sorted(self.lots):
            part = min(self.lots[ends], amount) if ends >= on else 0
            if part:
                took[ends] = part
                self.lots[ends] -= part
                amount -= part
        self.paid[seq] = took

    def give_back(self, seq: int, amount: int, on: dt.date) -> None:
        for ends in sorted(self.paid[seq], reverse=True):
            part = min(self.paid[seq][ends], amount)
            self.paid[seq][ends] -= part
            amount -= part
            if part:
                self.put(part, ends if ends >= on else end_of(on))

    def expire(self, on: dt.date) -> None:
        self.lots = {ends: amount for ends, amount in self.lots.items() if ends >= on}

    @property
    def shown(self) -> dict[dt.date, int]:
        return {ends: amount for ends, amount in self.lots.items() if amount}


def end_of(day: dt.date) -> dt.date:
    return day.replace(year=day.year + MONTHS // 12)


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["load", "pay", "pay_all", "give_back", "expire", "replace"]),
        st.integers(1, 60_00),
        st.integers(0, 900),
    ),
    max_size=25,
)


@contextmanager
def undone(session: Session) -> Iterator[None]:
    point = session.begin_nested()
    yield
    point.rollback()


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(steps=STEPS)
def test_a_card_holds_what_a_plain_list_of_amounts_holds(session: Session, steps: list[tuple[str, int, int]]) -> None:
    with undone(session):
        kind_id = a_prepaid_kind(session, valid_months=MONTHS, least_minor=1, most_minor=900_000_00)
        card = a_gift_card(session, 50_00, kind_id=kind_id)
        key, plain, day = card.key, Plain(), TODAY
        plain.put(50_00, end_of(TODAY))
        for what, amount, days in steps:
            day += dt.timedelta(days=days)
            key = step(session, key, plain, what, amount, day)
            stored = held(session, key)
            assert {lot.last_day: lot.remaining for lot in stored.lots if lot.remaining} == plain.shown
            assert stored.balance_minor == sum(plain.shown.values())
        assert wrong_cards(session) == []


def step(session: Session, key: CardKey, plain: Plain, what: str, amount: int, day: dt.date) -> CardKey:
    card, cause = held(session, key), a_cause(on=day)
    if what == "load":
        commands.load(session, card, amount, cause=cause)
        plain.put(amount, end_of(day))
    elif what in {"pay", "pay_all"}:
        wanted = plain.usable(day) if what == "pay_all" else amount
        if wanted > plain.usable(day) or not wanted:
            refused_code = "" if not wanted else refused(session, card, wanted, cause)
            assert refused_code in {"", "stored-value-too-little"}
            return key
        moved = commands.pay(session, card, wanted, cause=cause)
        plain.pay(wanted, day, moved.seq)
    elif what == "give_back" and plain.paid:
        seq = max(plain.paid)
        left = sum(plain.paid[seq].values())
        if left:
            commands.give_back(session, card, seq, min(left, amount), cause=cause)
            plain.give_back(seq, min(left, amount), day)
    elif what == "expire":
        expire_cards(session, on=day, now=NOW, by=SYSTEM)
        plain.expire(day)
    elif what == "replace":
        issued.set_card_state(session, key.card_id, CardState.LOST, now=NOW, by=SYSTEM)
        plain.paid.clear()
        return issued.replace_card(session, key.card_id, number=None, pin=None, now=NOW, today=day, by=SYSTEM)
    return key


def refused(session: Session, card: commands.HeldCard, amount: int, cause: commands.Cause) -> str:
    before = session.scalar(sa.text("SELECT count(*) FROM stored_value_movements"))
    try:
        commands.pay(session, card, amount, cause=cause)
    except Conflict as error:
        assert session.scalar(sa.text("SELECT count(*) FROM stored_value_movements")) == before
        return error.code
    return "paid"
