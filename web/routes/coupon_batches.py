"""Batches of coupons: the list, setting one up, and the page of one."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.kernel.text import named_in
from erp_club.permissions.catalog import Permission
from erp_club.promotions.coupons.batches import commands, queries
from erp_club.promotions.coupons.batches.queries import BatchFilters, BatchRow, Standing
from erp_club.promotions.coupons.batches.settings import MOST_DAYS, MOST_MINOR, MOST_TO_ISSUE, MOST_USES, BatchSettings
from erp_club.promotions.coupons.issued.queries import Standing as CouponStanding
from erp_club.promotions.coupons.kinds import BatchState
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState
from web.refusals import again
from web.taken_out import taken_out
from web.views.coupons import (
    BatchesPage,
    BatchForm,
    BatchLine,
    BatchPage,
    CouponsAsked,
    batch_line,
    batch_view,
    form_view,
    line,
)

router = APIRouter(route_class=ActRoute, tags=["coupons"])
View = Annotated[Act, needs(Permission.COUPONS_VIEW)]
TakingOut = Annotated[Act, needs(Permission.COUPONS_VIEW, fresh=True)]
Edit = Annotated[Act, needs(Permission.COUPONS_EDIT)]
Language = Literal["he", "fi", "sv", "en"]
Names = dict[Language, Line | None]
FILE_HEADER = (
    "code", "name", "state", "personal", "uses", "worth", "valid_from", "valid_to", "days_from_issue", "most", "issued",
    "used", "back_on_return",
)  # fmt: skip


class NewBatch(Body):
    """A batch to set up. Names are needed in English and in the chain's language.

    A machine sends `worth_minor`; a form sends `worth` as somebody types it. `valid_to` and `days_from_issue` don't go
    together. `back_on_return`: who returns all that a coupon was used for can use it again.
    """

    code: Word
    names: Names
    prefix: Annotated[str, Field(max_length=20)] = ""
    personal: bool = False
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] = 1
    worth_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    worth: Annotated[AmountText, Field(ge=1, le=MOST_MINOR)] | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    days_from_issue: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    most: Annotated[int, Field(ge=1, le=MOST_TO_ISSUE)] | None = None
    back_on_return: bool = False


class BatchChange(Body):
    """What to change of the batch as it stood at `version`; what isn't there stays, null empties a day or limit."""

    version: int
    code: Word | None = None
    names: Names | None = None
    prefix: Annotated[str, Field(max_length=20)] | None = None
    personal: bool | None = None
    uses: Annotated[int, Field(ge=1, le=MOST_USES)] | None = None
    worth_minor: Annotated[int, Field(ge=1, le=MOST_MINOR)] | None = None
    worth: Annotated[AmountText, Field(ge=1, le=MOST_MINOR)] | None = None
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None
    days_from_issue: Annotated[int, Field(ge=0, le=MOST_DAYS)] | None = None
    most: Annotated[int, Field(ge=1, le=MOST_TO_ISSUE)] | None = None
    back_on_return: bool | None = None


class Filters(BaseModel):
    """What the list is narrowed to, as the address says it."""

    text: Annotated[str | None, Query(max_length=100, description="A part of a code or name"), Storable, Unsaid] = None
    standing: Annotated[Standing | None, Query(), Unsaid] = None
    personal: Annotated[bool | None, Query(), Unsaid] = None

    def asked(self, act: Act) -> BatchFilters:
        """As the query takes them."""
        return BatchFilters(act.today, (self.text or "").strip() or None, self.standing, self.personal)


Asked = Annotated[Filters, Query()]


@router.get("/coupon-batches", name="coupon_batches", response_model=BatchesPage)
def coupon_batches(act: View, filters: Asked) -> Response:
    """The batches, the newest first where the address doesn't say otherwise."""
    asked = filters.asked(act)
    state = lists.list_state(act.request, sorts=queries.SORTS, direction="desc")
    state = state.counted(queries.count(act.session, asked, most=lists.COUNTED + 1))
    rows = queries.listing(
        act.session, asked, sort=state.sort, descending=state.descending, offset=state.offset, limit=state.per_page
    )
    view = BatchesPage(
        text=asked.text,
        standing=filters.standing,
        personal=filters.personal,
        state=state,
        batches=[line(act, row) for row in rows],
    )
    return act.answer(view, "coupons/_batches.html" if act.htmx else "coupons/batches.html")


