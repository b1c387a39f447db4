"""A programme as a document: how it is written down, shown short, copied, and what it names. Pure."""

import functools
import json
from collections.abc import Iterator
from importlib.resources import files
from typing import Any

from erp_club.kernel.schemas import described
from erp_club.programmes.engine.programme import Programme
from erp_club.promotions.documents import parts, short
from erp_club.promotions.engine.scope import Part

EXAMPLES = ("bagel_cafe", "oro_oro", "s_group", "shoez", "team_sportia", "waterstones")
"""Clubs as real chains run them, that come with the product."""


def whole(programme: Programme) -> dict[str, Any]:
    """The document as it is kept: everything said, so that another default of tomorrow changes nothing of it."""
    return programme.model_dump(mode="json", by_alias=True)


def brief(programme: Programme) -> dict[str, Any]:
    """The document as people read and write it: what has its usual value is left out."""
    return short(programme)


def schema() -> dict[str, Any]:
    """The JSON schema of a programme (2020-12)."""
    made = described(Programme.model_json_schema(by_alias=True), Part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "/schemas/programme.json", **made}


def every_part(programme: Programme) -> Iterator[tuple[str, Part]]:
    """The programme and all parts inside it, each with its path."""
    return parts(programme)


def example(name: str) -> Programme:
    """One of the clubs that come with the product. Raises KeyError for another name."""
    if name not in EXAMPLES:
        raise KeyError(name)
    text = (files("erp_club.programmes") / "examples" / f"{name}.json").read_text(encoding="utf-8")
    return Programme.model_validate_json(text)


def copied(programme: Programme, code: str, names: dict[str, str]) -> Programme:
    """The same rules under another code and name."""
    return Programme.model_validate({**whole(programme), "code": code, "names": names})


@functools.lru_cache(maxsize=256)
def programme_of(rules_document: str) -> Programme | None:
    """The programme that a version of a club's rules carries, from its JSON text; None where it has none."""
    said = json.loads(rules_document).get("programme") if '"programme"' in rules_document else None
    return None if said is None else Programme.model_validate(said)


def level_in(rules_document: str, kept: str | None) -> str | None:
    """The level of a membership for which this one is kept: the lowest where that isn't one of the club's (any more).

    None where the club has no levels.
    """
    programme = programme_of(rules_document)
    if programme is None or programme.levels is None:
        return None
    codes = [each.code for each in programme.levels.levels]
    return kept if kept in codes else codes[0]
