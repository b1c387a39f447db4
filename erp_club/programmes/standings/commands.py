"""Looks at levels again: derived from receipts by the pure function, kept as a row, told as history.

Whoever looks holds the row of the level, so that two tills that sell to one member come one after the other and the
second sees the first one's receipt. Rows are taken in the order of their keys, after the points accounts.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.levels.models import LevelChange, MembershipLevel
from erp_club.permissions.actors import Actor
from erp_club.points.sets.commands import Key, hold_accounts
from erp_club.programmes.engine.calendar import span_of
from erp_club.programmes.engine.climb import Override
from erp_club.programmes.engine.events import counter_of
from erp_club.programmes.engine.facts import MemberFacts, Moved
from erp_club.programmes.engine.measure import movements
from erp_club.programmes.engine.milestones import Passed, reaches
from erp_club.programmes.engine.outlook import Outlook, outlook
from erp_club.programmes.engine.parts import ALWAYS, EVERYTHING, Counts
from erp_club.programmes.engine.staying import last_given, level_of, next_given
from erp_club.programmes.engine.turning import measures
from erp_club.programmes.milestones.commands import (
    Reached,
    Receiver,
    give_reached,
    reached,
    stayed,
    take_back_reached,
)
from erp_club.programmes.past.lives import lived
from erp_club.programmes.past.purchase import Past
from erp_club.programmes.past.queries import customers_segments, receipts_of
from erp_club.programmes.standings import queries
from erp_club.programmes.standings.queries import Candidate, PointsIn

NEVER = dt.date(1900, 1, 1)
"""A row that was only made to be held, and wasn't looked at yet."""


@dataclass(frozen=True, slots=True)
class LookCause:
    """Why levels are looked at: what happened, on which date of the store, when, by whom, with whose receipt."""

    cause: LevelCause
    on: dt.date
    now: dt.datetime
    by: Actor
    receipt_id: int | None = None
    receipt_customer_id: int | None = None
    run_id: int | None = None
    reason: str = ""


_Found = tuple[Outlook, tuple[Passed, ...], Mapping[str, int]]
"""What a membership's receipts come to, the milestones on its way, and how often each is reached by now."""


@dataclass(frozen=True, slots=True)
class Turned:
    """A membership that is on another level now than before."""

    customer_id: int
    membership_id: int
    before: str
    level: str
    up: bool


def look(session: Session, accounts: Sequence[Key], cause: LookCause) -> tuple[Turned, ...]:
    """Look at the levels of the memberships on these accounts; those that changed."""
    members = queries.candidates(session, accounts, on=cause.on)
    if not members:
        return ()
    if any(_gives(each) for each in members):
        hold_accounts(session, accounts)
    held = _hold(session, members, cause.on)
    found = _outlooks(session, members, held, cause.on)
    turned: list[Turned] = []
    given: list[tuple[Receiver, list[Reached]]] = []
    rows: list[dict[str, Any]] = []
    changes: list[dict[str, Any]] = []
    for each in members:
        row, (seen, passed_by, _) = held[each.key], found[each.key]
        first = row.looked_on == NEVER
        level = seen.standing.level
        is_new = first or row.level != level
        day = max(cause.on, row.looked_on)
        number = row.last_no + 1 if is_new else row.last_no
        since = day if is_new else row.since
        rows.append(_kept(each, seen, day=day, since=since, last_no=number))
        if is_new:
            before = None if first else row.level
            changes.append(_change(each, row, seen, cause, day=day, number=number, before=before))
        if row.level != level:
            turned.append(_turned(each, row.level, level))
        up = level if row.level != level and turned[-1].up and _is_reached(seen) else None
        again = up is not None and _reached_before(session, each, up, day)
        to = Receiver(each.club_id, each.rules_no, each.programme, each.account, each.joined_on)
        new = [one for one in passed_by if one.on >= (cause.on if first else row.looked_on)]
        given.append((to, list(reached(to, each.levels, new, up, day, term=each.term, again=again))))
        if not is_new and _is_reached(seen):
            given.append((to, list(_stayed(to, each, row, day))))
    _write(session, rows)
    if changes:
        session.execute(sa.insert(LevelChange), changes)
    if cause.cause is LevelCause.RETURN:
        _take_back(session, members, found, cause)
    for receiver, things in given:
        give_reached(session, receiver, things, cause)
    return tuple(turned)


def _take_back(session: Session, members: Sequence[Candidate], found: Mapping[Key, _Found], cause: LookCause) -> None:
    """Take back the points of what nobody on an account has reached any more."""
    groups: dict[Key, list[Candidate]] = defaultdict(list)
    for each in members:
        groups[each.account].append(each)
    for group in groups.values():
        one, order = group[0], [level.code for level in group[0].levels.levels]
        stand = [found[each.key][0].standing.level for each in group]
        level = max(stand, key=lambda code: order.index(code) if code in order else 0)
        times = {code: max(found[each.key][2].get(code, 0) for each in group) for code in found[one.key][2]}
        to = Receiver(one.club_id, one.rules_no, one.programme, one.account, one.joined_on)
        since = span_of(one.levels.window, cause.on, joined_on=one.joined_on, term=one.term).first
        take_back_reached(session, to, one.levels, level, times, since, cause)


