"""Coupons: issuing them, taking their codes out as files and on paper, finding one, and blocking it."""

import re
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field, StringConstraints
from starlette.responses import Response

from erp_club.jobs import coupons as jobs
from erp_club.jobs import queue
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.promotions.coupons.batches import commands
from erp_club.promotions.coupons.batches import queries as batches
from erp_club.promotions.coupons.codes import spoken
from erp_club.promotions.coupons.issued import queries
from erp_club.promotions.coupons.issued.queries import CouponFilters, CouponRow
from erp_club.promotions.coupons.kinds import ANYBODY, CouponState
from web import lists
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import Body, RowId, SmallRowId, Storable
from web.forms import FormState
from web.refusals import again
from web.routes.coupon_batches import Coupons
from web.views.coupons import (
    AssignForm,
    BatchLine,
    CouponLine,
    CouponPage,
    IssuedCoupons,
    assign_view,
    batch_line,
    coupon_line,
    coupon_view,
    filters_of,
    line,
)
from web.views.issuing import IssuingView, issuing_view

router = APIRouter(route_class=ActRoute, tags=["coupons"])
View = Annotated[Act, needs(Permission.COUPONS_VIEW)]
Edit = Annotated[Act, needs(Permission.COUPONS_EDIT)]
Issue = Annotated[Act, needs(Permission.COUPONS_ISSUE)]
TakingOut = Annotated[Act, needs(Permission.COUPONS_ISSUE, fresh=True)]
MOST_AT_ONCE = 1_000_000
MOST_NUMBERS = 20_000
A_SHEET = 24
"""Labels of 70 by 37 mm, three beside each other and eight below, as they are sold for A4."""
_BETWEEN = re.compile(r"[\s,;]+")
FILE_HEADER = (
    "code", "code_in_groups", "batch", "customer_number", "state", "uses", "used", "worth", "given", "first_day",
    "last_day", "issued_at",
)  # fmt: skip


class CouponCount(Body):
    """How many bearer coupons to issue."""

    count: Annotated[int, Field(ge=1, le=MOST_AT_ONCE)]


class CustomerNumbers(Body):
    """Who gets a personal coupon: customer numbers as a list, or as a text with lines, commas or spaces between.

    Or, in their place, all who are in a segment as it was last counted.
    """

    numbers: (
        Annotated[str, StringConstraints(min_length=1), Storable]
        | Annotated[
            list[Annotated[str, StringConstraints(max_length=100), Storable]],
            Field(min_length=1, max_length=MOST_NUMBERS),
        ]
        | None
    ) = None
    segment_id: Annotated[int, Field(ge=1, lt=2**31)] | None = None

    @property
    def each(self) -> list[str]:
        """The numbers one by one."""
        given = _BETWEEN.split(self.numbers) if isinstance(self.numbers, str) else self.numbers or []
        return [number for number in given if number]


class CodeSearch(Body):
    """A code, however it is typed."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=100), Storable]


class FoundCoupon(BaseModel):
    """The coupon whose code was typed; null where there is none."""

    text: str
    coupon: CouponLine | None


class Labels(BaseModel):
    """Coupons to be printed on sheets of labels, in the order of issue; `state` says which of how many."""

    batch: BatchLine
    chain: str
    state: lists.ListState
    coupons: list[CouponLine]


def count_form(act: Act, form: FormState) -> Response:
    """The form that asks how many."""
    view = batch_line(act, int(act.request.path_params["batch_id"]))
    return act.answer(view, "coupons/_generate.html" if act.htmx else "coupons/generate.html", form=form)


@router.get("/coupon-batches/{batch_id}/coupons/new", name="coupons.generate.form", response_model=BatchLine)
def generate_form(act: Issue, batch_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form that asks how many."""
    return count_form(act, FormState())


