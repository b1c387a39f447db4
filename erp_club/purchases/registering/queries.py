"""What registering a purchase asks of its receipt, and for whom it was registered."""

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import Customer
from erp_club.customers.queries import family_of
from erp_club.kernel.dates import month_end
from erp_club.organisation.models import Store
from erp_club.promotions.engine.facts import Line, PaidFor
from erp_club.promotions.engine.units import touched
from erp_club.purchases.registering.models import LateRegistration
from erp_club.purchases.sale import Payment
from erp_club.receipts.kinds import Means
from erp_club.receipts.models import Receipt, ReceiptDiscount, ReceiptLine, ReceiptLineReturned, ReceiptPayment


@dataclass(frozen=True, slots=True)
class SoldAt:
    """Where a receipt was sold: the store, its zone, and what it sells through."""

    code: str
    zone: str
    channel: str


@dataclass(frozen=True, slots=True)
class Member:
    """For whom a purchase was registered."""

    id: int
    number: str
    given_name: str
    family_name: str


def sold_at(session: Session, store_id: int) -> SoldAt:
    """The store of a receipt."""
    row = session.execute(sa.select(Store.code, Store.time_zone, Store.channel).where(Store.id == store_id)).one()
    return SoldAt(*row)


def total_minor(session: Session, customer_id: int, receipt_id: int) -> int:
    """What a receipt comes to."""
    mine = Receipt.customer_id == customer_id, Receipt.id == receipt_id
    return session.execute(sa.select(Receipt.total_minor).where(*mine)).scalar_one()


def paid_for(session: Session, customer_id: int, receipt_id: int) -> list[PaidFor]:
    """The lines of a receipt as what earns looks at them."""
    taken: dict[int, list[tuple[int, int]]] = defaultdict(list)
    for line_no, amount, units in session.execute(
        sa.select(ReceiptDiscount.line_no, ReceiptDiscount.amount_minor, ReceiptDiscount.units_milli).where(
            ReceiptDiscount.customer_id == customer_id, ReceiptDiscount.receipt_id == receipt_id
        )
    ):
        taken[line_no].append((amount, units))
    rows = session.execute(
        sa.select(ReceiptLine, Product, ProductGroup.name, Department.name, Brand.name)
        .join(Product, Product.id == ReceiptLine.product_id)
        .outerjoin(ProductGroup, ProductGroup.id == Product.group_id)
        .outerjoin(Department, Department.id == Product.department_id)
        .outerjoin(Brand, Brand.id == Product.brand_id)
        .where(ReceiptLine.customer_id == customer_id, ReceiptLine.receipt_id == receipt_id)
        .order_by(ReceiptLine.line_no)
    )
    return [
        PaidFor(
            Line(
                id=str(line.line_no),
                product=product.sku,
                quantity_milli=line.quantity_milli,
                unit_minor=product.list_price_minor,
                vat_bp=line.vat_bp,
                group=group,
                department=department,
                brand=brand,
                kind=product.kind,
                # As a sale has it: what merely passes money on is passed over by its kind.
                earns=product.earns_points or product.kind != ProductKind.GOODS,
            ),
            paid_minor=line.amount_minor,
            before_minor=line.list_minor,
            reduced=line.regular_minor is not None,
            touched=touched(line.quantity_milli, line.list_minor, taken[line.line_no]),
            price_list=line.price_list or "",
        )
        for line, product, group, department, brand in rows
    ]


def payments(session: Session, customer_id: int, receipt_id: int, *, rounding_minor: int) -> list[Payment]:
    """What each means paid of a receipt, without the rounding that cash paid."""
    rows = session.execute(
        sa.select(ReceiptPayment.means, ReceiptPayment.amount_minor, ReceiptPayment.called)
        .where(ReceiptPayment.customer_id == customer_id, ReceiptPayment.receipt_id == receipt_id)
        .order_by(ReceiptPayment.payment_no)
    )
    made = [Payment(Means(means), amount, called=called or "") for means, amount, called in rows]
    cash = next((number for number, each in enumerate(made) if each.means is Means.CASH), None)
    if cash is not None:
        made[cash] = Payment(Means.CASH, made[cash].amount_minor - rounding_minor)
    return made


def registered_for(session: Session, receipt_id: int) -> Member | None:
    """For whom a purchase was registered afterwards, if it was."""
    row = session.execute(
        sa.select(Customer.id, Customer.number, Customer.given_name, Customer.family_name)
        .join(LateRegistration, LateRegistration.member_id == Customer.id)
        .where(LateRegistration.customer_id == 0, LateRegistration.receipt_id == receipt_id)
    ).one_or_none()
    return None if row is None else Member(*row)


def returned_any(session: Session, receipt_id: int) -> bool:
    """Whether anything of a purchase of nobody known has come back."""
    return session.execute(
        sa.select(sa.exists().where(ReceiptLineReturned.customer_id == 0, ReceiptLineReturned.receipt_id == receipt_id))
    ).scalar_one()


def count_in_month(session: Session, member_id: int, *, of: dt.date) -> int:
    """How many purchases were registered for a member in the month of this day."""
    return session.execute(
        sa.select(sa.func.count()).where(
            LateRegistration.member_id.in_(family_of(member_id)),
            LateRegistration.on_date.between(of.replace(day=1), month_end(of)),
        )
    ).scalar_one()
