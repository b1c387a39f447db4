"""What pages show of memberships' fees: which line is for what."""

import datetime as dt

from pydantic import BaseModel

from erp_club.programmes.engine.renew import Fee
from erp_club.purchases.fees.kinds import FeeKind
from erp_club.purchases.fees.queries import FeeFor


class FeeView(BaseModel):
    """What a line is paid for: joining or renewing a club, or a level in it. `until` is the last day, null for life.

    With `missing_minor` more in the same sale it would cost `then_minor`.
    """

    kind: FeeKind
    club_names: dict[str, str]
    level_names: dict[str, str] | None
    until: dt.date | None
    missing_minor: int = 0
    then_minor: int = 0


def fee_view(fee: FeeFor | None, cost: Fee | None = None) -> FeeView | None:
    """What a line is paid for, and what it costs where the sale may waive it; None for a line that is no fee."""
    if fee is None:
        return None
    return FeeView(
        kind=fee.kind,
        club_names=fee.club_names,
        level_names=fee.level_names,
        until=fee.last,
        missing_minor=cost.missing_minor if cost else 0,
        then_minor=cost.then_minor if cost else 0,
    )
