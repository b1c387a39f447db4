# REQ C-01 C-03 C-04 M-10 A-02 X-01: customers are opened and changed
import datetime as dt
import threading
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.customers import queries
from erp_club.customers.commands import edit_customer, open_customer
from erp_club.customers.fields import CustomerChanges, CustomerFields
from erp_club.customers.id_numbers.queries import id_number
from erp_club.customers.id_numbers.sealing import sealed
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import ConsentChange, Customer
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.kernel.kept_keys import keyring_of
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import NOW, a_person
from tests.make.organisation import a_chain, a_store, a_terminal, an_actor, somebody

LATER = NOW + dt.timedelta(days=1)


def change(session: Session, customer_id: int, **changes: Any) -> None:
    said: CustomerChanges = changes  # type: ignore[assignment]
    edit_customer(session, customer_id, said, country="IL", now=LATER, by=SYSTEM)


def consents(session: Session, customer_id: int) -> list[tuple[str, bool]]:
    rows = session.execute(
        sa.select(ConsentChange.channel, ConsentChange.given)
        .where(ConsentChange.customer_id == customer_id)
        .order_by(ConsentChange.id)
    )
    return [(row.channel, row.given) for row in rows]


def last_entry(session: Session) -> AuditEntry:
    return session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()


def wrong_fields(refused: pytest.ExceptionInfo[Invalid]) -> list[str]:
    return [error.field for error in refused.value.fields]


def test_everything_is_kept_in_its_one_form(session: Session):
    a_chain(session)
    a_store(session, "374")
    customer_id = a_person(
        session,
        given_name=" Yael\u202e ",
        family_name="גרשון־לוי",
        given_name_2="Яэль",
        id_number="35567546-3",
        mobile="053-030 2018",
        phone="035123456",
        email="Yael@Example.org",
        birthday="22.2.1979",
        anniversary=dt.date(2005, 6, 1),
        gender="f",
        language="HE",
        country="il",
        home_store="374",
        own_id="fob-1",
    )
    kept = queries.record(session, customer_id)
    assert (kept.given_name, kept.family_name, kept.given_name_2) == ("Yael", "גרשון־לוי", "Яэль")
    assert (kept.id_kind, kept.id_country, kept.id_number) == ("national_id", "IL", "••••••463")
    assert (kept.mobile, kept.phone, kept.email) == ("+972530302018", "+97235123456", "yael@example.org")
    assert (kept.birthday, kept.anniversary) == (dt.date(1979, 2, 22), dt.date(2005, 6, 1))
    assert (kept.gender, kept.language, kept.country) == ("F", "he", "IL")
    assert (kept.home_store, kept.home_store_name, kept.own_id) == ("374", "Store 374", "fob-1")
    assert (kept.opened_at, kept.changed_at) == (NOW, NOW)


@pytest.mark.parametrize("name", ["O'Brien", "גרשון־לוי", "Nguyễn", "X", "王", "N" * 200])
def test_a_name_of_any_script_and_length_is_kept_as_it_is(session: Session, name: str):
    kept = queries.record(session, a_person(session, given_name=name, family_name=None))
    assert (kept.given_name, kept.family_name) == (name, "")


def test_every_wrong_field_is_told_at_once(session: Session):
    with pytest.raises(Invalid) as refused:
        a_person(
            session,
            given_name="N" * 201,
            family_name=" \u202e ",
            number="a b",
            mobile="053",
            email="a@b",
            birthday="31.2.1979",
            anniversary="2999-01-01",
            gender="Q",
            language="hebrew",
            country="ZZ",
            home_store="nowhere",
            id_number="123456789",
        )
    wrong = {"given_name", "number", "mobile", "email", "birthday", "anniversary", "gender", "language", "country"}
    assert set(wrong_fields(refused)) == wrong | {"home_store", "id_number"}
    assert session.scalar(sa.select(sa.func.count()).select_from(Customer)) == 1  # only the unidentified one


@pytest.mark.parametrize(
    "names", [{"given_name": None, "family_name": ""}, {"given_name": "\u202e", "family_name": " "}]
)
def test_somebody_without_a_name_is_not_opened(session: Session, names: dict[str, Any]):
    with pytest.raises(Invalid) as refused:
        a_person(session, **names)
    assert wrong_fields(refused) == ["family_name"]


def test_a_passport_needs_its_number_and_a_number_its_kind(session: Session):
    slips: list[dict[str, Any]] = [{"id_kind": "passport"}, {"id_kind": "visa", "id_number": "12345678"}]
    for said in slips:
        with pytest.raises(Invalid):
            a_person(session, **said)
    kept = queries.record(session, a_person(session, id_kind="passport", id_country="DE", id_number="c01x00t47"))
    assert (kept.id_kind, kept.id_country, kept.id_number) == ("passport", "DE", "••••••T47")


