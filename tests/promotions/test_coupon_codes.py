# REQ O-09: codes that can't be guessed, are read aloud, and tell a slip of the finger
import itertools
import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.promotions.coupons.codes import (
    ALPHABET,
    LONGEST,
    RANDOM,
    is_code,
    is_prefix,
    new_codes,
    normalised,
    spoken,
)
from tests.make.coupons import checked

CODE, *CODES = new_codes(20)
PREFIXED, *MORE_PREFIXED = new_codes(20, prefix="VAKKA")


def test_a_code_has_more_than_fifty_bits() -> None:
    assert math.log2(len(ALPHABET) ** RANDOM) > 50


def test_no_two_characters_of_a_code_look_alike() -> None:
    assert len(set(ALPHABET)) == len(ALPHABET) == 23
    assert not set("0O1IL") & set(ALPHABET)
    for pair in ("2Z", "5S", "6G", "8B", "UV", "0D", "0Q"):
        assert len(set(pair) & set(ALPHABET)) <= 1


def test_every_character_comes_in_every_place_about_as_often() -> None:
    codes = list(new_codes(4_600))
    assert len(set(codes)) == 4_600
    for place in range(RANDOM):
        counts = [sum(code[place] == letter for code in codes) for letter in ALPHABET]
        # 200 each are expected; six standard deviations keep the test from ever failing by chance.
        assert all(abs(count - 200) < 6 * 14 for count in counts), (place, counts)


@pytest.mark.parametrize("code", [CODE, PREFIXED], ids=["short", "prefixed"])
def test_any_single_wrong_character_is_told(code: str) -> None:
    assert is_code(code)
    for place, right in enumerate(code):
        for letter in ALPHABET:
            if letter != right:
                assert not is_code(code[:place] + letter + code[place + 1 :])


@pytest.mark.parametrize("codes", [CODES, MORE_PREFIXED], ids=["short", "prefixed"])
def test_any_two_characters_that_changed_places_are_told(codes: list[str]) -> None:
    for code, first in itertools.product(codes, range(len(codes[0]))):
        for second in range(first + 1, len(code)):
            swapped = list(code)
            swapped[first], swapped[second] = code[second], code[first]
            assert is_code("".join(swapped)) == (code[first] == code[second])


@given(st.text(ALPHABET, min_size=RANDOM, max_size=LONGEST - 1))
def test_the_check_character_makes_any_beginning_a_code(body: str) -> None:
    assert is_code(checked(body))


def test_a_code_is_read_aloud_in_groups_with_its_prefix_apart() -> None:
    assert spoken("23456789ACEFH") == "2345-6789-ACEFH"
    assert spoken("VAK23456789ACEFH") == "VAK-2345-6789-ACEFH"
    assert normalised(spoken(PREFIXED)) == PREFIXED


def full_width(text: str) -> str:
    return "".join(chr(ord(letter) + 0xFEE0) for letter in text)


@pytest.mark.parametrize(
    "typed",
    [
        CODE.lower(),
        f"  {CODE}\n",
        spoken(CODE),
        spoken(CODE).replace("-", " "),
        spoken(CODE).replace("-", "\u2013"),
        spoken(CODE).replace("-", "\u00a0"),
        full_width(CODE),
        full_width(CODE.lower()),
        f"\u200f{CODE}\u200e",
        f"\u2066{spoken(CODE)}\u2069",
    ],
    ids=range(10),
)
def test_a_code_is_taken_however_it_is_typed(typed: str) -> None:
    assert normalised(typed) == CODE


@pytest.mark.parametrize(
    ("ours", "theirs"),
    [("A", "А"), ("A", "Α"), ("C", "С"), ("E", "Ε"), ("H", "Н"), ("K", "Κ"), ("M", "М"), ("P", "Р"), ("T", "Т"),
     ("X", "Х"), ("Y", "Υ"), ("K", "ĸ"), ("A", "Á"), ("2", "٢"), ("3", "З")],
)  # fmt: skip
def test_look_alikes_of_other_scripts_are_other_letters(ours: str, theirs: str) -> None:
    body = ours * RANDOM
    code = checked(body)
    assert is_code(code)
    assert normalised(code.replace(ours, theirs, 1)) != code
    assert not is_code(normalised(code.replace(ours, theirs, 1)))


@given(st.text())
def test_whatever_is_typed_is_read_without_a_fault(typed: str) -> None:
    once = normalised(typed)
    assert is_code(once) in {True, False}


@pytest.mark.parametrize("prefix", ["", "VAK", "234567"])
def test_a_prefix_is_of_the_same_letters(prefix: str) -> None:
    assert is_prefix(prefix)
    assert all(is_code(code) and code.startswith(prefix) for code in new_codes(50, prefix=prefix))


@pytest.mark.parametrize("prefix", ["OFF", "vak", "2345678", "АА", "V K"])
def test_a_prefix_of_other_letters_is_none(prefix: str) -> None:
    assert not is_prefix(prefix)
