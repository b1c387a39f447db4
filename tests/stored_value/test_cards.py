# REQ V-01, V-02: money onto cards and off them
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.permissions.actors import SYSTEM
from erp_club.stored_value import commands
from erp_club.stored_value.expiry.commands import expire_cards, expiring
from erp_club.stored_value.issued import commands as issued
from erp_club.stored_value.issued.commands import ToIssue
from erp_club.stored_value.kinds import CardState, MovementKind
from erp_club.stored_value.lots import Claim, last_day, shares
from erp_club.stored_value.models import ValueCard, ValueLot, ValueMovement
from erp_club.stored_value.numbers import CardKey, compact, is_own, masked, new_number, spoken
from erp_club.stored_value.queries import key_by_number, movements
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.clubs import a_customer
from tests.make.stored_value import NOW, TODAY, a_cause, a_gift_card, a_kind, a_prepaid_kind, held, paid

LATER = dt.date(2031, 11, 23)
"""The day after a card of today has expired."""


def kinds(session: Session, key: CardKey) -> list[tuple[str, int, int]]:
    """Every movement, the oldest first."""
    return [(row.kind.value, row.amount_minor, row.balance_after_minor) for row in reversed(movements(session, key))]


def test_a_gift_card_is_paid_with_partly_and_then_wholly(session: Session) -> None:
    card = a_gift_card(session, 100_00)
    paid(session, card.key, 30_00)
    paid(session, card.key, 70_00)
    assert kinds(session, card.key) == [("given", 100_00, 100_00), ("paid", -30_00, 70_00), ("paid", -70_00, 0)]
    with pytest.raises(Conflict) as refused:
        paid(session, card.key, 1)
    assert refused.value.code == "stored-value-too-little"
    assert wrong_cards(session) == []


def test_the_database_lets_no_balance_fall_below_zero_and_no_movement_be_changed(session: Session) -> None:
    card = a_gift_card(session, 10_00)
    with pytest.raises(IntegrityError, match="balance_never_below_zero"), session.begin_nested():
        session.execute(sa.update(ValueCard).where(ValueCard.id == card.key.card_id).values(balance_minor=-1))
    for statement in (sa.update(ValueMovement).values(amount_minor=1), sa.delete(ValueMovement)):
        with pytest.raises(DBAPIError, match="append-only"), session.begin_nested():
            session.execute(statement)


def test_a_prepaid_card_is_loaded_again_and_a_gift_card_is_not(session: Session) -> None:
    prepaid = a_gift_card(session, 50_00, kind_id=a_prepaid_kind(session))
    issued.load_card(session, prepaid.key.card_id, 25_00, now=NOW, today=TODAY, by=SYSTEM)
    assert held(session, prepaid.key).balance_minor == 75_00
    gift = a_gift_card(session)
    with pytest.raises(Conflict) as refused:
        issued.load_card(session, gift.key.card_id, 25_00, now=NOW, today=TODAY, by=SYSTEM)
    assert refused.value.code == "stored-value-not-loadable"
    with pytest.raises(Conflict) as refused:
        issued.load_card(session, prepaid.key.card_id, 950_00, now=NOW, today=TODAY, by=SYSTEM)
    assert refused.value.code == "stored-value-full"


def test_what_ends_first_is_used_first_and_what_has_ended_counts_for_nothing(session: Session) -> None:
    kind_id = a_prepaid_kind(session, valid_months=60)
    card = a_gift_card(session, 50_00, kind_id=kind_id)
    next_month = dt.date(2026, 12, 22)
    issued.load_card(session, card.key.card_id, 20_00, now=NOW, today=next_month, by=SYSTEM)
    paid(session, card.key, 10_00)
    assert [(lot.last_day, lot.remaining) for lot in held(session, card.key).lots] == [
        (dt.date(2031, 11, 22), 40_00),
        (dt.date(2031, 12, 22), 20_00),
    ]
    with pytest.raises(Conflict) as refused:
        paid(session, card.key, 20_01, on=LATER)
    assert refused.value.facts == {"card": masked(card.number), "available_minor": 20_00}


