"""Gathers what the pricing engine is told of a basket: in one place, with a fixed number of queries."""

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any

from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.kernel.dates import celebrated
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.points import errors
from erp_club.pricelists.rules import list_prices
from erp_club.programmes.documents import programme_of
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.promotions import queries as offers
from erp_club.promotions.coupons.entry import take_entries
from erp_club.promotions.engine.compile import Compiled, entry_key
from erp_club.promotions.engine.facts import (
    PRODUCT_POLICY,
    Claim,
    Coupon,
    EarningRule,
    Facts,
    Line,
    Member,
    Policy,
    Shopper,
    Used,
)
from erp_club.purchases.asked import FEE, Asked, Gathered, OtherClub, Place, PointsPayment, takes_points
from erp_club.purchases.baskets.benefits import MOST_COUPONS
from erp_club.purchases.errors import no_price
from erp_club.purchases.history.queries import members
from erp_club.purchases.plans import ProgrammePlan
from erp_club.purchases.point_limits import does, limits_of, may_use
from erp_club.purchases.quotes import queries
from erp_club.purchases.quotes.entered.queries import entered_coupons
from erp_club.purchases.quotes.told import SoldProduct, Told
from erp_club.purchases.resting import with_resting
from erp_club.purchases.sale import MOST_MINOR, line_amount
from erp_club.purchases.weighed import told_of


def gather(session: Session, asked: Asked, place: Place, *, entered_before: bool = False) -> Gathered:
    """Everything that the price of this basket depends on.

    One query, and one more where coupons were entered or a club's rules look back; the first basket after the offers
    have changed reads those too.
    `entered_before`: the coupons were taken when they were entered, so a till that is locked for new ones keeps them.
    Raises Invalid with `lines[i].sku` for an unknown product or one without a price, `lines[i].quantity` for an amount
    beyond all reason, and what `queries.tell` raises for the buyer.
    """
    local = place.local
    lines, told = told_of(session, asked.lines, asked.buyer, store_id=place.terminal.store_id, day=local.date())
    asked = asked if lines is asked.lines else replace(asked, lines=lines)
    check_lines(asked.lines, told.products)
    compiled = offers.published(session, told.catalogue)
    products = told.products
    if beside := compiled.asked_for - products.keys():
        products = {**products, **queries.products(session, beside)}
    coupons = _coupons(session, asked, place, told, compiled, entered_before)
    claims = (*asked.claims, *points_claims(asked.points, compiled))
    return Gathered(
        facts=_facts(
            replace(asked, claims=claims) if claims else asked,
            place,
            told,
            products,
            coupons,
            beside=compiled.asked_for,
            members=members(session, told, on=local.date()),
            used=offers.used_by(session, told.uses, compiled, told.customer_id, local.date()),
        ),
        compiled=compiled,
        products=products,
        customer_id=told.customer_id,
        memberships={each.club: each for each in told.memberships},
        others=_others(told, place.where),
    )


def paid_so(gathered: Gathered, paid: tuple[tuple[str, int], ...]) -> Gathered:
    """The same basket, now that it is known how much some means pay: that changes what it earns, not its price."""
    plans = tuple(
        replace(each, paid=paid) if isinstance(each, ProgrammePlan) else each for each in gathered.facts.plans
    )
    return replace(gathered, facts=replace(gathered.facts, plans=plans))


def points_claims(points: Sequence[PointsPayment], compiled: Compiled) -> Iterator[Claim]:
    """Points that are to pay as the choice of the offer that takes them.

    Raises Refused `points-not-taken` where no offer in force takes points of that club.
    """
    for each in points:
        offer = next((ready for ready in compiled.redeeming if takes_points(ready, each.club)), None)
        if offer is None:
            raise errors.not_taken("payments")
        yield Claim(offer.code, points=each.points)


def check_lines(lines: Sequence[tuple[str, int]], products: Mapping[str, SoldProduct]) -> None:
    """Raises Invalid for lines that can't be sold, each at its field."""
    found: list[FieldError] = []
    for index, (sku, milli) in enumerate(lines):
        product = products.get(sku)
        if product is None:
            found.append(FieldError(f"lines[{index}].sku", T("No product has the code %(code)s.", code=sku)))
        elif product.stub:
            found.append(FieldError(f"lines[{index}].sku", no_price(sku)))
        elif line_amount(product.price_minor, milli) > MOST_MINOR:
            found.append(FieldError(f"lines[{index}].quantity", T("This quantity is too large to be true.")))
    if found:
        raise Invalid(found)


def nearest_birthday(birthday: dt.date, today: dt.date) -> int:
    """Days to the birthday that is nearest, below zero for one just past; of two as near, the one to come.

    29 February is celebrated on the 28th in the years that have none.
    """
    years = range(max(dt.MINYEAR, today.year - 1), min(dt.MAXYEAR, today.year + 1) + 1)
    return min(((celebrated(birthday, year) - today).days for year in years), key=lambda each: (abs(each), -each))


