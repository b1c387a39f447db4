# REQ C-04: documents are checked, and a refusal says what is wrong
import datetime as dt
import itertools
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from stdnum import luhn

from erp_club.customers import identity
from erp_club.customers.errors import Fault

TODAY = dt.date(2026, 11, 22)


def check(country: str, number: str, *, kind: str = "national_id", birthday: dt.date | None = None) -> str:
    return identity.check(kind, country, number, birthday=birthday, today=TODAY).number


def why(country: str, number: str, *, kind: str = "national_id", birthday: dt.date | None = None) -> str:
    with pytest.raises(Fault) as refused:
        check(country, number, kind=kind, birthday=birthday)
    assert refused.value.field == "id_number"
    return str(refused.value.text)


VALID = {
    ("IL", "355675463"): "355675463",
    ("IL", "35567546-3"): "355675463",
    ("IL", " 3556 75463 "): "355675463",
    ("IL", "39337423"): "039337423",  # eight digits: the leading zero was left out
    ("IL", "039337423"): "039337423",
    ("IL", "10009"): "000010009",
    ("FI", "131052-308T"): "131052-308T",
    ("FI", "131052-308t"): "131052-308T",
    ("FI", "131052–308T"): "131052-308T",  # a dash as word processors write it
    ("FI", "010190+002R"): "010190+002R",
    ("SE", "880320-0016"): "198803200016",
    ("SE", "8803200016"): "198803200016",
    ("SE", "19880320-0016"): "198803200016",
    ("SE", "198803200016"): "198803200016",
    ("SE", "880320+0016"): "188803200016",
    ("SE", "121212-1212"): "201212121212",
    ("SE", "121212+1212"): "191212121212",
    ("SE", "701063-2391"): "197010632391",  # samordningsnummer: the day plus 60
    ("SE", "19701063-2391"): "197010632391",
    ("EE", "37605030299"): "37605030299",
    ("NO", "15108695088"): "15108695088",
    ("US", "ab-1234.5"): "AB12345",
}


@pytest.mark.parametrize(("country", "number"), VALID)
def test_a_right_number_is_kept_in_one_form(country: str, number: str):
    assert check(country, number) == VALID[country, number]


SIGNS = {1800: "+", 1900: "-YXWVU", 2000: "ABCDEF"}


@pytest.mark.parametrize(("century", "sign"), [(c, sign) for c, signs in SIGNS.items() for sign in signs])
def test_every_sign_of_the_century_of_2023_is_known(century: int, sign: str):
    born = dt.date(century + 20, 2, 28)
    digits = f"{born:%d%m%y}"
    code = f"{digits}{sign}308{'0123456789ABCDEFHJKLMNPRSTUVWXY'[int(digits + '308') % 31]}"
    assert check("FI", code, birthday=born) == code
    assert "birthday" in why("FI", code, birthday=dt.date(century + 20, 3, 1))


WRONG = {
    ("IL", "355675464"): "check digit",
    ("IL", "3556754630"): "10",
    ("IL", "1234"): "4",
    ("IL", "000000000"): "The check digit is wrong",
    ("IL", "35567546A"): "digits only",
    ("IL", "٣٥٥٦٧٥٤٦٣"): "digits only",
    ("FI", "131052-308V"): "check character",
    ("FI", "131052308T"): "11 characters",
    ("FI", "310252-308Y"): "no such day",
    ("FI", "131052G308T"): "sign for the century",
    ("FI", "1310A2-308T"): "a birthday",
    ("FI", "131052-901X"): "temporary",
    ("FI", "131052-000V"): "002",
    ("SE", "880320-0018"): "check digit",
    ("SE", "880320-001"): "10 or 12",
    ("SE", "880230-0014"): "no such day",
    ("SE", "880320_0016"): "- or +",
    ("SE", "20991231-0005"): "future",
    ("EE", "37605030298"): "check digit",
    ("EE", "3760503029"): "too few",
    ("US", "x"): "4 to 20",
    ("US", "שלום1234"): "4 to 20",
}


@pytest.mark.parametrize(("country", "number"), WRONG)
def test_what_is_wrong_is_said(country: str, number: str):
    assert WRONG[country, number] in why(country, number)


def test_a_finnish_or_swedish_id_may_not_contradict_the_birthday():
    assert check("FI", "131052-308T", birthday=dt.date(1952, 10, 13))
    assert "1952-10-13" in why("FI", "131052-308T", birthday=dt.date(1952, 10, 14))
    assert "1988-03-20" in why("SE", "880320-0016", birthday=dt.date(1888, 3, 20))
    assert check("SE", "701063-2391", birthday=dt.date(1970, 10, 3))


@given(st.integers(0, 10**8 - 1))
def test_each_israeli_number_has_one_right_check_digit(first: int):
    digits = f"{first:08}"
    right = [last for last in range(10) if luhn.is_valid(f"{digits}{last}") and int(f"{digits}{last}")]
    taken = []
    for last in range(10):
        try:
            taken.append(int(check("IL", f"{digits}{last}")[-1]))
        except Fault:
            continue
    assert taken == right


@given(st.text(max_size=40), st.sampled_from(["IL", "FI", "SE", "EE", "NO", "DK", "US", "TR", "CZ"]))
def test_whatever_is_typed_is_taken_or_refused_with_a_sentence(text: str, country: str):
    for kind in ("national_id", "passport"):
        assert taken_or_why(kind, country, text)


def taken_or_why(kind: str, country: str, text: str) -> str:
    try:
        return identity.check(kind, country, text, birthday=None, today=TODAY).number
    except Fault as fault:
        return str(fault.text)


