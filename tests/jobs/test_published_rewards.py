# REQ P-13 P-15: what gathers is published to all members on its day, however long it gathered and under which version
import datetime as dt
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.jobs.rewards import PERIOD_REWARDS
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes import commands as programmes
from erp_club.programmes.engine import due
from tests.make.clubs import NOW
from tests.make.programmes import a_programme
from tests.make.rewards import MONTHLY, Shop

PUBLISHED = {"issue": {"at": "period_end", "published_on": "2026-12-24"}}


def periods(session: Session, on: str) -> list[str]:
    """The last days of the periods that would be settled by themselves on a day."""
    assert PERIOD_REWARDS.due is not None
    moment = dt.datetime.fromisoformat(f"{on}T03:00:00+02:00")
    return sorted(str(each.parameters["last"]) for each in PERIOD_REWARDS.due(session, moment, "Asia/Jerusalem"))


def test_all_that_has_gathered_is_given_on_the_day_it_is_published_and_not_before(session: Session):
    Shop(session, **PUBLISHED)
    assert [periods(session, day) for day in ("2026-11-02", "2026-12-01", "2026-12-23")] == [[], [], []]
    gathered = [str(dt.date(2026, month + 1, 1) - dt.timedelta(days=1)) for month in range(1, 12)]
    assert periods(session, "2026-12-24") == gathered
    assert periods(session, "2026-12-27") == gathered, "and still where the job ran late"
    assert periods(session, "2027-01-01") == ["2026-12-31"], "what comes later comes at its own end"


def test_what_an_earlier_version_let_gather_is_published_with_the_rest(session: Session):
    Shop(session, **PUBLISHED)
    later = a_programme(
        names={"en": "Club", "he": "Club"}, rewards=[MONTHLY | PUBLISHED], switch={"effective_from": "2026-10-15"},
        joining={"invitation_days": 3},
    )  # fmt: skip
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": NOW.date(), "now": NOW, "by": SYSTEM}
    programmes.load_programme(session, later, **how)
    assert len(periods(session, "2026-12-24")) == 11


@pytest.mark.parametrize(("published", "along"), [(None, True), ("2026-12-24", False)])
def test_what_is_published_on_a_day_isnt_given_night_by_night(published: str | None, along: bool):
    every = {"kind": "every", "every": 100, "value": 5}
    issue = {"published_on": published} if published else {}
    reward = {"code": "r", "gives": {"kind": "points"}, "function": every, "period": {"every": "year"}, "issue": issue}
    assert due.goes_along(a_programme(rewards=[reward]).rewards[0]) is along
