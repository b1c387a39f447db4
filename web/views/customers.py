"""What pages show of customers: the list, what a search found, and the record of one."""

import datetime as dt
from collections.abc import Mapping
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

from babel import Locale
from phonenumbers import SUPPORTED_REGIONS
from pydantic import BaseModel, Field

from erp_club.clubs.queries import clubs
from erp_club.customers import queries
from erp_club.customers.classes.queries import class_fields
from erp_club.customers.classes.rules import ClassField
from erp_club.customers.consents import queries as consents
from erp_club.customers.contact import calling_code
from erp_club.customers.fields import CustomerFields
from erp_club.customers.forms import rules
from erp_club.customers.forms.queries import form_of
from erp_club.customers.id_numbers.queries import id_rules
from erp_club.customers.record import CustomerRecord, Found
from erp_club.customers.scans import SCANNED
from erp_club.kernel import audit_search
from erp_club.kernel.audit import AuditEntry
from erp_club.organisation.queries import stores
from erp_club.permissions.catalog import Permission
from erp_club.reports.customers import CustomerRow
from web.deps import Act
from web.elsewhere import Place
from web.formats import LOCALES, ending
from web.forms import FormState
from web.i18n import LANGUAGE
from web.views.audit import told
from web.views.cards import CardsView, cards_view
from web.views.clubs import MembershipsView, memberships_view
from web.views.coupons import CustomerCoupons, customer_coupons_view
from web.views.customer_labels import LABELS, ClassFieldView, OwnField, called, class_view, labels, own_field
from web.views.favourite_reports import LikedView, likes_view
from web.views.kept import Change, changes_of
from web.views.points import HistoryView, history_view
from web.views.purchases import CustomerPurchases, YearOfPurchases, customer_purchases_view, year_view
from web.views.relatives import RelativesView, relatives_view
from web.views.sums import PointsSum, PointsWorth, sums, worth_of

CHANGES_SHOWN = 50


class HeldClub(BaseModel):
    """A club that a customer is in; `is_valid` today."""

    names: dict[str, str]
    tone: str
    is_valid: bool


class CustomerLine(BaseModel):
    """A customer in a list. `points` is the sum over all clubs, null without a membership; `opened_on` is local.

    `sums` are the points of those clubs that count in the same unit.
    """

    customer_id: int
    number: str
    given_name: str
    family_name: str
    mobile: str | None
    city: str | None
    home_store: str | None
    opened_on: dt.date
    clubs: list[HeldClub]
    points: int | None
    sums: list[PointsSum]
    last_bought_on: dt.date | None


class Choice(BaseModel):
    """A store to choose by its code."""

    code: str
    name: str


class ClubChoice(BaseModel):
    """A club to choose by its code."""

    code: str
    names: dict[str, str]


class FoundLine(BaseModel):
    """A customer that a search found. `exact` where what was typed is the whole of a number of theirs."""

    customer_id: int
    number: str
    given_name: str
    family_name: str
    city: str | None
    mobile: str | None
    card: str | None
    kind_matched: str
    exact: bool


class SearchPage(BaseModel):
    """What a search found, the best first. `more` where there are others that aren't told.

    `places` are, for people, the other pages that may be meant.
    """

    text: str
    found: list[FoundLine]
    more: bool
    places: list[Place] = Field(default=[], exclude=True)


class Person(BaseModel):
    """A customer's data, of the ID number the last signs: `POST /customers/{id}/id-number-views` shows it whole."""

    customer_id: int | None = None
    number: str | None = None
    given_name: str = ""
    family_name: str = ""
    given_name_2: str | None = None
    family_name_2: str | None = None
    id_kind: str = "none"
    id_country: str | None = None
    id_number: str | None = None
    phone: str | None = None
    mobile: str | None = None
    email: str | None = None
    street: str | None = None
    postcode: str | None = None
    city: str | None = None
    country: str | None = None
    birthday: dt.date | None = None
    anniversary: dt.date | None = None
    gender: str | None = None
    language: str | None = None
    home_store: str | None = None
    home_store_name: str | None = None
    own_id: str | None = None
    consent_advertising: bool | None = None
    consent_sms: bool | None = None
    consent_email: bool | None = None
    consent_post: bool | None = None
    opened_at: dt.datetime | None = None
    opened_on: dt.date | None = None
    changed_at: dt.datetime | None = None
    card: str | None = None
    classifications: dict[str, str] = {}
    own_fields: list[OwnField] = Field(default=[], exclude=True)

    @property
    def name(self) -> str:
        """Given and family name."""
        return f"{self.given_name} {self.family_name}".strip()

    @property
    def second_name(self) -> str:
        """The name in a second script."""
        return f"{self.given_name_2 or ''} {self.family_name_2 or ''}".strip()


