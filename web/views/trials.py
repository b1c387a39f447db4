"""What the page of a trial shows: the basket with the offer and without it, and why every offer did what it did."""

import datetime as dt
import re

from pydantic import BaseModel, Field

from erp_club.clubs import queries as clubs
from erp_club.organisation import queries as organisation
from erp_club.points.units import POINTS, Unit, only
from erp_club.promotions import queries
from erp_club.reports.trial import Trial
from web.deps import Act
from web.formats import localised
from web.forms import FormState
from web.segment_forms.picking import products
from web.store_picking import StoreChoice, choices
from web.views.offer_form import Names, names_of, sentence_of
from web.views.reasons import hint_words, refusal_words


class Choice(BaseModel):
    """A club to choose."""

    key: str
    name: str


class TrialLine(BaseModel):
    """A line; amounts for the whole of it, `discount_minor` with the offer. `by`: the offers that took it off."""

    name: str
    sku: str
    quantity_milli: int
    list_minor: int
    discount_minor: int
    total_minor: int
    by: list[str]
    gift: bool


class OfferWord(BaseModel):
    """One offer: what it gave, or why it gave nothing."""

    code: str
    name: str
    tried: bool
    given_minor: int
    points: int
    word: str
    unit: Unit


class TrialOutcome(BaseModel):
    """The basket with the offer, and what it came to without."""

    at: dt.datetime
    lines: list[TrialLine]
    before_minor: int
    after_minor: int
    saved_minor: int
    offers: list[OfferWord]
    hints: list[str]


class TrialPage(BaseModel):
    """The form of a trial, and its outcome once there is one. `rows` are the lines to type; `found` may be meant."""

    offer_id: int
    code: str
    names: Names
    sentence: list[str]
    currency: str
    stores: list[StoreChoice]
    clubs: list[Choice]
    outcome: TrialOutcome | None
    rows: int = Field(exclude=True)
    found: list[tuple[str, str]] = Field(exclude=True)


def rows_typed(form: FormState) -> list[int]:
    """The places of the rows in which something is typed."""
    found = (re.match(r"lines\[(\d{1,4})\]", name) for name, text in form.values.items() if str(text).strip())
    return sorted({int(match[1]) for match in found if match})


def trial_page(act: Act, offer_id: int, trial: Trial | None, form: FormState, *, typed: str = "") -> TrialPage:
    """The page of an offer's trial, with products that `typed` may mean. Raises NotFound."""
    held = queries.offer(act.session, offer_id)
    return TrialPage(
        offer_id=offer_id,
        code=held.code,
        names=names_of(held.latest.offer),
        sentence=sentence_of(act, held.latest.offer),
        currency=act.chain.currency,
        stores=choices(organisation.stores(act.session)),
        clubs=[Choice(key=club.code, name=localised(club.names)) for club in clubs.clubs(act.session)],
        outcome=None if trial is None else _outcome(act, held.code, trial),
        rows=min(200, max([3, *(place + 2 for place in rows_typed(form))])),
        found=products(act, typed),
    )


def _outcome(act: Act, code: str, trial: Trial) -> TrialOutcome:
    def name(offer: str) -> str:
        found = trial.offers.get(offer)
        return offer if found is None else localised(names_of(found))

    units = {club.code: club.unit for club in clubs.clubs(act.session)}

    def unit(offer: str) -> Unit:
        found = trial.offers.get(offer)
        named = None if found is None else found.points_club
        return units.get(named, POINTS) if named else only(units.values()) or POINTS

    after, currency = trial.after, act.chain.currency
    by: dict[str, list[str]] = {}
    for each in after.applied:
        for share in each.shares:
            by.setdefault(share.line, []).append(name(each.offer))
    applied = [
        OfferWord(
            code=each.offer, name=name(each.offer), tried=each.offer == code, given_minor=each.amount_minor,
            points=each.points, word="", unit=unit(each.offer),
        )
        for each in after.applied
    ]  # fmt: skip
    refused = [
        OfferWord(
            code=each.offer, name=name(each.offer), tried=each.offer == code, given_minor=0, points=0,
            word=refusal_words(
                each, currency=currency, name=name, unit=unit(each.offer), goods=trial.lacking.get(each.offer, ()),
                products=trial.products,
            ),
            unit=unit(each.offer),
        )
        for each in after.refused
    ]  # fmt: skip
    return TrialOutcome(
        at=trial.at,
        lines=[
            TrialLine(
                name=trial.products.get(line.product, line.product),
                sku=line.product,
                quantity_milli=line.quantity_milli,
                list_minor=line.list_minor,
                discount_minor=line.discount_minor,
                total_minor=line.total_minor,
                by=by.get(line.id, []),
                gift=line.added_by is not None,
            )
            for line in after.lines
        ],
        before_minor=trial.before.total_minor,
        after_minor=after.total_minor,
        saved_minor=trial.before.total_minor - after.total_minor,
        offers=sorted([*applied, *refused], key=lambda each: (not each.tried, bool(each.word), each.code)),
        hints=[hint_words(hint, currency=currency, name=name, products=trial.products) for hint in after.hints],
    )
