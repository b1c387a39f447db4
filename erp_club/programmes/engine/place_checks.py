"""What a draft asks of a moment or of goods that can't be asked there. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T, Text
from erp_club.programmes.engine.earning import EventPoints
from erp_club.programmes.engine.events import JOINING, REFERRAL, REFERRED, RENEWAL
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import CodeGiven, DiscountGiven, Given, ServiceGiven
from erp_club.programmes.engine.offered import in_the_sale, is_offered
from erp_club.programmes.engine.parts import ALWAYS, Counts, Measure, Scope, When
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.spending import Redemption

_OF_PURCHASES = ("least_minor", "most_minor", "first_purchase", "last_purchase", "means", "without_means", "confirm")


def places(programme: Programme) -> Iterator[Finding]:
    """Conditions that nothing looks at where they stand."""
    yield from _of_events(programme)
    yield from _of_gifts(programme)
    yield from _left_out(programme)
    yield from _least(programme)


_WHOLE = {Counts.POINTS, Counts.COUNTER, Counts.BALANCE}
"""What is counted as rules have given it, whatever goods it came from."""
_COUNTED_WHOLE = T("Points are counted whole here. For a part of them set up a counter, whose rules say what counts.")


def counted_whole(path: str, of: Measure) -> Iterator[Finding]:
    """What narrows a measure that nothing narrows."""
    if of.counts not in _WHOLE:
        return
    plain = Measure()
    for name in ("on", "excluded", "means"):
        if getattr(of, name) != getattr(plain, name):
            yield Finding(f"{path}.{name}", _COUNTED_WHOLE)
    if of.counts is Counts.BALANCE and of.when != ALWAYS:
        yield Finding(f"{path}.when", _COUNTED_WHOLE)


def _of_events(programme: Programme) -> Iterator[Finding]:
    for index, event in enumerate(programme.earning.events):
        yield from _about_purchases(f"earning.events[{index}]", event)
        if event.event in {"birthday", "anniversary"}:
            text = T("Nobody tells this by itself. For a birthday or an anniversary give points as a gift around it.")
            yield Finding(f"earning.events[{index}].event", text, stops=False)
    for index, counter in enumerate(programme.counters):
        for number, event in enumerate(counter.events):
            yield from _about_purchases(f"counters[{index}].events[{number}]", event)


def _about_purchases(path: str, of: EventPoints) -> Iterator[Finding]:
    """What is asked of a purchase that the event isn't about."""
    yield from _said(f"{path}.when", of.when, _OF_PURCHASES, _NO_PURCHASE)
    waits = of.event not in {REFERRAL, REFERRED} or of.after_purchase_minor is not None
    if of.per_minor is not None and (of.event in {JOINING, RENEWAL} or not waits):
        yield Finding(f"{path}.per_minor", _NO_PURCHASE)


def _of_gifts(programme: Programme) -> Iterator[Finding]:
    for index, benefit in enumerate(programme.benefits):
        path = f"benefits[{index}].when"
        if in_the_sale(benefit):
            yield from _off_a_sale(path, benefit.when)
        else:
            yield from _said(path, benefit.when, _OF_PURCHASES, _NO_PURCHASE)
    for index, occasion in enumerate(programme.occasions):
        if any(is_offered(each) for each in occasion.gives):
            yield from _off_a_sale(f"occasions[{index}].when", occasion.when)
    for index, reward in enumerate(programme.rewards):
        path = f"rewards[{index}].when"
        if is_offered(reward.gives):
            yield from _off_a_sale(path, reward.when)
        elif reward.when != ALWAYS:
            yield Finding(path, T("It isn't taken off a purchase, so there is none that this could be asked of."))
    for index, each in enumerate(programme.entitlements):
        if isinstance(each.gives, DiscountGiven):
            yield from _off_a_sale(f"entitlements[{index}].when", each.when)
    if programme.redemption is not None:
        yield from _of_paying(programme.redemption)


def _given(programme: Programme) -> Iterator[tuple[str, Given | ServiceGiven]]:
    """All that the programme gives, but for levels and milestones, with its place."""
    for name in ("benefits", "rewards", "entitlements"):
        yield from ((f"{name}[{index}].gives", each.gives) for index, each in enumerate(getattr(programme, name)))
    for index, occasion in enumerate(programme.occasions):
        yield from ((f"occasions[{index}].gives[{number}]", each) for number, each in enumerate(occasion.gives))


def _least(programme: Programme) -> Iterator[Finding]:
    """A least sum of delivery alone, where that of the purchase will have been meant."""
    for path, gives in _given(programme):
        if isinstance(gives, DiscountGiven) and gives.least_minor is not None and _no_goods(gives.on):
            text = T("Asked of what it is taken off alone. For the whole purchase say it among the conditions.")
            yield Finding(f"{path}.least_minor", text, stops=False)


def _no_goods(on: Scope) -> bool:
    return bool(on.kinds) and "goods" not in on.kinds and on.model_copy(update={"kinds": ()}).everything


def _left_out(programme: Programme) -> Iterator[Finding]:
    """What earning passes over and tills don't, where something is taken off."""
    taken_off = any(isinstance(each, DiscountGiven | CodeGiven) for _, each in _given(programme))
    if programme.excluded.means and (taken_off or programme.redemption is not None):
        text = T("Only earning passes over this: points still pay for it, and benefits are taken off it.")
        yield Finding("excluded.means", text, stops=False)


def _of_paying(rule: Redemption) -> Iterator[Finding]:
    yield from _off_a_sale("redemption.when", rule.when)
    if rule.excluded.means:
        text = T(
            "Points can't pass over this. Name products, groups, departments, brands, price lists or reduced goods."
        )
        yield Finding("redemption.excluded.means", text)


def _off_a_sale(path: str, when: When) -> Iterator[Finding]:
    if "points" in when.without_means:  # whether points pay isn't known yet where something is taken off
        yield Finding(f"{path}.without_means", _NOT_OF_A_SALE)


_NO_PURCHASE = T("There is no purchase of which this could be asked. Leave it out.")
_NOT_OF_A_SALE = T("A till can't ask this where something is taken off a sale. Use a segment, a level or other days.")


def _said(path: str, when: When, names: tuple[str, ...], text: Text) -> Iterator[Finding]:
    for name in names:
        if getattr(when, name) != getattr(ALWAYS, name):
            yield Finding(f"{path}.{name}", text)
