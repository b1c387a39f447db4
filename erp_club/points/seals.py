"""What is sealed of the ledger of points."""

from typing import cast

import sqlalchemy as sa

from erp_club.kernel.ledger_seals import Ledger
from erp_club.points.models import PointsLotTerms, PointsMovement, PointsMovementLot, PointsSeal

POINTS_LEDGER = Ledger(
    purpose="points",
    movements=cast("sa.Table", PointsMovement.__table__),
    parts=cast("sa.Table", PointsMovementLot.__table__),
    seals=cast("sa.Table", PointsSeal.__table__),
    columns=(
        *("customer_id", "account_id", "seq", "kind", "points", "balance_after", "at", "on_date", "by_customer_id"),
        *("receipt_id", "reverses_seq", "rule_version", "reason", "run_id", "approval_id"),
        *("store_id", "terminal_id", "staff_id"),
    ),
    part="points",
    terms=cast("sa.Table", PointsLotTerms.__table__),
    term_columns=("available_on", "last_day", "earned_month", "rule_version", "waits_for"),
)
