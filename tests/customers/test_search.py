# REQ C-05 M-10: one box finds a customer by whatever is typed
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy import event
from sqlalchemy.orm import Session

from erp_club.cards.models import Card
from erp_club.customers import queries
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from tests.make.customers import a_person
from tests.make.organisation import a_chain


@pytest.fixture
def yael(session: Session) -> int:
    a_chain(session)
    customer_id = a_person(
        session,
        number="C000005",
        given_name="יעל",
        family_name="גרשון־לוי",
        given_name_2="Yael",
        family_name_2="O'Brien",
        mobile="0530302018",
        phone="03 512 3456",
        email="Yael.L@example.org",
        id_number="355675463",
        own_id="fob-77",
        city="Haifa",
    )
    session.add(Card(number="2900000000056", customer_id=customer_id, issued_at=dt.datetime.now(dt.UTC)))
    a_person(session, given_name="Dan", family_name="Nguyễn", number="N-9", id_number="880320-0016", id_country="SE")
    a_person(session, given_name="Sven", family_name="Levi", number="C100005", mobile="+46 70 174 06 58")
    session.flush()
    return customer_id


BY = {
    "2900000000056": ("card", True),
    "2900 0000 00056": ("card", True),
    "29000000": ("card", False),
    "C000005": ("number", True),
    "c000005": ("number", True),
    "C0000": ("number", False),
    "0530302018": ("phone", True),
    "053-030 2018": ("phone", True),
    "972530302018": ("phone", True),
    "+972 (53) 030.2018": ("phone", True),
    "00972 53 030 2018": ("phone", True),
    "\u202a+972530302018\u202c": ("phone", True),
    "٠٥٣ ٠٣٠ ٢٠١٨": ("phone", True),
    "۰۵۳۰۳": ("phone", False),
    "05303": ("phone", False),
    "+97253": ("phone", False),
    "035123456": ("phone", True),
    "2018": ("phone", False),
    "030 20 18": ("phone", False),
    "3456": ("phone", False),
    "355675463": ("id", True),
    "35567546-3": ("id", True),
    f"{'P<ISRLEVI<<YAEL':<<44}3556754638ISR7902228F3204153<<<<<<<<<<<<<<<6": ("id", True),
    "75463": ("id", False),
    "5463": ("id", False),
    "YAEL.L@example.org": ("email", True),
    "yael.l@ex": ("email", False),
    "fob-77": ("own_id", True),
    "fob": ("own_id", False),
    "FOB-77": ("own_id", True),
    "Fob-": ("own_id", False),
    "fOb-77": ("own_id", True),
    "יעל": ("name", False),
    "לוי יעל": ("name", False),
    "גרשון לוי": ("name", False),
    "גר יע": ("name", False),
    "obrien": ("name", False),
    "O’Brien Yael": ("name", False),
    "brien": ("name", False),
    "YA OB": ("name", False),
}


def test_the_beginning_of_a_number_with_a_letter_is_no_name(session: Session, yael: int):
    a_person(session, given_name="Qqq", family_name="Hay", number="N-1")
    assert "name" in {each.kind_matched for each in queries.find(session, "C9999", country="IL")}
    found = queries.find(session, "C0000", country="IL")
    assert [(each.customer_id, each.kind_matched) for each in found] == [(yael, "number")]


@pytest.mark.parametrize("typed", BY)
def test_it_is_recognised_what_was_typed(session: Session, yael: int, typed: str):
    found = queries.find(session, typed, country="IL")
    assert [(each.customer_id, each.kind_matched, each.exact) for each in found][:1] == [(yael, *BY[typed])]
    assert (found[0].card, found[0].city, found[0].mobile) == ("2900000000056", "Haifa", "+972530302018")


@pytest.mark.parametrize("typed", ["nguyen", "NGUYỄN dan", "880320-0016", "19880320-0016", "8803200016", "n-9"])
def test_accents_and_the_forms_of_an_id_make_no_difference(session: Session, yael: int, typed: str):
    assert [each.number for each in queries.find(session, typed, country="IL")] == ["N-9"]


@pytest.mark.parametrize("typed", ["", "   ", "\u202e", "zzz", "%", "_", "'", "a%b", "Cohen Yaelx", "@", "+", "\\"])
def test_what_nobody_has_finds_nobody(session: Session, yael: int, typed: str):
    assert queries.find(session, typed, country="IL") == []


def test_a_whole_number_comes_before_one_that_begins_so(session: Session, yael: int):
    longer = a_person(session, number="C0000051")
    assert [each.customer_id for each in queries.find(session, "C000005", country="IL")] == [yael, longer]


def test_a_blocked_card_is_still_found_and_not_shown_as_the_card(session: Session, yael: int):
    session.execute(sa.update(Card).values(state="blocked"))
    found = queries.find(session, "2900000000056", country="IL")
    assert [(each.customer_id, each.card) for each in found] == [(yael, None)]


def test_erased_and_unidentified_customers_are_found_by_nothing(session: Session, yael: int):
    session.execute(sa.update(Customer).where(Customer.id == yael).values(state=CustomerState.ERASED))
    for typed in BY:
        assert yael not in [each.customer_id for each in queries.find(session, typed, country="IL")]
    assert 0 not in [each.customer_id for each in queries.find(session, "0", country="IL")]


def test_a_search_looks_into_indexes_only(session: Session, yael: int):
    session.execute(sa.text("SET LOCAL enable_seqscan = off"))
    seen: list[str] = []
    engine = session.get_bind()

    def explain(_conn: object, cursor: object, statement: str, parameters: object, *_rest: object) -> None:
        if "UNION" in statement:
            cursor.execute("EXPLAIN " + statement, parameters)  # type: ignore[attr-defined]
            seen.extend(row[0] for row in cursor.fetchall())  # type: ignore[attr-defined]

    event.listen(engine, "before_cursor_execute", explain)
    queries.find(session, "053 030 2018", country="IL")
    queries.find(session, "yael.levi", country="IL")
    event.remove(engine, "before_cursor_execute", explain)
    plan = "\n".join(seen)
    assert "Seq Scan" not in plan
    for index in ("mobile", "phone", "email", "number", "id_hash", "own_id"):
        assert f"_{index}_beginning" in plan or f"ix_customers_{index}" in plan, plan


def test_a_word_with_a_digit_is_a_name_only_where_it_is_nobodys_number(session: Session, yael: int):
    named = a_person(session, given_name="N9", family_name="C000006", number="C000077")

    def found(text: str) -> list[int]:
        return [each.customer_id for each in queries.find(session, text, country="IL")]

    assert found("C000005") == [yael]
    assert found("C000006") == [named]
    assert named not in found("N-9")
