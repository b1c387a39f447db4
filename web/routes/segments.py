"""Segments: the list, one, the builder, and lists taken out."""

import json
import re
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Query
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.reports import mailing
from erp_club.segments import commands, saved
from erp_club.segments.commands import Settings
from erp_club.segments.kinds import SegmentState
from erp_club.segments.reading import read_condition
from erp_club.segments.unknown import refuse_unknown
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, NearDay, SmallRowId, Storable, Unsaid, Word
from web.forms import FormState, nest
from web.i18n import say
from web.offer_forms.reading import read_text
from web.refusals import again
from web.segment_forms.asks import asks
from web.segment_forms.deeds import done
from web.segment_forms.nodes import Node, says_still, typed_nodes
from web.segment_forms.picking import lists_of, means
from web.taken_out import taken_out
from web.views.segments import (
    Builder,
    SegmentLine,
    SegmentPage,
    SegmentsPage,
    builder,
    condition_of,
    segment_line,
    segment_page,
    segments_page,
    stored_nodes,
)

router = APIRouter(route_class=ActRoute, tags=["segments"])
SORTS = tuple(saved.SORTS)
View = Annotated[Act, needs(Permission.SEGMENTS_VIEW)]
Edit = Annotated[Act, needs(Permission.SEGMENTS_EDIT)]
Export = Annotated[Act, needs(Permission.SEGMENTS_EXPORT, fresh=True)]
Notes = Annotated[str, Field(max_length=2_000), Storable]
Text = Annotated[str | None, Query(max_length=100), Storable, Unsaid]


class SegmentBody(Body):
    """A segment. A machine sends `where`, a condition as in the segment file; a form its `nodes`, or JSON as text.

    A preview counts `as_of` a day, today where none is said.
    """

    name: Word | None = None
    notes: Notes | None = None
    at_till: bool | None = None
    where: Any = None
    document: Annotated[str, Field(max_length=200_000)] | None = None
    nodes: list[Any] | None = None
    version: int | None = None
    form: Line | None = None
    do: Line | None = None
    exact: bool = False
    as_of: NearDay | None = None
    segment_id: int | None = None


class FrozenCopy(Body):
    """A name for the list of those who are in a segment now, or were `as_of` a day.

    Tills show it where they show the segment, unless `at_till` says otherwise.
    """

    name: Word
    notes: Notes = ""
    at_till: bool | None = None
    as_of: NearDay | None = None


class NewListPage(BaseModel):
    """What the form of a list shows: nothing yet."""


class NewList(Body):
    """Customers by number: one a line, or with commas between them."""

    name: Word
    notes: Notes = ""
    at_till: bool = False
    numbers: Annotated[str, Field(max_length=900_000), Storable]


def _document(act: Act, body: SegmentBody) -> str | None:
    """The question as JSON where it is edited so: a form leaves out what is empty, yet emptied it isn't everybody."""
    form: FormState | None = getattr(act.request.state, "form", None)
    return "" if body.document is None and form and "document" in form.values else body.document


def _said(act: Act, body: SegmentBody, held: Any = None) -> Any:
    """The condition of a body, however it is said, or the one `held` where a form says it still. Raises Invalid."""
    document = _document(act, body)
    if document is not None:
        return read_text(document)
    if body.form:
        nodes = typed_nodes(body.nodes)
        return held if says_still(nodes, held, REGISTRY) else condition_of(nodes, FormState(), act)
    return body.where


@router.get("/segments", name="segments", response_model=SegmentsPage)
def segments(act: View, text: Text = None) -> Response:
    """The segments, the active ones first; by name unless the address says otherwise."""
    view = segments_page(act, text, lists.list_state(act.request, sorts=SORTS))
    return act.answer(view, "segments/_list.html" if act.htmx else "segments/list.html")


