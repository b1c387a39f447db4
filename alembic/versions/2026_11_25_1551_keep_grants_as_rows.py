"""Keep what each role holds as rows with a history, so that head office decides it and not the code."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_1551"
down_revision = "2026_11_25_1520"
branch_labels = None
depends_on = None

_ONLY_ENDED = """
CREATE FUNCTION role_grants_only_ended() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  IF TG_OP = 'UPDATE' AND OLD.valid_to IS NULL AND NEW.valid_to IS NOT NULL
     AND (NEW.id, NEW.role, NEW.action, NEW.scope, NEW.club_id, NEW.per_sale, NEW.per_day, NEW.percent_bp, NEW.approval,
          NEW.valid_from, NEW.made_by)
     IS NOT DISTINCT FROM
         (OLD.id, OLD.role, OLD.action, OLD.scope, OLD.club_id, OLD.per_sale, OLD.per_day, OLD.percent_bp, OLD.approval,
          OLD.valid_from, OLD.made_by)
  THEN
    RETURN NEW;
  END IF;
  RAISE EXCEPTION 'Rows of % are ended, never changed or deleted', TG_TABLE_NAME;
END $$;
CREATE TRIGGER role_grants_only_ended BEFORE UPDATE OR DELETE ON role_grants
FOR EACH ROW EXECUTE FUNCTION role_grants_only_ended();
"""
_VERSION = """
CREATE FUNCTION grants_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
  UPDATE grants_version SET version = gen_random_uuid();
  RETURN NULL;
END $$;
CREATE TRIGGER grants_changed AFTER INSERT OR UPDATE OR DELETE ON role_grants
FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();
CREATE TRIGGER grants_changed AFTER INSERT OR UPDATE OR DELETE ON roles
FOR EACH STATEMENT EXECUTE FUNCTION grants_changed();
"""


def upgrade() -> None:
    op.create_table(
        "roles",
        sa.Column("code", sa.Text(), nullable=False),
        sa.Column("name", sa.Text()),
        sa.Column("active", sa.Boolean(), server_default=sa.true(), nullable=False),
        sa.Column("made_at", sa.DateTime(timezone=True), nullable=False),
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name=op.f("ck_roles_code_plain")),
        sa.CheckConstraint("name IS NOT NULL OR code IN ('hq', 'manager', 'cashier')", name=op.f("ck_roles_named")),
        sa.PrimaryKeyConstraint("code", name=op.f("pk_roles")),
    )
    op.execute("INSERT INTO roles (code, made_at) VALUES ('hq', now()), ('manager', now()), ('cashier', now())")
    op.drop_constraint(op.f("ck_staff_role_known"), "staff")
    op.create_foreign_key(op.f("fk_staff_role"), "staff", "roles", ["role"], ["code"])
    _create_grants()
    _create_posts()
    op.create_table(
        "known_actions",
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("since", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("action", name=op.f("pk_known_actions")),
    )
    op.create_table(
        "grants_version",
        sa.Column("id", sa.SmallInteger(), autoincrement=False, nullable=False),
        sa.Column("version", sa.Uuid(), nullable=False),
        sa.CheckConstraint("id = 1", name=op.f("ck_grants_version_one_row")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_grants_version")),
    )
    op.execute("INSERT INTO grants_version VALUES (1, gen_random_uuid())")
    op.execute(_ONLY_ENDED)
    op.execute(_VERSION)


def _create_grants() -> None:
    op.create_table(
        "role_grants",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("role", sa.Text()),
        sa.Column("action", sa.Text(), nullable=False),
        sa.Column("scope", sa.Text(), nullable=False),
        sa.Column("club_id", sa.Integer()),
        sa.Column("per_sale", sa.BigInteger()),
        sa.Column("per_day", sa.BigInteger()),
        sa.Column("percent_bp", sa.Integer()),
        sa.Column("approval", sa.Boolean(), nullable=False),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True)),
        sa.Column("made_by", sa.Integer()),
        sa.Column("ended_by", sa.Integer()),
        sa.CheckConstraint("scope IN ('chain', 'club', 'store', 'self')", name=op.f("ck_role_grants_scope_known")),
        sa.CheckConstraint("(scope = 'club') = (club_id IS NOT NULL)", name=op.f("ck_role_grants_club_of_scope")),
        sa.CheckConstraint(
            "per_sale >= 0 AND per_day >= 0 AND percent_bp BETWEEN 0 AND 10000",
            name=op.f("ck_role_grants_limits_lawful"),
        ),
        sa.CheckConstraint(
            "role IS NOT NULL OR (scope = 'chain' AND NOT approval)", name=op.f("ck_role_grants_cap_of_chain")
        ),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_role_grants_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_role_grants")),
        sa.ForeignKeyConstraint(["role"], ["roles.code"], name=op.f("fk_role_grants_role")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_role_grants_club_id")),
        sa.ForeignKeyConstraint(["made_by"], ["staff.id"], name=op.f("fk_role_grants_made_by")),
        sa.ForeignKeyConstraint(["ended_by"], ["staff.id"], name=op.f("fk_role_grants_ended_by")),
    )
    op.create_index(
        "uq_role_grants_now",
        "role_grants",
        ["role", "action", "club_id"],
        unique=True,
        postgresql_where=sa.text("valid_to IS NULL"),
        postgresql_nulls_not_distinct=True,
    )
    op.create_index("ix_role_grants_action", "role_grants", ["action", "valid_from"])


def _create_posts() -> None:
    op.create_table(
        "staff_posts",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("staff_id", sa.Integer(), nullable=False),
        sa.Column("role", sa.Text(), nullable=False),
        sa.Column("store_id", sa.Integer()),
        sa.Column("valid_from", sa.DateTime(timezone=True), nullable=False),
        sa.Column("valid_to", sa.DateTime(timezone=True)),
        sa.CheckConstraint("valid_to >= valid_from", name=op.f("ck_staff_posts_ends_after_start")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_staff_posts")),
        sa.ForeignKeyConstraint(["staff_id"], ["staff.id"], name=op.f("fk_staff_posts_staff_id")),
        sa.ForeignKeyConstraint(["role"], ["roles.code"], name=op.f("fk_staff_posts_role")),
        sa.ForeignKeyConstraint(["store_id"], ["stores.id"], name=op.f("fk_staff_posts_store_id")),
    )
    op.create_index(op.f("ix_staff_posts_staff_id"), "staff_posts", ["staff_id"])
    op.create_index(
        "uq_staff_posts_now", "staff_posts", ["staff_id"], unique=True, postgresql_where=sa.text("valid_to IS NULL")
    )
    op.execute(
        "INSERT INTO staff_posts (staff_id, role, store_id, valid_from)"
        " SELECT id, role, store_id, created_at FROM staff WHERE active"
    )


def downgrade() -> None:
    for table in ("grants_version", "known_actions", "staff_posts", "role_grants"):
        op.drop_table(table)
    op.drop_constraint(op.f("fk_staff_role"), "staff")
    op.execute("UPDATE staff SET role = 'cashier' WHERE role NOT IN ('hq', 'manager', 'cashier')")
    op.create_check_constraint(op.f("ck_staff_role_known"), "staff", "role IN ('hq', 'manager', 'cashier')")
    op.drop_table("roles")
    op.execute("DROP FUNCTION role_grants_only_ended()")
    op.execute("DROP FUNCTION grants_changed()")
