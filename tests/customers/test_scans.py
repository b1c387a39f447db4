# REQ C-04: the lines of a passport fill in a form, whatever layout the computer is set to
import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.customers import mrz, queries
from erp_club.customers.errors import Fault
from erp_club.customers.fields import CustomerFields
from erp_club.customers.id_numbers.queries import id_number
from erp_club.customers.scans import SCANNED, filled_in, scanned
from erp_club.kernel.errors import Invalid
from tests.make.customers import a_person

TODAY = dt.date(2026, 11, 25)
TD3 = "P<UTOERIKSSON<<ANNA<MARIA<<<<<<<<<<<<<<<<<<<L898902C36UTO7408122F1204159ZE184226B<<<<<10"
TD1 = "I<UTOD231458907<<<<<<<<<<<<<<<7408122F1204159UTO<<<<<<<<<<<6ERIKSSON<<ANNA<MARIA<<<<<<<<<<"
FINNISH = TD3.replace("UTO", "FIN", 1)
_AMERICAN = "QWERTYUIOPASDFGHJKLZXCVBNM"
_AS_TYPED = {
    "nordic": TD3.replace("<", ";"),
    "hebrew": TD3.translate(str.maketrans(_AMERICAN + "<", "/'קראטוןםפשדגכעיחלךזסבהנמצ>")),
    "german": TD3.translate(str.maketrans("YZ<", "ZY;")),
    "french": TD3.translate(str.maketrans("AQZWM1234567890<", "QAWZ?&É\"'(-È_ÇÀ.")),
    "small letters": TD3.lower(),
    "two lines": f"{TD3[:44]}\n{TD3[44:]}\n",
    "fillers left out": f"{TD3[:44].rstrip('<')} {TD3[44:]}",
    "framed": f"\x02{TD3[:44]}\r{TD3[44:]}\x03",
}


def test_a_zone_tells_the_document_and_the_person():
    zone = mrz.read(FINNISH)
    assert (zone.number, zone.country, zone.family_name, zone.given_name) == (
        "L898902C3",
        "FI",
        "Eriksson",
        "Anna Maria",
    )
    assert (zone.sex, zone.birthday(TODAY)) == ("F", dt.date(1974, 8, 12))
    lines = [TD1[:30], TD1[30:60], TD1[60:]]
    assert mrz.read(TD1) == mrz.read("\n".join(line.rstrip("<") for line in lines))
    card = mrz.read(TD1)
    assert (card.number, card.country, card.family_name, card.given_name) == (
        "D23145890",
        None,
        "Eriksson",
        "Anna Maria",
    )


@pytest.mark.parametrize("layout", _AS_TYPED)
def test_a_zone_is_read_from_the_keys_of_another_layout(layout: str):
    typed = _AS_TYPED[layout]
    assert mrz.looks_like_zone(typed)
    assert mrz.read(typed) == mrz.read(TD3)


@pytest.mark.parametrize(
    ("born", "day"),
    [("270101", dt.date(1927, 1, 1)), ("260101", dt.date(2026, 1, 1)), ("74<<<<", None), ("740231", None)],
)
def test_the_century_of_a_birthday_is_the_latest_that_can_be(born: str, day: dt.date | None):
    zone = mrz.Zone("X", born, None, "", "", None)
    assert zone.birthday(TODAY) == day


def test_what_was_typed_stays_and_the_rest_is_filled_in():
    read = filled_in(CustomerFields(id_number=FINNISH, id_kind="national_id", id_country="IL"), today=TODAY)
    assert (read.id_kind, read.id_country, read.id_number) == ("passport", "FI", "L898902C3")
    assert (read.given_name, read.family_name, read.birthday) == ("Anna Maria", "Eriksson", dt.date(1974, 8, 12))
    typed = CustomerFields(id_number=FINNISH, given_name="Anna", birthday="1.1.1970", gender="X")
    read = filled_in(typed, today=TODAY)
    assert (read.given_name, read.family_name, read.birthday, read.gender) == ("Anna", None, "1.1.1970", "X")
    plain = CustomerFields(id_number="AB12345")
    assert filled_in(plain, today=TODAY) is plain


@pytest.mark.parametrize("typed", [None, "AB12345", TD3[:-1], TD3[:50] + "9" + TD3[51:]])
def test_what_is_no_right_zone_is_refused_at_the_number(typed: str | None):
    with pytest.raises(Invalid) as refused:
        scanned(CustomerFields(id_number=typed), today=TODAY)
    assert [error.field for error in refused.value.fields] == ["id_number"]


def test_no_layout_makes_a_misread_zone_right():
    with pytest.raises(Fault):
        mrz.read(TD3[:44] + "L898902C37" + TD3[54:])


def test_a_document_unlike_its_country_s_passports_is_taken_as_its_zone_proves_it(session: Session):
    """A travel document of Israel: its passports have digits only."""
    zone = TD3.replace("UTO", "ISR", 1)
    read = scanned(CustomerFields(id_number=zone), today=TODAY)
    told: dict[str, Any] = {name: getattr(read, name) for name in (*SCANNED, "id_zone")}
    assert id_number(session, a_person(session, **told)) == "L898902C3"
    wrong: list[dict[str, Any]] = [{"id_zone": zone} for zone in (None, FINNISH, "<")] + [{"id_number": "L898902C4"}]
    for each in wrong:
        with pytest.raises(Invalid) as refused:
            a_person(session, **told | each)
        assert [error.field for error in refused.value.fields] == ["id_number"]


def test_a_customer_is_opened_by_a_zone_alone(session: Session):
    customer_id = a_person(session, given_name=None, family_name=None, id_number=FINNISH)
    kept = queries.record(session, customer_id)
    assert (kept.given_name, kept.family_name, kept.birthday) == ("Anna Maria", "Eriksson", dt.date(1974, 8, 12))
    assert (kept.id_kind, kept.id_country, kept.gender) == ("passport", "FI", "F")
    assert id_number(session, customer_id) == "L898902C3"
