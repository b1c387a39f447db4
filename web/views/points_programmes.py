"""What pages show of programmes of points."""

import datetime as dt

from pydantic import BaseModel

from erp_club.clubs import queries as clubs
from erp_club.jobs import queries as jobs
from erp_club.jobs.programmes import job, queries
from erp_club.jobs.programmes.job import POINTS_PROGRAMME
from erp_club.jobs.programmes.kinds import ProgrammeState
from erp_club.jobs.programmes.rules import Effect, Rounding
from erp_club.points.rules import worth_of
from erp_club.points.units import Unit
from web.deps import Act
from web.views.jobs import PreviewView, RunView, preview_view, run_views
from web.views.segment_choices import SegmentChoice, segment_choices


class ProgrammeView(BaseModel):
    """A programme. `amount` is points (parts of `unit`), or with percent hundredths of a percent."""

    id: int
    name: str
    club_id: int
    club_names: dict[str, str]
    unit: Unit
    joined_from: dt.date | None
    joined_to: dt.date | None
    inactive_since: dt.date | None
    segment_id: int | None
    segment: str | None
    numbers: list[str] | None
    effect: Effect
    amount: int
    rounding: Rounding
    last_day: dt.date | None
    run_on: dt.date | None
    state: ProgrammeState
    made_at: dt.datetime
    maker: str | None


class ProgrammesPage(BaseModel):
    """The newest programmes first."""

    programmes: list[ProgrammeView]


class ProgrammePage(BaseModel):
    """A programme, what it would do now, and its runs. `over` is whether somebody else would have to approve one.

    `worth_minor` is what its points are worth by the club's rate of today, by the name of the count; `unknown` are the
    first of its numbers that no customer has.
    """

    programme: ProgrammeView
    preview: PreviewView
    worth_minor: dict[str, int]
    currency: str
    limit: int
    over: bool
    unknown: list[str]
    runs: list[RunView]


class ClubChoice(BaseModel):
    """A club to choose."""

    id: int
    names: dict[str, str]


class ProgrammeForm(BaseModel):
    """What the form of a programme offers."""

    clubs: list[ClubChoice]
    segments: list[SegmentChoice]


UNKNOWN_SHOWN = 10
MOST_SHOWN = 200


def programme_form(act: Act) -> ProgrammeForm:
    """What the form of a programme offers."""
    return ProgrammeForm(
        clubs=[ClubChoice(id=club.id, names=club.names) for club in clubs.clubs(act.session)],
        segments=segment_choices(act),
    )


def programmes_page(act: Act, *, limit: int | None = MOST_SHOWN) -> ProgrammesPage:
    """The newest programmes first; all of them without a limit."""
    return ProgrammesPage(programmes=[_view(row) for row in queries.programmes(act.session, limit=limit)])


def programme_page(act: Act, programme_id: int) -> ProgrammePage:
    """One programme. Raises NotFound."""
    row = queries.programme(act.session, programme_id)
    club = clubs.club(act.session, row.club_id)
    limit = act.settings.points_limit
    preview = job.preview(act.session, programme_id)
    moved = preview.counts["given"] + preview.counts["taken"]
    runs = jobs.runs_with(act.session, POINTS_PROGRAMME.name, {"programme": programme_id}, limit=25)
    return ProgrammePage(
        programme=_view(row),
        preview=preview_view(act, POINTS_PROGRAMME, preview, unit=club.unit),
        worth_minor={
            name: worth_of(preview.counts[name], club.worth_points, club.worth_minor) for name in ("given", "taken")
        },
        currency=club.currency,
        limit=limit,
        over=moved > limit or preview.counts["accounts"] > act.settings.run_accounts_limit,
        unknown=queries.nobodys(act.session, row.numbers or ())[:UNKNOWN_SHOWN],
        runs=run_views(act, runs),
    )


def _view(row: queries.ProgrammeRow) -> ProgrammeView:
    return ProgrammeView(**{name: getattr(row, name) for name in ProgrammeView.model_fields})
