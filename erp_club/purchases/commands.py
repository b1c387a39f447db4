"""Selling: facts gathered, the basket priced, the sale checked, and written with all that hangs on it."""

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.customers.models import UNIDENTIFIED
from erp_club.kernel.errors import Conflict
from erp_club.kernel.money import Rounding, round_div
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.points.expiry.commands import end_idle
from erp_club.points.rules import points_for
from erp_club.programmes.standings.commands import LookCause, Turned
from erp_club.programmes.terms.commands import Sliding, hold_sliding, move_on
from erp_club.promotions.coupons import commands as coupons
from erp_club.promotions.engine.priced import Applied
from erp_club.promotions.uses.commands import count_uses
from erp_club.purchases import sale as sales
from erp_club.purchases.asked import Asked, Place
from erp_club.purchases.awaited import give_awaited
from erp_club.purchases.credit import others
from erp_club.purchases.levels import give_reached, look_at_levels
from erp_club.purchases.plans import looks_at_means, paid_by_means, that_pay
from erp_club.purchases.posting.commands import Posted, write_sale, write_sale_with_points
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes import errors, queries
from erp_club.purchases.quotes.commands import end_quote, is_for, quoted, sale_key
from erp_club.purchases.redeeming import check_points
from erp_club.purchases.sale import CardToSell, Payment, Sale
from erp_club.purchases.settled import Order, sale_of
from erp_club.purchases.value_cards import NO_CARDS, CardsOfSale, settle_cards, with_cards


@dataclass(frozen=True, slots=True)
class Sold:
    """A sale that a till sent, as it was priced and posted; `issued` are the codes of coupons for the next purchase.

    `cards` is what it did to prepaid and gift cards.
    """

    sale: Sale
    basket: PricedBasket
    posted: Posted
    issued: tuple[str, ...] = ()
    cards: CardsOfSale = NO_CARDS
    turned: tuple[Turned, ...] = ()
    """The memberships that came to another level by it."""


def sell(session: Session, order: Order, place: Place, *, currency: str) -> Sold:
    """Price an order of this till, or take the price that it was quoted, and post it in the store's day.

    Raises what `price_basket`, `check_points`, `sale.check` and `settle` raise, and Conflict `total-changed` where the
    till expected another total.
    """
    sales.check_time(place.sold_at, now=place.now)
    quote, asked = _quote_of(session, order, place), order.asked
    if quote is not None and order.sale_of_quote:
        asked = replace(asked, sale_id=sale_key(place.terminal.id, quote.sale_id))
    known = quoted(quote).basket if quote is not None and is_for(quote, asked) else None
    basket = price_basket(session, asked, place) if known is None else _paid_as_told(session, known, asked, place)
    if asked.points:
        check_points(basket.wanted, basket.priced, field="payments")
    payments = _payments(session, order, basket, place, currency)
    paying = that_pay(asked.means, payments, basket.priced.total_minor)
    if paying != asked.means:
        asked = replace(asked, means=paying)
        basket = price_basket(session, asked, place)
        payments = _payments(session, order, basket, place, currency)
    if order.rest is not None:
        gave = dict(paid_by_means(payments))
        told = tuple((each, gave.get(each, 0)) for each in asked.means if each != order.rest.value)
        basket = _paid_as_told(session, basket, replace(asked, paid=told), place)
    sale = sale_of(basket, place, receipt_no=order.receipt_no, payments=payments, currency=currency)
    sales.check_expected(sale, order.expected_total_minor)
    sold = settle(session, sale, basket, asked, place, cards=order.cards)
    if order.quote_id is not None:
        end_quote(session, order.quote_id, terminal_id=place.terminal.id)
    return sold


def _payments(session: Session, order: Order, basket: PricedBasket, place: Place, currency: str) -> tuple[Payment, ...]:
    """What pays the basket: what the order says, what its cards give, and what its last means pays of the rest."""
    total = basket.priced.total_minor
    payments = with_cards(session, order.payments, order.claims, total, place)
    if order.rest is None:
        return payments
    return (*payments, *others(payments, order.credit, total, order.rest, currency))


def _paid_as_told(session: Session, known: PricedBasket, asked: Asked, place: Place) -> PricedBasket:
    """The quoted basket; where earning hangs on how much each means pays, which no quote knows, with those points."""
    by_means = any(looks_at_means(account.rules_document) for account in known.accounts.values())
    if len(asked.means) < 2 or not by_means:
        return known
    told = price_basket(session, asked, place)
    return told if told.priced.total_minor == known.priced.total_minor else known


