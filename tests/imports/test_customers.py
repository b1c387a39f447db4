"""Customers from files: opened, updated by number, with cards, memberships, classes and consents.

REQ I-01, C-03, C-04
"""

import datetime as dt
from pathlib import Path

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.models import Card
from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.customers.classes.commands import set_class_field
from erp_club.customers.classes.rules import ClassField, ClassKind
from erp_club.customers.id_numbers.queries import id_number
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Classification, ConsentChange, Customer
from erp_club.customers.names.models import CustomerWords, NameWord
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import NotFound
from erp_club.organisation.models import Store
from erp_club.people.merging.commands import merge_customers
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount
from erp_club.programmes.commands import load_programme
from tests.make.clubs import a_card, a_club, a_customer
from tests.make.customers import NOW, keep_ids_of
from tests.make.files import a_file, counted, taken_in, told
from tests.make.organisation import a_chain
from tests.make.programmes import a_programme

RACHEL = {"number": "C1", "id_kind": "national_id", "id_country": "IL", "id_number": "306016924"}


def the(session: Session, number: str = "C1") -> Customer:
    return session.scalars(
        sa.select(Customer).where(Customer.number == number), execution_options={"populate_existing": True}
    ).one()


def tokens(session: Session, number: str = "C1") -> set[str]:
    words = sa.select(sa.func.unnest(CustomerWords.words)).where(CustomerWords.customer_id == the(session, number).id)
    return set(session.scalars(sa.select(NameWord.word).where(NameWord.id.in_(words))))


def places(session: Session) -> list[tuple[int, str | None]]:
    return [(line, column) for line, column, _ in told(session)]


def test_a_customer_is_opened_in_the_forms_that_are_stored(session: Session, tmp_path: Path):
    a_chain(session)
    row = RACHEL | {"mobile": "054-9656164", "email": "Rachel@Example.org", "birthday": "1976-12-13", "gender": "f"}
    row |= {"home_store": "403", "language": "HE", "card": "2900000000117", "consent_sms": "yes", "city": "Haifa"}
    assert counted(taken_in(session, a_file(tmp_path, "customers", row, more="city"), "customers")) == (1, 0, 0)
    customer = the(session)
    assert (customer.given_name, customer.family_name, customer.city) == ("Rachel", "Reznik", "Haifa")
    assert (customer.id_kind, customer.id_country, id_number(session, customer.id)) == (
        "national_id",
        "IL",
        "306016924",
    )
    assert (customer.mobile, customer.email) == ("+972549656164", "rachel@example.org")
    assert (customer.birthday, customer.gender, customer.language) == (dt.date(1976, 12, 13), "F", "he")
    assert (customer.consent_sms, customer.consent_post) == (True, None)
    store = session.get(Store, customer.home_store_id)
    assert store is not None
    assert (store.code, store.stub) == ("403", True)
    assert tokens(session) == {"rachel", "reznik"}
    assert session.execute(sa.select(Card.number, Card.customer_id, Card.club_id)).all() == [
        ("2900000000117", customer.id, None)
    ]


def test_importing_customers_again_changes_nothing(session: Session, tmp_path: Path):
    a_chain(session)
    a_club(session, "GOLD")
    row = RACHEL | {"card": "2900000000117", "consent_sms": "no", "club:GOLD": "2026-01-31", "class:Size": "38"}
    path = a_file(tmp_path, "customers", row, more="club:GOLD,class:Size")
    assert counted(taken_in(session, path, "customers")) == (1, 0, 0)
    assert counted(taken_in(session, path, "customers")) == (0, 1, 0)
    assert session.scalar(sa.select(sa.func.count()).select_from(ConsentChange)) == 1
    assert session.scalar(sa.select(sa.func.count()).where(AuditEntry.entity == "customer")) == 1


def test_an_empty_cell_leaves_what_is_known(session: Session, tmp_path: Path):
    a_chain(session)
    row = RACHEL | {"mobile": "0549656164", "birthday": "1976-12-13"}
    taken_in(session, a_file(tmp_path, "customers", row), "customers")
    later = {"number": "C1", "given_name": "Rahel", "family_name": "", "email": "r@example.org"}
    assert counted(taken_in(session, a_file(tmp_path, "customers", later), "customers")) == (1, 0, 0)
    customer = the(session)
    assert (customer.given_name, customer.family_name) == ("Rahel", "Reznik")
    assert (id_number(session, customer.id), customer.mobile, customer.email) == (
        "306016924",
        "+972549656164",
        "r@example.org",
    )
    assert tokens(session) == {"rahel", "reznik"}


