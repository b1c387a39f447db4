"""Settles a period: what each account bought, by the rule, becomes a row and what it gives, once.

The row is the lock: of two runs for one period the second finds it there and gives nothing. Sums come from the database
for many accounts at once, the function of the rule is the engine's own, and what it gives is written in few statements.
"""

import dataclasses
import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs.periods import Span, add_months
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import Actor
from erp_club.points.sets.commands import hold_accounts
from erp_club.programmes.engine import due
from erp_club.programmes.engine.calendar import DAY
from erp_club.programmes.engine.parts import Counts, Every
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import ByAverage, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, Settled, in_pieces, settle, withhold
from erp_club.programmes.rewards import counting, queries
from erp_club.programmes.rewards.account import RewardAccount, anyone, ending
from erp_club.programmes.rewards.correcting import Change, corrections
from erp_club.programmes.rewards.giving.commands import Gift, give
from erp_club.programmes.rewards.many.commands import Reckoning, reckons, settle_many
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.rewards.queries import Before


@dataclass(frozen=True, slots=True)
class Settling:
    """What is settled: a rule of a club's programme in the version that held on the period's last day."""

    club_id: int
    version_no: int
    programme: Programme
    rule: PeriodReward
    last: dt.date


@dataclass(frozen=True, slots=True)
class SettleCause:
    """On which day it is given, when, by whom, in which run."""

    on: dt.date
    now: dt.datetime
    by: Actor
    run_id: int | None = None


@dataclass(frozen=True, slots=True)
class Done:
    """What a batch did: accounts looked at, those that were given something, and its value; the last holder."""

    looked_at: int
    given: int
    value: int
    last: int | None


def settle_accounts(session: Session, of: Settling, cause: SettleCause, *, after: int, limit: int) -> Done:
    """Settle the next accounts, in the order of their holders: where it can be, by one statement for most of them."""
    if not reckons(of.programme, of.rule):
        whose = ending(of.rule, of.last)
        found = queries.accounts(session, of.club_id, last=of.last, after=after, limit=limit, whose=whose)
        made = _settle(session, of, cause, found)
        return Done(len(found), *made, found[-1].holder_id if found else None)
    reckoning = Reckoning(of.club_id, of.version_no, of.programme, of.rule, of.last)
    many = settle_many(session, reckoning, cause, after=after, limit=limit)
    given = value = 0
    if many.ahead:
        found = queries.accounts(session, of.club_id, last=of.last, limit=len(many.ahead), holders=many.ahead)
        given, value = _settle(session, of, cause, found)
    return Done(many.looked_at, many.given + given, many.value + value, many.last)


def settle_reached(session: Session, of: Settling, cause: SettleCause, holder_id: int) -> None:
    """Give the holder's account what it has reached so far of a reward that is given in the sale.

    What can't be given now, since another till is giving it or nothing is there to give of, comes in the night.
    """
    whose = anyone(of.rule)
    found = queries.accounts(session, of.club_id, last=of.last, limit=1, whose=whose, holders=[holder_id])
    if not found:
        return
    before = queries.given_on(session, found[0], of.club_id, of.rule.code, of.last)
    try:
        with session.begin_nested():
            _settle(session, of, cause, found, of_day=before + 1)
    except Conflict as missing:
        if missing.code != "batch-missing":
            raise


def _settle(
    session: Session, of: Settling, cause: SettleCause, found: Sequence[RewardAccount], *, of_day: int = 0
) -> tuple[int, int]:
    """Settle these one by one: how many were given something, and its value.

    `of_day` above 0 is the number of what a sale gives on its day; what gives nothing then waits for the night.
    """
    if not found:
        return 0, 0
    if of.rule.takes or of.rule.gives.kind == "points":
        hold_accounts(session, [each.key for each in found])
        # Balances are read once more, now that nobody else moves them.
        holders = [each.holder_id for each in found]
        found = queries.accounts(
            session, of.club_id, last=of.last, limit=len(found), whose=anyone(of.rule), holders=holders
        )
    spans: dict[int, Span] = {}
    for place, each in enumerate(found):
        span = due.span_to_settle(of.rule, of.last, joined_on=each.joined_on, term=each.term_on(of.last))
        if span is not None:
            spans[place] = span
    rows = _rows(session, of, cause, found, spans, in_sale=of_day > 0)
    if of_day:
        rows = [row for row in rows if row["value"] or row["taken"]]
    made = _write(session, [row | {"of_day": of_day} for row in rows])
    joined_on = {each.account_id: each.joined_on for each in found}
    gifts = [_gift(row, joined_on[row["account_id"]]) for row in made if row["value"] or row["taken"]]
    give(session, of.programme, of.rule, gifts, cause)
    return sum(row["value"] > 0 for row in made), sum(row["value"] for row in made)


