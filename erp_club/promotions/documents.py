"""An offer as a document: how it is written down, what it names, and whether it may be published. Pure."""

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, cast

from erp_club.catalogue.kinds import ProductKind
from erp_club.kernel.errors import FieldError
from erp_club.kernel.schemas import described
from erp_club.kernel.text import N_, T, Text
from erp_club.promotions.engine.conditions import Confirmed
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.engine.rewards import (
    Amount,
    BuyGet,
    Delivery,
    Gift,
    NextCoupon,
    Percent,
    Points,
    Prize,
    Surprise,
)
from erp_club.promotions.engine.scope import Part


class Thing(StrEnum):
    """What a document may name."""

    PRODUCT = "product"
    GROUP = "group"
    DEPARTMENT = "department"
    BRAND = "brand"
    STORE = "store"
    CLUB = "club"
    BATCH = "batch"
    SEGMENT = "segment"


@dataclass(frozen=True, slots=True)
class Named:
    """Something that a document names: `path` is where, e.g. `rewards[0].on.products[2]`."""

    path: str
    thing: Thing
    key: str


THINGS = {
    "products": Thing.PRODUCT, "without_products": Thing.PRODUCT, "product": Thing.PRODUCT, "groups": Thing.GROUP,
    "without_groups": Thing.GROUP, "departments": Thing.DEPARTMENT, "without_departments": Thing.DEPARTMENT,
    "brands": Thing.BRAND, "without_brands": Thing.BRAND, "stores": Thing.STORE, "clubs": Thing.CLUB,
    "club": Thing.CLUB, "member_of": Thing.CLUB, "of_club": Thing.CLUB, "batch": Thing.BATCH, "segments": Thing.SEGMENT,
}  # fmt: skip
"""By the name of the field: SKUs, names of groups and segments, codes of stores, clubs and batches."""
_UNKNOWN = {
    Thing.PRODUCT: N_("No product has the code %(key)s."),
    Thing.GROUP: N_("There is no group %(key)s."),
    Thing.DEPARTMENT: N_("There is no department %(key)s."),
    Thing.BRAND: N_("There is no brand %(key)s."),
    Thing.STORE: N_("No store has the code %(key)s."),
    Thing.CLUB: N_("No club has the code %(key)s."),
    Thing.BATCH: N_("No coupon batch has the code %(key)s."),
    Thing.SEGMENT: N_("There is no segment %(key)s."),
}


def whole(offer: Offer) -> dict[str, Any]:
    """The document as it is kept: everything said, so that another default of tomorrow changes nothing of it."""
    return offer.model_dump(mode="json", by_alias=True, exclude_none=True)


def short(part: Part) -> dict[str, Any]:
    """The document as people read and write it: what has its usual value is left out."""
    made: dict[str, Any] = {}
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        if name == "kind" or field.is_required() or value != field.get_default(call_default_factory=True):
            made[field.alias or name] = _plain(value)
    return made


def _plain(value: Any) -> Any:
    if isinstance(value, Part):
        return short(value)
    if isinstance(value, tuple):
        return [_plain(each) for each in cast("tuple[Any, ...]", value)]
    if isinstance(value, StrEnum):
        return value.value
    return value.isoformat() if isinstance(value, dt.date | dt.time) else value


def schema() -> dict[str, Any]:
    """The JSON schema of an offer (2020-12)."""
    made = described(Offer.model_json_schema(by_alias=True), Part)
    return {"$schema": "https://json-schema.org/draft/2020-12/schema", "$id": "/schemas/offer.json", **made}


def parts(part: Part, path: str = "") -> Iterator[tuple[str, Part]]:
    """The part and all parts inside it, each with its path."""
    yield path, part
    for name, field in type(part).model_fields.items():
        value = getattr(part, name)
        step = f"{path}{'.' if path else ''}{field.alias or name}"
        if isinstance(value, Part):
            yield from parts(value, step)
        elif isinstance(value, tuple):
            for index, each in enumerate(cast("tuple[Any, ...]", value)):
                if isinstance(each, Part):
                    yield from parts(each, f"{step}[{index}]")


def named(offer: Offer) -> Iterator[Named]:
    """All that the offer names, in the order of the document."""
    for path, part in parts(offer):
        for name, thing in THINGS.items():
            value = getattr(part, name, None)
            step = f"{path}{'.' if path else ''}{name}"
            if isinstance(value, str):
                yield Named(step, thing, value)
            elif isinstance(value, tuple):
                keys = enumerate(cast("tuple[str, ...]", value))
                yield from (Named(f"{step}[{index}]", thing, key) for index, key in keys)