@router.get("/segments.{suffix}", name="segments.file", responses=lists.FILE_ANSWERS)
def segments_file(act: Export, suffix: Literal["csv", "xlsx"], text: Text = None) -> Response:
    """The same segments as a file, all in the order of the page, with how many are in each."""
    state = lists.list_state(act.request, sorts=SORTS)
    header = ("name", "kind", "state", "customers", "counted_at", "owner", "at_till", "notes")
    rows = (
        (each.name, each.kind.value, each.state.value, each.customers, each.counted_at, each.owner, each.at_till,
         each.notes)
        for each in saved.every(act.session, text=text, sort=state.sort, descending=state.descending)
    )  # fmt: skip
    return taken_out(act, f"segments.{suffix}", header, rows)


def _typed(form: FormState) -> tuple[list[Node], str | None]:
    """What a form that came back holds."""
    said = nest(list(form.values.items()))
    return typed_nodes(said.get("nodes")), form.values.get("document")


def _at_document(form: FormState) -> None:
    """Faults of a question as JSON stand at its field, each with its place in the tree."""
    for place in [each for each in form.errors if each.partition(".")[0].partition("[")[0] == "where"]:
        inside = place.removeprefix("where").removeprefix(".")
        told = [f"\u2068{inside}\u2069: {text}" if inside else text for text in form.errors.pop(place)]
        form.errors["document"] = [*form.errors.get("document", []), *told]


def new_page(act: Act, form: FormState) -> Response:
    """The builder of a new segment, as it was typed."""
    if "document" in form.values:
        _at_document(form)
    nodes, document = _typed(form) if form.values else ([Node(kind="all")], None)
    view = builder(act, nodes, name=str(form.values.get("name", "")), document=document)
    return act.answer(view, "segments/_builder.html" if act.htmx else "segments/new.html", form=form)


@router.get("/segments/new", name="segments.new", response_model=Builder)
def new_segment(act: Edit) -> Response:
    """The builder of a new segment."""
    return new_page(act, FormState())


@router.post("/segments", name="segments.add", status_code=201, response_model=SegmentLine)
@again(new_page)
def add_segment(act: Edit, body: SegmentBody) -> Response:
    """Save a question about customers."""
    if not body.name:
        raise Invalid([FieldError("name", T("This field is required."))])
    settings = Settings(body.name, body.notes or "", bool(body.at_till))
    made = commands.create(act.session, settings, _said(act, body), registry=REGISTRY, today=act.today,
                           now=act.now, by=act.by)  # fmt: skip
    return act.done(_line(act, made), f"/segments/{made}")


@router.post("/segment-previews", name="segments.preview", response_model=Builder)
def preview(
    act: Annotated[Act, needs(Permission.SEGMENTS_EDIT, keyless="it only draws the form again and keeps nothing")],
    body: SegmentBody,
) -> Response:
    """The form after one of its buttons, and what its question finds: how many, ten of them, in words."""
    form: FormState = act.request.state.form if hasattr(act.request.state, "form") else FormState()
    form = FormState(values={name: value for name, value in form.values.items() if not name.startswith("nodes")})
    document = _document(act, body)
    nodes, lists_shown = typed_nodes(body.nodes), lists_of(act)
    if not body.form and body.where is not None:
        refuse_unknown(act.session, read_condition(body.where, REGISTRY))
        nodes, document = [Node(kind="all")], json.dumps(body.where, ensure_ascii=False)
    if document is None:
        nodes, lost = done(nodes, body.do or "", asks(REGISTRY), means(act, lists_shown))
        for place in lost:
            form.errors[place] = [_no_question() if place.endswith(".add") else say(T("Nothing is called so."))]
    if body.do == "as_json" and document is None:
        document = _as_json(nodes)
        form.values["document"] = document
    view = builder(act, nodes, segment_id=body.segment_id, name=body.name or "", document=document, exact=body.exact,
                   as_of=body.as_of, lists=lists_shown)  # fmt: skip
    for index, found in view.found.items():
        if found:  # one of them is to be chosen: that is no fault
            form.errors.pop(f"nodes[{index}].new", None)
    return act.answer(view, "segments/_builder.html" if act.htmx else "segments/build.html", form=form)


