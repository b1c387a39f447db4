"""What pages show of files that are imported: the columns of each kind, and what a file did or would do."""

from pydantic import BaseModel

from erp_club.clubs import queries as clubs
from erp_club.clubs.kinds import ClubState
from erp_club.imports.kinds import KINDS
from erp_club.imports.sent import Told
from web.deps import Act
from web.i18n import say


class FileColumn(BaseModel):
    """A column: `needed` in every file, `filled` in every row. `prefix`: its name goes on, as in `club:GOLD`."""

    name: str
    needed: bool
    filled: bool
    prefix: bool


class RefusedCell(BaseModel):
    """Why a row isn't taken: what is wrong in which column, where it is one."""

    line: int
    column: str | None
    value: str
    why: str


class ToldFile(BaseModel):
    """What a file did, or would do (`kept` false), in rows; `refusals` are the first of them."""

    kept: bool
    digest: str
    read: int
    taken: int
    unchanged: int
    refused: int
    warnings: list[str]
    notes: list[str]
    refusals: list[RefusedCell]


class EarningClub(BaseModel):
    """A club whose points imported receipts may earn."""

    code: str
    names: dict[str, str]


class FileImportPage(BaseModel):
    """The form of a kind of file, and what the last file did or would do."""

    kind: str
    columns: list[FileColumn]
    clubs: list[EarningClub]
    told: ToldFile | None


def import_page(act: Act, kind: str, told: ToldFile | None) -> FileImportPage:
    """The form of a kind."""
    form = KINDS[kind]
    columns = [
        FileColumn(name=each.name, needed=each.needed, filled=each.filled, prefix=False) for each in form.columns
    ]
    columns += [FileColumn(name=each.name, needed=False, filled=False, prefix=True) for each in form.families]
    earning = clubs.clubs(act.session) if kind == "purchases" else []
    return FileImportPage(
        kind=kind,
        columns=columns,
        clubs=[EarningClub(code=club.code, names=club.names) for club in earning if club.state == ClubState.PUBLISHED],
        told=told,
    )


def told_view(told: Told, *, digest: str, kept: bool) -> ToldFile:
    """What a file did, in the reader's language."""
    return ToldFile(
        kept=kept,
        digest=digest,
        read=told.outcome.read,
        taken=told.outcome.taken,
        unchanged=told.outcome.unchanged,
        refused=told.outcome.refused,
        warnings=[say(each) for each in told.warnings],
        notes=[say(each) for each in told.outcome.notes],
        refusals=[
            RefusedCell(line=each.line, column=each.column, value=each.value[:100], why=say(each.text))
            for each in told.refusals
        ],
    )
