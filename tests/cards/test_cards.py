# REQ K-01: cards
import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session
from stdnum import ean

from erp_club.cards.commands import issue_card
from erp_club.cards.kinds import CardState
from erp_club.cards.numbers import LAST, card_number
from erp_club.cards.queries import read_card
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.kernel.errors import Refused
from tests.make.clubs import NOW, a_card, a_customer


@given(st.integers(1, LAST))
def test_our_numbers_are_valid_ean_13_in_our_own_range(sequence_no: int) -> None:
    number = card_number(sequence_no)
    assert len(number) == 13
    assert number.startswith("29")
    assert ean.is_valid(number)


def test_the_range_ends() -> None:
    for outside in (0, LAST + 1):
        with pytest.raises(ValueError):
            card_number(outside)


def test_a_card_identifies_its_customer_however_it_is_written(session: Session) -> None:
    yael = a_customer(session)
    number = issue_card(session, yael, now=NOW)
    assert read_card(session, number).customer_id == yael
    assert read_card(session, f" {number[:4]}-{number[4:9]} {number[9:]}").customer_id == yael


def test_every_card_has_a_number_of_its_own_beside_imported_ones(session: Session) -> None:
    yael = a_customer(session)
    last = issue_card(session, yael, now=NOW)
    imported = [card_number(int(last[2:12]) + 1), card_number(int(last[2:12]) + 2)]
    for number in imported:
        a_card(session, yael, number)
    assert issue_card(session, yael, now=NOW) == card_number(int(last[2:12]) + 3)
    assert read_card(session, imported[0]).customer_id == yael


@pytest.mark.parametrize(
    ("state", "code"),
    [
        (CardState.BLOCKED, "card-blocked"),
        (CardState.LOST, "card-lost"),
        (CardState.REPLACED, "card-replaced"),
    ],
)
def test_a_card_that_no_longer_holds_says_so(session: Session, state: CardState, code: str) -> None:
    number = a_card(session, a_customer(session), "7290000000015", state=state)
    with pytest.raises(Refused) as refused:
        read_card(session, number)
    assert (refused.value.status, refused.value.code) == (409, code)


def test_a_card_nobody_has(session: Session) -> None:
    yael = a_customer(session)
    erased = a_card(session, yael, "7290000000015")
    session.execute(sa.update(Customer).where(Customer.id == yael).values(state=CustomerState.ERASED))
    for number in ("7290000000022", erased, ""):
        with pytest.raises(Refused) as refused:
            read_card(session, number)
        assert (refused.value.status, refused.value.code) == (404, "card-unknown")
