"""A store where a chain has too many for a list: by its code or name, with what may be meant while somebody types."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from web.fields import Storable, Unsaid

FOUND = 12
StoreName = Annotated[
    str | None, Query(max_length=100, description="A store by code or name, instead of its id"), Storable, Unsaid
]


class Store(Protocol):
    """What stores are found by."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


Each = TypeVar("Each", bound=Store)


def found(stores: Sequence[Each], typed: str) -> list[Each]:
    """Those with these letters in their code or name, those that begin so first."""
    wanted = typed.strip().casefold()
    called = [(each, (each.code.casefold(), each.name.casefold())) for each in stores]
    hits = [(each, words) for each, words in called if any(wanted in word for word in words)]
    hits.sort(key=lambda hit: not any(word.startswith(wanted) for word in hit[1]))
    return [each for each, _ in hits]


def meant(stores: Sequence[Each], typed: str, field: str) -> Each:
    """The one store of this code or name, or with this in its name. Raises Invalid at `field` for none or several."""
    wanted = typed.strip().casefold()
    likely = (
        [each for each in stores if each.code == typed.strip()]
        or [each for each in stores if each.name.casefold() == wanted]
        or found(stores, typed)
    )
    if not likely:
        said = T("No store has “%(typed)s” as its code or in its name.", typed=typed.strip())
    elif len(likely) > 1:
        named = "; ".join(f"{each.name} · {each.code}" for each in likely[:5])
        said = T("Several stores have this in their name: %(stores)s.", stores=named)
    else:
        return likely[0]
    raise Invalid([FieldError(field, said)])
