"""A price case in the words of the shop: its programmes as ordinary offers, its settings as policy, the rest as facts.

Offers are written in the published JSON and read as any other. Where a case lists its programmes in an order, that
order is their place (`combination.position`).
"""

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from erp_club.promotions.engine import facts
from erp_club.promotions.engine.compile import Compiled, Published, compile_offers
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Refusal
from erp_club.promotions.engine.scope import Scope
from erp_club.promotions.price_cases.form import BasketLine, Case, Programme, Settings
from erp_club.promotions.price_cases.rewards import CARDS, CLUB, condition_of, earning_of, named, own_scope, reward_of

SALE_DAY = dt.date(2026, 1, 15)
"""Day numbers count from it; which day it is doesn't matter."""
_STAGES = ("item", "basket", "code")
_EARNS = ".E"
"""Ends the code of the offer that gives a programme's points."""


@dataclass(frozen=True, slots=True)
class Shop:
    """A case, ready for the engine. `ids`: the programme that an offer's code stands for."""

    case: Case
    facts: facts.Facts
    compiled: Compiled
    ids: Mapping[str, str]
    refused: tuple[Refusal, ...] = ()
    """Price lists whose condition the basket doesn't fulfil, by the programme's id."""


def shop_of(case: Case) -> Shop:
    """The case as facts and compiled offers. Raises ValidationError for an offer that can't be."""
    offers, ids = _offers(case)
    scale = case.settings.point_scale
    refused = _refused_lists(case)
    closed = {each.offer for each in refused}
    shopper = facts.Shopper(
        case.customer.id, {CLUB: facts.Member(points=case.customer.points * scale), CARDS: facts.Member()}
    )
    told = facts.Facts(
        lines=tuple(_line(line) for line in case.basket),
        at=dt.datetime.combine(SALE_DAY, dt.time(12)),
        shopper=shopper,
        price_lists=tuple(each for each in _lists(case) if each.list_code not in closed),
        coupons=tuple(_coupons(case)),
        claims=tuple(_claims(case, ids)),
        sale_id=case.id,
        policy=_policy(case.settings),
    )
    return Shop(case, told, compile_offers(Published(offer) for offer in offers), ids, refused)


def offers_of(case: Case) -> list[Offer]:
    """The case's programmes as offers."""
    return _offers(case)[0]


def _offers(case: Case) -> tuple[list[Offer], dict[str, str]]:
    """Offers, and the programme's id by the offer's code."""
    places = _places(case)
    offers: list[Offer] = []
    ids: dict[str, str] = {}
    for code, programme in _numbered(case):
        stage, position = places[programme.id]
        if programme.reward is not None and not _is_list(programme):
            ids[code] = programme.id
            rewards = [reward_of(programme, case.settings)]
            offers.append(_offer(code, programme, case.settings, rewards, stage, position))
        if programme.earn is not None:
            ids[code + _EARNS] = programme.id
            rewards = [earning_of(programme, programme.earn, case.settings)]
            offers.append(_offer(code + _EARNS, programme, case.settings, rewards, stage, position))
    return offers, ids


def _numbered(case: Case) -> list[tuple[str, Programme]]:
    """The programmes with the codes of their offers, which are their batches too."""
    return [(f"P{number:04d}", programme) for number, programme in enumerate(case.programmes, start=1)]


def _is_list(programme: Programme) -> bool:
    return programme.reward is not None and programme.reward.type == "price_list"


def _offer(
    code: str, programme: Programme, settings: Settings, rewards: list[dict[str, Any]], stage: str, position: int
) -> Offer:
    """One programme as an offer."""
    document: dict[str, Any] = {
        "code": code,
        "names": {"en": programme.id[:200]},
        "rewards": rewards,
        "when": {"all": condition_of(programme, settings)},
        "activation": _activation(code, programme, settings),
        "combination": {
            **_combination(programme),
            "stage": None if _pays(programme) and programme.id not in settings.order else stage,
            "position": position,
            "other_lines_first": settings.fill == "other_lines_first",
        },
    }
    for key, day in (("first_day", programme.valid_from_day), ("last_day", programme.valid_to_day)):
        if day is not None:
            document[key] = _day(day).isoformat()
    return Offer.model_validate(document)


