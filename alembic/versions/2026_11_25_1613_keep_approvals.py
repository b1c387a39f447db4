"""Keep what somebody else had to approve, and sum up what each person does in a day, so that limits hold."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1613"
down_revision = "2026_11_25_1557"
branch_labels = None
depends_on = None

_KEPT = """
CREATE FUNCTION approvals_are_kept() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.used_at IS NULL
     AND (OLD.approved IS NULL OR (NEW.approved, NEW.decided_by, NEW.decided_at)
          IS NOT DISTINCT FROM (OLD.approved, OLD.decided_by, OLD.decided_at))
     AND (NEW.id, NEW.token_hash, NEW.action, NEW.amount, NEW.percent_bp, NEW.customer_id, NEW.club_id, NEW.about,
          NEW.store_id, NEW.terminal_id, NEW.asked_by, NEW.asked_at, NEW.ends_at)
     IS NOT DISTINCT FROM
         (OLD.id, OLD.token_hash, OLD.action, OLD.amount, OLD.percent_bp, OLD.customer_id, OLD.club_id, OLD.about,
          OLD.store_id, OLD.terminal_id, OLD.asked_by, OLD.asked_at, OLD.ends_at)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'Rows of % are decided and used once, never changed or deleted', TG_TABLE_NAME;
END $$;
CREATE TRIGGER approvals_are_kept BEFORE UPDATE OR DELETE ON approvals
FOR EACH ROW EXECUTE FUNCTION approvals_are_kept();
"""


def _references(table: str, **targets: str) -> list[sa.ForeignKeyConstraint]:
    return [
        sa.ForeignKeyConstraint([column], [f"{target}.id"], name=op.f(f"fk_{table}_{column}"))
        for column, target in targets.items()
    ]


def upgrade() -> None:
    op.create_table(
        "approvals",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("amount", sa.BigInteger()),
        sa.Column("percent_bp", sa.Integer()),
        sa.Column("customer_id", sa.BigInteger()),
        sa.Column("club_id", sa.Integer()),
        sa.Column("about", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Integer()),
        sa.Column("terminal_id", sa.Integer()),
        sa.Column("asked_by", sa.Integer(), nullable=False),
        sa.Column("asked_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("ends_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by", sa.Integer()),
        sa.Column("decided_at", sa.DateTime(timezone=True)),
        sa.Column("approved", sa.Boolean()),
        sa.Column("by_pin", sa.Boolean(), server_default=sa.false(), nullable=False),
        sa.Column("used_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("decided_by <> asked_by", name=op.f("ck_approvals_never_ones_own")),
        sa.CheckConstraint(
            "(decided_by IS NULL) = (decided_at IS NULL) AND (decided_by IS NULL) = (approved IS NULL)",
            name=op.f("ck_approvals_decided_whole"),
        ),
        sa.CheckConstraint("used_at IS NULL OR approved", name=op.f("ck_approvals_used_when_approved")),
        sa.CheckConstraint("ends_at > asked_at AND used_at < ends_at", name=op.f("ck_approvals_in_time")),
        sa.CheckConstraint("amount >= 0 AND percent_bp BETWEEN 0 AND 10000", name=op.f("ck_approvals_amounts_lawful")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_approvals")),
        sa.UniqueConstraint("token_hash", name=op.f("uq_approvals_token_hash")),
        *_references(
            "approvals",
            customer_id="customers",
            club_id="clubs",
            store_id="stores",
            terminal_id="terminals",
            asked_by="staff",
            decided_by="staff",
        ),
    )
    op.create_index(op.f("ix_approvals_customer_id"), "approvals", ["customer_id"])
    op.create_index(op.f("ix_approvals_asked_by"), "approvals", ["asked_by"])
    op.create_index("ix_approvals_waiting", "approvals", ["ends_at"], postgresql_where=sa.text("approved IS NULL"))
    op.create_table(
        "day_uses",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("store_id", sa.Integer()),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("used", sa.BigInteger(), nullable=False),
        sa.CheckConstraint("used >= 0", name=op.f("ck_day_uses_used_not_negative")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_day_uses")),
        *_references("day_uses", store_id="stores", staff_id="staff"),
    )
    op.create_index(
        "uq_day_uses_of_a_day",
        "day_uses",
        ["day", "store_id", "staff_id", "action"],
        unique=True,
        postgresql_nulls_not_distinct=True,
    )
    op.execute(_KEPT)


def downgrade() -> None:
    op.drop_table("day_uses")
    op.drop_table("approvals")
    op.execute("DROP FUNCTION approvals_are_kept()")
