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
    # The values' words are indexed in larger heaps than for one change; autovacuum, which so many new rows call, takes
    # up what is left of the last.
    run(session, "SET LOCAL gin_pending_list_limit = '64MB'")
    run(
        session,
        f"""
        WITH told AS MATERIALIZED (
          SELECT nextval(pg_get_serial_sequence('audit_entries', 'id')) AS id, salted.*,
                 {audit.values_hash(sa.column("salt"), sa.column("before"), sa.column("after"))} AS hash
            FROM (SELECT found.*, replace(gen_random_uuid()::text, '-', '') AS salt FROM ({changes}) AS found) AS salted
        ), entries AS (
          INSERT INTO audit_entries (id, at, staff_id, actor, terminal_id, store_id, action, entity, entity_id,
                                     customer_id, values_hash)
          SELECT id, :now, :staff, :actor, :terminal, :store, action, 'customer', customer_id::text, customer_id, hash
            FROM told
        )
        INSERT INTO audit_values (entry_id, customer_id, salt, before, after)
        SELECT id, customer_id, salt, before, after FROM told
        """,
        {**who(now, by), **(given or {})},
    )
    run(session, "SET LOCAL gin_pending_list_limit TO DEFAULT")


def who(now: dt.datetime, by: Actor) -> dict[str, object]:
    """Who takes the file in, as the statements name it."""
    return {"now": now, "staff": by.staff_id, "actor": by.name, "terminal": by.terminal_id, "store": by.store_id}
