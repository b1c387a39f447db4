"""Prepaid and gift cards in a sale: what each that pays gives, and those that the sale makes good or loads."""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.lots import available
from erp_club.kernel.text import T
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from erp_club.purchases.asked import Place
from erp_club.purchases.priced import PricedBasket, Product
from erp_club.purchases.sale import CardClaim, CardToSell, Payment, Sale
from erp_club.receipts.kinds import Means
from erp_club.stored_value import commands, errors, queries
from erp_club.stored_value.commands import Cause
from erp_club.stored_value.issued.commands import Issued, ToIssue, check_load, issue
from erp_club.stored_value.kinds import CardKind, CardState
from erp_club.stored_value.lots import Claim, last_day, shares
from erp_club.stored_value.numbers import CardKey, compact, masked
from erp_club.stored_value.queries import SellingProduct


@dataclass(frozen=True, slots=True)
class CardPaid:
    """What a card gave, and what is left on it."""

    key: CardKey
    number: str
    amount_minor: int
    balance_minor: int


@dataclass(frozen=True, slots=True)
class CardSold:
    """A card that was sold or loaded: so much came onto it, until the last day; None is for ever."""

    key: CardKey
    number: str
    kind: CardKind
    sku: str
    amount_minor: int
    balance_minor: int
    last_day: dt.date | None


@dataclass(frozen=True, slots=True)
class CardsOfSale:
    """What a sale did to cards."""

    paid: tuple[CardPaid, ...] = ()
    sold: tuple[CardSold, ...] = ()


NO_CARDS = CardsOfSale()


def with_cards(
    session: Session, payments: tuple[Payment, ...], claims: Sequence[CardClaim], total_minor: int, place: Place
) -> tuple[Payment, ...]:
    """The payments of a sale with what each card gives: first what was asked for, then what is still due, in order.

    The cards are held. A card that has nothing to give isn't among the payments. Raises Conflict
    `stored-value-too-little` where a card was asked for more than it has, Forbidden where the cashier may not.
    """
    if not claims:
        return payments
    if not place.by.may(Permission.STORED_VALUE_PAY):
        raise not_permitted(Permission.STORED_VALUE_PAY)
    held = commands.hold(session, [claim.key for claim in claims])
    on = place.local.date()
    asked = [Claim(available(held[claim.key].lots, on), claim.amount_minor) for claim in claims]
    due = total_minor - sum(payment.amount_minor for payment in payments)
    made = list(payments)
    for claim, has, gives in zip(claims, asked, shares(due, asked), strict=True):
        card = held[claim.key]
        if card.state is not CardState.ACTIVE:
            raise errors.unusable(card.state, field=claim.field)
        if gives > has.available_minor:
            raise errors.too_little(has.available_minor, card.currency, card.number, field=claim.field)
        if gives:
            made.append(Payment(Means.STORED_VALUE, gives, claim.key, masked(card.number)))
    return tuple(made)


def settle_cards(
    session: Session, sale: Sale, basket: PricedBasket, receipt_id: int, wanted: Sequence[CardToSell], place: Place
) -> CardsOfSale:
    """Take from the cards that pay for a posted sale, and make good or load those that it sells.

    Raises Refused `cards-differ`, Invalid, Conflict and Forbidden where a card can't be sold or loaded so.
    """
    articles = {each.id: each for each in basket.products_of_lines if each.kind == ProductKind.GIFT_CARD}
    paying = [payment for payment in sale.payments if payment.card is not None]
    if not articles and not paying and not wanted:
        return NO_CARDS
    cause = Cause(place.now, sale.sold_on, place.by, (sale.customer_id, receipt_id))
    return CardsOfSale(_pay(session, paying, cause), _sell(session, sale, articles, wanted, cause, place.today))


def _pay(session: Session, paying: Sequence[Payment], cause: Cause) -> tuple[CardPaid, ...]:
    keys = [CardKey(*payment.card) for payment in paying if payment.card is not None]
    if not keys:
        return ()
    held = commands.hold(session, keys)
    made: list[CardPaid] = []
    for key, payment in zip(keys, paying, strict=True):
        moved = commands.pay(session, held[key], payment.amount_minor, cause=cause)
        made.append(CardPaid(key, masked(held[key].number), payment.amount_minor, moved.balance_minor))
    return tuple(made)