def _is_reached(seen: Outlook) -> bool:
    """Whether the level was reached: what is given for reaching one isn't given for one that was given or paid for."""
    return not seen.standing.by_hand and not seen.standing.paid


def _stayed(to: Receiver, of: Candidate, row: Any, day: dt.date) -> Iterator[Reached]:
    """What staying on the level gives since it was looked at before; other rules give on days of their own alone."""
    on = last_given(of.levels, row.level, row.since, day, joined_on=of.joined_on, term=of.term)
    level = level_of(of.levels, row.level)
    if level is not None and on is not None and row.looked_on < on and (row.rules_no == of.rules_no or on == day):
        yield from stayed(to, level, on)


def _reached_before(session: Session, of: Candidate, level: str, on: dt.date) -> bool:
    """Whether a return alone took the level since it was reached in this window: only its points were taken back."""
    order = [each.code for each in of.levels.levels]
    if level not in order or not of.levels.levels[order.index(level)].gives:
        return False
    first = span_of(of.levels.window, on, joined_on=of.joined_on, term=of.term).first
    for change in queries.changes_since(session, of.key, first):
        if change.level == level:
            return change.cause not in {LevelCause.BY_HAND, LevelCause.PAID}
        before, after = (order.index(each) if each in order else 0 for each in (change.level_before, change.level))
        if after < before and change.cause != LevelCause.RETURN:
            return False
    return False


def _gives(of: Candidate) -> bool:
    """Whether anything is given on the way, for which the account must be held before the level."""
    return bool(of.levels.milestones) or any(each.gives or each.staying for each in of.levels.levels)


def _turned(of: Candidate, before: str, level: str) -> Turned:
    order = [each.code for each in of.levels.levels]
    up = before not in order or level not in order or order.index(level) > order.index(before)
    return Turned(*of.key, before, level, up)


def _hold(session: Session, members: Sequence[Candidate], on: dt.date) -> dict[Key, Any]:
    """Hold the rows, which are made where they aren't there yet."""
    made = [
        {
            "customer_id": each.customer_id,
            "membership_id": each.membership_id,
            "level": each.levels.levels[0].code,
            "since": on,
            "rules_no": each.rules_no,
            "looked_on": NEVER,
        }
        for each in members
    ]
    session.execute(insert(MembershipLevel).on_conflict_do_nothing(), made)
    table = MembershipLevel
    rows = session.execute(
        sa.select(
            table.customer_id, table.membership_id, table.level, table.since, table.by_hand, table.rules_no,
            table.looked_on, table.last_no,
        )
        .where(sa.tuple_(table.customer_id, table.membership_id).in_([each.key for each in members]))
        .order_by(table.customer_id, table.membership_id)
        .with_for_update()
    )  # fmt: skip
    return {(row.customer_id, row.membership_id): row for row in rows}


def _outlooks(
    session: Session, members: Sequence[Candidate], held: Mapping[Key, Any], on: dt.date
) -> dict[Key, _Found]:
    """What each membership's receipts come to."""
    by_hand = queries.overrides(session, members)
    receipts = _receipts(session, members)
    asks_points = any(_asks_points(each) for each in members)
    points = queries.points_in(session, members) if asks_points else {}
    asks_counters = any(of.events for each in members for of in each.programme.counters)
    events = queries.counted_events(session, {each.customer_id for each in members}) if asks_counters else {}
    segments = customers_segments(session, {each.customer_id for each in members})
    groups: dict[Key, list[Candidate]] = defaultdict(list)
    for each in members:
        groups[each.account].append(each)
    made: dict[Key, _Found] = {}
    for each in members:
        household = each.programme.household
        together = household is not None and household.shared_level
        group = groups[each.account] if together else [each]
        main = next((one for one in group if one.customer_id == each.account[0]), each)
        joined_on = main.joined_on if household is not None and household.year_of_main else each.joined_on
        mine = [past for one in group for past in receipts.get((one.club_id, one.customer_id), ())]
        who = MemberFacts(
            joined_on=each.joined_on,
            level=held[each.key].level,
            birthday=each.birthday,
            segments=segments.get(each.customer_id, frozenset()),
            children=next((past.children for past in mine if past.customer_id == each.customer_id), ()),
        )
        made[each.key] = _outlook(
            each,
            mine,
            who,
            points.get(each.account),
            by_hand.get(each.key, []),
            [one for member in group for one in events.get((member.customer_id, member.club_id), ())],
            day=max(on, held[each.key].looked_on),
            joined_on=joined_on,
        )
    return made


