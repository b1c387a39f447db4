"""All stages from item offers to points as money, and which offers are left out because others do more without them.

Each group and each turn takes what it can get on what is left by those before. So what comes early may take more from
what comes later than it gives itself: half off a line that then has a fixed price, or the win of a group on goods that
a stackable offer lowers anyway. Where offers meet on goods like that, all is decided again without each of them, then
without one more, as long as the basket gets cheaper by it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from erp_club.promotions.engine.compete import compete
from erp_club.promotions.engine.offer import Per
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.ready import BASKET, CODE, ITEM, POINTS, Ready
from erp_club.promotions.engine.run import BY_CODE, Open, Run
from erp_club.promotions.engine.stages import take_turn

_MOST_LINES = 4_000
"""So many lines are decided again at most: a basket of 20 lines 200 times."""
Some = frozenset[Open]
NONE: Some = frozenset()
NOWHERE = frozenset[int]()


@dataclass(slots=True)
class Opened:
    """The offers that are open to a basket: by the group in which they compete, and by the stage of their turn."""

    competing: dict[str, list[Open]]
    stackable: list[list[Open]]


def decide(run: Run, opened: Opened) -> None:
    """Give what makes the basket cheapest."""
    told = len(run.refused)
    _stages(run, opened, NONE)
    meeting = _meeting(run, opened)
    if not meeting:
        return
    least, out, last = _owed(run), NONE, NONE
    seen, trials = {NONE}, _MOST_LINES // len(run.basket.lines)
    level = [(NONE, _moves(run, opened, meeting))]
    while level:
        further: list[tuple[Some, list[Some]]] = []
        for move in [before | move for before, moves in level for move in moves]:
            if move in seen or len(seen) > trials:
                continue
            seen.add(move)
            last = move
            _again(run, opened, last, told)
            owed = _owed(run)
            if owed < least:
                least, out, further = owed, last, []
            if owed == least:
                # Nothing is gained yet where it costs the same, but maybe by one more.
                further.append((last, _moves(run, opened, meeting)))
        level = further
    if out != last:
        _again(run, opened, out, told)
    _refuse(run, out)


def _owed(run: Run) -> int:
    """What the sale costs. Points as money are the customer's own: it is no gain to use more of them, nor for what
    passes over goods with another discount to find more without one.
    """
    apart = [record for record in run.records if record.ready.redeems or record.ready.passes_over]
    return run.basket.owed() + sum([record.amount() for record in apart])


def _again(run: Run, opened: Opened, out: Some, told: int) -> None:
    """Forget what was given, and decide without some offers. `told`: how many refusals there were before."""
    run.basket.restart()
    del run.records[:], run.refused[told:], run.pending[:], run.gifts[:]
    run.spent.clear()
    _stages(run, opened, out)


def _meeting(run: Run, opened: Opened) -> list[Open]:
    """The offers that meet others which aren't decided together with them, or whose rivals do.

    What takes so much off all goods together leaves less the less it finds, and takes the same share of each: it meets
    only what could change its turn, and nothing is gained without it.
    """
    turns = [offer for turns in opened.stackable for offer in turns if not _apart(offer)]
    groups = [offers for offers in opened.competing.values() if not all(_apart(offer) for offer in offers)]
    if len(groups) + len(turns) < 2:
        return []
    layers = [*groups, *([offer] for offer in turns)]
    held = [[_lines(run, offer.ready) for offer in layer] for layer in layers]
    even = [layer[0] for layer in layers if len(layer) == 1 and _even(run, layer[0])]
    uneven = [NOWHERE if layer[0] in even else NOWHERE.union(*lines) for layer, lines in zip(layers, held, strict=True)]
    found: list[Open] = []
    for place, layer in enumerate(layers):
        if not uneven[place]:
            continue
        found += _reached(layer, held[place], NOWHERE.union(*uneven[:place], *uneven[place + 1 :]))
        # What comes late of a group is less than it was weighed at, after what takes so much off all goods together.
        first = min(offer.ready.stage for offer in layer)
        late = [offer for offer in layer if offer.ready.stage > first]
        found += [offer for offer in late if any(each.ready.turn < offer.ready.turn for each in even)]
    return list(dict.fromkeys(found))


def _apart(offer: Open) -> bool:
    """Whether it is taken of what others leave, whatever that is."""
    return offer.ready.redeems or offer.ready.passes_over


def _even(run: Run, offer: Open) -> bool:
    """Whether it takes so much off all goods together."""
    return offer.ready.whole and run.facts.policy.prices_include_tax


def _reached(layer: Sequence[Open], held: Sequence[frozenset[int]], lines: frozenset[int]) -> list[Open]:
    """The offers of a group that can use some of these lines, and their rivals for all that they can use."""
    found: set[int] = set()
    reached = len(layer)
    while len(found) != reached:
        reached = len(found)
        found.update(nth for nth, mine in enumerate(held) if not lines.isdisjoint(mine))
        lines = lines.union(*(held[nth] for nth in found))
    return [layer[nth] for nth in sorted(found)]


def _lines(run: Run, ready: Ready) -> frozenset[int]:
    """The lines that an offer can use, for its condition too."""
    scopes = {scope for part in ready.parts for scope in part.scopes}
    if ready.uses_needed:
        scopes.update(asked.scope for asked in ready.needed)
    return frozenset(i for scope in scopes for i in run.basket.by_scope.get(scope, ()))


def _moves(run: Run, opened: Opened, meeting: Sequence[Open]) -> list[Some]:
    """What could be left out: each that took something or won its turn, all of a group that did, or that didn't, and
    what is early of a group."""
    taking = {(record.ready.code, record.coupon) for record in run.records if record.amount()}
    beaten = {refusal.offer for refusal in run.refused if refusal.beaten_by}
    found: dict[tuple[str, str], set[Open]] = {}
    groups: dict[str, tuple[set[Open], set[Open]]] = {}
    for offer in meeting:
        ready, coupon = offer.ready, offer.start.coupon
        if not _may_yield(run, opened, [offer]):
            continue
        takes = (ready.code, coupon) in taking or (ready.per is Per.ORDER and ready.code not in beaten)
        if takes:
            found.setdefault((ready.code, coupon or ""), set()).add(offer)
        if ready.competes:
            groups.setdefault(ready.group, (set(), set()))[takes].add(offer)
    moves = [frozenset(found[key]) for key in sorted(found)]
    for group in sorted(groups):
        offers = opened.competing[group]
        moves += [frozenset(side) for side in groups[group]]
        for stage in sorted({offer.ready.stage for offer in offers})[1:]:
            early = [offer for offer in offers if offer.ready.stage < stage]
            if _may_yield(run, opened, early):
                moves.append(frozenset(early))
    return [move for move in dict.fromkeys(moves) if move]


def _may_yield(run: Run, opened: Opened, offers: Sequence[Open]) -> bool:
    """Whether these may be left out: not where one has priority over another of its group.

    Nor a code where thresholds are to look at what codes have left.
    """
    ready = offers[0].ready
    if run.facts.policy.threshold_counts == "after_codes" and any(each.ready.start in BY_CODE for each in offers):
        return False
    if not ready.competes:
        return True
    least = min(offer.ready.priority for offer in opened.competing[ready.group])
    return max(offer.ready.priority for offer in offers) <= least


def _refuse(run: Run, out: Iterable[Open]) -> None:
    """Say of offers that were left out which others do more: of their group, else on their goods."""
    for offer in sorted(out, key=lambda each: (each.ready.code, each.start.coupon or "")):
        ready, lines = offer.ready, _lines(run, offer.ready)
        found: list[tuple[bool, int, str]] = []
        for record in run.records:
            rivals = ready.competes and record.ready.competes and record.ready.group == ready.group
            if (rivals and ready.per is Per.ORDER) or not lines.isdisjoint(record.shares):
                found.append((rivals, record.amount(), record.ready.code))
        by = max(found)[-1] if found else None
        run.refuse(ready, Reason.BEATEN if by else Reason.NO_GAIN, None, by)


def _stages(run: Run, opened: Opened, out: Some) -> None:
    """All stages, as if some offers weren't open."""
    competing, stackable = opened.competing, [list(turns) for turns in opened.stackable]
    if out:
        stackable = [[offer for offer in turns if offer not in out] for turns in stackable]
        competing = {
            group: left for group, offers in competing.items() if (left := [each for each in offers if each not in out])
        }
    decided: dict[int, list[str]] = {}
    for group in sorted(competing):
        decided.setdefault(min(offer.ready.stage for offer in competing[group]), []).append(group)
    for stage in (ITEM, BASKET, CODE, POINTS):
        for group in decided.get(stage, ()):
            for winner in compete(run, group, competing[group]):
                stackable[winner.ready.stage].append(winner)
        turns = sorted(stackable[stage], key=lambda offer: (offer.ready.turn, offer.start.coupon or ""))
        for place, offer in enumerate(turns):
            take_turn(run, offer, _later(run, turns[place + 1 :]) if offer.ready.other_lines_first else None)


def _later(run: Run, offers: Iterable[Open]) -> frozenset[int]:
    """The lines that these offers can use."""
    scopes = {scope for offer in offers for part in offer.ready.parts for scope in part.scopes}
    return frozenset(i for scope in scopes for i in run.basket.by_scope.get(scope, ()))
