"""What a job is: a name, words for people, when it runs by itself, and a function that does one batch.

A batch works in the transaction that also keeps its cursor, so whatever kills a worker leaves whole batches only.
"""

import datetime as dt
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy.orm import Session

from erp_club.jobs.kinds import Level
from erp_club.kernel.settings import Settings
from erp_club.kernel.text import Text
from erp_club.permissions.actors import Actor
from erp_club.points.units import Unit

Cursor = list[int] | None
"""Where a batch begins, in the job's own terms; None is the beginning."""


class Stopped(Exception):
    """The run is to stop here: what its batch has done so far is undone, and done again when it is resumed."""


def unheard(_done: int, _total: int) -> None:
    """Nobody listens to how far it is."""


@dataclass(frozen=True, slots=True)
class Run:
    """A run as its job sees it. `as_of` is the day it is done for, `now` the moment of this batch.

    A batch that takes longer than seconds calls `tell(done, total)` now and then; it raises Stopped.
    """

    id: int
    name: str
    as_of: dt.date
    parameters: Mapping[str, Any]
    by: Actor
    now: dt.datetime
    dry_run: bool = False
    undo_of: int | None = None
    tell: Callable[[int, int], None] = field(default=unheard, compare=False)


@dataclass(frozen=True, slots=True)
class Said:
    """A line for the run's log; the values of its sentence are texts and whole numbers."""

    text: Text
    level: Level = Level.INFO


@dataclass(frozen=True, slots=True)
class Step:
    """What a batch did: where the next one begins (None where it was the last), and what to add to `counts`.

    `done` is how much of the run's total it has dealt with.
    """

    after: Cursor
    done: int
    counts: Mapping[str, int] = field(default_factory=dict[str, int])
    said: Sequence[Said] = ()


@dataclass(frozen=True, slots=True)
class Sample:
    """One of those whom a run would touch, and with how much; `unit` where they are points of one account."""

    customer_id: int
    number: str
    points: int
    unit: Unit | None = None


@dataclass(frozen=True, slots=True)
class Preview:
    """Whom a run would touch now and with how much: counts by the job's own names, and at most ten of them."""

    counts: Mapping[str, int]
    sample: Sequence[Sample]


@dataclass(frozen=True, slots=True)
class Occasion:
    """A run that is due by something else than a cron line; `key` makes it be there once."""

    as_of: dt.date
    parameters: Mapping[str, Any]
    key: str


Batch = Callable[[Session, Run, Cursor], Step]


def nobody(_session: Session, _run: Run) -> Collection[int]:
    """No person stands behind the run but who asked for it."""
    return ()


@dataclass(frozen=True, slots=True)
class Limit:
    """From where on a run waits until somebody else approves it (A-03).

    `weigh` tells beforehand what it comes to, in the job's own counts, of which `accounts` is one and `amounts` are
    those summed (all ≥ 0). `most` is the greatest sum that needs nobody. `behind` are those, besides who asked, who
    have set it up: they don't approve it either.
    """

    weigh: Callable[[Session, Run], Mapping[str, int]]
    amounts: Sequence[str]
    most: Callable[[Settings], int]
    accounts: str = "accounts"
    behind: Callable[[Session, Run], Collection[int]] = nobody


@dataclass(frozen=True, slots=True)
class Job:
    """A job. `title`, `about` and the labels of its `counts` are words of the catalogues.

    `schedule` is a cron line in the chain's time zone, `due(session, now, zone)` finds what else has come. With `once`
    a run that was done for a day and parameters is never done for them again. `by_hand` says whether the page of the
    job starts it, rather than a page of its own. `undo` is the batch that takes a finished run back, `limit` how much a
    run, or the undoing of one, comes to before it needs a second person. `points` names the counts that are points.
    """

    name: str
    title: str
    about: str
    batch: Batch
    counts: Mapping[str, str] = field(default_factory=dict[str, str])
    points: tuple[str, ...] = ()
    total: Callable[[Session, Run], int] = lambda _session, _run: 0
    schedule: str | None = None
    due: Callable[[Session, dt.datetime, str], Sequence[Occasion]] | None = None
    preview: Callable[[Session, Run], Preview] | None = None
    undo: Batch | None = None
    limit: Limit | None = None
    once: bool = False
    by_hand: bool = True