def _quote_of(session: Session, order: Order, place: Place) -> queries.QuoteRow | None:
    """The quote that the order names, while it holds."""
    if order.quote_id is None:
        return None
    return queries.quote_if_kept(session, order.quote_id, terminal_id=place.terminal.id, now=place.now)


def settle(
    session: Session,
    sale: Sale,
    basket: PricedBasket,
    asked: Asked,
    place: Place,
    *,
    cards: Sequence[CardToSell] = (),
) -> Sold:
    """Write a priced sale: its receipt with points, what cards pay and are sold, and what offers and coupons gave.

    Raises Invalid and Refused as `sale.check`, Conflict `receipt-exists` where the store has this receipt number,
    Conflict `quote-changed` with the new price where a limit, a budget or a coupon was used up meanwhile, and what
    `write_sale_with_points` raises where points were; Forbidden for points without the permission.
    """
    sales.check(sale, now=place.now)
    _permit(session, sale, basket, asked, place)
    earning, terms = basket.earning, hold_sliding(session, sale.customer_id, basket.accounts.values())
    _end_idle(session, sale, basket.accounts.values(), now=place.now, by=place.by)
    if not basket.priced.applied and not basket.coupons:
        posted = write_sale(session.connection(), sale, earning, now=place.now, by=place.by)
        done = settle_cards(session, sale, basket, posted.receipt_id, cards, place)
        give_awaited(session, sale, posted, now=place.now, by=place.by)
        turned = _move(session, sale, basket, asked, posted, terms, place)
        return Sold(sale, basket, posted, cards=done, turned=turned)
    try:
        with session.begin_nested():
            return _settle(session, sale, basket, asked, place, cards, terms)
    except Conflict as changed:
        # Undone to before the sale; what it would cost now is told with the refusal.
        if changed.code != "quote-changed":
            raise
        raise errors.quote_changed(price_basket(session, asked, place).priced) from changed


def _permit(session: Session, sale: Sale, basket: PricedBasket, asked: Asked, place: Place) -> None:
    """Raises Forbidden for more points, or a greater discount by the cashier, than the person may by themselves."""
    for deed in deeds_of(sale, basket, asked):
        permit(session, deed, on=place.today, now=place.now, by=place.by)


def deeds_of(sale: Sale, basket: PricedBasket, asked: Asked) -> list[Deed]:
    """What a sale does that people may do up to a limit: points that it uses, and a discount that the cashier gives."""
    about = f"sale:{asked.sale_id or sale.receipt_no}"
    deeds: list[Deed] = []
    if basket.spent_by_club:
        points = sum(basket.spent_by_club.values())
        deeds.append(Deed(Permission.POINTS_REDEEM, about, points, customer_id=sale.customer_id))
    given = basket.given_by_cashier_minor
    if given > 0 and basket.priced.list_minor > 0:
        share = min(round_div(given * 10_000, basket.priced.list_minor, Rounding.UP), 10_000)
        deeds.append(Deed(Permission.OFFERS_ACTIVATE, about, given, percent_bp=share, customer_id=sale.customer_id))
    return deeds


def _settle(
    session: Session,
    sale: Sale,
    basket: PricedBasket,
    asked: Asked,
    place: Place,
    cards: Sequence[CardToSell],
    terms: Sequence[Sliding],
) -> Sold:
    connection = session.connection()
    if basket.spent_by_club:
        posted = write_sale_with_points(connection, sale, basket.spending, now=place.now, by=place.by)
    else:
        posted = write_sale(connection, sale, basket.earning, now=place.now, by=place.by)
    done = settle_cards(session, sale, basket, posted.receipt_id, cards, place)
    applied, key = basket.priced.applied, {"customer_id": sale.customer_id}
    coupons.use(
        session,
        _gave(basket),
        **key,
        receipt_id=posted.receipt_id,
        sale_id=asked.sale_id,
        now=place.now,
        by=place.by,
    )
    issued: list[str] = []
    for batch, count in sorted(_issues(applied).items()):
        issued += coupons.issue(
            session,
            batch,
            count,
            **key,
            receipt_id=posted.receipt_id,
            now=place.now,
            today=sale.sold_on,
            by=place.by,
        )
    give_awaited(session, sale, posted, now=place.now, by=place.by)
    turned = _move(session, sale, basket, asked, posted, terms, place)
    # Last, since all tills that give the same offers wait for these rows.
    count_uses(session, applied, **key, store_id=sale.store_id, on=sale.sold_on)
    return Sold(sale, basket, posted, tuple(issued), done, turned)


