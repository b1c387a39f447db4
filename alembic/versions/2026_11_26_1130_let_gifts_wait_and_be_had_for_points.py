"""Let what a rule gives wait for its day, be used by tills by themselves, and be had for points at once.

Parameters of the documents that nothing could carry out are dropped: when something is given for which the member gives
points just now, and by which day of the next month what has no period is given. Points that cost points, too.
"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects.postgresql import JSONB

revision = "2026_11_26_1130"
down_revision = "2026_11_26_1055"
branch_labels = None
depends_on = None

_TABLE = "period_settlements"
_DOCUMENTS = (("programme_versions", ""), ("what_if_runs", ""), ("club_rules", "programme,"))
_DROPPED = (
    ("benefits", ("at", "after_days", "by_day_of_month", "published_on")),
    ("occasions", ("by_day_of_month",)),
    ("levels,milestones", ("by_day_of_month",)),
)


def upgrade() -> None:
    op.add_column(_TABLE, sa.Column("automatic", sa.Boolean(), server_default=sa.false(), nullable=False))
    op.add_column(_TABLE, sa.Column("due_on", sa.Date(), nullable=True))
    op.add_column(_TABLE, sa.Column("promised", JSONB(), nullable=True))
    op.add_column(_TABLE, sa.Column("taken_seq", sa.BigInteger(), nullable=True))
    op.execute(
        f"UPDATE {_TABLE} s SET automatic = true FROM programme_versions v "  # noqa: S608 - names of ours
        "CROSS JOIN LATERAL jsonb_array_elements(v.document -> 'rewards') AS r "
        "WHERE v.club_id = s.club_id AND v.version_no = s.version_no AND r ->> 'code' = s.rule "
        "AND CAST(r #>> '{issue,automatic}' AS boolean)"
    )
    _states("'waiting', 'given', 'undone'")
    op.create_check_constraint(
        op.f(f"ck_{_TABLE}_waits_for_a_day"),
        _TABLE,
        "state <> 'waiting' OR due_on IS NOT NULL AND promised IS NOT NULL",
    )
    _once("state <> 'undone' AND taken_seq IS NULL")
    op.create_index(
        f"ix_{_TABLE}_due", _TABLE, ["due_on", "customer_id", "id"], postgresql_where=sa.text("state = 'waiting'")
    )
    for table in ("programme_versions", "club_rules"):
        op.execute(f"ALTER TABLE {table} DISABLE TRIGGER append_only")
    for table, within in _DOCUMENTS:
        for place, dropped in _DROPPED:
            _drop(table, "{" + within + place + "}", dropped)
        _without_points(table, "{" + within + "benefits}")
    for table in ("programme_versions", "club_rules"):
        op.execute(f"ALTER TABLE {table} ENABLE TRIGGER append_only")


def _drop(table: str, place: str, names: tuple[str, ...]) -> None:
    """Each of a list of rules without these parameters of its issue."""
    less = "".join(f" - '{name}'" for name in names)
    op.execute(
        f"UPDATE {table} SET document = jsonb_set(document, '{place}', (SELECT jsonb_agg("  # noqa: S608 - names of ours
        f"CASE WHEN each ? 'issue' THEN jsonb_set(each, '{{issue}}', (each -> 'issue'){less}) ELSE each END "
        "ORDER BY n) "
        f"FROM jsonb_array_elements(document #> '{place}') WITH ORDINALITY AS of_list(each, n))) "
        f"WHERE jsonb_typeof(document #> '{place}') = 'array' AND jsonb_array_length(document #> '{place}') > 0"
    )


def _without_points(table: str, place: str) -> None:
    op.execute(
        f"UPDATE {table} SET document = jsonb_set(document, '{place}', (SELECT coalesce("  # noqa: S608 - names of ours
        "jsonb_agg(each ORDER BY n) FILTER (WHERE each #>> '{gives,kind}' <> 'points'), '[]') "
        f"FROM jsonb_array_elements(document #> '{place}') WITH ORDINALITY AS of_list(each, n))) "
        f"WHERE jsonb_path_exists(document #> '{place}', '$[*] ? (@.gives.kind == \"points\")')"
    )


def _states(known: str) -> None:
    op.drop_constraint(op.f(f"ck_{_TABLE}_state_known"), _TABLE, type_="check")
    op.create_check_constraint(op.f(f"ck_{_TABLE}_state_known"), _TABLE, f"state IN ({known})")


def _once(where: str) -> None:
    op.drop_index(f"uq_{_TABLE}_once", _TABLE)
    op.create_index(
        f"uq_{_TABLE}_once",
        _TABLE,
        ["account_id", "club_id", "rule", "last_on"],
        unique=True,
        postgresql_where=sa.text(where),
    )


def downgrade() -> None:
    op.drop_index(f"ix_{_TABLE}_due", _TABLE)
    _once("state = 'given'")
    op.drop_constraint(op.f(f"ck_{_TABLE}_waits_for_a_day"), _TABLE, type_="check")
    op.execute(f"UPDATE {_TABLE} SET state = 'undone' WHERE state = 'waiting'")  # noqa: S608 - names of ours
    _states("'given', 'undone'")
    for name in ("taken_seq", "promised", "due_on", "automatic"):
        op.drop_column(_TABLE, name)