class FormFieldLine(BaseModel):
    """A field that the form shows, in the form's order; `help` for the reader, null where there is none."""

    name: str
    required: bool
    help: str | None


class CustomerForm(BaseModel):
    """What a form begins with: an empty person for a new customer. `part` is the card that is changed, null for all."""

    person: Person
    part: str | None
    fields: list[FormFieldLine]
    parts: dict[str, tuple[str, ...]] = Field(
        default={"person": rules.PERSON, "contact": rules.CONTACT, "consents": rules.CONSENTS}, exclude=True
    )
    stores: list[Choice]
    country: str
    countries: list[tuple[str, str]] = Field(exclude=True)
    calling_code: str = Field(exclude=True)
    id_kinds: tuple[str, ...]
    wordings: dict[str, str] = {}
    classes: dict[str, ClassFieldView] = {}
    labels: dict[str, str] = Field(exclude=True)


class ChangeEntry(BaseModel):
    """A change of the customer: who, when, and what."""

    id: int
    at: dt.datetime
    actor: str
    action: str
    changes: list[Change]


class CustomerPage(BaseModel):
    """A customer's record. What belongs to another tab than the one asked for is null."""

    customer: Person
    tab: str
    points: list[PointsWorth]
    memberships: MembershipsView
    cards: CardsView
    relatives: RelativesView
    year: YearOfPurchases | None
    likes: list[LikedView] | None
    history: HistoryView | None
    purchases: CustomerPurchases | None
    coupons: CustomerCoupons | None
    changes: list[ChangeEntry] | None
    labels: dict[str, str] = Field(exclude=True)


def person_view(act: Act, customer_id: int) -> Person:
    """A customer's data. Raises NotFound."""
    own = class_fields(act.session)
    return person(queries.record(act.session, customer_id), own=own, zone=act.zone)


def person(record: CustomerRecord, *, own: Mapping[str, ClassField], zone: str) -> Person:
    """The record as it is shown."""
    shown = {name: getattr(record, name) for name in CustomerRecord.__slots__}
    shown["classifications"] = dict(record.classifications)
    shown["own_fields"] = [
        own_field(own.get(name) or ClassField(name), value) for name, value in record.classifications
    ]
    shown["opened_on"] = record.opened_at.astimezone(ZoneInfo(zone)).date()
    return Person(**shown)


def line(row: CustomerRow, zone: str) -> CustomerLine:
    """A row of the list."""
    return CustomerLine(
        customer_id=row.customer_id,
        number=row.number,
        given_name=row.given_name,
        family_name=row.family_name,
        mobile=row.mobile,
        city=row.city,
        home_store=row.home_store,
        opened_on=row.opened_at.astimezone(ZoneInfo(zone)).date(),
        clubs=[HeldClub(names=club.names, tone=club.tone, is_valid=club.is_valid) for club in row.clubs],
        points=row.points,
        sums=sums((club.balance, club.unit) for club in row.clubs),
        last_bought_on=row.last_bought_on,
    )


def found_line(act: Act, found: Found) -> FoundLine:
    """A hit of a search; of the mobile number its end, to tell people of one name apart, for who may see no more."""
    line = FoundLine.model_validate(found, from_attributes=True)
    if line.mobile and not act.may(Permission.CUSTOMERS_VIEW):
        line.mobile = ending(line.mobile)
    return line


def store_choices(act: Act) -> list[Choice]:
    """The stores by name."""
    return [Choice(code=store.code, name=store.name) for store in stores(act.session)]


def club_choices(act: Act) -> list[ClubChoice]:
    """The clubs, published ones first."""
    return [ClubChoice(code=club.code, names=club.names) for club in clubs(act.session)]


def class_choices(act: Act) -> list[Choice]:
    """Head office's own fields, to narrow a list by."""
    return [Choice(code=each.name, name=called(each.labels, each.name)) for each in class_fields(act.session).values()]


@cache
def countries(language: str) -> list[tuple[str, str]]:
    """Every country's two letters and name, by name."""
    names = Locale.parse(LOCALES[language]).territories
    return sorted(((code, names.get(code, code)) for code in SUPPORTED_REGIONS), key=lambda pair: pair[1])