def test_a_customer_gets_a_number_that_nobody_has(session: Session):
    first = a_person(session)
    following = queries.record(session, first).number
    assert following == f"C{first:08}"
    a_person(session, number=f"C{first + 2:08}")  # an import has used what would come after
    third = a_person(session)
    assert queries.record(session, third).number == f"C{third:08}" != f"C{first + 2:08}"


def test_an_id_is_unique_among_the_living_of_one_country(session: Session):
    first = a_person(session, id_number="355675463")
    with pytest.raises(Conflict) as refused:
        a_person(session, id_number="35567546-3")
    assert (refused.value.code, refused.value.fields[0].field) == ("id-taken", "id_number")
    assert refused.value.facts == {"customer_id": first}
    a_person(session, id_kind="passport", id_number="355675463")
    session.execute(sa.update(Customer).where(Customer.id == first).values(state=CustomerState.ERASED))
    a_person(session, id_number="355675463")


def test_numbers_and_own_identifiers_are_unique(session: Session):
    first = a_person(session, number="C1", own_id="fob")
    second = a_person(session)
    taken: list[tuple[dict[str, Any], str]] = [({"number": "C1"}, "number-taken"), ({"own_id": "Fob"}, "own-id-taken")]
    for said, code in taken:
        with pytest.raises(Conflict) as refused:
            a_person(session, **said)
        assert (refused.value.code, refused.value.facts) == (code, {"customer_id": first})
        with pytest.raises(Conflict) as refused:
            change(session, second, **said)
        assert refused.value.code == code
    change(session, first, own_id="FOB", number="C1")


def test_of_two_tills_that_open_one_person_at_once_one_is_told(committed: Database):
    with committed.session() as session:
        a_chain(session)
        session.commit()
    barrier, outcomes = threading.Barrier(2), []

    def open_one() -> None:
        with committed.session() as session:
            barrier.wait()
            try:
                fields = CustomerFields(given_name="Yael", id_number="355675463")
                open_customer(session, fields, country="IL", now=NOW, by=SYSTEM)
                session.commit()
                outcomes.append("opened")
            except Conflict as conflict:
                outcomes.append(conflict.code)

    tills = [threading.Thread(target=open_one) for _ in range(2)]
    for till in tills:
        till.start()
    for till in tills:
        till.join()
    assert sorted(outcomes) == ["id-taken", "opened"]


def test_opening_leaves_a_trace_of_what_was_filled_in(session: Session):
    store = a_store(session)
    terminal_id, _ = a_terminal(session, store)
    cashier = an_actor(somebody(session), terminal_id=terminal_id, store_id=store.id)
    customer_id = a_person(session, by=cashier, mobile="0530302018", number="C7")
    entry = last_entry(session)
    assert (entry.action, entry.entity, entry.entity_id) == ("customer.open", "customer", str(customer_id))
    assert (entry.staff_id, entry.terminal_id, entry.store_id) == (cashier.staff_id, terminal_id, store.id)
    assert entry.before is None
    assert entry.after == {
        "given_name": "Yael",
        "family_name": "Cohen",
        "mobile": "+972530302018",
        "id_kind": "none",
        "number": "C7",
    }


def test_a_change_keeps_what_was_before_and_what_is_now(session: Session):
    a_store(session, "374")
    customer_id = a_person(session, mobile="0530302018", city="Haifa", birthday="1979-02-22")
    change(session, customer_id, mobile="+358 41 2345678", city=None, given_name="Yael", home_store="374")
    entry = last_entry(session)
    assert (entry.action, entry.entity_id, entry.at) == ("customer.edit", str(customer_id), LATER)
    assert entry.before == {"mobile": "+972530302018", "city": "Haifa", "home_store": None}
    assert entry.after == {"mobile": "+358412345678", "city": None, "home_store": "374"}
    kept = queries.record(session, customer_id)
    assert (kept.changed_at, kept.opened_at, kept.city, kept.home_store) == (LATER, NOW, None, "374")


def test_a_change_that_changes_nothing_leaves_no_trace(session: Session):
    customer_id = a_person(session, mobile="0530302018")
    entry = last_entry(session)
    change(session, customer_id, mobile="+972 53 030 2018", given_name="Yael ", family_name="Cohen")
    assert last_entry(session).id == entry.id
    assert queries.record(session, customer_id).changed_at == NOW