def _no_question() -> str:
    return say(T("There is no such question. Choose one of the list."))


def _as_json(nodes: list[Node]) -> str:
    try:
        return json.dumps(condition_of(nodes, FormState()), ensure_ascii=False, indent=2)
    except Invalid:
        return "{\n}"


@router.get("/segments/lists/new", name="segments.lists.new", response_model=NewListPage)
def new_list(act: Edit) -> Response:
    """The form of a list of customers."""
    return new_list_page(act, FormState())


def new_list_page(act: Act, form: FormState) -> Response:
    """The form of a list of customers, as it was typed."""
    return act.answer(NewListPage(), "segments/new_list.html", form=form)


@router.post("/segment-lists", name="segments.lists.add", status_code=201, response_model=SegmentLine)
@again(new_list_page)
def add_list(act: Edit, body: NewList) -> Response:
    """Keep customers as a frozen segment, or add them to one. Numbers that nobody has refuse the list."""
    numbers = re.split(r"[\s,;]+", body.numbers)
    made, unknown = commands.take_list(act.session, Settings(body.name, body.notes, body.at_till), numbers,
                                       today=act.today, now=act.now, by=act.by)  # fmt: skip
    if unknown:
        text = T("Nobody has these numbers: %(numbers)s.", numbers=", ".join(unknown[:20]))
        raise Invalid([FieldError("numbers", text)])
    return act.done(_line(act, made), f"/segments/{made}")


@router.get("/segments/{segment_id}", name="segments.segment", response_model=SegmentPage)
def segment(act: View, segment_id: SmallRowId, customer: Text = None) -> Response:
    """One segment; with `customer` (a number) why that customer is in it or not."""
    return act.answer(segment_page(act, segment_id, asked=customer or ""), "segments/segment.html")


def edit_page(act: Act, form: FormState) -> Response:
    """The builder of a segment, as it was typed or as it stands."""
    row = saved.one(act.session, int(act.request.path_params["segment_id"]))
    nodes, document = _typed(form) if form.values else stored_nodes(row.condition)
    if "document" in form.values:
        _at_document(form)
    if not form.values:
        form.values = {"notes": row.notes, "at_till": row.at_till, "version": row.version}
        if document is not None:
            form.values["document"] = document
    view = builder(act, nodes, segment_id=row.id, name=row.name, document=document)
    return act.answer(view, "segments/_builder.html" if act.htmx else "segments/edit.html", form=form)


@router.get("/segments/{segment_id}/edit", name="segments.segment.form", response_model=Builder)
def edit_form(act: Edit, segment_id: SmallRowId) -> Response:  # noqa: ARG001
    """The builder of a segment."""
    return edit_page(act, FormState())


@router.patch("/segments/{segment_id}", name="segments.segment.edit", response_model=SegmentLine)
@again(edit_page)
def edit_segment(act: Edit, segment_id: SmallRowId, body: SegmentBody) -> Response:
    """Change a segment; another question is another version. A machine may leave out what stays."""
    held = saved.one(act.session, segment_id)
    said = body.model_fields_set
    asked = _said(act, body, held.condition) if body.form or body.document or "where" in said else None
    settings = Settings(
        held.name,
        (body.notes or "") if body.form or "notes" in said else held.notes,
        bool(body.at_till) if body.form or "at_till" in said else held.at_till,
    )
    commands.edit(act.session, segment_id, settings, asked, version=body.version, registry=REGISTRY, today=act.today,
                  now=act.now, by=act.by)  # fmt: skip
    return act.done(_line(act, segment_id), f"/segments/{segment_id}", status=200)


@router.post("/segments/{segment_id}/frozen-copies", name="segments.segment.freeze", status_code=201,
             response_model=SegmentLine)  # fmt: skip
@again(lambda act, form: act.answer(segment_page(act, int(act.request.path_params["segment_id"])),
                                    "segments/segment.html", form=form))  # fmt: skip
