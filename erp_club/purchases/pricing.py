"""A basket priced for a till: the engine's answer, with what people and receipts need to know beside it.

The one way from a basket to its price: quotes, purchases and the till's own basket all go through `price_basket`.
"""

from collections.abc import Iterable, Mapping

from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.permissions.errors import not_permitted
from erp_club.promotions.engine.compile import Compiled, entry_key
from erp_club.promotions.engine.facts import Claim, Coupon
from erp_club.promotions.engine.lacking import Goods, lacking
from erp_club.promotions.engine.offer import Start
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.engine.savings import AsMember, club_savings
from erp_club.promotions.engine.scope import Texts
from erp_club.purchases.asked import Asked, Gathered, Place
from erp_club.purchases.facts import gather
from erp_club.purchases.priced import Missed, OfferNote, PricedBasket, Product
from erp_club.purchases.redeeming import points_wanted


def price_basket(session: Session, asked: Asked, place: Place, *, explain_all: bool = False) -> PricedBasket:
    """Price a basket here and now; `explain_all` tells of every offer in force why it did or didn't give something.

    Raises what `facts.gather` raises, and Forbidden for an offer that only a cashier with the right may choose.
    """
    gathered = gather(session, asked, place)
    check_claims(gathered.facts.claims, gathered.compiled, by=place.by)
    return price_gathered(gathered, explain_all=explain_all)


def price_gathered(gathered: Gathered, *, explain_all: bool = False) -> PricedBasket:
    """The price of a basket of which everything is gathered; whoever calls has looked at who chose what."""
    facts, compiled = gathered.facts, gathered.compiled
    priced = price(facts, compiled, explain_all=explain_all)
    started = {coupon.text: _started_by(coupon, compiled) for coupon in facts.coupons}
    short = lacking(facts, compiled, priced)
    return PricedBasket(
        customer_id=gathered.customer_id,
        priced=priced,
        products=_products(gathered, priced, short),
        offers=_notes(compiled, priced, started),
        accounts={each.club: each.earning for each in gathered.memberships.values()},
        coupons=facts.coupons,
        started=started,
        missed=_missed(gathered, priced),
        wanted=points_wanted(gathered),
        lacking=short,
    )


def check_claims(claims: Iterable[Claim], compiled: Compiled, *, by: Actor) -> None:
    """Raises Forbidden where somebody who may not has chosen an offer that a cashier starts, or that uses points."""
    for claim in claims:
        ready = compiled.by_code.get(claim.offer)
        if ready is None:
            continue
        needed = Permission.POINTS_REDEEM if ready.redeems or ready.points else Permission.OFFERS_ACTIVATE
        if (ready.start is Start.CASHIER or ready.redeems) and not by.may(needed):
            raise not_permitted(needed)


def _products(gathered: Gathered, priced: Priced, short: Mapping[str, Goods]) -> dict[str, Product]:
    """Those of the lines, gifts included, those that may be chosen, and those that offers lack."""
    wanted = {line.product for line in priced.lines} | {sku for each in priced.pending for sku in each.choices}
    named = [*(each.goods for each in priced.hints), *short.values()]
    wanted.update(sku for goods in named for scope, _ in goods for sku in scope.products)
    return {
        sku: Product(each.id, each.sku, each.name, each.price_minor, each.vat_bp, each.earns, each.kind)
        for sku, each in gathered.products.items()
        if sku in wanted
    }


def _started_by(coupon: Coupon, compiled: Compiled) -> tuple[str, ...]:
    if coupon.batch is not None:
        return tuple(ready.code for ready in compiled.by_batch.get(coupon.batch, ()))
    return tuple(ready.code for ready in compiled.by_entry.get(entry_key(coupon.text), ()))


def _notes(compiled: Compiled, priced: Priced, started: Mapping[str, tuple[str, ...]]) -> dict[str, OfferNote]:
    codes = [each.offer for told in (priced.applied, priced.refused, priced.pending, priced.hints) for each in told]
    codes += [each.beaten_by for each in priced.refused if each.beaten_by]
    codes += [offer for offers in started.values() for offer in offers]
    found = {code: compiled.by_code[code] for code in dict.fromkeys(codes) if code in compiled.by_code}
    return {
        code: OfferNote(
            ready.version,
            texts_of(ready.offer.names),
            texts_of(ready.offer.receipt_message),
            texts_of(ready.offer.till_message),
            ready.start is Start.CASHIER and not (ready.redeems or ready.points),
            ready.offer.points_club,
        )
        for code, ready in found.items()
    }


def texts_of(texts: Texts) -> dict[str, str]:
    """What an offer says, by language."""
    return {str(language): text for language, text in texts.items()}


def _missed(gathered: Gathered, priced: Priced) -> Missed | None:
    """What the club that would give most would have given, of those that the customer holds no membership of today."""
    others = {each.code: each for each in gathered.others if gathered.compiled.offers or each.price_lists}
    as_members = [AsMember(each.code, price_lists=each.price_lists) for each in others.values()]
    best = club_savings(gathered.facts, gathered.compiled, priced.total_minor, as_members)
    if best is None:
        return None
    return Missed(best.club, others[best.club].id, dict(others[best.club].names), best.saved_minor)
