"""What a draft gets wrong before it runs: what keeps it from being published, and what is probably a slip. Pure."""

from collections.abc import Iterator, Sequence
from itertools import pairwise

from erp_club.kernel.text import T
from erp_club.programmes.engine.earning import PerMoney, Stands
from erp_club.programmes.engine.earning_checks import earn_rules, rising
from erp_club.programmes.engine.entitlement_checks import entitlements
from erp_club.programmes.engine.expiry_checks import expiry
from erp_club.programmes.engine.fee_checks import fee_findings
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import (
    DiscountGiven,
    EntitlementGiven,
    Given,
    OfMembership,
    PointsGiven,
    comes_in_pieces,
)
from erp_club.programmes.engine.issue_checks import issues
from erp_club.programmes.engine.levels import Each, Keep, Levels
from erp_club.programmes.engine.membership import LifetimeTerm, Outcome, Redeems, Who
from erp_club.programmes.engine.occasion_checks import occasions
from erp_club.programmes.engine.parts import Counts, Every, Measure, When
from erp_club.programmes.engine.place_checks import counted_whole, places
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import (
    ByEvery,
    ByPercent,
    ByThreshold,
    PeriodReward,
)


def findings(programme: Programme) -> tuple[Finding, ...]:
    """All of them, in the order of the document: faults and warnings."""
    return (
        *_channels(programme),
        *_membership(programme),
        *_earning(programme),
        *_levels(programme),
        *_codes_named(programme),
        *_redemption(programme),
        *_rewards(programme),
        *occasions(programme),
        *entitlements(programme),
        *issues(programme),
        *places(programme),
        *expiry(programme),
    )


def stops(programme: Programme) -> tuple[Finding, ...]:
    """Only what keeps it from being published."""
    return tuple(each for each in findings(programme) if each.stops)


def _channels(programme: Programme) -> Iterator[Finding]:
    channels = programme.channels
    if not channels.joining:
        yield Finding("channels.joining", T("Nobody can join: name at least one channel."))
    if programme.earning.rules and not channels.earning:
        yield Finding("channels.earning", T("Nothing can be earned: name at least one channel."))
    if programme.redemption is not None and not channels.redeeming:
        yield Finding("channels.redeeming", T("Nothing can be redeemed: name at least one channel."))
    for index, store in enumerate(channels.without_stores):
        if store in channels.stores:
            yield Finding(f"channels.without_stores[{index}]", T("This store is named as one of the club as well."))


def _membership(programme: Programme) -> Iterator[Finding]:
    rule = programme.joining.eligibility
    if rule.min_age is not None and rule.max_age is not None and rule.max_age < rule.min_age:
        yield Finding("joining.eligibility.max_age", T("The highest age is below the lowest one: nobody can join."))
    if programme.code in rule.not_with_clubs:
        yield Finding("joining.eligibility.not_with_clubs", T("A club can't exclude itself."))
    yield from fee_findings(programme)
    if programme.joining.invitation_days is not None and "invitation" not in programme.joining.ways:
        text = T("Nobody joins by invitation, so this has no effect.")
        yield Finding("joining.invitation_days", text, stops=False)
    yield from _coupled_fates(programme)
    yield from _household(programme)


def _household(programme: Programme) -> Iterator[Finding]:
    rule = programme.household
    if rule is None:
        return
    least = programme.joining.eligibility.min_age
    if rule.min_age is not None and least is not None and rule.min_age < least:
        text = T("Nobody so young can join: the lowest age of joining is higher.")
        yield Finding("household.min_age", text, stops=False)
    if rule.sees is Who.MAIN and rule.redeems is Redeems.ALL:
        yield Finding("household.redeems", T("All use what only the main member sees."))
    if rule.one_per_household and not rule.same_address:
        text = T("One membership a household is known by its address: ask for the same address as well.")
        yield Finding("household.one_per_household", text, stops=False)


def _coupled_fates(programme: Programme) -> Iterator[Finding]:
    for place, conversion in (
        ("switch", programme.switch.conversion), ("lapse", programme.lapse.conversion),
        ("end", programme.end.conversion),
    ):  # fmt: skip
        if conversion is None:
            continue
        if conversion.to_club == programme.code:
            yield Finding(f"{place}.conversion.to_club", T("Leave this out: it is the club itself."))
        elif place != "switch" and conversion.to_points is not None and conversion.to_club is None:
            text = T("No points are left here then: say an amount of money, or the club whose points they become.")
            yield Finding(f"{place}.conversion.to_club", text)
        if conversion.to_minor is not None and conversion.to_club is not None:
            yield Finding(f"{place}.conversion.to_club", T("Money is given on a card, whichever the club."))
    lapse = programme.lapse
    if lapse.points is Outcome.FREEZE and isinstance(programme.term, LifetimeTerm):
        yield Finding("lapse.points", T("A membership for life doesn't lapse, so this has no effect."), stops=False)


