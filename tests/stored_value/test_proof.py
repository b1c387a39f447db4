# REQ V-03: who names the number and PIN may use the card; guessing is counted
import datetime as dt

import pytest
from sqlalchemy.orm import Session

from erp_club.kernel.errors import Conflict, Invalid, Throttled
from erp_club.permissions import passwords
from erp_club.permissions.actors import SYSTEM
from erp_club.stored_value.issued import commands as issued
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.proof.commands import LOCKED_FOR, MOST_WRONG, Entered, prove
from tests.make.stored_value import NOW, a_gift_card

RIGHT, WRONG = "4711", "0815"


def code(session: Session, number: str, pin: str | None = None, *, scope: str = "terminal:1") -> str:
    """`right`, or the code of the refusal."""
    proof = prove(session, [Entered(number, pin)], scope=scope, now=NOW)
    return proof.refusal.code if proof.refusal else "right"


def test_the_number_alone_opens_a_card_without_a_pin_however_it_is_written(session: Session) -> None:
    card = a_gift_card(session)
    assert code(session, f" {card.number[:4]}-{card.number[4:]} ") == "right"


def test_a_card_with_a_pin_needs_it(session: Session) -> None:
    card = a_gift_card(session, pin=RIGHT)
    assert [code(session, card.number, pin) for pin in (None, "", WRONG, RIGHT)] == [
        "stored-value-refused",
        "stored-value-refused",
        "stored-value-refused",
        "right",
    ]


def test_five_wrong_pins_lock_the_card_and_a_right_one_before_begins_the_count_anew(session: Session) -> None:
    card = a_gift_card(session, pin=RIGHT)
    for attempt in (*[WRONG] * 4, RIGHT, *[WRONG] * 4):
        code(session, card.number, attempt)
    assert code(session, card.number, RIGHT) == "right"
    for _ in range(5):
        code(session, card.number, WRONG)
    assert code(session, card.number, RIGHT) == "stored-value-refused"
    issued.unlock_card(session, card.key.card_id, now=NOW, by=SYSTEM)
    assert code(session, card.number, RIGHT) == "right"
    with pytest.raises(Conflict):
        issued.unlock_card(session, card.key.card_id, now=NOW, by=SYSTEM)


def test_an_unknown_number_a_wrong_pin_and_a_locked_card_are_told_alike_and_cost_as_much(
    session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    card = a_gift_card(session, pin=RIGHT)
    told, checked = set(), list[str]()
    verify = passwords._ARGON2.verify
    monkeypatch.setattr(passwords._ARGON2, "verify", lambda pin, kept: checked.append(kept) or verify(pin, kept))
    for number in ("9" * 21, card.number):
        for attempt in range(7):
            checked.clear()
            proof = prove(session, [Entered(number, WRONG)], scope=f"terminal:{attempt}", now=NOW)
            assert proof.refusal is not None
            told.add((proof.refusal.status, proof.refusal.code, str(proof.refusal.text), str(proof.refusal.fields)))
            assert len(checked) == 1
    assert len(told) == 1


def test_ten_different_wrong_entries_lock_the_till_for_ten_minutes_and_no_other(session: Session) -> None:
    card = a_gift_card(session)
    for number in range(MOST_WRONG):
        assert code(session, f"NOBODYS{number}") == "stored-value-refused"
        assert code(session, f"NOBODYS{number}") == "stored-value-refused" if number < MOST_WRONG - 1 else True
    with pytest.raises(Throttled) as refused:
        code(session, card.number)
    assert refused.value.retry_after == LOCKED_FOR.total_seconds()
    assert code(session, card.number, scope="terminal:2") == "right"
    later = prove(session, [Entered(card.number)], scope="terminal:1", now=NOW + LOCKED_FOR + dt.timedelta(seconds=1))
    assert later.refusal is None


@pytest.mark.parametrize("state", [CardState.BLOCKED, CardState.LOST])
def test_whoever_has_proven_the_card_is_told_that_it_is_blocked_or_lost(session: Session, state: CardState) -> None:
    card = a_gift_card(session, pin=RIGHT)
    issued.set_card_state(session, card.key.card_id, state, now=NOW, by=SYSTEM)
    with pytest.raises(Conflict) as refused:
        code(session, card.number, RIGHT)
    assert refused.value.code == f"stored-value-{state}"
    assert code(session, card.number, WRONG) == "stored-value-refused"


def test_one_card_is_not_taken_twice_in_one_sale(session: Session) -> None:
    card = a_gift_card(session)
    with pytest.raises(Invalid):
        prove(session, [Entered(card.number), Entered(card.number)], scope="terminal:1", now=NOW)
