"""Seal the numbers of identity documents, mask those in the change log, and let head office decide which are kept."""

from typing import Any

import sqlalchemy as sa
from alembic import context, op

from erp_club.customers.id_numbers.sealing import sealed
from erp_club.kernel.keyring import HASH_KEY, Keyring

revision = "2026_11_25_1250"
down_revision = "2026_11_25_1300"
branch_labels = None
depends_on = None

BATCH = 5_000
_TOGETHER = "num_nulls(id_sealed, id_key, id_hash, id_ending) IN (0, 4)"
_MASK = (
    "jsonb_set({side}, '{{id_number}}', to_jsonb(repeat('•', greatest(0, length({side} ->> 'id_number') - 3)) "
    "|| right({side} ->> 'id_number', 3)))"
)


def upgrade() -> None:
    op.create_table(
        "keyring_keys",
        sa.Column("key_no", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("fingerprint", sa.LargeBinary(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("key_no", name=op.f("pk_keyring_keys")),
    )
    op.create_table(
        "id_number_rules",
        sa.Column("kind", sa.Text(), nullable=False),
        sa.Column("country", sa.Text(), nullable=False),
        sa.Column("kept", sa.Boolean(), nullable=False),
        sa.Column("reason", sa.Text(), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("kind IN ('national_id', 'passport')", name=op.f("ck_id_number_rules_kind_known")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_id_number_rules_staff_id")),
        sa.PrimaryKeyConstraint("kind", "country", name=op.f("pk_id_number_rules")),
    )
    op.add_column("customers", sa.Column("id_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("customers", sa.Column("id_key", sa.SmallInteger(), nullable=True))
    op.add_column("customers", sa.Column("id_hash", sa.LargeBinary(), nullable=True))
    op.add_column("customers", sa.Column("id_ending", sa.LargeBinary(), nullable=True))
    op.drop_constraint("ck_customers_id_number_with_kind", "customers")
    found = _seal(op.get_bind())
    op.drop_index("uq_customers_identity", "customers")
    op.drop_index("ix_customers_id_number", "customers")
    op.drop_column("customers", "id_number")
    op.create_check_constraint("id_number_with_kind", "customers", "(id_kind = 'none') = (id_hash IS NULL)")
    op.create_check_constraint("id_number_whole", "customers", _TOGETHER)
    op.create_index(
        "uq_customers_identity",
        "customers",
        ["id_country", "id_kind", "id_hash"],
        unique=True,
        postgresql_where=sa.text("id_hash IS NOT NULL AND state = 'active'"),
    )
    for column in ("id_hash", "id_ending"):
        op.create_index(
            f"ix_customers_{column}", "customers", [column], postgresql_where=sa.text(f"{column} IS NOT NULL")
        )
    if found:
        _mask_changes()
        # The old rows would keep the numbers on the disk: a table that is written anew has no place for them.
        for table in ("customers", "audit_entries"):
            op.execute(f"CLUSTER {table} USING pk_{table}")
            op.execute(f"ALTER TABLE {table} SET WITHOUT CLUSTER")


def _seal(connection: sa.Connection) -> bool:
    """Seal every number that is kept; whether there was any."""
    keyring: Keyring = context.config.attributes["keyring"]
    asked = sa.text(
        "SELECT id, id_number FROM customers WHERE id_number IS NOT NULL AND id > :last ORDER BY id LIMIT :most"
    )
    write = sa.text(
        """
        UPDATE customers c SET id_sealed = n.sealed, id_key = n.key, id_hash = n.hash, id_ending = n.ending,
               id_number = NULL
          FROM unnest(CAST(:ids AS bigint[]), CAST(:sealed AS bytea[]), CAST(:keys AS smallint[]),
                      CAST(:hashes AS bytea[]), CAST(:endings AS bytea[])) AS n (id, sealed, key, hash, ending)
         WHERE c.id = n.id
        """
    )
    last, found = 0, False
    while rows := connection.execute(asked, {"last": last, "most": BATCH}).all():
        made: list[Any] = [sealed(keyring, row.id_number) for row in rows]
        given = {
            "ids": [row.id for row in rows],
            "sealed": [each["id_sealed"] for each in made],
            "keys": [each["id_key"] for each in made],
            "hashes": [each["id_hash"] for each in made],
            "endings": [each["id_ending"] for each in made],
        }
        connection.execute(write, given)
        last, found = rows[-1].id, True
    if found:
        kept = sa.text("INSERT INTO keyring_keys (key_no, fingerprint, at) VALUES (:number, :fingerprint, now())")
        for number in (HASH_KEY, keyring.current):
            connection.execute(kept, {"number": number, "fingerprint": keyring.fingerprint(number)})
    return found


def _mask_changes() -> None:
    """The change log told the numbers; and so did answers that are kept for repeats of long ago."""
    op.execute("ALTER TABLE audit_entries DISABLE TRIGGER append_only")
    for side in ("before", "after"):
        mask = _MASK.format(side=side)
        op.execute(f"UPDATE audit_entries SET {side} = {mask} WHERE {side} ->> 'id_number' IS NOT NULL")  # noqa: S608
    op.execute("ALTER TABLE audit_entries ENABLE TRIGGER append_only")
    op.execute("DELETE FROM idempotency_keys WHERE position('id_number'::bytea IN answer) > 0")
