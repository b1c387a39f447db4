"""The matrix of who may do what, as it is shown and as it is typed."""

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel

from erp_club.clubs import queries as clubs
from erp_club.kernel.money import to_text
from erp_club.kernel.text import N_
from erp_club.permissions.catalog import Permission, Scope, Unit
from erp_club.permissions.grants import queries
from erp_club.permissions.grants.commands import CAPS, Change, held_by
from erp_club.permissions.grants.queries import Grants, RoleRow
from erp_club.permissions.rules import Grant, Limits
from web.deps import Act
from web.forms import FormState
from web.i18n import translate

May = Literal["yes", "approval", "store", "store-approval", "club", "club-approval", "self", "self-approval"]
"""How a role holds an action: in the whole chain, with somebody's approval each time, or so within a narrower scope."""

_AREAS: tuple[tuple[str, tuple[str, ...]], ...] = (
    (N_("Customers"), ("customers", "people", "birthdays")),
    (N_("Clubs"), ("clubs", "memberships", "cards")),
    (N_("Points"), ("points",)),
    (N_("Sales"), ("sales", "purchases")),
    (N_("Prepaid and gift cards"), ("stored_value",)),
    (N_("Prices and offers"), ("catalogue", "pricelists", "offers", "pricing", "coupons", "segments")),
)
_REST = N_("System")


class RoleColumn(BaseModel):
    """A role with the clubs that its grants for clubs are of."""

    code: str
    name: str | None
    people: int
    second_factor: bool
    clubs: list[int]


class Cell(BaseModel):
    """How one role holds one action: `may` is empty where it doesn't. Limits are in the action's unit."""

    role: str
    may: str
    per_sale: int | None
    per_day: int | None
    percent_bp: int | None
    typed: tuple[str, str, str]


class ActionRow(BaseModel):
    """One action, how it can be held, and how each role holds it; `cap` is the chain's."""

    action: Permission
    field: str
    sentence: str
    marks: list[str]
    unit: Unit | None
    choices: list[str]
    cells: list[Cell]
    cap: Cell | None


class Area(BaseModel):
    """Actions of one kind."""

    title: str
    rows: list[ActionRow]


class ClubChoice(BaseModel):
    """A club that a role can be narrowed to."""

    id: int
    names: dict[str, str]


class GrantsPage(BaseModel):
    """Who may do what. `version` goes with a change, so that two who change it at once don't undo each other."""

    version: str
    all_roles: list[RoleColumn]
    roles: list[RoleColumn]
    areas: list[Area]
    clubs: list[ClubChoice]
    chosen: str


class HeldLine(BaseModel):
    """A grant: `may` as it is said, in which `club`, and its limits in the action's unit."""

    may: str
    club: dict[str, str] | None
    per_sale: int | None
    per_day: int | None
    percent_bp: int | None = None


class ChangeLine(BaseModel):
    """What changes of a role and action; `role` is `caps` for the chain's cap."""

    role: str
    role_name: str | None
    action: Permission
    sentence: str
    unit: Unit | None
    was: list[HeldLine]
    becomes: list[HeldLine]


class ChangesPage(BaseModel):
    """What a change of the matrix does, or has done."""

    version: str
    changes: list[ChangeLine]
    saved: bool
    typed: list[tuple[str, str]] = []


def choices_of(action: Permission) -> list[str]:
    """The values of `May` that an action can be held by."""
    made: list[str] = []
    for scope in action.scopes:
        plain = "yes" if scope is Scope.CHAIN else scope.value
        made.append(plain)
        if action.unit is not None:
            made.append("approval" if scope is Scope.CHAIN else f"{plain}-approval")
    return made


def may_of(grants: tuple[Grant, ...]) -> str:
    """How these grants of one action are held."""
    if not grants:
        return ""
    scope, approval = grants[0].scope, grants[0].approval
    if scope is Scope.CHAIN:
        return "approval" if approval else "yes"
    return f"{scope.value}-approval" if approval else scope.value


