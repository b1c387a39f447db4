"""Link memberships into households that share one points account, and tell where a leaver's points live."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "2026_11_25_2253"
down_revision = "2026_11_25_2237"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "points_moves",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("account_id", sa.BigInteger(), nullable=False),
        sa.Column("up_to_seq", sa.BigInteger(), nullable=False),
        sa.Column("by_customer_id", sa.BigInteger()),
        sa.Column("to_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("to_account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_points_moves")),
        _account("points_moves", "customer_id", "account_id"),
        _account("points_moves", "to_customer_id", "to_account_id"),
        sa.CheckConstraint(
            "(customer_id, account_id) <> (to_customer_id, to_account_id)", name=op.f("ck_points_moves_two_accounts")
        ),
        sa.CheckConstraint("up_to_seq >= 0", name=op.f("ck_points_moves_up_to_not_negative")),
    )
    op.create_index("ix_points_moves_account", "points_moves", ["customer_id", "account_id", "id"])
    op.execute(
        "CREATE TRIGGER append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON points_moves "
        "FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()"
    )
    _households()
    _places()
    _invitations()
    op.execute(_ONE_MAIN)
    op.execute(
        "CREATE CONSTRAINT TRIGGER has_main AFTER INSERT OR UPDATE ON household_places "
        "DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION household_has_main()"
    )
    _causes(*_CAUSES, "household")


def _account(table: str, holder: str, account: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [holder, account],
        ["points_accounts.customer_id", "points_accounts.id"],
        name=op.f(f"fk_{table}_{holder}_{account}"),
    )


def _membership(table: str, customer: str, membership: str) -> sa.ForeignKeyConstraint:
    return sa.ForeignKeyConstraint(
        [customer, membership],
        ["memberships.customer_id", "memberships.id"],
        name=op.f(f"fk_{table}_{customer}_{membership}"),
        onupdate="CASCADE",
    )


def _households() -> None:
    op.create_table(
        "households",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("club_id", sa.Integer(), nullable=False),
        sa.Column("began_on", sa.Date(), nullable=False),
        sa.Column("ended_on", sa.Date()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_households")),
        sa.ForeignKeyConstraint(["club_id"], ["clubs.id"], name=op.f("fk_households_club_id_clubs")),
        sa.CheckConstraint("ended_on >= began_on", name=op.f("ck_households_ends_after_it_began")),
    )


def _places() -> None:
    op.create_table(
        "household_places",
        sa.Column("household_id", sa.BigInteger(), nullable=False),
        sa.Column("place_no", sa.Integer(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("is_main", sa.Boolean(), nullable=False),
        sa.Column("may_redeem", sa.Boolean(), nullable=False, server_default=sa.false()),
        sa.Column("held", postgresql.DATERANGE(), nullable=False),
        sa.Column("own_holder_id", sa.BigInteger(), nullable=False),
        sa.Column("own_account_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("left_at", sa.DateTime(timezone=True)),
        sa.Column("left_by", sa.Text()),
        sa.PrimaryKeyConstraint("household_id", "place_no", name=op.f("pk_household_places")),
        sa.ForeignKeyConstraint(
            ["household_id"], ["households.id"], name=op.f("fk_household_places_household_id_households")
        ),
        _membership("household_places", "customer_id", "membership_id"),
        _account("household_places", "own_holder_id", "own_account_id"),
        sa.CheckConstraint("isempty(held) OR lower(held) IS NOT NULL", name=op.f("ck_household_places_has_first_day")),
    )
    op.create_index("ix_household_places_membership_id", "household_places", ["membership_id"])
    # A number as a range of one: GiST compares plain numbers only with an extension that not every server has.
    op.execute(
        "ALTER TABLE household_places "
        "ADD CONSTRAINT ex_household_places_one_household EXCLUDE USING gist "
        "(int8range(membership_id, membership_id, '[]') WITH &&, held WITH &&), "
        "ADD CONSTRAINT ex_household_places_one_main EXCLUDE USING gist "
        "(int8range(household_id, household_id, '[]') WITH &&, held WITH &&) WHERE (is_main)"
    )


def _invitations() -> None:
    op.create_table(
        "household_invitations",
        sa.Column("id", sa.BigInteger(), sa.Identity(), nullable=False),
        sa.Column("main_customer_id", sa.BigInteger(), nullable=False),
        sa.Column("main_membership_id", sa.BigInteger(), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("membership_id", sa.BigInteger(), nullable=False),
        sa.Column("state", sa.Text(), nullable=False, server_default="open"),
        sa.Column("last_day", sa.Date()),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("by", sa.Text(), nullable=False),
        sa.Column("answered_at", sa.DateTime(timezone=True)),
        sa.Column("answered_by", sa.Text()),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_household_invitations")),
        _membership("household_invitations", "main_customer_id", "main_membership_id"),
        _membership("household_invitations", "customer_id", "membership_id"),
        sa.CheckConstraint(
            "state IN ('open', 'accepted', 'refused', 'withdrawn')", name=op.f("ck_household_invitations_state_known")
        ),
        sa.CheckConstraint(
            "main_membership_id <> membership_id", name=op.f("ck_household_invitations_two_memberships")
        ),
    )
    op.create_index(
        "uq_household_invitations_open",
        "household_invitations",
        ["main_membership_id", "membership_id"],
        unique=True,
        postgresql_where=sa.text("state = 'open'"),
    )
    op.create_index("ix_household_invitations_membership_id", "household_invitations", ["membership_id"])


def _causes(*causes: str) -> None:
    name = op.f("ck_level_changes_cause_known")
    op.drop_constraint(name, "level_changes", type_="check")
    op.create_check_constraint(name, "level_changes", f"cause IN ({', '.join(map(repr, causes))})")


def downgrade() -> None:
    op.execute("UPDATE level_changes SET cause = 'time' WHERE cause = 'household'")
    _causes(*_CAUSES)
    for table in ("household_invitations", "household_places", "households", "points_moves"):
        op.drop_table(table)
    op.execute("DROP FUNCTION household_has_main()")


_CAUSES = ("first", "purchase", "return", "time", "by_hand", "by_hand_ended", "rules", "merge")
# Asked when the transaction ends: between two statements the one that leads may have left, and the next not yet come.
_ONE_MAIN = """
    CREATE FUNCTION household_has_main() RETURNS trigger LANGUAGE plpgsql AS $$
    BEGIN
        IF EXISTS (SELECT FROM household_places WHERE household_id = NEW.household_id AND upper_inf(held))
           AND NOT EXISTS (SELECT FROM household_places
                            WHERE household_id = NEW.household_id AND upper_inf(held) AND is_main) THEN
            RAISE EXCEPTION 'household % has no main member', NEW.household_id
                  USING ERRCODE = 'integrity_constraint_violation';
        END IF;
        RETURN NULL;
    END $$
"""
