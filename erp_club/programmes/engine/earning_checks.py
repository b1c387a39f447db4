"""What a draft's earning rules get wrong: steps that don't rise, and rules that never earn. Pure."""

from collections.abc import Iterable, Iterator, Sequence
from itertools import pairwise

from erp_club.kernel.text import T
from erp_club.programmes.engine.earning import EarnRule, Multiplied, PerMoney, PerTable, PerVisit, Stands, VisitIs
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.parts import ALWAYS, NOTHING, Scope


def earn_rules(place: str, rules: Sequence[EarnRule]) -> Iterator[Finding]:
    """What is wrong with the rules of an account or a counter, which stand at `place`."""
    for index, rule in enumerate(rules):
        path = f"{place}.rules[{index}]"
        if isinstance(rule, PerTable):
            yield from rising(f"{path}.bands", [band.from_minor for band in rule.bands], "from_minor")
            yield from _falling_bands(path, rule)
        if isinstance(rule, PerMoney) and rule.growing is not None:
            yield from rising(f"{path}.growing.steps", [s.from_minor for s in rule.growing.steps], "from_minor")
        covered = next((first for first in rules[:index] if _covers(first, rule)), None)
        if covered is not None and rule.stands is Stands.INSTEAD:
            text = T("This rule never earns: the rule %(other)s before it fits all its lines.", other=covered.code)
            yield Finding(path, text)
        if set(rule.means) & set(rule.excluded.means):
            yield Finding(f"{path}.means", T("These means are excluded as well."))
        if isinstance(rule, Multiplied) and rule.factor_bp == 10_000:
            yield Finding(f"{path}.factor_bp", T("Once the points changes nothing."), stops=False)


def _falling_bands(path: str, rule: PerTable) -> Iterator[Finding]:
    def least(index: int) -> int:
        band = rule.bands[index]
        return band.points if band.per_minor is None else band.from_minor // band.per_minor * band.points

    for index in range(1, len(rule.bands)):
        if least(index) < least(index - 1):
            text = T("Here a larger amount earns less than the band before.")
            yield Finding(f"{path}.bands[{index}].points", text, stops=False)


def _covers(first: EarnRule, second: EarnRule) -> bool:
    """Whether the first fits every line, always, that the second fits."""
    narrower = first.when == ALWAYS and first.excluded == NOTHING and not first.means
    whole = first.on == second.on or (first.on == Scope() and not second.on.kinds)
    return first.stands is Stands.INSTEAD and _takes_all(first) and narrower and whole


def _takes_all(rule: EarnRule) -> bool:
    """Whether no line that fits is left to the rules behind it: too small a purchase or a second visit of a day is."""
    match rule:
        case Multiplied():
            return False
        case PerMoney():
            return rule.least_minor is None
        case PerTable():
            return rule.bands[0].from_minor == 0 and rule.bands[0].points > 0
        case PerVisit():
            return rule.least_minor is None and rule.visit is VisitIs.RECEIPT
        case _:
            return True


def rising(path: str, values: Iterable[int], field: str) -> Iterator[Finding]:
    """Steps that don\'t rise."""
    for index, (before, after) in enumerate(pairwise(values), start=1):
        if after == before:
            yield Finding(f"{path}[{index}].{field}", T("Two steps begin at the same figure."))
        elif after < before:
            yield Finding(f"{path}[{index}].{field}", T("Steps must rise: this one begins below the one before."))