def _pays(programme: Programme) -> bool:
    """Whether it is points as money, which come after all where no order is fixed."""
    return programme.reward is not None and programme.reward.type == "points_redeem"


def _day(number: int) -> dt.date:
    """The day so many days after the sale; days beyond the calendar's years are its ends."""
    return SALE_DAY + dt.timedelta(days=max(-700_000, min(2_900_000, number)))


def _activation(code: str, programme: Programme, settings: Settings) -> dict[str, Any]:
    """What starts the programme, and what it costs in points."""
    earns = code.endswith(_EARNS)
    points = 0 if programme.reward is None or earns else programme.reward.cost_points * settings.point_scale
    start: dict[str, Any] = {"by": {"claim": "cashier"}.get(programme.trigger, programme.trigger)}
    if programme.trigger == "code":
        start["code"] = programme.code or programme.id
    elif programme.trigger == "coupon":
        start["batch"] = code.removesuffix(_EARNS)
    return start | ({"points": points, "club": CLUB} if points else {})


def _combination(programme: Programme) -> dict[str, Any]:
    """Beside which others it stands."""
    if programme.stacking == "one_order_discount":
        return {"mode": "exclusive", "group": programme.stacking, "per": "order"}
    if programme.stacking == "best_per_line":
        return {"mode": "exclusive", "group": programme.stacking, "per": "line"}
    return {"mode": "stackable"}


def _places(case: Case) -> dict[str, tuple[str, int]]:
    """The stage and place of each programme: by its scope and start, as listed, or in the order that the case fixes."""
    usual = sorted(
        ((_STAGES.index(_stage(programme)), number, programme.id) for number, programme in enumerate(case.programmes)),
    )
    sequence = [programme for _, _, programme in usual]
    fixed = [programme for programme in case.settings.order if programme in sequence]
    slots = iter(fixed)
    stages = {programme: stage for stage, _, programme in usual}
    places: dict[str, tuple[str, int]] = {}
    stage = 0
    for position, programme in enumerate(next(slots) if each in fixed else each for each in sequence):
        # A later one of a fixed order can't go back to an earlier stage.
        stage = max(stage, stages[programme]) if fixed else stages[programme]
        places[programme] = (_STAGES[stage], position)
    return places


def _stage(programme: Programme) -> str:
    if programme.trigger != "auto":
        return "code"
    return "item" if own_scope(programme) else "basket"


def _policy(settings: Settings) -> facts.Policy:
    """The case's settings as the chain's policy."""
    apart = settings.tax_of_discount == "separate_negative_line_rounded_alone"
    bases = {
        "order_discounts_not_subtracted_from_groups": facts.EarnBase.BEFORE_ORDER_DISCOUNTS,
        "before_redemption": facts.EarnBase.BEFORE_REDEMPTION,
    }
    after_codes = settings.threshold_counts.startswith("after_code")
    return facts.Policy(
        prices_include_tax=settings.prices_include_tax,
        tax_of_discount=facts.TaxOfDiscount.ROUNDED_ALONE if apart else facts.TaxOfDiscount.FROM_NET_LINE,
        amounts_basis=settings.amounts_basis,
        threshold_counts=facts.ThresholdCounts.AFTER_CODES if after_codes else facts.ThresholdCounts.LIST,
        earn_base=bases.get(settings.earn_base, facts.EarnBase.PAID),
        stack_base=facts.StackBase.REMAINING if settings.stack_base == "remaining" else facts.StackBase.LIST,
        rounding=settings.rounding,
        points_rounding=settings.point_rounding,
        points_of_this_sale_usable=settings.points_of_this_order_usable,
    )


def _line(line: BasketLine) -> facts.Line:
    return facts.Line(
        id=line.id,
        product=line.product,
        quantity_milli=int(line.qty * 1000),
        unit_minor=line.unit_price,
        vat_bp=line.tax_bp,
        group=line.group,
        kind=line.kind,
        levy_minor=line.levy,
    )


