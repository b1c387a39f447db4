"""Offers made ready for pricing, once per published set and shared by all requests.

`compile_offers` reads the documents into slim records and indexes them by what they touch, so that pricing a basket
looks only at offers that could touch it, however many are published. An exclusive offer that another one of the very
same scope and conditions always beats is kept behind that one and never priced.
"""

import gc
import unicodedata
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from operator import attrgetter

from erp_club.promotions.engine.basket import BP
from erp_club.promotions.engine.dominance import behind_better_ones
from erp_club.promotions.engine.gates import Gate, Needs, needs_of, quantity_gate
from erp_club.promotions.engine.gifts import free_delivery, gift, next_coupon, surprise
from erp_club.promotions.engine.offer import NO_LIMITS, Combination, Mode, Offer, Per, Stage, Start
from erp_club.promotions.engine.ready import BASKET, CODE, ITEM, POINTS, Part, Published, Ready
from erp_club.promotions.engine.redeeming import redeem
from erp_club.promotions.engine.rewards import (
    Amount,
    Bundle,
    BuyGet,
    Delivery,
    FixedPrice,
    FreeDelivery,
    Gift,
    NextCoupon,
    Percent,
    Points,
    Redeem,
    Surprise,
    plain,
)
from erp_club.promotions.engine.rewards import Reward as RewardDocument
from erp_club.promotions.engine.scope import EVERYTHING, Pick, Scope
from erp_club.promotions.engine.scopes import Scopes
from erp_club.promotions.engine.sets import bundle, buy_get
from erp_club.promotions.engine.shaping import shaping_of
from erp_club.promotions.engine.shares import amount_off, fixed_price, floor_of, percent

_BY_CODE = attrgetter("code")
_STAGES = (Stage.ITEM, Stage.BASKET, Stage.CODE)
_FEW = 20
"""So many products of a slot at most are looked up: a hint says what the cheapest of them would gain."""
_LAST = 1_000_001
"""The place of offers that have none, behind all that have."""
_TURNS: dict[type[RewardDocument], int] = {FixedPrice: 0, Bundle: 0, Amount: 2}
"""Prices before shares (1) before amounts."""


def entry_key(text: str) -> str:
    """The code of an offer as it is looked up: without case and spaces, full-width letters as usual ones."""
    return "".join(unicodedata.normalize("NFKC", text).split()).casefold()


@dataclass(slots=True)
class Compiled:
    """All offers in force, with where to find those that a basket touches."""

    offers: tuple[Ready, ...]
    scopes: Scopes
    by_code: dict[str, Ready]
    by_scope: dict[int, tuple[Ready, ...]]
    anywhere: tuple[Ready, ...]
    """Offers that look at no goods at all."""
    by_entry: dict[str, list[Ready]]
    """By the code that is entered, as `entry_key` reads it."""
    by_batch: dict[str, list[Ready]]
    redeeming: tuple[Ready, ...]
    """Those by which points pay, by their codes."""
    asked_for: frozenset[str]
    """The products (SKU) that offers may add to a basket, or that complete one of their bundles."""
    least_priority: int
    """The lowest of all."""
    by_membership: frozenset[str] = frozenset()
    """Those whose uses are counted by days of the member's own."""
    whole_days: frozenset[str] = frozenset()
    """Those of which all uses of a member on a day are one."""
    by_month: frozenset[str] = frozenset()
    """Those that take off only so much for a member in a month."""
    sharing: Mapping[str, frozenset[str]] = field(default_factory=dict[str, frozenset[str]])
    """By the code of an offer, those that share its ceiling of a month, itself among them."""

    def version_of(self, code: str) -> int | None:
        """The version of an offer that is in force."""
        ready = self.by_code.get(code)
        return None if ready is None else ready.version


