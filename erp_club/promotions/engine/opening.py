"""Which offers a basket may have: what is started, what touches it, and what keeps the others closed."""

from dataclasses import dataclass

from erp_club.promotions.engine.compile import Compiled, entry_key
from erp_club.promotions.engine.facts import Claim, Coupon, Used
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.offer import Limits, Mode, Per
from erp_club.promotions.engine.offer import Start as By
from erp_club.promotions.engine.priced import Reason, Refusal
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.run import BY_ITSELF, Open, Run, Start

UNUSED = Used()


@dataclass(slots=True)
class Started:
    """What was entered and chosen: the offers that this starts, and the entries that start none."""

    starts: dict[str, list[Start]]
    faults: dict[str, Reason]
    """By offer: why its coupon can't be used."""
    unknown: list[Refusal]


def started_by(run: Run, compiled: Compiled) -> Started:
    """What coupons, codes and claims start. An offer is started once for each good coupon of its batch."""
    started = Started({}, {}, [])
    for coupon in run.facts.coupons:
        _enter(coupon, compiled, started)
    for claim in run.facts.claims:
        ready = compiled.by_code.get(claim.offer)
        if ready is None:
            started.unknown.append(Refusal(claim.offer, Reason.UNKNOWN_CODE))
        elif ready.start is By.CASHIER:
            _choose(started.starts.setdefault(ready.code, []), claim, ready)
        else:
            # It starts otherwise; the claim only says what is chosen.
            for start in started.starts.setdefault(ready.code, [Start()] if ready.start is By.AUTO else []):
                start.claim = start.claim or claim
    for batch in {each.batch for each in run.facts.coupons if each.batch is not None}:
        for offers in alternatives(compiled, batch):
            named = [each for claim in run.facts.claims for each in offers if each.code == claim.offer]
            kept = named[-1:] or [each for each in offers if each.competes] or offers[:1]
            for other in offers:
                if other not in kept:
                    started.starts.pop(other.code, None)
    return started


def alternatives(compiled: Compiled, batch: str) -> list[list[Ready]]:
    """The offers that a coupon of the batch starts and of which one is had: the last that was chosen, else the best.

    One that takes nothing off a sale is had only where it is chosen.
    """
    groups: dict[str, list[Ready]] = {}
    for each in compiled.by_batch.get(batch, ()):
        said = each.offer.combination
        if said.mode is Mode.EXCLUSIVE and said.group is not None and said.per is Per.ORDER:
            groups.setdefault(said.group, []).append(each)
    return [each for each in groups.values() if len(each) > 1]


def _choose(chosen: list[Start], claim: Claim, ready: Ready) -> None:
    """Choose an offer. It is given as often as its limit for a basket says, once where it has none.

    Named more often, the last choice of a product holds. Points as money may be said in several parts.
    """
    most = 1 if ready.limits is None or ready.limits.per_basket is None else ready.limits.per_basket
    if len(chosen) >= most and not ready.redeems:
        chosen.pop()
    chosen.append(Start(claim=claim))


def _enter(coupon: Coupon, compiled: Compiled, started: Started) -> None:
    """One entered code."""
    if coupon.batch is None:
        named = compiled.by_entry.get(entry_key(coupon.text), [])
    else:
        named = compiled.by_batch.get(coupon.batch, [])
    if not named:
        started.unknown.append(Refusal(coupon.text, Reason(coupon.fault or Reason.UNKNOWN_CODE)))
    for ready in named:
        if coupon.batch is not None and coupon.fault is not None:
            started.faults[ready.code] = Reason(coupon.fault)
        elif coupon.batch is not None:
            started.starts.setdefault(ready.code, []).append(Start(coupon.text, left_minor=coupon.left_minor))
        else:
            started.starts[ready.code] = [Start(coupon=coupon.text)]


def candidates(run: Run, compiled: Compiled, started: Started) -> list[Ready]:
    """The offers that could touch this basket, and those that were started."""
    found: dict[str, Ready] = {}
    by_scope = compiled.by_scope
    for scope in run.basket.by_scope:
        for ready in by_scope.get(scope, ()):
            found[ready.code] = ready
    for ready in compiled.anywhere:
        found[ready.code] = ready
    for code in (*started.starts, *started.faults):
        found[code] = compiled.by_code[code]
    return list(found.values())


