"""Products, sales, and a till that sells them."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product
from erp_club.permissions import commands as permissions
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Role
from erp_club.permissions.places import TerminalFacts
from erp_club.points.models import PointsAccount, PointsMovement
from erp_club.purchases.asked import Place
from erp_club.purchases.sale import Payment, Sale, SaleLine
from erp_club.receipts.kinds import Means, ReceiptSource
from erp_club.receipts.models import Receipt, ReceiptLine
from tests.make.organisation import PIN, a_chain, a_store, a_terminal, an_actor, somebody

NOW = dt.datetime(2026, 11, 22, 12, 0, tzinfo=dt.UTC)


def a_product(
    session: Session,
    sku: str = "7290000000017",
    *,
    price_minor: int = 10_00,
    name: str = "Milk",
    kind: ProductKind = ProductKind.GOODS,
    earns: bool = True,
    stub: bool = False,
) -> int:
    product = Product(
        sku=sku, name=name, list_price_minor=price_minor, vat_bp=1800, kind=kind, earns_points=earns, stub=stub
    )
    session.add(product)
    session.flush()
    return product.id


@dataclass(frozen=True)
class Till:
    """A till with somebody signed on."""

    store_id: int
    terminal_id: int
    by: Actor
    headers: dict[str, str]


def a_till(session: Session, *, currency: str = "ILS", country: str = "IL", role: Role = Role.CASHIER) -> Till:
    """A chain with a store, a till and a cashier who has signed on there by PIN."""
    a_chain(session, currency=currency, country=country)
    return another_till(session, store_code="374", role=role)


def another_till(session: Session, *, store_code: str, username: str = "cashier", role: Role = Role.CASHIER) -> Till:
    store = a_store(session, store_code)
    return a_till_in(session, store.id, username=username, role=role)


def a_till_in(session: Session, store_id: int, *, username: str, role: Role = Role.CASHIER) -> Till:
    from erp_club.organisation.models import Store

    store = session.get_one(Store, store_id)
    terminal_id, key = a_terminal(session, store)
    staff_id = somebody(session, role, username=username)
    facts = TerminalFacts(terminal_id, 1, "Till", store.id, store.code, store.name, store.time_zone)
    # The app's clock is the real one, so the session has to last by that one.
    _, token = permissions.sign_on(
        session, username=username, pin=PIN, terminal=facts, now=dt.datetime.now(dt.UTC), hours=10
    )
    return Till(
        store.id,
        terminal_id,
        an_actor(staff_id, terminal_id=terminal_id, store_id=store.id),
        {"Authorization": f"Bearer {key}", "X-Staff-Session": token},
    )


def sells_in_the_web(session: Session, till: Till) -> None:
    """The till's store is a web shop from now on."""
    from erp_club.organisation.models import Store

    session.get_one(Store, till.store_id).channel = "web"
    session.flush()


def a_place(session: Session, till: Till, *, now: dt.datetime = NOW) -> Place:
    """The till as pricing knows it."""
    from erp_club.organisation.models import Store

    store = session.get_one(Store, till.store_id)
    facts = TerminalFacts(till.terminal_id, 1, "Till", store.id, store.code, store.name, store.time_zone, store.channel)
    return Place(facts, till.by, now, now)


def a_line(
    product_id: int, amount_minor: int = 10_00, *, list_minor: int | None = None, earns: bool = True
) -> SaleLine:
    return SaleLine(product_id, 1000, amount_minor if list_minor is None else list_minor, amount_minor, 1800, earns)


def a_receipt(session: Session, store_id: int, number: str, day: str, minor: int, *, customer_id: int = 0,
              terminal_id: int | None = None) -> None:  # fmt: skip
    """An old receipt of one line, as an import brings it."""
    receipt = Receipt(
        customer_id=customer_id,
        store_id=store_id,
        terminal_id=terminal_id,
        receipt_no=number,
        sold_at=dt.datetime.fromisoformat(f"{day}T09:00:00+02:00"),
        sold_on=dt.date.fromisoformat(day),
        list_minor=minor,
        total_minor=minor,
        source=ReceiptSource.IMPORT,
    )
    session.add(receipt)
    product_id = session.scalar(sa.select(Product.id)) or a_product(session)
    session.flush()
    session.add(
        ReceiptLine(
            customer_id=customer_id,
            receipt_id=receipt.id,
            line_no=1,
            product_id=product_id,
            quantity_milli=1000,
            list_minor=minor,
            amount_minor=minor,
            vat_bp=1800,
        )
    )
    session.flush()


def a_sale(
    till: Till,
    *lines: SaleLine,
    receipt_no: str = "1-000001",
    customer_id: int = 0,
    payments: tuple[Payment, ...] | None = None,
    sold_at: dt.datetime = NOW,
    currency: str = "ILS",
) -> Sale:
    """A sale paid by card, to nobody known."""
    paid = (Payment(Means.CARD, sum(line.amount_minor for line in lines)),) if payments is None else payments
    return Sale(
        till.store_id, till.terminal_id, receipt_no, sold_at, sold_at.date(), customer_id, lines, paid, currency
    )


def ledger(session: Session, account_id: int) -> tuple[int, int, list[tuple[int, int, int]]]:
    """Balance, last number, and the movements as (number, points, balance after)."""
    balance, last = session.execute(
        sa.select(PointsAccount.balance, PointsAccount.last_seq).where(PointsAccount.id == account_id)
    ).one()
    rows = session.execute(
        sa.select(PointsMovement.seq, PointsMovement.points, PointsMovement.balance_after)
        .where(PointsMovement.account_id == account_id)
        .order_by(PointsMovement.seq)
    )
    return balance, last, [(row.seq, row.points, row.balance_after) for row in rows]
