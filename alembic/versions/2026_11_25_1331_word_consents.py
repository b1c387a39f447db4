"""Keep the wordings that people agree to, and with each consent its wording and language."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1331"
down_revision = "2026_11_25_1330"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "consent_wordings",
        sa.Column("id", sa.Integer(), sa.Identity(always=False), nullable=False),
        sa.Column("channel", sa.Text(), nullable=False),
        sa.Column("version", sa.Integer(), nullable=False),
        sa.Column("texts", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint(
            "channel IN ('advertising', 'sms', 'email', 'post')", name=op.f("ck_consent_wordings_channel_known")
        ),
        sa.CheckConstraint("version > 0 AND texts <> '{}'", name=op.f("ck_consent_wordings_says_something")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_consent_wordings_staff_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_consent_wordings")),
        sa.UniqueConstraint("channel", "version", name=op.f("uq_consent_wordings_channel_version")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON consent_wordings "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    op.add_column("consent_changes", sa.Column("purpose", sa.Text(), server_default="marketing", nullable=False))
    op.add_column("consent_changes", sa.Column("wording_id", sa.Integer(), nullable=True))
    op.add_column("consent_changes", sa.Column("language", sa.String(length=2), nullable=True))
    op.create_check_constraint("purpose_known", "consent_changes", "purpose = 'marketing'")
    op.create_check_constraint("wording_with_language", "consent_changes", "(wording_id IS NULL) = (language IS NULL)")
    op.create_foreign_key(
        op.f("fk_consent_changes_wording_id"), "consent_changes", "consent_wordings", ["wording_id"], ["id"]
    )
