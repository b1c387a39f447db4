"""What pages show of coupons: batches, one batch with its coupons, one coupon, and a customer's."""

import datetime as dt
from zoneinfo import ZoneInfo

from pydantic import BaseModel

from erp_club.kernel import audit_search
from erp_club.permissions.catalog import Permission
from erp_club.promotions.coupons.batches import queries as batches
from erp_club.promotions.coupons.batches.queries import BatchRow, Standing
from erp_club.promotions.coupons.codes import spoken
from erp_club.promotions.coupons.issued import queries as issued
from erp_club.promotions.coupons.issued.queries import CouponFilters, CouponRow
from erp_club.promotions.coupons.kinds import ANYBODY, BatchState
from erp_club.promotions.standing import Standing as OfferStanding
from web import lists
from web.deps import Act
from web.views.issuing import IssuingView, unfinished
from web.views.segment_choices import SegmentChoice, segment_choices

DAYS_SHOWN = 30
MOST_OF_A_CUSTOMER = 100
SWITCHES_SHOWN = 50
PER_PAGE = 25
"""So many coupons stand below a batch's figures and chart."""


class BatchLine(BaseModel):
    """A batch. `used` counts coupons that were used at least once; days are included at both ends.

    With `worth_minor` what is left of a coupon can be used again; without it the rest is lost. `left` is how many more
    may be issued, null without limit. `back_on_return`: who returns all that a coupon was used for can use it again.
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
    back_on_return: bool
    issued: int
    used: int
    left: int | None
    state: BatchState
    standing: Standing
    version: int
    created_at: dt.datetime


class AssignForm(BatchLine):
    """A batch of which coupons are to be issued to customers, and the segments that can be chosen."""

    segments: list[SegmentChoice]


class BatchesPage(BaseModel):
    """The batches that match."""

    text: str | None
    standing: Standing | None
    personal: bool | None
    state: lists.ListState
    batches: list[BatchLine]


class BatchForm(BaseModel):
    """What a batch's form begins with: no batch for a new one. `needed` are the languages a name must have."""

    batch: BatchLine | None
    currency: str
    needed: list[str]


class CouponLine(BaseModel):
    """A coupon. `customer_id` is null where it is for whoever brings it; days are included at both ends.

    `spoken` is the code in groups. `left_minor` is what it still gives, null where a use takes it whole.
    """

    id: int
    code: str
    spoken: str
    batch_id: int
    batch_code: str
    names: dict[str, str]
    customer_id: int | None
    customer_number: str | None
    customer_name: str | None
    uses: int
    used: int
    worth_minor: int | None
    left_minor: int | None
    given_minor: int
    currency: str
    first_day: dt.date | None
    last_day: dt.date | None
    blocked: bool
    taken_back: bool
    standing: issued.Standing
    issued_at: dt.datetime
    issued_on: dt.date
    issued_by: str | None
    receipt_id: int | None
    receipt_no: str | None


class BatchFigures(BaseModel):
    """What became of a batch's coupons: those that can still be used, that are spent, expired, blocked, held by sales.

    `uses` and `given_minor` are over all receipts.
    """

    open: int
    spent: int
    expired: int
    blocked: int
    reserved: int
    uses: int
    given_minor: int


class UsedDay(BaseModel):
    """Uses on a day, and what they gave."""

    day: dt.date
    uses: int
    given_minor: int


class CouponsAsked(BaseModel):
    """Which coupons of a batch are shown, as the address says it."""

    code: str | None
    customer: str | None
    standing: issued.Standing | None


class OfferLine(BaseModel):
    """An offer that has to do with a batch: `started` by its coupons, else it issues them with a purchase."""

    id: int
    code: str
    names: dict[str, str]
    standing: OfferStanding
    started: bool


class BatchPage(BaseModel):
    """A batch, its figures, its uses of the last 30 days, its offers, and its coupons that match.

    `offers` is null to whoever may not see offers.
    """

    batch: BatchLine
    offers: list[OfferLine] | None
    figures: BatchFigures
    days: list[UsedDay]
    issuing: IssuingView | None
    asked: CouponsAsked
    state: lists.ListState
    coupons: list[CouponLine]

    def file_url(self, suffix: str) -> str:
        """The address of the coupons that match as a file."""
        _, _, query = self.state.export_url(suffix).partition("?")
        address = f"/coupon-batches/{self.batch.id}/coupons.{suffix}"
        return f"{address}?{query}" if query else address


class UseLine(BaseModel):
    """A use of a coupon: what it gave, on which receipt."""

    use_no: int
    at: dt.datetime
    given_minor: int
    receipt_id: int
    receipt_no: str
    customer_id: int | None
    customer_number: str | None
    store: str
    staff: str | None


class Switched(BaseModel):
    """When a coupon was blocked, unblocked or taken back, and by whom."""

    at: dt.datetime
    blocked: bool
    taken_back: bool
    actor: str


class CouponPage(BaseModel):
    """A coupon, its uses, and when it was blocked or unblocked; the newest first."""

    coupon: CouponLine
    uses: list[UseLine]
    switched: list[Switched]


class CustomerCoupons(BaseModel):
    """A customer's own coupons, the newest first. `more`: there are others that aren't told."""

    coupons: list[CouponLine]
    more: bool


class IssuedCoupons(BaseModel):
    """How many coupons were issued, and the batch as it stands now; `waiting` are being issued by a job."""

    issued: int
    batch: BatchLine
    waiting: int = 0


def batch_line(act: Act, batch_id: int) -> BatchLine:
    """One batch. Raises NotFound."""
    return line(act, batches.batch(act.session, batch_id))