@router.post(
    "/coupon-batches/{batch_id}/coupons",
    name="coupons.generate",
    status_code=201,
    response_model=IssuedCoupons,
    responses={202: {"model": IssuedCoupons, "description": "They are being issued by a job"}},
)
@again(count_form)
def generate(act: Issue, batch_id: SmallRowId, body: CouponCount) -> Response:
    """Issue bearer coupons, a million at most. Above 20,000 a job does it: the answer is 202 then."""
    if body.count > jobs.MOST_AT_ONCE:
        jobs.start(act.session, batch_id, body.count, today=act.today, now=act.now, by=act.by)
        queue.nudge(act.session)
        waiting = IssuedCoupons(issued=0, batch=batch_line(act, batch_id), waiting=body.count)
        return act.done(waiting, f"/coupon-batches/{batch_id}", status=202)
    commands.generate(act.session, batch_id, body.count, now=act.now, today=act.today, by=act.by)
    view = IssuedCoupons(issued=body.count, batch=batch_line(act, batch_id))
    return act.done(view, f"/coupon-batches/{batch_id}")


@router.get("/coupon-batches/{batch_id}/issuing", name="coupons.issuing", response_model=IssuingView)
def issuing(act: View, batch_id: SmallRowId) -> Response:
    """How far the issuing of many coupons is."""
    batch_line(act, batch_id)
    return act.answer(issuing_view(act, batch_id), "coupons/_issuing.html" if act.htmx else "coupons/issuing.html")


def numbers_form(act: Act, form: FormState) -> Response:
    """The form that asks to whom."""
    view = assign_view(act, int(act.request.path_params["batch_id"]))
    return act.answer(view, "coupons/_assign.html" if act.htmx else "coupons/assign.html", form=form)


