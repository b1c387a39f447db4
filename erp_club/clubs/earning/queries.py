"""Which accounts a customer's purchases add to, and under which rules of their clubs."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Session, aliased
from sqlalchemy.sql.selectable import LateralFromClause

from erp_club.clubs.earning.account import Earning
from erp_club.clubs.households.models import HouseholdPlace
from erp_club.clubs.kinds import ClubState, MembershipState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.levels.queries import LEVEL
from erp_club.clubs.models import Club, ClubRules, Membership, MembershipPeriod
from erp_club.clubs.rules import points_rules
from erp_club.kernel.prepared import Prepared
from erp_club.points.models import PointsAccount
from erp_club.points.rules import PointsRules


def earning_memberships(session: Session, customer_id: int, *, on: dt.date) -> list[Earning]:
    """What the customer's purchases of a day add to: memberships in published clubs with a period that holds it."""
    rows = _EARNING.execute(session.connection(), {"customer": str(customer_id), "day": on}).rows
    return [Earning(*row) for row in rows]


ACCOUNT = (PointsAccount.customer_id == Membership.points_holder_id) & (
    PointsAccount.id == Membership.points_account_id
)
"""Which points account is a membership's."""
HELD = Membership.customer_id == Membership.points_holder_id
"""The holder's own membership, so that a shared account is summed once."""


def rules_in_force(day: sa.ColumnElement[dt.date]) -> LateralFromClause:
    """The version of a club's rules on this day, to be joined with `Club`: number, and document as JSON text."""
    return (
        sa.select(ClubRules.version_no, sa.cast(ClubRules.document, sa.Text).label("document"))
        .where(ClubRules.club_id == Club.id, ClubRules.effective_from <= day)
        .order_by(ClubRules.effective_from.desc(), ClubRules.version_no.desc())
        .limit(1)
        .lateral("rules")
    )


def earning_columns(rules: LateralFromClause) -> tuple[Any, ...]:
    """The columns of an `Earning` in their order, of a membership with its club and the rules in force."""
    return (
        Membership.points_holder_id,
        Membership.points_account_id,
        Club.id,
        Club.names,
        Club.earn_points,
        Club.earn_per_minor,
        _year_from(rules),
        Club.worth_points,
        Club.worth_minor,
        *version_columns(rules),
        Club.unit,
        sa.select(MembershipLevel.level).where(LEVEL).limit(1).correlate(Membership).scalar_subquery(),
    )


def _year_from(rules: LateralFromClause) -> sa.ColumnElement[dt.date]:
    """When the membership began or, of a household, the main member's: by that its years count, unless the club says
    that each person's own does."""
    main = aliased(Membership)
    theirs = (
        sa.select(main.joined_on)
        .where(main.customer_id == Membership.points_holder_id, main.points_account_id == Membership.points_account_id)
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )
    own = sa.cast(rules.c.document, JSONB)["programme"]["household"]["year_of_main"].astext == "false"
    return sa.case(
        (HELD, Membership.joined_on), (own, Membership.joined_on), else_=sa.func.coalesce(theirs, Membership.joined_on)
    )


def named_to_redeem() -> sa.ScalarSelect[bool]:
    """Whether the main member of its household names the membership among those who use the points."""
    return (
        sa.select(HouseholdPlace.may_redeem)
        .where(HouseholdPlace.membership_id == Membership.id, sa.func.upper_inf(HouseholdPlace.held))
        .limit(1)
        .correlate(Membership)
        .scalar_subquery()
    )


def gives_on(day: sa.ColumnElement[dt.date], rules: LateralFromClause) -> sa.ColumnElement[bool]:
    """Whether a membership gives benefits on a day: it holds, or it ran out and its club's go on in the grace days."""
    its = MembershipPeriod.customer_id == Membership.customer_id, MembershipPeriod.membership_id == Membership.id
    holds = sa.exists().where(*its, MembershipPeriod.validity.contains(day))
    after = sa.func.upper(MembershipPeriod.validity, type_=sa.Date())
    ran_out = sa.exists().where(*its, after <= day, after + Club.grace_days > day)
    # Looked for as text, since most clubs say nothing of it and every sale asks.
    goes_on = sa.func.strpos(rules.c.document, '"benefits_in_grace": true') > 0
    return holds | ((Membership.state == MembershipState.OPEN) & goes_on & ran_out)


def version_columns(rules: LateralFromClause) -> tuple[sa.ColumnElement[Any], ...]:
    """Number and document of the version in force; a club without any goes by the product's own rules."""
    first = sa.literal_column("1", sa.Integer())
    return sa.func.coalesce(rules.c.version_no, first), sa.func.coalesce(rules.c.document, sa.literal_column("'{}'"))


def rules_on(session: Session, club_id: int, *, on: dt.date) -> PointsRules:
    """What a club says of points on this day."""
    rules = rules_in_force(sa.literal(on, sa.Date))
    row = session.execute(
        sa.select(*version_columns(rules), Club.worth_points, Club.worth_minor)
        .select_from(Club)
        .outerjoin(rules, sa.true())
        .where(Club.id == club_id)
    ).one()
    return points_rules(*row)


_DAY = sa.bindparam("day", type_=sa.Date)
_RULES = rules_in_force(_DAY)
# Built once: every sale asks it, and building it costs more than asking.
_EARNING = Prepared(
    sa.select(*earning_columns(_RULES))
    .join(Club, Club.id == Membership.club_id)
    .outerjoin(_RULES, sa.true())
    .where(
        Membership.customer_id == sa.bindparam("customer", type_=sa.BigInteger),
        Club.state == ClubState.PUBLISHED,
        gives_on(_DAY, _RULES),
    )
    .order_by(Club.code)
)
