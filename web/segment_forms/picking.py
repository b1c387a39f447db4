"""What the builder's values are picked from: short lists as a whole, products by a search, and what somebody typed."""

from collections.abc import Iterable, Mapping, Sequence

from erp_club.catalogue.models import Brand, Department, ProductGroup
from erp_club.catalogue.queries import choices
from erp_club.clubs.levels.queries import level_names
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.promotions.coupons.batches.queries import codes as batch_codes
from erp_club.promotions.documents import Thing
from erp_club.promotions.naming import queries as naming
from erp_club.segments import saved
from erp_club.segments.kinds import SegmentState
from web.deps import Act
from web.formats import localised
from web.i18n import LANGUAGES
from web.segment_forms.deeds import Means
from web.segment_forms.nodes import Node
from web.views.customers import club_choices, store_choices
from web.views.reasons import isolated

PRODUCT = "sku"
Lists = dict[str, list[tuple[str, str]]]


def lists_of(act: Act) -> Lists:
    """What values are picked from: (value, what it is called)."""

    def named(table: type[ProductGroup | Department | Brand]) -> list[tuple[str, str]]:
        return [(choice.name, "") for choice in choices(act.session, table)]

    return {
        "group": named(ProductGroup),
        "department": named(Department),
        "brand": named(Brand),
        "store": [(store.code, store.name) for store in store_choices(act)],
        "club": [(club.code, club.names.get(act.chain.language, "")) for club in club_choices(act)],
        "level": [(code, localised(names)) for code, names in sorted(level_names(act.session).items())],
        "segment": [(row.name, "") for row in saved.every(act.session) if row.state is SegmentState.ACTIVE],
        "batch": [(code, "") for code in batch_codes(act.session)],
        "language": list(LANGUAGES.items()),
    }


def means(act: Act, lists: Lists) -> Means:
    """What a typed text means for a picker: a value, or none where nothing, or more than one thing, is called so."""

    def meant(picker: str, typed: str) -> str | None:
        if picker == PRODUCT:
            found = products(act, typed)
            return next((sku for sku, _ in found if sku.casefold() == typed.strip().casefold()), None)
        return typed if picker not in lists else _of(lists[picker], typed.strip())

    return meant


def _of(values: Sequence[tuple[str, str]], typed: str) -> str | None:
    if any(value == typed for value, _ in values):
        return typed
    wanted = typed.casefold()
    whole = [value for value, label in values if wanted in {value.casefold(), label.casefold()}]
    part = [value for value, label in values if wanted in value.casefold() or wanted in label.casefold()]
    found = whole or part
    return found[0] if len(found) == 1 else None


def products(act: Act, typed: str) -> list[tuple[str, str]]:
    """Some products with these letters in their code or name."""
    text = typed.strip()
    if not text or len(text) > 100 or "\x00" in text:
        return []
    return [(each.key, localised(each.names)) for each in naming.find(act.session, text, (Thing.PRODUCT,))]


def sku_called(act: Act, typed: str) -> str | None:
    """The code of the product with this in its name, for whoever doesn't know it. Raises Invalid for several."""
    text = typed.strip()
    found = [(sku, name) for sku, name in products(act, text) if text.casefold() in name.casefold()]
    if len(found) > 1:
        named = "; ".join(isolated(f"{name} · {sku}") for sku, name in found[:5])
        raise Invalid([FieldError("sku", T("Several products have this in their name: %(products)s.", products=named))])
    return found[0][0] if found else None


def sku_meant(act: Act, typed: str, field: str) -> str:
    """The code of what is typed: a code, a name as it was picked (`Tea · 123`), or a part of it; else as it is.

    Raises Invalid at `field` for a part of several names.
    """
    code = typed.rpartition(" · ")[2].strip()
    exact = next((sku for sku, _ in products(act, code) if sku.casefold() == code.casefold()), None)
    if exact is not None:
        return exact
    try:
        return sku_called(act, typed) or typed
    except Invalid as several:
        raise Invalid([FieldError(field, each.text) for each in several.fields]) from several


def called(act: Act, skus: Iterable[str]) -> list[tuple[str, str]]:
    """The names of products with their codes, by code: several may be called the same."""
    keys = {(Thing.PRODUCT, sku) for sku in skus}
    return [(key, f"{localised(names)} · {key}") for (_, key), names in naming.called(act.session, keys).items()]


def of_products(nodes: Iterable[Node], pickers: Mapping[str, str]) -> Iterable[tuple[int, Node]]:
    """The conditions that name products, with their places; `pickers` are those of fields by what they ask."""
    for index, node in enumerate(nodes):
        if not node.is_group and PRODUCT in (node.of_key if node.metric else "", pickers.get(node.what)):
            yield index, node
