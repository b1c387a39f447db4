"""The fields of a customer as columns, and as a merge keeps them in JSON. Pure."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

FIELDS = (
    "given_name",
    "family_name",
    "given_name_2",
    "family_name_2",
    "id_number",
    "birthday",
    "gender",
    "mobile",
    "phone",
    "email",
    "street",
    "postcode",
    "city",
    "country",
    "language",
    "home_store",
    "anniversary",
    "own_id",
)
"""What can be taken from the one or the other."""

_COLUMNS = {
    "id_number": ("id_kind", "id_country", "id_sealed", "id_key", "id_hash", "id_ending"),
    "home_store": ("home_store_id",),
}


def columns_of(field: str) -> tuple[str, ...]:
    """The columns of a field."""
    return _COLUMNS.get(field, (field,))


def empty(field: str, row: Mapping[str, Any]) -> bool:
    """Whether nothing is known."""
    if field == "id_number":
        return row["id_hash"] is None
    return not row[columns_of(field)[0]]


def same(field: str, one: Mapping[str, Any], other: Mapping[str, Any]) -> bool:
    """Whether both say the same; a number looks different each time that it is sealed."""
    compared = ("id_kind", "id_country", "id_hash") if field == "id_number" else columns_of(field)
    return all(one[name] == other[name] for name in compared)


def kept(field: str, row: Mapping[str, Any]) -> dict[str, Any]:
    """A field's columns as JSON."""
    return {name: _as_json(row[name]) for name in columns_of(field)}


def read(columns: Mapping[str, Any]) -> dict[str, Any]:
    """The columns again, as `kept` wrote them."""
    return {name: _from_json(name, value) for name, value in columns.items()}


def _as_json(value: Any) -> Any:
    if isinstance(value, bytes):
        return value.hex()
    return value.isoformat() if isinstance(value, dt.date) else value


def _from_json(name: str, value: Any) -> Any:
    if value is None:
        return None
    if name in {"id_sealed", "id_hash", "id_ending"}:
        return bytes.fromhex(value)
    return dt.date.fromisoformat(value) if name in {"birthday", "anniversary"} else value
