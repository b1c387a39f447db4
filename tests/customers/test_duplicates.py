# REQ C-07: somebody who is a customer already is noticed before a second one is opened
import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.duplicates.commands import deny_pair, open_new_customer
from erp_club.customers.duplicates.models import DuplicateConfirmation
from erp_club.customers.duplicates.pairs.commands import find_pairs
from erp_club.customers.duplicates.pairs.queries import pairs
from erp_club.customers.fields import CustomerFields
from erp_club.customers.models import Customer
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, NotFound
from erp_club.permissions.actors import SYSTEM, Actor
from erp_club.permissions.catalog import Role
from erp_club.permissions.rules import NOTHING
from tests.make.clubs import a_card
from tests.make.customers import a_person
from tests.make.organisation import an_actor, somebody

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
YAEL: dict[str, Any] = {
    "mobile": "0530302018",
    "email": "yael@example.org",
    "birthday": "1979-02-22",
    "street": "Herzl 5",
    "city": "Haifa",
}
TILLS = 20


def opened(session: Session, by: Actor = SYSTEM, confirmed_not: tuple[int, ...] = (), **filled: Any) -> int:
    card = filled.pop("card", None)
    fields = CustomerFields(**filled)
    return open_new_customer(session, fields, country="IL", now=NOW, by=by, card=card, confirmed_not=confirmed_not)


def named(session: Session, **filled: Any) -> list[tuple[int, list[str]]]:
    """Whom the refusal names, and why."""
    with pytest.raises(Conflict) as refused:
        opened(session, **filled)
    return [(each["customer_id"], each["same"]) for each in refused.value.facts["candidates"]]  # type: ignore[index]


@pytest.mark.parametrize(
    ("shared", "field"),
    [
        ({"mobile": "+972 53 030 2018"}, "mobile"),
        ({"phone": "053-0302018"}, "phone"),
        ({"email": "Yael@Example.org"}, "email"),
        ({"birthday": "22.2.1979"}, "birthday"),
        ({"street": "HERZL 5", "city": "haifa"}, "address"),
    ],
)
@pytest.mark.parametrize("name", [("Yael", "Cohen"), ("Kohen", "Yael"), ("יעל", "כהן"), ("Yeal", "Cohen")])
def test_a_name_that_is_alike_and_one_thing_more_names_the_customer(
    session: Session, shared: dict[str, Any], field: str, name: tuple[str, str]
):
    yael = a_person(session, **YAEL)
    assert named(session, given_name=name[0], family_name=name[1], **shared) == [(yael, [field])]


@pytest.mark.parametrize(
    "other",
    [
        {"given_name": "Yael", "family_name": "Cohen"},
        {"given_name": "Yael", "family_name": "Cohen", "city": "Haifa", "mobile": "0530302019"},
        {"given_name": "Moshe", "family_name": "Levi", "mobile": YAEL["mobile"], "street": "Herzl 5", "city": "Haifa"},
        {"given_name": "Yael", "family_name": "Cohen", "street": "Herzl 5", "city": "Eilat"},
    ],
    ids=["the name alone", "the same town", "another one of the household", "a street in another town"],
)
def test_a_name_alone_or_a_phone_alone_opens_without_a_question(session: Session, other: dict[str, Any]):
    a_person(session, **YAEL)
    assert opened(session, **other)


def test_the_name_in_the_second_script_counts_too(session: Session):
    yael = a_person(session, given_name="יעל", family_name="כהן", birthday="1979-02-22")
    same: dict[str, Any] = {
        "given_name": "Юлия",
        "family_name": "Петрова",
        "given_name_2": "Yael",
        "family_name_2": "Cohen",
    }
    assert named(session, **same, birthday="1979-02-22") == [(yael, ["birthday"])]


def test_a_short_name_is_like_the_whole_one(session: Session):
    yosef = a_person(session, given_name="יוסף", family_name="אוחיון", mobile="0530302018")
    assert named(session, given_name="Yossi", family_name="Ohayon", mobile="0530302018") == [(yosef, ["mobile"])]
    assert opened(session, given_name="Moti", family_name="Ohayon", mobile="0530302018")


def test_a_document_alone_tells_and_can_t_be_confirmed_away(session: Session):
    yael = a_person(session, id_number="355675463")
    with pytest.raises(Conflict) as refused:
        opened(session, given_name="Moshe", family_name="Levi", id_number="355675463", confirmed_not=(yael,))
    assert (refused.value.code, refused.value.facts["customer_id"]) == ("id-taken", yael)


def test_a_card_alone_tells_and_can_t_be_confirmed_away(session: Session):
    yael = a_person(session)
    a_card(session, yael, "2900000000018")
    moshe: dict[str, Any] = {"given_name": "Moshe", "family_name": "Levi", "card": "2900000000018"}
    assert named(session, **moshe) == [(yael, ["card"])]
    assert named(session, **moshe, confirmed_not=(yael,)) == [(yael, ["card"])]


