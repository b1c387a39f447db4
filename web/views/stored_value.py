"""What pages show of prepaid and gift cards: their kinds, the list, and one card with its history."""

import datetime as dt
from collections import Counter
from collections.abc import Mapping

from pydantic import BaseModel

from erp_club.kernel import audit_search
from erp_club.programmes.queries import names_written
from erp_club.stored_value import queries
from erp_club.stored_value.issued import queries as issued
from erp_club.stored_value.issued.queries import CardRow, Standing
from erp_club.stored_value.kinds import CardKind, MovementKind, ProductState, VatAt
from erp_club.stored_value.numbers import masked
from erp_club.stored_value.products import queries as products
from erp_club.stored_value.products.queries import ProductRow
from erp_club.stored_value.products.settings import least_months
from web import formats, lists
from web.deps import Act

MOVEMENTS_SHOWN = 200
SWITCHES_SHOWN = 50


class CardProductLine(BaseModel):
    """A kind of card as it is set; `cards` are out, with `balance_minor` on them. Months null: it never ends."""

    id: int
    code: str
    names: dict[str, str]
    kind: CardKind
    currency: str
    valid_months: int | None
    vat_at: VatAt
    has_pin: bool
    amounts_minor: list[int]
    least_minor: int
    most_minor: int
    state: ProductState
    version: int
    articles: list[str]
    cards: int
    balance_minor: int


class CardProductsPage(BaseModel):
    """The kinds of cards."""

    products: list[CardProductLine]


class CardProductForm(BaseModel):
    """What the form of a kind begins with: none for a new one. `needed` are the languages a name must have."""

    product: CardProductLine | None
    currency: str
    least_months: int
    needed: list[str]


class ValueCardLine(BaseModel):
    """A card. Its number is money, so only the end of it is told; `first_end` is when the first of its money ends."""

    id: int
    number: str
    product_id: int
    product_code: str
    names: dict[str, str]
    kind: CardKind
    currency: str
    has_pin: bool
    standing: Standing
    balance_minor: int
    usable_minor: int
    first_end: dt.date | None
    issued_at: dt.datetime
    customer_id: int | None
    customer_number: str | None
    customer_name: str | None
    replaced_by: int | None


class ValueCardsPage(BaseModel):
    """The cards that match."""

    product: int | None
    standing: Standing | None
    customer: str | None
    ends_before: dt.date | None
    state: lists.ListState
    products: list[CardProductLine]
    cards: list[ValueCardLine]


class ValueMovementLine(BaseModel):
    """Money onto the card (above zero) or off it, with the balance after. `zone` is the time zone of the store."""

    seq: int
    kind: MovementKind
    amount_minor: int
    balance_after_minor: int
    at: dt.datetime
    on_date: dt.date
    zone: str
    receipt_id: int | None
    receipt_no: str | None
    reverses_seq: int | None
    other_card_id: int | None
    reason: str | None
    store: str | None
    terminal: str | None
    staff: str | None
    refundable_minor: int = 0


class LotLine(BaseModel):
    """Money that can be used from and until the same days; null is at once, and for ever."""

    first_day: dt.date | None
    last_day: dt.date | None
    remaining_minor: int
    ended: bool


class CardSwitch(BaseModel):
    """What was done to the card beside its money: when, what, and by whom."""

    at: dt.datetime
    action: str
    actor: str


class ValueCardPage(BaseModel):
    """A card, its money by last day, its newest movements and what else was done to it."""

    card: ValueCardLine
    amounts_minor: list[int]
    lots: list[LotLine]
    movements: list[ValueMovementLine]
    more: bool
    switches: list[CardSwitch]


class RefundForm(BaseModel):
    """A payment by a card (its movement's `seq`), and what of it can still be given back."""

    card: ValueCardLine
    payment: int
    left_minor: int


class FoundValueCard(BaseModel):
    """The card whose number was typed; null where there is none."""

    card: ValueCardLine | None


class Balance(BaseModel):
    """What a bearer is told: what can be used today, and what of it ends when."""

    id: int
    card: str
    kind: CardKind
    names: dict[str, str]
    currency: str
    balance_minor: int
    lots: list[LotLine]


def product_line(row: ProductRow) -> CardProductLine:
    """A kind of card."""
    return CardProductLine(
        id=row.id, code=row.code, names=dict(row.names), kind=row.kind, currency=row.currency,
        valid_months=row.valid_months, vat_at=row.vat_at, has_pin=row.has_pin, amounts_minor=list(row.amounts_minor),
        least_minor=row.least_minor, most_minor=row.most_minor, state=row.state, version=row.version,
        articles=list(row.articles), cards=row.cards, balance_minor=row.balance_minor,
    )  # fmt: skip