def _earning(programme: Programme) -> Iterator[Finding]:
    for place, rules in (
        ("earning", programme.earning.rules),
        *((f"counters[{i}]", each.rules) for i, each in enumerate(programme.counters)),
    ):
        yield from earn_rules(place, rules)
    for place, when in _whens(programme):
        yield from _when(place, when, programme)


def _whens(programme: Programme) -> Iterator[tuple[str, When]]:
    for index, rule in enumerate(programme.earning.rules):
        yield f"earning.rules[{index}].when", rule.when
    for index, event in enumerate(programme.earning.events):
        yield f"earning.events[{index}].when", event.when
    for index, reward in enumerate(programme.rewards):
        yield f"rewards[{index}].when", reward.when
        yield f"rewards[{index}].base.when", reward.base.when
        for number, extra in enumerate(reward.extras):
            yield f"rewards[{index}].extras[{number}].when", extra.when
    for index, occasion in enumerate(programme.occasions):
        yield f"occasions[{index}].when", occasion.when
    for name in ("benefits", "entitlements"):
        for index, each in enumerate(getattr(programme, name)):
            yield f"{name}[{index}].when", each.when
    if programme.redemption is not None:
        yield "redemption.when", programme.redemption.when


def _when(path: str, when: When, programme: Programme) -> Iterator[Finding]:
    if when.first_day is not None and when.last_day is not None and when.last_day < when.first_day:
        yield Finding(f"{path}.last_day", T("The last day is before the first one."))
    if when.from_time is not None and when.from_time == when.to_time:
        yield Finding(f"{path}.to_time", T("From and to the same hour is never."))
    if when.least_minor is not None and when.most_minor is not None and when.most_minor < when.least_minor:
        yield Finding(f"{path}.most_minor", T("The highest amount is below the lowest one."))
    if when.first_purchase is not None and when.last_purchase is not None and when.last_purchase < when.first_purchase:
        yield Finding(f"{path}.last_purchase", T("The last purchase comes before the first one."))
    if when.joined_within_days is not None and (when.joined_for_days or 0) > when.joined_within_days:
        yield Finding(f"{path}.joined_for_days", T("So many days after joining it doesn't hold any more."))
    if when.min_age is not None and when.max_age is not None and when.max_age < when.min_age:
        yield Finding(f"{path}.max_age", T("The highest age is below the lowest one."))
    if when.child_min_age is not None and when.child_max_age is not None and when.child_max_age < when.child_min_age:
        yield Finding(f"{path}.child_max_age", T("The highest age is below the lowest one."))
    yield from _known_levels(f"{path}.levels", when.levels, programme)


def _known_levels(path: str, named: Sequence[str], programme: Programme) -> Iterator[Finding]:
    known = {level.code for level in programme.levels.levels} if programme.levels is not None else set[str]()
    for index, level in enumerate(named):
        if level not in known:
            yield Finding(f"{path}[{index}]", T("This programme has no level %(key)s.", key=level))


def _levels(programme: Programme) -> Iterator[Finding]:
    levels = programme.levels
    if levels is None:
        return
    codes = [level.code for level in levels.levels]
    for index, code in enumerate(codes):
        if code in codes[:index]:
            yield Finding(f"levels.levels[{index}].code", T("Two levels have the same code."))
    reachable = [(i, level) for i, level in enumerate(levels.levels) if level.at_least is not None]
    for (_, before), (index, after) in pairwise(reachable):
        if (after.at_least or 0) <= (before.at_least or 0):
            text = T("This level needs no more than the one below it, which therefore nobody has.")
            yield Finding(f"levels.levels[{index}].at_least", text)
    if levels.levels[0].at_least not in {0, None} or levels.levels[0].by_hand:
        text = T("The lowest level is the one of everybody who joins; its figure has no effect.")
        yield Finding("levels.levels[0].at_least", text, stops=False)
    for index, level in enumerate(levels.levels[1:], start=1):
        by_figure = level.at_least is not None or level.instead or level.after_months is not None
        if not by_figure and not level.by_hand and not _is_paid(programme, level.code):
            yield Finding(f"levels.levels[{index}]", T("Nobody can reach this level: give it a figure."))
        if level.keep_at_least is not None and level.at_least is not None and level.keep_at_least > level.at_least:
            text = T("Keeping a level can't need more than reaching it.")
            yield Finding(f"levels.levels[{index}].keep_at_least", text)
    endless = levels.window.every in {Every.ROLLING, Every.EVER}
    for index, level in enumerate(levels.levels):
        if level.staying is not None and level.staying.each is Each.WINDOW and endless:
            text = T("What levels count has no period that ends. Choose another time.")
            yield Finding(f"levels.levels[{index}].staying.each", text)
    yield from _level_window(programme, levels)


