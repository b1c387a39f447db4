"""Stores and products that a file names and nobody has described: opened by their code alone, and marked so."""

from sqlalchemy.orm import Session

from erp_club.imports.staging import rowcount
from erp_club.kernel.text import TN, Text


def open_stores(session: Session, named: str) -> list[Text]:
    """Open the stores among `named` (a query of one column, codes) that aren't known; they keep the chain's time."""
    opened = rowcount(
        session,
        f"""
        INSERT INTO stores (code, name, time_zone, stub)
        SELECT DISTINCT named.code, named.code, (SELECT time_zone FROM chain), true FROM ({named}) AS named (code)
         WHERE named.code IS NOT NULL AND NOT EXISTS (SELECT FROM stores s WHERE s.code = named.code)
         ORDER BY 1 ON CONFLICT (code) DO NOTHING
        """,
    )
    return [TN("%(num)s unknown store was created.", "%(num)s unknown stores were created.", opened)] if opened else []


def open_products(session: Session, named: str) -> list[Text]:
    """Open the products among `named` (a query of one column, SKUs) that aren't known, without price or VAT."""
    opened = rowcount(
        session,
        f"""
        INSERT INTO products (sku, name, list_price_minor, vat_bp, stub)
        SELECT DISTINCT named.sku, named.sku, 0, 0, true FROM ({named}) AS named (sku)
         WHERE NOT EXISTS (SELECT FROM products p WHERE p.sku = named.sku) ORDER BY 1 ON CONFLICT (sku) DO NOTHING
        """,
    )
    if not opened:
        return []
    return [TN("%(num)s unknown product was created.", "%(num)s unknown products were created.", opened)]