def _move(
    session: Session,
    sale: Sale,
    basket: PricedBasket,
    asked: Asked,
    posted: Posted,
    terms: Sequence[Sliding],
    place: Place,
) -> tuple[Turned, ...]:
    """What the written sale does to its customer's memberships: ends of terms, what it reached, and levels, told."""
    cause = _cause(sale, posted, now=place.now, by=place.by)
    move_on(session, terms, sale.total_minor - sum(fee for _, fee in asked.fees), cause)
    give_reached(session, basket.accounts.values(), cause, today=place.today)
    return look_at_levels(session, basket.accounts.values(), cause)


def _end_idle(session: Session, sale: Sale, clubs: Iterable[Earning], *, now: dt.datetime, by: Actor) -> None:
    """What was idle for too long before this sale stays lost."""
    counting = [(club.holder_id, club.points_account_id) for club in clubs if club.counts_purchases]
    if counting:
        end_idle(session, counting, on=sale.sold_on, now=now, by=by)


def _cause(sale: Sale, posted: Posted, *, now: dt.datetime, by: Actor) -> LookCause:
    return LookCause(
        LevelCause.PURCHASE,
        sale.sold_on,
        now,
        by,
        receipt_id=posted.receipt_id,
        receipt_customer_id=posted.customer_id,
    )


def _gave(basket: PricedBasket) -> dict[int, int]:
    """What each coupon gave, by its id; one that gave nothing stays unused."""
    gave: dict[int, int] = {}
    ids = {coupon.text: coupon.id for coupon in basket.coupons if coupon.id}
    for each in basket.priced.applied:
        if each.coupon in ids:
            gave[ids[each.coupon]] = gave.get(ids[each.coupon], 0) + each.amount_minor
    return gave


def _issues(applied: Sequence[Applied]) -> dict[str, int]:
    """How many coupons of each batch the sale gives for the next purchase."""
    issues: dict[str, int] = {}
    for each in applied:
        if each.batch is not None and each.coupons_issued:
            issues[each.batch] = issues.get(each.batch, 0) + each.coupons_issued
    return issues


def post_sale(session: Session, sale: Sale, *, now: dt.datetime, by: Actor) -> Posted:
    """Write a sale whose prices are settled already, with its points.

    Each club whose membership holds on the day of the sale gives points on what was paid for products that earn, by
    its own rule, rounded down once; a club that gives none leaves no movement.
    Raises Invalid and Refused as `sale.check`, Conflict `receipt-exists` where the store has this receipt number.
    """
    sales.check(sale, now=now)
    return book_sale(session, sale, now=now, by=by)


def book_sale(session: Session, sale: Sale, *, now: dt.datetime, by: Actor) -> Posted:
    """The same for a sale that was made already and has to stand as it is, whatever is wrong with it.

    Raises Conflict `receipt-exists` where the store has this receipt number.
    """
    clubs = _clubs(session, sale)
    terms = hold_sliding(session, sale.customer_id, clubs)
    _end_idle(session, sale, clubs, now=now, by=by)
    posted = write_sale(session.connection(), sale, _earning(sale, clubs), now=now, by=by)
    give_awaited(session, sale, posted, now=now, by=by)
    cause = _cause(sale, posted, now=now, by=by)
    move_on(session, terms, sale.total_minor, cause)
    look_at_levels(session, clubs, cause)
    return posted


def use_coupon(
    session: Session, coupon_id: int, gave_minor: int, *, customer_id: int, receipt_id: int, asked: Asked, place: Place
) -> bool:
    """Use a coupon for a receipt that stands already; False where it can't be used any more."""
    try:
        with session.begin_nested():
            coupons.use(
                session,
                {coupon_id: gave_minor},
                customer_id=customer_id,
                receipt_id=receipt_id,
                sale_id=asked.sale_id,
                now=place.now,
                by=place.by,
            )
    except Conflict:
        return False
    return True


def _clubs(session: Session, sale: Sale) -> list[Earning]:
    """The clubs in which the customer was a member on the day of the sale."""
    if sale.customer_id == UNIDENTIFIED:
        return []
    return earning_memberships(session, sale.customer_id, on=sale.sold_on)


def _earning(sale: Sale, clubs: Sequence[Earning]) -> list[tuple[Earning, int]]:
    """Those that give points for this sale, and how many."""
    points = [(club, points_for(sale.earning_minor, club.earn_points, club.earn_per_minor)) for club in clubs]
    return [(club, gained) for club, gained in points if gained > 0 or club.counts_purchases]
