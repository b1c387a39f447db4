"""How values reach the statement that posts a sale: in PostgreSQL's own notation, lists as arrays."""

import datetime as dt
from collections.abc import Iterable
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.sql.selectable import TableValuedAlias


class Written(sa.types.UserDefinedType[str]):
    """A value that is sent in PostgreSQL's own notation, with a cast to the type named.

    By itself psycopg looks at each number and names another type for a small than for a large one, and every mixture of
    them is a statement of its own to PostgreSQL.
    """

    cache_ok = True
    render_bind_cast = True

    def __init__(self, name: str) -> None:
        self.name = name

    def get_col_spec(self, **_kw: Any) -> str:
        return self.name


NUMBER, NUMBERS, DATES, WORDS = Written("BIGINT"), Written("BIGINT[]"), Written("DATE[]"), ARRAY(sa.Text)


def number(value: int | None) -> str | None:
    """A number as the statement takes it."""
    return None if value is None else str(value)


def numbers(values: Iterable[int]) -> str:
    """A list of numbers as the statement takes it."""
    return f"{{{','.join(map(str, values))}}}"


def some_numbers(values: Iterable[int | None]) -> str:
    """The same of a list in which some are missing."""
    return f"{{{','.join(['NULL' if value is None else str(value) for value in values])}}}"


def some_dates(values: Iterable[dt.date | None]) -> str:
    """A list of dates, some of which may be missing."""
    return f"{{{','.join(['NULL' if value is None else value.isoformat() for value in values])}}}"


def given(name: str, type_: sa.types.TypeEngine[Any] = NUMBER) -> sa.BindParameter[Any]:
    """A value of the sale. An UPDATE would take one that is named as its column for a new value, so they are marked."""
    return sa.bindparam(f"sale_{name}", type_=type_)


def arrays(name: str, numbered: str | None, **columns: sa.types.TypeEngine[Any]) -> TableValuedAlias:
    """Parallel arrays of these types as rows; `numbered` names a column that counts them from 1."""
    values = [sa.bindparam(f"{name}_{key}", type_=type_) for key, type_ in columns.items()]
    rows = sa.func.unnest(*values).table_valued(*columns, with_ordinality=numbered, name=name)
    return rows.render_derived(name=name)
