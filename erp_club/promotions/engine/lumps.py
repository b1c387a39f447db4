"""Exclusive offers that compete in lumps: wholly or not at all for some units, line by line where lines are apart."""

from erp_club.promotions.engine.field import Field
from erp_club.promotions.engine.rewards import Amount, Spread
from erp_club.promotions.engine.run import Open, Run
from erp_club.promotions.engine.shaping import unit_by_unit
from erp_club.promotions.engine.solve import Contender, Lump, Off, PerUnit
from erp_club.promotions.engine.stages import Outcome, work_out
from erp_club.promotions.engine.using import Using

PART = "#"
"""What stands between an offer's code and the line, where an offer competes line by line; no code holds it."""


def weighed_apart(run: Run, offer: Open, ground: Field, contender: Contender) -> list[Contender]:
    """Each weighed line as a lump of its own; none where what is taken off it hangs on the other units."""
    ready, shape, lines = offer.ready, contender.shape, run.basket.lines
    if not isinstance(shape, PerUnit) or shape.off is Off.SHARE:
        return [contender]
    # A price of one is not that of such a unit.
    weighed = {i: at for at in shape.on if lines[i := ground.lots[at].line].quantity_milli % 1000}
    if not weighed:
        return [contender]
    if contender.needs or ready.limits is not None or ready.points or not unit_by_unit(shape):
        return []
    takes = work_out(run, offer, mask=ground.bit).gives[0].takes
    apart = [
        Contender(f"{contender.key}{PART}{lot.line}", Lump((weighed[lot.line],), amount))
        for lot, _, amount in takes
        if lot.line in weighed and amount
    ]
    rest = tuple(at for at in shape.on if at not in weighed.values())
    return [*apart, contender._replace(shape=shape._replace(on=rest))] if rest else apart


def lumps(key: str, offer: Open, alone: Outcome, ground: Field, using: Using) -> list[Contender]:
    """What was worked out alone, as one lump on all units that it may look at; line by line where lines are apart."""
    parts = offer.ready.parts
    if _by_line(offer) and not offer.ready.uses_needed:
        amounts: dict[int, int] = {}
        for lot, _, amount in alone.gives[0].takes:
            amounts[lot.line] = amounts.get(lot.line, 0) + amount
        return [
            Contender(f"{key}{PART}{i}", Lump(ground.of_line[i], amount)) for i, amount in amounts.items() if amount
        ]
    on = sorted({stack for part in parts for scope in part.scopes for stack in ground.on(scope)})
    return [Contender(key, Lump(tuple(on), alone.amount), 0, using.needs)]


def _by_line(offer: Open) -> bool:
    """Whether what is taken off one line doesn't hang on another."""
    document = offer.ready.parts[0].document
    if len(offer.ready.parts) > 1 or not isinstance(document, Amount) or document.units is not None:
        return False
    if document.cap_minor is not None:
        return False
    return document.spread is Spread.LINE or (document.spread is Spread.UNIT and document.group_size == 1)