def _facts(
    asked: Asked,
    place: Place,
    told: Told,
    products: Mapping[str, SoldProduct],
    coupons: tuple[Coupon, ...],
    *,
    beside: frozenset[str],
    members: Mapping[str, MemberFacts],
    used: Mapping[str, Used],
) -> Facts:
    local = place.local
    return Facts(
        lines=_lines(asked, products),
        at=local,
        shopper=_shopper(told, local.date(), where=place.where),
        price_lists=list_prices(
            told.entries,
            clubs={each.club: each.level for each in told.memberships if does(each, Doing.BENEFITS, place.where)},
            segments=told.segments,
        ),
        earning=tuple(
            EarningRule(each.club, each.earning.earn_points, each.earning.earn_per_minor)
            for each in told.memberships
            if each.earning.earn_points and programme_of(each.earning.rules_document) is None
        ),
        plans=_plans(asked, place, told, members),
        coupons=coupons,
        claims=asked.claims,
        confirmed=asked.confirmed,
        used=used,
        store=place.terminal.store_code,
        terminal=place.terminal.number,
        channel=place.terminal.channel,
        means=asked.means,
        sale_id=asked.sale_id,
        products={sku: _line("", products[sku], 1000) for sku in beside if sku in products},
        missing=beside - products.keys(),
        policy=policy(told.policy),
    )


def _plans(asked: Asked, place: Place, told: Told, members: Mapping[str, MemberFacts]) -> tuple[ProgrammePlan, ...]:
    """How the clubs earn that have a programme."""
    made: list[ProgrammePlan] = []
    for each in told.memberships:
        programme = programme_of(each.earning.rules_document)
        if programme is not None:
            made.append(
                ProgrammePlan(
                    each.club,
                    programme,
                    members[each.club],
                    place.local,
                    place.terminal.store_code,
                    place.terminal.channel,
                    means=asked.means,
                    confirmed=asked.confirmed,
                    paid=asked.paid,
                )
            )
    return tuple(made)


def _lines(asked: Asked, products: Mapping[str, SoldProduct]) -> tuple[Line, ...]:
    made = tuple(_line(str(number), products[sku], milli) for number, (sku, milli) in enumerate(asked.lines, start=1))
    if not asked.fees:
        return made
    fees = dict(asked.fees)
    # A fee is of a kind of its own: offers, lists and earning pass it over unless they name that kind.
    return tuple(
        replace(line, unit_minor=fees[index], levy_minor=0, kind=FEE, earns=True) if index in fees else line
        for index, line in enumerate(made)
    )


def _line(line_id: str, product: SoldProduct, milli: int) -> Line:
    return Line(
        id=line_id,
        product=product.sku,
        quantity_milli=milli,
        unit_minor=product.price_minor,
        vat_bp=product.vat_bp,
        group=product.group,
        department=product.department,
        brand=product.brand,
        kind=product.kind,
        levy_minor=product.levy_minor,
        # What merely passes money on is passed over by kind, unless an offer names it.
        earns=product.earns or product.kind != ProductKind.GOODS,
    )


def _shopper(told: Told, today: dt.date, *, where: Where) -> Shopper | None:
    if not told.customer_id:
        return None
    return Shopper(
        id=str(told.customer_id),
        clubs={
            each.club: Member(
                each.level,
                each.available if may_use(each) else 0,
                paying=limits_of(each, where=where, on=today),
                gives=does(each, Doing.BENEFITS, where),
                spends=does(each, Doing.REDEEMING, where),
                joined_on=each.earning.joined_on,
            )
            for each in told.memberships
        },
        birthday_in=nearest_birthday(told.birthday, today) if told.birthday else None,
        born=told.birthday,
        children=told.children,
        purchases=told.purchases,
        segments=told.segments,
    )


def _others(told: Told, where: Where) -> tuple[OtherClub, ...]:
    held = {each.club for each in told.memberships}
    return tuple(
        OtherClub(each.code, each.id, each.names, list_prices(told.entries, clubs={each.code: None}))
        for each in told.clubs
        if each.code not in held and (each.channels is None or works(each.channels, Doing.BENEFITS, where))
    )


def _coupons(
    session: Session, asked: Asked, place: Place, told: Told, compiled: Compiled, entered_before: bool
) -> tuple[Coupon, ...]:
    """What was entered, in order; a coupon written in two ways is one. The code of an offer is no coupon of a batch.

    What is entered by itself is no try of the till's, and stays away where it can't be used in this sale.
    """
    typed = tuple(dict.fromkeys(asked.coupons))
    own = [code for code in told.automatic if code not in typed][: MOST_COUPONS - len(typed)] if asked.automatic else []
    entered = (*typed, *own)
    others = [text for text in entered if entry_key(text) not in compiled.by_entry]
    if not others:
        return tuple(Coupon(text) for text in entered)
    read = entered_coupons(
        session,
        others,
        customer_id=told.customer_id,
        sale_id=asked.sale_id,
        terminal_id=place.terminal.id,
        today=place.local.date(),
        now=place.now,
    )
    locked_until = None if entered_before else read.locked_until
    found = with_resting(session, read.entries, customer_id=told.customer_id, on=place.local.date())
    entries = [replace(each, held=True) if each.coupon.text in own else each for each in found
               if each.coupon.text not in own or each.coupon.fault is None]  # fmt: skip
    taken = take_entries(entries, locked_until=locked_until, now=place.now, by=place.by)
    if taken.wrong and not entered_before:
        place.on_wrong(taken.wrong)
    by_text = {coupon.text: coupon for coupon in taken.coupons}
    twice = set(others) - by_text.keys()
    return tuple(by_text.get(text) or Coupon(text) for text in entered if text not in twice)


_POLICY = TypeAdapter(Policy)


def policy(settings: Mapping[str, Any]) -> Policy:
    """The chain's policy: the product's own, but for what the chain has set."""
    return _POLICY.validate_python({**settings}) if settings else PRODUCT_POLICY
