"""What an offer truly lacks whose units a higher priority takes: those, or more units than the basket seems to want.

An offer counts the units of the whole basket before anybody has taken them. Where an exclusive offer of a higher
priority has them, one unit more may be taken by that one too.
"""

from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.offer import Per
from erp_club.promotions.engine.priced import Reason, Refusal
from erp_club.promotions.engine.ready import Ready
from erp_club.promotions.engine.rewards import Amount, Bundle, BuyGet, FixedPrice, Percent
from erp_club.promotions.engine.run import Record, Run


def with_what_lacks(run: Run, compiled: Compiled, refused: list[Refusal]) -> list[Refusal]:
    """The refusals, those for want of units told as what is left by offers of a higher priority makes them."""
    holders = [record for record in run.records if record.ready.competes and record.ready.per is Per.UNIT]
    highest = max([record.ready.priority for record in holders], default=compiled.least_priority)
    if highest == compiled.least_priority:
        return refused
    told: list[Refusal] = []
    for refusal in refused:
        ready = compiled.by_code.get(refusal.offer) if refusal.reason is Reason.MIN_QUANTITY else None
        if ready is None or not ready.competes or ready.priority >= highest:
            told.append(refusal)
        else:
            told.append(_told(run, ready, holders) or refusal)
    return told


def _told(run: Run, ready: Ready, holders: list[Record]) -> Refusal | None:
    wanted = _wanted(run, ready)
    if ready.per is not Per.UNIT or wanted is None:
        return None
    scope, quantity = wanted
    lines = run.basket.by_scope.get(scope, ())
    above = [
        record
        for record in holders
        if record.ready.group == ready.group
        and record.ready.priority > ready.priority
        and not record.shares.keys().isdisjoint(lines)
    ]
    taker = next((each.ready for each in above if _takes_more(each.ready, scope, quantity)), None)
    if taker is not None:
        return ready.refuse(Reason.BEATEN, None, taker.code)
    if not above:
        return None
    bit = run.bit(ready.group)
    asked = any((each.scope, each.quantity) == wanted for each in ready.needed)
    heavy = run.basket.heavy if asked else {}
    lots = [lot for i in lines for lot in run.basket.lots[i] if not lot.taken & bit]
    lacking = quantity - sum(lot.count * heavy.get(lot.line, 1) for lot in lots)
    return ready.refuse(Reason.MIN_QUANTITY, lacking) if lacking > 0 else None


def _wanted(run: Run, ready: Ready) -> tuple[int, int] | None:
    """The scope of which units are missing, and how many it must have; None where that isn't one scope."""
    for scope, quantity, _ in ready.needed if ready.uses_needed else ():
        if run.basket.count(scope) < quantity:
            return scope, quantity
    part = ready.parts[0]
    if len(ready.parts) == len(part.scopes) == 1:
        if type(part.document) is BuyGet:
            return part.scopes[0], part.document.size
        if type(part.document) is Bundle:
            return part.scopes[0], sum(slot.quantity for slot in part.document.slots)
    return None


def _takes_more(taker: Ready, scope: int, quantity: int) -> bool:
    """Whether it leaves fewer units than that, however many more of the scope are bought."""
    part = taker.parts[0]
    if len(taker.parts) > 1 or part.scopes != (scope,) or taker.limits is not None:
        return False
    match part.document:
        case Percent() | Amount() | FixedPrice():
            return part.document.units is None and not (
                isinstance(part.document, Amount) and (part.document.group_size > 1 or part.document.units_per_line)
            )
        case BuyGet():
            return part.document.applications is None and quantity >= part.document.size
        case Bundle():
            size = sum(slot.quantity for slot in part.document.slots)
            return part.document.applications is None and quantity >= size
        case _:
            return False
