"""What pages show of coupons: batches, one batch with its coupons, one coupon, and a customer's."""

import datetime as dt

from pydantic import BaseModel

from erp_club.promotions.coupons.batches import queries as batches
from erp_club.promotions.coupons.batches.queries import BatchRow, Standing
from erp_club.promotions.coupons.models import BatchState
from web import lists
from web.deps import Act


class BatchLine(BaseModel):
    """A batch. `used` counts coupons that were used at least once; days are included at both ends.

    With `worth_minor` what is left of a coupon can be used again; without it the rest is lost. `left` is how many more
    may be issued, null without limit.
    """

    id: int
    code: str
    names: dict[str, str]
    prefix: str
    personal: bool
    uses: int
    worth_minor: int | None
    currency: str
    valid_from: dt.date | None
    valid_to: dt.date | None
    days_from_issue: int | None
    most: int | None
    issued: int
    used: int
    left: int | None
    state: BatchState
    standing: Standing
    version: int
    created_at: dt.datetime


class BatchesPage(BaseModel):
    """The batches that match."""

    text: str | None
    standing: Standing | None
    personal: bool | None
    state: lists.ListState
    batches: list[BatchLine]


def batch_line(act: Act, batch_id: int) -> BatchLine:
    """One batch. Raises NotFound."""
    return line(act, batches.batch(act.session, batch_id))


def line(act: Act, row: BatchRow) -> BatchLine:
    """A batch as it stands today."""
    return BatchLine(
        id=row.id,
        code=row.code,
        names=dict(row.names),
        prefix=row.prefix,
        personal=row.personal,
        uses=row.uses,
        worth_minor=row.worth_minor,
        currency=act.chain.currency,
        valid_from=row.valid_from,
        valid_to=row.valid_to,
        days_from_issue=row.days_from_issue,
        most=row.most,
        issued=row.issued,
        used=row.used,
        left=None if row.most is None else row.most - row.issued,
        state=row.state,
        standing=standing(row, act.today),
        version=row.version,
        created_at=row.created_at,
    )


def standing(row: BatchRow, today: dt.date) -> Standing:
    """Where a batch stands on a day."""
    if row.state is not BatchState.ACTIVE:
        return Standing.BLOCKED if row.state is BatchState.BLOCKED else Standing.CLOSED
    if row.valid_from is not None and row.valid_from > today:
        return Standing.COMING
    return Standing.ENDED if row.valid_to is not None and row.valid_to < today else Standing.CURRENT
