"""What the change log tells of customers from a file, in one statement for all of its rows."""

import datetime as dt
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports.staging import run
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor


def leave_traces(
    session: Session, changes: str, given: Mapping[str, object] | None = None, *, now: dt.datetime, by: Actor
) -> None:
    """`audit.record` for each row of `changes`, a SELECT of `customer_id`, `action`, `before` and `after` (jsonb)."""
    # A salt is nobody else's, and so is the hash over it: it leads each entry to its values.
    run(
        session,
        f"""
        WITH told AS MATERIALIZED (
          SELECT salted.*, {audit.values_hash(sa.column("salt"), sa.column("before"), sa.column("after"))} AS hash
            FROM (SELECT found.*, replace(gen_random_uuid()::text, '-', '') AS salt FROM ({changes}) AS found) AS salted
        ), entries AS (
          INSERT INTO audit_entries (at, staff_id, actor, terminal_id, store_id, action, entity, entity_id, customer_id,
                                     values_hash)
          SELECT :now, :staff, :actor, :terminal, :store, action, 'customer', customer_id::text, customer_id, hash
            FROM told ORDER BY told.customer_id
          RETURNING id, values_hash
        )
        INSERT INTO audit_values (entry_id, customer_id, salt, before, after)
        SELECT e.id, t.customer_id, t.salt, t.before, t.after FROM entries e JOIN told t ON t.hash = e.values_hash
        """,
        {**who(now, by), **(given or {})},
    )


def who(now: dt.datetime, by: Actor) -> dict[str, object]:
    """Who takes the file in, as the statements name it."""
    return {"now": now, "staff": by.staff_id, "actor": by.name, "terminal": by.terminal_id, "store": by.store_id}
