"""Events of members, as tills, shops and people see them."""

import datetime as dt
from collections.abc import Mapping, Sequence

from pydantic import BaseModel, Field

from erp_club.clubs.queries import clubs
from erp_club.customers.queries import record
from erp_club.kernel.text import Listed, T, Text
from erp_club.points.units import POINTS, Unit, only, summed
from erp_club.points.units import told as points_told
from erp_club.programmes.engine import events as rules
from erp_club.programmes.events import queries
from erp_club.programmes.events.told import Gave, Told
from erp_club.programmes.sentences.earning import event_points
from erp_club.programmes.sentences.gifts import given
from erp_club.programmes.sentences.words import words_of
from web import i18n
from web.deps import Act
from web.views.earned import why_nothing
from web.views.panel import PanelPurchase, recent_of

MOST = 50
OF_ITSELF = frozenset({rules.JOINING, rules.RENEWAL, rules.FIRST_PURCHASE})


class GaveView(BaseModel):
    """What a rule of a club gave whom; `why` says why nothing, `waits` that the friend has to buy first."""

    customer_id: int
    club: str
    rule: str
    rule_names: dict[str, str]
    points: int
    balance: int | None
    gift: bool
    waits: bool
    why: str | None
    words: str | None = Field(description="Why nothing, in the reader's words")
    counter: str | None = Field(None, description="The counter on which the points count")


class ToldView(BaseModel):
    """An event that was told, and what it gave. `released` points can be used since."""

    id: int
    event: str
    customer_id: int
    gave: list[GaveView]
    released: int


class EventGainView(BaseModel):
    """What a rule gave; `taken_back`: the purchase that it was for has come back."""

    club: dict[str, str]
    rule: str
    rule_names: dict[str, str]
    points: int
    unit: Unit
    taken_back: bool


class EventView(BaseModel):
    """An event as it was told."""

    id: int
    event: str
    about: str
    receipt_no: str | None
    purchase_id: int | None
    friend: str | None
    waits: bool
    at: dt.datetime
    store: str | None
    staff: str | None
    gave: list[EventGainView]


class KnownEvent(BaseModel):
    """An event that may be told, and in words what the customer's clubs give for it."""

    event: str
    gives: list[str]


class TellPage(BaseModel):
    """The events that may be told of a customer, and the last purchases, of which one may be what it is about."""

    customer_id: int
    name: str
    known: list[KnownEvent]
    recent: list[PanelPurchase]


class EventsPage(BaseModel):
    """The latest events of a customer, and those that may be told; `known` are their names."""

    customer_id: int
    name: str
    number: str
    known: list[str]
    tellable: list[KnownEvent]
    events: list[EventView]


def told_view(act: Act, told: Told) -> ToldView:
    """What an event gave, rule by rule."""
    names = _rule_names(act, told.customer_id)
    return ToldView(
        id=told.event_id,
        event=told.event,
        customer_id=told.customer_id,
        gave=[_gave(each, names) for each in told.gave],
        released=told.released,
    )


def _gave(each: Gave, names: Mapping[str, dict[str, str]]) -> GaveView:
    return GaveView(
        customer_id=each.customer_id,
        club=each.club,
        rule=each.rule,
        rule_names=names.get(each.rule, {}),
        points=each.points,
        balance=each.balance,
        gift=each.gift,
        waits=each.waits,
        counter=each.counter,
        why=each.why,
        words=why_nothing(each.why) if each.why else None,
    )


def events_page_view(act: Act, customer_id: int) -> EventsPage:
    """The page of a customer's events. Raises NotFound."""
    person = record(act.session, customer_id)
    clubs = queries.clubs_of(act.session, customer_id, on=act.today)
    names = _rule_names(act, customer_id)
    tellable = _tellable(clubs)
    return EventsPage(
        customer_id=customer_id,
        name=f"{person.given_name} {person.family_name}".strip(),
        number=person.number,
        known=[each.event for each in tellable],
        tellable=tellable,
        events=[_event(each, names) for each in queries.told_of(act.session, customer_id, most=MOST)],
    )


def tell_page_view(act: Act, customer_id: int) -> TellPage:
    """What may be told of a customer at the till. Raises NotFound."""
    person = record(act.session, customer_id)
    return TellPage(
        customer_id=customer_id,
        name=f"{person.given_name} {person.family_name}".strip(),
        known=_tellable(queries.clubs_of(act.session, customer_id, on=act.today)),
        recent=recent_of(act, customer_id),
    )


def _tellable(clubs: Sequence[queries.InClub]) -> list[KnownEvent]:
    """What people tell of; joining, renewing and a first purchase the product tells of itself."""
    gives: dict[str, list[str]] = {}
    for club in clubs:
        words = words_of(club.programme)
        for name in rules.events_of(club.programme) - OF_ITSELF:
            said = gives.setdefault(name, [])
            counted = (rule for _, rule in rules.counter_rules(club.programme, name))
            said += [i18n.say(next(event_points(rule, words))) for rule in rules.points_rules(club.programme, name)]
            said += [i18n.say(next(event_points(rule, words))) for rule in counted]
            gifts = (gift for rule in rules.gift_rules(club.programme, name) for gift in rule.gives)
            said += [i18n.say(given(gift, words)) for gift in gifts]
    return [KnownEvent(event=name, gives=gives[name]) for name in sorted(gives)]


def told_words(act: Act, told: Told, view: ToldView) -> Text:
    """What came of an event, in one sentence for whoever has told it."""
    units = {club.code: club.unit for club in clubs(act.session)}
    theirs = [(each.points, units.get(each.club, POINTS)) for each in told.gave if each.customer_id == told.customer_id]
    given = summed(each for each in theirs if each[0])
    if given:
        return T("Given: %(points)s.", points=Listed(tuple(points_told(*each) for each in given), "and"))
    if any(each.gift for each in told.gave):
        return T("The gift is given.")
    if told.released:
        unit = only(units.values())
        return (
            T("Waiting points can be used now.")
            if unit is None
            else T("Can be used now: %(points)s.", points=points_told(told.released, unit))
        )
    if any(each.waits for each in told.gave):
        return T("Recorded. It gives once the friend has bought.")
    why = next((each.words for each in view.gave if each.words), None)
    return T("Recorded. Nothing is given: %(why)s", why=why) if why else T("Recorded. Nothing is given for it.")


def _event(row: queries.EventRow, names: Mapping[str, dict[str, str]]) -> EventView:
    return EventView(
        id=row.id,
        event=row.event,
        about=row.subject,
        receipt_no=row.receipt_no,
        purchase_id=row.receipt_id,
        friend=row.friend,
        waits=row.waits,
        at=row.at,
        store=row.store,
        staff=row.staff,
        gave=[
            EventGainView(
                club=club, rule=rule, rule_names=names.get(rule, {}), points=points, unit=unit, taken_back=taken
            )
            for club, rule, points, unit, taken in row.given
        ],
    )


def _rule_names(act: Act, customer_id: int) -> dict[str, dict[str, str]]:
    """What the rules of the customer's clubs are called, by code."""
    return {
        rule.code: {str(language): text for language, text in rule.names.items()}
        for club in queries.clubs_of(act.session, customer_id, on=act.today)
        for rule in (
            *club.programme.earning.events,
            *(each for of in club.programme.counters for each in of.events),
            *club.programme.occasions,
        )
        if rule.names
    }
