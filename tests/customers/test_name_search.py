# REQ C-05 C-06: people are found by their names as they are typed, heard and spelt
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers import queries
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.customers.names import commands
from erp_club.customers.names.judging import NameHit, shared_out
from erp_club.customers.names.models import CustomerWords, NameWord
from erp_club.customers.names.queries import find_by_name, stale
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from tests.customers.test_commands import change
from tests.make.customers import a_person
from tests.make.organisation import a_chain, a_store


def named(session: Session, given: str, family: str, **filled: Any) -> int:
    return a_person(session, given_name=given, family_name=family, **filled)


def found(session: Session, typed: str, **how: int) -> list[int]:
    return [each.customer_id for each in queries.find(session, typed, country="IL", **how)]


@pytest.fixture
def people(session: Session) -> dict[str, int]:
    """A shop's neighbours, whose names have little to do with each other."""
    a_chain(session)
    return {
        "cohen": named(session, "יעל", "כהן"),
        "gershon": named(session, "רבקה", "גרשון־לוי"),
        "brien": named(session, "Maeve", "O'Brien"),
        "nguyen": named(session, "Nguyễn", "Văn An"),
        "null": named(session, "Null", "Tester"),
        "x": named(session, "X", "Æ"),
        "li": named(session, "Wei", "Li"),
        "katz": named(session, "אוהד", "כץ"),
        "masri": named(session, "يوسف", "المصري"),
        "sergey": named(session, "Сергей", "Кузнецов"),
        "virtanen": named(session, "Kyösti", "Väisänen"),
        "batsheva": named(session, "בת־שבע", "אשכנזי", given_name_2="Batsheva", family_name_2="Ashkenazi"),
        "long": named(session, "a" * 200, "b" * 200),
        "soderstrom": named(session, "Håkan", "Söderström"),
    }


TYPED = {
    "יעל כהן": "cohen", "כהן יעל": "cohen", "Yael Cohen": "cohen", "Kohen Yael": "cohen", "Яэль Коэн": "cohen",
    "ياعيل كوهين": "cohen", "יעל כההן": "cohen", "כהן יע": "cohen", "Jael Cohn": "cohen",
    "גרשון לוי": "gershon", "לוי רבקה": "gershon", "Gershon-Levi Rivka": "gershon", "גרשון-לוי": "gershon",
    "OBrien": "brien", "o’brien maeve": "brien", "Brien": "brien", "maeve o brien": "brien",
    "Nguyen An": "nguyen", "van nguyen": "nguyen", "null": "null", "NULL TESTER": "null", "x æ": "x", "X": "x",
    "Li": "li", "li wei": "li", "כץ": "katz", "Katz": "katz", "Kats Ohad": "katz", "Кац": "katz",
    "Yousef Al-Masri": "masri", "Elmasri Yusuf": "masri", "מסרי יוסף": "masri", "المصري": "masri", "مصري": "masri",
    "Sergei Kuznetsov": "sergey", "Kusnezow Sergej": "sergey", "סרגיי קוזנצוב": "sergey", "Кузнецов Сергй": "sergey",
    "Vaisanen Kyosti": "virtanen", "Wäisänen": "virtanen", "Kyösti Väsiänen": "virtanen", "väisä": "virtanen",
    "Bat Sheva Ashkenazi": "batsheva", "Бат-Шева Ашкенази": "batsheva", "בתשבע אשכנזי": "batsheva",
    "Soederstroem Hakan": "soderstrom", "הוקן סודרסטרום": "soderstrom", "Сёдерстрём": "soderstrom",
    "Серёжа Кузнецов": "sergey", "kuznetsov seryozha": "sergey", "סריוז'ה קוזנצוב": "sergey",
    "a" * 200: "long",
}  # fmt: skip


@pytest.mark.parametrize("typed", TYPED)
def test_the_one_who_is_meant_comes_first(session: Session, people: dict[str, int], typed: str):
    assert found(session, typed)[:1] == [people[TYPED[typed]]]


def test_who_is_called_so_for_short_comes_after_who_bears_that_name(session: Session, people: dict[str, int]):
    yosef, aviva, abraham = (named(session, *name) for name in (("יוסף", "סבג"), ("Aviva", "Peretz"), ("אברהם", "פרץ")))
    yossi, avi = named(session, "Yossi", "Sabag"), named(session, "Avi", "Peretz")
    assert found(session, "יוסי סבג") == [yossi, yosef]
    assert found(session, "Josef Sabbag") == [yosef, yossi]
    assert found(session, "Avi Peretz") == [avi, aviva, abraham]
    assert found(session, "Moti Sabag") == []


