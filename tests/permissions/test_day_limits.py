"""Two at once don't both stay below a limit of the day: the second waits for the first, and counts what it did."""

# REQ A-01 T-04
import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from erp_club.kernel.db import Database
from erp_club.kernel.errors import Forbidden
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.commands import Deed, permit
from erp_club.permissions.catalog import Permission
from erp_club.permissions.rules import Grant, Held, Limits
from tests.make.organisation import NOW, a_chain, a_store, somebody

DEED = Deed(Permission.POINTS_REDEEM, "sale:1", 600)


def test_the_second_of_two_at_once_waits_and_counts_the_first(committed: Database):
    with committed.session() as session:
        a_chain(session)
        store_id = a_store(session).id
        staff_id = somebody(session)
        session.commit()
    held = Held({Permission.POINTS_REDEEM: (Grant(limits=Limits(per_day=1000)),)})
    by = Actor("Dana", held, staff_id, "cashier", store_id=store_id)
    begun = threading.Event()

    def second() -> None:
        with committed.session() as session:
            begun.set()
            permit(session, DEED, on=NOW.date(), now=NOW, by=by)
            session.commit()

    with ThreadPoolExecutor(1) as pool, committed.session() as first:
        permit(first, DEED, on=NOW.date(), now=NOW, by=by)
        late = pool.submit(second)
        assert begun.wait(5)
        assert not late.done()
        first.commit()
        with pytest.raises(Forbidden) as refused:
            late.result(timeout=20)
    assert refused.value.facts["rule"] == "per-day"
