"""Whether the process lives and the system can work; no key needed."""

import datetime as dt

from fastapi import APIRouter, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from erp_club.jobs import queries as jobs
from erp_club.kernel import schema
from erp_club.kernel.errors import Unavailable
from web.declared import Declared, declare
from web.deps import shop

router = APIRouter(tags=["health"])


class Health(BaseModel):
    """One word for each thing that the system stands on."""

    process: str = "ok"
    database: str | None = None
    migrations: str | None = None
    worker: str | None = None


def _open_to_all() -> None:
    """Nothing is shown but that the system works."""


_OPEN = declare(_open_to_all, Declared(anyone="load balancers ask it"))


@router.get("/healthz", name="health.process", response_model=Health, dependencies=[_OPEN])
def healthz() -> Response:
    """The process answers."""
    return JSONResponse(Health().model_dump(exclude_none=True))


@router.get("/readyz", name="health.ready", response_model=Health, dependencies=[_OPEN])
def readyz(request: Request) -> Response:
    """The database answers and has this version's schema; 503 with what is missing.

    A job worker that gives no sign of life is told, but tills sell without one.
    """
    state = Health(database="ok", migrations="ok", worker="none seen in the last minute")
    database = shop(request).database
    try:
        if not schema.is_current(database):
            state.migrations = "not current: run erp-club migrate"
        else:
            with database.session() as session:
                if jobs.worker_lives(session, now=dt.datetime.now(dt.UTC)):
                    state.worker = "ok"
    except Unavailable:
        state.database = "unreachable"
        state.migrations = "unknown"
    ready = state.database == state.migrations == "ok"
    return JSONResponse(state.model_dump(), 200 if ready else 503)
