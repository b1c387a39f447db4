"""The clubs that anybody may be in, and where they work, as a basket is told of them."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB, aggregate_order_by

from erp_club.clubs.earning.queries import rules_in_force
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.programmes.engine.programme import Channels
from erp_club.purchases.quotes.told import OpenClub


def opened(code: str, club_id: int, names: Mapping[str, str], channels: dict[str, Any] | None) -> OpenClub:
    """A club as `open_clubs` tells it."""
    return OpenClub(code, club_id, names, None if channels is None else Channels.model_validate(channels))


def open_clubs(day: sa.ColumnElement[dt.date]) -> sa.ScalarSelect[Any]:
    """All published clubs by code, as a column: code, id, names, and where they work on the day."""
    rules = rules_in_force(day)
    channels = sa.cast(rules.c.document, JSONB)["programme"]["channels"]
    told = sa.func.json_build_array(Club.code, Club.id, Club.names, channels)
    return (
        sa.select(sa.func.json_agg(aggregate_order_by(told, Club.code)))
        .select_from(Club)
        .outerjoin(rules, sa.true())
        .where(Club.state == ClubState.PUBLISHED)
        .scalar_subquery()
    )
