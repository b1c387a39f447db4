"""How the database adds up what nearly every customer bought."""

from collections.abc import Generator
from contextlib import contextmanager

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.reports.purchases.asked import Asked
from erp_club.reports.purchases.sources import one_year


@contextmanager
def in_their_order(session: Session, asked: Asked) -> Generator[None]:
    """Let statements add customers up one after the other, as the indexes have them.

    The planner takes them for a few dozen, and a hash of a million outgrows its memory: that takes twice to five times
    as long. Of a calendar year nothing is added up.
    """
    if one_year(session, asked) is not None:
        yield
        return
    session.execute(sa.text("SET LOCAL enable_hashagg = off"))
    yield
    session.execute(sa.text("SET LOCAL enable_hashagg TO DEFAULT"))
