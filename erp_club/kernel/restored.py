"""A mark beside the tables of a database that a backup is brought into, until its ledgers are proven.

Nothing is served before that. It is a table of its own, which no backup holds: what is restored can't take it away.
"""

from enum import StrEnum

import sqlalchemy as sa

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T, Text

TABLE = "unproven_restore"


class Standing(StrEnum):
    """How far the restore came: it hasn't ended, or what came back isn't what follows from its movements."""

    BEGUN = "begun"
    WRONG = "wrong"


def mark(database: Database, standing: Standing) -> None:
    """Say so, in a transaction of its own."""
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {TABLE}"))
        connection.execute(
            sa.text(f"CREATE TABLE {TABLE} AS SELECT CAST(:said AS text) AS standing"), {"said": standing}
        )


def unmark(database: Database) -> None:
    """Let it be served."""
    with database.engine.begin() as connection:
        connection.execute(sa.text(f"DROP TABLE IF EXISTS {TABLE}"))


def standing(database: Database) -> Standing | None:
    """What is said of it; None where all is as it should be."""
    with database.engine.connect() as connection:
        if connection.scalar(sa.select(sa.func.to_regclass(TABLE))) is None:
            return None
        return Standing(connection.scalar(sa.text(f"SELECT standing FROM {TABLE}")) or "")  # noqa: S608 - ours


def check(database: Database) -> None:
    """Raises Unavailable where a restore hasn't ended, or has ended unproven."""
    match standing(database):
        case None:
            return
        case Standing.BEGUN:
            raise Unavailable(
                T(
                    "A restore into this database hasn't ended. Restore the backup again, into a new ERP_CLUB_HOME or "
                    "an empty database."
                ),
                code="restore-unended",
            )
        case Standing.WRONG:
            raise Unavailable(unproven(), code="restore-unproven")


def unproven() -> Text:
    """Why it isn't served, and what to do."""
    return T(
        "What was restored here isn't proven, so it isn't served. erp-club ledger verify names what is wrong. Restore "
        "an older backup into a new ERP_CLUB_HOME, or take this one as it is: erp-club ledger verify --accept"
    )
