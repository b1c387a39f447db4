"""A receipt as it is printed on paper of 80 mm."""

import datetime as dt
from collections import defaultdict

from pydantic import BaseModel, Field

from erp_club.kernel.money import Rounding, round_div
from erp_club.purchases.queries import earned_by
from erp_club.receipts import queries
from web.deps import Act


class SlipLine(BaseModel):
    """A line; `price_minor` is for one unit, before discounts."""

    name: str
    quantity_milli: int
    price_minor: int
    amount_minor: int


class SlipPayment(BaseModel):
    """What one means paid."""

    means: str
    amount_minor: int


class SlipVat(BaseModel):
    """The VAT that the lines of one rate hold."""

    vat_bp: int
    vat_minor: int


class SlipEarned(BaseModel):
    """What one club's account gained, and the balance after it."""

    names: dict[str, str]
    points: int
    balance: int


class Slip(BaseModel):
    """A printed receipt. The customer's family name is shortened: slips are left lying about."""

    receipt_id: int
    receipt_no: str
    store: str
    city: str | None
    terminal: str | None
    cashier: str | None
    sold_at: dt.datetime
    zone: str = Field(exclude=True)
    language: str | None = Field(exclude=True)
    currency: str
    customer: str
    lines: list[SlipLine]
    total_minor: int
    rounding_minor: int
    payments: list[SlipPayment]
    vat: list[SlipVat]
    earned: list[SlipEarned]


def slip_view(act: Act, receipt_id: int) -> Slip:
    """The slip of a receipt. Raises NotFound."""
    found = queries.receipt(act.session, receipt_id)
    row = found.row
    return Slip(
        receipt_id=row.id,
        receipt_no=row.receipt_no,
        store=row.store,
        city=found.city,
        terminal=found.terminal,
        cashier=found.staff,
        sold_at=row.sold_at,
        zone=row.zone,
        language=found.language,
        currency=act.chain.currency,
        customer=short_name(row.customer),
        lines=[
            SlipLine(
                name=line.name,
                quantity_milli=line.quantity_milli,
                price_minor=round_div(line.list_minor * 1000, line.quantity_milli, Rounding.HALF_UP)
                if line.quantity_milli > 0
                else 0,
                amount_minor=line.amount_minor,
            )
            for line in found.lines
        ],
        total_minor=row.total_minor,
        rounding_minor=row.rounding_minor,
        payments=[SlipPayment(means=each.means, amount_minor=each.amount_minor) for each in found.payments],
        vat=_vat(found.lines),
        earned=[
            SlipEarned(names=each.names, points=each.points, balance=each.balance)
            for each in earned_by(act.session, row.customer_id, row.id)
        ],
    )


def short_name(name: str) -> str:
    """`Noa Ben David` as `Noa B.`; a single name as it is."""
    given, _, family = name.partition(" ")
    return f"{given} {family[0]}." if family else given


def _vat(lines: tuple[queries.LineRow, ...]) -> list[SlipVat]:
    by_rate: dict[int, int] = defaultdict(int)
    for line in lines:
        by_rate[line.vat_bp] += line.amount_minor
    return [
        SlipVat(vat_bp=bp, vat_minor=round_div(amount * bp, 10_000 + bp, Rounding.HALF_UP))
        for bp, amount in sorted(by_rate.items())
    ]