def _is_paid(programme: Programme, level: str) -> bool:
    return any(each.level == level for each in programme.fees.levels)


def _level_window(programme: Programme, levels: Levels) -> Iterator[Finding]:
    counted = levels.measure.counts
    if counted is Counts.POINTS and not programme.earning.rules and not programme.earning.events:
        yield Finding("levels.measure", T("Nobody can reach a level: this programme gives no points."))
    if counted is Counts.BALANCE:
        text = T("Levels can't count the balance: spending points would lower them.")
        yield Finding("levels.measure.counts", text)
    if levels.carry is not None and levels.window.every in {Every.EVER, Every.ROLLING, Every.TERM}:
        text = T("Only a period of the calendar, declared days or a member's year can leave something to the next one.")
        yield Finding("levels.carry", text)
    if levels.carry is not None and levels.restart == "reached":
        yield Finding("levels.carry", T("Counting begins again when a level is reached, so nothing is above it."))
    if levels.window.every is Every.EVER and levels.keep in {Keep.WINDOW_END, Keep.NEXT_WINDOW}:
        text = T("What is counted for ever has no end of period, so a level is never lost.")
        yield Finding("levels.keep", text, stops=False)
    if levels.grace_days and levels.keep is Keep.EVER:
        text = T("A level that is kept for ever is never lost, so this has no effect.")
        yield Finding("levels.grace_days", text, stops=False)


def _codes_named(programme: Programme) -> Iterator[Finding]:
    counters = {each.code for each in programme.counters}
    entitlements = {each.code for each in programme.entitlements}
    for path, measure in _measures(programme):
        if measure.counter is not None and measure.counter not in counters:
            yield Finding(f"{path}.counter", T("This programme has no counter %(key)s.", key=measure.counter))
        yield from counted_whole(path, measure)
    for path, gives in _given(programme):
        if isinstance(gives, EntitlementGiven) and gives.entitlement not in entitlements:
            text = T("This programme has no entitlement %(key)s.", key=gives.entitlement)
            yield Finding(f"{path}.entitlement", text)
        if isinstance(gives, DiscountGiven) and gives.cap_minor is not None and not _can_be_capped(gives):
            text = T("An amount is its own ceiling, so this has no effect.")
            yield Finding(f"{path}.cap_minor", text, stops=False)
    yield from _never_given(programme)
    yield from _ceiling_of_none(programme)
    for index, fee in enumerate(programme.fees.levels):
        yield from _known_levels(f"fees.levels[{index}].level", (fee.level,), programme)
    for index, points in enumerate(programme.expiry.levels):
        yield from _known_levels(f"expiry.levels[{index}].levels", points.levels, programme)
    for name in ("entitlements", "benefits", "rewards", "occasions"):
        for index, each in enumerate(getattr(programme, name)):
            yield from _known_levels(f"{name}[{index}].levels", each.levels, programme)


def _can_be_capped(gives: DiscountGiven) -> bool:
    return gives.off_bp is not None or gives.per_unit


def _ceiling_of_none(programme: Programme) -> Iterator[Finding]:
    given = [gives for _, gives in _given(programme)] + [each.gives for each in programme.entitlements]
    if programme.most_discount_month is not None and not any(isinstance(gives, DiscountGiven) for gives in given):
        text = T("No rule gives a discount, so this has no effect.")
        yield Finding("most_discount_month", text, stops=False)


def _never_given(programme: Programme) -> Iterator[Finding]:
    given = {gives.entitlement for _, gives in _given(programme) if isinstance(gives, EntitlementGiven)}
    for index, each in enumerate(programme.entitlements):
        if each.only_given and each.code not in given:
            text = T("No rule gives this entitlement, so nobody has it.")
            yield Finding(f"entitlements[{index}].only_given", text, stops=False)


def _measures(programme: Programme) -> Iterator[tuple[str, Measure]]:
    if programme.levels is not None:
        yield "levels.measure", programme.levels.measure
        for index, level in enumerate(programme.levels.levels):
            for name in ("also", "instead"):
                for number, need in enumerate(getattr(level, name)):
                    yield f"levels.levels[{index}].{name}[{number}].measure", need.measure
    for index, reward in enumerate(programme.rewards):
        yield f"rewards[{index}].base", reward.base
        if reward.paid_on is not None:
            yield f"rewards[{index}].paid_on.measure", reward.paid_on.measure
    for name in ("rewards", "occasions"):
        for index, each in enumerate(getattr(programme, name)):
            for number, need in enumerate(each.needs):
                yield f"{name}[{index}].needs[{number}].measure", need.measure