def _outlook(
    of: Candidate,
    receipts: Sequence[Past],
    who: MemberFacts,
    points: PointsIn | None,
    by_hand: Sequence[Override],
    events: Sequence[tuple[dt.date, str, int]],
    *,
    day: dt.date,
    joined_on: dt.date,
) -> _Found:
    programme, asked = of.programme, measures(of.levels)
    in_time = sorted(receipts, key=lambda past: (past.purchase.at, past.id))
    if not programme.returns.levels_fall:
        in_time = [past for past in in_time if past.original_id is None and past.purchase.total_minor >= 0]
    past = lived(programme, in_time, lambda _: who, points.by_receipt if points else {})
    by_day = programme.visit == "day"
    moved = movements(asked, past, excluded=programme.left_out, by_store_day=by_day)
    others = [
        Moved(on, value, measure=number)
        for number, measure in enumerate(asked)
        if measure.counts is Counts.POINTS and measure.on == EVERYTHING and measure.when == ALWAYS
        for on, value in (points.by_day.items() if points else ())
    ]
    told = [
        Moved(on, value, measure=number)
        for number, measure in enumerate(asked)
        if measure.counts is Counts.COUNTER
        for on, rule, value in events
        if counter_of(programme, rule) == measure.counter
    ]
    all_moved, since = tuple(chain(moved, others, told)), min(joined_on, day)
    seen = outlook(of.levels, all_moved, day, joined_on=since, overrides=by_hand, term=of.term)
    return seen, *reaches(of.levels, all_moved, day, joined_on=since)


def _asks_points(of: Candidate) -> bool:
    return any(measure.counts is Counts.POINTS for measure in measures(of.levels))


def _receipts(session: Session, members: Sequence[Candidate]) -> dict[Key, list[Past]]:
    """Receipts by club and customer, of the days that the club held the customer."""
    clubs: dict[int, set[int]] = defaultdict(set)
    for each in members:
        clubs[each.club_id].add(each.customer_id)
    return {
        (club, customer): receipts
        for club, customers in clubs.items()
        for customer, receipts in receipts_of(session, club, customers).items()
    }


def _kept(of: Candidate, seen: Outlook, *, day: dt.date, since: dt.date, last_no: int) -> dict[str, Any]:
    now, ahead = seen.standing, seen.next
    stays = next_given(of.levels, now.level, since, day, joined_on=of.joined_on, term=of.term)
    return {
        "of_customer": of.customer_id,
        "of_membership": of.membership_id,
        "level": now.level,
        "since": since,
        "kept_until": now.kept_until,
        "by_hand": now.by_hand,
        "paid": now.paid,
        "counted": now.counted,
        "next_level": ahead and ahead.level,
        "missing": ahead and ahead.missing,
        "next_until": ahead and ahead.until,
        "quiet_below": seen.quiet_below,
        "quiet_last": seen.quiet_last,
        "due_on": min((on for on in (seen.due_on, stays) if on is not None), default=None),
        "rules_no": of.rules_no,
        "looked_on": day,
        "receipts": of.receipts,
        "last_no": last_no,
    }


_UPDATE = sa.update(MembershipLevel).where(
    MembershipLevel.customer_id == sa.bindparam("of_customer"),
    MembershipLevel.membership_id == sa.bindparam("of_membership"),
)


def _write(session: Session, rows: list[dict[str, Any]]) -> None:
    session.connection().execute(_UPDATE, rows)


def _change(
    of: Candidate, row: Any, seen: Outlook, cause: LookCause, *, day: dt.date, number: int, before: str | None
) -> dict[str, Any]:
    by = cause.by
    return {
        "customer_id": of.customer_id,
        "membership_id": of.membership_id,
        "change_no": number,
        "level": seen.standing.level,
        "level_before": before,
        "on_date": day,
        "cause": _cause(of, row, seen, cause, before),
        "reason": cause.reason,
        # Not always the member's: others share the account, and a buyer may have become another customer since.
        "receipt_customer_id": cause.receipt_customer_id,
        "receipt_id": cause.receipt_id,
        "rules_no": of.rules_no,
        "run_id": cause.run_id,
        "at": cause.now,
        "staff_id": by.staff_id,
        "terminal_id": by.terminal_id,
        "store_id": by.store_id,
    }


def _cause(of: Candidate, row: Any, seen: Outlook, cause: LookCause, before: str | None) -> LevelCause:
    if seen.standing.by_hand and not row.by_hand:
        return LevelCause.BY_HAND
    if row.by_hand and not seen.standing.by_hand:
        return LevelCause.BY_HAND_ENDED
    if cause.cause is LevelCause.TIME:
        if before is None:
            return LevelCause.FIRST
        if row.rules_no != of.rules_no:
            return LevelCause.RULES
    return cause.cause
