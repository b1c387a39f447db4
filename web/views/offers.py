"""What pages show of offers: the list, one offer with its versions and figures, and what changed between versions."""

import datetime as dt
from typing import Any

from pydantic import BaseModel

from erp_club.promotions import queries
from erp_club.promotions.documents import named, short, unknown
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.listing import queries as listing
from erp_club.promotions.listing.queries import OfferFilters, OfferRow
from erp_club.promotions.naming.queries import missing
from erp_club.promotions.queries import VersionRow
from erp_club.promotions.sentence import gives
from erp_club.promotions.standing import Standing, standing
from web import lists
from web.deps import Act
from web.i18n import say
from web.offer_forms.labels import label_of, value_of
from web.scopes import stores_of_reports
from web.views.forecasts import ForecastView, forecasts_of
from web.views.offer_form import Names, as_json, names_of, sentence_of, words_for


class OfferLine(BaseModel):
    """An offer of the list. `gives` says what it does; `changed`: a newer version waits to be published."""

    id: int
    code: str
    names: Names
    standing: Standing
    kind: str
    start: Start
    first_day: dt.date | None
    last_day: dt.date | None
    gives: str
    changed: bool
    uses: int
    given_minor: int


class OffersPage(BaseModel):
    """The offers that match."""

    text: str | None
    standing: Standing | None
    kind: str | None
    start: Start | None
    state: lists.ListState
    currency: str
    offers: list[OfferLine]


class VersionLine(BaseModel):
    """A version of an offer, and which parts of the document it changed against the one before."""

    version_no: int
    changed_at: dt.datetime
    staff: str | None
    published_at: dt.datetime | None
    changes: list["Difference"]


class Difference(BaseModel):
    """One part of a document in two versions, as JSON; null where it isn't said.

    `label`, `was` and `became` say the same in the reader's words.
    """

    field: str
    before: str | None
    after: str | None
    label: str
    was: str | None
    became: str | None


class DayGiven(BaseModel):
    """What an offer gave on a day."""

    day: dt.date
    uses: int
    baskets: int
    given_minor: int


class StoreGiven(BaseModel):
    """What an offer gave in a store."""

    name: str
    uses: int
    baskets: int
    given_minor: int


class OfferPage(BaseModel):
    """An offer as it stands today: what its newest version says, and what it has given.

    `unknown`: what that version names and nothing has, in a sentence each. Whoever sees the figures of some stores is
    told what it gave there, without `members` and the forecasts of the chain.
    """

    id: int
    code: str
    names: Names
    standing: Standing
    revision: int
    version_no: int
    live_no: int | None
    changed: bool
    kind: str
    start: Start
    first_day: dt.date | None
    last_day: dt.date | None
    sentence: list[str]
    live_sentence: list[str]
    unknown: list[str]
    currency: str
    uses: int
    baskets: int
    members: int | None
    given_minor: int
    budget_minor: int | None
    most_uses: int | None
    days: list[DayGiven]
    stores: list[StoreGiven]
    forecasts: list[ForecastView]
    versions: list[VersionLine]
    document: dict[str, Any]
    as_json: str


def offers_view(act: Act, filters: OfferFilters, state: lists.ListState) -> OffersPage:
    """The offers of one page."""
    state = state.counted(listing.count(act.session, filters, today=act.today, most=lists.COUNTED + 1))
    rows = listing.listing(
        act.session,
        filters,
        today=act.today,
        sort=state.sort,
        descending=state.descending,
        offset=state.offset,
        limit=state.per_page,
        store_ids=stores_of_reports(act.session, act.by),
    )
    return OffersPage(
        text=filters.text,
        standing=filters.standing,
        kind=filters.kind,
        start=filters.start,
        state=state,
        currency=act.chain.currency,
        offers=offer_lines(act, rows),
    )


def offer_lines(act: Act, rows: list[OfferRow]) -> list[OfferLine]:
    """The rows with what each gives, said."""
    words = words_for(act, *(row.offer for row in rows))
    return [
        OfferLine(
            id=row.id,
            code=row.code,
            names=names_of(row.offer),
            standing=row.standing,
            kind=row.offer.rewards[0].kind,
            start=row.offer.activation.by,
            first_day=row.offer.first_day,
            last_day=row.offer.last_day,
            gives=" ".join(say(text) for text in gives(row.offer, words)),
            changed=row.changed,
            uses=row.uses,
            given_minor=row.given_minor,
        )
        for row in rows
    ]


def offer_view(act: Act, offer_id: int) -> OfferPage:
    """One offer. Raises NotFound."""
    held = queries.offer(act.session, offer_id)
    newest, live = held.latest.offer, held.live
    shown = live.offer if live else newest
    own = stores_of_reports(act.session, act.by)
    given = listing.given(act.session, offer_id, store_ids=own)
    return OfferPage(
        id=held.id,
        code=held.code,
        names=names_of(newest),
        standing=standing(held.state, shown.first_day, shown.last_day, today=act.today),
        revision=held.revision,
        version_no=held.latest.version_no,
        live_no=live.version_no if live else None,
        changed=live is not None and live.version_no != held.latest.version_no,
        kind=newest.rewards[0].kind,
        start=newest.activation.by,
        first_day=newest.first_day,
        last_day=newest.last_day,
        sentence=sentence_of(act, newest),
        live_sentence=sentence_of(act, live.offer) if live else [],
        unknown=[say(unknown(name).text) for name in missing(act.session, named(newest))],
        currency=act.chain.currency,
        uses=given.uses,
        baskets=given.baskets,
        members=given.members,
        given_minor=given.given_minor,
        budget_minor=shown.limits.budget_minor,
        most_uses=shown.limits.uses,
        days=[
            DayGiven(day=each.key, uses=each.uses, baskets=each.baskets, given_minor=each.given_minor)
            for each in given.days
        ],
        stores=[
            StoreGiven(name=each.key, uses=each.uses, baskets=each.baskets, given_minor=each.given_minor)
            for each in given.stores
        ],
        forecasts=forecasts_of(act, offer_id) if own is None else [],
        versions=_versions(queries.versions(act.session, offer_id)),
        document=short(newest),
        as_json=as_json(newest),
    )


def _versions(rows: list[VersionRow]) -> list[VersionLine]:
    older: list[VersionRow | None] = [*rows[1:], None]
    return [
        VersionLine(
            version_no=row.version_no,
            changed_at=row.changed_at,
            staff=row.staff,
            published_at=row.published_at,
            changes=[] if before is None else differences(before.offer, row.offer),
        )
        for row, before in zip(rows, older, strict=True)
    ]


def differences(before: Offer, after: Offer) -> list[Difference]:
    """Which parts of the document differ."""
    was, became = short(before), short(after)
    old, new = dict(_leaves(was)), dict(_leaves(became))
    return [
        Difference(
            field=name,
            before=old.get(name),
            after=new.get(name),
            label=label_of(name, became if name in new else was),
            was=value_of(name, was),
            became=value_of(name, became),
        )
        for name in {**old, **new}
        if old.get(name) != new.get(name)
    ]


def _leaves(value: Any, path: str = "") -> list[tuple[str, str]]:
    if isinstance(value, dict) and value:
        inner = [(f"{path}{'.' if path else ''}{name}", each) for name, each in value.items()]
    elif isinstance(value, list) and value:
        inner = [(f"{path}[{index}]", each) for index, each in enumerate(value)]
    else:
        return [(path, str(value).lower() if isinstance(value, bool) else str(value))]
    return [leaf for step, each in inner for leaf in _leaves(each, step)]
