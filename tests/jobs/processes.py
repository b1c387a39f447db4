"""Processes that tests kill, forked from one that has our modules: to bring these in takes each two seconds."""

import multiprocessing
import os
from collections.abc import Callable
from multiprocessing.process import BaseProcess

from erp_club.kernel.db import Database

URL = "ERP_CLUB_DATABASE_URL"
_FORKS = multiprocessing.get_context("forkserver")
_FORKS.set_forkserver_preload(["web.cli_jobs"])


def begun(database: Database, work: Callable[..., object], *told: object) -> BaseProcess:
    """A process of its own that does this work, with the database's URL in its environment."""
    process = _FORKS.Process(target=_work, args=(database.url.render_as_string(hide_password=False), work, *told))
    process.start()
    return process


def ended(process: BaseProcess) -> int | None:
    """Its exit code, once it has ended; None after two minutes."""
    process.join(120)
    return process.exitcode


def _work(url: str, work: Callable[..., object], *told: object) -> None:
    os.environ[URL] = url
    work(*told)
