# REQ M-10: an own identifier is one customer's, in whatever case it is typed
import importlib.util
from pathlib import Path
from types import ModuleType

import pytest
import sqlalchemy as sa
from alembic.migration import MigrationContext
from alembic.operations import Operations
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.kernel.audit_seals import entries_not_as_sealed
from tests.house.tree import ROOT
from tests.make.customers import a_person


def migration(session: Session) -> ModuleType:
    file = next(Path(ROOT / "alembic/versions").glob("*_tell_own_identifiers_apart.py"))
    spec = importlib.util.spec_from_file_location("migration", file)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    module.__dict__["op"] = Operations(MigrationContext.configure(session.connection()))
    return module


def test_twins_from_before_are_told_apart_and_nobody_gets_another_one(session: Session):
    older, younger, third, other = (a_person(session, number=f"T{n}") for n in range(4))
    # As a database is that was migrated with twins in it: their rows stand outside of the index.
    session.execute(sa.text("DROP INDEX uq_customers_own_id"))
    given = {older: "AB-7", younger: "ab-7", third: "Ab-7", other: "AB-7~2"}
    for customer_id, own_id in given.items():
        session.execute(sa.text("UPDATE customers SET own_id = :o WHERE id = :i"), {"o": own_id, "i": customer_id})
    outside = (
        f"CREATE UNIQUE INDEX uq_customers_own_id ON customers (lower(own_id)) WHERE id NOT IN ({younger}, {third})"
    )
    session.execute(sa.text(outside))
    migration(session).upgrade()
    told = dict(list(session.execute(sa.text("SELECT id, own_id FROM customers WHERE own_id IS NOT NULL"))))
    assert told == {older: "AB-7", younger: "ab-7~3", third: "Ab-7~4", other: "AB-7~2"}
    was = sa.text("SELECT before ->> 'own_id' FROM audit_values WHERE customer_id = :id ORDER BY entry_id DESC LIMIT 1")
    assert session.scalar(was, {"id": younger}) == "ab-7"
    assert entries_not_as_sealed(session) == []
    for customer_id in (younger, third):
        change = sa.text("UPDATE customers SET own_id = 'aB-7' WHERE id = :id")
        with pytest.raises(IntegrityError, match="uq_customers_own_id"), session.begin_nested():
            session.execute(change, {"id": customer_id})
