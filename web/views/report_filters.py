"""What reports are narrowed to: by which filters, what can be chosen of each, and how each is left."""

from collections.abc import Sequence
from urllib.parse import urlencode

from pydantic import BaseModel

from erp_club.catalogue.models import Department
from erp_club.catalogue.queries import choices
from erp_club.clubs.queries import clubs
from erp_club.organisation.queries import stores
from erp_club.reports.purchases import naming
from erp_club.reports.purchases.asked import Asked
from erp_club.segments import saved
from erp_club.segments.kinds import SegmentState
from web.deps import Act
from web.formats import localised

FILTERS = ("store", "club", "segment", "customer", "cashier", "department", "group", "brand", "product")
Choices = dict[str, Sequence[tuple[int, str] | tuple[int, str, str]]]
"""What can be chosen of each filter: an id and a name, of a store its code as well."""


class Chip(BaseModel):
    """A filter in use, and the address without it."""

    label: str
    url: str


def filters_of(asked: Asked) -> dict[str, int]:
    """The filters in use, as the address names them."""
    held = {name: getattr(asked, "staff_id" if name == "cashier" else f"{name}_id") for name in FILTERS}
    return {name: value for name, value in held.items() if value is not None}


def chips(act: Act, asked: Asked, path: str, query: Sequence[tuple[str, str]]) -> list[Chip]:
    """The filters in use, each with the address without it."""
    made: list[Chip] = []
    for name, value in filters_of(asked).items():
        if name == "store" and asked.within is not None and len(asked.within) == 1:
            continue
        dropped = {name, "page", "sku"} | ({"store_name"} if name == "store" else set[str]())
        kept = [(key, said) for key, said in query if key not in dropped]
        label = naming.name_of(act.session, name, value)
        made.append(Chip(label=label if isinstance(label, str) else localised(label), url=f"{path}?{urlencode(kept)}"))
    return made


def choices_of(act: Act, asked: Asked) -> Choices:
    """What a report can be narrowed to, by filter; no store for whoever sees just one, and its code with each."""
    seen = [store for store in stores(act.session) if asked.within is None or store.id in asked.within]
    return {
        "store": [(store.id, store.name, store.code) for store in seen] if len(seen) > 1 else [],
        "club": [(club.id, localised(club.names)) for club in clubs(act.session)],
        "segment": [(row.id, row.name) for row in saved.every(act.session) if row.state is SegmentState.ACTIVE],
        "department": [(each.id, each.name) for each in choices(act.session, Department)],
    }
