"""What the till says before it renews."""

import datetime as dt

from pydantic import BaseModel

from erp_club.purchases.baskets import memberships
from web.deps import Act
from web.views.clubs import MembershipLine, membership_line
from web.views.levels import LevelChoice


class RenewalView(BaseModel):
    """A membership, the days that renewing today adds, both included, and whether the card must be shown for it.

    It costs `fee_minor`, by the term's purchases less than `full_minor` where they waive it or a part; with
    `missing_minor` more bought it would cost `then_minor`. `level` is the one that was bought and goes on.
    """

    membership: MembershipLine
    starts_on: dt.date
    valid_until: dt.date | None
    needs_card: bool
    fee_minor: int
    full_minor: int
    missing_minor: int
    then_minor: int
    level: LevelChoice | None


def renewal_view(act: Act, membership_id: int) -> RenewalView:
    """What renewing this membership of the sale's customer would do. Raises as `memberships.renewal_told`."""
    span, cost = memberships.renewal_told(act.session, membership_id, today=act.today, by=act.by)
    line = membership_line(act, membership_id)
    level = next((each for each in line.level_choices if cost is not None and each.code == cost.level), None)
    return RenewalView(
        membership=line,
        starts_on=span.first,
        valid_until=span.last,
        needs_card=memberships.card_is_needed(act.session, membership_id, by=act.by),
        fee_minor=cost.fee.now_minor if cost else 0,
        full_minor=cost.fee.full_minor if cost else 0,
        missing_minor=cost.fee.missing_minor if cost else 0,
        then_minor=cost.fee.then_minor if cost else 0,
        level=level,
    )
