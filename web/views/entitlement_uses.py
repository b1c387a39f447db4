"""What pages show of what is given directly and used."""

import datetime as dt

from pydantic import BaseModel

from erp_club.clubs import queries as clubs
from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.purchases.entitlements.kinds import UseState
from erp_club.purchases.entitlements.office import queries
from erp_club.purchases.entitlements.office.queries import Filters
from web import lists
from web.deps import Act
from web.store_picking import StoreChoice, choices


class AskedUses(BaseModel):
    """What the address asks for."""

    club: str = ""
    entitlement: str = ""
    state: str = ""
    store: int | None = None
    customer: str = ""
    first: dt.date | None = None
    last: dt.date | None = None


class Pickable(BaseModel):
    """Something that the list can be narrowed to."""

    id: str
    names: dict[str, str]


class GivenView(BaseModel):
    """An entitlement: given to so many `members` today, used so often in what was asked for; some came back.

    `granted` uses were given by rules besides; with `only_given` there are no others.
    """

    club_id: int
    club_names: dict[str, str]
    code: str
    names: dict[str, str]
    count: int | None
    only_given: bool
    members: int
    granted: int
    used: int
    came_back: int


class UsedView(BaseModel):
    """One use, the `use_no`-th of its period from `first` to `last`. `undoable`: a service that wasn't undone yet."""

    id: int
    club_id: int
    club_names: dict[str, str]
    customer_id: int
    number: str
    customer: str
    code: str
    names: dict[str, str]
    use_no: int
    first: dt.date
    last: dt.date | None
    came_back: bool
    undoable: bool
    product: str | None
    receipt_id: int | None
    at: dt.datetime
    staff: str | None
    store: str | None


class EntitlementUsesPage(BaseModel):
    """What is given and what was used of it, the latest first."""

    state: lists.ListState
    filters: AskedUses
    clubs: list[Pickable]
    entitlements: list[Pickable]
    stores: list[StoreChoice]
    given: list[GivenView]
    uses: list[UsedView]


def filters_of(act: Act, asked: AskedUses) -> Filters:
    """What is asked for, within what the reader may see."""
    club = next((each.id for each in clubs.clubs(act.session) if each.code == asked.club.upper()), 0)
    only = act.by.only_store(Permission.ENTITLEMENTS_VIEW)
    states = {"used": UseState.USED, "back": UseState.BACK}
    return Filters(
        zone=act.zone,
        club_id=club if asked.club else None,
        code=asked.entitlement or None,
        state=states.get(asked.state),
        store_id=asked.store if only is None else only,
        number=asked.customer or None,
        first=asked.first,
        last=asked.last,
    )


def uses_page(act: Act, asked: AskedUses) -> EntitlementUsesPage:
    """The list as it was asked for."""
    filters = filters_of(act, asked)
    state = lists.list_state(act.request, sorts=("at",), direction="desc")
    state = state.counted(queries.count_uses(act.session, filters, most=lists.COUNTED))
    given = queries.given(act.session, filters, today=act.today)
    names = {(each.club_id, each.code): each.names for each in given}
    rows = queries.uses(act.session, filters, offset=state.offset, limit=state.per_page)
    only = act.by.only_store(Permission.ENTITLEMENTS_VIEW)
    kinds = {each.code: each.names for each in given}
    shown = [each for each in given if filters.club_id in {None, each.club_id} and filters.code in {None, each.code}]
    return EntitlementUsesPage(
        state=state,
        filters=asked,
        clubs=[Pickable(id=each.code, names=each.names) for each in clubs.clubs(act.session)],
        entitlements=[Pickable(id=code, names=told) for code, told in kinds.items()],
        stores=choices([each for each in stores(act.session) if only in {None, each.id}]),
        given=[GivenView.model_validate(each, from_attributes=True) for each in shown],
        uses=[_view(each, names) for each in rows],
    )


def _view(row: queries.UseLine, names: dict[tuple[int, str], dict[str, str]]) -> UsedView:
    return UsedView(
        id=row.id,
        club_id=row.club_id,
        club_names=row.club_names,
        customer_id=row.customer_id,
        number=row.number,
        customer=f"{row.given_name} {row.family_name}".strip(),
        code=row.code,
        names=names.get((row.club_id, row.code), {"en": row.code}),
        use_no=row.use_no,
        first=row.first,
        last=row.last,
        came_back=row.state is UseState.BACK,
        undoable=row.product is None and row.state is UseState.USED,
        product=row.product,
        receipt_id=row.receipt_id,
        at=row.at,
        staff=row.staff,
        store=row.store,
    )
