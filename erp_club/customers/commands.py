"""Opening and changing customers."""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

import psycopg
import sqlalchemy as sa
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.customers import errors, fields
from erp_club.customers.classes.commands import keep_classes
from erp_club.customers.classes.queries import class_fields, classes_of
from erp_club.customers.classes.rules import Said, path
from erp_club.customers.classes.rules import check as check_classes
from erp_club.customers.consents.commands import record_consents
from erp_club.customers.fields import CONSENTS, IDENTITY, CustomerChanges, CustomerFields, Stored
from erp_club.customers.forms.queries import form_of
from erp_club.customers.forms.rules import Place, missing
from erp_club.customers.id_numbers import sealing
from erp_club.customers.id_numbers.queries import id_rules
from erp_club.customers.id_numbers.rules import IdRules
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer, own_number
from erp_club.customers.names.commands import keep_names
from erp_club.customers.queries import not_living
from erp_club.customers.scans import SCANNED, filled_in
from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.organisation.models import Store
from erp_club.permissions.actors import Actor

_NAMES = ("given_name", "family_name", "given_name_2", "family_name_2")
_CONSENTS = tuple(f"consent_{channel}" for channel in CONSENTS)
Values = dict[str, Stored | int | bytes]


def open_customer(
    session: Session,
    filled: CustomerFields,
    *,
    country: str,
    now: dt.datetime,
    by: Actor,
    place: Place | None = None,
    source: str | None = None,
    language: str | None = None,
    classes: Mapping[str, Said] | None = None,
) -> int:
    """Open a customer and give the id. `country` is the chain's; `source` says where the consents were given,
    and `language` in which one their wording was read. `classes` stand in head office's own fields, by name.

    The lines of a passport in the ID number fill in the document, and the person where nothing else is said.
    `place` is where a form was filled in: what it needs has to be there (C-02). Consent to advertising without a word
    on the channels means all three of them (X-01). Raises Invalid with every
    wrong field, Conflict `id-taken`, `number-taken` or `own-id-taken`.
    """
    rules = id_rules(session)
    filled = filled_in(filled, today=_today(now))
    checked = fields.check(_with_channels(filled), country=country, today=_today(now), id_rules=rules)
    own = check_classes(class_fields(session), classes or {})
    wrong = [*checked.errors, *own.errors]
    wrong += _missing(session, place, filled, own.values, told=wrong)
    columns = _columns(session, checked.values, wrong)
    customer_id, number = _own_number(session, columns["number"])
    columns |= {"id": customer_id, "number": number}
    _write(session, sa.insert(Customer).values(**columns, opened_at=now, changed_at=now), columns)
    keep_names(session, customer_id, _names(columns))
    record_consents(session, customer_id, columns, now=now, by=by, source=source, language=language)
    _, kept = keep_classes(session, customer_id, own.values)
    after = {name: value for name, value in (checked.values | {"number": number} | kept).items() if value is not None}
    audit.record(
        session, by=by, now=now, action="customer.open", entity="customer", entity_id=customer_id, after=_told(after)
    )
    return customer_id


