"""What the change log keeps of a change, as people read it: each part that differs, by its name, before and after.

Whatever is kept is taken apart down to its single values, so that an offer's document, or a club's rules, reads like
any other change. A part is called as the form calls it that sets it.
"""

import datetime as dt
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

from pydantic import BaseModel, Field

from erp_club.jobs.catalogue import JOBS
from erp_club.kernel.errors import Invalid
from erp_club.kernel.text import N_
from erp_club.permissions.catalog import Permission
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments.reading import read_condition
from erp_club.segments.sentence import sentence
from web import lists
from web.formats import date_text
from web.i18n import LANGUAGES, say, translate
from web.offer_forms.fields import CONDITION_NAMES, REWARD_NAMES
from web.offer_forms.labels import label_of, value_of
from web.programme_forms import fields as programmes
from web.programme_forms import spans
from web.programme_forms.layout import layout
from web.templating import ENVIRONMENT

Step = str | int
Leaves = dict[tuple[Step, ...], Any]

_PARTS = {
    "activation": N_("How it starts"), "all": N_("All of these"), "also": N_("Also needed"), "any": N_("Any of these"),
    "around": N_("Days around it"), "bands": N_("Steps"), "base": N_("It goes by"), "benefits": N_("What points buy"),
    "by_hand": N_("Given by hand"), "carry": N_("Counts on in the next period"),
    "charity": N_("Given to charity"), "choose": N_("The customer chooses one of them"),
    "combination": N_("Together with other offers"), "condition": N_("Conditions"),
    "conditions": N_("Conditions"), "code": N_("Code"), "countries": N_("Country"),
    "conversion": N_("What points become"), "counter": N_("A counter"), "counters": N_("What is counted apart"),
    "coupons": N_("Coupons"), "currency": N_("Currency"), "departments": N_("Department"),
    "document": "", "earning": N_("What members earn"), "effective_from": N_("Valid from"),
    "eligibility": N_("Who may join"), "end": N_("When membership ends"), "entitlements": N_("What membership gives"),
    "events": N_("Points for what members do"), "excluded": N_("Earns nothing"), "expiry": N_("How long points hold"),
    "extras": N_("A part counts more"), "fees": N_("Price of membership"), "function": N_("How it is reckoned"),
    "gives": N_("What is given"), "growing": N_("The rate grows with purchases"), "household": N_("Household"),
    "instalments": N_("Instalments"), "instead": N_("Another way to reach it"),
    "issue": N_("What is given"), "joining": N_("Gifts for joining"),
    "kind": N_("Kind"), "lapse": N_("Points that lapse"), "levels": N_("Levels"), "limits": N_("Limits"),
    "measure": N_("Counted by"), "names": N_("Name"), "needs": N_("Needed for it"), "on": N_("On what"),
    "occasions": N_("Gifts for special days"), "one": N_("A single one of them"), "per_day": N_("At most in a day"),
    "per_sale": N_("At most at once"), "percent_bp": N_("Percent"), "period": N_("Period"), "points": N_("Points"),
    "presentation": N_("How it is shown"), "redemption": N_("Paying with points"), "renewal": N_("Renewing"),
    "rewards": N_("What is given"), "rules": N_("Rules"), "scope": N_("Reaches"), "steps": N_("Steps"),
    "switch": N_("Passing from the rules before"), "term": N_("How long membership lasts"), "terms": N_("Terms"),
    "texts": N_("Texts"), "undo": N_("Changing one's mind"), "unit": N_("What points are called"), "upto": N_("Up to"),
    "value": N_("Value"), "version": N_("Version"), "waiver": N_("Free of charge"), "when": N_("Conditions"),
    "at_least": N_("At least"), "available": N_("Can be used"), "brands": N_("Brands"), "counts": N_("Counted"),
    "days": N_("Days"), "double_benefits": N_("Beside other benefits"), "event": N_("Event"), "every": N_("Each"),
    "each": N_("How often"), "staying": N_("A gift for staying on it"),
    "first_day": N_("First day"), "joining_waiver": N_("Free of charge"), "kinds": N_("Kinds"),
    "last_day": N_("Last day"), "late": N_("What comes late"), "milestones": N_("Milestones"), "months": N_("Months"),
    "most_per_month": N_("At most in a month"), "occasion": N_("Occasion"), "once": N_("How often"),
    "paid_on": N_("Paid on"), "per_unit": N_("For each piece, litre or kilogram"), "price_lists": N_("Price lists"),
    "private_only": N_("Only private people"), "products": N_("Products"), "groups": N_("Product groups"),
    "regular_price_only": N_("Only goods at their regular price"), "returned": N_("Where the purchase comes back"),
    "returns": N_("Returns"), "rule": N_("Rule"), "starts_month": N_("First month"),
    "without_days": N_("Not on these days"),
    "without_groups": N_("Not these product groups"), "without_products": N_("Not these products"),
    "without_brands": N_("Not these brands"), "without_departments": N_("Not these departments"),
    "match": "", "scale": N_("The account counts in"), "slots": N_("What belongs to it"), "product": N_("Product"),
    "weight": N_("Weight"), "receipt_message": N_("Printed on the receipt"), "till_message": N_("Shown to the cashier"),
    "least_minor": N_("From a purchase of"), "where": N_("Conditions"), "window": N_("When it counts"),
    "not": N_("None of these"),
    "approval": N_("With approval"), "parameters": N_("Settings"), "forecast": N_("Forecast"), "offers": N_("Offers"),
}  # fmt: skip
"""What a part is called that no form asks as a field of its own."""
_ONE_OF = {**dict(spans.PERIODS), **dict(spans.WINDOWS)}
_WORDS: dict[str, Mapping[str, str]] = {
    "counts": dict((*programmes.COUNTED, programmes.BALANCE)),
    "every": {**_ONE_OF, "declared": N_("When it is declared")},
    "measure": dict((*programmes.COUNTED, programmes.BALANCE)),
    "occasion": {name: kind.label for name, kind in programmes.OCCASIONS.items()},
    "event": {name: kind.label for name, kind in programmes.EVENTS.items()},
    "once": dict(programmes.ONCE.options),
    "returned": dict(programmes.RETURNED.options),
    "scope": {"chain": N_("Whole chain"), "store": N_("Own store"), "club": N_("Some clubs"), "self": N_("Own work")},
    "kind": {
        **{
            name: kind.label
            for kinds in (programmes.GIFTS, programmes.REWARDS, programmes.EARNING)
            for name, kind in kinds.items()
        },
        **dict((*spans.TERMS, *spans.EXPIRY, ("service", programmes.SERVICE.label))),
        **CONDITION_NAMES,
        **REWARD_NAMES,
        "discount": N_("A discount"),
    },
    "match": {"all": N_("All of these"), "any": N_("Any of these")},
}


