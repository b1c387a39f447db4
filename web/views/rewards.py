"""What pages show of rewards for periods."""

import datetime as dt
from collections.abc import Mapping

from pydantic import BaseModel

from erp_club.jobs import queries as jobs
from erp_club.jobs.rewards import PERIOD_REWARDS, parameters_of
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import T
from erp_club.programmes.engine import due
from erp_club.programmes.engine.calendar import DAY, span_of
from erp_club.programmes.engine.parts import Counts, Every
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.engine.settle import things
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.redemptions.queries import CHARITY
from erp_club.programmes.rewards import queries as rules
from erp_club.programmes.rewards.office import queries
from web.deps import Act
from web.views.clubs import ClubLine, club_line
from web.views.jobs import RunView, run_views

MOST_PERIODS, PER_PAGE, MOST_RUNS = 60, 100, 10


class RewardLine(BaseModel):
    """A rule, and the last day of the period that can be settled now (None where no period has ended yet)."""

    code: str
    names: dict[str, str]
    form: str
    open_last: dt.date | None


class PeriodLine(BaseModel):
    """A settled period. `value` is in minor units, in points where `form` is that, or with `is_count` a number."""

    rule: str
    is_count: bool
    names: dict[str, str]
    first_on: dt.date
    last_on: dt.date
    form: str
    accounts: int
    given: int
    value: int
    to_fee_minor: int
    undone: int
    run_id: int | None


class RewardsPage(BaseModel):
    """A club's rules, and the periods that were settled, the latest first."""

    club: ClubLine
    rewards: list[RewardLine]
    periods: list[PeriodLine]


class IssuedLine(BaseModel):
    """What one account was given. `base` is in minor units where `counts` is spend."""

    settlement_id: int
    customer_id: int
    number: str
    name: str
    first_on: dt.date
    base: int
    rate_bp: int | None
    value: int
    to_fee_minor: int
    taken: int
    last_day: dt.date | None
    state: str
    codes: list[str]
    used: int
    left_minor: int | None
    why: str | None


class RewardPeriodPage(BaseModel):
    """One period of a rule, or (`runs_here` false) what another rule gave on a day.

    `tried` is what its latest trial came to; above `limit` somebody else approves the run.
    """

    club: ClubLine
    reward: RewardLine
    runs_here: bool
    counts: Counts
    last_on: dt.date
    period: PeriodLine | None
    issued: list[IssuedLine]
    page: int
    more: bool
    limit: int
    tried: int | None
    runs: list[RunView]


def rewards_page(act: Act, club_id: int) -> RewardsPage:
    """A club's rewards. Raises NotFound for the club."""
    club = club_line(act, club_id)
    held = rules.rules(act.session, on=act.today, club_id=club_id)
    names = named(act, club_id, on=act.today) | {each.rule.code: _names(each.rule) for each in held}
    return RewardsPage(
        club=club,
        rewards=[_line(each.rule, act.today) for each in held],
        periods=[
            _period(row, names, {each.rule.code: each.rule for each in held})
            for row in queries.periods(act.session, club_id, limit=MOST_PERIODS)
        ],
    )


def period_page(act: Act, club_id: int, code: str, last: dt.date, *, page: int = 1) -> RewardPeriodPage:
    """One period of a rule. Raises NotFound."""
    club = club_line(act, club_id)
    row = queries.period(act.session, club_id, code, last)
    rule = _rule_on(act, club_id, code, last)
    if rule is None and row is None:
        raise _unknown()
    names = _names(rule) if rule is not None else named(act, club_id, on=last).get(_first(code), {"en": code})
    line = _line(rule, act.today) if rule is not None else _given_line(code, names, row)
    rows = queries.issued(act.session, club_id, code, last, offset=(page - 1) * PER_PAGE, limit=PER_PAGE + 1)
    runs = jobs.runs_with(act.session, PERIOD_REWARDS.name, parameters_of(club_id, code, last), limit=MOST_RUNS)
    tried = next((run for run in runs if run.dry_run and run.finished_at is not None), None)
    return RewardPeriodPage(
        club=club,
        reward=line,
        runs_here=rule is not None,
        counts=rule.base.counts if rule is not None else Counts.PURCHASES,
        last_on=last,
        period=row and _period(row, {_first(code): names}, {} if rule is None else {code: rule}),
        issued=[IssuedLine.model_validate(each, from_attributes=True) for each in rows[:PER_PAGE]],
        page=page,
        more=len(rows) > PER_PAGE,
        limit=act.settings.rewards_limit,
        tried=None if tried is None else tried.counts.get("value"),
        runs=run_views(act, runs),
    )


