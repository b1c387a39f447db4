"""Where a value can be put: every parameter and every field of every operation that the API's description names."""

import copy
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from tests.corpus.harmless import GUESSES

UNKNOWN = "zq7_unknown"
"""A field that no body has."""
_MISSING = object()


@dataclass(frozen=True, eq=False)
class Operation:
    """An operation of the API's description, with a request that does no harm."""

    method: str
    path: str
    described: Mapping[str, Any]
    path_values: Mapping[str, Any]
    body: Any = None

    def __str__(self) -> str:
        return f"{self.method} {self.path}"


@dataclass(frozen=True, eq=False)
class Place:
    """A place in an operation: `where` is path, query or body, `at` the parameter, or the way into the body."""

    operation: Operation
    where: str
    at: tuple[str | int, ...]
    harmless: Any
    schema: Mapping[str, Any]

    def __str__(self) -> str:
        return f"{self.operation} {self.where} {'.'.join(map(str, self.at))}"

    def filled(self, value: Any) -> tuple[dict[str, Any], dict[str, Any], Any]:
        """The path's values, the query and the body with this value in this place."""
        path, query, body = dict(self.operation.path_values), dict[str, Any](), copy.deepcopy(self.operation.body)
        if self.where == "path":
            path[str(self.at[0])] = value
        elif self.where == "query":
            query[str(self.at[0])] = value
        else:
            body = {} if body is None else body
            inside = body
            for step in self.at[:-1]:
                inside = inside[step]
            inside[self.at[-1]] = value
        return path, query, body


class Description:
    """The API's description, with its references followed."""

    def __init__(self, document: Mapping[str, Any]) -> None:
        self.document = document

    def schema(self, said: Mapping[str, Any]) -> Mapping[str, Any]:
        """The schema itself, of several the first that isn't null."""
        while True:
            if "$ref" in said:
                said = self.document["components"]["schemas"][said["$ref"].rpartition("/")[2]]
            elif "anyOf" in said:
                said = next((each for each in said["anyOf"] if each.get("type") != "null"), {})
            else:
                return said

    def body(self, described: Mapping[str, Any]) -> Mapping[str, Any] | None:
        """The schema of an operation's JSON body; None where it takes none."""
        content = described.get("requestBody", {}).get("content", {})
        return self.schema(content["application/json"]["schema"]) if "application/json" in content else None


def suggested(schema: Mapping[str, Any]) -> Any:
    """A value that the schema allows, as plain as can be."""
    for known in ("default", "const"):
        if schema.get(known) is not None:
            return schema[known]
    for known in ("enum", "examples"):
        if schema.get(known):
            return schema[known][0]
    kind, form = schema.get("type"), schema.get("format")
    if kind == "integer":
        return int(schema.get("minimum", 1)) or 1
    by_format = {"date": "2026-11-01", "date-time": "2026-11-01T10:00:00+02:00", "time": "10:00"}
    plain = {"number": 1, "boolean": True, "array": [], "object": {}}
    return plain.get(str(kind), by_format.get(str(form), "he" if "a-z" in str(schema.get("pattern")) else "1"))


def places(description: Description, operation: Operation) -> Iterator[Place]:
    """Every place of the operation, in the order of its description."""
    for parameter in operation.described.get("parameters", []):
        if parameter["in"] in {"path", "query"}:
            schema = description.schema(parameter["schema"])
            known = operation.path_values.get(parameter["name"], _MISSING) if parameter["in"] == "path" else _MISSING
            harmless = suggested(schema) if known is _MISSING else known
            yield Place(operation, parameter["in"], (parameter["name"],), harmless, schema)
    schema = description.body(operation.described)
    if schema is None:
        return
    body = operation.body if isinstance(operation.body, dict) else {}
    yield from _inside(description, operation, schema, body, ())
    for name, each in schema.get("properties", {}).items():
        if name not in body:
            described = description.schema(each)
            harmless = GUESSES[name] if name in GUESSES else suggested(described)
            yield Place(operation, "body", (name,), harmless, described)
    yield Place(operation, "body", (UNKNOWN,), _MISSING, {})


def _inside(
    description: Description, operation: Operation, schema: Mapping[str, Any], body: Any, at: tuple[str | int, ...]
) -> Iterator[Place]:
    found = body.items() if isinstance(body, dict) else enumerate(body)
    for step, value in found:
        known = schema.get("properties", {}).get(step) if isinstance(step, str) else schema.get("items")
        described = description.schema(known or {})
        yield Place(operation, "body", (*at, step), value, described)
        if isinstance(value, (dict, list)):
            yield from _inside(description, operation, described, value, (*at, step))


def harmful_only(place: Place) -> bool:
    """Whether nothing harmless can stand there: the field is unknown."""
    return place.harmless is _MISSING
