"""Clubs: their settings, publishing and closing them."""

from decimal import Decimal
from typing import Annotated, Literal

from fastapi import APIRouter, Query
from pydantic import Field
from starlette.responses import Response

from erp_club.clubs.kinds import TermKind
from erp_club.clubs.periods import RenewalFrom
from erp_club.clubs.setup import commands
from erp_club.clubs.setup.settings import MOST_DAYS, MOST_MINOR, MOST_MONTHS, MOST_POINTS, ClubChanges, ClubSettings
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T, named_in
from erp_club.permissions.catalog import Permission
from web import lists
from web.deps import Act, ActRoute, needs
from web.fields import AmountText, Body, Line, SmallRowId, Word
from web.forms import FormState
from web.refusals import again
from web.scopes import refuse_narrowed
from web.taken_out import taken_out
from web.views.clubs import ClubForm, ClubLine, ClubPage, ClubsPage, club_line, club_view, clubs_view

router = APIRouter(route_class=ActRoute, tags=["clubs"])
Language = Literal["he", "fi", "sv", "en"]
Names = dict[Language, Line | None]
Points = Annotated[int, Field(ge=0, le=MOST_POINTS)]
Minor = Annotated[int, Field(ge=0, le=MOST_MINOR)]
Months = Annotated[int, Field(ge=1, le=MOST_MONTHS)]
Days = Annotated[int, Field(ge=0, le=MOST_DAYS)]
FILE_HEADER = (
    "code",
    "name",
    "state",
    "earn_points",
    "earn_per",
    "worth_points",
    "worth",
    "currency",
    "term_months",
    "members",
    "points",
    "points_worth",
)
TYPED = {"earn_per_minor": "earn_per", "worth_minor": "worth"}
"""Where the form has an amount as it is typed, a machine sends minor units."""


class NewClub(Body):
    """A club to set up as a draft. Names are needed in English and in the chain's language.

    A machine sends amounts in minor units; a form sends them as somebody types them, in `earn_per` and `worth`.
    """

    code: Word
    names: Names
    earn_points: Points
    earn_per_minor: Minor | None = None
    earn_per: AmountText | None = None
    worth_points: Points
    worth_minor: Minor | None = None
    worth: AmountText | None = None
    term_kind: TermKind
    term_months: Months | None = None
    renewal_from: RenewalFrom = RenewalFrom.OLD_END
    grace_days: Days = 0
    pause_moves_end: bool = True
    warning_days: Days = 30
    undo_days: Days = 14


class ClubChange(Body):
    """What to change of the club as it stood at `version`; what isn't there stays as it is.

    `names` replaces all names. `term_kind` brings `term_months`, or none for life.
    """

    version: int
    code: Word | None = None
    names: Names | None = None
    earn_points: Points | None = None
    earn_per_minor: Minor | None = None
    earn_per: AmountText | None = None
    worth_points: Points | None = None
    worth_minor: Minor | None = None
    worth: AmountText | None = None
    term_kind: TermKind | None = None
    term_months: Months | None = None
    renewal_from: RenewalFrom | None = None
    grace_days: Days | None = None
    pause_moves_end: bool | None = None
    warning_days: Days | None = None
    undo_days: Days | None = None


@router.get("/clubs", name="clubs", response_model=ClubsPage)
def clubs(act: Annotated[Act, needs(Permission.CLUBS_VIEW)]) -> Response:
    """All clubs with their members and points of today."""
    return act.answer(clubs_view(act), "clubs/clubs.html")


@router.get("/clubs.{suffix}", name="clubs.file", responses=lists.FILE_ANSWERS)
def clubs_file(
    act: Annotated[Act, needs(Permission.CLUBS_VIEW, fresh=True)], suffix: Literal["csv", "xlsx"]
) -> Response:
    """The same clubs as a file."""
    rows = (
        (
            club.code,
            named_in(club.names, act.chain.language),
            club.state.value,
            club.earn_points,
            _amount(club.earn_per_minor),
            club.worth_points,
            _amount(club.worth_minor),
            club.currency,
            club.term_months,
            club.members,
            club.points,
            _amount(club.points_worth_minor),
        )
        for club in clubs_view(act).clubs
    )
    return taken_out(act, f"clubs.{suffix}", FILE_HEADER, rows)


def new_club_page(act: Act, form: FormState) -> Response:
    """The form of a new club."""
    return act.answer(_form_of(act, None), "clubs/new.html", form=_as_typed(form))


@router.get("/clubs/new", name="clubs.new", response_model=ClubForm)
def new_club(act: Annotated[Act, needs(Permission.CLUBS_EDIT)]) -> Response:
    """The form of a new club."""
    return new_club_page(act, FormState())


