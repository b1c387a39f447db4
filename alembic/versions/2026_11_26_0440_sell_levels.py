"""Let levels be bought as a line of a sale, and tell a bought level from one that was given by hand."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0440"
down_revision = "2026_11_26_0431"
branch_labels = None
depends_on = None

_KINDS = "('joining', 'renewal')"
_NEW_KINDS = "('joining', 'renewal', 'upgrade')"
_CAUSES = "('first', 'purchase', 'return', 'time', 'by_hand', 'by_hand_ended', 'rules', 'merge', 'household'{more})"


def upgrade() -> None:
    op.add_column("membership_fees", sa.Column("level", sa.Text(), nullable=True))
    _check("membership_fees", "kind_known", f"kind IN {_NEW_KINDS}")
    op.create_check_constraint(
        op.f("ck_membership_fees_upgrade_has_level"), "membership_fees", "kind <> 'upgrade' OR level IS NOT NULL"
    )
    op.add_column("level_overrides", sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    op.add_column("level_overrides", sa.Column("fee_id", sa.BigInteger(), nullable=True))
    op.create_foreign_key(op.f("fk_level_overrides_fee_id"), "level_overrides", "membership_fees", ["fee_id"], ["id"])
    op.create_index("ix_level_overrides_fee_id", "level_overrides", ["fee_id"])
    _check("level_overrides", "has_reason", "paid OR reason <> ''")
    op.create_check_constraint(op.f("ck_level_overrides_fee_is_paid"), "level_overrides", "fee_id IS NULL OR paid")
    op.add_column("membership_levels", sa.Column("paid", sa.Boolean(), server_default=sa.text("false"), nullable=False))
    _check("level_changes", "cause_known", "cause IN " + _CAUSES.format(more=", 'paid', 'paid_ended'"))
    _let_tills_read_what_they_need()


def _let_tills_read_what_they_need() -> None:
    """Rules that were kept before don't say what levels cost, nor that a purchase moves the term: their programme does.

    What they say of points stays, which is what the trigger is there for.
    """
    op.execute("ALTER TABLE club_rules DISABLE TRIGGER append_only")
    op.execute("""
        UPDATE club_rules r
           SET document = jsonb_set(r.document, '{programme}',
                   coalesce(r.document -> 'programme', jsonb_build_object(
                       'code', v.document -> 'code', 'names', v.document -> 'names',
                       'currency', v.document -> 'currency'))
                   || jsonb_build_object('fees', v.document -> 'fees', 'term', v.document -> 'term'))
          FROM programme_versions v
         WHERE v.club_id = r.club_id AND v.rules_no = r.version_no
           AND (v.document #>> '{term,kind}' = 'sliding'
                OR (r.document ? 'programme' AND jsonb_array_length(v.document #> '{fees,levels}') > 0))
    """)
    op.execute("ALTER TABLE club_rules ENABLE TRIGGER append_only")


def downgrade() -> None:
    _check("level_changes", "cause_known", "cause IN " + _CAUSES.format(more=""))
    op.drop_column("membership_levels", "paid")
    op.drop_constraint(op.f("ck_level_overrides_fee_is_paid"), "level_overrides", type_="check")
    _check("level_overrides", "has_reason", "reason <> ''")
    op.drop_index("ix_level_overrides_fee_id", table_name="level_overrides")
    op.drop_column("level_overrides", "fee_id")
    op.drop_column("level_overrides", "paid")
    op.drop_constraint(op.f("ck_membership_fees_upgrade_has_level"), "membership_fees", type_="check")
    _check("membership_fees", "kind_known", f"kind IN {_KINDS}")
    op.drop_column("membership_fees", "level")


def _check(table: str, name: str, condition: str) -> None:
    op.drop_constraint(op.f(f"ck_{table}_{name}"), table, type_="check")
    op.create_check_constraint(op.f(f"ck_{table}_{name}"), table, condition)
