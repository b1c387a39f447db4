"""A store where a chain has too many for a list: by its code or name, with what may be meant while somebody types."""

from collections.abc import Sequence
from typing import Annotated, Protocol, TypeVar

from fastapi import Query
from pydantic import BaseModel, Field

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from web.fields import Body, Storable, Unsaid, Word

FOUND = 12
StoreName = Annotated[
    str | None, Query(max_length=100, description="A store by code or name, instead of its id"), Storable, Unsaid
]


class AtStore(Body):
    """A store by its id, or, as somebody types it, `store_name`: its code or name."""

    store_id: Annotated[int, Field(ge=0, lt=2**31)] | None = None
    store_name: Word | None = None


class Store(Protocol):
    """What stores are found by."""

    @property
    def code(self) -> str: ...

    @property
    def name(self) -> str: ...


class Numbered(Store, Protocol):
    """A store with its id."""

    @property
    def id(self) -> int: ...


class StoreChoice(BaseModel):
    """A store to choose."""

    id: int
    code: str
    name: str


Each = TypeVar("Each", bound=Store)
Said = TypeVar("Said", bound=AtStore)


def choices(stores: Sequence[Numbered]) -> list[StoreChoice]:
    """These stores to choose from."""
    return [StoreChoice(id=each.id, code=each.code, name=each.name) for each in stores]


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
        named = "; ".join(f"\u2068{each.name} · {each.code}\u2069" for each in likely[:5])
        said = T("Several stores have this in their name: %(stores)s.", stores=named)
    else:
        return likely[0]
    raise Invalid([FieldError(field, said)])


def with_store(body: Said, stores: Sequence[Numbered]) -> Said:
    """The body with the id of the store that was typed; what was typed and emptied is none. Raises Invalid."""
    said = body.model_fields_set
    if "store_name" not in said or (body.store_name is None and "store_id" in said):
        return body
    store = None if body.store_name is None else meant(stores, body.store_name, "store_name")
    return body.model_copy(update={"store_id": None if store is None else store.id})