def test_expiry_books_out_once_what_has_ended_however_late_and_often_it_runs(session: Session) -> None:
    kind_id = a_kind(session)
    cards = [a_gift_card(session, 10_00 * number, kind_id=kind_id) for number in range(1, 6)]
    forever = a_gift_card(session, 70_00, kind_id=a_prepaid_kind(session))
    assert expiring(session, on=dt.date(2031, 11, 22)).cards == 0
    assert (expiring(session, on=LATER).cards, expiring(session, on=LATER).amount_minor) == (5, 150_00)
    after, lost = None, 0
    while (done := expire_cards(session, on=LATER, now=NOW, by=SYSTEM, after=after, limit=2)).last is not None:
        after, lost = done.last, lost + done.amount_minor
    assert lost == 150_00
    assert expire_cards(session, on=LATER, now=NOW, by=SYSTEM).cards == 0
    assert [held(session, card.key).balance_minor for card in cards] == [0] * 5
    assert held(session, forever.key).balance_minor == 70_00
    assert wrong_cards(session) == []


def test_a_refund_goes_back_to_the_card_and_to_the_lot_that_paid(session: Session) -> None:
    card = a_gift_card(session, 100_00)
    payment = paid(session, card.key, 60_00)
    commands.give_back(session, held(session, card.key), payment.seq, 25_00, cause=a_cause())
    assert [lot.remaining for lot in held(session, card.key).lots] == [65_00]
    with pytest.raises(Conflict) as refused:
        commands.give_back(session, held(session, card.key), payment.seq, 35_01, cause=a_cause())
    assert refused.value.facts == {"left_minor": 35_00}
    with pytest.raises(NotFound):
        commands.give_back(session, held(session, card.key), 1, 1, cause=a_cause())
    assert wrong_cards(session) == []


def test_what_has_ended_meanwhile_is_good_again_when_it_is_refunded(session: Session) -> None:
    card = a_gift_card(session, 100_00)
    payment = paid(session, card.key, 60_00)
    commands.give_back(session, held(session, card.key), payment.seq, 60_00, cause=a_cause(on=LATER))
    assert {(lot.last_day, lot.remaining) for lot in held(session, card.key).lots} == {
        (dt.date(2031, 11, 22), 40_00),
        (dt.date(2036, 11, 23), 60_00),
    }
    assert wrong_cards(session) == []


def test_a_lost_cards_money_moves_to_a_new_one_with_its_last_days(session: Session) -> None:
    card = a_gift_card(session, 100_00)
    payment = paid(session, card.key, 40_00)
    issued.set_card_state(session, card.key.card_id, CardState.LOST, now=NOW, by=SYSTEM)
    new = issued.replace_card(
        session, card.key.card_id, number=None, pin=None, now=NOW, today=dt.date(2027, 1, 1), by=SYSTEM
    )
    assert held(session, card.key).state is CardState.CLOSED
    assert [(lot.last_day, lot.remaining) for lot in held(session, new).lots] == [(dt.date(2031, 11, 22), 60_00)]
    # What the old one paid comes to the new one.
    issued.refund_payment(session, card.key.card_id, payment.seq, 40_00, now=NOW, today=TODAY, by=SYSTEM)
    assert held(session, new).balance_minor == 100_00
    assert held(session, card.key).balance_minor == 0
    assert wrong_cards(session) == []
    with pytest.raises(Conflict):
        issued.replace_card(session, card.key.card_id, number=None, pin=None, now=NOW, today=TODAY, by=SYSTEM)


def test_a_card_that_lies_ready_is_sold_once(session: Session) -> None:
    kind_id = a_kind(session)
    issued.new_card(session, kind_id, number="PRINTED001", now=NOW)
    made = issued.issue(session, ToIssue(kind_id, 50_00, number="printed-001"), cause=a_cause())
    assert (made.card.number, made.moved.balance_minor) == ("PRINTED001", 50_00)
    with pytest.raises(Conflict) as refused:
        issued.issue(session, ToIssue(kind_id, 50_00, number="PRINTED001"), cause=a_cause())
    assert refused.value.code == "stored-value-sold"
    with pytest.raises(Conflict) as refused:
        issued.issue(session, ToIssue(kind_id, 50_00, number="1234"), cause=a_cause())
    assert refused.value.code == "stored-value-not-ready"


