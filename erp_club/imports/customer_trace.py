"""What the change log and the log of consents tell of customers from a file."""

import datetime as dt

from sqlalchemy.orm import Session

from erp_club.customers.id_numbers.sealing import COLUMNS as SEALED
from erp_club.imports.customer_rows import STAGED
from erp_club.imports.staging import run
from erp_club.imports.trace import leave_traces, who
from erp_club.permissions.actors import Actor

CONSENTS = ("advertising", "sms", "email", "post")
COLUMNS = [name.replace("home_store", "home_store_id") for name in STAGED]
"""The columns of a customer that a file may fill."""
_TOLD = ["number", *(name for name in COLUMNS if name not in SEALED)]
# Of a customer who is new all is told that is filled in: comparing each field with nothing takes several times as long.
_FILLED = ", ".join(f"'{name}', w.{name}" for name in _TOLD)
# What the change log tells of an ID number: the last signs of a new one, and that there was one before.
_SHOWN = (
    "to_jsonb({row}) || CASE WHEN c.id_hash IS DISTINCT FROM w.id_hash "
    "THEN jsonb_build_object('id_number', CASE WHEN {row}.id_hash IS NOT NULL THEN {mask} END) ELSE '{{}}' END"
)


def trace(session: Session, *, now: dt.datetime, by: Actor) -> None:
    """Each consent given or withdrawn, and each customer opened or changed; the changed fields stand beside."""
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
            who(now, by),
        )
    leave_traces(
        session,
        f"""
        SELECT w.id AS customer_id, 'customer.open' AS action, NULL::jsonb AS before,
               jsonb_strip_nulls(jsonb_build_object({_FILLED}, 'id_number', s.id_mask)) AS after
          FROM wanted_customers w JOIN staged_customers s ON s.line = w.line
         WHERE NOT EXISTS (SELECT FROM former_customers c WHERE c.id = w.id)
         UNION ALL
        SELECT w.id, 'customer.edit', changes.before, changes.after
          FROM wanted_customers w JOIN former_customers c ON c.id = w.id JOIN staged_customers s ON s.line = w.line
          CROSS JOIN LATERAL (
            SELECT jsonb_object_agg(n.key, o.value) AS before, jsonb_object_agg(n.key, n.value) AS after
              FROM jsonb_each({_SHOWN.format(row="w", mask="s.id_mask")}) n
              LEFT JOIN jsonb_each({_SHOWN.format(row="c", mask="'•••'")}) o USING (key)
             WHERE n.key = ANY(:fields) AND n.value <> coalesce(o.value, 'null')
          ) AS changes
        """,
        {"fields": ["id_number", *_TOLD]},
        now=now,
        by=by,
    )
