# REQ V-02, V-03: one card at any number of tills, on a database that really commits
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import sqlalchemy as sa

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.stored_value import commands
from erp_club.stored_value.expiry.commands import expire_cards
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.numbers import CardKey
from erp_club.stored_value.proof.commands import Entered, prove
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.stored_value import NOW, a_cause, a_gift_card, a_kind
from tests.stored_value.test_cards import LATER

TILLS, SALES = 10, 50


def at_once(database: Database, key: CardKey, amount_minor: int, other: CardKey | None = None) -> list[str]:
    """What each of 50 payments at ten tills got, each in its own transaction."""
    ready = Barrier(TILLS)

    def sale(number: int) -> str:
        # Half of them name the cards the other way round: nobody may wait for somebody who waits for them.
        keys = [each for each in (key, other) if each is not None]
        with database.session() as session:
            cards = commands.hold(session, keys if number % 2 else keys[::-1])
            try:
                for each in keys:
                    commands.pay(session, cards[each], amount_minor, cause=a_cause())
            except Conflict as refused:
                return refused.code
            session.commit()
            return "paid"

    def till(number: int) -> list[str]:
        ready.wait(timeout=30)
        return [sale(each) for each in range(number, SALES, TILLS)]

    with ThreadPoolExecutor(TILLS) as pool:
        return [each for results in pool.map(till, range(TILLS)) for each in results]


def test_fifty_payments_at_once_take_what_is_there_and_no_more(committed: Database) -> None:
    with committed.session() as session:
        kind_id = a_kind(session)
        first, second = a_gift_card(session, 70_00, kind_id=kind_id), a_gift_card(session, 900_00, kind_id=kind_id)
        session.commit()
    results = at_once(committed, first.key, 10_00, second.key)
    assert (results.count("paid"), results.count("stored-value-too-little")) == (7, 43)
    with committed.session() as session:
        cards = commands.hold(session, [first.key, second.key])
        assert [cards[key].balance_minor for key in (first.key, second.key)] == [0, 830_00]
        assert wrong_cards(session) == []


def test_two_expiry_runs_at_once_book_out_each_card_once(committed: Database) -> None:
    with committed.session() as session:
        kind_id = a_kind(session)
        for _ in range(20):
            a_gift_card(session, 10_00, kind_id=kind_id)
        session.commit()

    def run(_number: int) -> int:
        lost, after = 0, None
        while True:
            with committed.session() as session:
                done = expire_cards(session, on=LATER, now=NOW, by=SYSTEM, after=after, limit=3)
                session.commit()
            if done.last is None:
                return lost
            after, lost = done.last, lost + done.amount_minor

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(run, range(2))) == 200_00
    with committed.session() as session:
        assert wrong_cards(session) == []


def test_of_forty_guesses_at_one_moment_five_are_looked_at(committed: Database) -> None:
    with committed.session() as session:
        card = a_gift_card(session, pin="4711")
        session.commit()

    def guess(number: int) -> str:
        with committed.session() as session:
            # The right PIN is among the last of them.
            entry = Entered(card.number, "4711" if number >= 30 else f"{1000 + number}")
            proof = prove(session, [entry], scope=f"terminal:{number}", now=NOW)
            session.commit()
            return proof.refusal.code if proof.refusal else "right"

    with ThreadPoolExecutor(8) as pool:
        results = list(pool.map(guess, range(40)))
    assert set(results) == {"stored-value-refused"}
    with committed.session() as session:
        assert session.scalar(sa.select(ValueCard.wrong_pins)) == 5