class Change(BaseModel):
    """One part, before and after; None where there was or is nothing. `field` is its place in what was kept."""

    field: str
    before: Any
    after: Any
    label: str | None = Field(exclude=True)
    """What it is called, for the reader; None where the page's own words are to be taken."""
    was: str | None = Field(exclude=True)
    """The value before, in words, where it has any."""
    became: str | None = Field(exclude=True)

    @property
    def name(self) -> str:
        """The last step of its place, by which a page knows amounts and shares."""
        return next((step for step in reversed(self.field.replace("[", ".").split(".")) if not step.endswith("]")), "")


def changes_of(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[Change]:
    """The parts that differ, in the order in which they are kept."""
    old, new = _leaves(before), _leaves(after)
    words = _Words(before, after)
    made: list[Change] = []
    for place in {**old, **new}:
        was, became = old.get(place), new.get(place)
        # What isn't nested is told even where it stayed: it says what the change is about.
        if (was == became and len(place) > 1) or (was in _NOTHING and became in _NOTHING):
            continue
        made.append(
            Change(
                field=_written(place),
                before=was,
                after=became,
                label=words.label(place),
                was=words.value(place, was, new=False),
                became=words.value(place, became, new=True),
            )
        )
    return made


def spelled(change: Change, labels: Mapping[str, str], zone: str) -> tuple[str, lists.Cell, lists.Cell]:
    """What a page says of a change, for a file: its name, and the values before and after; nothing is an empty cell.

    Numbers stay numbers, amounts are in whole units of money.
    """
    ui = ENVIRONMENT.globals["ui"]

    def cell(value: Any, said: str | None) -> lists.Cell:
        if said or value in (None, "", [], {}):
            return said
        if type(value) is int and not change.name.endswith("_bp"):
            return Decimal(value).scaleb(-2) if change.name.endswith("_minor") else value
        return ui.kept(value, change.name, zone).striptags()

    name = change.label or ui.field_kept(change.field, labels).striptags()
    return name, cell(change.before, change.was), cell(change.after, change.became)


def _leaves(kept: Mapping[str, Any]) -> Leaves:
    made: Leaves = {}

    def go(value: Any, place: tuple[Step, ...]) -> None:
        if isinstance(value, Mapping) and value and place[-1] not in _WHOLE:
            for name, inner in value.items():
                go(inner, (*place, str(name)))
        elif isinstance(value, list) and any(isinstance(each, Mapping | list) for each in value):
            for index, inner in enumerate(value):
                go(inner, (*place, index))
        else:
            made[place] = value

    for name, value in kept.items():
        go(value, (name,))
    return made


_WHOLE = frozenset({"condition"})
"""What is read as one sentence."""


def _written(place: tuple[Step, ...]) -> str:
    return "".join(f"[{step}]" if isinstance(step, int) else f".{step}" for step in place).removeprefix(".")


class _Words:
    """What the parts of one change are called."""

    def __init__(self, before: Mapping[str, Any], after: Mapping[str, Any]) -> None:
        self._sides = dict(before), dict(after)
        self._asked = [_asked_of(side.get("document")) for side in self._sides]

    def label(self, place: tuple[Step, ...]) -> str | None:
        """The names of the parts on the way, the outermost first; None for what the page's words are for."""
        known = _PARTS.keys() | _ACTIONS.keys()
        if len(place) == 1 and known.isdisjoint(place):
            return None
        steps = [_step(step) for step in place if isinstance(step, str)]
        last = self._field(place)
        if last is not None:
            steps[-1] = last
        numbered = _numbered(place, steps, self._sides)
        return " · ".join(dict.fromkeys(step for step in numbered if step))

    def _field(self, place: tuple[Step, ...]) -> str | None:
        first, inner, path = place[0], place[1:], _written(place)
        for side, asked in zip(self._sides, self._asked, strict=True):
            if first == "document":  # a club's rules
                told = asked.get(_written(inner))
                if told is not None:
                    return translate(told[0])
                continue
            label = label_of(path, side) if inner and first in _OF_OFFERS else path
            if label != path:
                return label
        return None

    def value(self, place: tuple[Step, ...], value: Any, *, new: bool) -> str | None:
        """A value in words; None where it has none of its own."""
        name = next((step for step in reversed(place) if isinstance(step, str)), "")
        if isinstance(value, Mapping) and name in _WHOLE:
            return _sentence(value)
        if not isinstance(value, str):
            return None
        if name == "job" and value in JOBS:
            return translate(JOBS[value].title)
        first, inner = place[0], place[1:]
        told = self._asked[new].get(_written(inner)) if first == "document" else None
        word = dict(told[1]).get(value) if told is not None else None
        if word is None and first in _OF_OFFERS and inner:
            said = value_of(_written(place), self._sides[new])
            if said != value:
                return said
        word = word or _WORDS.get(name, {}).get(value)
        return translate(word) if word else _day(value)


_NOTHING: tuple[Any, ...] = (None, {}, [])
_OF_OFFERS = frozenset({"rewards", "when", "limits", "combination", "activation"})
_ACTIONS = {each.value: each.sentence for each in Permission}


def _step(name: str) -> str:
    if name in LANGUAGES:
        return LANGUAGES[name]
    if name in _ACTIONS:
        return translate(_ACTIONS[name]).rstrip(".")
    known = _PARTS.get(name, name.replace("_", " "))
    return translate(known) if known else ""


def _numbered(place: tuple[Step, ...], steps: list[str], sides: tuple[dict[str, Any], ...]) -> list[str]:
    """The names with the number of the one in a list that has several."""
    made, at = list(steps), -1
    for index, step in enumerate(place):
        if isinstance(step, str):
            at += 1
        elif any(isinstance(held := _at(side, place[:index]), list) and len(held) > 1 for side in sides):
            made[at] = f"{made[at]} {step + 1}"
    return made


def _at(kept: Any, place: tuple[Step, ...]) -> Any:
    for step in place:
        if isinstance(kept, Mapping):
            kept = kept.get(step)
        elif isinstance(kept, list) and isinstance(step, int) and step < len(kept):
            kept = kept[step]
        else:
            return None
    return kept


def _asked_of(document: Any) -> dict[str, tuple[str, tuple[tuple[str, str], ...]]]:
    """The fields of a club's rules by their places: what each is called, and what its answers are."""
    if not isinstance(document, Mapping):
        return {}
    asks = (ask for section in layout(dict(document)) for block in section.blocks for ask in block.asks)
    return {ask.name: (ask.label, ask.options) for ask in asks}


def _sentence(condition: Mapping[str, Any]) -> str | None:
    try:
        return say(sentence(read_condition(dict(condition), REGISTRY, kept=True), ""))
    except Invalid:  # it asks for what there is no more
        return None


def _day(value: str) -> str | None:
    try:
        return date_text(dt.date.fromisoformat(value)) if len(value) == 10 else None
    except ValueError:
        return None