def compile_offers(published: Iterable[Published]) -> Compiled:
    """All published offers, compiled. Codes are distinct; the order doesn't matter."""
    scopes = Scopes()
    everything = scopes.number(EVERYTHING)
    with _nothing_thrown_away():
        ready = sorted([_ready(each, scopes, everything) for each in published], key=_BY_CODE)
    scopes.known.clear()
    by_entry: dict[str, list[Ready]] = {}
    by_batch: dict[str, list[Ready]] = {}
    for each in ready:
        activation = each.offer.activation
        if activation.code is not None:
            by_entry.setdefault(entry_key(activation.code), []).append(each)
        if activation.batch is not None:
            by_batch.setdefault(activation.batch, []).append(each)
    by_scope: dict[int, list[Ready]] = {}
    anywhere: list[Ready] = []
    for each in behind_better_ones(ready):
        for scope in each.touches:
            by_scope.setdefault(scope, []).append(each)
        if not each.touches:
            anywhere.append(each)
    return Compiled(
        tuple(ready),
        scopes,
        {each.code: each for each in ready},
        {scope: tuple(held) for scope, held in by_scope.items()},
        tuple(anywhere),
        by_entry,
        by_batch,
        tuple(each for each in ready if each.redeems),
        frozenset(sku for each in ready for part in each.parts for sku in _asked_for(part)),
        min((each.priority for each in ready), default=0),
        frozenset(each.code for each in ready if each.limits is not None and each.limits.by_membership),
        frozenset(each.code for each in ready if each.limits is not None and each.limits.whole_day),
        frozenset(each.code for each in ready if each.by_month),
        _sharing(ready),
    )


def _sharing(ready: Sequence[Ready]) -> dict[str, frozenset[str]]:
    named: dict[str, set[str]] = {}
    for each in ready:
        if each.shared_as is not None:
            named.setdefault(each.shared_as, set()).add(each.code)
    return {code: frozenset(codes) for codes in named.values() for code in codes}


@contextmanager
def _nothing_thrown_away() -> Generator[None]:
    """While so much is made that all stays: looking again and again for garbage in it took half of the time."""
    looked = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if looked:
            gc.enable()


def _asked_for(part: Part) -> Iterable[str]:
    """The products that a reward may add to a basket, and the few that a slot of several names."""
    document = part.document
    if type(document) is Gift:
        yield from document.products
    elif type(document) is Surprise:
        yield from (prize.product for prize in document.prizes if prize.product is not None)
    elif type(document) is Bundle and len(document.slots) > 1:
        for slot in document.slots:
            if slot.on is not None and len(slot.on.products) <= _FEW:
                yield from slot.on.products


def _whole(part: Part, everything: int) -> bool:
    """Whether a reward takes so much off all goods together: it is the same wherever the lines stand."""
    document = part.document
    return part.scopes == (everything,) and plain(document) and getattr(document, "cap_minor", None) is None


def _ready(published: Published, scopes: Scopes, everything: int) -> Ready:
    """One offer, compiled."""
    offer, combination = published.offer, published.offer.combination
    limits = None if offer.limits is NO_LIMITS or offer.limits == NO_LIMITS else offer.limits
    redeems = any(type(reward) is Redeem for reward in offer.rewards)
    needs = needs_of(offer.when, scopes, spends=redeems or bool(offer.activation.points))
    parts = tuple([_part(reward, scopes) for reward in offer.rewards if type(reward) is not Points])
    earnings = tuple(
        [(reward, scopes.number(reward.on or EVERYTHING)) for reward in offer.rewards if type(reward) is Points]
    )
    over_order = any(everything in part.scopes for part in parts)
    stage = _stage(offer, redeems=redeems, over_order=over_order)
    return Ready(
        code=offer.code,
        version=published.version,
        offer=offer,
        parts=parts,
        earnings=earnings,
        redeems=redeems,
        gates=(*needs.gates, *_floors(offer, scopes)),
        times=tuple(needs.times),
        shared=tuple(needs.shared),
        needed=tuple(needs.units),
        uses_needed=bool(needs.units) and combination.used,
        asked=tuple(needs.scopes),
        touches=_touches(parts, needs, [scope for _, scope in earnings]),
        start=offer.activation.by,
        points=offer.activation.points,
        club=offer.activation.club,
        competes=_competes(combination, parts, redeems=redeems),
        group=combination.group or "",
        per=combination.per,
        priority=combination.priority,
        stage=stage,
        turn=_turn(offer, stage),
        shaping=shaping_of(offer.rewards, scopes),
        bounded=limits is not None or offer.activation.points > 0 or offer.activation.by is not Start.AUTO,
        limits=limits,
        by_month=limits is not None and limits.by_month,
        shared_as=None if limits is None else limits.shared_as,
        first_day=offer.first_day,
        last_day=offer.last_day,
        hint=offer.hint,
        over_order=over_order,
        whole=not (combination.other_lines_first or combination.passes_over)
        and all(_whole(part, everything) for part in parts),
        other_lines_first=combination.other_lines_first,
        passes_over=combination.passes_over,
        again=_again(parts) if limits is None else None,
    )


