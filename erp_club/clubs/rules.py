"""A club's rules about points as they are kept, read into facts. Pure."""

import dataclasses
import datetime as dt
import functools
from dataclasses import dataclass
from typing import Any

from pydantic import ConfigDict, TypeAdapter, with_config

from erp_club.points.rules import (
    AS_USUAL,
    DROPPED,
    KEPT,
    NEVER,
    Expiry,
    FatePolicy,
    PointsRules,
    Redemption,
    ReturnPolicy,
    Terms,
    whole_step,
)

FIRST_DAY = dt.date(1900, 1, 1)
"""From when a club's first rules hold: purchases from before the club was set up are earned under them too."""
STRICT = ConfigDict(extra="forbid")


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class EarnedTerms:
    """What points carry along; the fields are those of `points.rules.Terms`."""

    available_after_days: int = 0
    waits_for: str | None = None
    expiry: Expiry = NEVER
    by_level: tuple[tuple[str, Expiry], ...] = ()


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class Paying:
    """How points pay; the fields are those of `points.rules.Redemption`, but what a point is worth says the club.

    Without `step`: the fewest points that are worth whole minor units.
    """

    step: int | None = None
    min_points: int = 1
    min_balance: int = 0
    max_points: int | None = None
    max_share_bp: int = 10_000
    max_points_a_day: int | None = None
    whole_items: bool = False
    reduced: bool = True
    taxed: bool = False
    excluded_groups: frozenset[str] = frozenset()
    excluded_skus: frozenset[str] = frozenset()


@with_config(STRICT)
@dataclass(frozen=True, slots=True)
class RulesDocument:
    """All that the rules say of points. `paying` is None where points don't pay."""

    terms: EarnedTerms = EarnedTerms()
    paying: Paying | None = Paying()
    returns: ReturnPolicy = AS_USUAL
    lapsed: FatePolicy = KEPT
    ended: FatePolicy = DROPPED
    programme: dict[str, Any] | None = None
    """What earns, of the club's programme, where a sale earns by that; read by `purchases.plans`."""


DOCUMENT = TypeAdapter(RulesDocument)


def document_json(document: RulesDocument) -> dict[str, Any]:
    """The document as it is kept: what differs from the product's own rules, so that these may still be settled."""
    return DOCUMENT.dump_python(document, mode="json", exclude_defaults=True)


@functools.lru_cache(maxsize=1024)
def points_rules(version: int, document: str, worth_points: int, worth_minor: int) -> PointsRules:
    """The facts of one version, from its document as JSON text and what the club's points are worth.

    Raises pydantic's ValidationError for a document that says anything else.
    """
    read = DOCUMENT.validate_json(document)
    terms = Terms(
        version, read.terms.available_after_days, read.terms.waits_for, read.terms.expiry, read.terms.by_level
    )
    return PointsRules(
        terms, _redemption(read.paying, worth_points, worth_minor), read.returns, read.lapsed, read.ended
    )


def _redemption(paying: Paying | None, worth_points: int, worth_minor: int) -> Redemption | None:
    """None also where points are worth nothing."""
    if paying is None or not worth_minor:
        return None
    said = {field.name: getattr(paying, field.name) for field in dataclasses.fields(paying)}
    said["step"] = paying.step or whole_step(worth_points, worth_minor)
    return Redemption(worth_points, worth_minor, **said)
