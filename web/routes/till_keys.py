"""The keys of the till, told to who stands at it."""

from fastapi import APIRouter
from pydantic import BaseModel
from starlette.responses import Response

from web.deps import ActRoute
from web.routes.till import AtTill
from web.till_keys import KEYS

router = APIRouter(route_class=ActRoute, tags=["till"])


class TillKeys(BaseModel):
    """The key of each action of the till."""

    keys: dict[str, str]


@router.get("/till/keys", name="till.keys", response_model=TillKeys)
def show_keys(act: AtTill) -> Response:
    """Which key does what."""
    return act.answer(TillKeys(keys=KEYS), "till/_map.html" if act.htmx else "till/map.html")
