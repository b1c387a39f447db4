# REQ C-10: no text that somebody can type, and no document, is forgotten by an erasure
import re
from collections import Counter
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY

from erp_club.people.erasure.words.places import PERSONLESS, SWEPT
from erp_club.tables import metadata

SHORT = 3
"""Codes of countries, currencies and languages are no longer."""


def could_tell(column: sa.Column[Any], table: sa.Table) -> bool:
    """Whether a column holds texts, documents or bytes, other than hashes and words that the table itself lists."""
    kind = column.type.impl if isinstance(column.type, sa.types.TypeDecorator) else column.type
    kind = kind.item_type if isinstance(kind, ARRAY) else kind
    if column.foreign_keys or not isinstance(kind, sa.String | sa.JSON | sa.LargeBinary):
        return False
    checks = " ".join(str(each.sqltext) for each in table.constraints if isinstance(each, sa.CheckConstraint))
    listed = re.search(rf"\b{column.name} IN \('", checks)
    hashed = isinstance(kind, sa.LargeBinary) and column.name.endswith("hash")
    return not (listed or hashed or (isinstance(kind, sa.String) and kind.length is not None and kind.length <= SHORT))


def test_each_text_and_document_is_swept_by_an_erasure_or_says_why_it_tells_of_nobody():
    found = {f"{table.name}.{each.name}" for table in metadata.tables.values() for each in table.c
             if could_tell(each, table)}  # fmt: skip
    said = [*SWEPT, *(name for names in PERSONLESS.values() for name in names.split())]
    assert found - set(said) == set()
    assert [name for name, times in Counter(said).items() if times > 1] == []
    assert set(said) <= {f"{table.name}.{each.name}" for table in metadata.tables.values() for each in table.c}
