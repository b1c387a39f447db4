"""What is sealed of the ledger of prepaid and gift cards."""

from typing import cast

import sqlalchemy as sa

from erp_club.kernel.ledger_seals import Ledger
from erp_club.stored_value.models import ValueLotTerms, ValueMovement, ValueMovementLot, ValueSeal

VALUE_LEDGER = Ledger(
    purpose="stored value",
    movements=cast("sa.Table", ValueMovement.__table__),
    parts=cast("sa.Table", ValueMovementLot.__table__),
    seals=cast("sa.Table", ValueSeal.__table__),
    columns=(
        *("customer_id", "card_id", "seq", "kind", "amount_minor", "balance_after_minor", "at", "on_date"),
        *("receipt_customer_id", "receipt_id", "reverses_seq", "other_card_id", "run_id", "reason"),
        *("store_id", "terminal_id", "staff_id"),
    ),
    part="amount_minor",
    terms=cast("sa.Table", ValueLotTerms.__table__),
    term_columns=("first_day", "last_day"),
)