def _rows(
    session: Session,
    of: Settling,
    cause: SettleCause,
    found: Sequence[RewardAccount],
    spans: Mapping[int, Span],
    *,
    in_sale: bool,
) -> list[dict[str, Any]]:
    known = queries.before(session, of.club_id, of.rule.code, found, spans, of.last)
    spans = {place: _left_of(of.rule, span, known.get(place)) for place, span in spans.items()}
    counted = counting.Counting(session, of.club_id, of.programme, found, on=cause.on)
    facts = counting.facts(counted, of.rule, spans, of.last)
    changed: dict[int, Change] = {}
    if not in_sale or any(
        _gives(of, found[place], span, facts[place], known.get(place)) for place, span in spans.items()
    ):
        changed = corrections(counted, of.rule, known, spans, of.last)
    usable = counting.usable_days(of.rule, cause.on, (each.joined_on for each in found))
    rows: list[dict[str, Any]] = []
    for place, span in spans.items():
        earlier = known.get(place)
        row = _row(of, found[place], span, facts[place], earlier, changed.get(place, (0, 0)))
        if row is not None:
            days = usable[found[place].joined_on]
            row.update(run_id=cause.run_id, at=cause.now, usable_from=days.first, last_day=days.last)
            rows.append(row)
    return rows


def _gives(of: Settling, account: RewardAccount, span: Span, facts: PeriodFacts, earlier: Before | None) -> bool:
    """Whether it gives or takes anything but for what earlier periods are corrected by."""
    row = _row(of, account, span, facts, earlier, (0, 0))
    return row is not None and bool(row["value"] or row["taken"])


def _left_of(rule: PeriodReward, span: Span, earlier: Before | None) -> Span:
    """What is left of a term that was carried on after it had been settled: its later days."""
    if earlier is None or rule.period.every is not Every.TERM or due.goes_along(rule):
        return span
    return Span(max(span.first, earlier.last_on + DAY), span.last)


def _row(
    of: Settling,
    account: RewardAccount,
    span: Span,
    facts: PeriodFacts,
    earlier: Before | None,
    changed: Change,
) -> dict[str, Any] | None:
    """The row of one account, None where there is nothing to tell. `changed`: base and value that came in late."""
    rule, along = of.rule, due.goes_along(of.rule)
    same = along and earlier is not None and earlier.first_on == max(span.first, queries.FIRST_DAY)
    carried, rest_minor, owed = 0, 0, _owed(of, account, earlier)
    if earlier is not None and rule.base.counts is not Counts.BALANCE:
        left = earlier.ended if same else earlier
        carried = earlier.carried_first if same else earlier.rest
        rest_minor = left.rest_minor if left is not None else 0
    rest_minor += changed[1]
    told = facts
    if carried or rest_minor or changed[0]:
        told = dataclasses.replace(facts, base=facts.base + changed[0], carried=carried, rest_minor=rest_minor)
    if same and earlier is not None and facts.room is not None:
        # What the period has given so far was given already, and is among what is held.
        told = dataclasses.replace(told, room=facts.room + (earlier.pieces_so_far if in_pieces(rule) else 0))
    made = settle(rule, told)
    value, taken = made.value, made.taken
    if same and earlier is not None:
        value, taken = max(0, value - earlier.value_so_far), max(0, taken - earlier.taken_so_far)
    ends = not along or span == _whole(rule, of, account)
    if not value and not taken and not (ends and (facts.base or carried or made.rest or made.rest_minor)):
        return None
    kept = withhold(owed, value) if owed and rule.gives.kind != "points" else withhold(0, value)
    return {
        "customer_id": account.holder_id,
        "account_id": account.account_id,
        "club_id": of.club_id,
        "rule": rule.code,
        "first_on": max(span.first, queries.FIRST_DAY),
        "last_on": of.last,
        "version_no": of.version_no,
        "form": rule.gives.kind,
        "automatic": rule.issue.automatic,
        "base": facts.base,
        "carried": carried,
        "value": kept.to_member_minor,
        "pieces": _pieces(rule, made, value, earlier.pieces_so_far if same and earlier is not None else 0),
        "settled_before": changed[1],
        "to_fee_minor": kept.to_fee_minor,
        "taken": taken,
        "rest": made.rest,
        "rest_minor": made.rest_minor,
        "rate_bp": made.rate_bp,
        "why": None if value else made.why and made.why.value,
    }


