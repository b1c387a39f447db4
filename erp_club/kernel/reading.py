"""Reading more rows than memory should hold."""

from collections.abc import Iterator
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

PORTION = 2_000
"""Rows that come together."""


def in_portions(session: Session, statement: sa.Select[*tuple[Any, ...]]) -> Iterator[Any]:
    """The rows of a statement through a cursor of the server, which is closed however the reading ends."""
    with session.execute(statement, execution_options={"yield_per": PORTION}) as rows:
        yield from rows
