# REQ C-05 C-06: names as they are stored, and the words they are found by
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.customers.names.spelling import LONGEST_WORD, MOST_WORDS, fold, index_words, surface, tidy, words


@pytest.mark.parametrize(
    ("name", "found_by"),
    [
        ("O'Brien", {"o'brien", "brien"}),
        ("O’Brien", {"o'brien", "brien"}),
        ("גרשון־לוי", {"גרשון", "לוי", "גרשוןלוי"}),
        ("גרשון-לוי", {"גרשון", "לוי", "גרשוןלוי"}),
        ("Bat Sheva", {"bat", "sheva", "batsheva"}),
        ("יִצְחָק", {"יצחק"}),
        ("ז׳בוטינסקי", {"ז'בוטינסקי"}),
        ("גורביץ'", {"גורביץ'"}),
        ("Nguyễn", {"nguyễn"}),
        ("Åse Ørsted", {"åse", "ørsted", "åseørsted"}),
        ("STRAẞE", {"strasse"}),
        ("المصري", {"المصري", "مصري"}),
        ("Al-Masri", {"al", "masri", "almasri"}),
        ("مُحَمَّد", {"محمد"}),
        ("Cоhen", {"cohen"}),
        ("王小明", {"王小明"}),
        ("X", {"x"}),
        ("Null", {"null"}),
        ("\u202eנפוצ\u202c", {"נפוצ"}),
        ("!!!", set()),
        ("'''", set()),
        ("", set()),
    ],
)
def test_a_name_is_found_by_its_words(name: str, found_by: set[str]):
    assert index_words(name) == found_by


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("nguyễn", "nguyen"),
        ("o'brien", "obrien"),
        ("כץ", "כצ"),
        ("אברג'יל", "אברגיל"),
        ("أحمد", "احمد"),
        ("ليلى", "ليلي"),
        ("фёдоров", "федоров"),
        ("ørsted", "orsted"),
        ("łukasz", "lukasz"),
    ],
)
def test_two_spellings_of_the_same_letters_have_one_surface(one: str, other: str):
    assert surface(one) == surface(other)


def test_a_name_of_200_letters_is_found_by_its_beginning():
    assert index_words("x" * 200) == {"x" * LONGEST_WORD}
    assert len(index_words(" ".join(f"name{number}" for number in range(40)))) == MOST_WORDS


def test_a_stored_name_has_no_marks_that_nobody_sees():
    assert tidy(" Anna\u202e \u200b\tLisa\n") == "Anna Lisa"
    assert tidy("e\u0301") == "é"
    assert tidy("Anna\ud800 \x00Lisa") == "Anna Lisa"
    assert tidy("نازنین\u200cزهرا") == "نازنین\u200cزهرا"


@given(st.text(max_size=80))
def test_tidying_and_folding_twice_is_doing_it_once(name: str):
    assert tidy(tidy(name)) == tidy(name)
    assert fold(fold(name)) == fold(name)
    assert not any(unicodedata.category(letter) in {"Cc", "Cs"} for letter in tidy(name))


@given(st.text(max_size=80))
def test_whatever_is_typed_has_words_that_can_be_looked_for(name: str):
    for word in words(name):
        assert 0 < len(word) <= LONGEST_WORD
        assert not any(letter.isspace() for letter in word)
    assert all(index_words(name))
