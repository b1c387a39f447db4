# REQ M-09: people who live together are found though their address was typed differently, and neighbours aren't
import pytest

from erp_club.programmes.households.addresses import address_key, first_letters

Address = tuple[str | None, str | None, str | None]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Hämeenkatu 5 A 3", "33100", "Tampere"), ("hämeenk. 5A3", "33 100", "TAMPERE")),
        (("Storgatan 12, lgh 1101", "123 45", "Umeå"), ("Storg. 12 1101", "12345", None)),
        (("רחוב הרצל 5", None, "תל אביב"), ("הרצל 5", None, "תל-אביב")),
        (("12 High St.", "AB1 2CD", None), ("12 High Street", "ab12cd", "London")),
        (("5 Herzl", None, "Haifa"), ("Herzl 5", None, "haifa")),
    ],
)
def test_one_address_typed_in_two_ways_is_one(one: Address, other: Address):
    assert address_key(*one) == address_key(*other) is not None
    assert one[0] is not None
    assert other[0] is not None
    assert first_letters(one[0]) in other[0].casefold()


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (("Hämeenkatu 5 A 3", "33100", None), ("Hämeenkatu 5 A 4", "33100", None)),
        (("Hämeenkatu 5", "33100", None), ("Hämeenkatu 5", "33200", None)),
        (("High Street 5", "1", None), ("High Road 5", "1", None)),
        (("Herzl 5", None, "Haifa"), ("Herzl 5", None, "Holon")),
        (("Tie 5", "1", None), ("Katu 5", "1", None)),
    ],
)
def test_two_addresses_are_two(one: Address, other: Address):
    assert address_key(*one) != address_key(*other)


@pytest.mark.parametrize("street", [None, "", " - "])
def test_without_a_street_nobody_knows_where_somebody_lives(street: str | None):
    assert address_key(street, "33100", "Tampere") is None
