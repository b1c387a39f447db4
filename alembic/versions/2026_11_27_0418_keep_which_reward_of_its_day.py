"""Keep and seal which one of its day a reward is that a sale gave: changed, it could be given once more."""

from alembic import op

revision = "2026_11_27_0418"
down_revision = "2026_11_27_0240"
branch_labels = None
depends_on = None

_BEFORE = (
    *("customer_id", "account_id", "club_id", "rule", "first_on", "last_on", "version_no", "run_id", "form"),
    *("base", "carried", "value", "pieces", "settled_before", "to_fee_minor", "taken", "rest", "rest_minor"),
    *("rate_bp", "why", "usable_from", "last_day", "state", "automatic", "due_on", "promised", "taken_seq"),
    "at",
)


def upgrade() -> None:
    _keep((*_BEFORE, "of_day"))


def downgrade() -> None:
    _keep(_BEFORE)


def _keep(columns: tuple[str, ...]) -> None:
    """Keep these columns from now on, and once more of each row that is there."""
    op.execute("SET LOCAL timezone = 'UTC'")  # as the triggers do: JSON writes moments in a time zone
    told = ", ".join(f"'{name}', {name}" for name in columns)
    op.execute(
        "INSERT INTO kept_rows SELECT 'period_settlements', t.id, k.n + 1, "  # noqa: S608 - names of ours
        f"jsonb_build_object({told}) FROM period_settlements t JOIN (SELECT row_id, max(kept_rows.n) AS n "
        "FROM kept_rows WHERE of_table = 'period_settlements' GROUP BY row_id) AS k ON k.row_id = t.id"
    )
    for when, referencing in (("INSERT", "NEW TABLE AS came"), ("UPDATE", "OLD TABLE AS went NEW TABLE AS came")):
        op.execute(f"DROP TRIGGER keep_{when.lower()} ON period_settlements")
        op.execute(
            f"CREATE TRIGGER keep_{when.lower()} AFTER {when} ON period_settlements REFERENCING {referencing} "
            f"FOR EACH STATEMENT EXECUTE FUNCTION keep_rows(id, {', '.join(columns)})"
        )
