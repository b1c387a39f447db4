"""An offer tried out before it is published: on a small basket, or on a past receipt, beside all others in force.

The tried offer is started (its code entered, chosen by the cashier, confirmed), and its days are left out, so that
what is seen is what it would do.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.money import Rounding, round_div
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.permissions.actors import Actor
from erp_club.permissions.places import TerminalFacts
from erp_club.promotions import queries as offers
from erp_club.promotions.engine.compile import Compiled, compile_offers
from erp_club.promotions.engine.facts import Facts, Line, Member, Shopper
from erp_club.promotions.engine.lacking import Goods, lacking
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.engine.ready import Published
from erp_club.purchases.asked import Asked, Gathered, Place
from erp_club.purchases.facts import gather
from erp_club.purchases.quotes import queries as goods
from erp_club.purchases.quotes.told import Buyer, SoldProduct
from erp_club.receipts.models import Receipt
from erp_club.reports.forecast import always
from erp_club.reports.starting import starts


@dataclass(frozen=True, slots=True)
class Basket:
    """What to try it on: lines of (SKU, quantity in thousandths), or the number of a past receipt instead.

    `club`: as a member of it, beside what the customer is. `at` is the store's time, without a zone.
    """

    lines: tuple[tuple[str, int], ...] = ()
    receipt_no: str | None = None
    customer_number: str | None = None
    club: str | None = None
    store_id: int | None = None
    at: dt.datetime | None = None


@dataclass(frozen=True, slots=True)
class Trial:
    """The basket with the offer and without it; `products` by SKU and `offers` by code say what things are called.

    `at` is in the store's time zone.
    """

    before: Priced
    after: Priced
    products: Mapping[str, str]
    offers: Mapping[str, Offer]
    at: dt.datetime
    lacking: Mapping[str, Goods]
    """Of which goods what offers lack is, by the offer's code."""


@dataclass(frozen=True, slots=True)
class _Past:
    lines: tuple[tuple[str, int], ...]
    units: tuple[int, ...]
    customer_id: int
    store_id: int
    at: dt.datetime


def try_offer(session: Session, offer: Offer, basket: Basket, *, now: dt.datetime, by: Actor) -> Trial:
    """Price the basket with and without the offer, which need not be valid for publishing.

    A past receipt is taken at its list amounts, with its customer, store and time where the basket says no others.
    Raises Invalid with the field of what isn't known: `receipt_no`, `club`, `store_id`, `customer.number`,
    `lines[i].sku`, or `lines` for an empty basket.
    """
    past = None if basket.receipt_no is None else _past(session, basket.receipt_no)
    lines = past.lines if past else basket.lines
    if not lines:
        raise Invalid([FieldError("lines", T("The basket is empty. Add at least one item."))])
    buyer = Buyer(number=basket.customer_number)
    if past and basket.customer_number is None and past.customer_id != UNIDENTIFIED:
        buyer = Buyer(customer_id=past.customer_id)
    at = basket.at or (past.at if past else None)
    place = _place(session, basket.store_id or (past.store_id if past else None), at, now=now, by=by)
    gathered = gather(session, Asked(lines=lines, buyer=buyer, sale_id="trial"), place)
    others = [each for each in offers.in_force(session) if each.offer.code != offer.code]
    tried = always(offer)
    beside = compile_offers([*others, Published(tried)])
    facts = _facts(session, gathered, tried, beside, basket, past, at or place.local)
    after = price(facts, beside, explain_all=True)
    short = lacking(facts, beside, after)
    return Trial(
        before=price(facts, compile_offers(others)),
        after=after,
        products=_called(session, gathered, beside.asked_for | _lacked(short)),
        offers={each.offer.code: each.offer for each in others} | {offer.code: offer},
        at=facts.at.replace(tzinfo=ZoneInfo(place.terminal.time_zone)),
        lacking=short,
    )


