"""What the change log and the log of consents tell of customers from a file."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.id_numbers.sealing import COLUMNS as SEALED
from erp_club.imports.customer_rows import STAGED
from erp_club.imports.staging import run
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor

CONSENTS = ("advertising", "sms", "email", "post")
COLUMNS = [name.replace("home_store", "home_store_id") for name in STAGED]
"""The columns of a customer that a file may fill."""
# What the change log tells of an ID number: the last signs of a new one, and that there was one before.
_SHOWN = (
    "to_jsonb({row}) || CASE WHEN c.id_hash IS DISTINCT FROM w.id_hash "
    "THEN jsonb_build_object('id_number', CASE WHEN {row}.id_hash IS NOT NULL THEN {mask} END) ELSE '{{}}' END"
)


def trace(session: Session, *, now: dt.datetime, by: Actor) -> None:
    """Each consent given or withdrawn, and each customer opened or changed; the changed fields stand beside."""
    who = {"now": now, "staff": by.staff_id, "actor": by.name, "terminal": by.terminal_id, "store": by.store_id}
    for channel in CONSENTS:
        run(
            session,
            f"""
            INSERT INTO consent_changes (customer_id, channel, given, at, source, staff_id, terminal_id)
            SELECT w.id, '{channel}', w.consent_{channel}, :now, 'import', :staff, :terminal
              FROM wanted_customers w LEFT JOIN former_customers c ON c.id = w.id
             WHERE w.consent_{channel} IS NOT NULL AND w.consent_{channel} IS DISTINCT FROM c.consent_{channel}
             ORDER BY w.id
            """,
            who,
        )
    run(
        session,
        f"""
        WITH told AS MATERIALIZED (
          SELECT w.id, c.id IS NULL AS opened, replace(gen_random_uuid()::text, '-', '') AS salt,
                 changes.before, changes.after
            FROM wanted_customers w LEFT JOIN former_customers c ON c.id = w.id
            JOIN staged_customers s ON s.line = w.line
            CROSS JOIN LATERAL (
              SELECT CASE WHEN c.id IS NOT NULL THEN jsonb_object_agg(n.key, o.value) END AS before,
                     jsonb_object_agg(n.key, n.value) AS after
                FROM jsonb_each({_SHOWN.format(row="w", mask="s.id_mask")}) n
                LEFT JOIN jsonb_each({_SHOWN.format(row="c", mask="'•••'")}) o USING (key)
               WHERE n.key = ANY(:fields) AND n.value <> coalesce(o.value, 'null')
            ) AS changes
        ), entries AS (
          INSERT INTO audit_entries (at, staff_id, actor, terminal_id, store_id, action, entity, entity_id, customer_id,
                                     values_hash)
          SELECT :now, :staff, :actor, :terminal, :store,
                 CASE WHEN opened THEN 'customer.open' ELSE 'customer.edit' END, 'customer', id::text, id,
                 {audit.values_hash(sa.column("salt"), sa.column("before"), sa.column("after"))}
            FROM told ORDER BY told.id
          RETURNING id, customer_id
        )
        INSERT INTO audit_values (entry_id, customer_id, salt, before, after)
        SELECT e.id, e.customer_id, t.salt, t.before, t.after FROM entries e JOIN told t ON t.id = e.customer_id
        """,
        {**who, "fields": ["number", "id_number", *(name for name in COLUMNS if name not in SEALED)]},
    )
