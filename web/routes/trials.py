"""Trying an offer on a small basket or a past receipt, before anybody else sees it."""

import datetime as dt
import re
from typing import Annotated

from fastapi import APIRouter
from pydantic import Field, StringConstraints
from starlette.responses import Response

from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.permissions.catalog import Permission
from erp_club.promotions import queries
from erp_club.reports.trial import Basket, try_offer
from web import store_picking as picking
from web.deps import Act, ActRoute, needs, wants_html
from web.fields import Body, QuantityText, SmallRowId, Storable, Word
from web.forms import FormState
from web.refusals import again
from web.segment_forms.picking import sku_meant
from web.views.trials import TrialPage, rows_typed, trial_page

router = APIRouter(route_class=ActRoute, tags=["offers"])
Edit = Annotated[Act, needs(Permission.OFFERS_EDIT)]
MOST_LINES = 200
_ITEM = re.compile(r"(\S+)(?:[\s,;x×*]+(\d{1,4}(?:[.,]\d{1,3})?))?")


class TrialLineIn(Body):
    """A line of the basket."""

    sku: Word
    quantity: Annotated[QuantityText, Field(gt=0)] = 1000


class NewTrial(picking.AtStore):
    """What to try the offer on: lines, or the number of a past receipt.

    A person's `lines` may name products, and `items` is a line of text each: the code, and how many. `day` and `hour`
    are the store's; without them it is now, or the receipt's own time.
    """

    lines: Annotated[tuple[TrialLineIn, ...], Field(max_length=MOST_LINES)] = ()
    items: Annotated[str, StringConstraints(max_length=20_000), Storable] = ""
    receipt_no: Word | None = None
    customer_number: Word | None = None
    club: Word | None = None
    day: dt.date | None = None
    hour: dt.time | None = None


def trial_form_page(act: Act, form: FormState) -> Response:
    """The form of a trial, as it was typed."""
    errors: dict[str, list[str]] = {}
    places = dict(enumerate(rows_typed(form)))
    for path, texts in form.errors.items():
        # Empty rows aren't read: faults count only those in which something is typed.
        path = re.sub(r"(?<=^lines\[)\d+", lambda row: str(places.get(int(row[0]), row[0])), path)  # noqa: PLW2901
        field = path if path.startswith("lines") else path.replace(".", "_")
        # The lines may have been typed as one text.
        field = "items" if field.startswith("lines") and form.values.get("items") else field
        errors.setdefault(field, []).extend(texts)
    form.errors = errors
    typed = next((text for name, text in act.request.query_params.items() if name.startswith("lines")), "")
    view = trial_page(act, int(act.request.path_params["offer_id"]), None, form, typed=typed)
    return act.answer(view, "offers/_trial.html" if act.htmx else "offers/trial.html", form=form)


@router.get("/offers/{offer_id}/trials/new", name="offers.trial.form", response_model=TrialPage)
def trial_form(act: Edit, offer_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of a trial. With a part of a name or code typed in one of its `lines` it offers such products."""
    return trial_form_page(act, FormState())


@router.post("/offers/{offer_id}/trials", name="offers.trial", response_model=TrialPage)
@again(trial_form_page)
def try_out(
    act: Annotated[Act, needs(Permission.OFFERS_EDIT, keyless="it only prices a basket and keeps nothing")],
    offer_id: SmallRowId,
    body: NewTrial,
) -> Response:
    """Price a basket with the newest version of the offer and without it, beside all others in force."""
    body = picking.with_store(body, organisation.stores(act.session))
    basket = Basket(
        lines=tuple((_sku(act, place, line), line.quantity) for place, line in enumerate(body.lines))
        or _lines(body.items),
        receipt_no=body.receipt_no,
        customer_number=body.customer_number,
        club=body.club,
        store_id=body.store_id,
        at=_moment(body, act.now),
    )
    offer = queries.offer(act.session, offer_id).latest.offer
    form: FormState = getattr(act.request.state, "form", None) or FormState()
    view = trial_page(act, offer_id, try_offer(act.session, offer, basket, now=act.now, by=act.by), form)
    return act.answer(view, "offers/_trial.html" if act.htmx else "offers/trial.html", form=form)


def _sku(act: Act, place: int, line: TrialLineIn) -> str:
    """The product of a line, by its name where a person typed that. Raises Invalid."""
    return sku_meant(act, line.sku, f"lines[{place}].sku") if wants_html(act.request) else line.sku


def _lines(items: str) -> tuple[tuple[str, int], ...]:
    """`7290000000017 2` a line as (SKU, thousandths). Raises Invalid at `items`."""
    made: list[tuple[str, int]] = []
    for number, text in enumerate(items.splitlines(), start=1):
        if not text.strip():
            continue
        match = _ITEM.fullmatch(text.strip())
        whole, _, part = (match[2] or "1").replace(",", ".").partition(".") if match else ("0", "", "")
        milli = int(whole) * 1000 + int(part.ljust(3, "0") or 0)
        if match is None or not milli:
            raise Invalid([FieldError("items", T("Line %(line)s isn't a code and how many.", line=number))])
        made.append((match[1], milli))
    if len(made) > MOST_LINES:
        raise Invalid([FieldError("items", T("These are too many."))])
    return tuple(made)


def _moment(body: NewTrial, now: dt.datetime) -> dt.datetime | None:
    if body.day is None and body.hour is None:
        return None
    return dt.datetime.combine(body.day or now.date(), (body.hour or dt.time(12)).replace(tzinfo=None))
