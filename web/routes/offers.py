"""Offers in the back office: written, published, paused, ended; as pages, as documents, and as a list."""

import json
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Query
from pydantic import BaseModel
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.catalog import Permission
from erp_club.promotions import commands, documents, queries
from erp_club.promotions.engine.offer import Start
from erp_club.promotions.listing import queries as listing
from erp_club.promotions.listing.queries import OfferFilters
from erp_club.promotions.standing import Standing
from web import lists
from web.deps import Act, ActRoute, anyone, needs
from web.fields import SmallRowId, Storable, Unsaid
from web.forms import FormState
from web.offer_forms import deeds, fields
from web.offer_forms.reading import check_texts, read_offer, read_text
from web.offer_forms.typed import Typed, filled, to_document
from web.refusals import again
from web.scopes import stores_of_reports
from web.taken_out import taken_out
from web.views.offer_form import (
    OfferForm,
    as_json,
    edit_form,
    new_form,
    offer_typed,
    taken_at_once,
    typed_of,
    with_searches,
)
from web.views.offers import OfferLine, OfferPage, OffersPage, offer_lines, offer_view, offers_view

router = APIRouter(route_class=ActRoute, tags=["offers"])
SORTS = tuple(listing.SORTS)
View = Annotated[Act, needs(Permission.OFFERS_VIEW)]
TakingOut = Annotated[Act, needs(Permission.OFFERS_VIEW, fresh=True)]
Edit = Annotated[Act, needs(Permission.OFFERS_EDIT)]
Publish = Annotated[Act, needs(Permission.OFFERS_PUBLISH)]
Document = dict[str, Any]
"""An offer as in /schemas/offer.json, or the fields of the form."""


class Kept(BaseModel):
    """An offer after a write."""

    id: int
    code: str
    revision: int
    version_no: int
    state: str
    document: Document


class Schema(BaseModel):
    """A JSON schema; its fields are those of JSON Schema 2020-12."""

    model_config = {"extra": "allow"}


def asked(
    text: Annotated[
        str | None, Query(max_length=100, description="A part of the code or name, or a SKU"), Storable, Unsaid
    ] = None,
    standing: Annotated[Standing | None, Query(), Unsaid] = None,
    kind: Annotated[str | None, Query(max_length=30), Storable, Unsaid] = None,
    start: Annotated[Start | None, Query(), Unsaid] = None,
) -> OfferFilters:
    """The filters in the address."""
    return OfferFilters(text.strip() or None if text else None, standing, kind, start)


Asked = Annotated[OfferFilters, Depends(asked)]


@router.get("/offers", name="offers", response_model=OffersPage)
def offers(act: View, filters: Asked) -> Response:
    """The offers by code where the address doesn't say."""
    view = offers_view(act, filters, lists.list_state(act.request, sorts=SORTS))
    return act.answer(view, "offers/_list.html" if act.htmx else "offers/list.html")


@router.get("/offers.{suffix}", name="offers.file", responses=lists.FILE_ANSWERS)
def offers_file(act: TakingOut, suffix: Literal["csv", "xlsx"], filters: Asked) -> Response:
    """The same offers as a file."""
    state = lists.list_state(act.request, sorts=SORTS)
    rows = listing.listing(act.session, filters, today=act.today, sort=state.sort, descending=state.descending,
                           store_ids=stores_of_reports(act.session, act.by))  # fmt: skip
    header = ("code", "name", "state", "kind", "start", "first_day", "last_day", "gives", "uses", "given")
    return taken_out(act, f"offers.{suffix}", header, _cells(act, offer_lines(act, rows)))


def _cells(act: Act, lines: list[OfferLine]) -> Iterator[tuple[lists.Cell, ...]]:
    for line in lines:
        name = line.names.get(act.chain.language) or next(iter(line.names.values()))
        yield (
            line.code, name, line.standing.value, line.kind, line.start.value, line.first_day, line.last_day,
            line.gives.replace("\u2068", "").replace("\u2069", ""), line.uses, Decimal(line.given_minor).scaleb(-2),
        )  # fmt: skip


@router.get("/schemas/offer.json", name="offers.schema", response_model=Schema)
def offer_schema(act: Annotated[Act, anyone("a published format holds no data")]) -> Response:
    """The JSON schema of an offer."""
    body = json.dumps(documents.schema(), ensure_ascii=False, indent=2).encode()
    return act.keep(Response(body, 200, {"Content-Disposition": 'inline; filename="offer.json"'}, "application/json"))


# Writing.


def new_offer_page(act: Act, form: FormState) -> Response:
    """The form of a new offer as it was typed."""
    return act.answer(new_form(act, form, typed_of(form)), "offers/new.html", form=form)


