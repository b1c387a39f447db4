# REQ C-03 C-04: phones and e-mail addresses
from collections.abc import Callable

import phonenumbers
import pytest
from hypothesis import given
from hypothesis import strategies as st

from erp_club.customers import contact
from erp_club.customers.errors import Fault

PHONES = {
    ("0530302018", "IL"): "+972530302018",
    ("053-030-2018", "IL"): "+972530302018",
    ("(053) 030.2018", "IL"): "+972530302018",
    ("+972 53 030 2018", "IL"): "+972530302018",
    ("972530302018", "IL"): "+972530302018",
    ("00972530302018", "IL"): "+972530302018",
    ("+972 53 030 2018", "FI"): "+972530302018",
    ("٠٥٣٠٣٠٢٠١٨", "IL"): "+972530302018",
    ("03-512 3456", "IL"): "+97235123456",
    ("050 123 4567", "IL"): "+972501234567",  # not in today's numbering plan, perhaps in tomorrow's
    ("041 234 5678", "FI"): "+358412345678",
    ("070-174 06 58", "SE"): "+46701740658",
}


@pytest.mark.parametrize(("typed", "country"), PHONES)
def test_a_phone_is_kept_in_one_form(typed: str, country: str):
    assert contact.phone(typed, country) == PHONES[typed, country]


@given(st.sampled_from(sorted(phonenumbers.COUNTRY_CODE_TO_REGION_CODE)), st.from_regex("[0-9]{4,12}", fullmatch=True))
def test_what_is_taken_for_a_whole_number_is_what_the_library_makes_of_it(code: int, inland: str):
    """Numbers of a file that are written whole are not read by the library, which takes long."""
    written = f"+{code}{inland}"
    spaced = f"+{code} {inland}"
    try:
        read = contact.phone(spaced, "IL")
    except Fault:
        read = None
    assert contact.phone(written, "IL") == read if read else not contact.is_whole(written)


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("053", "too short"),
        ("05303020181234", "too long"),
        ("0000000000", "begins so"),
        ("+999 123456", "+972"),
        ("call me", "no letters"),
        ("053-0302018 x5", "no letters"),
        ("--", "like +972"),
        ("+", "like +972"),
    ],
)
def test_a_wrong_phone_is_refused_with_the_reason(typed: str, says: str):
    with pytest.raises(Fault) as refused:
        contact.phone(typed, "IL", field="mobile")
    assert (refused.value.field, says in str(refused.value.text)) == ("mobile", True)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("Dana@Example.ORG", "dana@example.org"),
        (" a+b@x.co.il ", "a+b@x.co.il"),
        ("o'brien@x.se", "o'brien@x.se"),
        ("x@שלום.co.il", "x@xn--9dbne9b.co.il"),
        ("x@åbo.fi", "x@xn--bo-xia.fi"),
    ],
)
def test_an_address_is_kept_in_small_letters(typed: str, kept: str):
    assert contact.email(typed) == kept


@pytest.mark.parametrize(
    ("typed", "says"),
    [
        ("dana", "an @"),
        ("@x.org", "an @"),
        ("dana@", "an @"),
        ("a b@x.org", "spaces"),
        ("a@b@x.org", "before the @"),
        ("a..b@x.org", "before the @"),
        ("דנה@x.org", "before the @"),
        ("a@localhost", "complete"),
        ("a@x..org", "dots"),
        ("a@-x.org", "dots"),
        ("a@1.2.3.4", "dots"),
        ("a" * 65 + "@x.org", "too long"),
        ("a@x_y.org", "dots"),
    ],
)
def test_a_wrong_address_is_refused_with_the_reason(typed: str, says: str):
    with pytest.raises(Fault) as refused:
        contact.email(typed)
    assert says in str(refused.value.text)


@given(st.text(max_size=60))
def test_whatever_is_typed_is_taken_or_refused_with_a_sentence(text: str):
    assert taken_or_why(contact.email, text)
    assert taken_or_why(lambda typed: contact.phone(typed, "IL"), text)


def taken_or_why(check: Callable[[str], str], text: str) -> str:
    try:
        return check(text)
    except Fault as fault:
        return str(fault.text)
