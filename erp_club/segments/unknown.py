"""What a tree names that isn't there: stores, goods, clubs, levels, batches of coupons and classifications."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.customers.models import Classification
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.fields import Ask, Op
from erp_club.kernel.text import T, Text
from erp_club.organisation.models import Store
from erp_club.segments import tree
from erp_club.segments.queries import CLUBS
from erp_club.segments.tree import Condition, Leaf, OfKey

_OF: dict[OfKey, Any] = {
    OfKey.SKU: sa.select(Product.sku),
    OfKey.GROUP: sa.select(ProductGroup.name),
    OfKey.DEPARTMENT: sa.select(Department.name),
    OfKey.BRAND: sa.select(Brand.name),
    OfKey.STORE: sa.select(Store.code),
}
_ANY_DAY = dt.date(2000, 1, 1)
_Kind = tuple[str, str | None]
"""What is named, by the list that people pick it from, and of which club."""


@dataclass(frozen=True, slots=True)
class _Named:
    """A name with its place in the document; `known` selects all of its kind that there are."""

    kind: _Kind
    known: Any
    place: str
    name: str


def refuse_unknown(session: Session, condition: Condition) -> None:
    """Raises Invalid at each place that names what isn't there: who mistypes a code would find nobody, or everybody."""
    named = [each for leaf in tree.leaves(condition) for each in _named(leaf)]
    there: dict[_Kind, set[str]] = {}
    for kind, known in {each.kind: each.known for each in named}.items():
        asked = sorted({each.name for each in named if each.kind == kind})
        wanted = sa.select(sa.func.unnest(sa.literal(asked, ARRAY(sa.Text))))
        there[kind] = set(session.scalars(sa.intersect(wanted, known)))
    faults = [FieldError(each.place, _missing(each)) for each in named if each.name not in there[each.kind]]
    if faults:
        raise Invalid(faults)


def _named(leaf: Leaf) -> Iterator[_Named]:
    match leaf:
        case tree.MetricIs():
            for key, values in leaf.of:
                for index, value in enumerate(values):
                    yield _Named((key.value, None), _OF[key], f"{leaf.place}.of.{key.value}[{index}]", value)
        case tree.FieldIs():
            yield from _of_field(leaf)
        case tree.InSegment():
            return


def _of_field(leaf: tree.FieldIs) -> Iterator[_Named]:
    if leaf.field.named:
        known = sa.select(Classification.name)
        yield _Named(("class", None), known, f"{leaf.place}.field", leaf.asked.partition(":")[2].strip())
    if leaf.club is not None:
        yield _Named(("club", None), sa.select(CLUBS.c.code), f"{leaf.place}.club", leaf.club)
    if leaf.field.known is None or leaf.op is Op.IS_NULL:
        return
    known = leaf.field.known(Ask(_ANY_DAY, club=leaf.club))
    many = isinstance(leaf.value, tuple)
    for index, value in enumerate(leaf.value if isinstance(leaf.value, tuple) else (leaf.value,)):
        place = f"{leaf.place}.value[{index}]" if many else f"{leaf.place}.value"
        yield _Named((leaf.field.picker, leaf.club), known, place, str(value))


def _missing(named: _Named) -> Text:
    kind, club = named.kind
    match kind:
        case "store":
            return T("There is no store with the code %(code)s.", code=named.name)
        case "sku":
            return T("There is no product with the code %(code)s.", code=named.name)
        case "group":
            return T("There is no product group %(group)s.", group=named.name)
        case "department":
            return T("There is no department %(key)s.", key=named.name)
        case "brand":
            return T("There is no brand %(key)s.", key=named.name)
        case "batch":
            return T("There is no batch of coupons with the code %(code)s.", code=named.name)
        case "level" if club is not None:
            return T("The club %(club)s has no level with the code %(code)s.", club=club, code=named.name)
        case "level":
            return T("No club has a level with the code %(code)s.", code=named.name)
        case "club":
            return T("There is no club with the code %(code)s.", code=named.name)
        case _:
            return T("There is no classification by the name %(name)s.", name=named.name)
