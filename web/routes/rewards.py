"""Rewards for periods: which there are, what a period gave to whom, trying it, giving it."""

import datetime as dt
from typing import Annotated

from fastapi import APIRouter, Path, Query
from starlette.responses import Response

from erp_club.jobs import commands as jobs
from erp_club.jobs import queue
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.permissions.catalog import Permission
from web.deps import Act, ActRoute, needs
from web.fields import Body, SmallRowId
from web.forms import FormState
from web.refusals import again
from web.views.jobs import RunView, run_page
from web.views.rewards import RewardPeriodPage, RewardsPage, period_page, rewards_page, rule_on

router = APIRouter(route_class=ActRoute, tags=["rewards"])
Look = Annotated[Act, needs(Permission.CLUBS_VIEW)]
Do = Annotated[Act, needs(Permission.POINTS_PROGRAMMES)]
Rule = Annotated[str, Path(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$")]
PageNo = Annotated[int, Query(ge=1, le=100_000)]


class NewRewardRun(Body):
    """Whether the run only counts what it would give."""

    dry_run: bool = False


@router.get("/clubs/{club_id}/rewards", name="rewards", response_model=RewardsPage)
def rewards(act: Look, club_id: SmallRowId) -> Response:
    """The rewards of a club for periods, and the periods that were settled."""
    return act.answer(rewards_page(act, club_id), "rewards/rewards.html")


def page_again(act: Act, form: FormState) -> Response:
    """The period's page, with what was refused."""
    path = act.request.path_params
    view = period_page(act, int(path["club_id"]), str(path["rule"]), dt.date.fromisoformat(str(path["last"])))
    return act.answer(view, "rewards/period.html", form=form)


@router.get("/clubs/{club_id}/rewards/{rule}/{last}", name="rewards.period", response_model=RewardPeriodPage)
def period(act: Look, club_id: SmallRowId, rule: Rule, last: dt.date, page: PageNo = 1) -> Response:
    """What a period gave to whom, the most first, with its state and use."""
    return act.answer(period_page(act, club_id, rule, last, page=page), "rewards/period.html", form=FormState())


@router.post("/clubs/{club_id}/rewards/{rule}/{last}/runs", name="rewards.run", status_code=201, response_model=RunView)
@again(page_again)
def run(act: Do, club_id: SmallRowId, rule: Rule, last: dt.date, body: NewRewardRun) -> Response:
    """Settle a period that has ended, once for each account; a trial run only counts. Over the limit it waits for
    somebody's approval.
    """
    rule_on(act, club_id, rule, last)
    run_id = jobs.ask(
        act.session,
        PERIOD_REWARDS,
        as_of=act.today,
        parameters=parameters_of(club_id, rule, last),
        dry_run=body.dry_run,
        now=act.now,
        by=act.by,
    )
    queue.nudge(act.session)
    return act.done(run_page(act, run_id), f"/job-runs/{run_id}")
