"""Works off the forecasts that were asked for. Safe to run in any number of processes: each takes another run."""

import datetime as dt
from collections.abc import Callable

from erp_club.kernel.db import Database
from erp_club.reports import runs
from erp_club.reports.forecast import Forecast, forecast


class _Stopped(Exception):
    """The process is about to end."""


def work(database: Database, *, stopping: Callable[[], bool] = lambda: False) -> bool:
    """Do one forecast from beginning to end; False where none waits. One that is stopped half-way waits again."""
    with database.session() as session:
        taken = runs.take(session, now=_now())
        session.commit()
    if taken is None:
        return False
    outcome: Forecast | None = None
    stopped = False
    try:
        # What is read and what is told go over two connections: the reading one stays in one transaction.
        with database.session() as reading, database.session() as telling:

            def tell(done: int, total: int) -> None:
                if stopping():
                    raise _Stopped
                runs.beat(telling, taken.id, done=done, total=total, now=_now())
                telling.commit()

            outcome = forecast(reading, taken.offers, taken.period, progress=tell)
    except _Stopped:
        stopped = True
    finally:
        with database.session() as session:
            if stopped:
                runs.put_back(session, taken.id)
            else:
                runs.finish(session, taken.id, outcome, now=_now())
            session.commit()
    return not stopped


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)
