"""The job that settles a period and gives what it brought, once for each account, and takes a run back."""

import datetime as dt
from collections.abc import Mapping, Sequence
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.customers import queries as customers
from erp_club.jobs.declared import Cursor, Job, Limit, Occasion, Run, Said, Step
from erp_club.jobs.kinds import Level
from erp_club.jobs.programmes.commands import take_back
from erp_club.kernel.errors import NotFound
from erp_club.kernel.text import N_, T
from erp_club.points.kinds import MovementKind
from erp_club.points.sets.commands import SetCause
from erp_club.programmes.engine import due
from erp_club.programmes.engine.rewards import PeriodReward
from erp_club.programmes.rewards import counting, queries
from erp_club.programmes.rewards.account import ending
from erp_club.programmes.rewards.commands import Done, SettleCause, Settling, settle_accounts
from erp_club.programmes.rewards.queries import RuleOfClub
from erp_club.programmes.rewards.undoing.commands import UNDONE, undo_settlements
from erp_club.stored_value.commands import Cause as CardCause

UNDO_BATCH = 2_000
LATE_DAYS = 7
"""So many days late a period is still given by itself, where nothing ran on its day."""


def settling(session: Session, parameters: Mapping[str, object]) -> Settling:
    """What a run with these parameters settles. Raises NotFound for a rule that the club didn't have."""
    club_id, code = int(str(parameters["club"])), str(parameters["rule"])
    last = dt.date.fromisoformat(str(parameters["last"]))
    found = next((each for each in queries.rules(session, on=last, club_id=club_id) if each.rule.code == code), None)
    if found is None:
        raise NotFound(T("The club had no such reward on that day."), code="reward-unknown")
    return Settling(found.club_id, found.version_no, found.programme, found.rule, last)


def _batch(session: Session, run: Run, cursor: Cursor) -> Step:
    done = _settled(session, settling(session, run.parameters), run, after=cursor[0] if cursor else 0)
    counts = {"accounts": done.looked_at, "given": done.given, "value": done.value}
    return Step(None if done.last is None else [done.last], done.looked_at, counts)


def _settled(session: Session, of: Settling, run: Run, *, after: int) -> Done:
    cause = SettleCause(run.as_of, run.now, run.by, run.id)
    size = counting.batch_size(of.programme, of.rule)
    return settle_accounts(session, of, cause, after=after, limit=size)


def _weigh(session: Session, run: Run) -> dict[str, int]:
    """What it would give is known once it is done: so it is, and each batch is taken back at once."""
    of = settling(session, run.parameters)
    given = value = 0
    after: int | None = 0
    while after is not None:
        with session.begin_nested() as tried:
            done = _settled(session, of, run, after=after)
            tried.rollback()
        given, value, after = given + done.given, value + done.value, done.last
    return {"given": given, "value": value}


def undo(session: Session, run: Run, cursor: Cursor) -> Step:
    """Take back what a run gave: points first, then coupons and money that nobody has used."""
    assert run.undo_of is not None
    stage, *key = cursor or [0]
    after = (key[0], key[1]) if key else None
    if stage == 0:
        cause = SetCause(MovementKind.UNDONE, run.as_of, run.now, run.by, run.id)
        done = take_back(session, run.undo_of, after=after, limit=UNDO_BATCH, cause=cause)
        return Step([0, *done.last] if done.last else [1], 0)
    made = undo_settlements(
        session,
        run.undo_of,
        run.id,
        after=after,
        limit=UNDO_BATCH,
        cause=CardCause(run.now, run.as_of, run.by, reason=UNDONE),
    )
    numbers = customers.numbers_of(session, list(made.left))
    said = [
        Said(T("%(number)s has used it already, so it stays.", number=numbers[customer]), Level.WARN)
        for customer in made.left
    ]
    counts = {"undone": made.undone, "left": len(made.left)}
    return Step([1, *made.last] if made.last else None, made.looked_at, counts, said)


def _total(session: Session, run: Run) -> int:
    of = settling(session, run.parameters)
    return queries.count_accounts(session, of.club_id, last=of.last, whose=ending(of.rule, of.last))


def _due(session: Session, now: dt.datetime, zone: str) -> Sequence[Occasion]:
    today = now.astimezone(ZoneInfo(zone)).date()
    made: list[Occasion] = []
    late = today - dt.timedelta(days=LATE_DAYS)
    for each in queries.rules(session, on=today - dt.timedelta(days=1)):
        published = each.rule.issue.published_on
        gathers = published is not None and late < published <= today
        # What is published in one go may have gathered for long, under earlier versions too.
        first = queries.first_day_of(session, each.club_id) if gathers else each.effective_from
        reach = (today - first).days if gathers else LATE_DAYS + each.rule.issue.after_days
        for days in range(1, reach + 1):
            last = today - dt.timedelta(days=days)
            if last < first or not due.ends(each.rule, last):
                continue
            rule = each.rule if last >= each.effective_from else _rule_on(session, each, last)
            given = None if rule is None else due.given_on(rule, last)
            if given is not None and late < given <= today:
                parameters = parameters_of(each.club_id, each.rule.code, last)
                made.append(Occasion(given, parameters, key(each.club_id, each.rule.code, last)))
    return made


def _rule_on(session: Session, now: RuleOfClub, day: dt.date) -> PeriodReward | None:
    """The rule as the version of a day had it; None where that had none, or it ended no period on the day."""
    then = (
        each.rule for each in queries.rules(session, on=day, club_id=now.club_id) if each.rule.code == now.rule.code
    )
    return next((rule for rule in then if due.ends(rule, day)), None)


def parameters_of(club_id: int, rule: str, last: dt.date) -> dict[str, object]:
    """What a run of this period is asked with."""
    return {"club": club_id, "rule": rule, "last": last.isoformat()}


def key(club_id: int, rule: str, last: dt.date) -> str:
    """By which a period is settled once by itself."""
    return f"{PERIOD_REWARDS.name}:{club_id}:{rule}:{last}"


PERIOD_REWARDS = Job(
    name="period-rewards",
    title=N_("Rewards for periods"),
    about=N_("What members bought in a period becomes what their club gives for it, once for each account."),
    batch=_batch,
    total=_total,
    counts={
        "accounts": N_("Accounts"),
        "given": N_("Rewards given"),
        "value": N_("Their value"),
        "undone": N_("Rewards taken back"),
        "left": N_("Left as they are"),
    },
    due=_due,
    undo=undo,
    limit=Limit(_weigh, ("value",), lambda settings: settings.rewards_limit, accounts="given"),
    by_hand=False,
)