def _floors(offer: Offer, scopes: Scopes) -> Iterator[Gate]:
    """What an offer that grows with the quantity asks before it gives anything."""
    floor = floor_of(offer.rewards[0]) if len(offer.rewards) == 1 else None
    if floor is not None:
        yield quantity_gate(floor, scopes)


def _again(parts: tuple[Part, ...]) -> BuyGet | Bundle | Percent | Amount | FixedPrice | None:
    """The sets of one scope of which a basket may hold any number, or the steps by quantity, where that is all."""
    document = parts[0].document if len(parts) == 1 else None
    if isinstance(document, Percent | Amount | FixedPrice):
        return document if document.steps else None
    if type(document) is BuyGet:
        return document if document.applications is None else None
    if type(document) is Bundle and len(document.slots) == 1 and document.applications is None:
        return document if document.price_minor is not None and document.pick is Pick.DEAREST else None
    return None


def _competes(combination: Combination, parts: tuple[Part, ...], *, redeems: bool) -> bool:
    """Whether an exclusive offer has anything that others could want too.

    Points and coupons take no units: without a named group such an offer stands beside all others.
    """
    if combination.mode is Mode.STACKABLE:
        return False
    if combination.group is not None:
        return bool(parts)
    return not redeems and any(type(part.document) is not NextCoupon for part in parts)


def _stage(offer: Offer, *, redeems: bool, over_order: bool) -> int:
    """The stage that an offer says, else what its reward, start and scope ask for."""
    combination = offer.combination
    if combination.untouched:
        return CODE
    if combination.stage is not None:
        return _STAGES.index(combination.stage)
    if redeems:
        return POINTS
    if offer.activation.by is not Start.AUTO:
        return CODE
    return BASKET if over_order or combination.per is Per.ORDER else ITEM


def _turn(offer: Offer, stage: int) -> tuple[object, ...]:
    """Stage, for untouched units last, place, priority, then prices, shares, amounts, then the offer's code."""
    combination = offer.combination
    position = _LAST if combination.position is None else combination.position
    return (
        stage,
        combination.untouched,
        position,
        -combination.priority,
        _TURNS.get(type(offer.rewards[0]), 1),
        offer.code,
    )


def _touches(parts: tuple[Part, ...], needs: Needs, earning: Iterable[int]) -> tuple[int, ...]:
    """The scopes of which a basket must hold one for the offer to be looked at; none where it may give without any."""
    if not needs.goods and not all(part.scopes for part in parts):
        return ()
    return tuple(dict.fromkeys([*[scope for part in parts for scope in part.scopes], *needs.scopes, *earning]))


def _part(reward: RewardDocument, scopes: Scopes) -> Part:
    """One reward, compiled."""
    if type(reward) is Bundle:
        slots = tuple([(scopes.number(slot.on or EVERYTHING), slot.quantity) for slot in reward.slots])
        return Part(bundle(reward, scopes), reward, tuple(dict.fromkeys([scope for scope, _ in slots])), slots=slots)
    if type(reward) is BuyGet:
        freed, scope = reward.free if reward.off_bp == BP else 0, scopes.number(reward.on or EVERYTHING)
        return Part(buy_get(reward, scopes), reward, (scope,), slots=((scope, reward.size),), free=freed)
    if type(reward) is Percent:
        return Part(percent(reward, scopes), reward, (scopes.number(reward.on or EVERYTHING),))
    if type(reward) is Amount:
        return Part(amount_off(reward, scopes), reward, (scopes.number(reward.on or EVERYTHING),))
    if type(reward) is FixedPrice:
        return Part(fixed_price(reward, scopes), reward, (scopes.number(reward.on or EVERYTHING),))
    if type(reward) is Redeem:
        return Part(redeem(reward, scopes), reward, (scopes.number(reward.on or EVERYTHING),), reward.club)
    return _beside(reward, scopes)


def _beside(reward: RewardDocument, scopes: Scopes) -> Part:
    """What is given beside the goods of a scope."""
    match reward:
        case Gift():
            in_basket = () if reward.delivery is Delivery.ADDED else (scopes.number(Scope(products=reward.products)),)
            return Part(gift(reward, scopes), reward, in_basket)
        case FreeDelivery():
            return Part(free_delivery(reward, scopes), reward, (scopes.number(Scope(kinds=("delivery",))),))
        case NextCoupon():
            return Part(next_coupon(reward, scopes), reward, ())
        case Surprise():
            return Part(surprise(reward, scopes), reward, (scopes.number(EVERYTHING),))
        case _:
            raise TypeError("points are counted when all is priced")
