# REQ T-01 T-02: what the till's one field takes
import pytest

from erp_club.kernel.errors import Refused
from erp_club.purchases.baskets.entry import Entry, NewCustomer, is_payment_card, new_customer, read_entry, read_sign

ZONE = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
"""ICAO Doc 9303, part 4, appendix B."""


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("7290011234562", Entry("7290011234562")),
        (" 3*7290011234562 ", Entry("7290011234562", 3000)),
        ("0.755*APPLES", Entry("APPLES", 755)),
        ("0,5 × APPLES", Entry("APPLES", 500)),
        ("Noa Ben David", Entry("Noa Ben David")),
        (";2900000000018=2512?", Entry("2900000000018")),
        ("%B2900000000018^COHEN/NOA^2512?;2900000000018=2512?", Entry("2900000000018")),
    ],
)
def test_the_field_reads_codes_quantities_names_and_magnetic_cards(typed: str, read: Entry):
    assert read_entry(typed) == read


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        (" ? 729", ("?", "729")),
        ("-2*729", ("-", "2*729")),
        ("\u22125", ("-", "5")),
        ("?", ("?", "")),
        ("7-2", ("", "7-2")),
    ],
)
def test_a_sign_before_an_item_is_read_apart(typed: str, read: tuple[str, str]):
    assert read_sign(typed) == read


@pytest.mark.parametrize(
    "typed",
    ["4111 1111 1111 1111", "5555555555554444", "371449635398431", ";4111111111111111=2512?", "2*6011111111111117"],
)
def test_a_payment_card_is_refused_without_repeating_its_number(typed: str):
    with pytest.raises(Refused) as refused:
        read_entry(typed)
    assert refused.value.code == "payment-card"
    assert "1111" not in str(refused.value)


@pytest.mark.parametrize("code", ["4006381333931", "2900000000018", "4111111111111112", "036000291452"])
def test_item_and_member_codes_are_no_payment_cards(code: str):
    assert not is_payment_card(code)


@pytest.mark.parametrize("typed", ["0*7290011234562", "0.000*APPLES", "10000*APPLES", "1000000*APPLES"])
def test_a_quantity_of_nothing_or_too_much_is_refused(typed: str):
    with pytest.raises(Refused) as refused:
        read_entry(typed)
    assert refused.value.code == "quantity"


def test_a_magnetic_card_without_a_members_number_says_so():
    with pytest.raises(Refused) as refused:
        read_entry("%E?")
    assert refused.value.code == "card-unreadable"


@pytest.mark.parametrize(
    ("typed", "offered"),
    [
        ("052-761 4483", NewCustomer(phone="052-761 4483")),
        ("+358 40 7614483", NewCustomer(phone="+358 40 7614483")),
        ("Noa Ben David", NewCustomer(given_name="Noa", family_name="Ben David")),
        (ZONE, NewCustomer(id_zone=ZONE)),
        (ZONE.replace("L8", "L9"), None),
        ("012345678905", None),
        ("7290011234562", None),
        ("AB-123", None),
    ],
)
def test_nobody_found_by_phone_name_or_document_may_be_new(typed: str, offered: NewCustomer | None):
    assert new_customer(typed) == offered