def _facts(
    session: Session,
    gathered: Gathered,
    tried: Offer,
    beside: Compiled,
    basket: Basket,
    past: _Past | None,
    at: dt.datetime,
) -> Facts:
    facts = gathered.facts
    started = starts([tried])
    lines = facts.lines
    if past:
        lines = tuple(replace(line, unit_minor=unit) for line, unit in zip(lines, past.units, strict=True))
    wanted = beside.asked_for - facts.products.keys()
    gifts = goods.products(session, wanted) if wanted else {}
    shopper, lists = facts.shopper, facts.price_lists
    if basket.club is not None:
        if session.scalar(sa.select(Club.id).where(Club.code == basket.club)) is None:
            raise Invalid([FieldError("club", T("No club has the code %(key)s.", key=basket.club))])
        held = shopper or Shopper(id="trial", purchases=1)
        shopper = replace(held, clubs={basket.club: Member(), **held.clubs})
        lists = next((each.price_lists for each in gathered.others if each.code == basket.club), lists)
    return replace(
        facts,
        lines=lines,
        at=at,
        shopper=shopper,
        price_lists=lists,
        coupons=started.coupons,
        claims=started.claims,
        confirmed=started.confirmed,
        products={**facts.products, **{sku: _gift(product) for sku, product in gifts.items()}},
    )


def _called(session: Session, gathered: Gathered, wanted: frozenset[str]) -> dict[str, str]:
    known = {sku: product.name for sku, product in gathered.products.items()}
    others = goods.products(session, wanted - known.keys()) if wanted - known.keys() else {}
    return known | {sku: product.name for sku, product in others.items()}


def _lacked(short: Mapping[str, Goods]) -> frozenset[str]:
    return frozenset(sku for scopes in short.values() for scope, _ in scopes for sku in scope.products)


def _gift(product: SoldProduct) -> Line:
    return Line(
        "", product.sku, 1000, product.price_minor, product.vat_bp, product.group, product.department, product.brand,
        product.kind, earns=product.earns,
    )  # fmt: skip


def _place(session: Session, store_id: int | None, at: dt.datetime | None, *, now: dt.datetime, by: Actor) -> Place:
    """A till that isn't one, in the store, or in the first one where none is said."""
    stores = organisation.stores(session)
    store = next((each for each in stores if store_id in {None, each.id}), None)
    if store is None:
        raise Invalid([FieldError("store_id", T("There is no such store."))])
    till = TerminalFacts(0, 0, "", store.id, store.code, store.name, store.time_zone, store.channel)
    if at is None:
        return Place(till, by, now, now)
    return Place(till, by, at.replace(tzinfo=ZoneInfo(store.time_zone)), now)


def _past(session: Session, receipt_no: str) -> _Past:
    """The newest receipt of this number, without lines below zero."""
    receipt = session.execute(
        sa.select(Receipt.customer_id, Receipt.id, Receipt.store_id, Receipt.sold_at)
        .where(Receipt.receipt_no == receipt_no)
        .order_by(Receipt.sold_at.desc(), Receipt.id.desc())
        .limit(1)
    ).one_or_none()
    if receipt is None:
        raise Invalid([FieldError("receipt_no", T("There is no such receipt. Check its number."))])
    rows = session.execute(
        sa.text(
            "SELECT p.sku, l.quantity_milli, l.list_minor FROM receipt_lines l "
            "JOIN products p ON p.id = l.product_id "
            "WHERE l.customer_id = :customer AND l.receipt_id = :receipt AND l.quantity_milli > 0 ORDER BY l.line_no"
        ),
        {"customer": receipt.customer_id, "receipt": receipt.id},
    ).all()
    at = session.scalar(
        sa.text("SELECT CAST(:at AS timestamptz) AT TIME ZONE time_zone FROM stores WHERE id = :store").bindparams(
            at=receipt.sold_at, store=receipt.store_id
        )
    )
    return _Past(
        lines=tuple((row.sku, row.quantity_milli) for row in rows),
        units=tuple(round_div(row.list_minor * 1000, row.quantity_milli, Rounding.HALF_UP) for row in rows),
        customer_id=receipt.customer_id,
        store_id=receipt.store_id,
        at=at or receipt.sold_at.replace(tzinfo=None),
    )
