"""A segment's definition, as JSON says it, as a tree; or what is wrong with it, by place and in words. Pure."""

import datetime as dt
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from typing import Any, cast

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.fields import ORDER, SAME, Field, Kind, Op, Registry
from erp_club.kernel.text import T, Text
from erp_club.segments import tree
from erp_club.segments.tree import Condition, MetricName, OfKey, Single, Value

MOST = 10**15
LONGEST = 500
_GROUPS = ("all", "any", "not")
_METRIC_OPS = SAME | ORDER | {Op.IS_NULL}
_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


@dataclass(frozen=True, slots=True)
class Definition:
    """A segment by its name, and who is in it."""

    name: str
    where: Condition


def read_definition(document: Any, registry: Registry) -> Definition:
    """`{"name": …, "where": CONDITION}` as a tree. Raises Invalid with every fault, each with its place."""
    _refuse_unstorable(document, "")
    reader = _Reader(registry)
    if not isinstance(document, dict):
        raise Invalid([FieldError("", T("A segment is an object with name and where."))])
    said = cast("dict[str, Any]", document)
    reader.only(said, "", "name", "where")
    name = said.get("name", "")
    if not isinstance(name, str):
        reader.fault("name", T("A text is needed here."))
    if "where" not in said:
        reader.fault("where", T("This field is required."))
    where = reader.condition(said["where"], "where", 1) if "where" in said else tree.All(())
    reader.refuse()
    return Definition(str(name), where)


def read_condition(document: Any, registry: Registry, *, path: str = "where", kept: bool = False) -> Condition:
    """A condition as a tree. Raises Invalid with every fault, each with its place below `path`.

    `kept`: it was taken once, or is being put together: then it may ask what nobody or everybody answers to.
    """
    _refuse_unstorable(document, path)
    reader = _Reader(registry, kept=kept)
    condition = reader.condition(document, path, 1)
    reader.refuse()
    return condition


_NOTHING = tree.All(())
_UNSTORABLE = re.compile("[\x00\ud800-\udfff]")


def _refuse_unstorable(document: Any, path: str) -> None:
    """Raises Invalid at the texts that no table can hold, before any fault would repeat them to the reader.

    What lies deeper than a condition can be isn't looked at: that is refused for its depth.
    """
    found: list[FieldError] = []
    waiting: list[tuple[Any, str, int]] = [(document, path, 0)]
    while waiting and len(found) < MOST_FAULTS:
        value, place, depth = waiting.pop()
        if isinstance(value, str) and _UNSTORABLE.search(value):
            found.append(FieldError(place, T("This has characters that can't be stored.")))
        elif isinstance(value, dict):
            said = cast("dict[str, Any]", value)
            if any(_UNSTORABLE.search(name) for name in said):
                found.append(FieldError(place, T("This has characters that can't be stored.")))
            elif depth < _DEEPEST:
                waiting += [(said[name], f"{place}.{name}" if place else name, depth + 1) for name in reversed(said)]
        elif isinstance(value, list) and depth < _DEEPEST:
            items = list(enumerate(cast("list[Any]", value)))
            waiting += [(item, f"{place}[{index}]", depth + 1) for index, item in reversed(items)]
    if found:
        raise Invalid(found)


MOST_FAULTS = 50
_DEEPEST = 3 * tree.MOST_DEEP
"""A condition is an object, its list, and an item of that; a leaf holds three levels more."""


