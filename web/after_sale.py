"""What is found again once a sale has been answered: which segments the customer is in."""

import time
from weakref import WeakKeyDictionary

import structlog
from psycopg.errors import QueryCanceled
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from erp_club.kernel.db import Database, limit_time
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.segments import commands, saved
from web import afterwards
from web.deps import Act, shop

_SECONDS = 5.0
_NONE: WeakKeyDictionary[Database, float] = WeakKeyDictionary()
"""By database, until when it is known that a sale can change no segment: so most sales ask for nothing."""
log = structlog.get_logger("web")


def find_segments_again(act: Act, customer_id: int) -> None:
    """Once the answer has left, since no till waits for it: the segments that a sale can change, of this customer.

    Said before the answer is made. Where it takes too long, or the server dies meanwhile, the job finds them; the sale
    itself is done.
    """
    database = shop(act.request).database
    if not customer_id or _NONE.get(database, 0.0) > time.monotonic():
        return
    today = act.today

    def work(session: Session) -> None:
        if not saved.any_by_sale(session):
            _NONE[database] = time.monotonic() + _SECONDS
            return
        try:
            limit_time(session, milliseconds=1_000)
            commands.refresh_customer(session, customer_id, registry=REGISTRY, today=today)
        except OperationalError as error:
            if not isinstance(error.orig, QueryCanceled):
                raise
            session.rollback()
            log.warning("segments_took_too_long", customer_id=customer_id)

    act.once_answered.add_task(afterwards.do, database, [work])