def unknown(name: Named) -> FieldError:
    """That nothing of this name exists."""
    return FieldError(name.path, Text(_UNKNOWN[name.thing], {"key": name.key}))


def faults(offer: Offer, *, language: str, today: dt.date) -> list[FieldError]:
    """Why the offer can't be published, by field, as far as its document tells; `language` is the chain's."""
    about_it = (*_date_faults(offer, today), *_text_faults(offer, language), *_kind_faults(offer))
    return [*about_it, *_start_faults(offer), *_value_faults(offer), *_budget_faults(offer)]


def _date_faults(offer: Offer, today: dt.date) -> Iterator[FieldError]:
    first, last = offer.first_day, offer.last_day
    if first is not None and last is not None and last < first:
        yield FieldError("last_day", T("The last day is before the first one."))
    elif last is not None and last < today:
        yield FieldError("last_day", T("This day is over. Choose a later one, or leave the offer without end."))


def _text_faults(offer: Offer, language: str) -> Iterator[FieldError]:
    def missing(texts: Mapping[Any, str], path: str) -> Iterator[FieldError]:
        if not texts.get(language, "").strip():
            yield FieldError(f"{path}.{language}", T("Enter this text in the chain's language."))

    for path, part in parts(offer):
        if isinstance(part, Offer):
            yield from missing(part.names, "names")
            for name in ("receipt_message", "till_message"):
                texts: Mapping[Any, str] = getattr(part, name)
                if any(text.strip() for text in texts.values()):
                    yield from missing(texts, name)
        elif isinstance(part, Confirmed):
            yield from missing(part.question, f"{path}.question")


def _kind_faults(offer: Offer) -> Iterator[FieldError]:
    known = {kind.value for kind in ProductKind}
    for path, part in parts(offer):
        kinds: tuple[str, ...] = getattr(part, "kinds", ())
        for index, kind in enumerate(kinds):
            if kind not in known:
                yield FieldError(f"{path}.kinds[{index}]", T("There is no kind of product %(key)s.", key=kind))


def _start_faults(offer: Offer) -> Iterator[FieldError]:
    """Points are never taken unasked."""
    if offer.activation.points and offer.activation.by is Start.AUTO:
        yield FieldError(
            "activation.by",
            T("It costs points, so somebody has to choose it: let the cashier, a code or a coupon start it."),
        )


def lacks_a_value(offer: Offer) -> bool:
    """Whether a part gives nothing, since its value isn't there yet."""
    return any(_empty(part) for _, part in parts(offer))


def _value_faults(offer: Offer) -> Iterator[FieldError]:
    """A part that gives nothing: its value was forgotten."""
    for path, part in parts(offer):
        field = _empty(part)
        if field is not None:
            yield FieldError(f"{path}.{field}", T("This gives nothing. Say how much."))


def _empty(part: Part) -> str | None:
    """The field whose value is missing from a reward that gives nothing without it."""
    match part:
        case Percent() | Amount():
            field = "value_bp" if isinstance(part, Percent) else "value_minor"
            gives = getattr(part, field) or any(step.value for step in part.steps)
            return None if gives or (isinstance(part, Amount) and part.first_minor) else field
        case BuyGet():
            return None if part.off_bp else "off_bp"
        case Points():
            return None if part.bonus or part.multiplier_bp is not None else "multiplier_bp"
        case Prize():
            return None if part.off_minor or part.off_bp or part.product is not None else "off_minor"
        case _:
            return None


def _budget_faults(offer: Offer) -> Iterator[FieldError]:
    """A budget counts what is taken off: beside gifts, points and coupons alone it would never run out."""
    if any(takes_off(reward) for reward in offer.rewards):
        return
    for name in ("budget_minor", "member_month_minor", "shared_month_minor"):
        if getattr(offer.limits, name) is not None:
            fault = T("This offer takes nothing off a basket, so a budget would never run out. Limit its uses instead.")
            yield FieldError(f"limits.{name}", fault)


def takes_off(reward: Part) -> bool:
    """Whether the part can take money off what is in the basket."""
    if isinstance(reward, Gift):
        return reward.delivery is not Delivery.ADDED
    if isinstance(reward, Surprise):
        return any(prize.product is None for prize in reward.prizes)
    return not isinstance(reward, NextCoupon | Points)
