"""Making one customer of two, and two of one again."""

from typing import Annotated, Literal, get_args

from fastapi import APIRouter
from pydantic import BaseModel, Field
from starlette.responses import Response

from erp_club.people.merging import commands, queries
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, Line, RowId
from web.forms import FormState
from web.refusals import again
from web.views.people import MergePreview, MergesPage, UndoPreview, merge_preview, merges_page, undo_preview

router = APIRouter(route_class=ActRoute, tags=["people"])
Merge = Annotated[Act, needs(Permission.PEOPLE_MERGE)]
Preview = Annotated[Act, needs(Permission.PEOPLE_MERGE, keyless="it changes nothing")]
CustomerId = Annotated[int, Field(ge=1, le=2**63 - 1)]
Taken = Literal[
    "given_name", "family_name", "given_name_2", "family_name_2", "id_number", "birthday", "gender", "mobile", "phone",
    "email", "street", "postcode", "city", "country", "language", "home_store", "anniversary", "own_id",
]  # fmt: skip
MOST_FIELDS = len(get_args(Taken))


class WithWhom(Body):
    """The other customer, by number or id."""

    number: Line | None = None
    merged_id: CustomerId | None = None


class NewMerge(Body):
    """The customer who becomes part of this one, and the fields whose value is the other one's."""

    merged_id: CustomerId
    take: Annotated[list[Taken], Field(max_length=MOST_FIELDS)] = []


class Merged(BaseModel):
    """A merge that was made: `merged_id` leads to `customer_id` from now on."""

    merge_id: int
    customer_id: int
    merged_id: int


class Parted(BaseModel):
    """The two who are two again."""

    customer_id: int
    parted_id: int


def _id(act: Act) -> int:
    return int(act.request.path_params["customer_id"])


def list_page(act: Act, form: FormState) -> Response:
    """Whom the customer was made of, with the form that begins a merge."""
    return act.answer(merges_page(act, _id(act)), "people/merges.html", form=form)


@router.get("/customers/{customer_id}/merges", name="people.merges", response_model=MergesPage)
def merges(act: Merge, customer_id: RowId) -> Response:  # noqa: ARG001
    """Whom the customer was made of, undone merges too."""
    return list_page(act, FormState())


@router.post("/customers/{customer_id}/merge-previews", name="people.merge.preview", response_model=MergePreview)
@again(list_page)
def preview(act: Preview, customer_id: RowId, body: WithWhom) -> Response:
    """What a merge would do, field by field, and what would move. It writes nothing."""
    merged_id = body.merged_id or queries.living(act.session, body.number or "")
    commands.check_two(customer_id, merged_id)
    return act.answer(merge_preview(act, customer_id, merged_id), "people/merge.html")


@router.post("/customers/{customer_id}/merges", name="people.merge", status_code=201, response_model=Merged)
@again(list_page)
def merge(act: Merge, customer_id: RowId, body: NewMerge) -> Response:
    """Make the other customer part of this one. Numbers and cards of the other find this one from now on."""
    merge_id = commands.merge_customers(
        act.session, customer_id, body.merged_id, take=body.take, today=act.today, now=act.now, by=act.by
    )
    view = Merged(merge_id=merge_id, customer_id=customer_id, merged_id=body.merged_id)
    return act.done(view, f"/customers/{customer_id}")


def undo_page(act: Act, form: FormState) -> Response:
    """What undoing a merge does, with the button that does it."""
    return act.answer(undo_preview(act, int(act.request.path_params["merge_id"])), "people/undo.html", form=form)


@router.get("/merges/{merge_id}/undoings/new", name="people.unmerge.form", response_model=UndoPreview)
def undo_form(act: Merge, merge_id: RowId) -> Response:  # noqa: ARG001
    """What undoing a merge now would come to, the rule by which it is, and the form that does it."""
    return undo_page(act, FormState())


@router.post("/merges/{merge_id}/undoings", name="people.unmerge", status_code=201, response_model=Parted)
@again(undo_page)
def undo(act: Merge, merge_id: RowId) -> Response:
    """Give back what a merge moved; what happened since stays with the customer who was left."""
    row = queries.merge(act.session, merge_id)
    parted_id = undo_merge(act.session, merge_id, today=act.today, now=act.now, by=act.by)
    return act.done(Parted(customer_id=row.survivor_id, parted_id=parted_id), f"/customers/{parted_id}")
