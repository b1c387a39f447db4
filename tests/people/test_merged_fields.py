# REQ C-08: the fields of two records that become one, and by which of them the one who is left is found
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.customers import queries as customers
from erp_club.customers.commands import edit_customer
from erp_club.customers.id_numbers.commands import reseal
from erp_club.customers.id_numbers.queries import id_number
from erp_club.kernel.errors import Conflict
from erp_club.kernel.keyring import Keyring
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import a_person, keep_ids_of
from tests.people.test_merging import NOW, found, merge, undo, value

NAMED = ("own_id", "mobile", "family_name")


def test_what_the_survivor_had_before_still_finds_the_survivor_and_goes_back(session: Session, tmp_path: Path):
    session.info["keyring"] = keyring = Keyring(file=tmp_path / "keyring")
    keep_ids_of(session, "FI")
    survivor = a_person(
        session, given_name="Dana", family_name="Shamir", mobile="0530302018", email="dana@example.org",
        id_number="131052-308T", id_country="FI", own_id="fob-1",
    )  # fmt: skip
    merged = a_person(
        session, given_name="Dana", family_name="Quartz", mobile="0541234567", email="dq@example.org",
        id_number="355675463", own_id="fob-2",
    )  # fmt: skip
    everything = ("mobile", "email", "id_number", "own_id", "family_name")
    old = ("0530302018", "dana@example.org", "131052-308T", "fob-1", "Dana Shamir")
    new = ("0541234567", "dq@example.org", "355675463", "fob-2", "Dana Quartz")
    merge_id = merge(session, survivor, merged, *everything)
    assert {text: found(session, text) for text in (*old, *new)} == {text: [survivor] for text in (*old, *new)}
    keyring.add_key()
    reseal(session)
    undo(session, merge_id)
    for customer, said in ((survivor, old), (merged, new)):
        assert {text: found(session, text)[:1] for text in said} == {text: [customer] for text in said}
        row = customers.record(session, customer)
        assert (row.email, row.own_id, row.family_name) == (said[1], said[3], said[4].split()[1])
        assert id_number(session, customer) == said[2]


def test_an_own_identifier_that_was_given_up_in_a_merge_can_be_taken_again(session: Session):
    survivor, merged = a_person(session, own_id="fob-1"), a_person(session, own_id="fob-2")
    merge_id = merge(session, survivor, merged, "own_id")
    edit_customer(session, survivor, {"own_id": "Fob-1"}, country="IL", now=NOW, by=SYSTEM)
    assert (value(session, survivor, "own_id"), found(session, "fob-1")) == ("Fob-1", [survivor])
    undo(session, merge_id)
    assert (value(session, survivor, "own_id"), value(session, merged, "own_id")) == ("Fob-1", "fob-2")


def test_a_merge_is_not_undone_while_somebody_else_has_the_document_that_either_gets_back(session: Session):
    keep_ids_of(session, "FI")
    survivor = a_person(session, id_number="131052-308T", id_country="FI")
    merged = a_person(session, id_number="355675463")
    merge_id = merge(session, survivor, merged, "id_number")
    a_person(session, number="N1", id_number="131052-308T", id_country="FI")
    with pytest.raises(Conflict, match="N1"):
        undo(session, merge_id)


@pytest.mark.parametrize("first", [0, 1])
@pytest.mark.parametrize("had", [True, False])
def test_fields_of_two_who_were_merged_into_one_go_back_in_either_order(session: Session, first: int, *, had: bool):
    said: list[dict[str, Any]] = [
        {"own_id": f"fob-{n}", "mobile": f"+97254123456{n}", "family_name": f"Quartz{'abc'[n]}"} if n or had else {}
        for n in range(3)
    ]
    people = [a_person(session, **each) for each in said]
    before = [{name: value(session, each, name) for name in NAMED} for each in people]
    merges = [merge(session, people[0], other, *NAMED) for other in people[1:]]
    assert found(session, "0541234561") == found(session, "fob-2") == people[:1]
    undo(session, merges[first])
    assert found(session, f"fob-{first + 1}") == [people[first + 1]]
    undo(session, merges[1 - first])
    assert [{name: value(session, each, name) for name in NAMED} for each in people] == before
