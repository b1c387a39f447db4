"""Products from a file: opened or updated by SKU, with their groups, departments and brands by name."""

from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome, told
from erp_club.imports.staging import Progress, number, rowcount, run
from erp_club.kernel.text import TN, T

_COLUMNS = {
    "sku": "text", "name": "text", "group": "text", "department": "text", "brand": "text", "list_price": "bigint",
    "vat_percent": "integer", "earns_points": "boolean", "kind": "text",
}  # fmt: skip

# What the product will be: an empty cell, or a column that isn't there, leaves what is known.
_WANTED = """
    SELECT s.line, p.id, s.sku, s.name, coalesce(g.id, p.group_id) AS group_id,
           coalesce(d.id, p.department_id) AS department_id, coalesce(b.id, p.brand_id) AS brand_id,
           s.list_price AS list_price_minor, s.vat_percent AS vat_bp, coalesce(s.kind, p.kind, 'goods') AS kind,
           coalesce(s.earns_points, coalesce(p.earns_points, true) AND coalesce(s.kind, p.kind, 'goods') = 'goods')
             AS earns_points
      FROM staged_products s LEFT JOIN products p ON p.sku = s.sku
      LEFT JOIN product_groups g ON g.name = s."group"
      LEFT JOIN departments d ON d.name = s.department
      LEFT JOIN brands b ON b.name = s.brand
"""
_COLUMNS_KEPT = (
    "name", "group_id", "department_id", "brand_id", "list_price_minor", "vat_bp", "kind", "earns_points",
)  # fmt: skip
_FIELDS = ", ".join(_COLUMNS_KEPT)
_NEW = ", ".join(f"w.{column}" for column in _COLUMNS_KEPT)
_OLD = ", ".join(f"p.{column}" for column in _COLUMNS_KEPT)


def take(session: Session, reading: Reading, progress: Progress) -> Outcome:
    """Stage the whole file, then open and update its products."""
    read = _stage(session, reading, progress)
    progress.phase(T("Groups, departments and brands"))
    for table, column in (("product_groups", '"group"'), ("departments", "department"), ("brands", "brand")):
        run(
            session,
            f"""
            INSERT INTO {table} (name) SELECT DISTINCT s.{column} FROM staged_products s
             WHERE s.{column} IS NOT NULL AND NOT EXISTS (SELECT FROM {table} t WHERE t.name = s.{column})
             ORDER BY 1 ON CONFLICT DO NOTHING
            """,
        )
    progress.phase(T("Products"))
    known = "(SELECT sku FROM staged_products)"
    run(session, f"SELECT FROM products p WHERE p.sku IN {known} ORDER BY p.id FOR NO KEY UPDATE")
    staging.create(session, "wanted_products", "LIKE products, line bigint")
    # What no file says.
    unsaid = ", ".join(f"ALTER {column} DROP NOT NULL" for column in ("id", "stub", "levy_minor"))
    run(session, f"ALTER TABLE wanted_products {unsaid}")
    run(session, f"INSERT INTO wanted_products (line, id, sku, {_FIELDS}) SELECT * FROM ({_WANTED}) AS wanted")
    staging.refuse_where(
        session,
        "earns_points",
        T("Only goods earn points, and this product is known as another kind. Write no, or the kind goods."),
        "SELECT line, '' AS value, NULL::jsonb AS facts FROM wanted_products WHERE earns_points AND kind <> 'goods'",
    )
    run(session, "DELETE FROM wanted_products WHERE line IN (SELECT line FROM import_refusals)")
    described = number(session, "SELECT count(*) FROM wanted_products w JOIN products p ON p.id = w.id AND p.stub")
    opened, changed = _write(session)
    refused = staging.refused_rows(session)
    known = TN(
        "%(num)s product had been known by its code only.",
        "%(num)s products had been known by their code only.",
        described,
    )
    return Outcome(
        kind=reading.form.kind,
        read=read,
        taken=opened + changed,
        unchanged=read - refused - opened - changed,
        refused=refused,
        warnings=reading.warnings,
        notes=told(
            (opened, TN("%(num)s product is new.", "%(num)s products are new.", opened)),
            (changed, TN("%(num)s product has changed.", "%(num)s products have changed.", changed)),
            (described, known),
        ),
    )


def _write(session: Session) -> tuple[int, int]:
    """How many products were opened and changed."""
    changed = rowcount(
        session,
        f"""
        UPDATE products p SET ({_FIELDS}, stub) = ({_NEW}, false)
          FROM wanted_products w WHERE w.id = p.id AND (p.stub OR ({_NEW}) IS DISTINCT FROM ({_OLD}))
        """,
    )
    opened = rowcount(
        session,
        f"""
        INSERT INTO products (sku, {_FIELDS}) SELECT sku, {_FIELDS} FROM wanted_products
         WHERE id IS NULL ORDER BY line
        """,
    )
    run(session, "ANALYZE products")
    return opened, changed


def _stage(session: Session, reading: Reading, progress: Progress) -> int:
    columns = ", ".join(f'"{name}" {kind}' for name, kind in _COLUMNS.items())
    staging.create(session, "staged_products", f"line bigint, {columns}")
    read = 0
    for batch in reading.batches():
        read += len(batch.lines) + len({refusal.line for refusal in batch.refusals})
        staging.copy(
            session,
            "staged_products",
            ("line", *reading.columns),
            zip(batch.lines, *batch.values, strict=True),
        )
        staging.refuse(session, batch.refusals)
        progress.read(reading.table.bytes_read, reading.table.total_bytes)
    run(session, "ANALYZE staged_products")
    return read