def rule_on(act: Act, club_id: int, code: str, last: dt.date) -> PeriodReward:
    """The rule as it held on a day on which a period of it may end. Raises NotFound."""
    rule = _rule_on(act, club_id, code, last)
    if rule is None:
        raise _unknown()
    return rule


def _rule_on(act: Act, club_id: int, code: str, last: dt.date) -> PeriodReward | None:
    for each in rules.rules(act.session, on=last, club_id=club_id):
        if each.rule.code == code and last < act.today and due.ends(each.rule, last):
            return each.rule
    return None


def _unknown() -> NotFound:
    return NotFound(T("No period of this reward ends on that day."), code="reward-unknown")


def named(act: Act, club_id: int, *, on: dt.date) -> dict[str, dict[str, str]]:
    """What rules are called that give otherwise than for a period: those of the programme of a day, by code."""
    programme = programme_in_force(act.session, club_id, on)
    if programme is None:
        return {}
    made = {each.code: each.names for each in (*programme.occasions, *programme.benefits)}
    if programme.charity is not None:
        made[CHARITY] = programme.charity.names
    if programme.levels is not None:
        of_levels = programme.levels.levels
        made |= {f"{why}-{each.code}": each.names for each in of_levels for why in ("level", "stays")}
    return {code: {str(key): text for key, text in names.items()} for code, names in made.items() if names}


def _first(rule: str) -> str:
    """The rule of a row, without the number of its gift."""
    return rule.partition(".")[0]


def _given_line(code: str, names: dict[str, str], row: queries.PeriodRow | None) -> RewardLine:
    return RewardLine(code=code, names=names, form="points" if row is None else row.form, open_last=None)


def _names(rule: PeriodReward) -> dict[str, str]:
    return {str(language): text for language, text in rule.names.items()} or {"en": rule.code}


def _line(rule: PeriodReward, today: dt.date) -> RewardLine:
    yesterday = today - DAY
    last: dt.date | None = yesterday
    if not due.goes_along(rule) and rule.period.every is not Every.MEMBER_YEAR:
        first = span_of(rule.period, yesterday).first
        ended = yesterday if due.ends(rule, yesterday) else first - DAY if first > dt.date.min else None
        last = ended
    return RewardLine(code=rule.code, names=_names(rule), form=rule.gives.kind, open_last=last)


_THINGS = {"coupon", "gift", "entitlement"}
"""What has no amount but where a period comes to one."""


def _period(
    row: queries.PeriodRow, names: dict[str, dict[str, str]], periods: Mapping[str, PeriodReward]
) -> PeriodLine:
    count = things(periods[row.rule], row.value) if row.rule in periods else None
    return PeriodLine(
        rule=row.rule,
        is_count=count is not None or (row.form in _THINGS and row.rule not in periods),
        names=names.get(_first(row.rule), {"en": row.rule}),
        first_on=row.first_on,
        last_on=row.last_on,
        form=row.form,
        accounts=row.accounts,
        given=row.given,
        value=row.value if count is None else count,
        to_fee_minor=row.to_fee_minor,
        undone=row.undone,
        run_id=row.run_id,
    )
