"""What was scanned from the label of a scale, as the item and how much of it there is."""

import datetime as dt
from collections.abc import Collection, Iterable

from sqlalchemy.orm import Session

from erp_club.catalogue.weighed import Label, read
from erp_club.kernel.money import Rounding, round_div
from erp_club.organisation.queries import pricing_policy
from erp_club.purchases.quotes import queries
from erp_club.purchases.quotes.told import Buyer, SoldProduct, Told

Lines = tuple[tuple[str, int], ...]
"""SKU and quantity in thousandths."""


def told_of(session: Session, lines: Lines, buyer: Buyer, *, store_id: int, day: dt.date) -> tuple[Lines, Told]:
    """The lines with what scales have printed read by the chain's patterns, and all that is told of them and the buyer.

    A code that a product has is that product. Asks once more where there are labels. Raises what `queries.tell` raises.
    """
    told = queries.tell(session, skus_of(lines), buyer, store_id=store_id, day=day)
    patterns = told.policy.get("weighed_codes")
    if not patterns:
        return lines, told
    unknown = {sku for sku, _ in lines} - told.products.keys()
    found = _read(session, unknown, patterns)
    if not found:
        return lines, told
    read_lines = tuple(times(found[sku], milli) if sku in found else (sku, milli) for sku, milli in lines)
    return read_lines, queries.tell(session, skus_of(read_lines), buyer, store_id=store_id, day=day)


def skus_of(lines: Iterable[tuple[str, int]]) -> list[str]:
    """The codes that the lines name, each once."""
    return list(dict.fromkeys(sku for sku, _ in lines))


def on_label(session: Session, code: str) -> tuple[str, int] | None:
    """The SKU and the quantity in thousandths of a label; None for a code that is none of this chain's scales."""
    return on_labels(session, [code]).get(code)


def on_labels(session: Session, codes: Collection[str]) -> dict[str, tuple[str, int]]:
    """The same of many codes, by code; those that are none are left out."""
    return _read(session, codes, pricing_policy(session).get("weighed_codes", ()))


def times(held: tuple[str, int], milli: int) -> tuple[str, int]:
    """What a label holds, so many thousandths of times."""
    sku, each = held
    return sku, round_div(each * milli, 1000, Rounding.HALF_UP)


def _read(session: Session, codes: Iterable[str], patterns: Collection[str]) -> dict[str, tuple[str, int]]:
    labels = {code: label for code in codes if (label := read(code, patterns)) is not None}
    if not labels:
        return {}
    products = queries.products(session, {sku for label in labels.values() for sku in label.skus})
    return {code: held for code, label in labels.items() if (held := _held(label, products)) is not None}


def _held(label: Label, products: dict[str, SoldProduct]) -> tuple[str, int] | None:
    """The first product that it may be, and how much of it."""
    product = next((products[sku] for sku in label.skus if sku in products), None)
    milli = 0 if product is None else label.quantity_milli(product.price_minor)
    return None if product is None or not milli else (product.sku, milli)
