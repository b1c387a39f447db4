"""Files of price lists sent from a browser or a machine: previewed, then confirmed."""

import datetime as dt
from collections.abc import Iterator
from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Base64Bytes, BaseModel, StringConstraints
from starlette.responses import Response

from erp_club.imports import price_list_uploads as uploads
from erp_club.imports import undoing
from erp_club.imports.price_list_uploads import UploadRow
from erp_club.kernel.text import Text
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import Body, SmallRowId, Storable, Unsaid
from web.forms import UPLOAD_LIMIT, FormState
from web.i18n import say
from web.refusals import again
from web.taken_out import taken_out
from web.views.pricelists import Example, an_example

router = APIRouter(route_class=ActRoute, tags=["price lists"])
Import = Annotated[Act, needs(Permission.PRICELISTS_IMPORT)]
Outcome = Literal["new", "changed", "unchanged", "refused"]
FileName = Annotated[str, StringConstraints(min_length=1, max_length=255), Storable]


class UploadedFile(Body):
    """A file: its name, and its content in base64 (RFC 4648). A form sends it as multipart/form-data."""

    name: FileName
    content: Base64Bytes


class NewUpload(Body):
    """A file to preview: CSV or XLSX, as `erp-club import price-list` takes it.

    `encoding` is for a CSV whose letters don't tell it.
    """

    file: UploadedFile
    encoding: Literal["windows-1255", "windows-1252"] | None = None


class UploadForm(BaseModel):
    """The form that sends a file, and the columns that it may have."""

    columns: tuple[str, ...]


class UploadCounts(BaseModel):
    """Rows of the file by what they would do; `lists` are price lists that would be opened."""

    read: int = 0
    new: int = 0
    changed: int = 0
    unchanged: int = 0
    refused: int = 0
    lists: int = 0

    @property
    def taken(self) -> int:
        """How many rows would change something."""
        return self.new + self.changed


class UploadLine(BaseModel):
    """What a row of the file would do, or did: the price that was (`old_…`) and the one that will be.

    Days are included. `why` says what is wrong with a refused row, in its column `column`.
    """

    line: int
    outcome: Outcome
    list_code: str | None
    sku: str | None
    product: str | None
    group: str | None
    store: str | None
    old_price_minor: int | None
    old_off_bp: int | None
    old_last: dt.date | None
    price_minor: int | None
    off_bp: int | None
    first: dt.date | None
    last: dt.date | None
    column: str | None
    value: str | None
    why: str | None
    currency: str
    example: Example | None


class UploadPage(BaseModel):
    """A file with what it would change, or has changed (`applied_at`), until that was undone (`undone_at`)."""

    id: int
    at: dt.datetime
    actor: str
    file_name: str
    applied_at: dt.datetime | None
    applied_by: str | None
    undone_at: dt.datetime | None
    undone_by: str | None
    counts: UploadCounts
    warnings: list[str]
    outcome: Outcome | None
    state: lists.ListState
    rows: list[UploadLine]


def new_upload_page(act: Act, form: FormState) -> Response:
    """The form that sends a file."""
    return act.answer(UploadForm(columns=_HEADER[1:-4]), "pricelists/new_upload.html", form=form)


@router.get("/price-list-uploads/new", name="price_lists.uploads.new", response_model=UploadForm)
def new_upload(act: Import) -> Response:
    """The form that sends a file."""
    return new_upload_page(act, FormState())


@router.post(
    "/price-list-uploads",
    name="price_lists.uploads.add",
    status_code=201,
    response_model=UploadPage,
    max_body_size=UPLOAD_LIMIT,
)
@again(new_upload_page)
def add_upload(act: Import, body: NewUpload) -> Response:
    """Preview a file: nothing changes until the preview is confirmed."""
    upload_id = uploads.preview(
        act.session, body.file.name, body.file.content, encoding=body.encoding, now=act.now, by=act.by
    )
    return act.done(_page(act, upload_id), f"/price-list-uploads/{upload_id}")


def upload_page(act: Act, form: FormState) -> Response:
    """The preview, with what was refused."""
    view = _page(act, int(act.request.path_params["upload_id"]))
    return act.answer(view, "pricelists/upload.html", form=form)


@router.get("/price-list-uploads/{upload_id}", name="price_lists.uploads.upload", response_model=UploadPage)
def upload(act: Import, upload_id: SmallRowId, outcome: Annotated[Outcome | None, Unsaid] = None) -> Response:
    """What a file would change, row by row; those of one outcome where it is named."""
    view = _page(act, upload_id, outcome=outcome)
    return act.answer(view, "pricelists/_upload_rows.html" if act.htmx else "pricelists/upload.html")


