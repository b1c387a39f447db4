"""What the till says before it renews."""

import datetime as dt

from pydantic import BaseModel

from erp_club.purchases.baskets import memberships
from web.deps import Act
from web.views.clubs import MembershipLine, membership_line
from web.views.levels import LevelChoice


class RenewalLength(BaseModel):
    """Another length that may be chosen, up to when it runs, and what it costs, `full_minor` without a waiver."""

    months: int
    valid_until: dt.date | None
    fee_minor: int
    full_minor: int


class RenewalView(BaseModel):
    """A membership, the days that renewing today adds, both included, and whether the card must be shown for it.

    It costs `fee_minor`, by the term's purchases less than `full_minor` where they waive it or a part; with
    `missing_minor` more bought it would cost `then_minor`. `level` is the one that was bought and goes on.
    `lengths` may be chosen in place of these days.
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
    lengths: list[RenewalLength]


def renewal_view(act: Act, membership_id: int) -> RenewalView:
    """What renewing this membership of the sale's customer would do. Raises as `memberships.renewal_told`."""
    told = memberships.renewal_told(act.session, membership_id, today=act.today, by=act.by)
    span, cost = told.span, told.cost
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
        lengths=[
            RenewalLength(
                months=months,
                valid_until=told.others[months].last,
                fee_minor=fee.now_minor,
                full_minor=fee.full_minor,
            )
            for months, fee in (cost.others if cost else {}).items()
        ],
    )