def test_it_is_kept_who_said_where_that_it_is_another_person(session: Session):
    yael = a_person(session, **YAEL)
    staff_id = somebody(session, Role.CASHIER)
    other = opened(
        session, an_actor(staff_id), given_name="Yael", family_name="Cohen", mobile="0530302018", confirmed_not=(yael,)
    )
    row = session.execute(sa.select(DuplicateConfirmation)).scalar_one()
    assert (row.low_id, row.high_id, row.at_opening, row.staff_id, row.at) == (yael, other, True, staff_id, NOW)


def test_to_confirm_one_candidate_doesn_t_confirm_the_next(session: Session):
    first = a_person(session, **YAEL)
    second = a_person(session, given_name="Yael", family_name="Kohn", mobile="0530302018")
    same: dict[str, Any] = {"given_name": "Yael", "family_name": "Cohen", "mobile": "0530302018"}
    assert {each for each, _ in named(session, **same, confirmed_not=(first,))} == {first, second}
    assert opened(session, **same, confirmed_not=(first, second))


def test_whoever_may_not_change_a_customer_sees_the_ends_of_phone_and_mail_only(session: Session):
    a_person(session, **YAEL)
    cashier = an_actor(somebody(session, Role.CASHIER), Role.CASHIER)
    cashier = Actor(cashier.name, NOTHING, cashier.staff_id)
    with pytest.raises(Conflict) as refused:
        opened(session, cashier, given_name="Yael", family_name="Cohen", mobile="0530302018")
    (told,) = refused.value.facts["candidates"]  # type: ignore[misc]
    assert (told["mobile"], told["email"], told["birthday"], told["street"]) == (
        "•••2018",
        "y•••@example.org",
        None,
        None,
    )


def at_once(database: Database, openings: int, **filled: Any) -> list[tuple[str, int]]:
    """What each of the openings at twenty tills got: what happened, and the customer it led to."""
    ready = Barrier(TILLS)

    def one() -> tuple[str, int]:
        with database.session() as session:
            try:
                made = opened(session, **filled)
            except Conflict as refused:
                candidates: Any = refused.facts.get("candidates")
                known: Any = refused.facts.get("customer_id") or candidates[0]["customer_id"]
                return refused.code, known
            session.commit()
            return "opened", made

    def till(number: int) -> list[tuple[str, int]]:
        ready.wait(timeout=30)
        return [one() for _ in range(number, openings, TILLS)]

    with ThreadPoolExecutor(TILLS) as pool:
        return [each for results in pool.map(till, range(TILLS)) for each in results]


def test_of_a_hundred_openings_of_one_id_at_once_one_opens_and_the_others_are_shown_her(committed: Database):
    told = at_once(committed, 100, given_name="Yael", family_name="Cohen", id_number="355675463")
    (made,) = [customer for what, customer in told if what == "opened"]
    assert {what for what, _ in told} == {"opened", "id-taken"}
    assert {customer for _, customer in told} == {made}
    with committed.session() as session:
        assert session.scalar(sa.select(sa.func.count()).where(Customer.id != 0)) == 1


@pytest.mark.parametrize(
    "shared", [{"mobile": "0530302018"}, {"birthday": "1990-02-03"}, {"street": "Herzl 1", "city": "Haifa"}], ids=str
)
def test_two_tills_that_open_one_person_at_once_don_t_open_her_twice(committed: Database, shared: dict[str, str]):
    told = at_once(committed, 40, given_name="Yael", family_name="Cohen", **shared)
    assert sum(what == "opened" for what, _ in told) == 1
    assert {what for what, _ in told} == {"opened", "possible-duplicates"}


# REQ C-07: the list of suspected pairs


def test_pairs_are_found_over_all_customers_and_scripts(session: Session):
    yael = a_person(session, **YAEL)
    in_hebrew = a_person(session, given_name="יעל", family_name="כהן", birthday="1979-02-22", phone="0530302018")
    a_person(session, given_name="Moshe", family_name="Levi", mobile="0530302018", birthday="1979-02-22")
    a_person(session, given_name="Yael", family_name="Cohen", birthday="1980-01-01")
    assert find_pairs(session, now=NOW) == 1
    (pair,) = pairs(session, limit=10)
    assert (pair.low_id, pair.high_id, pair.same) == (yael, in_hebrew, ("birthday", "phone"))
    assert pair.score >= 0.85


def test_a_pair_that_was_decided_about_doesn_t_come_back(session: Session):
    one, other = a_person(session, **YAEL), a_person(session, **YAEL)
    find_pairs(session, now=NOW)
    deny_pair(session, other, one, now=NOW, by=SYSTEM)
    assert pairs(session, limit=10) == []
    assert find_pairs(session, now=NOW) == 0
    with pytest.raises(NotFound):
        deny_pair(session, one, other, now=NOW, by=SYSTEM)


def test_who_was_confirmed_to_be_another_at_opening_is_no_suspected_pair(session: Session):
    yael = a_person(session, **YAEL)
    opened(session, given_name="Yael", family_name="Cohen", mobile="0530302018", confirmed_not=(yael,))
    assert find_pairs(session, now=NOW) == 0


def test_a_phone_that_a_whole_firm_has_makes_no_pairs(session: Session):
    for _ in range(25):
        a_person(session, mobile="0530302018")
    assert find_pairs(session, now=NOW) == 0
