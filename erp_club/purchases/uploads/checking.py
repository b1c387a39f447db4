"""How a sale that a till made offline fits with what we would have said. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from erp_club.promotions.engine.facts import Claim
from erp_club.promotions.engine.priced import Reason
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.sale import LATEST, OLDEST, Payment, Sale
from erp_club.purchases.uploads.kinds import Cause
from erp_club.receipts.kinds import Means


@dataclass(frozen=True, slots=True)
class OfflineLine:
    """A line as the till sold it: what was paid for all of it, and before discounts where the till says so."""

    sku: str
    quantity_milli: int
    amount_minor: int
    list_minor: int | None = None


@dataclass(frozen=True, slots=True)
class OfflineSale:
    """A sale as the till made it; `document` is how it was sent."""

    receipt_no: str
    sold_at: datetime
    lines: tuple[OfflineLine, ...]
    payments: tuple[Payment, ...]
    document: Mapping[str, Any]
    buyer: Buyer = NOBODY
    coupons: tuple[str, ...] = ()
    claims: tuple[Claim, ...] = ()
    confirmed: frozenset[str] = frozenset()

    @property
    def total_minor(self) -> int:
        """What the goods cost."""
        return sum(line.amount_minor for line in self.lines)


@dataclass(frozen=True, slots=True)
class Fault:
    """What didn't fit, and the values that tell more."""

    cause: Cause
    facts: Mapping[str, Any]


def agrees(sale: Sale, offline: OfflineSale) -> bool:
    """Whether we price every line as the till did; gifts that cost nothing may come on top."""
    ours = [line.amount_minor for line in sale.lines if not line.added]
    return ours == [line.amount_minor for line in offline.lines] and sale.total_minor == offline.total_minor


def price_faults(basket: PricedBasket | None, ours_minor: int | None, offline: OfflineSale) -> list[Fault]:
    """Why our price is another: a coupon, points or a limit that the till couldn't know of, else just the price."""
    sums = {"ours_minor": ours_minor, "theirs_minor": offline.total_minor}
    if basket is None:
        return [Fault(Cause.PRICE, sums)]
    faults = [replace(each, facts={**each.facts, **sums}) for each in coupon_faults(basket)]
    chosen = {claim.offer for claim in offline.claims}
    told = {offer for each in basket.coupons if each.fault for offer in basket.started.get(each.text, ())}
    for each in basket.priced.refused:
        if each.reason is Reason.NOT_ENOUGH_POINTS and each.offer in chosen:
            faults.append(Fault(Cause.POINTS_TOO_FEW, {"offer": each.offer, "missing": each.missing, **sums}))
        elif each.reason is Reason.USED_UP and each.offer not in told:
            faults.append(Fault(Cause.LIMIT_EXCEEDED, {"offer": each.offer, **sums}))
    return faults or [Fault(Cause.PRICE, sums)]


def coupon_faults(basket: PricedBasket, listed: Sequence[Fault] = ()) -> list[Fault]:
    """The coupons that weren't good, but for those that are listed already."""
    known = {fault.facts.get("coupon") for fault in listed}
    return [
        Fault(Cause.COUPON_USED if each.fault == "used_up" else Cause.COUPON_REFUSED, {"coupon": each.text})
        for each in basket.coupons
        if each.fault is not None and each.text not in known
    ]


def other_faults(sale: Sale, *, now: datetime) -> list[Fault]:
    """What has nothing to do with the price: payments, the time."""
    faults: list[Fault] = []
    paid = sum(payment.amount_minor for payment in sale.payments)
    due = sale.total_minor + sale.rounding_minor
    if paid != due:
        faults.append(Fault(Cause.PAYMENTS_DIFFER, {"due_minor": due, "paid_minor": paid}))
    unchecked = sum(each.amount_minor for each in sale.payments if each.means not in {Means.CASH, Means.CARD})
    if unchecked:
        faults.append(Fault(Cause.PAYMENT_UNCHECKED, {"amount_minor": unchecked}))
    if sale.sold_at > now + LATEST or sale.sold_at < now - OLDEST:
        faults.append(Fault(Cause.TIME, {"sold_at": sale.sold_at.isoformat()}))
    return faults
