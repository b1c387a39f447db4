# REQ C-04 A-02: ID numbers are kept only where there is a reason, sealed, and shown with a trace
import datetime as dt
from dataclasses import replace
from pathlib import Path

import pytest
import sqlalchemy as sa
from alembic import command
from alembic.script import ScriptDirectory
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.customers import queries
from erp_club.customers.commands import edit_customer
from erp_club.customers.id_numbers import commands
from erp_club.customers.id_numbers.queries import decided, id_number, id_rules
from erp_club.customers.id_numbers.rules import DEFAULT, IdRule
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.kernel import schema
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.kernel.keyring import Keyring
from erp_club.permissions.actors import SYSTEM
from tests.conftest import KEYS
from tests.make.customers import NOW, a_person, keep_ids_of
from tests.make.organisation import an_actor, somebody

NUMBER = "355675463"


def entries(session: Session, action: str) -> list[AuditEntry]:
    return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.action == action).order_by(AuditEntry.id)))


def test_no_table_and_no_change_tells_a_number(session: Session):
    customer_id = a_person(session, id_number=NUMBER)
    edit_customer(session, customer_id, {"id_number": "306016924"}, country="IL", now=NOW, by=SYSTEM)
    kept = session.get_one(Customer, customer_id)
    assert kept.id_sealed is not None
    for table in ("customers", "audit_entries"):
        rows = session.scalar(sa.text(f"SELECT jsonb_agg(to_jsonb(t))::text FROM {table} t"))
        assert NUMBER not in rows
        assert "306016924" not in rows
    [change] = entries(session, "customer.edit")
    assert (change.before, change.after) == ({"id_number": "••••••463"}, {"id_number": "••••••924"})
    assert id_number(session, customer_id) == "306016924"


def test_a_number_that_comes_back_masked_is_the_one_that_is_kept(session: Session):
    customer_id = a_person(session, id_number=NUMBER)
    changes = {"id_number": "••••••463", "id_kind": "national_id", "id_country": "IL", "city": "Haifa"}
    edit_customer(session, customer_id, changes, country="IL", now=NOW, by=SYSTEM)  # type: ignore[arg-type]
    assert (id_number(session, customer_id), queries.record(session, customer_id).city) == (NUMBER, "Haifa")
    with pytest.raises(Invalid) as refused:
        edit_customer(session, customer_id, {"id_number": "••••••999"}, country="IL", now=NOW, by=SYSTEM)
    assert [error.field for error in refused.value.fields] == ["id_number"]


def test_whoever_sees_a_number_whole_leaves_a_trace(session: Session):
    customer_id = a_person(session, id_number=NUMBER)
    hq = an_actor(somebody(session))
    assert commands.reveal(session, customer_id, now=NOW, by=hq) == NUMBER
    [entry] = entries(session, "customer.reveal")
    assert (entry.entity_id, entry.staff_id, entry.after) == (str(customer_id), hq.staff_id, {"id_number": "••••••463"})


def test_there_is_nothing_to_show_where_there_is_no_number_or_no_customer(session: Session):
    without = a_person(session)
    gone = a_person(session, id_number=NUMBER)
    session.execute(sa.update(Customer).where(Customer.id == gone).values(state=CustomerState.ERASED))
    for customer_id in (without, gone, 0, 10**12):
        with pytest.raises(NotFound):
            commands.reveal(session, customer_id, now=NOW, by=SYSTEM)
    assert entries(session, "customer.reveal") == []


@pytest.mark.parametrize(("country", "number"), [("FI", "131052-308T"), ("SE", "880320-0016")])
def test_finnish_and_swedish_codes_are_off_until_head_office_says_why(session: Session, country: str, number: str):
    keep_ids_of(session, country)
    customer_id = a_person(session, id_country=country, id_number=number)
    keep_ids_of(session, country, kept=False)
    filled = {"id_kind": "national_id", "id_country": country, "id_number": number}
    with pytest.raises(Invalid) as refused:
        edit_customer(session, a_person(session), filled, country="IL", now=NOW, by=SYSTEM)  # type: ignore[arg-type]
    assert [error.field for error in refused.value.fields] == ["id_number"]
    # What is kept already stays, and doesn't stand in the way of other changes.
    shown = queries.record(session, customer_id).id_number
    form = {"city": "Turku"} | filled | {"id_number": shown}
    edit_customer(session, customer_id, form, country="IL", now=NOW, by=SYSTEM)  # type: ignore[arg-type]
    assert queries.record(session, customer_id).city == "Turku"
    assert id_number(session, customer_id) is not None