def test_a_change_is_traced_with_what_was_before(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", RACHEL | {"email": "old@example.org"}), "customers")
    taken_in(session, a_file(tmp_path, "customers", RACHEL | {"email": "new@example.org"}), "customers")
    customer = the(session)
    entry = session.execute(
        sa.select(AuditEntry.entity_id, AuditEntry.actor, AuditEntry.before, AuditEntry.after).where(
            AuditEntry.action == "customer.edit"
        )
    ).one()
    expected = (str(customer.id), "system", {"email": "old@example.org"}, {"email": "new@example.org"})
    assert entry == expected


def test_no_table_tells_an_id_number_of_a_file(session: Session, tmp_path: Path):
    # REQ C-04
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", RACHEL), "customers")
    for table in ("customers", "audit_entries", "staged_customers", "wanted_customers"):
        rows = session.scalar(sa.text(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t"))
        assert RACHEL["id_number"] not in rows
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "customer.open")).one()
    assert (entry.after or {})["id_number"] == "••••••924"
    changed = RACHEL | {"id_number": "355675463"}
    taken_in(session, a_file(tmp_path, "customers", changed), "customers")
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "customer.edit")).one()
    assert (entry.before, entry.after) == ({"id_number": "•••"}, {"id_number": "••••••463"})


def test_a_field_of_head_office_is_judged_in_a_file(session: Session, tmp_path: Path):
    # REQ C-03
    a_chain(session)
    set_class_field(session, ClassField("Size", ClassKind.NUMBER), now=NOW, by=SYSTEM)
    wrong = a_file(tmp_path, "customers", RACHEL | {"class:Size": "big"}, more="class:Size")
    assert counted(taken_in(session, wrong, "customers")) == (0, 0, 1)
    right = a_file(tmp_path, "customers", RACHEL | {"class:Size": "39,0"}, more="class:Size")
    assert counted(taken_in(session, right, "customers")) == (1, 0, 0)
    assert session.scalars(sa.select(Classification.value)).all() == ["39"]


def test_a_masked_id_number_leaves_the_document_as_it_is(session: Session, tmp_path: Path):
    # REQ C-04 I-02
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", RACHEL), "customers")
    masked = RACHEL | {"id_number": "••••••924"}
    assert counted(taken_in(session, a_file(tmp_path, "customers", masked), "customers")) == (0, 1, 0)
    assert id_number(session, the(session).id) == "306016924"


def test_the_lines_of_a_document_prove_a_number_that_its_country_has_no_form_for(session: Session, tmp_path: Path):
    # REQ C-04 I-01
    a_chain(session)
    typed = {"number": "C1", "id_kind": "passport", "id_country": "FI", "id_number": "1234567"}
    assert counted(taken_in(session, a_file(tmp_path, "customers", typed), "customers")) == (0, 0, 1)
    lines = f"{'P<FINTESTI<<SAARA':<<44}1234567<<4FIN7408122F3204153{'8':<>16}"
    scanned = a_file(tmp_path, "customers", typed | {"id_number": lines})
    assert counted(taken_in(session, scanned, "customers")) == (1, 0, 0)
    assert id_number(session, the(session).id) == "1234567"
    assert counted(taken_in(session, scanned, "customers")) == (0, 1, 0)
    # An export has the bare number: as this customer's it is taken again, and nobody else's.
    for number, country, counts in (("C1", "FI", (1, 0, 0)), ("C1", "US", (0, 0, 1)), ("C2", "FI", (0, 0, 1))):
        bare = typed | {"number": number, "id_country": country, "city": "Turku"}
        assert counted(taken_in(session, a_file(tmp_path, "customers", bare, more="city"), "customers")) == counts
    assert (the(session).city, id_number(session, the(session).id)) == ("Turku", "1234567")


def test_a_number_that_the_chain_does_not_keep_is_refused_in_a_file(session: Session, tmp_path: Path):
    # REQ C-04
    a_chain(session)
    finnish = RACHEL | {"id_country": "FI", "id_number": "131052-308T"}
    assert counted(taken_in(session, a_file(tmp_path, "customers", finnish), "customers")) == (0, 0, 1)
    keep_ids_of(session, "FI")
    assert counted(taken_in(session, a_file(tmp_path, "customers", finnish), "customers")) == (1, 0, 0)