def _given(programme: Programme) -> Iterator[tuple[str, Given]]:
    for index, occasion in enumerate(programme.occasions):
        for number, gives in enumerate(occasion.gives):
            yield f"occasions[{index}].gives[{number}]", gives
    for index, benefit in enumerate(programme.benefits):
        if not isinstance(benefit.gives, OfMembership):
            yield f"benefits[{index}].gives", benefit.gives
    yield from ((f"rewards[{index}].gives", each.gives) for index, each in enumerate(programme.rewards))
    if programme.levels is not None:
        for name in ("levels", "milestones"):
            for index, one in enumerate(getattr(programme.levels, name)):
                for number, gives in enumerate(one.gives):
                    yield f"levels.{name}[{index}].gives[{number}]", gives
        for index, level in enumerate(programme.levels.levels):
            for number, gives in enumerate(level.staying.gives if level.staying else ()):
                yield f"levels.levels[{index}].staying.gives[{number}]", gives


def _redemption(programme: Programme) -> Iterator[Finding]:
    rule = programme.redemption
    if rule is None:
        return
    if rule.most_points is not None and rule.least_points > rule.most_points:
        yield Finding("redemption.least_points", T("The least is above the most: nobody can redeem."))
    if rule.most_points is not None and rule.step > rule.most_points:
        yield Finding("redemption.step", T("The step is above the most: nobody can redeem."))
    if rule.most_bp == 0:
        yield Finding("redemption.most_bp", T("Points may pay for nothing at all."))
    for index, earn_rule in enumerate(programme.earning.rules):
        if (
            isinstance(earn_rule, PerMoney)
            and earn_rule.points * rule.worth_minor > earn_rule.per_minor * rule.worth_points
        ):
            text = T("Here a purchase earns points that are worth more than the purchase.")
            yield Finding(f"earning.rules[{index}].points", text)


def _rewards(programme: Programme) -> Iterator[Finding]:
    for index, reward in enumerate(programme.rewards):
        path = f"rewards[{index}]"
        function = reward.function
        if isinstance(function, ByPercent):
            yield from rising(f"{path}.function.steps", [s.from_amount for s in function.steps], "from_amount")
        if isinstance(function, ByThreshold):
            yield from rising(f"{path}.function.steps", [s.at for s in function.steps], "at")
            for number, (before, after) in enumerate(pairwise(function.steps), start=1):
                if after.value <= before.value:
                    text = T("A higher step gives no more than the one below it.")
                    yield Finding(f"{path}.function.steps[{number}].value", text)
        yield from _worth(path, reward, programme)
        if reward.least_minor is not None and reward.most_minor is not None and reward.most_minor < reward.least_minor:
            yield Finding(f"{path}.most_minor", T("The highest amount is below the lowest one."))
        floor = reward.never_below_minor
        if floor is not None and reward.most_minor is not None and reward.most_minor < floor:
            yield Finding(f"{path}.never_below_minor", T("The highest amount is below the lowest one."))
        if floor is not None and comes_in_pieces(reward.gives):
            yield Finding(f"{path}.never_below_minor", T("This comes by the piece, so it has no lowest amount."))
        if reward.takes and reward.base.counts not in {Counts.POINTS, Counts.BALANCE}:
            yield Finding(f"{path}.takes", T("Only points can be taken off; this counts something else."))
        if reward.paid_on is not None and not isinstance(function, ByPercent):
            yield Finding(f"{path}.paid_on", T("Only a percentage can be paid on another base."))


def _worth(path: str, reward: PeriodReward, programme: Programme) -> Iterator[Finding]:
    """A code that is worth more than what it took to earn its points."""
    if isinstance(reward.gives, PointsGiven) or reward.base.counts not in {Counts.POINTS, Counts.BALANCE}:
        return
    cheapest = min(
        (
            (rule.per_minor, rule.points)
            for rule in programme.earning.rules
            if isinstance(rule, PerMoney) and rule.points and rule.stands is Stands.INSTEAD
        ),
        key=lambda each: each[0] / each[1],
        default=None,
    )
    if cheapest is None:
        return
    per_minor, points = cheapest
    steps: list[tuple[str, int, int]] = []
    if isinstance(reward.function, ByThreshold):
        steps = [(f"{path}.function.steps[{i}].value", s.at, s.value) for i, s in enumerate(reward.function.steps)]
    elif isinstance(reward.function, ByEvery):
        steps = [(f"{path}.function.value", reward.function.every, reward.function.value)]
    for place, at, value in steps:
        if value * points > at * per_minor:
            yield Finding(place, T("This is worth more than the purchases that earn its points."))