def product_form(act: Act, product_id: int | None) -> CardProductForm:
    """What the form of a kind begins with."""
    return CardProductForm(
        product=None if product_id is None else product_line(products.product(act.session, product_id)),
        currency=act.chain.currency,
        least_months=least_months(act.chain.country),
        needed=[act.chain.language],
    )


def card_line(row: CardRow) -> ValueCardLine:
    """A card."""
    return ValueCardLine(
        id=row.id, number=masked(row.number), product_id=row.product_id, product_code=row.product_code,
        names=dict(row.names), kind=row.kind, currency=row.currency, has_pin=row.has_pin, standing=row.standing,
        balance_minor=row.balance_minor, usable_minor=row.usable_minor, first_end=row.first_end,
        issued_at=row.issued_at, customer_id=row.customer_id or None, customer_number=row.customer_number,
        customer_name=row.customer_name, replaced_by=row.replaced_by,
    )  # fmt: skip


def card_page(act: Act, card_id: int) -> ValueCardPage:
    """A card with its history. Raises NotFound."""
    row = issued.card(act.session, card_id, today=act.today)
    key = queries.CardKey(row.customer_id, row.id)
    held = queries.held_cards(act.session, [key])[key]
    rows = queries.movements(act.session, key, limit=MOVEMENTS_SHOWN + 1)
    names = names_written(act.session) if any(each.reason for each in rows) else {}
    entries = audit_search.entries(
        act.session, audit_search.Entries(entity="value_card", entity_id=str(card_id)), limit=SWITCHES_SHOWN
    )
    return ValueCardPage(
        card=card_line(row),
        amounts_minor=list(held.amounts_minor),
        lots=lot_lines(act, held),
        movements=_with_rests([movement_line(each, act.zone, names) for each in rows[:MOVEMENTS_SHOWN]]),
        more=len(rows) > MOVEMENTS_SHOWN,
        switches=[
            CardSwitch(at=each.at, action=each.action.removeprefix("value_card."), actor=each.actor)
            for each in entries
            if each.action in _SWITCHES
        ],
    )


def _with_rests(lines: list[ValueMovementLine]) -> list[ValueMovementLine]:
    """With what of each payment can still be given back; what was given back of it stands above it."""
    back: Counter[int] = Counter()
    for each in lines:
        if each.reverses_seq is not None:
            back[each.reverses_seq] += each.amount_minor
        elif each.kind is MovementKind.PAID:
            each.refundable_minor = -each.amount_minor - back[each.seq]
    return lines


def refund_form(act: Act, card_id: int, seq: int) -> RefundForm:
    """What the form begins with that gives a payment back. Raises NotFound."""
    row = issued.card(act.session, card_id, today=act.today)
    paid = queries.payment(act.session, queries.CardKey(row.customer_id, row.id), seq)
    return RefundForm(card=card_line(row), payment=seq, left_minor=paid.left_minor)


_SWITCHES = {f"value_card.{verb}" for verb in ("block", "lose", "release", "unlock", "replace")}


def lot_lines(act: Act, held: queries.HeldCard) -> list[LotLine]:
    """What lies on a card, what ends first at the top."""
    lots = sorted(held.lots, key=lambda lot: lot.last_day or dt.date.max)
    return [
        LotLine(
            first_day=lot.available_on if lot.pending(act.today) else None, last_day=lot.last_day,
            remaining_minor=lot.remaining, ended=lot.expired(act.today),
        )
        for lot in lots
        if lot.remaining
    ]  # fmt: skip


def movement_line(row: queries.MovementRow, zone: str, names: Mapping[str, Mapping[str, str]]) -> ValueMovementLine:
    """A movement; `zone` stands in where it happened in no store."""
    return ValueMovementLine(
        seq=row.seq, kind=row.kind, amount_minor=row.amount_minor, balance_after_minor=row.balance_after_minor,
        at=row.at, on_date=row.on_date, zone=row.zone or zone, receipt_id=row.receipt_id, receipt_no=row.receipt_no,
        reverses_seq=row.reverses_seq, other_card_id=row.other_card_id,
        reason=formats.localised_word(row.reason, names), store=row.store, terminal=row.terminal, staff=row.staff,
    )  # fmt: skip


def balance_view(act: Act, key: queries.CardKey) -> Balance:
    """What a bearer is told of a proven card."""
    row = issued.card(act.session, key.card_id, today=act.today)
    held = queries.held_cards(act.session, [key])[key]
    return Balance(
        id=row.id,
        card=masked(row.number),
        kind=row.kind,
        names=dict(row.names),
        currency=row.currency,
        balance_minor=row.usable_minor,
        lots=[each for each in lot_lines(act, held) if not each.ended],
    )
