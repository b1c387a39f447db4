# REQ J-01 V-02: the night books out what has expired on cards
import datetime as dt
from types import SimpleNamespace
from typing import Any

from sqlalchemy.orm import Session

from erp_club.jobs.stored_value import STORED_VALUE_EXPIRE
from erp_club.permissions.actors import SYSTEM
from erp_club.stored_value.verify.queries import wrong_cards
from tests.make.stored_value import NOW, a_gift_card, a_kind, held


def test_each_card_loses_what_has_ended_once(session: Session) -> None:
    kind_id = a_kind(session)
    cards = [a_gift_card(session, 10_00, kind_id=kind_id) for _ in range(3)]
    run: Any = SimpleNamespace(as_of=dt.date(2031, 11, 23), id=7, now=NOW, by=SYSTEM)
    assert STORED_VALUE_EXPIRE.total is not None
    assert STORED_VALUE_EXPIRE.total(session, run) == 3
    first = STORED_VALUE_EXPIRE.batch(session, run, None)
    assert first.counts == {"cards": 3, "minor": 30_00}
    assert STORED_VALUE_EXPIRE.batch(session, run, first.after).after is None
    assert [held(session, card.key).balance_minor for card in cards] == [0, 0, 0]
    assert wrong_cards(session) == []