def form_fields(act: Act, place: rules.Place) -> list[FormFieldLine]:
    """What the form of a place shows, in its order."""
    language = LANGUAGE.get()
    return [
        FormFieldLine(name=each.name, required=each.required, help=each.help.get(language) or each.help.get("en"))
        for each in form_of(act.session, place)
        if each.shown
    ]


def _wordings(act: Act) -> dict[str, str]:
    """What is asked for each consent, in the reader's language; what nobody has worded isn't there."""
    told: dict[str, str] = {}
    for channel, wording in consents.current(act.session).items():
        language = consents.read_in(wording.texts, LANGUAGE.get())
        if language:
            told[f"consent_{channel}"] = wording.texts[language]
    return told


def scanned_person(filled: CustomerFields) -> Person:
    """What a form begins with that a passport has filled in."""
    return Person(**{name: getattr(filled, name) for name in SCANNED if getattr(filled, name)})


def scanned_form(act: Act, filled: CustomerFields) -> FormState:
    """What was typed into the form, with what the passport tells in its place."""
    posted: FormState = getattr(act.request.state, "form", None) or FormState()
    told = {name: str(getattr(filled, name) or "") for name in (*SCANNED, "id_zone")}
    return FormState(values=posted.values | told)


def form_view(act: Act, person: Person, part: str | None = None) -> CustomerForm:
    """What a form of a customer begins with."""
    own = list(class_fields(act.session).values())
    return CustomerForm(
        person=person,
        part=part,
        fields=form_fields(act, act.place),
        stores=store_choices(act),
        country=act.chain.country,
        countries=countries(LANGUAGE.get()),
        calling_code=calling_code(act.chain.country),
        id_kinds=id_rules(act.session).kinds(),
        wordings=_wordings(act),
        classes={each.form_name: class_view(each) for each in own},
        parts={
            "person": (*rules.PERSON, *(each.form_name for each in own)),
            "contact": rules.CONTACT,
            "consents": rules.CONSENTS,
        },
        labels=labels(own),
    )


def customer_view(act: Act, customer_id: int, *, tab: str, year: int | None) -> CustomerPage:
    """The record, with what the tab shows. Raises NotFound."""
    customer = person_view(act, customer_id)
    own = list(class_fields(act.session).values())
    memberships = memberships_view(act, customer_id)
    # The year and the likes are of all stores: not for who sees the receipts of some only.
    may_see_purchases = act.by.may(Permission.PURCHASES_VIEW) and not act.by.narrowed(Permission.PURCHASES_VIEW)
    return CustomerPage(
        customer=customer,
        tab=tab,
        points=worth_of(memberships.memberships),
        memberships=memberships,
        cards=cards_view(act, customer_id),
        relatives=relatives_view(act, customer_id),
        year=year_view(act, customer_id, year) if may_see_purchases else None,
        likes=likes_view(act, customer_id) if may_see_purchases and tab == "overview" else None,
        history=history_view(act, customer_id, year=year) if tab == "points" else None,
        purchases=customer_purchases_view(act, customer_id) if tab == "purchases" else None,
        coupons=customer_coupons_view(act, customer_id) if tab == "coupons" else None,
        changes=_changes(act, customer_id) if tab == "changes" else None,
        labels=labels(own),
    )


def _changes(act: Act, customer_id: int) -> list[ChangeEntry]:
    own = act.by.only_store(Permission.AUDIT_VIEW)
    asked = audit_search.Entries(customer_id=customer_id, store_id=own, without=("customer.look",))
    names = {store.id: store.name for store in stores(act.session)}
    found = audit_search.entries(act.session, asked, limit=CHANGES_SHOWN)
    return [_change(entry, names, whole=act.by.may(Permission.AUDIT_PERSONAL)) for entry in found]


def _change(entry: AuditEntry, stores: dict[int, str], *, whole: bool) -> ChangeEntry:
    before, after = (_with_store(side, stores) for side in told(entry, whole=whole))
    places = {name: place for place, name in enumerate(LABELS)}
    fields = sorted({**before, **after}, key=lambda name: (places.get(name, len(places)), name))
    return ChangeEntry(
        id=entry.id,
        at=entry.at,
        actor=entry.actor,
        action=entry.action,
        changes=changes_of(*({name: side[name] for name in fields if name in side} for side in (before, after))),
    )


def _with_store(fields: dict[str, Any], stores: dict[int, str]) -> dict[str, Any]:
    """The audit keeps the id of the home store; a reader knows its name."""
    kept = {name: value for name, value in fields.items() if name != "home_store_id"}
    if "home_store_id" in fields:
        kept["home_store"] = stores.get(fields["home_store_id"], fields["home_store_id"])
    return kept