@router.get("/offers/new", name="offers.new", response_model=OfferForm)
def new_offer(
    act: Edit,
    kind: Annotated[str | None, Query(max_length=30)] = None,
    segment: Annotated[str | None, Query(max_length=100), Storable, Unsaid] = None,
) -> Response:
    """What kinds there are to choose among; with `kind` the form of one, for the customers of a `segment`."""
    form = FormState()
    for_whom = {"conditions": [{"kind": "segments", "segments": [segment]}]} if segment else {}
    beginning = next((each for each in fields.BEGINNINGS if each.id == kind), None)
    if kind == "json":
        when = {"when": {"segments": [segment]}} if segment else {}
        view = new_form(act, form, {"document": json.dumps(when, ensure_ascii=False, indent=2) if when else "{\n}"})
        return act.answer(view, "offers/new.html", form=form)
    if beginning is None:
        return act.answer(new_form(act, form, for_whom), "offers/kinds.html", form=form)
    typed = {**for_whom, **beginning.typed}
    if segment and "conditions" in beginning.typed:
        typed["conditions"] = [*beginning.typed["conditions"], *for_whom["conditions"]]
    return act.answer(new_form(act, form, typed), "offers/new.html", form=form)


@router.post("/offers", name="offers.add", status_code=201, response_model=Kept)
@again(new_offer_page)
def add_offer(act: Edit, body: Document) -> Response:
    """Write an offer down as a draft: a document as in /schemas/offer.json. It gives nothing until it is published."""
    offer = read_offer(_said(act, body), typed=_in_fields(body))
    offer_id = commands.create_offer(act.session, offer, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}")


@router.post("/offers/previews", name="offers.preview", response_model=OfferForm)
def preview(
    act: Annotated[Act, needs(Permission.OFFERS_EDIT, keyless="it only draws the form again and keeps nothing")],
    body: Document,
) -> Response:
    """The form after one of its buttons, and the sentence that says what the offer would do."""
    check_texts(body)
    deed = str(body.get("do", ""))
    offer_id = str(body.get("offer_id", ""))
    typed: Typed = {name: value for name, value in body.items() if name not in {"do", "offer_id"}}
    if not typed.get("form"):
        typed = {"document": json.dumps(typed, ensure_ascii=False, indent=2)}
    else:
        typed = with_searches(typed, getattr(act.request.state, "form", None))
    if deed == "look":
        typed = taken_at_once(act, typed)
    elif deed == "as_json":
        offer = offer_typed(typed)
        typed = {"form": "1", "document": as_json(offer) if offer else json.dumps(_raw(typed), indent=2)}
    elif deed:
        typed = deeds.done(typed, deed)
    form = FormState()
    known = offer_id.isdecimal() and len(offer_id) < 10
    view = edit_form(act, form, int(offer_id), typed) if known else new_form(act, form, typed)
    whole = "offers/edit.html" if known else "offers/new.html"
    return act.answer(view, "offers/_editor.html" if act.htmx else whole, form=form)


def _raw(typed: Typed) -> Document:
    try:
        return to_document(typed)
    except Invalid:
        return {}


def _said(act: Act, body: Document) -> Any:
    """The document that a body says: itself, one typed as JSON, or the fields of the form."""
    check_texts(body)
    if isinstance(body.get("document"), str):
        return read_text(body["document"])
    if isinstance(body.get("document"), dict):
        return body["document"]
    return to_document(filled(_all_chosen(act, body))) if body.get("form") else body


def _all_chosen(act: Act, body: Document) -> Document:
    """The body, where no search is left of which nothing was chosen: it would be for all products."""
    searches = with_searches({}, getattr(act.request.state, "form", None)).get("find", {})
    unchosen = T("Choose one of what was found, or empty the search.")
    if searches:
        raise Invalid([FieldError(path.removesuffix(".without"), unchosen) for path in searches])
    return body


def _in_fields(body: Document) -> bool:
    """Whether the offer was typed in the fields of the form."""
    return bool(body.get("form")) and not isinstance(body.get("document"), str | dict)


def offer_form_page(act: Act, form: FormState) -> Response:
    """The form of an offer, as it was typed or as it stands."""
    typed = typed_of(form) if form.values else None
    view = edit_form(act, form, int(act.request.path_params["offer_id"]), typed)
    return act.answer(view, "offers/_editor.html" if act.htmx else "offers/edit.html", form=form)


