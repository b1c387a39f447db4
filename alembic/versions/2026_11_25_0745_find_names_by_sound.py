"""Find names by sound and across scripts, by a dictionary of their words, and phones by their last digits."""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql
from sqlalchemy.orm import Session

revision = "2026_11_25_0745"
down_revision = "2026_11_25_0900"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "name_words",
        sa.Column("id", sa.Integer(), sa.Identity(), nullable=False),
        sa.Column("word", sa.Text(collation="C"), nullable=False),
        sa.Column("surface", sa.Text(collation="C"), nullable=False),
        sa.Column("sounds", sa.LargeBinary(), nullable=False),
        sa.Column("keys", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("bearers", sa.Integer(), server_default="0", nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_name_words")),
        sa.UniqueConstraint("word", name=op.f("uq_name_words_word")),
    )
    op.create_index("ix_name_words_surface", "name_words", ["surface", "bearers"])
    op.create_index(
        "ix_name_words_keys", "name_words", ["keys"], postgresql_using="gin", postgresql_with={"fastupdate": "off"}
    )
    op.create_table(
        "customer_name_words",
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.Column("words", postgresql.ARRAY(sa.Integer()), nullable=False),
        sa.Column("version", sa.SmallInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_name_words_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("customer_id", name=op.f("pk_customer_name_words")),
    )
    op.create_index(
        "ix_customer_name_words_words",
        "customer_name_words",
        ["words"],
        postgresql_using="gin",
        postgresql_with={"fastupdate": "off"},
    )
    for column in ("mobile", "phone"):
        op.create_index(
            f"ix_customers_{column}_ending",
            "customers",
            [sa.text(f"reverse({column}) text_pattern_ops")],
            postgresql_where=sa.text(f"{column} IS NOT NULL"),
        )
    op.drop_table("customer_name_tokens")
    _keep_names()


def _keep_names() -> None:
    """The words of the customers that are there."""
    # Only where there are any, so that a new installation doesn't depend on what today's code makes of them.
    customers = op.get_bind().execute(
        sa.text(
            "SELECT id, given_name, family_name, given_name_2, family_name_2 FROM customers"
            " WHERE id > 0 AND state = 'active' ORDER BY id"
        )
    )
    rows = [(row[0], row[1:]) for row in customers]
    if rows:
        from erp_club.customers.names.commands import count_bearers, keep_many

        with Session(op.get_bind(), join_transaction_mode="create_savepoint") as session:
            keep_many(session, rows)
            count_bearers(session)
            session.commit()


def downgrade() -> None:
    for column in ("mobile", "phone"):
        op.drop_index(f"ix_customers_{column}_ending", "customers")
    op.drop_table("customer_name_words")
    op.drop_table("name_words")
    op.create_table(
        "customer_name_tokens",
        sa.Column("token", sa.Text(collation="C"), nullable=False),
        sa.Column("customer_id", sa.BigInteger(), nullable=False),
        sa.ForeignKeyConstraint(
            ["customer_id"], ["customers.id"], name=op.f("fk_customer_name_tokens_customer_id"), ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token", "customer_id", name=op.f("pk_customer_name_tokens")),
    )
    op.create_index(op.f("ix_customer_name_tokens_customer_id"), "customer_name_tokens", ["customer_id"])
