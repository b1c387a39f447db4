"""What the chain does with cards: giving, selling and loading them, blocking, and moving what is on them to others."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.permissions.passwords import hash_password, pin_faults
from erp_club.stored_value import commands, errors
from erp_club.stored_value.commands import Cause, Moved
from erp_club.stored_value.kinds import CardState, ProductState
from erp_club.stored_value.models import BEARER, CardProduct, ValueCard, ValueNumber
from erp_club.stored_value.numbers import CardKey, compact, new_number
from erp_club.stored_value.products.settings import amount_fault
from erp_club.stored_value.queries import HeldCard, key_by_id, key_by_number

LOCKED_AT = 5
"""So many wrong PINs in a row lock a card."""

_BEFORE: dict[CardState, frozenset[CardState]] = {
    CardState.ACTIVE: frozenset({CardState.BLOCKED, CardState.LOST}),
    CardState.BLOCKED: frozenset({CardState.NEW, CardState.ACTIVE, CardState.LOST}),
    CardState.LOST: frozenset({CardState.ACTIVE, CardState.BLOCKED}),
}
"""What a card may have been before it becomes this. A closed one stays closed."""
_ACTION = {CardState.ACTIVE: "release", CardState.BLOCKED: "block", CardState.LOST: "lose"}


@dataclass(frozen=True, slots=True)
class ToIssue:
    """A card to sell or give: of this kind, with so much on it.

    With a number it is one that lies ready (whose PIN, if any, lies with it), else one is made, for which the customer
    has chosen a PIN where the kind has one (or its hash, where it was chosen before). `customer_id` holds it, 0 is
    whoever brings it.
    """

    product_id: int
    amount_minor: int
    number: str | None = None
    pin: str | None = None
    customer_id: int = BEARER
    pin_hash: str | None = None


@dataclass(frozen=True, slots=True)
class Issued:
    """A card that was sold, given or loaded."""

    card: HeldCard
    moved: Moved


def give_card(session: Session, wanted: ToIssue, *, reason: str, now: dt.datetime, today: dt.date, by: Actor) -> Issued:
    """Give a card away with money on it: a gift at joining, on a birthday, or for goodwill.

    Raises what `issue` raises.
    """
    holder = None if wanted.customer_id == BEARER else wanted.customer_id
    deed = Deed(Permission.STORED_VALUE_GIVE, f"card-kind:{wanted.product_id}", wanted.amount_minor, customer_id=holder)
    permit(session, deed, on=today, now=now, by=by)
    made = issue(session, wanted, cause=Cause(now, today, by, reason=reason), given=True)
    after = {"amount_minor": wanted.amount_minor, "reason": reason, "product_id": wanted.product_id}
    _trace(session, made.card.key, "give", None, after, now=now, by=by)
    return made


def issue(session: Session, wanted: ToIssue, *, cause: Cause, given: bool = False, field: str = "") -> Issued:
    """Make a card good for an amount: one that lies ready, or a new one.

    `field` stands before the fields of refusals, for a card among several. Raises NotFound for the kind or customer,
    Conflict for a kind that is closed and a number that can't be sold, Invalid for the amount or PIN.
    """
    product = session.get(CardProduct, wanted.product_id)
    if product is None:
        raise errors.no_product()
    if product.state != ProductState.ACTIVE:
        raise errors.product_closed()
    _check_amount(product, wanted.amount_minor, field=f"{field}amount_minor")
    if wanted.customer_id != BEARER:
        _check_customer(session, wanted.customer_id)
    if wanted.number:
        card = _ready(session, wanted, field=field)
    else:
        chosen = wanted.pin_hash if product.has_pin else None
        pin_hash = chosen or _pin_hash(product, wanted.pin, field=f"{field}pin")
        key = new_card(session, product.id, customer_id=wanted.customer_id, pin_hash=pin_hash, now=cause.at)
        card = commands.hold(session, [key])[key]
    return Issued(card, commands.sell(session, card, wanted.amount_minor, cause=cause, given=given))


def load_card(
    session: Session, card_id: int, amount_minor: int, *, now: dt.datetime, today: dt.date, by: Actor
) -> Issued:
    """Load a prepaid card with money that was taken elsewhere (another till's receipt, a web shop).

    Raises NotFound, Invalid for the amount, and what `commands.load` raises.
    """
    key = key_by_id(session, card_id)
    card = commands.hold(session, [key])[key]
    check_load(card, amount_minor, field="amount_minor")
    deed = Deed(Permission.STORED_VALUE_LOAD, f"stored-value-card:{card_id}", amount_minor)
    permit(session, deed, on=today, now=now, by=by)
    moved = commands.load(session, card, amount_minor, cause=Cause(now, today, by))
    after = {"amount_minor": amount_minor, "balance_minor": moved.balance_minor}
    _trace(session, key, "fill", None, after, now=now, by=by)
    return Issued(card, moved)


def adjust_card(
    session: Session, card_id: int, amount_minor: int, *, reason: str, now: dt.datetime, today: dt.date, by: Actor
) -> Moved:
    """Put right what lies on a card, with the reason. Raises NotFound and what `commands.adjust` raises."""
    key = key_by_id(session, card_id)
    card = commands.hold(session, [key])[key]
    moved = commands.adjust(session, card, amount_minor, cause=Cause(now, today, by, reason=reason))
    after = {"amount_minor": amount_minor, "balance_minor": moved.balance_minor, "reason": reason}
    _trace(session, key, "adjust", {"balance_minor": card.balance_minor}, after, now=now, by=by)
    return moved


def refund_payment(
    session: Session,
    card_id: int,
    seq: int,
    amount_minor: int,
    *,
    reason: str | None = None,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
) -> Moved:
    """Give back so much of a payment to the card that made it; one that was replaced passes it on to the newer one.

    Raises NotFound and what `commands.give_back` raises.
    """
    key = key_by_id(session, card_id)
    deed = Deed(Permission.STORED_VALUE_REFUND, f"stored-value-card:{card_id}:{seq}", amount_minor)
    permit(session, deed, on=today, now=now, by=by)
    moved = commands.refund_payment(session, key, seq, amount_minor, cause=Cause(now, today, by, reason=reason))
    given = {"amount_minor": amount_minor, "payment": seq, "reason": reason}
    _trace(session, key, "refund", None, given, now=now, by=by)
    return moved


def set_card_state(session: Session, card_id: int, state: CardState, *, now: dt.datetime, by: Actor) -> None:
    """Block a card, report it lost, or let it be used again. Raises NotFound, Conflict `card-is-so`."""
    key = key_by_id(session, card_id)
    card = commands.hold(session, [key])[key]
    if card.state not in _BEFORE[state]:
        raise errors.is_so(card.state)
    session.execute(_update(key, state=state))
    _trace(session, key, _ACTION[state], {"state": card.state}, {"state": state}, now=now, by=by)


def unlock_card(session: Session, card_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Let a card be used again that five wrong PINs have locked. Raises NotFound, Conflict `card-is-so`."""
    key = key_by_id(session, card_id)
    commands.hold(session, [key])
    wrong = session.scalar(sa.select(ValueCard.wrong_pins).where(ValueCard.id == card_id)) or 0
    if wrong < LOCKED_AT:
        raise errors.not_locked()
    session.execute(_update(key, wrong_pins=0))
    _trace(session, key, "unlock", {"wrong_pins": wrong}, {"wrong_pins": 0}, now=now, by=by)


def replace_card(
    session: Session,
    card_id: int,
    *,
    number: str | None,
    pin: str | None,
    customer_id: int | None = None,
    now: dt.datetime,
    today: dt.date,
    by: Actor,
) -> CardKey:
    """Move what is on a lost, blocked or worn card to another one, and close it.

    The other one lies ready under the number, or is made (with the PIN that the customer chooses); `customer_id` holds
    it, None is who held the old one. Raises NotFound, Conflict where the old one is closed or was never sold, and what
    `issue` raises for the new one.
    """
    key = key_by_id(session, card_id)
    old = commands.hold(session, [key])[key]
    if old.state in {CardState.CLOSED, CardState.NEW}:
        raise errors.is_so(old.state)
    owner = key.customer_id if customer_id is None else customer_id
    if owner not in {BEARER, key.customer_id}:
        _check_customer(session, owner)
    if number:
        new = _ready(session, ToIssue(old.product_id, 0, number), field="")
    else:
        product = session.get_one(CardProduct, old.product_id)
        made = new_card(session, product.id, customer_id=owner, pin_hash=_pin_hash(product, pin, field="pin"), now=now)
        new = commands.hold(session, [made])[made]
    session.execute(_update(new.key, state=CardState.ACTIVE, issued_at=now))
    commands.move(session, old, new, cause=Cause(now, today, by))
    session.execute(_update(key, state=CardState.CLOSED, replaced_by=new.key.card_id))
    after = {"state": CardState.CLOSED, "replaced_by": new.key.card_id, "amount_minor": old.balance_minor}
    _trace(session, key, "replace", {"state": old.state}, after, now=now, by=by)
    return new.key


def new_card(
    session: Session,
    product_id: int,
    *,
    now: dt.datetime,
    customer_id: int = BEARER,
    number: str | None = None,
    pin_hash: str | None = None,
    state: CardState = CardState.NEW,
) -> CardKey:
    """Write a card without money; its number is drawn where none is given. The caller checks everything else."""
    number = number or new_number()
    card_id = session.execute(
        sa.insert(ValueCard)
        .values(
            customer_id=customer_id, product_id=product_id, number=number, pin_hash=pin_hash, state=state, issued_at=now
        )
        .returning(ValueCard.id)
    ).scalar_one()
    session.execute(sa.insert(ValueNumber).values(number=number, customer_id=customer_id, card_id=card_id))
    return CardKey(customer_id, card_id)


def check_load(card: HeldCard, amount_minor: int, *, field: str) -> None:
    """Raises Invalid where a card of its kind isn't loaded with this amount."""
    fault = amount_fault(card.amounts_minor, card.least_minor, card.most_minor, amount_minor)
    if fault == "amounts":
        raise errors.no_such_amount(field=field)
    if fault:
        raise errors.wrong_amount(card.least_minor, card.most_minor, card.currency, field=field)


def _check_amount(product: CardProduct, amount_minor: int, *, field: str) -> None:
    fault = amount_fault(tuple(product.amounts_minor), product.least_minor, product.most_minor, amount_minor)
    if fault == "amounts":
        raise errors.no_such_amount(field=field)
    if fault:
        raise errors.wrong_amount(product.least_minor, product.most_minor, product.currency, field=field)


def _check_customer(session: Session, customer_id: int) -> None:
    state = session.scalar(sa.select(Customer.state).where(Customer.id == customer_id).with_for_update(key_share=True))
    if customer_id == UNIDENTIFIED or state != CustomerState.ACTIVE:
        raise errors.no_customer()


def _ready(session: Session, wanted: ToIssue, *, field: str) -> HeldCard:
    """The card that lies ready under the number, locked."""
    named = f"{field}number"
    key = key_by_number(session, compact(wanted.number or ""))
    if key is None:
        raise errors.not_ready(named)
    card = commands.hold(session, [key])[key]
    if card.state is not CardState.NEW:
        raise errors.known_already(named)
    if card.product_id != wanted.product_id:
        raise errors.other_product(named)
    return card


def _pin_hash(product: CardProduct, pin: str | None, *, field: str) -> str | None:
    if not product.has_pin:
        if pin:
            raise errors.no_pin(field)
        return None
    if not pin:
        raise errors.pin_needed(field)
    if pin_faults(pin):
        raise Invalid([type(fault)(field, fault.text) for fault in pin_faults(pin)])
    return hash_password(pin)


def _update(key: CardKey, **values: object) -> sa.Update:
    of_card = (ValueCard.customer_id == key.customer_id, ValueCard.id == key.card_id)
    return sa.update(ValueCard).where(*of_card).values(values).execution_options(synchronize_session=False)


def _trace(
    session: Session,
    key: CardKey,
    verb: str,
    before: Mapping[str, object] | None,
    after: Mapping[str, object] | None,
    *,
    now: dt.datetime,
    by: Actor,
) -> None:
    audit.record(
        session,
        by=by,
        now=now,
        action=f"value_card.{verb}",
        entity="value_card",
        entity_id=key.card_id,
        customer_id=key.customer_id or None,
        before=before,
        after=after,
    )