@router.get("/offers/{offer_id}/edit", name="offers.offer.form", response_model=OfferForm)
def offer_form(act: Edit, offer_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of an offer as it stands."""
    return offer_form_page(act, FormState())


@router.patch("/offers/{offer_id}", name="offers.offer.edit", response_model=Kept)
@again(offer_form_page)
def edit_offer(act: Edit, offer_id: SmallRowId, body: Document) -> Response:
    """Change the offer as it stood at `revision`: what isn't there stays as it is, null takes it away.

    A published version stays in force until the change is published. A form sends the whole offer.
    """
    revision = _revision(body)
    if body.get("form") or "document" in body:
        said = _said(act, body)
    else:
        kept = documents.short(queries.offer(act.session, offer_id).latest.offer)
        said = {**kept, **{name: value for name, value in body.items() if name != "revision"}}
        said = {name: value for name, value in said.items() if value is not None}
    held = queries.offer(act.session, offer_id)
    if body.get("form") and isinstance(said, dict):
        said.setdefault("code", held.code)
    offer = read_offer(said, typed=_in_fields(body))
    commands.change_offer(act.session, offer_id, offer, revision=revision, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}", status=200)


def _revision(body: Document) -> int:
    text = str(body.get("revision", ""))
    if not text.isdecimal() or len(text) > 9:
        raise Invalid([FieldError("revision", T("This field is required."))])
    return int(text)


def _kept(act: Act, offer_id: int) -> Kept:
    held = queries.offer(act.session, offer_id)
    return Kept(
        id=offer_id,
        code=held.code,
        revision=held.revision,
        version_no=held.latest.version_no,
        state=held.state.value,
        document=documents.short(held.latest.offer),
    )


# One offer, and its life.


def offer_page(act: Act, form: FormState) -> Response:
    """The offer's page, with what was refused."""
    return act.answer(offer_view(act, int(act.request.path_params["offer_id"])), "offers/offer.html", form=form)


def unpublished_page(act: Act, form: FormState) -> Response:
    """The form of an offer whose fields keep it from being published, so that they can be put right; else its page."""
    at_fields = any(form.errors) and act.may(Permission.OFFERS_EDIT)
    return offer_form_page(act, form) if at_fields else offer_page(act, form)


@router.get("/offers/{offer_id}", name="offers.offer", response_model=OfferPage)
def offer(act: View, offer_id: SmallRowId) -> Response:
    """An offer: what it does, where it stands, what it has given, and its versions."""
    return act.answer(offer_view(act, offer_id), "offers/offer.html")


@router.get("/offers/{offer_id}/document.json", name="offers.offer.document", response_model=Document)
def offer_document(act: View, offer_id: SmallRowId) -> Response:
    """The newest version's document as a file, which `POST /offers` takes."""
    held = queries.offer(act.session, offer_id)
    headers = {"Content-Disposition": f'attachment; filename="{held.code}.json"'}
    return act.keep(Response(as_json(held.latest.offer).encode(), 200, headers, "application/json"))


@router.delete("/offers/{offer_id}", name="offers.offer.delete", response_model=OffersPage)
@again(offer_page)
def delete_offer(act: Edit, offer_id: SmallRowId) -> Response:
    """Delete a draft that was never published."""
    commands.delete_draft(act.session, offer_id, now=act.now, by=act.by)
    view = offers_view(act, OfferFilters(), lists.list_state(act.request, sorts=SORTS))
    return act.done(view, "/offers", status=200)


@router.post("/offers/{offer_id}/copies", name="offers.offer.copy", status_code=201, response_model=Kept)
@again(offer_page)
def copy_offer(act: Edit, offer_id: SmallRowId) -> Response:
    """Write a draft with the same content under a new code."""
    copied = commands.copy_offer(act.session, offer_id, now=act.now, by=act.by)
    return act.done(_kept(act, copied), f"/offers/{copied}")


@router.post("/offers/{offer_id}/publications", name="offers.offer.publish", status_code=201, response_model=Kept)
@again(unpublished_page)
def publish_offer(act: Publish, offer_id: SmallRowId) -> Response:
    """Put the newest version in force."""
    commands.publish_offer(act.session, offer_id, language=act.chain.language, today=act.today, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}")


@router.post("/offers/{offer_id}/pauses", name="offers.offer.pause", status_code=201, response_model=Kept)
@again(offer_page)
def pause_offer(act: Publish, offer_id: SmallRowId) -> Response:
    """Let it give nothing until it is resumed."""
    commands.pause_offer(act.session, offer_id, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}")


@router.post("/offers/{offer_id}/resumptions", name="offers.offer.resume", status_code=201, response_model=Kept)
@again(offer_page)
def resume_offer(act: Publish, offer_id: SmallRowId) -> Response:
    """Let a paused offer give again."""
    commands.resume_offer(act.session, offer_id, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}")


@router.post("/offers/{offer_id}/endings", name="offers.offer.end", status_code=201, response_model=Kept)
@again(offer_page)
def end_offer(act: Publish, offer_id: SmallRowId) -> Response:
    """End it for good; its versions and figures stay."""
    commands.end_offer(act.session, offer_id, now=act.now, by=act.by)
    return act.done(_kept(act, offer_id), f"/offers/{offer_id}")
