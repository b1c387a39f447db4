"""Everything that is held about a person, as rows by the table they stand in (C-10).

The tables are found by their columns, so that one which comes later is told too. Sums and indexes that are derived from
these rows, and keys and hashes that only machines read, say nothing more of the person and are left out.
"""

from collections.abc import Iterator
from typing import Any, cast

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE
from sqlalchemy.orm import Session, aliased

from erp_club.clubs.units.queries import units_of_accounts
from erp_club.customers.id_numbers import sealing
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import family_of, record
from erp_club.kernel.db import Base
from erp_club.points.units import POINTS

DERIVED = frozenset({
    "customer_name_words", "customer_days", "customer_years", "customer_group_days", "customer_department_days",
    "customer_brand_days", "customer_group_years", "customer_product_days", "receipt_goods", "customer_summaries",
    "customer_habits", "receipts_to_roll", "members_to_roll", "club_spans", "suspected_pairs", "points_seals",
    "stored_value_seals", "points_account_standing", "points_standing_seals",
})  # fmt: skip
_NAMES = {"stores": "code", "clubs": "code", "products": "name", "offers": "code", "coupon_batches": "code",
          "staff": "name", "segments": "name", "stored_value_products": "code"}  # fmt: skip

Rows = list[dict[str, Any]]


def access_file(session: Session, customer_id: int, *, others: bool = False) -> dict[str, Rows]:
    """All rows of the customer, and of those who became this customer, by table; the ID number whole.

    Movements of points tell the `unit` that they are parts of; relatives who are customers their number, and with
    `others` their name, as `relative_named`.

    Raises NotFound, Refused `customer-merged`.
    """
    record(session, customer_id)
    found: dict[str, Rows] = {"customers": _rows(session, cast("sa.Table", Customer.__table__), "id", customer_id)}
    for row in session.execute(
        sa.select(Customer.id, Customer.id_key, Customer.id_sealed).where(Customer.id.in_(family_of(customer_id)))
    ):
        for told in found["customers"]:
            if told["id"] == row.id:
                told["id_number"] = sealing.opened(session, row.id_key, row.id_sealed)
    for table in Base.metadata.sorted_tables:
        column = _person(table)
        if column is not None:
            rows = _rows(session, table, column, customer_id)
            if rows:
                found[table.name] = rows
    _name_relatives(session, found.get("customer_relatives", []), others=others)
    moved = found.get("points_movements", [])
    units = units_of_accounts(session, {row["account_id"] for row in moved})
    for row in moved:
        row["unit"] = units.get(row["account_id"], POINTS)
    return found


def _name_relatives(session: Session, rows: Rows, *, others: bool) -> None:
    """Who was merged is told as the one that they became, and who was erased has no name."""
    linked = {row["relative_id"] for row in rows if row["relative_id"] is not None}
    own, now = Customer, aliased(Customer)
    named = sa.func.btrim(sa.func.concat(now.given_name, " ", now.family_name)) if others else now.number
    asked = sa.select(own.id, named).join(now, now.id == sa.func.coalesce(own.merged_into, own.id))
    known = asked.where(own.id.in_(linked), now.state == CustomerState.ACTIVE)
    names = {row[0]: row[1] for row in session.execute(known)} if linked else {}
    for row in rows:
        row["relative_named"] = names.get(row["relative_id"], row["name"])


def _person(table: sa.Table) -> str | None:
    """The column that says whose the row is."""
    if table.name in DERIVED or table.name == "customers":
        return None
    return next((name for name in ("customer_id", "member_id", "survivor_id", "low_id") if name in table.c), None)


def _rows(session: Session, table: sa.Table, column: str, customer_id: int) -> Rows:
    assert customer_id != UNIDENTIFIED
    asked = sa.select(*_columns(table)).where(table.c[column].in_(family_of(customer_id))).order_by(*table.primary_key)
    return [dict(row) for row in session.execute(asked).mappings()]


def _columns(table: sa.Table) -> Iterator[sa.ColumnElement[Any]]:
    for column in table.c:
        if isinstance(column.type, sa.LargeBinary) or column.name.endswith("_hash"):
            continue
        if isinstance(column.type, DATERANGE):
            last = sa.func.upper(column, type_=sa.Date()) - sa.literal_column("1")
            yield sa.func.lower(column, type_=sa.Date()).label(f"{column.name}_first")
            yield sa.cast(last, sa.Date()).label(f"{column.name}_last")
            continue
        yield column
        for key in column.foreign_keys:
            named = _NAMES.get(key.column.table.name)
            if named is not None and len(key.constraint.columns if key.constraint else ()) == 1:
                target = key.column.table.alias()
                name = sa.select(target.c[named]).where(target.c[key.column.name] == column).scalar_subquery()
                yield name.label(column.name.removesuffix("_id") + "_named")