def test_a_decision_needs_its_reason_and_names_a_rule_once(session: Session):
    on = IdRule("national_id", "FI", kept=True)
    wrong = {
        "rules[0].reason": [on],
        "rules[1].kind": [replace(on, reason="Credit"), replace(on, reason="Credit")],
        "rules[0].kind": [IdRule("visa", "", kept=True, reason="Why not")],
    }
    for field, rules in wrong.items():
        with pytest.raises(Invalid) as refused:
            commands.set_id_rules(session, rules, now=NOW, by=SYSTEM)
        assert [error.field for error in refused.value.fields] == [field]
    assert id_rules(session).rules == DEFAULT
    with pytest.raises(Invalid):  # to switch off is a decision too
        commands.set_id_rules(session, [IdRule("national_id", "IL", kept=False)], now=NOW, by=SYSTEM)


def test_a_decision_is_kept_with_its_reason_and_who_took_it(session: Session):
    hq = an_actor(somebody(session))
    a_person(session, id_number=NUMBER)
    rules = [replace(rule, reason="We lend") if rule.country == "FI" else rule for rule in DEFAULT]
    rules = [replace(rule, kept=True) if rule.country == "FI" else rule for rule in rules]
    commands.set_id_rules(session, rules, now=NOW, by=hq)
    commands.set_id_rules(session, rules, now=NOW + dt.timedelta(days=1), by=SYSTEM)
    [entry] = entries(session, "id-rule.change")
    assert (entry.entity_id, entry.after) == ("national_id FI", {"kept": True, "reason": "We lend"})
    told = {each.rule.document: each for each in decided(session)}
    assert (told["national_id", "FI"].by, told["national_id", "FI"].at) == ("Somebody cashier", NOW)
    assert (told["national_id", "IL"].by, told["national_id", "IL"].customers) == (None, 1)


def test_a_new_key_seals_every_number_anew_and_nothing_else_changes(session: Session, tmp_path: Path):
    session.info["keyring"] = keyring = Keyring(file=tmp_path / "keyring")
    people = [a_person(session, id_number=NUMBER), a_person(session, id_number="306016924"), a_person(session)]
    before = session.execute(sa.select(Customer.id_hash, Customer.id_ending).order_by(Customer.id)).all()
    keyring.add_key()
    assert commands.stale(session) == 2
    assert [commands.reseal(session, most=1) for _ in range(3)] == [1, 1, 0]
    assert session.scalars(sa.select(Customer.id_key).where(Customer.id_key.is_not(None))).all() == [2, 2]
    assert session.execute(sa.select(Customer.id_hash, Customer.id_ending).order_by(Customer.id)).all() == before
    assert [id_number(session, each) for each in people] == [NUMBER, "306016924", None]
    assert [each.customer_id for each in queries.find(session, NUMBER, country="IL")] == people[:1]


def test_an_older_database_has_its_numbers_sealed_and_keeps_own_identifiers_that_are_alike(committed: Database):
    database = Database(committed.url, keyring=Keyring(text=KEYS))
    script = ScriptDirectory.from_config(schema.config()).get_revision("2026_11_25_1250")
    assert script is not None
    with database.engine.connect() as connection:
        connection.execute(sa.text("DROP SCHEMA public, procrastinate CASCADE; CREATE SCHEMA public"))
        connection.commit()
        config = schema.config()
        config.attributes["connection"] = connection
        config.attributes["keyring"] = database.keyring
        command.upgrade(config, str(script.down_revision))
        connection.execute(
            sa.text(
                "INSERT INTO customers (number, given_name, family_name, id_kind, id_country, id_number, opened_at, "
                "changed_at) VALUES ('C1', 'Yael', 'Cohen', 'national_id', 'IL', '355675463', now(), now())"
            )
        )
        connection.execute(
            sa.text(
                "INSERT INTO audit_entries (at, actor, action, entity, entity_id, before, after) VALUES "
                """(now(), 'system', 'customer.open', 'customer', '1', NULL, '{"id_number": "355675463"}')"""
            )
        )
        for number, own_id in (("C2", "FOB-1"), ("C3", "fob-1"), ("C4", "FOB-2")):
            connection.execute(
                sa.text(
                    "INSERT INTO customers (number, given_name, family_name, own_id, opened_at, changed_at) "
                    "VALUES (:number, 'Dana', 'Levi', :own_id, now(), now())"
                ),
                {"number": number, "own_id": own_id},
            )
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    with database.session() as session:
        [found] = queries.find(session, NUMBER, country="IL")
        assert (found.number, id_number(session, found.customer_id)) == ("C1", NUMBER)
        for typed, numbers in (("Fob-1", {"C2", "C3"}), ("fob-2", {"C4"})):
            assert {each.number for each in queries.find(session, typed, country="IL")} == numbers
            with pytest.raises(Conflict, match="already"):
                a_person(session, own_id=typed)
        entry = entries(session, "customer.open")[-1]
        assert entry.after == {"id_number": "••••••463"}
        with pytest.raises(DBAPIError):
            session.execute(sa.update(AuditEntry).values(actor="nobody"))
    database.engine.dispose()
