"""Charge a levy on each unit of a product beside its price."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_25_0925"
down_revision = "2026_11_25_0930"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("products", sa.Column("levy_minor", sa.BigInteger(), server_default="0", nullable=False))
    op.create_check_constraint(op.f("ck_products_levy_not_negative"), "products", "levy_minor >= 0")


def downgrade() -> None:
    op.drop_constraint(op.f("ck_products_levy_not_negative"), "products")
    op.drop_column("products", "levy_minor")