def assign_view(act: Act, batch_id: int) -> AssignForm:
    """The form that asks to whom. Raises NotFound."""
    return AssignForm(**batch_line(act, batch_id).model_dump(), segments=segment_choices(act))


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
        back_on_return=row.back_on_return,
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


def form_view(act: Act, batch_id: int | None) -> BatchForm:
    """What the form of a batch begins with. Raises NotFound."""
    return BatchForm(
        batch=None if batch_id is None else batch_line(act, batch_id),
        currency=act.chain.currency,
        needed=[act.chain.language],
    )


def filters_of(act: Act, batch: BatchRow, asked: CouponsAsked) -> CouponFilters:
    """The coupons of a batch that are asked for."""
    return CouponFilters(
        act.today, act.now, batch=batch, code=asked.code, customer=asked.customer, standing=asked.standing
    )


def batch_view(act: Act, batch_id: int, asked: CouponsAsked) -> BatchPage:
    """A batch with all that its page shows. Raises NotFound."""
    batch = batches.batch(act.session, batch_id)
    filters = filters_of(act, batch, asked)
    state = lists.list_state(act.request, sorts=("issued",), direction="desc")
    if "per_page" not in act.request.query_params:
        state = state.model_copy(update={"per_page": PER_PAGE})
    state = state.counted(issued.count(act.session, filters, most=lists.COUNTED + 1))
    rows = issued.listing(
        act.session, filters, descending=state.descending, offset=state.offset, limit=min(state.per_page, state.total)
    )
    return BatchPage(
        batch=line(act, batch),
        figures=BatchFigures.model_validate(
            batches.figures(act.session, batch, today=act.today, now=act.now), from_attributes=True
        ),
        offers=_offers(act, batch.code),
        days=_days(act, batch_id),
        issuing=unfinished(act, batch_id),
        asked=asked,
        state=state,
        coupons=[coupon_line(act, row) for row in rows],
    )


def _offers(act: Act, batch_code: str) -> list[OfferLine] | None:
    if not act.by.may(Permission.OFFERS_VIEW):
        return None
    return [
        OfferLine.model_validate(offer, from_attributes=True)
        for offer in batches.offers_of(act.session, batch_code, today=act.today)
    ]


def _days(act: Act, batch_id: int) -> list[UsedDay]:
    first = act.today - dt.timedelta(days=DAYS_SHOWN - 1)
    found = batches.uses_by_day(act.session, batch_id, zone=act.zone, since=first)
    if not found:
        return []
    days = (first + dt.timedelta(days=number) for number in range(DAYS_SHOWN))
    figures = ((day, *found.get(day, (0, 0))) for day in days)
    return [UsedDay(day=day, uses=uses, given_minor=given) for day, uses, given in figures]


def coupon_line(act: Act, row: CouponRow) -> CouponLine:
    """A coupon as it stands now."""
    owned = row.customer_id != ANYBODY
    return CouponLine(
        id=row.id,
        code=row.code,
        spoken=spoken(row.code),
        batch_id=row.batch_id,
        batch_code=row.batch_code,
        names=dict(row.names),
        customer_id=row.customer_id if owned else None,
        customer_number=row.customer_number if owned else None,
        customer_name=row.customer_name if owned else None,
        uses=row.uses,
        used=row.used,
        worth_minor=row.worth_minor,
        left_minor=None if row.worth_minor is None else row.worth_minor - row.given_minor,
        given_minor=row.given_minor,
        currency=act.chain.currency,
        first_day=row.first_day,
        last_day=row.last_day,
        blocked=row.blocked,
        taken_back=row.taken_back,
        standing=row.standing,
        issued_at=row.issued_at,
        issued_on=row.issued_at.astimezone(ZoneInfo(act.zone)).date(),
        issued_by=row.issued_by,
        receipt_id=row.receipt_id,
        receipt_no=row.receipt_no,
    )


def coupon_view(act: Act, coupon_id: int) -> CouponPage:
    """A coupon with its history. Raises NotFound."""
    row = issued.coupon(act.session, coupon_id, today=act.today, now=act.now)
    return CouponPage(
        coupon=coupon_line(act, row),
        uses=[
            UseLine(
                use_no=use.use_no,
                at=use.at,
                given_minor=use.given_minor,
                receipt_id=use.receipt_id,
                receipt_no=use.receipt_no,
                customer_id=None if use.customer_id == ANYBODY else use.customer_id,
                customer_number=None if use.customer_id == ANYBODY else use.customer_number,
                store=use.store,
                staff=use.staff,
            )
            for use in issued.uses(act.session, coupon_id)
        ],
        switched=[
            Switched(
                at=entry.at,
                blocked=(state := (entry.after or {}).get("state")) != "active",
                taken_back=state == "taken_back",
                actor=entry.actor,
            )
            for entry in audit_search.entries(
                act.session, audit_search.Entries("coupon", str(coupon_id)), limit=SWITCHES_SHOWN
            )
        ],
    )


def customer_coupons_view(act: Act, customer_id: int) -> CustomerCoupons:
    """The coupons that are this customer's own."""
    filters = CouponFilters(act.today, act.now, customer_id=customer_id)
    rows = issued.listing(act.session, filters, descending=True, offset=0, limit=MOST_OF_A_CUSTOMER + 1)
    return CustomerCoupons(
        coupons=[coupon_line(act, row) for row in rows[:MOST_OF_A_CUSTOMER]], more=len(rows) > MOST_OF_A_CUSTOMER
    )
