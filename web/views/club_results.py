"""The results of a club's programme, as the page and JSON show them."""

import datetime as dt

from pydantic import BaseModel, Field

from erp_club.clubs.queries import club
from erp_club.points.kinds import MovementKind
from erp_club.points.rules import worth_of
from erp_club.points.units import Unit
from erp_club.reports import club_results
from erp_club.reports.purchases.asked import Asked, By
from web.deps import Act
from web.formats import day, month
from web.views.reports import FiguresView, figures_view


class MembersView(BaseModel):
    """How the members changed; see `club_results.Members`."""

    joined: int
    renewed: int
    ended: int
    ran_out: int
    at_start: int
    at_end: int


class MovedView(BaseModel):
    """The points that moved for one reason, and what they are worth."""

    kind: MovementKind
    movements: int
    points: int
    worth_minor: int


class CouponsView(BaseModel):
    """Coupons issued to members, used in their purchases, and run out unused; see `club_results.Coupons`."""

    issued: int
    worth_minor: int
    uses: int
    given_minor: int
    expired: int
    expired_minor: int


class StepView(BaseModel):
    """A day or a month (`first` its first day) with the members' sales and how many joined."""

    first: dt.date
    name: str
    sales_minor: int
    joined: int


class ClubResultsPage(BaseModel):
    """What a club came to in a period."""

    club_id: int
    code: str
    names: dict[str, str]
    currency: str
    unit: Unit
    first: dt.date
    last: dt.date
    by: By
    members: MembersView
    sales: FiguresView
    share_bp: int | None
    points: list[MovedView]
    coupons: CouponsView
    steps: list[StepView]
    scoped: bool = Field(exclude=True)


def club_results_page(act: Act, asked: Asked) -> ClubResultsPage:
    """The page of the club that is asked for. Raises NotFound."""
    assert asked.club_id is not None
    row = club(act.session, asked.club_id)
    found = club_results.results(act.session, asked, zone=act.chain.time_zone, today=act.today)
    return ClubResultsPage(
        club_id=row.id,
        code=row.code,
        names=row.names,
        currency=row.currency,
        unit=row.unit,
        first=asked.first,
        last=asked.last,
        by=asked.by,
        members=MembersView.model_validate(found.members, from_attributes=True),
        sales=figures_view(found.sales),
        share_bp=found.share_bp,
        points=[
            MovedView(kind=each.kind, movements=each.movements, points=each.points,
                      worth_minor=worth_of(each.points, row.worth_points, row.worth_minor))
            for each in found.points
        ],
        coupons=CouponsView.model_validate(found.coupons, from_attributes=True),
        steps=[
            StepView(first=step.key, name=month(step.key) if asked.by is By.MONTH else day(step.key),
                     sales_minor=step.figures.sales_minor, joined=joined)
            for step, joined in zip(found.sales_by_step, found.joined_by_step, strict=True)
            if isinstance(step.key, dt.date)
        ],
        scoped=asked.within is not None,
    )  # fmt: skip
