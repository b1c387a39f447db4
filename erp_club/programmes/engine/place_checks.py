"""What a draft asks of a moment or of goods that can't be asked there. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T, Text
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.gifts import DiscountGiven
from erp_club.programmes.engine.offered import in_the_sale, is_offered
from erp_club.programmes.engine.parts import ALWAYS, NOTHING, Birthday, When
from erp_club.programmes.engine.programme import Programme

_OF_PURCHASES = ("least_minor", "most_minor", "first_purchase", "last_purchase", "means", "confirm")
_OF_MEMBERS = ("month_days", "birthday", "joined_within_days", "min_age", "max_age")


def places(programme: Programme) -> Iterator[Finding]:
    """Conditions that nothing looks at where they stand."""
    yield from _of_events(programme)
    yield from _of_gifts(programme)


def _of_events(programme: Programme) -> Iterator[Finding]:
    for index, event in enumerate(programme.earning.events):
        yield from _said(f"earning.events[{index}].when", event.when, _OF_PURCHASES, _NO_PURCHASE)
    for index, counter in enumerate(programme.counters):
        for number, event in enumerate(counter.events):
            yield from _said(f"counters[{index}].events[{number}].when", event.when, _OF_PURCHASES, _NO_PURCHASE)


def _of_gifts(programme: Programme) -> Iterator[Finding]:
    for index, benefit in enumerate(programme.benefits):
        path = f"benefits[{index}].when"
        if in_the_sale(benefit):
            yield from _said(path, benefit.when, _OF_MEMBERS, _NOT_OF_A_SALE)
        else:
            yield from _said(path, benefit.when, _OF_PURCHASES, _NO_PURCHASE)
    for index, occasion in enumerate(programme.occasions):
        if any(is_offered(each) for each in occasion.gives):
            path = f"occasions[{index}].when"
            yield from _said(path, occasion.when, _OF_MEMBERS, _NOT_OF_A_SALE)
    for index, each in enumerate(programme.entitlements):
        if isinstance(each.gives, DiscountGiven):
            yield from _said(f"entitlements[{index}].when", each.when, _OF_MEMBERS, _NOT_OF_A_SALE)
    rule = programme.redemption
    if rule is not None:
        yield from _said("redemption.when", rule.when, _OF_MEMBERS, _NOT_OF_A_SALE)
        for name in ("price_lists", "promoted", "means"):
            if getattr(rule.excluded, name) != getattr(NOTHING, name):
                text = T("Points can't pass over this. Name products, groups, departments, brands or reduced goods.")
                yield Finding(f"redemption.excluded.{name}", text)


_NO_PURCHASE = T("There is no purchase of which this could be asked. Leave it out.")
_NOT_OF_A_SALE = T("A till can't ask this where something is taken off a sale. Use a segment, a level or other days.")


def _said(path: str, when: When, names: tuple[str, ...], text: Text) -> Iterator[Finding]:
    for name in names:
        said = getattr(when, name)
        if said != getattr(ALWAYS, name) and (said is not Birthday.DAY or text is not _NOT_OF_A_SALE):
            yield Finding(f"{path}.{name}", text)