def open_offers(run: Run, ready: Ready, started: Started) -> list[Open]:
    """The offer as often as it was started, where nothing keeps it closed; else it is refused, and those behind it."""
    failure = closed(run, ready, started)
    if failure is not None:
        run.refused.append(ready.refuse(*failure))
        for other in ready.behind:
            found = closed(run, other, started)
            run.refused.append(other.refuse(*(found or failure)))
        return []
    if ready.beaten:
        run.refused += ready.beaten
    most = None
    if ready.limits is not None:
        most = left_of(ready.limits, run.facts.used.get(ready.code, UNUSED))
    if ready.shared:
        fits = min([each(run.basket) for each in ready.shared])
        most = fits if most is None else min(fits, most)
    times = min([each(run.basket) for each in ready.times]) if ready.times else 1
    if most is not None:
        times = min(times, most)
    starts = started.starts.get(ready.code)
    if starts is None:
        return [Open(ready, times, most, BY_ITSELF)]
    return [Open(ready, times, most, start) for start in starts[:most]]


def closed(run: Run, ready: Ready, started: Started) -> Failure | None:
    """What keeps an offer closed: its start, its days, its conditions, its limits; None where nothing does."""
    if ready.start is not By.AUTO and not started.starts.get(ready.code):
        fault = started.faults.get(ready.code)
        if fault is not None:
            return fault, None
        return (Reason.NOT_CHOSEN if ready.start is By.CASHIER else Reason.CODE_NEEDED), None
    if ready.first_day is not None or ready.last_day is not None:
        today = run.facts.at.date()
        if ready.first_day is not None and today < ready.first_day:
            return Reason.NOT_YET_VALID, None
        if ready.last_day is not None and today > ready.last_day:
            return Reason.EXPIRED, None
    for gate in ready.gates:
        failure = gate(run.basket)
        if failure is not None:
            return failure
    return used_up(run, ready) if ready.limits is not None else None


def used_up(run: Run, ready: Ready) -> Failure | None:
    """What the offer's limits say."""
    limits = ready.limits
    assert limits is not None
    by_member = (
        limits.per_member, limits.per_member_day, limits.per_member_week, limits.per_member_month,
        limits.per_member_quarter, limits.per_member_half_year, limits.per_member_year,
        limits.per_member_own_year, limits.per_member_term,
        limits.member_month_minor, limits.shared_month_minor,
    )  # fmt: skip
    if run.facts.shopper is None and any(each is not None for each in by_member):
        return Reason.CUSTOMER_NEEDED, None
    used = run.facts.used.get(ready.code, UNUSED)
    most = left_of(limits, used)
    if most is not None and most <= 0:
        return Reason.USED_UP, None
    if limits.budget_minor is not None and used.given_minor >= limits.budget_minor:
        return Reason.USED_UP, None
    for most, so_far in (
        (limits.member_month_minor, used.member_month_minor), (limits.shared_month_minor, used.shared_month_minor),
    ):  # fmt: skip
        if most is not None and so_far >= most:
            return Reason.USED_UP, None
    return None


def left_of(limits: Limits, used: Used) -> int | None:
    """The most applications that limits leave in this basket; None without limit."""
    of_all = ((limits.uses, used.uses), (limits.uses_per_day, used.today), (limits.per_basket, 0))
    left = [most - so_far for most, so_far in of_all if most is not None]
    of_member = [most - so_far for most, so_far in _of_member(limits, used) if most is not None]
    if limits.whole_day:
        # Whatever is bought on a day that is used is in that use.
        of_member = [] if used.member_today or all(each > 0 for each in of_member) else [0]
    return min((*left, *of_member), default=None)


def _of_member(limits: Limits, used: Used) -> tuple[tuple[int | None, int], ...]:
    return (
        (limits.per_member, used.member),
        (limits.per_member_day, used.member_today),
        (limits.per_member_week, used.member_week),
        (limits.per_member_month, used.member_month),
        (limits.per_member_quarter, used.member_quarter),
        (limits.per_member_half_year, used.member_half_year),
        (limits.per_member_year, used.member_year),
        (limits.per_member_own_year, used.member_own_year),
        (limits.per_member_term, used.member_term),
    )