def edit_customer(
    session: Session,
    customer_id: int,
    changes: CustomerChanges,
    *,
    country: str,
    now: dt.datetime,
    by: Actor,
    place: Place | None = None,
    source: str | None = None,
    language: str | None = None,
    classes: Mapping[str, Said] | None = None,
    seen: dt.datetime | None = None,
) -> None:
    """Change some fields; None empties one, but a consent is only ever given or refused.

    `classes` changes head office's own fields. An ID number as it is shown, masked, is the one that is kept. What the
    form of a `place` needs isn't emptied. What isn't changed is not judged again, except that birthday and ID number
    may not contradict each other. `seen` is the `changed_at` of the customer whom the form showed. Raises NotFound,
    Conflict `stale` where somebody has changed the customer since, and Invalid and Conflict as `open_customer` does.
    """
    stored = _locked(session, customer_id)
    if seen is not None and seen != stored["changed_at"]:
        raise errors.stale()
    filled, named = _changed(stored, changes, _today(now))
    rules = id_rules(session)
    checked = fields.check(filled, country=country, today=_today(now), id_rules=rules)
    wrong = [error for error in checked.errors if error.field in named]
    own = check_classes(class_fields(session), classes or {})
    held = classes_of(session, customer_id) | own.values
    named |= {path(name) for name in own.values}
    wrong += own.errors
    wrong += [
        error
        for error in _missing(session, place, filled, held, told=[*checked.errors, *own.errors])
        if error.field in named
    ]
    if "birthday" in named and named.isdisjoint(IDENTITY):
        wrong += _contradiction(filled, checked, country, _today(now), rules)
    if "number" in named and checked.values.get("number", "") is None:
        wrong.append(FieldError("number", T("A customer keeps a number. Enter one.")))
    after = {name: value for name, value in checked.values.items() if name in named and value != stored[name]}
    columns = _columns(session, after, wrong)
    own_before, own_after = keep_classes(session, customer_id, own.values)
    if not columns and not own_after:
        return
    if columns.get("own_id"):
        _take_over(session, customer_id, str(columns["own_id"]))
    statement = sa.update(Customer).where(Customer.id == customer_id).values(**columns, changed_at=now)
    _write(session, statement, stored | columns)
    if not columns.keys().isdisjoint(_NAMES):
        keep_names(session, customer_id, _names(stored | columns))
    record_consents(session, customer_id, columns, now=now, by=by, source=source, language=language)
    before = {name: stored[name] for name in after} | own_before
    after |= own_after
    audit.record(
        session,
        by=by,
        now=now,
        action="customer.edit",
        entity="customer",
        entity_id=customer_id,
        before=_told(before),
        after=_told(after),
    )


def _take_over(session: Session, customer_id: int, own_id: str) -> None:
    """What a record that became this customer has still is the customer's own to have."""
    same = sa.func.lower(Customer.own_id) == sa.func.lower(own_id)
    session.execute(sa.update(Customer).where(Customer.merged_into == customer_id, same).values(own_id=None))


def _told(values: Mapping[str, Any]) -> dict[str, Any]:
    """What the change log tells: of an ID number the last signs."""
    number = values.get("id_number")
    return {**values, "id_number": sealing.masked(number)} if number else dict(values)


def _missing(
    session: Session,
    place: Place | None,
    filled: CustomerFields,
    classes: Mapping[str, str | None],
    *,
    told: Iterable[FieldError],
) -> list[FieldError]:
    """What the form of a place needs and nobody has filled in; what is wrong already is told once."""
    if place is None:
        return []
    wrong = {error.field for error in told}
    return [error for error in missing(form_of(session, place), filled, classes) if error.field not in wrong]


def record_export(
    session: Session, *, filters: Mapping[str, object], suffix: str, id_numbers: bool, now: dt.datetime, by: Actor
) -> None:
    """Keep that somebody took customers out as a file, by which filters, and whether with whole ID numbers."""
    after = {"file": suffix, "id_numbers": id_numbers, **filters}
    audit.record(session, by=by, now=now, action="customer.export", entity="customer", entity_id="*", after=after)


