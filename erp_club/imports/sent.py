"""Files that a browser or a machine sends: kept on the disk while they are read, taken or only tried.

A try does everything and takes it back, so what it tells is what would happen.
"""

import datetime as dt
import re
import tempfile
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256
from itertools import islice
from pathlib import Path, PurePosixPath

from sqlalchemy.orm import Session

from erp_club.imports import staging
from erp_club.imports.commands import import_file
from erp_club.imports.files import open_table
from erp_club.imports.formats import Batch, Format, Reading, Refusal
from erp_club.imports.outcome import Outcome
from erp_club.imports.table import Table
from erp_club.kernel.errors import Conflict, FieldError, Invalid
from erp_club.kernel.text import T, Text
from erp_club.permissions.actors import Actor

MOST_ROWS = 200_000
"""Longer files would keep whoever sends them waiting for minutes: the console takes them."""
MOST_TOLD = 200
"""Refusals that are told; the console writes all of them to a file."""

_UNPRINTABLE = re.compile(r"[^\w. ()-]")


class Unwatched:
    """Nobody sees a bar here: the answer comes when the work is done."""

    def read(self, done: int, total: int) -> None:
        """Nothing to show."""

    def phase(self, doing: Text) -> None:
        """Nothing to show."""


@dataclass(frozen=True, slots=True)
class Sent:
    """A file as it was sent. `encoding` is the user's word for a CSV whose letters don't tell it."""

    name: str
    content: bytes
    encoding: str | None = None

    @property
    def digest(self) -> str:
        """What tells this file from another one."""
        return sha256(self.content).hexdigest()


@dataclass(frozen=True, slots=True)
class Told:
    """What a file did, or would do, and the first of its refusals."""

    outcome: Outcome
    warnings: tuple[Text, ...]
    refusals: tuple[Refusal, ...]


@contextmanager
def opened(sent: Sent) -> Generator[Table]:
    """The file under its own name, which refusals and the history speak of. Raises Refused for every fault of it."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / safe_name(sent.name)
        path.write_bytes(sent.content)
        yield open_table(path, encoding=sent.encoding)


def safe_name(name: str) -> str:
    """The last part of a file's name, as it may stand on any disk."""
    last = PurePosixPath(name.replace("\\", "/")).name
    return _UNPRINTABLE.sub("_", last).strip(" .")[-100:] or "file.csv"


def take(
    session: Session,
    form: Format,
    sent: Sent,
    *,
    earn: tuple[str, ...] = (),
    checked: str | None = None,
    now: dt.datetime,
    by: Actor,
) -> Told:
    """Take a file; with `checked` only the one with that digest. Raises Refused, and Conflict `file-not-checked`."""
    if checked is not None and checked != sent.digest:
        raise Conflict(
            T("This isn't the file that was checked. Check it first, then import it."), code="file-not-checked"
        )
    with opened(sent) as table:
        reading = _Short(table, form)
        outcome = import_file(session, reading, earn=earn, progress=Unwatched(), now=now, by=by)
        return Told(outcome, reading.warnings, tuple(islice(staging.refusals(session), MOST_TOLD)))


def check(
    session: Session, form: Format, sent: Sent, *, earn: tuple[str, ...] = (), now: dt.datetime, by: Actor
) -> Told:
    """What taking a file would do: it is done, and taken back. Raises Refused for every fault of the file."""
    with session.begin_nested() as attempt:
        told = take(session, form, sent, earn=earn, now=now, by=by)
        attempt.rollback()
    return told


class _Short(Reading):
    """A reading that ends where a file is longer than anybody waits for."""

    def batches(self) -> Iterator[Batch]:
        rows = 0
        for batch in super().batches():
            rows += len(batch.lines)
            if rows > MOST_ROWS:
                why = T(
                    "The file has more than %(most)s rows. Import it with: erp-club import %(kind)s FILE",
                    most=MOST_ROWS,
                    kind=self.form.kind,
                )
                raise Invalid([FieldError("file", why)])
            yield batch
