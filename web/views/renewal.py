"""What the till says before it renews."""

import datetime as dt

from pydantic import BaseModel

from erp_club.purchases.baskets import memberships
from web.deps import Act
from web.views.clubs import MembershipLine, membership_line


class RenewalView(BaseModel):
    """A membership, the days that renewing today adds, both included, and whether the card must be shown for it."""

    membership: MembershipLine
    starts_on: dt.date
    valid_until: dt.date | None
    needs_card: bool


def renewal_view(act: Act, membership_id: int) -> RenewalView:
    """What renewing this membership of the sale's customer would do. Raises as `memberships.renewal_span`."""
    span = memberships.renewal_span(act.session, membership_id, today=act.today, by=act.by)
    return RenewalView(
        membership=membership_line(act, membership_id),
        starts_on=span.first,
        valid_until=span.last,
        needs_card=memberships.card_is_needed(act.session, membership_id, by=act.by),
    )
