"""What fields mean, told in the JSON schemas of documents: the sentences that stand below them in the code."""

import ast
import inspect
import textwrap
from collections.abc import Iterator
from functools import cache
from itertools import pairwise
from typing import Any

from pydantic import BaseModel


def described(schema: dict[str, Any], base: type[BaseModel]) -> dict[str, Any]:
    """The schema with a description of each field of `base`'s kinds that has one in the code.

    Read only where somebody asks for the schema: with each start of a process it would cost a third of a second.
    """
    parts: dict[str, Any] = schema.get("$defs", {})
    for kind in _kinds(base):
        whole = f"{kind.__module__}.{kind.__qualname__}".replace(".", "__")
        made = parts.get(whole) or parts.get(kind.__name__) or (schema if schema["title"] == kind.__name__ else {})
        for name, text in _meanings(kind).items():
            field = made.get("properties", {}).get(kind.model_fields[name].alias or name)
            if field is not None:
                field.setdefault("description", text)
    return schema


def _kinds(base: type[BaseModel]) -> Iterator[type[BaseModel]]:
    for kind in base.__subclasses__():
        yield kind
        yield from _kinds(kind)


@cache
def _meanings(kind: type[BaseModel]) -> dict[str, str]:
    """What stands below each field, its bases' too."""
    told: dict[str, str] = {}
    for each in reversed(kind.__mro__):
        if issubclass(each, BaseModel) and each is not BaseModel:
            (body,) = ast.parse(textwrap.dedent(inspect.getsource(each))).body
            told |= dict(_below(body)) if isinstance(body, ast.ClassDef) else {}
    return {name: text for name, text in told.items() if name in kind.model_fields}


def _below(body: ast.ClassDef) -> Iterator[tuple[str, str]]:
    for field, text in pairwise(body.body):
        match field, text:
            case ast.AnnAssign(target=ast.Name(id=name)), ast.Expr(value=ast.Constant(value=str() as said)):
                yield name, inspect.cleandoc(said)
            case _:
                pass
