"""Mailing lists of a segment: whom a channel may reach, and who is left out and why."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Literal

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import Customer
from erp_club.kernel.reading import in_portions
from erp_club.segments.models import SegmentCustomer

Channel = Literal["sms", "email", "post"]
CHANNELS: tuple[Channel, ...] = ("sms", "email", "post")
COLUMNS: dict[Channel, tuple[str, ...]] = {
    "sms": ("number", "given_name", "family_name", "language", "mobile"),
    "email": ("number", "given_name", "family_name", "language", "email"),
    "post": ("number", "given_name", "family_name", "language", "street", "postcode", "city", "country"),
}
_CONSENT: dict[Channel, Any] = {
    "sms": Customer.consent_sms.is_(True),
    "email": Customer.consent_email.is_(True),
    "post": Customer.consent_post.is_(True),
}
_ADDRESS: dict[Channel, Any] = {
    "sms": Customer.mobile.is_not(None),
    "email": Customer.email.is_not(None),
    "post": Customer.street.is_not(None) & Customer.city.is_not(None),
}


@dataclass(frozen=True, slots=True)
class Reach:
    """How many a channel may reach, and how many it may not: without consent, or with consent but no address."""

    channel: Channel
    reached: int
    without_consent: int
    without_address: int

    @property
    def customers(self) -> int:
        """All who are in the segment now: a merge, an erasure or a sale since its last refresh counts."""
        return self.reached + self.without_consent + self.without_address


def reach(session: Session, segment_id: int) -> list[Reach]:
    """Every channel's, of those who are kept as being in the segment."""
    columns: list[Any] = []
    for channel in CHANNELS:
        consent, address = _CONSENT[channel], _ADDRESS[channel]
        columns += [
            sa.func.count().filter(consent, address),
            sa.func.count().filter(~consent),
            sa.func.count().filter(consent, ~address),
        ]
    row = session.execute(_in_segment(segment_id, *columns)).one()
    return [Reach(channel, *row[3 * place : 3 * place + 3]) for place, channel in enumerate(CHANNELS)]


def addresses(session: Session, segment_id: int, channel: Channel) -> Iterator[tuple[Any, ...]]:
    """Those whom the channel may reach, by number, in the columns of `COLUMNS`; read in portions."""
    columns = [getattr(Customer, name) for name in COLUMNS[channel]]
    found = _in_segment(segment_id, *columns).where(_CONSENT[channel], _ADDRESS[channel]).order_by(Customer.number)
    return (tuple(row) for row in in_portions(session, found))


def _in_segment(segment_id: int, *columns: Any) -> Any:
    return (
        sa.select(*columns)
        .select_from(SegmentCustomer)
        .join(Customer, Customer.id == SegmentCustomer.customer_id)
        .where(SegmentCustomer.segment_id == segment_id, Customer.state == CustomerState.ACTIVE)
    )
