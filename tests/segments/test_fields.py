"""Fields that segments may ask about: memberships, points, coupons, relatives, classifications, other segments.

REQ S-02
"""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Classification, Customer
from erp_club.customers.relatives.models import Relative
from erp_club.kernel.errors import Refused
from erp_club.points.models import PointsAccount
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import queries
from erp_club.segments.compiler import Facts
from erp_club.segments.reading import read_condition
from tests.make.clubs import TODAY, a_club, a_customer, a_membership
from tests.make.organisation import a_chain


@pytest.fixture
def people(session: Session) -> dict[str, int]:
    """Four customers."""
    a_chain(session)
    return {number: a_customer(session, number) for number in ("A", "B", "C", "D")}


def found(session: Session, where: Any, as_of: dt.date = TODAY, **facts: Any) -> str:
    """The numbers of the customers, as one word."""
    return "".join(queries.numbers(session, read_condition(where, REGISTRY), Facts(as_of, **facts)))


def field(name: str, op: str = "eq", value: Any = True, **more: Any) -> dict[str, Any]:
    return {"field": name, "op": op, "value": value} | more


def test_members_of_a_club_are_those_whose_membership_holds_on_the_day(session: Session, people: dict[str, int]):
    gold, green = a_club(session, "GOLD"), a_club(session, "GREEN")
    a_membership(session, people["A"], gold)
    a_membership(session, people["A"], green)
    a_membership(session, people["B"], green)
    assert found(session, field("club", value="GOLD")) == "A"
    assert found(session, field("club", "in", ["GOLD", "GREEN"])) == "AB"
    assert found(session, field("club", "ne", "GOLD")) == "B"  # who is in no club at all has no value
    assert found(session, {"not": field("club", value="GOLD")}) == "BCD"
    assert found(session, field("club", "is_null")) == "CD"
    assert found(session, field("club", value="GOLD"), TODAY - dt.timedelta(days=4_000)) == ""


def test_points_and_days_of_a_membership_are_asked_of_one_club_or_of_any(session: Session, people: dict[str, int]):
    gold, green = a_club(session, "GOLD"), a_club(session, "GREEN")
    a_membership(session, people["A"], gold)
    a_membership(session, people["B"], green)
    session.execute(sa.update(PointsAccount).where(PointsAccount.customer_id == people["A"]).values(balance=250))
    assert found(session, field("points", "ge", 200)) == "A"
    assert found(session, field("points", "ge", 200, club="GREEN")) == ""
    assert found(session, field("points", "lt", 200)) == "B"
    assert found(session, field("points", "is_null")) == "CD"
    assert found(session, field("joined_on", "le", TODAY.isoformat(), club="GOLD")) == "A"
    assert found(session, {"not": field("ends_on", "is_null")}) in {"AB", ""}


def test_birthdays_ages_and_29_february(session: Session, people: dict[str, int]):
    born = {"A": dt.date(2000, 2, 29), "B": dt.date(1990, 12, 31), "C": dt.date(2010, 3, 1)}
    for number, birthday in born.items():
        session.execute(sa.update(Customer).where(Customer.number == number).values(birthday=birthday))
    day = dt.date(2026, 2, 28)
    assert found(session, field("birthday_in_days", value=0), day) == "A"
    assert found(session, field("birthday_in_days", "between", [0, 1]), day) == "AC"
    assert found(session, field("birthday_in_days", value=0), dt.date(2028, 2, 29)) == "A"
    assert found(session, field("age", value=25), day) == "A"
    assert found(session, field("age", value=26), dt.date(2026, 3, 1)) == "A"
    assert found(session, field("birthday_in_days", value=1), dt.date(2026, 12, 30)) == "B"
    assert found(session, field("birthday_month", "in", [2, 3])) == "AC"
    assert found(session, {"not": field("age", "ge", 0)}) == "D"


def test_consent_is_held_or_not(session: Session, people: dict[str, int]):
    session.execute(sa.update(Customer).where(Customer.number == "A").values(consent_sms=True))
    session.execute(sa.update(Customer).where(Customer.number == "B").values(consent_sms=False, consent_email=True))
    assert found(session, field("consent", value="sms")) == "A"
    assert found(session, field("consent", "in", ["sms", "email"])) == "AB"
    assert found(session, field("consent", "ne", "sms")) == "BCD"
    assert found(session, field("consent", "is_null")) == "CD"


def test_a_classification_is_a_word_or_a_number(session: Session, people: dict[str, int]):
    for number, value in (("A", "vegan"), ("B", "12.5"), ("C", "9")):
        session.add(Classification(customer_id=people[number], name="Diet", value=value))
    session.flush()
    assert found(session, field("class:Diet", value="vegan")) == "A"
    assert found(session, field("class:Diet", "gt", 9.5)) == "B"
    assert found(session, field("class:Diet", "between", [9, 13])) == "BC"
    assert found(session, field("class:Other", value="vegan")) == ""
    assert found(session, field("class:Diet", "is_null")) == "D"


def test_relatives_birthdays_count_even_where_the_relative_is_no_customer(session: Session, people: dict[str, int]):
    session.execute(sa.update(Customer).where(Customer.number == "D").values(birthday=dt.date(1980, 11, 24)))
    session.add(Relative(customer_id=people["A"], kind="child", name="Noa", birthday=dt.date(2018, 11, 25)))
    session.add(Relative(customer_id=people["B"], kind="spouse", relative_id=people["D"]))
    session.flush()
    day = dt.date(2026, 11, 22)
    assert found(session, field("relative_birthday_in_days", "le", 3), day) == "AB"
    assert found(session, field("relative_birthday_in_days", "eq", 2), day) == "B"
    assert found(session, field("relative_age", "lt", 18), day) == "A"


def test_segments_combine_and_a_frozen_list_is_a_list(session: Session, people: dict[str, int]):
    named = {"First": read_condition(field("number", "in", ["A", "B"]), REGISTRY)}
    listed = {"Kept": sa.select(Customer.id.label("customer_id")).where(Customer.number.in_(["B", "C"]))}
    known = {"segments": named, "lists": listed}
    assert found(session, field("segment", value="First"), **known) == "AB"
    assert found(session, field("segment", "in", ["First", "Kept"]), **known) == "ABC"
    assert found(session, field("segment", "not_in", ["First", "Kept"]), **known) == "D"
    both = {"all": [field("segment", value="First"), {"not": field("segment", value="Kept")}]}
    assert found(session, both, **known) == "A"
    with pytest.raises(Refused) as unknown:
        found(session, {"all": [{"not": field("segment", value="Nobody")}]}, **known)
    assert (unknown.value.code, unknown.value.fields[0].field) == ("segment-unknown", "where.all[0].not.value")


def test_a_segment_made_of_itself_is_refused(session: Session, people: dict[str, int]):
    circle = {
        "One": read_condition(field("segment", value="Two"), REGISTRY),
        "Two": read_condition({"not": field("segment", value="One")}, REGISTRY),
    }
    with pytest.raises(Refused) as refused:
        found(session, field("segment", value="One"), segments=circle)
    assert refused.value.code == "segment-circle"


def test_merged_and_erased_customers_are_in_no_segment(session: Session, people: dict[str, int]):
    session.execute(sa.update(Customer).where(Customer.number == "B").values(state="merged", merged_into=people["A"]))
    session.execute(sa.update(Customer).where(Customer.number == "C").values(state="erased"))
    assert found(session, {"all": []}) == "AD"
    assert found(session, {"not": {"field": "number", "op": "eq", "value": "B"}}) == "AD"