@router.get("/coupon-batches.{suffix}", name="coupon_batches.file", responses=lists.FILE_ANSWERS)
def coupon_batches_file(act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same batches as a file."""
    state = lists.list_state(act.request, sorts=queries.SORTS, direction="desc")
    rows = queries.every(act.session, filters.asked(act), sort=state.sort, descending=state.descending)
    return taken_out(act, f"coupon-batches.{suffix}", FILE_HEADER, _cells(act, rows))


def _cells(act: Act, rows: Iterator[BatchRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        worth = None if row.worth_minor is None else Decimal(row.worth_minor).scaleb(-2)
        yield (
            row.code, named_in(row.names, act.chain.language), row.state.value, row.personal, row.uses,
            worth, row.valid_from, row.valid_to, row.days_from_issue, row.most, row.issued, row.used,
            row.back_on_return,
        )  # fmt: skip


def new_batch_page(act: Act, form: FormState) -> Response:
    """The form of a new batch."""
    return act.answer(form_view(act, None), "coupons/new.html", form=_as_typed(form))


@router.get("/coupon-batches/new", name="coupon_batches.new", response_model=BatchForm)
def new_batch(act: Edit) -> Response:
    """The form of a new batch."""
    return new_batch_page(act, FormState())


@router.post("/coupon-batches", name="coupon_batches.add", status_code=201, response_model=BatchLine)
@again(new_batch_page)
def add_batch(act: Edit, body: NewBatch) -> Response:
    """Set up a batch. Coupons of it can be issued at once."""
    settings = BatchSettings(
        code=body.code.upper(),
        names=_names(body.names),
        prefix=body.prefix.upper(),
        personal=body.personal,
        uses=body.uses,
        worth_minor=body.worth if body.worth_minor is None else body.worth_minor,
        valid_from=body.valid_from,
        valid_to=body.valid_to,
        days_from_issue=body.days_from_issue,
        most=body.most,
        back_on_return=body.back_on_return,
    )
    batch_id = commands.create_batch(act.session, settings, language=act.chain.language, now=act.now, by=act.by)
    return act.done(batch_line(act, batch_id), f"/coupon-batches/{batch_id}")


def coupons_asked(
    code: Annotated[str | None, Query(max_length=50, description="A code, or its beginning"), Storable, Unsaid] = None,
    customer: Annotated[str | None, Query(max_length=100, description="A customer's number"), Storable, Unsaid] = None,
    standing: Annotated[CouponStanding | None, Query(), Unsaid] = None,
) -> CouponsAsked:
    """Which coupons of the batch the address asks for."""
    return CouponsAsked(code=code, customer=customer, standing=standing)


Coupons = Annotated[CouponsAsked, Depends(coupons_asked)]


def batch_page(act: Act, form: FormState) -> Response:
    """The batch's page, with what was refused."""
    asked = CouponsAsked(code=None, customer=None, standing=None)
    return act.answer(batch_view(act, int(act.request.path_params["batch_id"]), asked), "coupons/batch.html", form=form)


@router.get("/coupon-batches/{batch_id}", name="coupon_batches.batch", response_model=BatchPage)
def batch(act: View, batch_id: SmallRowId, asked: Coupons) -> Response:
    """A batch: what became of its coupons, and the coupons themselves."""
    view = batch_view(act, batch_id, asked)
    return act.answer(view, "coupons/_coupons.html" if act.htmx else "coupons/batch.html")


def batch_form(act: Act, form: FormState) -> Response:
    """The form of a batch's settings."""
    view = form_view(act, int(act.request.path_params["batch_id"]))
    return act.answer(view, "coupons/_settings_form.html" if act.htmx else "coupons/edit.html", form=_as_typed(form))


@router.get("/coupon-batches/{batch_id}/edit", name="coupon_batches.batch.form", response_model=BatchForm)
def edit_form(act: Edit, batch_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of a batch's settings."""
    return batch_form(act, FormState())


@router.patch("/coupon-batches/{batch_id}", name="coupon_batches.batch.edit", response_model=BatchLine)
@again(batch_form)
def edit_batch(act: Edit, batch_id: SmallRowId, body: BatchChange) -> Response:
    """Change a batch's settings; 409 `stale` if somebody else has changed them since `version`."""
    given: dict[str, Any] = body.model_dump(exclude_unset=True, exclude={"version"})
    if "worth" in given:
        given.setdefault("worth_minor", given.pop("worth"))
    for name in ("code", "prefix"):
        if given.get(name) is not None:
            given[name] = given[name].upper()
    # What can't be empty stays as it is where a form leaves it so; a prefix can.
    given = {name: value for name, value in given.items() if value is not None or name in _EMPTIABLE}
    if "prefix" in given:
        given["prefix"] = given["prefix"] or ""
    if "names" in given:
        given["names"] = _names(given["names"])
    current = queries.settings(act.session, batch_id)
    commands.change_batch(
        act.session,
        batch_id,
        replace(current, **given),
        version=body.version,
        language=act.chain.language,
        now=act.now,
        by=act.by,
    )
    return act.done(batch_line(act, batch_id), f"/coupon-batches/{batch_id}", status=200)


_EMPTIABLE = frozenset({"prefix", "worth_minor", "valid_from", "valid_to", "days_from_issue", "most"})


@router.post(
    "/coupon-batches/{batch_id}/openings", name="coupon_batches.open", status_code=201, response_model=BatchLine
)
@again(batch_page)
def open_batch(act: Edit, batch_id: SmallRowId) -> Response:
    """Let coupons of a closed or blocked batch be issued and taken again."""
    return _switch(act, batch_id, BatchState.ACTIVE)


@router.post(
    "/coupon-batches/{batch_id}/closures", name="coupon_batches.close", status_code=201, response_model=BatchLine
)
@again(batch_page)
def close_batch(act: Edit, batch_id: SmallRowId) -> Response:
    """Issue nothing more of a batch; its coupons stay as good as they are."""
    return _switch(act, batch_id, BatchState.CLOSED)


@router.post(
    "/coupon-batches/{batch_id}/blocks", name="coupon_batches.block", status_code=201, response_model=BatchLine
)
@again(batch_page)
def block_batch(act: Edit, batch_id: SmallRowId) -> Response:
    """Take no coupon of the batch anywhere, until it is opened again."""
    return _switch(act, batch_id, BatchState.BLOCKED)


def _switch(act: Act, batch_id: int, state: BatchState) -> Response:
    commands.set_batch_state(act.session, batch_id, state, now=act.now, by=act.by)
    return act.done(batch_line(act, batch_id), f"/coupon-batches/{batch_id}")


def _names(given: Names) -> dict[str, str]:
    """The names that are there."""
    return {language: name for language, name in given.items() if name}


def _as_typed(form: FormState) -> FormState:
    """The form's faults at the fields that the form has."""
    # A form without any name sends no names at all.
    for field, typed in (("worth_minor", "worth"), ("names", "names.en")):
        if field in form.errors:
            form.errors.setdefault(typed, []).extend(form.errors.pop(field))
    return form