def test_the_kind_none_takes_a_document_away(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", RACHEL), "customers")
    taken_in(session, a_file(tmp_path, "customers", {"number": "C1", "id_kind": "none"}), "customers")
    customer = the(session)
    assert (customer.id_kind, customer.id_country, id_number(session, customer.id)) == ("none", None, None)


@pytest.mark.parametrize(
    ("change", "column"),
    [
        ({"id_number": "306016925"}, "id_number"),
        ({"mobile": "12"}, "mobile"),
        ({"email": "nobody"}, "email"),
        ({"birthday": "2031-01-01"}, "birthday"),
        ({"card": "12AB"}, "card"),
        ({"given_name": "", "family_name": ""}, "family_name"),
        ({"number": "0"}, "number"),
        ({"consent_sms": "perhaps"}, "consent_sms"),
        ({"id_country": ""}, "id_country"),
        ({"club:GOLD": "2031-01-01"}, "club:GOLD"),
    ],
)
def test_what_is_wrong_with_a_customer_is_told_by_line_and_column(
    session: Session, tmp_path: Path, change: dict[str, str], column: str
):
    a_chain(session)
    a_club(session, "GOLD")
    path = a_file(tmp_path, "customers", {"number": "C2"}, RACHEL | change, more="club:GOLD")
    assert counted(taken_in(session, path, "customers")) == (1, 0, 1)
    assert places(session) == [(3, column)]
    assert session.scalars(sa.select(Customer.number).where(Customer.id != 0)).all() == ["C2"]


def test_a_phone_that_todays_numbering_plan_lacks_is_taken(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", {"number": "C1", "mobile": "058-8075064"}), "customers")
    assert the(session).mobile == "+972588075064"


@pytest.mark.parametrize(
    ("said", "column"),
    [
        ({"id_kind": "national_id", "id_country": "IL", "id_number": "30601692-4"}, "id_number"),
        ({"card": "2900000000117"}, "card"),
        ({"own_id": "fob-1"}, "own_id"),
    ],
)
def test_what_another_customer_has_is_refused(session: Session, tmp_path: Path, said: dict[str, str], column: str):
    a_chain(session)
    first = RACHEL | {"card": "2900000000117", "own_id": "FOB-1"}
    path = a_file(tmp_path, "customers", first, {"number": "C2"} | said, more="own_id")
    assert counted(taken_in(session, path, "customers")) == (1, 0, 1)
    assert told(session)[0][:2] == (3, column)
    assert "stands already in line 2" in told(session)[0][2]
    path = a_file(tmp_path, "customers", {"number": "C3"} | said, more="own_id")
    assert counted(taken_in(session, path, "customers")) == (0, 0, 1)
    assert told(session)[0][:2] == (2, column)
    assert told(session)[0][2].startswith("Customer C1 has")


def test_an_own_identifier_in_other_letters_is_still_anothers(session: Session, tmp_path: Path):
    # REQ M-10
    a_chain(session)
    own = [{"number": number, "own_id": fob} for number, fob in (("C1", "Fob"), ("C2", "pin"))]
    taken_in(session, a_file(tmp_path, "customers", *own, more="own_id"), "customers")
    rows = [own[0] | {"own_id": "FOB"}, own[1] | {"own_id": "fob"}, {"number": "C3", "own_id": "PIN"}]
    assert counted(taken_in(session, a_file(tmp_path, "customers", *rows, more="own_id"), "customers")) == (1, 0, 2)
    assert set(places(session)) == {(3, "own_id"), (4, "own_id")}


def test_an_own_identifier_that_was_given_up_in_a_merge_comes_again_from_a_file(session: Session, tmp_path: Path):
    # REQ C-08, M-10
    a_chain(session)
    rows = [{"number": number, "own_id": f"fob-{number}"} for number in ("C1", "C2")]
    taken_in(session, a_file(tmp_path, "customers", *rows, more="own_id"), "customers")
    one, other = the(session, "C1").id, the(session, "C2").id
    merge_customers(session, one, other, take=("own_id",), today=NOW.date(), now=NOW, by=SYSTEM)
    assert counted(taken_in(session, a_file(tmp_path, "customers", rows[0], more="own_id"), "customers")) == (1, 0, 0)
    assert (the(session, "C1").own_id, the(session, "C2").own_id) == ("fob-C1", None)


def test_a_customer_who_stands_in_a_file_twice_is_refused_the_second_time(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "customers", RACHEL, {"number": "C2"}, {"number": "C1", "given_name": "Lea"})
    assert counted(taken_in(session, path, "customers")) == (2, 0, 1)
    assert told(session)[0] == (4, "number", "“C1” stands already in line 2.")


def test_a_no_is_never_made_a_yes_by_a_file(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "customers", RACHEL | {"consent_sms": "no", "consent_post": "yes"}), "customers")
    row = RACHEL | {"consent_sms": "yes", "consent_post": "no", "consent_email": "yes"}
    outcome = taken_in(session, a_file(tmp_path, "customers", row), "customers")
    customer = the(session)
    assert (customer.consent_sms, customer.consent_post, customer.consent_email) == (False, False, True)
    assert any("1 consent was not taken over" in str(note) for note in outcome.notes)
    changes = session.execute(
        sa.select(ConsentChange.channel, ConsentChange.given, ConsentChange.source).order_by(ConsentChange.id)
    ).all()
    assert set(changes[:2]) == {("sms", False, "import"), ("post", True, "import")}
    assert set(changes[2:]) == {("post", False, "import"), ("email", True, "import")}


def test_joining_by_a_file_gives_the_clubs_term_from_that_day(session: Session, tmp_path: Path):
    a_chain(session)
    a_club(session, "GOLD", months=12)
    a_club(session, "FAMILY", months=None)
    youth = a_programme(code="YOUTH", term={"kind": "age", "age": 18}, switch={"effective_from": "2020-01-01"})
    load_programme(session, youth, publish=True, currency="ILS", language="he", today=NOW.date(), now=NOW, by=SYSTEM)
    joined = {"club:GOLD": "2024-02-29", "club:FAMILY": "2020-05-01", "club:YOUTH": "2024-01-15"}
    row = RACHEL | joined | {"birthday": "2010-05-10"}
    path = a_file(tmp_path, "customers", row, {"number": "C2"}, more="club:GOLD,club:FAMILY,club:YOUTH")
    assert counted(taken_in(session, path, "customers")) == (2, 0, 0)
    periods = session.execute(
        sa.select(sa.func.lower(MembershipPeriod.validity), sa.func.upper(MembershipPeriod.validity))
    ).all()
    by_age = (dt.date(2024, 1, 15), dt.date(2028, 5, 10))
    assert set(periods) == {(dt.date(2024, 2, 29), dt.date(2025, 2, 28)), (dt.date(2020, 5, 1), None), by_age}
    accounts = set(session.execute(sa.select(PointsAccount.customer_id, PointsAccount.id)))
    members = set(session.execute(sa.select(Membership.customer_id, Membership.points_account_id)))
    assert len(members) == 3
    assert accounts == members


def test_a_file_does_not_move_the_day_of_joining(session: Session, tmp_path: Path):
    a_chain(session)
    a_club(session, "GOLD")
    path = a_file(tmp_path, "customers", RACHEL | {"club:GOLD": "2024-03-01"}, more="club:GOLD")
    taken_in(session, path, "customers")
    path = a_file(tmp_path, "customers", RACHEL | {"club:GOLD": "2024-04-01"}, more="club:GOLD")
    assert counted(taken_in(session, path, "customers")) == (0, 0, 1)
    assert "since 2024-03-01" in told(session)[0][2]


def test_a_club_nobody_knows_refuses_the_file(session: Session, tmp_path: Path):
    a_chain(session)
    with pytest.raises(NotFound, match="club:BABY"):
        taken_in(session, a_file(tmp_path, "customers", RACHEL, more="club:BABY"), "customers")


def test_classes_are_set_and_changed(session: Session, tmp_path: Path):
    a_chain(session)
    row = RACHEL | {"class:Shoe size": "38"}
    taken_in(session, a_file(tmp_path, "customers", row, more="class:Shoe size"), "customers")
    path = a_file(tmp_path, "customers", row | {"class:Shoe size": "39"}, more="class:Shoe size")
    assert counted(taken_in(session, path, "customers")) == (1, 0, 0)
    assert session.execute(sa.select(Classification.name, Classification.value)).all() == [("Shoe size", "39")]


def test_a_new_card_comes_beside_the_old_one(session: Session, tmp_path: Path):
    a_chain(session)
    a_card(session, a_customer(session, "C1"), "2900000000100")
    path = a_file(tmp_path, "customers", RACHEL | {"card": "2900000000117"})
    assert counted(taken_in(session, path, "customers")) == (1, 0, 0)
    assert set(session.scalars(sa.select(Card.number))) == {"2900000000100", "2900000000117"}


def test_a_merged_customer_is_not_changed(session: Session, tmp_path: Path):
    a_chain(session)
    customer_id = a_customer(session, "C1")
    session.execute(sa.update(Customer).where(Customer.id == customer_id).values(state=CustomerState.ERASED))
    assert counted(taken_in(session, a_file(tmp_path, "customers", RACHEL), "customers")) == (0, 0, 1)
    assert places(session) == [(2, "number")]