def _lists(case: Case) -> list[facts.ListPrice]:
    """The programmes that are price lists, where they are in force today."""
    lists: list[facts.ListPrice] = []
    for programme in case.programmes:
        reward = programme.reward
        if reward is None or reward.type != "price_list" or not _in_force(programme):
            continue
        on = Scope.model_validate(named(programme) or {})
        price = reward.value if reward.value_bp is None else None
        lists.append(facts.ListPrice(on, price, reward.value_bp, always=True, list_code=programme.id))
    return lists


def _refused_lists(case: Case) -> tuple[Refusal, ...]:
    """The price lists that a condition closes, at regular prices: asked as of offers that only give a coupon."""
    asked = [each for each in case.programmes if _is_list(each) and condition_of(each, case.settings)]
    if not asked:
        return ()
    ids = {f"L{number:04d}": each for number, each in enumerate(asked, start=1)}
    offers = [
        Offer.model_validate(
            {
                "code": code,
                "names": {"en": each.id[:200]},
                "rewards": [{"kind": "coupon", "batch": code}],
                "when": {"all": condition_of(each, case.settings)},
            }
        )
        for code, each in ids.items()
    ]
    here = facts.Facts(
        tuple(_line(line) for line in case.basket),
        dt.datetime.combine(SALE_DAY, dt.time(12)),
        policy=_policy(case.settings),
    )
    priced = price(here, compile_offers(Published(offer) for offer in offers), explain_all=True)
    return tuple(each._replace(offer=ids[each.offer].id) for each in priced.refused)


def _in_force(programme: Programme) -> bool:
    first, last = programme.valid_from_day, programme.valid_to_day
    return (first is None or first <= 0) and (last is None or last >= 0)


def batches_of(case: Case) -> dict[str, str]:
    """By the id of each coupon programme: the batch of its coupons."""
    return {
        programme.id: code
        for code, programme in _numbered(case)
        if programme.trigger == "coupon" and (programme.earn is not None or not _is_list(programme))
    }


def _coupons(case: Case) -> list[facts.Coupon]:
    """The codes that were entered; one that names no programme belongs to the next coupon programme."""
    by_code = {(each.code or each.id).casefold() for each in case.programmes if each.trigger == "code"}
    codes = batches_of(case)
    batches = [each for each in case.programmes if each.id in codes]
    entered: dict[str, facts.Coupon] = {}
    for action in case.actions:
        if action.do != "enter_code" or action.code in entered:
            continue
        if action.code.casefold() in by_code:
            entered[action.code] = facts.Coupon(action.code)
            continue
        taken = {coupon.batch for coupon in entered.values()}
        programme = _batch(action.code, batches, [each for each in batches if codes[each.id] not in taken])
        if programme is None:
            entered[action.code] = facts.Coupon(action.code, fault="unknown_code")
        else:
            fault = _fault(programme, case.customer.id)
            entered[action.code] = facts.Coupon(action.code, codes[programme.id], fault)
    return list(entered.values())


def _batch(code: str, batches: Sequence[Programme], fresh: Sequence[Programme]) -> Programme | None:
    """The coupon programme of a code: the one that names it, else the first without a code, rather a fresh one."""
    for programme in batches:
        if code.casefold() in {(programme.coupon.code or "").casefold(), (programme.code or "").casefold()} - {""}:
            return programme
    return next((each for each in (*fresh, *batches) if each.coupon.code is None and each.code is None), None)


def _fault(programme: Programme, customer: str) -> str | None:
    """Why the coupon can't be used."""
    coupon = programme.coupon
    if coupon.owner is not None and coupon.owner != customer:
        return "not_owner"
    if coupon.left <= 0:
        return "used_up"
    if coupon.valid_to_day is not None and coupon.valid_to_day < 0:
        return "expired"
    if coupon.valid_from_day is not None and coupon.valid_from_day > 0:
        return "not_yet_valid"
    return None


def _claims(case: Case, ids: Mapping[str, str]) -> list[facts.Claim]:
    """What was chosen, with points in the account's scale."""
    scale = case.settings.point_scale
    return [
        facts.Claim(code, act.product, None if act.points is None else act.points * scale)
        for act in case.actions
        if act.do == "claim"
        for code in [code for code, shown in ids.items() if shown == act.id] or [act.id]
    ]