@router.get(
    "/price-list-uploads/{upload_id}/rows.{suffix}", name="price_lists.uploads.file", responses=lists.FILE_ANSWERS
)
def rows_file(
    act: Annotated[Act, needs(Permission.PRICELISTS_IMPORT, fresh=True)],
    upload_id: SmallRowId,
    suffix: Literal["csv", "xlsx"],
    outcome: Annotated[Outcome | None, Query(), Unsaid] = None,
) -> Response:
    """The same rows as a file that can be corrected and sent again."""
    uploads.upload(act.session, upload_id)
    found = uploads.rows(act.session, upload_id, outcome=outcome)
    return taken_out(act, f"price-list-rows.{suffix}", _HEADER, _cells(found))


@router.post(
    "/price-list-uploads/{upload_id}/previews",
    name="price_lists.uploads.upload.preview",
    status_code=201,
    response_model=UploadPage,
)
@again(upload_page)
def preview_again(act: Import, upload_id: SmallRowId) -> Response:
    """Preview the kept file again: what it would change now."""
    uploads.preview_again(act.session, upload_id, now=act.now, by=act.by)
    return act.done(_page(act, upload_id), f"/price-list-uploads/{upload_id}")


@router.post(
    "/price-list-uploads/{upload_id}/confirmations",
    name="price_lists.uploads.upload.confirm",
    status_code=201,
    response_model=UploadPage,
)
@again(upload_page)
def confirm(act: Import, upload_id: SmallRowId) -> Response:
    """Do exactly what the preview shows; 409 `upload-stale` where prices have changed since."""
    uploads.confirm(act.session, upload_id, now=act.now, by=act.by)
    return act.done(_page(act, upload_id), f"/price-list-uploads/{upload_id}")


@router.post(
    "/price-list-uploads/{upload_id}/undoings",
    name="price_lists.uploads.upload.undo",
    status_code=201,
    response_model=UploadPage,
)
@again(upload_page)
def undo(act: Import, upload_id: SmallRowId) -> Response:
    """Take its new prices out again and give the changed ones back what they were; sales made meanwhile stay.

    409 `upload-stale` where any of these prices was changed since.
    """
    undoing.undo(act.session, upload_id, now=act.now, by=act.by)
    return act.done(_page(act, upload_id), f"/price-list-uploads/{upload_id}")


_HEADER = (
    "line",
    "list",
    "sku",
    "group",
    "price",
    "percent",
    "from",
    "to",
    "store",
    "outcome",
    "column",
    "value",
    "reason",
)


def _cells(rows: Iterator[UploadRow]) -> Iterator[tuple[lists.Cell, ...]]:
    for row in rows:
        price, percent = (
            None if value is None else Decimal(value).scaleb(-2) for value in (row.price_minor, row.off_bp)
        )
        why = None if row.why is None else say(row.why)
        yield (
            row.line, row.list_code, row.sku, row.group, price, percent, row.first, row.last, row.store, row.outcome,
            row.column, row.value, why,
        )  # fmt: skip


def _page(act: Act, upload_id: int, *, outcome: Outcome | None = None) -> UploadPage:
    found = uploads.upload(act.session, upload_id)
    counts = UploadCounts(**found.counts)
    shown = outcome or ("refused" if counts.refused and not counts.taken else None)
    state = lists.list_state(act.request, sorts=("line",)).model_copy(
        update={"path": f"/price-list-uploads/{upload_id}"}
    )
    state = state.counted(uploads.count_rows(act.session, upload_id, outcome=shown))
    rows = uploads.rows(act.session, upload_id, outcome=shown, limit=state.per_page, offset=state.offset)
    return UploadPage(
        id=found.id,
        at=found.at,
        actor=found.actor,
        file_name=found.file_name,
        applied_at=found.applied_at,
        applied_by=found.applied_by,
        undone_at=found.undone_at,
        undone_by=found.undone_by,
        counts=counts,
        warnings=[say(Text(each["msgid"], each["facts"])) for each in found.warnings],
        outcome=shown,
        state=state,
        rows=[_line(act, row) for row in rows],
    )


def _line(act: Act, row: UploadRow) -> UploadLine:
    example = None
    if row.product is not None and row.regular_minor and (row.price_minor is not None or row.off_bp is not None):
        example = an_example(row.product, row.regular_minor, price_minor=row.price_minor, off_bp=row.off_bp)
    return UploadLine.model_validate(
        {name: getattr(row, name) for name in UploadRow.__slots__ if name not in {"why", "regular_minor"}}
        | {"why": None if row.why is None else say(row.why), "currency": act.chain.currency, "example": example}
    )