def _sell(
    session: Session,
    sale: Sale,
    articles: Mapping[int, Product],
    wanted: Sequence[CardToSell],
    cause: Cause,
    today: dt.date,
) -> tuple[CardSold, ...]:
    selling = queries.selling(session, list(articles))
    sells = {articles[each].sku: kind for each, kind in selling.items()}
    for number, card in enumerate(wanted):
        if card.sku not in sells:
            text = T("No article with the code %(code)s in this sale sells cards.", code=card.sku)
            raise Invalid([FieldError(f"cards[{number}].sku", text)])
    amounts: dict[str, int] = defaultdict(int)
    for line in sale.lines:
        if line.product_id in selling:
            # What lies on a card is what it costs without discounts: a card sold for less is worth as much.
            face = line.list_minor if line.regular_minor is None else line.regular_minor
            amounts[articles[line.product_id].sku] += face
    made: list[CardSold] = []
    for article_id, kind in selling.items():
        article = articles[article_id]
        named = [(number, card) for number, card in enumerate(wanted) if card.sku == article.sku]
        for number, card in _cards_of(article, kind, named, amounts[article.sku]):
            field = f"cards[{number}]."
            loaded = _load(session, kind, card, field, cause, today)
            made.append(_made_good(article.sku, kind, loaded or _issue(session, card, field, cause), cause))
    return tuple(made)


def _cards_of(
    article: Product, kind: SellingProduct, named: Sequence[tuple[int, CardToSell]], amount_minor: int
) -> list[tuple[int, ToIssue]]:
    """The cards that an article of the sale comes to, with their places among those named."""
    if not named:
        # Of fixed amounts each unit is a card; of any amount the whole is one.
        each = article.price_minor if article.price_minor in kind.amounts_minor else amount_minor
        count, rest = divmod(amount_minor, each) if each else (0, 0)
        if rest:
            raise errors.cards_differ(article.sku, {"amount_minor": amount_minor})
        named = [(number, CardToSell(article.sku, each)) for number in range(count)]
    elif article.price_minor in kind.amounts_minor and all(card.amount_minor is None for _, card in named):
        # What isn't named of several alike is made.
        more = amount_minor // article.price_minor - len(named)
        named = [*named, *((len(named) + number, CardToSell(article.sku)) for number in range(more))]
    otherwise = amount_minor if len(named) == 1 else article.price_minor
    made = [
        (
            number,
            ToIssue(
                kind.id,
                otherwise if card.amount_minor is None else card.amount_minor,
                card.number,
                card.pin,
                pin_hash=card.pin_hash,
            ),
        )
        for number, card in named
    ]
    if sum(card.amount_minor for _, card in made) != amount_minor:
        raise errors.cards_differ(article.sku, {"amount_minor": amount_minor})
    return made


def _made_good(sku: str, kind: SellingProduct, done: Issued, cause: Cause) -> CardSold:
    ends, moved = last_day(cause.on, done.card.valid_months), done.moved
    return CardSold(done.card.key, done.card.number, kind.kind, sku, moved.amount_minor, moved.balance_minor, ends)


def _issue(session: Session, wanted: ToIssue, field: str, cause: Cause) -> Issued:
    if not cause.by.may(Permission.STORED_VALUE_SELL):
        raise not_permitted(Permission.STORED_VALUE_SELL)
    return issue(session, wanted, cause=cause, field=field)


def _load(
    session: Session, kind: SellingProduct, wanted: ToIssue, field: str, cause: Cause, today: dt.date
) -> Issued | None:
    """Load the prepaid card of the number; None where the number isn't that of one that is out.

    `today` is the store's day, whenever the till says that it sold: limits of the day go by it.
    """
    key = queries.key_by_number(session, compact(wanted.number)) if wanted.number else None
    if key is None:
        return None
    card = commands.hold(session, [key])[key]
    if card.state is CardState.NEW or card.kind is not CardKind.PREPAID:
        return None
    if card.product_id != kind.id:
        raise errors.other_product(f"{field}number")
    if not cause.by.may(Permission.STORED_VALUE_LOAD):
        raise not_permitted(Permission.STORED_VALUE_LOAD)
    check_load(card, wanted.amount_minor, field=f"{field}amount_minor")
    deed = Deed(Permission.STORED_VALUE_LOAD, f"stored-value-card:{key.card_id}", wanted.amount_minor)
    permit(session, deed, on=today, now=cause.at, by=cause.by)
    return Issued(card, commands.load(session, card, wanted.amount_minor, cause=cause))