def record_look(session: Session, customer_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Keep that somebody looked at a customer's full record."""
    audit.record(session, by=by, now=now, action="customer.look", entity="customer", entity_id=customer_id)


def _today(now: dt.datetime) -> dt.date:
    """The latest date anywhere, so that nobody born today in the far east is told that it lies in the future."""
    return (now.astimezone(dt.UTC) + dt.timedelta(hours=14)).date()


def _with_channels(filled: CustomerFields) -> CustomerFields:
    silent = filled.consent_sms is filled.consent_email is filled.consent_post is None
    if not (filled.consent_advertising and silent):
        return filled
    return replace(filled, consent_sms=True, consent_email=True, consent_post=True)


def _locked(session: Session, customer_id: int) -> dict[str, Any]:
    """The row as it is now, by field; the lock keeps two changes from judging by the same old values."""
    statement = (
        sa.select(Customer.__table__, Store.code.label("home_store"))
        .outerjoin(Store, Store.id == Customer.home_store_id)
        .where(Customer.id == customer_id, Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE)
        .with_for_update(of=Customer)
    )
    row = session.execute(statement).mappings().one_or_none()
    if row is None:
        raise not_living(session, customer_id)
    return {**row, "id_number": sealing.opened(session, row["id_key"], row["id_sealed"])}


def _changed(
    stored: Mapping[str, Any], changes: CustomerChanges, today: dt.date
) -> tuple[CustomerFields, frozenset[str]]:
    """All fields with the changes in them, and the names of those that count as changed."""
    said = {name: value for name, value in changes.items() if value is not None or name not in _CONSENTS}
    kept = stored["id_number"]
    if kept is not None and said.get("id_number") == sealing.masked(kept):
        said["id_number"] = kept
    before = CustomerFields(**{name: stored.get(name) for name in CustomerFields.__dataclass_fields__})
    filled = filled_in(replace(before, **said), today=today)
    named = set(said) | {name for name in SCANNED if getattr(filled, name) != getattr(before, name)}
    if said.get("consent_advertising") and not before.consent_advertising:
        filled = _with_channels(filled)
        named.update(_CONSENTS)
    if any(getattr(filled, name) != stored[name] for name in named & IDENTITY):
        named.update(IDENTITY)
    else:
        # A form sends the document as it was shown: what hasn't changed isn't judged again.
        named -= IDENTITY
    return filled, frozenset(named)


def _contradiction(
    filled: CustomerFields, checked: fields.Checked, country: str, today: dt.date, rules: IdRules
) -> Iterable[FieldError]:
    """The fault of a new birthday that an ID number, which is right by itself, tells otherwise."""
    alone = fields.check(replace(filled, birthday=None), country=country, today=today, id_rules=rules)
    right = {error.field for error in checked.errors} - {error.field for error in alone.errors}
    return [FieldError("birthday", error.text) for error in checked.errors if error.field in right & IDENTITY]


def _columns(session: Session, values: Mapping[str, Stored], wrong: Iterable[FieldError]) -> Values:
    """The fields as columns: a store's code becomes its id, an ID number is sealed. Raises Invalid with all faults."""
    columns: Values = dict(values)
    faults = list(wrong)
    if "home_store" in columns:
        code = columns.pop("home_store")
        columns["home_store_id"] = organisation.store_id(session, str(code)) if code else None
        if code and columns["home_store_id"] is None:
            faults.append(FieldError("home_store", T("No store has the code %(code)s.", code=code)))
    if faults:
        raise Invalid(faults)
    if "id_number" in columns:
        number = columns.pop("id_number")
        kept = sealing.sealed(keyring_of(session, writes=True), str(number)) if number else sealing.EMPTY
        columns.update(id_sealed=kept["id_sealed"], id_key=kept["id_key"])
        columns.update(id_hash=kept["id_hash"], id_ending=kept["id_ending"])
    return columns


def _own_number(session: Session, given: Stored | int | bytes) -> tuple[int, str]:
    """A new id, and the customer's number: the one given, else one made of the id that no import has used."""
    following = sa.select(sa.func.nextval(sa.func.pg_get_serial_sequence("customers", "id")))
    while True:
        customer_id = session.execute(following).scalar_one()
        number = str(given) if given else own_number(customer_id)
        if given or session.scalar(sa.select(Customer.id).where(Customer.number == number)) is None:
            return customer_id, number


def _write(session: Session, statement: sa.Insert | sa.Update, values: Mapping[str, Any]) -> None:
    """Write a customer; what another one has already is told by the constraint that stood in the way."""
    try:
        with session.begin_nested():
            session.execute(statement, execution_options={"synchronize_session": False})
    except IntegrityError as error:
        refusal = _taken(session, error, values)
        if refusal is None:
            raise
        raise refusal from error


def _taken(session: Session, error: IntegrityError, values: Mapping[str, Any]) -> Conflict | None:
    constraint = error.orig.diag.constraint_name if isinstance(error.orig, psycopg.Error) else None
    made, names_ = {
        "uq_customers_identity": (errors.id_taken, ("id_country", "id_kind", "id_hash")),
        "uq_customers_number": (errors.number_taken, ("number",)),
        "uq_customers_own_id": (errors.own_id_taken, ("own_id",)),
    }.get(constraint or "", (None, ()))
    if made is None:
        return None
    same = [
        sa.func.lower(Customer.own_id) == sa.func.lower(values[name])
        if name == "own_id"
        else getattr(Customer, name) == values[name]
        for name in names_
    ]
    other = session.execute(
        sa.select(Customer.number, Customer.id).where(*same).order_by(Customer.state).limit(1)
    ).one()
    return made(other.number, other.id)


def _names(values: Mapping[str, Any]) -> list[str | None]:
    return [values[name] for name in _NAMES]
