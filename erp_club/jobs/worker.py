"""The worker of a process: works until it is told to stop, also after the database was away."""

import asyncio
import threading

import procrastinate
import psycopg
import psycopg_pool
import structlog
from procrastinate import exceptions
from sqlalchemy.exc import OperationalError

from erp_club.jobs import queue
from erp_club.kernel.db import Database

AT_ONCE = 3
"""Runs that one worker is at: a long one doesn't keep the others, or the minute, waiting."""
_AGAIN_SECONDS = 2.0
_LOOK_SECONDS = 0.2
_GONE = (OperationalError, psycopg.OperationalError, psycopg_pool.PoolTimeout, exceptions.ConnectorException)

log = structlog.get_logger("worker")


def work_until(stopping: threading.Event, database: Database) -> None:
    """Be a worker until the event is set; what it is at then is put back at the end of its batch."""
    while not stopping.is_set():
        try:
            # An embedded server that has died is started again by whoever connects.
            database.engine.connect().close()
            asyncio.run(_serve(stopping, database))
        except _GONE as error:
            log.warning("database gone", reason=str(error).partition("\n")[0])
        stopping.wait(_AGAIN_SECONDS)


async def _serve(stopping: threading.Event, database: Database) -> None:
    """Serve the queue until the event is set, or the database goes away."""
    app = queue.working_app(database, stopping=stopping.is_set)
    async with app.open_async():
        await app.configure_task(queue.LOOK).defer_async()  # what was left behind while nobody worked
        worker = asyncio.create_task(_work(app))
        while not (stopping.is_set() or worker.done()):
            await asyncio.wait([worker], timeout=_LOOK_SECONDS)
        worker.cancel()
        await asyncio.gather(worker, return_exceptions=True)


async def _work(app: procrastinate.App) -> None:
    await app.run_worker_async(concurrency=AT_ONCE, install_signal_handlers=False, delete_jobs="always")