# ICAO Doc 9303, the specimens of parts 4, 5 and 6.
TD3 = ("P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<", "L898902C36UTO7408122F1204159ZE184226B<<<<<10")
TD2 = ("I<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<", "D231458907UTO7408122F1204159<<<<<<<6")
TD1 = ("I<UTOD231458907<<<<<<<<<<<<<<<", "7408122F1204159UTO<<<<<<<<<<<6", "ERIKSSON<<ANNA<MARIA<<<<<<<<<<")


@pytest.mark.parametrize(
    ("zone", "number"), [(TD3, "L898902C3"), (TD2, "D23145890"), (TD1, "D23145890")], ids=["TD3", "TD2", "TD1"]
)
@pytest.mark.parametrize("between", ["\n", "", " ", "\r\n"])
def test_the_lines_of_a_passport_give_its_number(zone: tuple[str, ...], number: str, between: str):
    assert check("SE", between.join(zone), kind="passport", birthday=dt.date(1974, 8, 12)) == number
    assert "1974-08-13" in why("SE", between.join(zone), kind="passport", birthday=dt.date(1974, 8, 13))


def test_a_long_number_goes_on_in_the_optional_field():
    first = "I<UTOD23145890<7349<<<<<<<<<<<"
    second = "3407127M9507122UTO<<<<<<<<<<<2"
    assert check("SE", first + second + "STEVENSON<<PETER<JOHN<<<<<<<<<", kind="passport") == "D23145890734"


@pytest.mark.parametrize(
    ("place", "says"),
    [(0, "document number"), (9, "document number"), (13, "birthday"), (21, "expiry"), (28, "personal"), (43, "last")],
)
def test_a_misread_character_is_found_where_it_is(place: int, says: str):
    line = TD3[1]
    other = "8" if line[place] != "8" else "3"
    assert says in why("SE", TD3[0] + line[:place] + other + line[place + 1 :], kind="passport")


def test_lines_that_are_cut_off_are_refused_with_their_length():
    assert "87" in why("SE", "".join(TD3)[:-1], kind="passport")
    assert "A to Z" in why("SE", "".join(TD3).replace("ANNA", "ÅNNA"), kind="passport")


@pytest.mark.parametrize(
    ("typed", "kept"), [("l898902c3", "L898902C3"), ("12 345-678", "12345678"), ("AB123", "AB123")]
)
def test_a_passport_number_is_letters_and_digits(typed: str, kept: str):
    assert check("DE", typed, kind="passport") == kept


@pytest.mark.parametrize(
    ("typed", "says"), [("AB12", "4"), ("A" * 16, "16"), ("דרכון1", "A to Z"), ("A/1234", "A to Z")]
)
def test_a_passport_number_of_another_form_is_refused(typed: str, says: str):
    assert says in why("DE", typed, kind="passport")


@pytest.mark.parametrize(
    ("country", "right", "wrong"),
    [
        ("FI", "xp1234567", "XP123456"),
        ("FR", "12 AB 34567", "AB34567"),
        ("GB", "123456789", "12345678"),
        ("IL", "12345678", "AB1234567"),
        ("SE", "AA1234567", "AB123456"),
        ("SE", "12345678", "1234567"),
        ("UA", "FA123456", "F1234567"),
        ("US", "A12345678", "A1234567"),
    ],
)
def test_a_passport_number_has_the_form_of_its_country_where_that_is_known(country: str, right: str, wrong: str):
    assert check(country, right, kind="passport") == right.replace(" ", "").upper()
    assert "Passports of this country" in why(country, wrong, kind="passport")


@pytest.mark.parametrize(
    ("country", "number", "asked"),
    [
        ("IL", "355675436", "the 3 and the 6?"),
        ("FI", "131052-380T", "the 8 and the 0?"),
        ("SE", "880320-0061", "the 6 and the 1?"),
    ],
)
def test_two_digits_that_were_swapped_are_named(country: str, number: str, asked: str):
    assert asked in why(country, number)


@pytest.mark.parametrize(
    ("number", "asked"),
    [("041190-433T", "Should the 3 be 8?"), ("040536-881L", "Should the 4 be 6?"), ("131052-318T", "Compare each one")],
)
def test_the_one_digit_that_would_mend_a_finnish_code_is_named(number: str, asked: str):
    assert asked in why("FI", number)


@pytest.mark.parametrize(
    ("country", "number"), [("FI", "131052-308U"), ("FI", "131205-308V"), ("SE", "701003-2391"), ("SE", "880302-0016")]
)
def test_a_swap_is_asked_about_only_where_it_makes_a_birthday(country: str, number: str):
    said = why(country, number)
    plain = re.sub(r"\D", "", number)
    for one, other in re.findall(r"the (\d) and the (\d)", said):
        mended = plain.replace(one + other, other + one, 1)
        day = int(mended[0:2]) if country == "FI" else int(mended[4:6]) % 60
        assert 1 <= int(mended[2:4]) <= 12
        assert 1 <= day <= 31


@given(st.integers(1, 99_999_999), st.integers(0, 7))
def test_a_swap_is_asked_about_only_where_it_mends_the_number_in_one_place_or_two(first: int, place: int):
    body = f"{first:08d}"
    right = body + luhn.calc_check_digit(body)
    swapped = right[:place] + right[place + 1] + right[place] + right[place + 2 :]
    if luhn.is_valid(swapped):
        return
    said = why("IL", swapped)
    mends = [
        (a, b)
        for at, (a, b) in enumerate(itertools.pairwise(swapped))
        if a != b and luhn.is_valid(swapped[:at] + b + a + swapped[at + 2 :])
    ]
    assert ("swap" in said) is (len(mends) in {1, 2})
    if "swap" in said:
        asked = ", or ".join(f"the {one} and the {other}" for one, other in mends)
        assert f"swap {asked}?" in said
