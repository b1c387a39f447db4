"""A JSON document as an offer, or what is wrong with it, by field and in words."""

import json
from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import N_, T
from erp_club.promotions.engine.offer import Offer
from web.messages import MESSAGES, words_of

DEEPEST = 12
"""How deep objects and lists may stand in each other: more than anybody's conditions need."""
_MESSAGES: Mapping[str, str] = MESSAGES | {
    "code_with_start": N_("A code goes with the start by code, and only with it."),
    "batch_with_start": N_("A coupon batch goes with the start by coupon, and only with it."),
    "free_above_size": N_("There can't be more free units than units in the group."),
    "shared_with_every": N_("One coupon for each so much goes with giving once for each so much, and only with it."),
    "shared_as": N_("The amount that offers share in a month goes with the name that they share."),
    "of_club": N_("A club goes with uses in its year or term of membership, and only with them."),
    "passes_over": N_("This goes with what comes on top of other offers, or competes for the whole basket."),
    "one_of_three": N_("Give exactly one of these: a price, a percentage or an amount."),
    "condition_unknown": N_("This is no condition."),
    "union_tag_invalid": N_("There is no such kind of reward."),
    "union_tag_not_found": N_("Say which kind of reward this is."),
    "time_parsing": N_("Enter a time as 18:30."),
    "time_type": N_("Enter a time as 18:30."),
    "time_with_offset": N_("Enter a time as 18:30."),
    "dict_type": N_("An object is needed here."),
    "model_type": N_("An object is needed here."),
    "model_attributes_type": N_("An object is needed here."),
    "tuple_type": N_("A list is needed here."),
}
_AT = {"code_with_start": "code", "batch_with_start": "batch", "free_above_size": "free", "one_of_three": "price_minor",
       "shared_as": "shared_as", "of_club": "of_club", "passes_over": "untouched"}  # fmt: skip
"""Faults of several fields together, and the one at which they are told."""
_NO_OBJECT = frozenset({"model_type", "model_attributes_type"})
_KINDS_INSIDE = frozenset({"when", "not"})
_KINDS_IN_LIST = frozenset({"all", "any", "rewards"})


def read_offer(document: Any, *, typed: bool = False) -> Offer:
    """The document as an offer; `typed` in the fields of a form, where numbers are texts.

    Raises Invalid with a fault for each field: in JSON neither `true` nor "5" is a number.
    """
    check_texts(document)
    try:
        return Offer.model_validate_json(json.dumps(document), strict=not typed)
    except ValidationError as error:
        found = error.errors(include_url=False, include_context=False)
        raise Invalid([_fault(each) for each in found if not _follows(each, found)]) from error


def _follows(error: ErrorDetails, found: list[ErrorDetails]) -> bool:
    """A list whose items are wrong is told to be too short as well."""
    loc = error["loc"]
    return error["type"] == "too_short" and any(
        each["loc"][: len(loc)] == loc and len(each["loc"]) > len(loc) for each in found
    )


def check_texts(body: Any, path: str = "") -> None:
    """Raises Invalid for texts and names of fields that no table can hold, and for what is nested beyond reason."""
    found = _unreadable(body, path, 0)
    if found:
        raise Invalid(found)


def read_text(text: str) -> Any:
    """JSON as somebody typed it, not validated yet. Raises Invalid at `document`."""
    try:
        return json.loads(text)
    except ValueError as error:
        where = error.lineno if isinstance(error, json.JSONDecodeError) else 1
        text_of = T("This isn't valid JSON. Look at line %(line)s.", line=where)
        raise Invalid([FieldError("document", text_of)]) from error
    except RecursionError:
        raise Invalid([FieldError("document", T("This is nested too deep."))]) from None


def _unreadable(value: Any, path: str, depth: int) -> list[FieldError]:
    if depth > DEEPEST:
        return [FieldError(path, T("This is nested too deep."))]
    if isinstance(value, str):
        return [FieldError(path, T("This has characters that can't be stored."))] if _is_bad(value) else []
    if isinstance(value, dict):
        if any(_is_bad(str(name)) for name in value):
            return [FieldError(path, T("This has characters that can't be stored."))]
        steps = [(f"{path}{'.' if path else ''}{name}", inner) for name, inner in value.items()]
        return [fault for step, inner in steps for fault in _unreadable(inner, step, depth + 1)]
    if isinstance(value, list):
        return [f for i, inner in enumerate(value) for f in _unreadable(inner, f"{path}[{i}]", depth + 1)]
    return []


def _is_bad(text: str) -> bool:
    return "\x00" in text or any("\ud800" <= letter <= "\udfff" for letter in text)


def _fault(error: ErrorDetails) -> FieldError:
    # What is no object at all has no field to tell it at: it was typed as JSON.
    path = path_of(error["loc"]) or ("document" if error["type"] in _NO_OBJECT else "")
    if error["type"] in _AT:
        path += f"{'.' if path else ''}{_AT[error['type']]}"
    return FieldError(path, words_of(error, _MESSAGES))


def path_of(loc: tuple[int | str, ...]) -> str:
    """Where it is in the document: pydantic also names the kind that it has taken a reward or condition for."""
    path, holder, tag_next = "", "", False
    for step in loc:
        if tag_next or step == "[key]":
            tag_next = False
            continue
        if isinstance(step, int):
            path += f"[{step}]"
            tag_next = holder in _KINDS_IN_LIST
        else:
            path += f"{'.' if path else ''}{step}"
            tag_next = step in _KINDS_INSIDE
        holder = step if isinstance(step, str) else ""
    return path