def _whole(rule: PeriodReward, of: Settling, account: RewardAccount) -> Span | None:
    plain = rule.model_copy(update={"issue": rule.issue.model_copy(update={"at": "period_end"})})
    term = account.term_on(of.last)
    return due.span_to_settle(plain, of.last, joined_on=account.joined_on, term=term)


def _pieces(rule: PeriodReward, made: Settled, value: int, so_far: int) -> int:
    if not value or not made.value:
        return 0
    if isinstance(rule.function, ByAverage):
        return max(1, made.pieces - so_far)
    return made.pieces * value // made.value


def _owed(of: Settling, account: RewardAccount, earlier: Before | None) -> int:
    """What is still to be kept for a fee that is paid in parts; nothing after the months in which it is asked for."""
    fees, parts = of.programme.fees, of.programme.fees.instalments
    if parts is None:
        return 0
    if parts.within_months is not None and of.last > add_months(account.joined_on, parts.within_months):
        return 0
    return fees.joining_minor - parts.first_minor - (earlier.to_fee_minor if earlier else 0)


_SAME = ("club_id", "rule", "last_on", "version_no", "form", "run_id", "at", "usable_from", "automatic", "of_day")
"""What all rows of a batch have in common."""
_USUAL = {"id", "state", "due_on", "promised", "taken_seq"}
"""What is as it is in any row of a period."""
_COLUMNS = [column.name for column in sa.inspect(PeriodSettlement).columns if column.name not in {*_USUAL, *_SAME}]


def _type(name: str) -> sa.types.TypeEngine[Any]:
    return getattr(PeriodSettlement, name).type


def _write(session: Session, rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Write the rows of accounts that weren't settled for this period yet; these, with their ids."""
    if not rows:
        return []
    lists = [sa.bindparam(f"of_{name}", [row[name] for row in rows], type_=sa.ARRAY(_type(name))) for name in _COLUMNS]
    told = (
        sa.func.unnest(*lists)
        .table_valued(*(sa.column(name, _type(name)) for name in _COLUMNS), name="told")
        .render_derived()
    )
    same = [sa.literal(rows[0][name], _type(name)) for name in _SAME]
    made = (
        insert(PeriodSettlement)
        .from_select([*_COLUMNS, *_SAME], sa.select(*(told.c[name] for name in _COLUMNS), *same))
        .on_conflict_do_nothing()
        .returning(PeriodSettlement.account_id, PeriodSettlement.id)
    )
    ids: dict[int, int] = {account: new for account, new in session.execute(made)}  # noqa: C416 - Row is no pair
    made_now = [row for row in rows if row["account_id"] in ids]
    for row in made_now:
        row["id"] = ids[row["account_id"]]
    return made_now


def _gift(row: Mapping[str, Any], joined_on: dt.date) -> Gift:
    return Gift(
        row["customer_id"], row["account_id"], row["id"], row["value"], row["pieces"], row["taken"], joined_on,
        row["usable_from"], row["last_day"],
    )  # fmt: skip