@pytest.mark.parametrize(
    "typed",
    [
        "\u202eלעי", "\x00", "\ud800", "יעל\ud83d", "Yael\x00Cohen", "'", "''", "־", "-", "ʼ", "%", "_", "\\", "🙂",
        "a " * 200, "x" * 10_000, "כ" * 500, "ʾ", "ـ", "َ", "ь", "ъъъ", "'׳'", "ו", "١٢٣", "ﷺ", "İİİ", "ǅ", "ß",
        "{1,2}", "a,b", "NaN", "\\N", "1/2 a", "ab\tcd\ref\n", "{}", '"', 'a"b', "$1", ":words", "%(a)s",
    ],
)  # fmt: skip
def test_whatever_is_typed_is_answered(session: Session, people: dict[str, int], typed: str):
    queries.find(session, typed, country="IL")
    queries.find(session, f"Yael {typed}", country="IL")


def test_names_of_digits_or_signs_alone_are_found_and_numbers_come_first(session: Session):
    a_chain(session)
    bond, smile = named(session, "007", "Bond"), named(session, "🙂", "")
    digits, longest = named(session, "4711", ""), named(session, "a" * 200, "b" * 200)
    numbered = a_person(session, number="4711-8", given_name="Yael")
    assert [found(session, each) for each in ("007", "🙂", f"{'a' * 200} {'b' * 200}", "٠٠٧", "Bond 007")] == [
        [bond], [smile], [longest], [bond], [bond]
    ]  # fmt: skip
    assert set(found(session, "4711")) == {digits, numbered}
    assert found(session, "4711-8") == [numbered]
    whole = a_person(session, number="4711", given_name="Dana")
    assert found(session, "4711") == [whole, numbered]


def test_new_customers_are_found_at_once_and_changed_names_too(session: Session, people: dict[str, int]):
    customer_id = named(session, "Zbigniew", "Brzęczyszczykiewicz")
    assert found(session, "zbigniev brzenczyszczykiewicz") == [customer_id]
    change(session, customer_id, family_name="Nowak")
    assert found(session, "Nowak Zbigniew") == [customer_id]
    assert customer_id not in found(session, "Brzęczyszczykiewicz")


def test_the_same_spelling_comes_before_the_same_sound(session: Session):
    a_chain(session)
    sounds = named(session, "Kristina", "Karlsson")
    same = named(session, "Christina", "Carlsson")
    assert found(session, "carlsson christina") == [same, sounds]
    assert found(session, "kristina karlsson") == [sounds, same]


def test_who_has_one_name_twice_comes_before_those_who_have_it_once(session: Session):
    a_chain(session)
    others = [named(session, "Ali", family) for family in ("Nasser", "Haddad", "X", "Alian", "Salim")] * 3
    twice = named(session, "Ali", "Ali")
    once = named(session, "Ali", "")
    assert found(session, "Ali Ali")[:1] == [twice]
    assert found(session, "עלי עלי")[:1] == [twice]
    assert set(found(session, "Ali")) == {*others, twice, once}
    assert found(session, "Ali Haddad")[:1] == [others[1]]


def test_of_the_same_names_those_of_the_store_come_first_then_who_bought_last(session: Session):
    """A second given name that nobody typed doesn't count against who bought last."""
    a_chain(session)
    shop = a_store(session)
    first, bought, ours = (named(session, given, "Cohen") for given in ("David", "David Michael", "David"))
    session.execute(sa.update(Customer).where(Customer.id == ours).values(home_store_id=shop.id))
    session.execute(
        sa.text(
            "INSERT INTO receipts"
            " (customer_id, store_id, receipt_no, sold_at, sold_on, list_minor, total_minor, source)"
            " VALUES (:customer, :store, 'R1', :at, :day, 100, 100, 'till')"
        ),
        {"customer": bought, "store": shop.id, "at": dt.datetime.now(dt.UTC), "day": dt.date(2026, 11, 20)},
    )
    assert found(session, "cohen david", store_id=shop.id) == [ours, bought, first]
    assert found(session, "cohen david") == [bought, first, ours]


def test_nobody_waits_for_an_import_that_has_the_same_new_words_and_both_are_found(committed: Database):
    """A file of a million holds its words for minutes; a till opens a customer meanwhile, and nobody is erased."""
    with committed.session() as importing, committed.session() as till, committed.session() as night:
        a_chain(importing)
        importing.commit()
        imported = named(importing, "Zbigniew", "Brzęczyszczykiewicz")
        till.execute(sa.text("SET LOCAL statement_timeout = '10s'"))
        opened = named(till, "Zbigniew", "Brzęczyszczykiewicz")
        with pytest.raises(Conflict) as refused:
            commands.erase_names(night, [opened], [])
        assert refused.value.code == "names-busy"
        assert commands.join_doubles(night) == 0, "both still keep words"
        till.commit()
        importing.commit()
        typed = "brzeczyszczykiewicz zbigniew"
        assert sorted(found(night, typed)) == [imported, opened]
        assert {each.exact for each in find_by_name(night, "Brzęczyszczykiewicz", limit=9)} == {True}
        assert commands.join_doubles(night) == 2
        assert sorted(found(night, typed)) == [imported, opened]
        assert commands.join_doubles(night) == 0
        assert commands.erase_names(night, [opened], ["Zbigniew"]) == [], "the other one has it still"
        assert commands.erase_names(night, [imported], ["Zbigniew"]) == ["Zbigniew"]
        assert night.scalar(sa.select(sa.func.count()).select_from(NameWord)) == 0


