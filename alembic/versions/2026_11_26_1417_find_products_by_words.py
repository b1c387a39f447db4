"""Find products by words of their names, as a till does."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_26_1417"
down_revision = "2026_11_26_1408"
branch_labels = None
depends_on = None


# What stands between words is taken out beforehand: the parser would keep BREAD/ROLLS as the path of a file.
_BETWEEN = "/\\|.,:;-_+&%#*=()[]{}<>!?@~^`''\"\u05f3\u05f4\u05be\u2019"


def upgrade() -> None:
    op.execute(
        "CREATE FUNCTION product_words(name text) RETURNS tsvector LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN "
        f"to_tsvector('pg_catalog.simple', translate(name, '{_BETWEEN}', repeat(' ', 40)))"
    )
    op.create_index("ix_products_words", "products", [sa.text("product_words(name)")], postgresql_using="gin")


def downgrade() -> None:
    op.drop_index("ix_products_words", "products")
    op.execute("DROP FUNCTION product_words(text)")