def freeze(act: Edit, segment_id: SmallRowId, body: FrozenCopy) -> Response:
    """Keep those who are in a segment now as a list of its own; notes that say nothing tell where it is from."""
    source = saved.one(act.session, segment_id)
    origin = T("Frozen: %(name)s, %(day)s.", name=source.name, day=body.as_of or act.today)
    settings = Settings(body.name, body.notes or say(origin),
                        source.at_till if body.at_till is None else body.at_till)  # fmt: skip
    made = commands.freeze(act.session, segment_id, settings, registry=REGISTRY,
                           today=act.today, now=act.now, by=act.by, as_of=body.as_of)  # fmt: skip
    return act.done(_line(act, made), f"/segments/{made}")


@router.post("/segments/{segment_id}/refreshes", name="segments.segment.refresh", status_code=201,
             response_model=SegmentLine)  # fmt: skip
def refresh(act: Edit, segment_id: SmallRowId) -> Response:
    """Find again who is in a segment."""
    saved.one(act.session, segment_id)
    commands.refresh(act.session, segment_id, registry=REGISTRY, today=act.today, now=act.now)
    return act.done(_line(act, segment_id), f"/segments/{segment_id}")


@router.post("/segments/{segment_id}/closures", name="segments.segment.close", status_code=201,
             response_model=SegmentLine)  # fmt: skip
def close(act: Edit, segment_id: SmallRowId) -> Response:
    """Close a segment: from now on nobody is in it."""
    commands.set_state(act.session, segment_id, SegmentState.CLOSED, now=act.now, by=act.by)
    return act.done(_line(act, segment_id), f"/segments/{segment_id}")


@router.post("/segments/{segment_id}/openings", name="segments.segment.open", status_code=201,
             response_model=SegmentLine)  # fmt: skip
def reopen(act: Edit, segment_id: SmallRowId) -> Response:
    """Open a closed segment again."""
    commands.set_state(act.session, segment_id, SegmentState.ACTIVE, now=act.now, by=act.by)
    commands.refresh(act.session, segment_id, registry=REGISTRY, today=act.today, now=act.now)
    return act.done(_line(act, segment_id), f"/segments/{segment_id}")


@router.get("/segments/{segment_id}/customers.{suffix}", name="segments.customers", responses=lists.FILE_ANSWERS)
def customers_file(act: Export, segment_id: SmallRowId, suffix: Literal["csv", "xlsx"]) -> Response:
    """Who is in it as a file, in the columns that an import of lists reads. It is kept who took it."""
    row = saved.one(act.session, segment_id)
    found = ((row.name, number) for number, _, _ in saved.numbers(act.session, segment_id))
    answer = lists.stream_file(f"segment-{segment_id}.{suffix}", ("segment", "customer_number"), found)
    customers = mailing.reach(act.session, segment_id)[0].customers
    _record(act, segment_id, {"suffix": suffix, "customers": customers})
    return answer


@router.get("/segments/{segment_id}/mailing-list.{suffix}", name="segments.mailing", responses=lists.FILE_ANSWERS)
def mailing_file(
    act: Export, segment_id: SmallRowId, suffix: Literal["csv", "xlsx"], channel: mailing.Channel
) -> Response:
    """Those who consent to the channel and can be reached by it. It is kept who took it and how many were left out."""
    saved.one(act.session, segment_id)
    reach = next(each for each in mailing.reach(act.session, segment_id) if each.channel == channel)
    rows = mailing.addresses(act.session, segment_id, channel)
    answer = lists.stream_file(f"mailing-{channel}-{segment_id}.{suffix}", mailing.COLUMNS[channel], rows)
    _record(act, segment_id, {"channel": channel, "suffix": suffix, "reached": reach.reached,
                              "without_consent": reach.without_consent,
                              "without_address": reach.without_address})  # fmt: skip
    return answer


def _record(act: Act, segment_id: int, after: dict[str, Any]) -> None:
    commands.record_export(act.session, segment_id, after, now=act.now, by=act.by)


def _line(act: Act, segment_id: int) -> SegmentLine:
    return segment_line(saved.one(act.session, segment_id), [])
