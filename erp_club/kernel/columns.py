"""Expressions over columns that several domains need."""

from typing import Any

import sqlalchemy as sa


def local(column: Any) -> sa.ColumnElement[Any]:
    """A text ordered by its letters' numbers: the same on every server, whatever its language."""
    return sa.collate(column, "C")
