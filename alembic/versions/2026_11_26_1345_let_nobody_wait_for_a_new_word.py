"""Let a word of a name stand in the dictionary twice, so that no till waits for an import that has the same new one."""

from alembic import op

revision = "2026_11_26_1345"
down_revision = "2026_11_26_1417"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_index("ix_name_words_word", "name_words", ["word"])
    op.drop_constraint(op.f("uq_name_words_word"), "name_words", type_="unique")


def downgrade() -> None:
    op.execute(
        """
        WITH doubles AS (SELECT id, min(id) OVER (PARTITION BY word) AS first FROM name_words)
        UPDATE customer_name_words c SET words = (
          SELECT array_agg(DISTINCT d.first) FROM unnest(c.words) AS word JOIN doubles d ON d.id = word)
         WHERE c.words && (SELECT array_agg(id) FROM doubles WHERE id <> first)
        """
    )
    op.execute("DELETE FROM name_words w USING name_words o WHERE o.word = w.word AND o.id < w.id")
    op.create_unique_constraint(op.f("uq_name_words_word"), "name_words", ["word"])
    op.drop_index("ix_name_words_word", "name_words")
