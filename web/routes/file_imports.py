"""Files of products, customers, receipts and the like, sent from a browser or a machine: checked, then taken."""

from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Base64Bytes, Field, StringConstraints
from starlette.responses import Response

from erp_club.imports import sent
from erp_club.imports.kinds import KINDS
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import Body, Storable, Unsaid, Word
from web.forms import UPLOAD_LIMIT, FormState
from web.refusals import again
from web.views.file_imports import FileImportPage, import_page, told_view

router = APIRouter(route_class=ActRoute, tags=["imports"])
Seeing = Annotated[Act, needs(Permission.IMPORTS_TAKE)]
Taking = Annotated[Act, needs(Permission.IMPORTS_TAKE, fresh=True)]
Kind = Literal["products", "customers", "purchases", "cards", "balances", "stored-value", "segment-list"]
"""As `erp-club import` calls them; price lists have a preview of their own (`/price-list-uploads`)."""


class SentFile(Body):
    """A file: its name, and its content in base64 (RFC 4648). A form sends it as multipart/form-data."""

    name: Annotated[str, StringConstraints(min_length=1, max_length=255), Storable]
    content: Base64Bytes


class NewFileImport(Body):
    """A file to take: CSV or XLSX, as `erp-club import` takes it, of 200,000 rows at most.

    With `dry_run` it is only told what would happen. `checked` is the digest that such a try told: another file is
    refused then. `earn` are codes of clubs whose points imported receipts earn. `encoding` is for a CSV whose letters
    don't tell it.
    """

    kind: Kind
    file: SentFile
    encoding: Literal["windows-1255", "windows-1252"] | None = None
    earn: Annotated[list[Word], Field(max_length=50)] = []
    dry_run: bool = False
    checked: Annotated[str, StringConstraints(max_length=64), Storable] | None = None


def file_import_page(act: Act, form: FormState) -> Response:
    """The form that sends a file, with what was refused."""
    kind = str(form.values.get("kind"))
    view = import_page(act, kind if kind in KINDS else "products", None)
    return act.answer(view, "file_imports/_told.html" if act.htmx else "file_imports/new.html", form=form)


@router.get("/file-imports/new", name="file_imports.new", response_model=FileImportPage)
def new_file_import(act: Taking, kind: Annotated[Kind, Query(), Unsaid] = "products") -> Response:
    """The form that sends a file of a kind, and the columns that it may have."""
    return act.answer(import_page(act, kind, None), "file_imports/new.html")


@router.get("/file-imports/columns.csv", name="file_imports.columns", responses=lists.FILE_ANSWERS)
def columns_file(act: Seeing, kind: Annotated[Kind, Query(), Unsaid] = "products") -> Response:  # noqa: ARG001
    """An empty file of a kind: its first row names the columns."""
    return lists.stream_file(f"{kind}.csv", tuple(each.name for each in KINDS[kind].columns), iter(()))


@router.post(
    "/file-imports",
    name="file_imports.take",
    response_model=FileImportPage,
    max_body_size=UPLOAD_LIMIT,
)
@again(file_import_page)
def take_file(act: Taking, body: NewFileImport) -> Response:
    """Take a file, or tell what it would do. Bad rows are refused one by one, of receipts the whole receipt."""
    file = sent.Sent(body.file.name, body.file.content, body.encoding)
    form, earn = KINDS[body.kind], tuple(body.earn)
    if body.dry_run:
        told = sent.check(act.session, form, file, earn=earn, now=act.now, by=act.by)
    else:
        told = sent.take(act.session, form, file, earn=earn, checked=body.checked, now=act.now, by=act.by)
    view = import_page(act, body.kind, told_view(told, digest=file.digest, kept=not body.dry_run))
    typed: FormState = getattr(act.request.state, "form", None) or FormState()
    return act.answer(view, "file_imports/_told.html" if act.htmx else "file_imports/new.html", form=typed)
