"""What pages show of memberships' fees: which line is for what."""

import datetime as dt

from pydantic import BaseModel

from erp_club.purchases.fees.models import FeeKind
from erp_club.purchases.fees.queries import FeeFor


class FeeView(BaseModel):
    """What a line is paid for: joining or renewing a club, or a level in it. `until` is the last day, null for life."""

    kind: FeeKind
    club_names: dict[str, str]
    level_names: dict[str, str] | None
    until: dt.date | None


def fee_view(fee: FeeFor | None) -> FeeView | None:
    """What a line is paid for; None for a line that is no fee."""
    if fee is None:
        return None
    return FeeView(kind=fee.kind, club_names=fee.club_names, level_names=fee.level_names, until=fee.last)
