# REQ C-02 C-03 I-01: head office's own fields, of five types

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.classes import queries
from erp_club.customers.classes.commands import remove_class_field, set_class_field
from erp_club.customers.classes.rules import Choice, ClassField, ClassKind, Said
from erp_club.customers.commands import edit_customer, open_customer
from erp_club.customers.fields import CustomerFields
from erp_club.customers.forms.commands import set_form
from erp_club.customers.forms.queries import form_of
from erp_club.customers.forms.rules import FormField, Place
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Invalid
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import NOW

COLOURS = (Choice("R", {"en": "Red", "he": "אדום"}), Choice("B", {"en": "Blue"}))
FIELDS = (
    ClassField("Note"),
    ClassField("Size", ClassKind.NUMBER, {"en": "Shoe size"}),
    ClassField("Since", ClassKind.DATE),
    ClassField("Colour", ClassKind.CHOICE, {}, COLOURS),
    ClassField("Colours", ClassKind.CHOICES, {}, COLOURS),
)


@pytest.fixture(autouse=True)
def defined(session: Session) -> None:
    for each in FIELDS:
        set_class_field(session, each, now=NOW, by=SYSTEM)


def opened(session: Session, *at: Place, **classes: Said) -> int:
    filled = CustomerFields(given_name="Yael")
    return open_customer(
        session, filled, country="IL", now=NOW, by=SYSTEM, place=at[0] if at else None, classes=classes
    )


@pytest.mark.parametrize(
    ("name", "said", "kept"),
    [
        ("Note", "  likes   tea ", "likes tea"),
        ("Size", "39,50", "39.5"),
        ("Size", "-40", "-40"),
        ("Size", "1000", "1000"),
        ("Since", "1.2.2020", "2020-02-01"),
        ("Colour", "red", "R"),
        ("Colour", "אדום", "R"),
        ("Colours", ["B", "R"], "R;B"),
        ("Colours", "blue | R", "R;B"),
        ("Colours", [], None),
        ("Note", "", None),
    ],
)
def test_each_type_is_kept_in_its_one_form(session: Session, name: str, said: Said, kept: str | None):
    assert queries.classes_of(session, opened(session, **{name: said})).get(name) == kept


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("Note", "x" * 201),
        ("Size", "large"),
        ("Size", "1e9"),
        ("Since", "31.2.2020"),
        ("Colour", "green"),
        ("Colours", ["R", "green"]),
        ("Nobody", "x"),
    ],
)
def test_what_does_not_fit_the_type_is_refused_at_its_field(session: Session, name: str, said: Said):
    with pytest.raises(Invalid) as refused:
        opened(session, **{name: said})
    assert [error.field for error in refused.value.fields] == [f"classes.{name}"]


def test_a_change_keeps_what_was_before_and_what_is_now(session: Session):
    customer_id = opened(session, Size="39", Colours=["R"])
    changes: dict[str, Said] = {"Size": None, "Colours": ["R", "B"], "Note": "tea"}
    edit_customer(session, customer_id, {}, country="IL", now=NOW, by=SYSTEM, classes=changes)
    assert queries.classes_of(session, customer_id) == {"Colours": "R;B", "Note": "tea"}
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "customer.edit")).one()
    assert entry.before == {"class:Size": "39", "class:Colours": "R", "class:Note": None}
    assert entry.after == {"class:Size": None, "class:Colours": "R;B", "class:Note": "tea"}
    edit_customer(session, customer_id, {}, country="IL", now=NOW, by=SYSTEM, classes={"Note": " tea "})
    assert len(session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "customer.edit")).all()) == 1


def test_a_form_can_need_a_field_of_head_office(session: Session):
    assert "class:Size" in [each.name for each in form_of(session, Place.OFFICE) if each.shown]
    assert "class:Size" not in [each.name for each in form_of(session, Place.TILL) if each.shown]
    form = [FormField("given_name"), FormField("class:Size", required=True)]
    set_form(session, Place.TILL, form, now=NOW, by=SYSTEM)
    with pytest.raises(Invalid) as refused:
        opened(session, Place.TILL)
    assert [error.field for error in refused.value.fields] == ["classes.Size"]
    customer_id = opened(session, Place.TILL, Size="39")
    with pytest.raises(Invalid):
        edit_customer(
            session, customer_id, {}, country="IL", now=NOW, by=SYSTEM, place=Place.TILL, classes={"Size": None}
        )
    edit_customer(session, customer_id, {"city": "Acre"}, country="IL", now=NOW, by=SYSTEM, place=Place.TILL)


WRONG: list[tuple[ClassField, str]] = [
    (ClassField("a.b"), "name"),
    (ClassField(""), "name"),
    (ClassField("C", ClassKind.CHOICE), "choices[0].code"),
    (ClassField("T", ClassKind.TEXT, {}, COLOURS), "choices[0].code"),
    (ClassField("C", ClassKind.CHOICE, {}, (Choice("a;b"),)), "choices[0].code"),
    (ClassField("C", ClassKind.CHOICE, {}, (Choice("A"), Choice("a"))), "choices[1].code"),
    (ClassField("Size", ClassKind.TEXT), "kind"),
]


@pytest.mark.parametrize(("wanted", "field"), WRONG)
def test_what_can_be_no_field_is_refused(session: Session, wanted: ClassField, field: str):
    with pytest.raises(Invalid) as refused:
        set_class_field(session, wanted, now=NOW, by=SYSTEM)
    assert field in [error.field for error in refused.value.fields]


def test_what_somebody_has_is_not_taken_away(session: Session):
    opened(session, Colours=["B"], Size="39")
    set_class_field(session, ClassField("Colours", ClassKind.CHOICES, {}, COLOURS[1:]), now=NOW, by=SYSTEM)
    with pytest.raises(Invalid):
        set_class_field(session, ClassField("Colours", ClassKind.CHOICES, {}, COLOURS[:1]), now=NOW, by=SYSTEM)
    with pytest.raises(Conflict):
        remove_class_field(session, "Size", now=NOW, by=SYSTEM)
    remove_class_field(session, "Note", now=NOW, by=SYSTEM)
    assert "Note" not in queries.class_fields(session)