@router.get("/coupon-batches/{batch_id}/assignments/new", name="coupons.assign.form", response_model=AssignForm)
def assign_form(act: Issue, batch_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form that asks to whom."""
    return numbers_form(act, FormState())


@router.post(
    "/coupon-batches/{batch_id}/assignments",
    name="coupons.assign",
    status_code=201,
    response_model=IssuedCoupons,
    responses={202: {"model": IssuedCoupons, "description": "They are being issued by a job"}},
)
@again(numbers_form)
def assign(act: Issue, batch_id: SmallRowId, body: CustomerNumbers) -> Response:
    """Issue a personal coupon to each of these customers; to nobody where one of the numbers is unknown.

    To a segment of more than 20,000 a job issues them: the answer is 202 then.
    """
    numbers = body.each
    if numbers and body.segment_id is not None:
        raise Invalid([FieldError("segment_id", T("Choose a segment or write numbers, not both."))])
    if body.segment_id is not None:
        return _assign_segment(act, batch_id, body.segment_id)
    if not 1 <= len(numbers) <= MOST_NUMBERS:
        raise Invalid([FieldError("numbers", T("Enter from 1 to %(most)s numbers.", most=MOST_NUMBERS))])
    issued = commands.assign(act.session, batch_id, numbers, now=act.now, today=act.today, by=act.by)
    view = IssuedCoupons(issued=issued, batch=batch_line(act, batch_id))
    return act.done(view, f"/coupon-batches/{batch_id}")


def _assign_segment(act: Act, batch_id: int, segment_id: int) -> Response:
    issued, waiting = jobs.assign_segment(
        act.session, batch_id, segment_id, today=act.today, now=act.now, by=act.by
    )  # fmt: skip
    if not issued + waiting:
        raise Invalid([FieldError("segment_id", T("Nobody is in this segment."))])
    if waiting:
        queue.nudge(act.session)
    view = IssuedCoupons(issued=issued, batch=batch_line(act, batch_id), waiting=waiting)
    return act.done(view, f"/coupon-batches/{batch_id}", status=202 if waiting else 201)


@router.get(
    "/coupon-batches/{batch_id}/coupons.{suffix}", name="coupon_batches.batch.file", responses=lists.FILE_ANSWERS
)
def coupons_file(act: TakingOut, batch_id: SmallRowId, suffix: Literal["csv", "xlsx"], asked: Coupons) -> Response:
    """The codes that match as a file, in the order of issue. It is kept who took it."""
    batch = batches.batch(act.session, batch_id)
    rows = queries.every(act.session, filters_of(act, batch, asked), descending=False)
    answer = lists.stream_file(f"coupons-{batch.code}.{suffix}", FILE_HEADER, _cells(rows))
    commands.record_export(act.session, batch_id, kind=suffix, now=act.now, by=act.by)
    return answer


def _cells(rows: Iterator[CouponRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        worth = None if row.worth_minor is None else Decimal(row.worth_minor).scaleb(-2)
        number = None if row.customer_id == ANYBODY else row.customer_number
        yield (
            row.code, spoken(row.code), row.batch_code, number, row.standing.value, row.uses, row.used, worth,
            Decimal(row.given_minor).scaleb(-2), row.first_day, row.last_day, row.issued_at,
        )  # fmt: skip


@router.get("/coupon-batches/{batch_id}/labels", name="coupons.labels", response_model=Labels)
def labels(act: Issue, batch_id: SmallRowId, sheets: Annotated[int, Query(ge=1, le=10)] = 2) -> Response:
    """Coupons that can still be used, on sheets of labels with bar code and QR code. It is kept who took them."""
    batch = batches.batch(act.session, batch_id)
    filters = CouponFilters(act.today, act.now, batch=batch, standing=queries.Standing.OPEN)
    state = lists.list_state(act.request, sorts=("issued",)).model_copy(update={"per_page": sheets * A_SHEET})
    state = state.counted(queries.count(act.session, filters, most=lists.COUNTED + 1))
    rows = queries.listing(act.session, filters, descending=False, offset=state.offset, limit=state.per_page)
    view = Labels(
        batch=line(act, batch),
        chain=act.chain.name,
        state=state,
        coupons=[coupon_line(act, row) for row in rows],
    )
    commands.record_export(act.session, batch_id, kind="labels", now=act.now, by=act.by)
    return act.answer(view, "coupons/labels.html")


@router.post("/coupon-searches", name="coupons.search", response_model=FoundCoupon)
def search(
    act: Annotated[Act, needs(Permission.COUPONS_VIEW, keyless="it changes nothing")], body: CodeSearch
) -> Response:
    """Find a coupon by its code. By POST, as a whole code is worth money and addresses are kept in many places."""
    coupon_id = queries.id_by_code(act.session, body.text)
    if coupon_id is not None and wants_html(act.request):
        return act.see_other(f"/coupons/{coupon_id}")
    found = None if coupon_id is None else coupon_view(act, coupon_id).coupon
    return act.answer(FoundCoupon(text=body.text, coupon=found), "coupons/search.html")


def coupon_page(act: Act, form: FormState) -> Response:
    """The coupon's page, with what was refused."""
    return act.answer(coupon_view(act, int(act.request.path_params["coupon_id"])), "coupons/coupon.html", form=form)


@router.get("/coupons/{coupon_id}", name="coupons.coupon", response_model=CouponPage)
def coupon(act: View, coupon_id: RowId) -> Response:  # noqa: ARG001
    """A coupon and what it was used for."""
    return coupon_page(act, FormState())


@router.post("/coupons/{coupon_id}/blocks", name="coupons.coupon.block", status_code=201, response_model=CouponPage)
@again(coupon_page)
def block_coupon(act: Edit, coupon_id: RowId) -> Response:
    """Take a coupon nowhere until it is unblocked."""
    return _switch(act, coupon_id, CouponState.BLOCKED)


@router.post("/coupons/{coupon_id}/openings", name="coupons.coupon.open", status_code=201, response_model=CouponPage)
@again(coupon_page)
def open_coupon(act: Edit, coupon_id: RowId) -> Response:
    """Take a blocked coupon again."""
    return _switch(act, coupon_id, CouponState.ACTIVE)


def _switch(act: Act, coupon_id: int, state: CouponState) -> Response:
    commands.set_coupon_state(act.session, coupon_id, state, now=act.now, by=act.by)
    return act.done(coupon_view(act, coupon_id), f"/coupons/{coupon_id}")
