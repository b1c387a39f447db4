"""Keep every version of a club's programme."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_1417"
down_revision = "2026_11_25_1347"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "programme_versions",
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("version_no", sa.Integer(), nullable=False),
        sa.Column("rules_no", sa.Integer(), nullable=False),
        sa.Column("effective_from", sa.Date(), nullable=False),
        sa.Column("document", postgresql.JSONB(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=True),
        sa.CheckConstraint("version_no > 0", name=op.f("ck_programme_versions_version_above_zero")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_programme_versions_club_id")),
        sa.ForeignKeyConstraint(
            ["club_id", "rules_no"],
            ["club_rules.club_id", "club_rules.version_no"],
            name=op.f("fk_programme_versions_club_id_rules_no"),
        ),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_programme_versions_staff_id")),
        sa.PrimaryKeyConstraint("club_id", "version_no", name=op.f("pk_programme_versions")),
    )
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON programme_versions "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )


def downgrade() -> None:
    op.drop_table("programme_versions")
