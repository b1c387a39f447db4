"""What comes out of a price case, with the keys that a case may expect."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, cast

from erp_club.kernel.money import allocate
from erp_club.promotions.engine.price import price
from erp_club.promotions.engine.priced import Applied, Priced, PricedLine, Reason, Refusal
from erp_club.promotions.price_cases.form import Case
from erp_club.promotions.price_cases.refunds import points_back
from erp_club.promotions.price_cases.rewards import CARDS, CLUB
from erp_club.promotions.price_cases.translate import Shop, batches_of, shop_of

Told = dict[str, Any]
_NOT_ASKED = (Reason.CODE_NEEDED, Reason.NOT_CHOSEN)
"""A programme that nobody asked for isn't rejected."""


@dataclass(frozen=True, slots=True)
class Payments:
    """What stored value paid, and what is left of it."""

    paid_minor: int
    gift_cards_minor: int
    wallet_minor: int


def answer(case: Case) -> Told:
    """Every figure of a case. Raises ValidationError for a programme that can't be an offer."""
    shop = shop_of(case)
    priced = price(shop.facts, shop.compiled, explain_all=True)
    again = price(shop.facts, shop.compiled, explain_all=True)
    return _money(case, priced) | _offers(shop, priced) | _points(case, priced) | {"repeat_same": again == priced}


def _money(case: Case, priced: Priced) -> Told:
    """Amounts, and what stored value pays of them."""
    payments = _pay(case, priced)
    return {
        "discount": priced.discount_minor,
        "total": priced.total_minor,
        "to_pay": priced.total_minor - payments.paid_minor,
        "untaxed": priced.total_minor - priced.tax_minor,
        "tax": priced.tax_minor,
        "lines": {line.id: line.discount_minor for line in priced.lines if line.added_by is None},
        "gift_card_balance": payments.gift_cards_minor,
        "wallet_balance": payments.wallet_minor,
        "gift_cards_issued": _gift_cards(case, priced),
    }


def _pay(case: Case, priced: Priced) -> Payments:
    """Pay with cards and wallet in the order of the actions; what this sale loads counts only afterwards."""
    due, cards, wallet = priced.total_minor, sum(case.customer.gift_cards), case.customer.wallet
    for action in case.actions:
        if action.do == "pay_gift_card":
            paid = min(due, cards)
            due, cards = due - paid, cards - paid
        elif action.do == "pay_wallet":
            paid = min(due, wallet)
            due, wallet = due - paid, wallet - paid
    paid_minor = priced.total_minor - due
    if any(action.do == "refund_all" for action in case.actions):
        return Payments(paid_minor, sum(case.customer.gift_cards), case.customer.wallet)
    loaded = sum(line.list_minor for line in _of_kind(case, priced, "wallet_top_up"))
    return Payments(paid_minor, cards, wallet + loaded)


def _of_kind(case: Case, priced: Priced, kind: str) -> list[PricedLine]:
    """The lines of one kind."""
    ids = {line.id for line in case.basket if line.kind == kind}
    return [line for line in priced.lines if line.id in ids and line.added_by is None]


def _gift_cards(case: Case, priced: Priced) -> list[int]:
    """The value of each card that is issued: what a programme gives for the line, else the price of each unit."""
    by_line = {line: points for each in priced.earned if each.club == CARDS for line, points in each.lines}
    split = any(each.earn is not None and each.earn.split_per_unit for each in case.programmes)
    issued: list[int] = []
    for line in priced.lines:
        units = max(1, line.quantity_milli // 1000)
        if line.id in by_line:
            issued += _evenly(by_line[line.id], units) if split else [by_line[line.id]]
        elif line in _of_kind(case, priced, "gift_card"):
            issued += _evenly(line.list_minor, units)
    return issued + [each.points for each in priced.earned if each.club == CARDS and each.points and not each.lines]


def _reason(refusal: Refusal) -> str:
    """The reason as cases call it: to them an offer on other goods is one that gains nothing."""
    return (Reason.NO_GAIN if refusal.reason is Reason.NO_GOODS else refusal.reason).value


def _evenly(amount: int, units: int) -> list[int]:
    """An amount over units."""
    return allocate(amount, [1] * units)


def _offers(shop: Shop, priced: Priced) -> Told:
    """What programmes did, and why others didn't."""
    ids = shop.ids
    giving = [each for each in priced.applied if each.amount_minor or each.free_units or each.coupons_issued]
    changed = [line for line in priced.lines if line.list_minor != line.regular_minor]
    lists = list(dict.fromkeys(line.list_code for line in changed if line.list_code))
    gifts = [line.product for line in priced.lines if line.added_by is not None]
    return {
        "free_units": sum(each.free_units for each in priced.applied),
        "free_product": gifts[0] if gifts else _freed(shop, giving),
        "pending": [
            {"id": ids[each.offer], "reason": "choice_needed", "choices": list(each.choices)} for each in priced.pending
        ],
        "applied": lists + list(dict.fromkeys(ids[each.offer] for each in giving)),
        "rejected": [
            {"id": ids.get(each.offer, each.offer), "reason": _reason(each), "missing": each.missing}
            for each in (*shop.refused, *priced.refused)
            if each.reason not in _NOT_ASKED
        ],
        "hints": [{"id": ids[each.offer], "kind": each.kind, "missing": each.missing} for each in priced.hints],
        "coupons_issued": sum(each.coupons_issued for each in priced.applied),
        "coupon_uses_left": _uses_left(shop, giving),
        "coupon_usable_before_confirm": False,
        "units_used": sum(each.units_used for each in priced.applied),
    }


def _freed(shop: Shop, giving: list[Applied]) -> str | None:
    """The product of which units in the basket are free."""
    products = {line.id: line.product for line in shop.case.basket}
    freed = (share.line for each in giving if each.free_units for share in each.shares)
    return next((products[line] for line in freed), None)


def _uses_left(shop: Shop, giving: list[Applied]) -> int:
    """Uses left of the coupon that was entered, as they would be then; of the first programme's where none was."""
    batches = batches_of(shop.case)
    coupons = [coupon.batch for coupon in shop.facts.coupons if coupon.batch is not None]
    programmes = [each for each in shop.case.programmes if each.id in batches]
    entered = [each for each in programmes if batches[each.id] in coupons]
    for programme in (*entered, *programmes):
        used = sum(each.offer == batches[programme.id] for each in giving)
        return programme.coupon.left - used
    return 0


def _points(case: Case, priced: Priced) -> Told:
    """Points in the scale of the account."""
    earned = sum(each.points for each in priced.earned if each.club == CLUB)
    used = priced.points_used
    taken_back, given_back = points_back(case, priced)
    balance = case.customer.points * case.settings.point_scale
    return {
        "points_earned": earned,
        "points_used": used,
        "points_balance": balance + earned - used - taken_back + given_back,
    }


def differences(expected: Mapping[str, Any], got: Mapping[str, Any]) -> list[str]:
    """The keys of an expectation that didn't come out. What it doesn't hold isn't compared."""
    return [key for key, value in expected.items() if key not in got or not _matches(value, got[key])]


def _matches(expected: Any, got: Any) -> bool:
    """Whether what was expected is there: mappings and lists of records in part, anything else as it is."""
    if isinstance(expected, dict) and isinstance(got, dict):
        return not differences(cast("Told", expected), cast("Told", got))
    if isinstance(expected, list) and isinstance(got, list):
        records, others = cast("list[Any]", expected), cast("list[Any]", got)
        if any(isinstance(each, dict) for each in records or others):
            return all(any(_matches(each, other) for other in others) for each in records)
    return bool(expected == got)
