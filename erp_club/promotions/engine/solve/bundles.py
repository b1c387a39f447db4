"""What a bundle gives on the units that are left to it: sets from the dearest down, or from the cheapest up."""

from collections.abc import Sequence

from erp_club.promotions.engine.priced import made
from erp_club.promotions.engine.scope import Pick
from erp_club.promotions.engine.solve.shapes import Bundle, Share, Stack, Taken
from erp_club.promotions.engine.solve.units import Runs, first_units, order, unit_gain, whole_minor

_MOST_TRIALS = 40


def bundle(key: str, shape: Bundle, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    """What it gives; None for nothing."""
    if len(shape.slots) == 1:
        return _one_slot(key, shape, stacks, left)
    times = min(sum(left[i] for i in on) // quantity for on, quantity in shape.slots)
    times = min(times, sum(left[i] for i in all_slots(shape)) // sum(quantity for _, quantity in shape.slots))
    most = times if shape.times is None else min(times, shape.times)
    best: Taken | None = None
    apart = sum(len(on) for on, _ in shape.slots) == len(all_slots(shape))
    if not apart:
        times = most
    # Slots that share units may do better with fewer sets; of many sets, the last few don't matter much.
    trials = max(1, min(_MOST_TRIALS, 10 * _MOST_TRIALS // max(1, times)))
    while times > 0 and trials > 0:
        slots = _fill(shape, stacks, left, times)
        if slots is not None:
            taken = _sets(key, shape, stacks, slots, times, most)
            if taken is not None and (best is None or taken.saving_minor > best.saving_minor):
                best = taken
            if apart:
                break
        times -= 1
        trials -= 1
    return best


def _one_slot(key: str, shape: Bundle, stacks: Sequence[Stack], left: Sequence[int]) -> Taken | None:
    """The same for the most usual bundle. From the dearest down, no set gains after one that doesn't."""
    on, quantity = next(iter(shape.slots))
    times = sum([left[i] for i in on]) // quantity
    if shape.times is not None:
        times = min(times, shape.times)
    off, value, dearest = shape.off, shape.value, shape.pick is Pick.DEAREST
    counts: dict[int, int] = {}
    scaled = gaining = cost = filled = 0
    open_set: Runs = []
    for i in order(on, stacks, shape.pick):
        each, rest = stacks[i].cost_minor, left[i]
        while rest and times:
            # Whole sets of equal units at once; else what the open set lacks.
            sets = 1 if filled or rest < 2 * quantity else min(times, rest // quantity)
            part = min(rest, quantity - filled)
            open_set.append((i, part))
            rest -= part * sets
            filled += part
            cost += part * each
            if filled < quantity:
                continue
            gain = unit_gain(off, value, cost)
            if gain > 0:
                times -= sets
                scaled += gain * sets
                gaining += sets
                for k, count in open_set:
                    counts[k] = counts.get(k, 0) + count * sets
            elif dearest:
                times = 0
            open_set, filled, cost = [], 0, 0
    saving = whole_minor(scaled)
    shares = tuple([made(Share, (i, count, stacks[i].cost_minor * count)) for i, count in sorted(counts.items())])
    return made(Taken, (key, saving, shares, (), gaining)) if saving > 0 else None


def all_slots(shape: Bundle) -> set[int]:
    """The stacks of all slots."""
    return {i for on, _ in shape.slots for i in on}


def _fill(shape: Bundle, stacks: Sequence[Stack], left: Sequence[int], times: int) -> list[Runs] | None:
    """For each slot its units for so many sets, in the order they go; None where some lack.

    The slot with the smallest scope chooses first, as the others can do without its units more easily.
    """
    rest = list(left)
    slots: list[Runs] = [[] for _ in shape.slots]
    for nth in sorted(range(len(shape.slots)), key=lambda nth: (sum(left[i] for i in shape.slots[nth][0]), nth)):
        on, quantity = shape.slots[nth]
        slots[nth] = first_units(order(on, stacks, shape.pick), rest, quantity * times)
        for i, count in slots[nth]:
            rest[i] -= count
        if sum(count for _, count in slots[nth]) < quantity * times:
            return _matched(shape, stacks, left, times)
    return slots


def _matched(shape: Bundle, stacks: Sequence[Stack], left: Sequence[int], times: int) -> list[Runs] | None:
    """The same where a slot gives units up that another one has no others for: unit by unit, by augmenting paths."""
    rest, slots = list(left), range(len(shape.slots))
    ordered = [order(on, stacks, shape.pick) for on, _ in shape.slots]
    held: list[dict[int, int]] = [dict.fromkeys(on, 0) for on in ordered]

    def gets_one(slot: int, asked: set[int]) -> bool:
        asked.add(slot)
        for i in ordered[slot]:
            if rest[i]:
                rest[i] -= 1
                held[slot][i] += 1
                return True
        for i in ordered[slot]:
            for other in slots:
                if other not in asked and held[other].get(i) and gets_one(other, asked):
                    held[other][i] -= 1
                    held[slot][i] += 1
                    return True
        return False

    for slot, (_, quantity) in enumerate(shape.slots):
        if not all(gets_one(slot, set()) for _ in range(quantity * times)):
            return None
    return [[(i, held[slot][i]) for i in ordered[slot] if held[slot][i]] for slot in slots]


def _sets(
    key: str, shape: Bundle, stacks: Sequence[Stack], slots: Sequence[Runs], times: int, most: int
) -> Taken | None:
    """The sets that gain something, at most so many, of units that stand in the order they go; equal sets at once."""
    counts: dict[int, int] = {}
    scaled = gaining = done = 0
    places = [_Place(runs) for runs in slots]
    while done < times and gaining < most:
        repeats = min(
            times - done,
            most - gaining,
            *(place.repeats(quantity) for place, (_, quantity) in zip(places, shape.slots, strict=True)),
        )
        members = [
            pair
            for place, (_, quantity) in zip(places, shape.slots, strict=True)
            for pair in place.take(quantity, repeats)
        ]
        done += repeats
        gain = unit_gain(shape.off, shape.value, sum([stacks[i].cost_minor * count for i, count in members]))
        if gain <= 0:
            continue
        scaled += gain * repeats
        gaining += repeats
        for i, count in members:
            counts[i] = counts.get(i, 0) + count * repeats
    saving = whole_minor(scaled)
    shares = tuple([made(Share, (i, count, stacks[i].cost_minor * count)) for i, count in sorted(counts.items())])
    return made(Taken, (key, saving, shares, (), gaining)) if saving > 0 else None


class _Place:
    """How far the units of a slot are used up."""

    __slots__ = ("at", "rest", "runs")

    def __init__(self, runs: Runs) -> None:
        self.runs = runs
        self.at = 0
        self.rest = runs[0][1] if runs else 0

    def repeats(self, quantity: int) -> int:
        """How many sets in a row have the same units of this slot: several only while they are of one stack."""
        return max(1, self.rest // quantity)

    def take(self, quantity: int, repeats: int) -> Runs:
        """The units of one of so many equal sets."""
        if self.rest >= quantity * repeats:
            taken = [(self.runs[self.at][0], quantity)]
            self.rest -= quantity * repeats
        else:
            taken = Runs()
            while quantity:
                part = min(quantity, self.rest)
                if part:
                    taken.append((self.runs[self.at][0], part))
                quantity -= part
                self.rest -= part
                if not self.rest and self.at + 1 < len(self.runs):
                    self.at += 1
                    self.rest = self.runs[self.at][1]
        if not self.rest and self.at + 1 < len(self.runs):
            self.at += 1
            self.rest = self.runs[self.at][1]
        return taken
