"""Which rule of a club gives how many points in a basket, and why not: told by the run that made its price. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from erp_club.programmes.engine.earn import RuleEarned
from erp_club.programmes.engine.earning import Rule
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.engine.facts import EarningPlan, PaidFor
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.asked import Gathered
from erp_club.purchases.plans import ProgrammePlan

Points = tuple[tuple[tuple[int, int], ...], int]


@dataclass(frozen=True, slots=True)
class Told:
    """A rule of a club's programme with what it gave."""

    programme: Programme
    rule: Rule
    earned: RuleEarned


@dataclass(frozen=True, slots=True)
class Listening:
    """A plan that remembers what it answered; the engine asks it for baskets that don't come to be, too."""

    plan: ProgrammePlan
    answers: dict[Points, tuple[RuleEarned, ...]] = field(default_factory=dict[Points, tuple[RuleEarned, ...]])

    @property
    def club(self) -> str:
        """The club's code."""
        return self.plan.club

    def earned(self, lines: Sequence[PaidFor]) -> tuple[Mapping[int, int], int]:
        """As the plan answers."""
        made = self.plan.look(lines)
        on_lines = {int(line): points for line, points in made.by_line.items()}
        rest = made.points - sum(on_lines.values())
        self.answers[tuple(sorted(on_lines.items())), rest] = made.rules
        return on_lines, rest


def listening(gathered: Gathered) -> Gathered:
    """The same facts, whose plans remember."""
    plans: tuple[EarningPlan, ...] = tuple(
        Listening(each) if isinstance(each, ProgrammePlan) else each for each in gathered.facts.plans
    )
    return replace(gathered, facts=replace(gathered.facts, plans=plans))


def explained(gathered: Gathered, priced: Priced) -> dict[str, tuple[Told, ...]]:
    """By the club's code, every rule of its programme with what it gave in this price."""
    places = {line.id: place for place, line in enumerate(priced.lines)}
    made: dict[str, tuple[Told, ...]] = {}
    for plan in gathered.facts.plans:
        if not isinstance(plan, Listening):
            continue
        rules = {rule.code: rule for rule in plan.plan.programme.earning.rules}
        for each in priced.earned:
            if each.club == plan.club and each.offer is None:
                on_lines = tuple(sorted((places[line], points) for line, points in each.lines))
                rest = each.points - sum(points for _, points in on_lines)
                answer = plan.answers.get((on_lines, rest), ())
                made[plan.club] = tuple(Told(plan.plan.programme, rules[one.rule], one) for one in answer)
    return made
