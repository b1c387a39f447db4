"""How much more a period reward needs to bring more. Pure."""

from dataclasses import dataclass, replace

from erp_club.programmes.engine.rewards import ByAverage, ByEvery, ByPercent, ByRate, ByThreshold, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, settle


@dataclass(frozen=True, slots=True)
class NextStep:
    """With so much more of the base the reward is worth `value` in all; `rate_bp` is then reached, of a percentage."""

    missing: int
    value: int
    rate_bp: int | None


def next_step(rule: PeriodReward, facts: PeriodFacts) -> NextStep | None:
    """The next step up; None at the top, and where the rate is declared."""
    base = facts.base + facts.carried
    match rule.function:
        case ByPercent(steps=steps):
            ahead = [each.from_amount for each in steps if each.from_amount > base]
        case ByThreshold(steps=steps):
            ahead = [each.at for each in steps if each.at > base]
        case ByEvery(every=every) | ByAverage(every=every):
            ahead = [(max(0, base) // every + 1) * every]
        case ByRate():
            ahead = list[int]()
    if not ahead:
        return None
    missing = min(ahead) - base
    made = settle(rule, replace(facts, base=facts.base + missing))
    return NextStep(missing, made.value, made.rate_bp)
