"""What a route declares of itself, where the walk over all routes finds it."""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from fastapi import Depends
from fastapi.dependencies.models import Dependant

from erp_club.permissions.catalog import Permission

FRESH_FOR = dt.timedelta(minutes=5)
"""So long after somebody has shown who they are they aren't asked again."""
BIG_POINTS, BIG_MINOR = 1_000, 500_00
"""Above so many points, or minor units of the chain's currency, a change by hand is a big one."""


class Fresh(StrEnum):
    """When a route asks that the person was proven some minutes ago at most: always, or for big amounts only."""

    ALWAYS = "always"
    BIG = "big"


@dataclass(frozen=True)
class Declared:
    """What a route declares: the permission that it needs, or why `anyone` may use it.

    `keyless` says why a write takes no Idempotency-Key. `waits` is set where a secret is checked, which takes long:
    only some of those are at work at one moment. `fresh` is when it asks who somebody is once more.
    """

    permission: Permission | None = None
    anyone: str = ""
    at_till: bool = False
    keyless: str = ""
    waits: bool = False
    fresh: Fresh | None = None


def declare(dependency: Callable[..., Any], declared: Declared) -> Any:
    """Hang the declaration on the dependency, where the walk over all routes finds it."""
    dependency.declared = declared  # type: ignore[attr-defined]
    return Depends(dependency)


def declared_by(dependant: Dependant | None) -> Declared | None:
    """What a route declares, given its `dependant`; None if it declares nothing."""
    waiting = [dependant] if dependant else []
    while waiting:
        found = waiting.pop()
        declared: Declared | None = getattr(found.call, "declared", None)
        if declared is not None:
            return declared
        waiting.extend(found.dependencies)
    return None