def test_a_very_common_name_is_limited_and_the_stores_own_are_among_them(session: Session):
    a_chain(session)
    shop = a_store(session)
    rows: list[dict[str, str | int | None]] = [{"number": f"D{number}", "home": None} for number in range(400)]
    rows.append({"number": "OURS", "home": shop.id})
    session.execute(
        sa.text(
            "INSERT INTO customers (number, given_name, family_name, home_store_id, opened_at, changed_at)"
            " VALUES (:number, 'David', 'Cohen', :home, now(), now())"
        ),
        rows,
    )
    while commands.rekey_customers(session):
        pass
    told = queries.find(session, "david cohen", country="IL", store_id=shop.id, limit=10)
    assert (len(told), told[0].number) == (10, "OURS")


def test_namesakes_leave_places_to_second_given_names_and_to_other_scripts():
    namesakes = [NameHit(number, 1.0, spelt=True, words=(1, 2)) for number in range(1, 51)]
    second = NameHit(61, 0.999, spelt=True, words=(1, 2, 3))
    otherwise = NameHit(62, 0.95, spelt=False, words=(4, 5), script=1)
    told = [hit.customer_id for hit in shared_out([*namesakes, second, otherwise], 10)]
    assert told == [1, 2, 3, 4, 5, 6, 7, 8, 61, 62]
    assert shared_out(namesakes, 10) == namesakes[:10]
    assert shared_out([*namesakes[:3], otherwise], 10) == [*namesakes[:3], otherwise]


def test_a_name_as_it_was_typed_comes_before_one_that_differs_in_an_accent():
    typed, accent = NameHit(1, 0.994, spelt=True, exact=True), NameHit(2, 0.995, spelt=True)
    assert typed.closeness < accent.closeness


def test_a_second_given_name_hinders_less_than_another_spelling(session: Session):
    a_chain(session)
    second, spelt = named(session, "Sofia Marja", "Carlson"), named(session, "Sofiya", "Carlson")
    assert found(session, "sofia carlson") == [second, spelt]


def test_a_middle_name_more_or_less_is_no_hindrance(session: Session, people: dict[str, int]):
    with_middle = named(session, "Anna Liisa", "Korhonen")
    assert found(session, "Korhonen Anna")[:1] == [with_middle]
    assert found(session, "Anna Maria Korhonen")[:1] == [with_middle]
    assert found(session, "Annaliisa Korhonen")[:1] == [with_middle]


def test_merged_and_erased_people_are_found_by_no_name(session: Session, people: dict[str, int]):
    session.execute(sa.update(Customer).where(Customer.id == people["katz"]).values(state=CustomerState.ERASED))
    assert people["katz"] not in found(session, "כץ")
    commands.erase_names(session, [people["cohen"]], [])
    assert find_by_name(session, "יעל כהן", limit=10) == []


def test_a_name_that_is_spelt_so_is_told_from_one_that_sounds_so(session: Session, people: dict[str, int]):
    spelt = {typed: queries.find(session, typed, country="IL")[0].spelt for typed in ("כהן י", "Cohen Yael", "יעל כהם")}
    assert spelt == {"כהן י": True, "Cohen Yael": False, "יעל כהם": False}


def test_stale_keys_are_counted_and_written_anew(session: Session, people: dict[str, int]):
    assert stale(session) == 0
    session.execute(sa.update(NameWord).values(version=0, keys=[], sounds=b""))
    session.execute(sa.update(CustomerWords).values(version=0))
    session.execute(sa.delete(CustomerWords).where(CustomerWords.customer_id == people["katz"]))
    words = session.scalars(sa.select(sa.func.count()).select_from(NameWord)).one()
    assert stale(session) == words + len(people)
    assert found(session, "Kats Ohad") == []
    while commands.rekey_words(session, most=5):
        pass
    while commands.rekey_customers(session, most=5):
        pass
    assert (stale(session), found(session, "Kats Ohad")) == (0, [people["katz"]])


def test_how_many_have_a_word_is_counted_when_asked(session: Session, people: dict[str, int]):
    for family in ("Levi", "Katz"):
        named(session, "Yael", family)
    commands.count_bearers(session)
    assert session.scalar(sa.select(NameWord.bearers).where(NameWord.word == "yael")) == 2


def test_one_letter_is_first_of_all_that_of_a_short_name(session: Session):
    a_chain(session)
    for given, family in (("Liisa", "Lindqvist"), ("Lea", "Lehtonen"), ("Wei", "Li"), ("כרמל", "כהן"), ("אוהד", "כץ")):
        named(session, given, family)
    told = [queries.find(session, typed, country="IL")[0] for typed in ("l", "כ")]
    assert [each.family_name for each in told] == ["Li", "כץ"]


def test_a_name_half_typed_comes_before_a_short_one_that_sounds_so(session: Session):
    a_chain(session)
    half, sounds = named(session, "Coral", "Navon"), named(session, "קו", "נבון")
    assert found(session, "co") == [half, sounds]