def test_new_names_are_found_and_old_ones_are_not(session: Session):
    customer_id = a_person(session)
    change(session, customer_id, family_name="Levi")
    assert [each.customer_id for each in queries.find(session, "levi yael", country="IL")] == [customer_id]
    assert queries.find(session, "cohen", country="IL") == []


def test_what_is_not_named_is_not_judged_again(session: Session):
    customer_id = a_person(session, id_number="131052-308T", id_country="FI")
    broken = {"mobile": "+972999", "email": "x", **sealed(keyring_of(session), "131052-308U")}
    session.execute(sa.update(Customer).where(Customer.id == customer_id).values(broken))
    change(session, customer_id, city="Haifa", birthday="13.10.1952")
    kept = queries.record(session, customer_id)
    assert (kept.city, kept.mobile, id_number(session, customer_id)) == ("Haifa", "+972999", "131052-308U")
    change(session, customer_id, id_country="FI", id_number="••••••••08U")
    with pytest.raises(Invalid) as refused:
        change(session, customer_id, id_country="EE")
    assert wrong_fields(refused) == ["id_number"]


def test_a_birthday_that_the_id_contradicts_is_refused_at_the_birthday(session: Session):
    customer_id = a_person(session, id_number="131052-308T", id_country="FI")
    change(session, customer_id, birthday="13.10.1952")
    with pytest.raises(Invalid) as refused:
        change(session, customer_id, birthday="14.10.1952")
    assert wrong_fields(refused) == ["birthday"]
    with pytest.raises(Invalid) as refused:
        change(session, customer_id, id_number="010190+002R")
    assert wrong_fields(refused) == ["id_number"]


def test_a_document_can_be_taken_out_and_changed(session: Session):
    customer_id = a_person(session, id_number="355675463")
    change(session, customer_id, id_kind="passport", id_country="DE", id_number="AB12345")
    assert queries.record(session, customer_id).id_kind == "passport"
    change(session, customer_id, id_kind="none", id_number=None)
    kept = queries.record(session, customer_id)
    assert (kept.id_kind, kept.id_country, kept.id_number) == ("none", None, None)


def test_a_name_or_number_can_be_changed_but_not_taken_out(session: Session):
    customer_id = a_person(session, number="C1")
    change(session, customer_id, given_name=None)
    with pytest.raises(Invalid):
        change(session, customer_id, family_name=None)
    with pytest.raises(Invalid):
        change(session, customer_id, number=None)
    assert queries.record(session, customer_id).family_name == "Cohen"


def test_merged_erased_and_unidentified_customers_are_not_changed(session: Session):
    customer_id = a_person(session)
    session.execute(sa.update(Customer).where(Customer.id == customer_id).values(state=CustomerState.ERASED))
    for gone in (customer_id, 0, 10**15):
        with pytest.raises(NotFound):
            change(session, gone, city="Haifa")
        with pytest.raises(NotFound):
            queries.record(session, gone)


def test_consent_to_advertising_alone_is_consent_to_all_three(session: Session):
    alone = a_person(session, consent_advertising=True)
    every = [("advertising", True), ("sms", True), ("email", True), ("post", True)]
    assert consents(session, alone) == every
    chosen = a_person(session, consent_advertising=True, consent_sms=True)
    assert consents(session, chosen) == [("advertising", True), ("sms", True)]
    assert queries.record(session, chosen).consent_post is None
    silent = a_person(session)
    assert consents(session, silent) == []
    change(session, silent, consent_advertising=True)
    assert consents(session, silent) == every


def test_each_yes_and_no_is_kept_for_ever(session: Session):
    customer_id = a_person(session, consent_sms=True)
    change(session, customer_id, consent_sms=False)
    change(session, customer_id, consent_sms=False)
    change(session, customer_id, consent_sms=True)
    assert consents(session, customer_id) == [("sms", True), ("sms", False), ("sms", True)]
    change(session, customer_id, consent_sms=None)
    assert queries.record(session, customer_id).consent_sms is True
    entry = last_entry(session)
    assert (entry.before, entry.after) == ({"consent_sms": False}, {"consent_sms": True})


def test_a_consent_says_who_took_it_and_where(session: Session):
    store = a_store(session)
    terminal_id, _ = a_terminal(session, store)
    cashier = an_actor(somebody(session), terminal_id=terminal_id, store_id=store.id)
    customer_id = a_person(session, by=cashier, consent_email=False)
    row = session.scalars(sa.select(ConsentChange).where(ConsentChange.customer_id == customer_id)).one()
    assert (row.staff_id, row.terminal_id, row.source, row.at) == (cashier.staff_id, terminal_id, "till", NOW)
    with pytest.raises(DBAPIError):
        session.execute(sa.update(ConsentChange).values(given=True))