def grants_of_may(may: str, limits: Limits, club_ids: list[int]) -> tuple[Grant, ...]:
    """The grants that a value of `May` stands for; for clubs one a club, and none of the chain's for no club."""
    word = may.removesuffix("-approval")
    approval = may == "approval" or may.endswith("-approval")
    scope = Scope.CHAIN if word in ("yes", "approval") else Scope(word)
    if scope is Scope.CLUB:
        return tuple(Grant(scope, club_id, limits, approval) for club_id in club_ids) or (Grant(scope, None, limits),)
    return (Grant(scope, None, limits, approval),)


def field_of(role: str, action: Permission) -> str:
    """The name of a cell's fields in the form."""
    return f"grants.{role}.{action.value.replace('.', ':')}"


def grants_page_view(act: Act, form: FormState, chosen: str) -> GrantsPage:
    """The matrix as it is, or as it was typed; with a role `chosen`, that one alone."""
    grants = queries.grants_now(act.session)
    every = [_column(grants, role) for role in queries.roles(act.session)]
    shown = [role for role in every if role.code == chosen] or every
    known = {area: title for title, areas in _AREAS for area in areas}
    areas = {title: Area(title=translate(title), rows=[]) for title in (*(title for title, _ in _AREAS), _REST)}
    for action in Permission:
        title = known.get(action.value.partition(".")[0], _REST)
        areas[title].rows.append(_row(grants, action, shown, form))
    return GrantsPage(
        version=str(form.values.get("version") or grants.version),
        all_roles=every,
        roles=shown,
        areas=list(areas.values()),
        clubs=[ClubChoice(id=club.id, names=club.names) for club in clubs.clubs(act.session)],
        chosen=chosen if len(shown) == 1 else "",
    )


def _column(grants: Grants, role: RoleRow) -> RoleColumn:
    held = grants.of(role.code).grants.values()
    named = {grant.club_id for each in held for grant in each if grant.club_id is not None}
    return RoleColumn(
        code=role.code,
        name=role.name,
        people=role.people,
        second_factor=role.second_factor,
        clubs=sorted(named),
    )


def _row(grants: Grants, action: Permission, roles: list[RoleColumn], form: FormState) -> ActionRow:
    return ActionRow(
        action=action,
        field=action.value.replace(".", ":"),
        sentence=translate(action.sentence),
        marks=sorted(mark.value for mark in action.marks),
        unit=action.unit,
        choices=choices_of(action),
        cells=[_cell(grants, role.code, action, form.values) for role in roles],
        cap=_cell(grants, CAPS, action, form.values) if action.unit else None,
    )


def _cell(grants: Grants, role: str, action: Permission, typed: Mapping[str, Any]) -> Cell:
    held = held_by(grants, role).get(action, ())
    limits = held[0].limits if held else Limits()
    may = may_of(held)
    as_text = to_text if action.unit is Unit.MONEY else str
    told = ["" if each is None else as_text(each) for each in (limits.per_sale, limits.per_day)]
    told.append("" if limits.percent_bp is None else to_text(limits.percent_bp))
    if typed:
        name = field_of(role, action)
        may = str(typed.get(f"{name}.may", ""))
        told = [str(typed.get(f"{name}.{field}", "")) for field in ("most", "most_a_day", "most_percent")]
    return Cell(
        role=role,
        may=may,
        per_sale=limits.per_sale,
        per_day=limits.per_day,
        percent_bp=limits.percent_bp,
        typed=(told[0], told[1], told[2]),
    )


def change_lines(act: Act, changes: list[Change]) -> list[ChangeLine]:
    """The changes in words."""
    names = {role.code: role.name for role in queries.roles(act.session)}
    club_names = {club.id: club.names for club in clubs.clubs(act.session)}

    def told(grants: tuple[Grant, ...]) -> list[HeldLine]:
        return [
            HeldLine(
                may=may_of((grant,)),
                club=club_names.get(grant.club_id or 0),
                per_sale=grant.limits.per_sale,
                per_day=grant.limits.per_day,
                percent_bp=grant.limits.percent_bp,
            )
            for grant in grants
        ]

    return [
        ChangeLine(
            role=each.role,
            role_name=names.get(each.role),
            action=each.action,
            sentence=translate(each.action.sentence),
            unit=each.action.unit,
            was=told(each.before),
            becomes=told(each.after),
        )
        for each in changes
    ]
