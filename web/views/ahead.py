"""What the periods of a membership bring if nothing more is bought, as pages and tills show it."""

import datetime as dt

from pydantic import BaseModel

from erp_club.clubs.queries import MembershipRow
from erp_club.programmes.engine.gifts import comes_in_pieces
from erp_club.programmes.engine.parts import Counts
from erp_club.programmes.rewards.outlook.queries import RewardAhead, rewards_ahead
from web.deps import Act


class RewardAheadView(BaseModel):
    """A reward of a club for the period that holds today.

    If nothing more is bought it brings `value` after `last` (null: each night, as soon as it is reached), in points
    with `in_points`, else in minor units; of a thing (`is_thing`) the number says nothing. `counted` of what it goes by
    (`counts`) is there; `missing` more bring `next_value`, or the rate `next_rate_bp`.
    """

    rule: str
    names: dict[str, str]
    last: dt.date | None
    counts: Counts
    counted: int
    value: int
    in_points: bool
    is_thing: bool
    missing: int | None
    next_value: int | None
    next_rate_bp: int | None
    why: str | None


def ahead_of(act: Act, row: MembershipRow, *, on: dt.date) -> list[RewardAheadView]:
    """What lies ahead of a membership; of a shared account what all of its persons come to."""
    return [_view(each) for each in rewards_ahead(act.session, row.club_id, row.membership_id, on=on)]


def _view(of: RewardAhead) -> RewardAheadView:
    rule, step = of.rule, of.next
    gives = rule.gives
    return RewardAheadView(
        rule=rule.code,
        names={str(key): text for key, text in rule.names.items()} or {"en": rule.code},
        last=of.last,
        counts=rule.base.counts,
        counted=of.base,
        value=of.value,
        in_points=of.in_points,
        is_thing=comes_in_pieces(gives),
        missing=step and step.missing,
        next_value=step and step.value,
        next_rate_bp=step and step.rate_bp,
        why=of.why and of.why.value,
    )
