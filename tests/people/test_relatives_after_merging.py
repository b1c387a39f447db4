# REQ C-08 C-09: a relative whom both of two merged customers have named is kept once, and is both's again when undone
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.relatives.commands import add_relative
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.customers.relatives.models import Relative
from erp_club.customers.relatives.queries import relatives_of
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import a_person

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)
WHEN: dict[str, Any] = {"today": NOW.date(), "now": NOW, "by": SYSTEM}
BORN = dt.date(2018, 12, 1)


def names_of_rows(session: Session, customer_id: int) -> list[str | None]:
    return sorted(session.scalars(sa.select(Relative.name).where(Relative.customer_id == customer_id)), key=str)


def test_a_relative_whom_both_have_named_is_kept_once_and_is_both_s_again(session: Session):
    survivor, merged = a_person(session), a_person(session)
    say: dict[str, Any] = {"kind": RelativeKind.CHILD, **WHEN}
    for customer_id, name in ((survivor, "Noa"), (merged, "NOA"), (merged, "Dan")):
        add_relative(session, customer_id, name=name, birthday=BORN, **say)
    add_relative(session, merged, name="Noa", birthday=BORN - dt.timedelta(days=900), **say)
    merge_id = merge_customers(session, survivor, merged, take=(), **WHEN)
    kept = [(each.name, each.birthday == BORN) for each in relatives_of(session, survivor)]
    assert sorted(kept) == [("Dan", True), ("Noa", False), ("Noa", True)], "another birthday is another child"
    undo_merge(session, merge_id, **WHEN)
    assert names_of_rows(session, survivor) == ["Noa"]
    assert names_of_rows(session, merged) == ["Dan", "NOA", "Noa"]


@pytest.mark.parametrize("linked", ["survivor", "merged", "child"])
def test_a_child_who_is_a_customer_to_one_and_a_name_to_the_other_is_kept_as_the_customer(
    session: Session, linked: str
):
    survivor, merged = a_person(session, number="S1"), a_person(session, number="M1")
    child = a_person(session, number="K1", given_name="Noa", birthday=BORN)
    if linked == "child":
        add_relative(session, child, kind=RelativeKind.PARENT, number="M1", **WHEN)
    else:
        add_relative(
            session, survivor if linked == "survivor" else merged, kind=RelativeKind.CHILD, number="K1", **WHEN
        )
    named = merged if linked == "survivor" else survivor
    add_relative(session, named, kind=RelativeKind.CHILD, name="Noa Cohen", birthday=BORN, **WHEN)
    before = [relatives_of(session, each) for each in (survivor, merged)]
    assert [len(each) for each in before] == [1, 1]
    merge_id = merge_customers(session, survivor, merged, take=(), **WHEN)
    assert [each.customer_id for each in relatives_of(session, survivor)] == [child]
    undo_merge(session, merge_id, **WHEN)
    assert [relatives_of(session, each) for each in (survivor, merged)] == before
