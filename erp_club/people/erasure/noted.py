"""Who was erased, noted beside the database: a backup from before the erasure knows them, and the note outlives it.

A line holds a customer's id and when it was, nothing else, so that the note itself tells of nobody.
"""

import csv
import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from sqlalchemy import event
from sqlalchemy.orm import Session

NAME = "erasures.csv"


def note(session: Session, ids: Sequence[int], *, now: dt.datetime) -> None:
    """Note these customers once the transaction is committed; a session without a folder of its own notes nothing."""
    home: Path | None = session.info.get("home")
    if home is None:
        return

    def write(_session: Any) -> None:
        home.mkdir(parents=True, exist_ok=True)
        with (home / NAME).open("a", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows((each, now.isoformat()) for each in ids)

    event.listen(session, "after_commit", write, once=True)


def noted(file: Path) -> set[int]:
    """The customers that a note names; none where there is no note. Raises ValueError for another file."""
    if not file.exists():
        return set()
    with file.open(encoding="utf-8", newline="") as lines:
        return {int(row[0]) for row in csv.reader(lines) if row}
