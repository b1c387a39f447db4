"""What stands beside the items of a till's basket: offers, coupons, questions and hints, in the cashier's words."""

from pydantic import BaseModel

from erp_club.points.units import Unit
from erp_club.promotions.engine.facts import Coupon
from erp_club.purchases.baskets.pricing import Choosable, OpenPrice
from erp_club.purchases.priced import PricedBasket
from web.formats import localised
from web.views.purchases import ClubSavings, savings_view
from web.views.quotes import OfferHint, PendingOffer, hints_view, offer_name, pending_view, refused_words
from web.views.reasons import fault_words


class TillOffer(BaseModel):
    """An offer that the cashier may start. `gain_minor`: what it takes off; `words`: why it gives nothing.

    `cost_points` are those that the customer pays for it.
    """

    offer: str
    name: str
    chosen: bool
    gain_minor: int
    points: int
    cost_points: int = 0
    words: str | None
    unit: Unit


class TillCoupon(BaseModel):
    """A coupon or code of the sale. `position` counts from 1; `words`: why it gives nothing, or not yet."""

    position: int
    code: str
    name: str
    amount_minor: int
    gives: bool
    words: str | None


class TillQuestion(BaseModel):
    """What an offer asks the cashier."""

    code: str
    words: str
    offer: str
    confirmed: bool


class TillMessage(BaseModel):
    """What an offer tells the cashier."""

    offer: str
    words: str


class TillPoints(BaseModel):
    """What points pay by an offer."""

    offer: str
    name: str
    amount_minor: int


class TillBenefits(BaseModel):
    """All of it; `club_id` of the club that would save something, where the customer may join it."""

    offers: list[TillOffer] = []
    coupons: list[TillCoupon] = []
    pending: list[PendingOffer] = []
    questions: list[TillQuestion] = []
    hints: list[OfferHint] = []
    messages: list[TillMessage] = []
    points_paid: list[TillPoints] = []
    club_savings: ClubSavings | None = None
    club_id: int | None = None

    @property
    def usable(self) -> list[TillOffer]:
        """The offers that give something in this sale, and those chosen already."""
        return [each for each in self.offers if each.chosen or not each.words]


def benefits_view(price: OpenPrice, *, currency: str) -> TillBenefits:
    """What stands beside the items of a priced basket."""
    basket = price.basket
    return TillBenefits(
        # Those that give something come first.
        offers=sorted(
            (_offer(basket, each, currency) for each in price.choosable),
            key=lambda each: each.words is not None and not each.chosen,
        ),
        coupons=[_coupon(basket, coupon, number, currency) for number, coupon in enumerate(basket.coupons, start=1)],
        pending=pending_view(basket),
        questions=[
            TillQuestion(
                code=each.code,
                words=localised(each.question),
                offer=offer_name(basket, each.offer),
                confirmed=each.confirmed,
            )
            for each in price.questions
        ],
        # The cashier reads the first ones; nobody doubles a purchase for an offer.
        hints=sorted(
            (
                each
                for each in hints_view(basket, currency=currency)
                if each.kind != "spend_more" or each.missing <= basket.priced.total_minor
            ),
            key=lambda each: -(each.gain_minor or 0),
        ),
        messages=[
            TillMessage(offer=offer_name(basket, each.offer), words=localised(note.till_message))
            for each in basket.priced.applied
            if (note := basket.offers.get(each.offer)) and note.till_message
        ],
        points_paid=[
            TillPoints(offer=each.offer, name=offer_name(basket, each.offer), amount_minor=each.amount_minor)
            for each in basket.priced.applied
            if each.offer in {told.offer for told in basket.redeemable}
        ],
        club_savings=savings_view(basket.missed, currency=currency) if basket.missed else None,
        club_id=basket.missed.club_id if basket.missed else None,
    )


def _offer(basket: PricedBasket, each: Choosable, currency: str) -> TillOffer:
    refusal = each.refusal
    words = refused_words(basket, refusal, currency=currency) if refusal else None
    return TillOffer(
        offer=each.offer,
        name=localised(each.names),
        chosen=each.chosen,
        gain_minor=each.gain_minor,
        points=each.points,
        cost_points=each.cost_points,
        words=words,
        unit=basket.unit_of(each.offer),
    )


def _coupon(basket: PricedBasket, coupon: Coupon, position: int, currency: str) -> TillCoupon:
    started = basket.started.get(coupon.text, ())
    gave = [each for each in basket.priced.applied if each.coupon == coupon.text]
    refusal = next((each for each in basket.priced.refused if each.offer in started), None)
    words = None
    if coupon.fault is not None:
        words = fault_words(coupon.fault)
    elif refusal is not None and not gave:
        words = refused_words(basket, refusal, currency=currency)
    named = gave[0].offer if gave else next(iter(started), None)
    return TillCoupon(
        position=position,
        code=coupon.text,
        name=offer_name(basket, named) if named else "",
        amount_minor=sum(each.amount_minor for each in gave),
        gives=bool(gave),
        words=words,
    )