@pytest.mark.parametrize(
    ("settings", "amount", "fine"),
    [
        ({}, 9_99, False),
        ({}, 10_00, True),
        ({}, 1000_01, False),
        ({"amounts_minor": (50_00, 100_00)}, 50_00, True),
        ({"amounts_minor": (50_00, 100_00)}, 60_00, False),
    ],
)
def test_a_card_is_sold_with_the_amounts_of_its_kind_only(
    session: Session, settings: dict[str, Any], amount: int, fine: bool
) -> None:
    wanted = ToIssue(a_kind(session, **settings), amount)
    if fine:
        assert issued.issue(session, wanted, cause=a_cause()).moved.amount_minor == amount
    else:
        with pytest.raises(Invalid):
            issued.issue(session, wanted, cause=a_cause())


def test_a_country_says_how_long_a_card_holds_at_least(session: Session) -> None:
    with pytest.raises(Invalid) as refused:
        a_kind(session, valid_months=59)
    assert [each.field for each in refused.value.fields] == ["valid_months"]
    assert last_day(dt.date(2026, 8, 31), 6) == dt.date(2027, 2, 28)


def test_gifts_are_in_the_change_log_with_who_gave_them_and_why(session: Session) -> None:
    card = a_gift_card(session, 20_00, customer_id=a_customer(session))
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "value_card.give")).one()
    assert entry.entity_id == str(card.key.card_id)
    assert entry.after is not None
    assert (entry.after["amount_minor"], entry.after["reason"]) == (20_00, "Birthday")


def test_numbers_have_more_than_64_random_bits_and_tell_a_wrong_digit() -> None:
    numbers = {new_number() for _ in range(500)}
    assert len(numbers) == 500
    assert 10**20 > 2**64
    number = numbers.pop()
    assert is_own(compact(spoken(number)))
    wrong = [number[:at] + str((int(number[at]) + 1) % 10) + number[at + 1 :] for at in range(len(number))]
    assert not any(map(is_own, wrong))


def test_cards_give_in_the_order_given_what_is_still_due_after_named_amounts() -> None:
    assert shares(100, [Claim(30), Claim(50), Claim(90)]) == [30, 50, 20]
    assert shares(100, [Claim(80), Claim(50, 40)]) == [60, 40]
    assert shares(10, [Claim(30), Claim(30)]) == [10, 0]


@pytest.mark.parametrize("what", ["balance", "lot", "movement's lots"])
def test_verify_names_the_card_whose_stored_figure_somebody_changed(session: Session, what: str) -> None:
    card = a_gift_card(session, 20_00)
    key = key_by_number(session, card.number)
    assert key is not None
    of_card = ValueCard.id == key.card_id
    session.execute(sa.text("SET LOCAL session_replication_role = replica"))
    match what:
        case "balance":
            session.execute(sa.update(ValueCard).where(of_card).values(balance_minor=20_01))
        case "lot":
            session.execute(sa.update(ValueLot).where(ValueLot.card_id == key.card_id).values(remaining_minor=19_99))
        case _:
            session.execute(
                sa.text("UPDATE stored_value_movement_lots SET amount_minor = 1 WHERE card_id = :id"),
                {"id": key.card_id},
            )
    session.execute(sa.text("SET LOCAL session_replication_role = origin"))
    found = wrong_cards(session)
    assert {each.card_id for each in found} == {key.card_id}
    assert what in {each.what for each in found}


def test_an_adjustment_says_why(session: Session) -> None:
    card = a_gift_card(session, 20_00)
    moved = issued.adjust_card(
        session, card.key.card_id, -5_00, reason="Sold with a wrong amount", now=NOW, today=TODAY, by=SYSTEM
    )
    assert moved.balance_minor == 15_00
    assert movements(session, card.key)[0].reason == "Sold with a wrong amount"
    assert movements(session, card.key)[0].kind is MovementKind.ADJUSTED