class _Reader:
    """Reads on after a fault, so that all of them are told at once."""

    def __init__(self, registry: Registry, *, kept: bool = False) -> None:
        self._registry = registry
        self._kept = kept
        self._faults: list[FieldError] = []
        self._leaves = 0

    def fault(self, path: str, text: Text) -> None:
        self._faults.append(FieldError(path, text))

    def refuse(self) -> None:
        if self._faults:
            raise Invalid(self._faults[:MOST_FAULTS])

    def only(self, said: Mapping[str, Any], path: str, *known: str) -> None:
        for key in said:
            if key not in known:
                self.fault(f"{path}.{key}" if path else key, T("Nothing is known by the name %(name)s here.", name=key))

    def condition(self, said: Any, path: str, depth: int) -> Condition:
        if depth > tree.MOST_DEEP:
            self.fault(path, T("Conditions stand in each other at most %(most)s deep.", most=tree.MOST_DEEP))
            return _NOTHING
        if not isinstance(said, dict):
            self.fault(path, T("A condition is an object with all, any, not, metric or field."))
            return _NOTHING
        given = cast("dict[str, Any]", said)
        kinds = [name for name in (*_GROUPS, "metric", "field") if name in given]
        if len(kinds) != 1:
            self.fault(path, T("A condition has exactly one of all, any, not, metric and field."))
            return _NOTHING
        match kinds[0]:
            case "not":
                self.only(given, path, "not")
                return tree.Not(self.condition(given["not"], f"{path}.not", depth + 1))
            case "all" | "any" as kind:
                self.only(given, path, kind)
                parts = self._parts(given[kind], f"{path}.{kind}", depth)
                # Of nothing all hold: at the top that is everybody, deeper inside a group that was forgotten.
                if given[kind] == [] and not self._kept and (kind == "any" or depth > 1):
                    self.fault(f"{path}.{kind}", T("There is no condition in this group. Add one, or take it out."))
                return tree.All(parts) if kind == "all" else tree.AnyOf(parts)
            case kind:
                return self._leaf(given, kind, path)

    def _parts(self, said: Any, path: str, depth: int) -> tuple[Condition, ...]:
        if not isinstance(said, list):
            self.fault(path, T("A list is needed here."))
            return ()
        parts: list[Condition] = []
        for index, part in enumerate(cast("list[Any]", said)):
            if self._leaves > tree.MOST_LEAVES:
                break
            parts.append(self.condition(part, f"{path}[{index}]", depth + 1))
        return tuple(parts)

    def _leaf(self, given: Mapping[str, Any], kind: str, path: str) -> Condition:
        self._leaves += 1
        if self._leaves > tree.MOST_LEAVES:
            self.fault(path, T("A segment has at most %(most)s conditions.", most=tree.MOST_LEAVES))
            return _NOTHING
        return self._metric(given, path) if kind == "metric" else self._field(given, path)

    def _metric(self, given: Mapping[str, Any], path: str) -> Condition:
        self.only(given, path, "metric", "of", "over", "op", "value")
        name = given["metric"]
        if not isinstance(name, str) or name not in set(MetricName):
            self.fault(f"{path}.metric", T("There is no figure by this name. There are: %(names)s.",
                                           names=", ".join(MetricName)))  # fmt: skip
            return _NOTHING
        of = self._of(given.get("of"), f"{path}.of")
        over = self._period(given.get("over"), f"{path}.over")
        op = self._op(given, path, _METRIC_OPS)
        value = self._value(given, path, op, self._number)
        return tree.MetricIs(MetricName(name), of, over, op or Op.EQ, value, place=path)

    def _of(self, said: Any, path: str) -> tree.Of:
        if said is None:
            return ()
        if not isinstance(said, dict):
            self.fault(path, T("An object is needed here."))
            return ()
        found: list[tuple[OfKey, tuple[str, ...]]] = []
        for key, values in cast("dict[str, Any]", said).items():
            if key not in set(OfKey):
                self.fault(f"{path}.{key}", T("Nothing is known by the name %(name)s here.", name=key))
                continue
            read = self._list(values, f"{path}.{key}", self._text)
            found.append((OfKey(key), tuple(str(each) for each in read)))
        return tuple(sorted(found))

    def _period(self, said: Any, path: str) -> tree.Period | None:
        if said is None:
            return None
        given = cast("dict[str, Any]", said) if isinstance(said, dict) else {}
        match sorted(given):
            case ["last_days"]:
                days = given["last_days"]
                if isinstance(days, int) and not isinstance(days, bool) and 1 <= days <= tree.MOST_DAYS:
                    return tree.LastDays(days)
                self.fault(f"{path}.last_days", T("Enter a whole number of days from 1 to %(most)s.",
                                                  most=tree.MOST_DAYS))  # fmt: skip
            case ["calendar"]:
                name = given["calendar"]
                if isinstance(name, str) and name in set(tree.Calendar):
                    return tree.Calendar(name)
                self.fault(f"{path}.calendar", T("Choose one of these: %(names)s.", names=", ".join(tree.Calendar)))
            case ["from", "to"]:
                first, last = (self._date(given[key], f"{path}.{key}") for key in ("from", "to"))
                if first is not None and last is not None:
                    if first <= last:
                        return tree.Between(first, last)
                    self.fault(path, T("This period ends before it starts."))
            case _:
                self.fault(path, T("A period has last_days, or from and to, or calendar."))
        return None

    def _field(self, given: Mapping[str, Any], path: str) -> Condition:
        name = given["field"]
        if name == "segment":
            return self._segment(given, path)
        found = self._registry.find(name) if isinstance(name, str) else ()
        if not found:
            self.fault(f"{path}.field", T("There is no field by the name %(name)s.", name=str(name)[:100]))
            return _NOTHING
        self.only(given, path, "field", "op", "value", *(("club",) if found[0].by_club else ()))
        club = given.get("club")
        if club is not None and not (isinstance(club, str) and club):
            self.fault(f"{path}.club", T("A text is needed here."))
            club = None
        field = _of_value(found, None if given.get("op") == Op.IS_NULL else given.get("value"))
        op = self._op(given, path, field.ops)
        value = self._value(given, path, op, lambda said, where: self._of_field(field, said, where))
        return tree.FieldIs(cast("str", name), field, club, op or Op.EQ, value, place=path)

    def _segment(self, given: Mapping[str, Any], path: str) -> Condition:
        self.only(given, path, "field", "op", "value")
        op = self._op(given, path, SAME)
        value = self._value(given, path, op, self._text)
        names = value if isinstance(value, tuple) else (value,)
        return tree.InSegment(op or Op.EQ, tuple(str(name) for name in names), place=f"{path}.value")

    def _op(self, given: Mapping[str, Any], path: str, known: frozenset[Op]) -> Op | None:
        said = given.get("op")
        if isinstance(said, str) and said in known:
            return Op(said)
        listed = ", ".join(op for op in Op if op in known)
        self.fault(f"{path}.op", T("Choose one of these: %(names)s.", names=listed))
        return None

    def _value(self, given: Mapping[str, Any], path: str, op: Op | None, one: "_One") -> Value:
        where = f"{path}.value"
        if op is None:
            return False
        if op is Op.IS_NULL:
            said = given.get("value", True)
            if not isinstance(said, bool):
                self.fault(where, T("Enter true or false."))
            return bool(said)
        if "value" not in given:
            self.fault(where, T("This field is required."))
            return False
        if op in {Op.IN, Op.NOT_IN}:
            return tuple(self._list(given["value"], where, one))
        if op is Op.BETWEEN:
            return self._ends(given["value"], where, one)
        found = one(given["value"], where)
        return False if found is None else found

    def _ends(self, said: Any, path: str, one: "_One") -> Value:
        if not isinstance(said, list) or len(cast("list[Any]", said)) != 2:
            self.fault(path, T("Give two values: the first and the last."))
            return False
        ends = self._list(said, path, one)
        if len(ends) == 2 and cast("Any", ends[0]) > cast("Any", ends[1]):
            self.fault(path, T("The second value is below the first one."))
        return tuple(ends)

    def _list(self, said: Any, path: str, one: "_One") -> list[Single]:
        if not isinstance(said, list):
            self.fault(path, T("A list is needed here."))
            return []
        values = cast("list[Any]", said)
        if not values or len(values) > tree.MOST_VALUES:
            self.fault(path, T("Give 1 to %(most)s values, not %(given)s.", most=tree.MOST_VALUES, given=len(values)))
            return []
        read = [one(value, f"{path}[{index}]") for index, value in enumerate(values)]
        return [value for value in read if value is not None]

    def _of_field(self, field: Field, said: Any, path: str) -> Single | None:
        match field.kind:
            case Kind.NUMBER:
                return self._within(said, path, field.least, field.most)
            case Kind.DATE:
                return self._date(said, path)
            case Kind.YES_NO:
                if isinstance(said, bool):
                    return said
                self.fault(path, T("Enter true or false."))
                return None
            case Kind.TEXT:
                found = self._text(said, path)
        known = [choice.value for choice in field.choices]
        if found is not None and known and found not in known:
            self.fault(path, T("Choose one of these: %(names)s.", names=", ".join(known)))
            return None
        return found

    def _within(self, said: Any, path: str, least: int | None, most: int | None) -> Single | None:
        found = self._number(said, path)
        if found is None or self._kept:
            return found
        number = cast("int | Decimal", found)
        if least is not None and most is not None and not (least <= number <= most and number == int(number)):
            self.fault(path, T("Enter a whole number from %(least)s to %(most)s.", least=least, most=most))
            return None
        if least is not None and number < least:
            self.fault(path, T("This is never below %(least)s.", least=least))
            return None
        return found

    def _number(self, said: Any, path: str) -> Single | None:
        if isinstance(said, (int, float, Decimal)) and not isinstance(said, bool):
            try:
                found = said if isinstance(said, int) else Decimal(str(said))
            except InvalidOperation:  # pragma: no cover - str of a float is always a number
                found = Decimal("NaN")
            if isinstance(found, int) or found.is_finite():
                if abs(found) <= MOST:
                    return found
                self.fault(path, T("This number is too large."))
                return None
        self.fault(path, T("A number is needed here."))
        return None

    def _date(self, said: Any, path: str) -> dt.date | None:
        if isinstance(said, str) and _DATE.fullmatch(said):
            try:
                return dt.date.fromisoformat(said)
            except ValueError:
                self.fault(path, T("There is no such day. Check the day and the month."))
                return None
        self.fault(path, T("Enter a date as 2026-11-22."))
        return None

    def _text(self, said: Any, path: str) -> str | None:
        if isinstance(said, int) and not isinstance(said, bool):  # a store's or product's code, written as a number
            return str(said)
        if isinstance(said, str) and said and len(said) <= LONGEST:
            return said
        too_long = isinstance(said, str) and len(said) > LONGEST
        self.fault(path, T("This is too long.") if too_long else T("A text is needed here."))
        return None


_One = Callable[[Any, str], Single | None]


def _of_value(fields: Sequence[Field], said: Any) -> Field:
    """Of several types by one name, the one that the value has; else the first, which then says what it needs."""
    values = cast("list[Any]", said) if isinstance(said, list) else [said]
    value = values[0] if values else None
    kinds = {
        Kind.YES_NO: isinstance(value, bool),
        Kind.NUMBER: isinstance(value, (int, float, Decimal)) and not isinstance(value, bool),
        Kind.TEXT: isinstance(value, str),
        Kind.DATE: False,
    }
    return next((field for field in fields if kinds[field.kind]), fields[0])
