"""Let sales give what they reach of a period's reward at once, several times a day."""

import sqlalchemy as sa
from alembic import op

revision = "2026_11_27_0250"
down_revision = "2026_11_27_0242"
branch_labels = None
depends_on = None

_ONCE = sa.text("state <> 'undone' AND taken_seq IS NULL")

_TELL_TILLS = """
    WITH told AS (
        SELECT v.club_id, v.rules_no,
               (SELECT jsonb_object_agg(e.key, e.value) FROM jsonb_each(v.document) e
                 WHERE e.key IN ('code', 'names', 'currency', 'unit', 'earning', 'excluded', 'channels', 'redemption',
                                 'switch', 'levels', 'counters', 'visit', 'household', 'returns')) AS read,
               (SELECT jsonb_agg(reward ORDER BY number)
                  FROM jsonb_array_elements(v.document -> 'rewards') WITH ORDINALITY AS r(reward, number)
                 WHERE (reward #>> '{function,kind}' = 'every'
                        OR reward #>> '{function,kind}' = 'threshold' AND NOT (reward ->> 'takes')::boolean
                           AND (reward #>> '{function,reached}' = 'each'
                                OR jsonb_array_length(reward #> '{function,steps}') = 1))
                   AND reward #>> '{issue,at}' = 'reached' AND reward #>> '{issue,published_on}' IS NULL
                   AND reward #>> '{issue,after_days}' = '0' AND reward #>> '{base,counts}' <> 'balance'
                   AND reward #>> '{period,every}' <> 'day') AS rewards
          FROM programme_versions v
    )
    UPDATE club_rules c
       SET document = jsonb_set(c.document, '{programme}', told.read
               || coalesce(nullif(c.document -> 'programme', 'null'), '{}')
               || jsonb_build_object('rewards', told.rewards))
      FROM told
     WHERE told.rewards IS NOT NULL AND c.club_id = told.club_id AND c.version_no = told.rules_no
"""
"""What tills read of a club's rules says what a sale gives, as new versions of them do."""


def upgrade() -> None:
    op.add_column("period_settlements", sa.Column("of_day", sa.SmallInteger(), nullable=False, server_default="0"))
    _once("of_day")
    op.execute("ALTER TABLE club_rules DISABLE TRIGGER append_only")
    op.execute(_TELL_TILLS)
    op.execute("ALTER TABLE club_rules ENABLE TRIGGER append_only")


def downgrade() -> None:
    op.execute("ALTER TABLE club_rules DISABLE TRIGGER append_only")
    op.execute("UPDATE club_rules SET document = document #- '{programme,rewards}'")
    op.execute("ALTER TABLE club_rules ENABLE TRIGGER append_only")
    op.execute("DELETE FROM period_settlements WHERE of_day > 0")
    _once()
    op.drop_column("period_settlements", "of_day")


def _once(*more: str) -> None:
    op.drop_index("uq_period_settlements_once", "period_settlements")
    columns = ["account_id", "club_id", "rule", "last_on", *more]
    op.create_index("uq_period_settlements_once", "period_settlements", columns, unique=True, postgresql_where=_ONCE)
