"""Hints for the till: how little is missing for an offer, and what it would gain."""

from erp_club.promotions.engine.compile import Compiled
from erp_club.promotions.engine.priced import Hint, Reason, Refusal

BUY_MORE_UNITS = "buy_more_units"
SPEND_MORE = "spend_more"
_KINDS = {Reason.MIN_QUANTITY: BUY_MORE_UNITS, Reason.MIN_AMOUNT: SPEND_MORE}


def hints_of(compiled: Compiled, refused: list[Refusal]) -> tuple[Hint, ...]:
    """The offers of which only units or an amount is missing."""
    hints: list[Hint] = []
    for refusal in refused:
        kind = _KINDS.get(refusal.reason)
        if kind is None or refusal.missing is None:
            continue
        ready = compiled.by_code.get(refusal.offer)
        if ready is not None and ready.hint:
            hints.append(Hint(refusal.offer, kind, refusal.missing))
    return tuple(hints)