@router.post("/clubs", name="clubs.add", status_code=201, response_model=ClubLine)
@again(new_club_page)
def add_club(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], body: NewClub) -> Response:
    """Set up a club as a draft: it gives nothing until it is published. Not for who holds it for some clubs only."""
    refuse_narrowed(act.by, Permission.CLUBS_EDIT)
    settings = ClubSettings(
        code=body.code.upper(),
        names=_names(body.names),
        earn_points=body.earn_points,
        earn_per_minor=_needed(body.earn_per_minor, body.earn_per, "earn_per_minor"),
        worth_points=body.worth_points,
        worth_minor=_needed(body.worth_minor, body.worth, "worth_minor"),
        term_kind=body.term_kind,
        term_months=body.term_months,
        renewal_from=body.renewal_from,
        grace_days=body.grace_days,
        pause_moves_end=body.pause_moves_end,
        warning_days=body.warning_days,
        undo_days=body.undo_days,
    )
    club_id = commands.create_club(
        act.session, settings, currency=act.chain.currency, language=act.chain.language, now=act.now, by=act.by
    )
    return act.done(club_line(act, club_id), f"/clubs/{club_id}")


def club_page(act: Act, form: FormState) -> Response:
    """The club's page, with what was refused."""
    return act.answer(club_view(act, int(act.request.path_params["club_id"])), "clubs/club.html", form=form)


@router.get("/clubs/{club_id}", name="clubs.club", response_model=ClubPage)
def club(
    act: Annotated[Act, needs(Permission.CLUBS_VIEW)],
    club_id: SmallRowId,
    year: Annotated[int | None, Query(ge=1900, le=2999)] = None,
) -> Response:
    """A club, its settings, and who joined in a year."""
    return act.answer(club_view(act, club_id, year=year), "clubs/_joined.html" if act.htmx else "clubs/club.html")


def settings_form(act: Act, form: FormState) -> Response:
    """The form of a club's settings."""
    view = _form_of(act, int(act.request.path_params["club_id"]))
    return act.answer(view, "clubs/_settings_form.html" if act.htmx else "clubs/edit.html", form=_as_typed(form))


@router.get("/clubs/{club_id}/edit", name="clubs.club.form", response_model=ClubForm)
def edit_form(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId) -> Response:  # noqa: ARG001
    """The form of a club's settings."""
    return settings_form(act, FormState())


@router.patch("/clubs/{club_id}", name="clubs.club.edit", response_model=ClubLine)
@again(settings_form)
def edit_club(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId, body: ClubChange) -> Response:
    """Change a club's settings; 409 `stale` if somebody else has changed them since `version`."""
    changes = ClubChanges(
        code=body.code.upper() if body.code else None,
        names=None if body.names is None else _names(body.names),
        earn_points=body.earn_points,
        earn_per_minor=body.earn_per if body.earn_per_minor is None else body.earn_per_minor,
        worth_points=body.worth_points,
        worth_minor=body.worth if body.worth_minor is None else body.worth_minor,
        term_kind=body.term_kind,
        term_months=body.term_months,
        renewal_from=body.renewal_from,
        grace_days=body.grace_days,
        pause_moves_end=body.pause_moves_end,
        warning_days=body.warning_days,
        undo_days=body.undo_days,
    )
    commands.change_club(
        act.session, club_id, changes, version=body.version, language=act.chain.language, now=act.now, by=act.by
    )
    return act.done(club_line(act, club_id), f"/clubs/{club_id}", status=200)


@router.post("/clubs/{club_id}/publications", name="clubs.club.publish", status_code=201, response_model=ClubLine)
@again(club_page)
def publish_club(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId) -> Response:
    """Publish a draft: customers can join, and members earn."""
    commands.publish_club(act.session, club_id, now=act.now, by=act.by)
    return act.done(club_line(act, club_id), f"/clubs/{club_id}")


@router.get("/clubs/{club_id}/closures/new", name="clubs.club.close.form", response_model=ClubLine)
def close_form(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId) -> Response:
    """What closing the club would mean, and the button that does it."""
    return act.answer(club_line(act, club_id), "clubs/_close.html" if act.htmx else "clubs/close.html")


@router.post("/clubs/{club_id}/closures", name="clubs.club.close", status_code=201, response_model=ClubLine)
@again(club_page)
def close_club(act: Annotated[Act, needs(Permission.CLUBS_EDIT)], club_id: SmallRowId) -> Response:
    """Close a published club: nobody joins or renews, nothing is earned; points and history stay."""
    commands.close_club(act.session, club_id, now=act.now, by=act.by)
    return act.done(club_line(act, club_id), f"/clubs/{club_id}")


def _form_of(act: Act, club_id: int | None) -> ClubForm:
    club = None if club_id is None else club_line(act, club_id)
    currency = act.chain.currency if club is None else club.currency
    return ClubForm(club=club, currency=currency, needed=[act.chain.language])


def _as_typed(form: FormState) -> FormState:
    """The form's faults at the fields that the form has."""
    # A form without any name sends no names at all.
    for field, typed in (TYPED | {"names": "names.en"}).items():
        if field in form.errors:
            form.errors.setdefault(typed, []).extend(form.errors.pop(field))
    return form


def _names(given: Names) -> dict[str, str]:
    """The names that are there."""
    return {language: name for language, name in given.items() if name}


def _amount(minor: int) -> Decimal:
    """An amount in whole units, for a file."""
    return Decimal(minor).scaleb(-2)


def _needed(minor: int | None, typed: int | None, field: str) -> int:
    """The amount, however it came. Raises Invalid without one."""
    amount = typed if minor is None else minor
    if amount is None:
        raise Invalid([FieldError(field, T("This field is required."))])
    return amount
