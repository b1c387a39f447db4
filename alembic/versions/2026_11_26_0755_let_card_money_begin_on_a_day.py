"""Let money on a card be usable from a day on, as rules that give it say."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_0755"
down_revision = "2026_11_26_0820"
branch_labels = None
depends_on = None

_OLD = "uq_stored_value_lots_customer_id_card_id_last_day"
_NEW = f"{_OLD}_first_day"


def upgrade() -> None:
    op.add_column("stored_value_lots", sa.Column("first_day", sa.Date(), nullable=True))
    op.create_check_constraint(op.f("ck_stored_value_lots_days_in_order"), "stored_value_lots", "first_day <= last_day")
    columns = ["customer_id", "card_id", "last_day", "first_day"]
    op.create_unique_constraint(op.f(_NEW), "stored_value_lots", columns, postgresql_nulls_not_distinct=True)
    op.drop_constraint(op.f(_OLD), "stored_value_lots", type_="unique")


def downgrade() -> None:
    columns = ["customer_id", "card_id", "last_day"]
    op.create_unique_constraint(op.f(_OLD), "stored_value_lots", columns, postgresql_nulls_not_distinct=True)
    op.drop_constraint(op.f(_NEW), "stored_value_lots", type_="unique")
    op.drop_constraint(op.f("ck_stored_value_lots_days_in_order"), "stored_value_lots", type_="check")
    op.drop_column("stored_value_lots", "first_day")
