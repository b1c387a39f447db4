"""Files as head office sends them."""

import csv
from pathlib import Path

from sqlalchemy.orm import Session

from erp_club.imports import commands, staging
from erp_club.imports.files import open_table
from erp_club.imports.formats import Reading
from erp_club.imports.kinds import CUSTOMERS, KINDS
from erp_club.imports.outcome import Outcome
from erp_club.kernel.text import Text
from erp_club.permissions.actors import SYSTEM
from tests.make.organisation import NOW

HEADERS = {
    "products": "sku,name,group,department,brand,list_price,vat_percent",
    "customers": ",".join(column.name for column in CUSTOMERS.columns if column.needed),
    "purchases": "receipt_no,store,sold_at,customer_number,line_no,sku,quantity,list_amount,amount",
    "price-list": "list,club,sku,group,price,percent,from,to,store",
}
DEFAULTS = {
    "products": {"name": "Bread", "group": "BREAD", "department": "PASTRY", "brand": "Own", "list_price": "10.00"}
    | {"vat_percent": "17"},
    "customers": {"given_name": "Rachel", "family_name": "Reznik"},
    "purchases": {"receipt_no": "7", "store": "406", "sold_at": "2017-07-01T12:26:30", "line_no": "1", "sku": "1"}
    | {"quantity": "1", "list_amount": "1.58", "amount": "1.43"},
    "price-list": {"list": "GOLD-26", "club": "GOLD"},
}


class Quiet:
    """Nobody watches; the phases are kept."""

    def __init__(self) -> None:
        self.phases: list[str] = []

    def read(self, done: int, total: int) -> None:
        pass

    def phase(self, doing: Text) -> None:
        self.phases.append(str(doing))


def a_file(folder: Path, kind: str, *rows: dict[str, str], more: str = "", name: str = "") -> Path:
    """A CSV of a kind; each row says only what matters. `more` are further columns, with a comma between them."""
    header = [*HEADERS[kind].split(","), *filter(None, more.split(","))]
    path = folder / (name or f"{kind}.csv")
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(header)
        writer.writerows([(DEFAULTS[kind] | row).get(column, "") for column in header] for row in rows)
    return path


def taken_in(session: Session, path: Path, kind: str, *, earn: tuple[str, ...] = ()) -> Outcome:
    """Import a file in the test's transaction."""
    reading = Reading(open_table(path), KINDS[kind])
    return commands.import_file(session, reading, earn=earn, progress=Quiet(), now=NOW, by=SYSTEM)


def told(session: Session) -> list[tuple[int, str | None, str]]:
    """The refusals of the last import: line, column, sentence."""
    return [(refusal.line, refusal.column, str(refusal.text)) for refusal in staging.refusals(session)]


def counted(outcome: Outcome) -> tuple[int, int, int]:
    """Taken, unchanged, refused."""
    return outcome.taken, outcome.unchanged, outcome.refused


def taken(session: Session, kind: str, path: Path) -> tuple[Outcome, list[str]]:
    """`taken_in`, and what it says of the rows it refused."""
    outcome = taken_in(session, path, kind)
    return outcome, [f"{each.line}: {each.text}" for each in staging.refusals(session)]
