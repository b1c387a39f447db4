"""What pages show of levels."""

import datetime as dt

from pydantic import BaseModel

from erp_club.clubs.levels import queries
from erp_club.clubs.levels.kinds import LevelCause
from erp_club.clubs.periods import Span
from erp_club.clubs.queries import MembershipRow
from erp_club.programmes.engine.levels import Levels
from erp_club.programmes.engine.parts import Counts
from erp_club.programmes.engine.places import Doing, Where, works
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.upgrades import upgrades
from erp_club.programmes.standings.queries import programmes_with_levels
from web.deps import Act


class LevelChoice(BaseModel):
    """A level of a club."""

    code: str
    names: dict[str, str]


class LevelView(BaseModel):
    """Where a membership stands: `kept_until` is the last day if nothing more comes, None without end; `paid` for.

    `counted` of what levels count (`counts`) is in the window; `next` is reached with `missing` more, by `next_until`
    where that is said. Both are None at the top.
    """

    code: str
    names: dict[str, str]
    since: dt.date | None
    kept_until: dt.date | None
    by_hand: bool
    paid: bool
    counts: Counts
    counted: int
    next: LevelChoice | None
    missing: int | None
    next_until: dt.date | None


class LevelLine(BaseModel):
    """From `first` to `last` (None: still) on a level; why, by whom and where."""

    names: dict[str, str]
    first: dt.date
    last: dt.date | None
    cause: LevelCause
    reason: str
    receipt_id: int | None
    receipt_no: str | None
    at: dt.datetime
    staff: str | None
    store: str | None


class UpgradeView(BaseModel):
    """A higher level that can be bought for `fee_minor` until the term's end: whole months, or days, that are left."""

    level: str
    names: dict[str, str]
    fee_minor: int
    until: dt.date | None
    months: int | None
    days: int | None


class LevelsOfMembership(BaseModel):
    """The level of one membership, and the history, the latest first; no level in a club that has none."""

    level: LevelView | None = None
    history: list[LevelLine] = []
    choices: list[LevelChoice] = []
    upgrades: list[UpgradeView] = []


NONE = LevelsOfMembership()


def levels_view(
    act: Act,
    customer_id: int,
    held: list[MembershipRow],
    *,
    on: dt.date,
    history: bool = False,
    sold_at: Where | None = None,
) -> dict[int, LevelsOfMembership]:
    """The levels of a customer's memberships on a day, by membership; none of clubs that have no levels.

    With `sold_at` also those that can be bought there.
    """
    programmes = programmes_with_levels(act.session, on=on) if held else {}
    mine = [row for row in held if row.club_id in programmes]
    if not mine:
        return {}
    kept = queries.levels(act.session, customer_id)
    changes = queries.changes(act.session, customer_id) if history else {}
    made: dict[int, LevelsOfMembership] = {}
    for row in mine:
        programme = programmes[row.club_id]
        rules = programme.levels
        assert rules is not None
        choices = [LevelChoice(code=each.code, names=_names(rules, each.code)) for each in rules.levels]
        made[row.membership_id] = LevelsOfMembership(
            level=_level(
                rules, kept.get(row.membership_id), changes.get(row.membership_id, []), on=on, today=act.today
            ),
            history=[_line(rules, each) for each in changes.get(row.membership_id, [])],
            choices=choices,
            upgrades=_upgrades(programme, rules, row, kept.get(row.membership_id), sold_at, on) if sold_at else [],
        )
    return made


def _upgrades(
    programme: Programme, rules: Levels, row: MembershipRow, kept: queries.LevelRow | None, at: Where, on: dt.date
) -> list[UpgradeView]:
    if not programme.fees.levels or not row.is_valid or not works(programme.channels, Doing.JOINING, at):
        return []
    terms = (Span(each.first, each.last) for each in row.periods if each.first)
    term = next((each for each in terms if each.holds(on)), None)
    level, by_hand = (kept.level, kept.by_hand) if kept else (rules.levels[0].code, False)
    return [
        UpgradeView(
            level=each.level,
            names=_names(rules, each.level),
            fee_minor=each.fee_minor,
            until=each.span.last,
            months=each.months,
            days=each.days,
        )
        for each in upgrades(programme, level, term, on, by_hand=by_hand)
    ]


def _names(rules: Levels, code: str) -> dict[str, str]:
    """What a level is called, else its code; one that the club has no more is told by its code."""
    found = next((each for each in rules.levels if each.code == code), None)
    names = {str(language): text for language, text in found.names.items()} if found else {}
    return names or {"en": code}


def _level(
    rules: Levels,
    kept: queries.LevelRow | None,
    changes: list[queries.ChangeRow],
    *,
    on: dt.date,
    today: dt.date,
) -> LevelView:
    """Of another day than today only which level it was is known."""
    counts = rules.measure.counts
    if on != today:
        then = next((each for each in changes if each.first <= on), None)
        code = then.level if then else rules.levels[0].code
        return _view(rules, code, then and then.first, counts)
    if kept is None:
        first, *others = rules.levels
        ahead = next((each for each in others if each.at_least is not None), None)
        view = _view(rules, first.code, None, counts)
        if ahead is None:
            return view
        following = LevelChoice(code=ahead.code, names=_names(rules, ahead.code))
        return view.model_copy(update={"next": following, "missing": ahead.at_least})
    following = kept.next_level and LevelChoice(code=kept.next_level, names=_names(rules, kept.next_level))
    return LevelView(
        code=kept.level,
        names=_names(rules, kept.level),
        since=kept.since,
        kept_until=kept.kept_until,
        by_hand=kept.by_hand,
        paid=kept.paid,
        counts=counts,
        counted=kept.counted,
        next=following or None,
        missing=kept.missing,
        next_until=kept.next_until,
    )


def _view(rules: Levels, code: str, since: dt.date | None, counts: Counts) -> LevelView:
    return LevelView(
        code=code,
        names=_names(rules, code),
        since=since,
        kept_until=None,
        by_hand=False,
        paid=False,
        counts=counts,
        counted=0,
        next=None,
        missing=None,
        next_until=None,
    )


def _line(rules: Levels, row: queries.ChangeRow) -> LevelLine:
    return LevelLine(
        names=_names(rules, row.level),
        first=row.first,
        last=row.last,
        cause=row.cause,
        reason=row.reason,
        receipt_id=row.receipt_id,
        receipt_no=row.receipt_no,
        at=row.at,
        staff=row.staff,
        store=row.store,
    )
