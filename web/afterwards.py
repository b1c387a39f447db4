"""Work that is done in transactions of its own once a request's has ended."""

from collections.abc import Callable, Iterable

from sqlalchemy.orm import Session

from erp_club.kernel.db import Database

Work = Callable[[Session], None]


def do(database: Database, works: Iterable[Work]) -> None:
    """Each in a transaction of its own."""
    for work in works:
        with database.session() as session:
            work(session)
            session.commit()
