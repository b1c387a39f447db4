"""What pricing asks of the database about a basket: products, and who buys, in one query whatever is in them."""

import datetime as dt
import functools
import uuid
from collections.abc import Collection
from dataclasses import dataclass, replace
from typing import Any, Literal, NamedTuple

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY, aggregate_order_by
from sqlalchemy.orm import Session, aliased

from erp_club.birthday.plans.queries import automatic
from erp_club.cards import errors as cards
from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.cards.numbers import compact
from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from erp_club.clubs.earning.account import Earning
from erp_club.clubs.earning.queries import ACCOUNT, HELD, earning_columns, gives_on, named_to_redeem, rules_in_force
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.levels.queries import LEVEL
from erp_club.clubs.models import Club, Membership
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import family_of
from erp_club.customers.relatives.queries import CHILDREN
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.prepared import Ahead, Prepared
from erp_club.kernel.text import T
from erp_club.organisation.models import Chain
from erp_club.points.models import PointsAccount
from erp_club.points.queries import available_points
from erp_club.pricelists.queries import entries_in_force
from erp_club.pricelists.rules import Entry
from erp_club.programmes.rewards.automatic.queries import automatic_codes
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import StoredOffer
from erp_club.promotions.queries import CATALOGUE_VERSION, uses_json
from erp_club.purchases.models import Quote
from erp_club.purchases.quotes import errors
from erp_club.purchases.quotes.clubs.queries import open_clubs, opened
from erp_club.purchases.quotes.told import Buyer, HeldMembership, SoldProduct, Told
from erp_club.receipts.models import Receipt
from erp_club.segments.kinds import SegmentState
from erp_club.segments.models import Segment, SegmentCustomer


@dataclass(frozen=True, slots=True)
class QuoteRow:
    """A quote as it is kept; `request` and `answer` as `quotes.commands` wrote them."""

    id: uuid.UUID
    sale_id: str
    expires_at: dt.datetime
    request: dict[str, Any]
    answer: dict[str, Any]


def tell(session: Session, skus: Collection[str], buyer: Buyer, *, store_id: int, day: dt.date) -> Told:
    """All about these products and this buyer on the store's day, with one query.

    Raises Invalid `customer.id` or `customer.number` where nobody has it, and for a card what reading it raises.
    """
    by, _ = _said(buyer)
    row = _Row(*question(skus, buyer, store_id=store_id, day=day).execute(session).rows[0])
    if by != "nobody":
        _check(by, row)
    return Told(
        products={each[0]: SoldProduct(*each) for each in row.products or ()},
        entries=tuple([Entry(*each) for each in row.entries or ()]),
        policy=row.pricing,
        catalogue=row.catalogue,
        uses=row.uses,
        customer_id=row.customer_id or UNIDENTIFIED,
        birthday=row.birthday,
        purchases=row.purchases or 0,
        memberships=tuple([_held(*each) for each in row.memberships or ()]),
        clubs=tuple([opened(*each) for each in row.clubs or ()]),
        segments=frozenset(row.segments or ()),
        automatic=tuple(row.automatic),
        children=tuple(row.children),
    )


def question(skus: Collection[str], buyer: Buyer, *, store_id: int, day: dt.date) -> Ahead:
    """What `tell` asks, for whoever knows before that it will."""
    by, who = _said(buyer)
    # Numbers as text: the driver would name another type for a small one than for a large one.
    return Ahead(_statement(by), {"skus": list(skus), "day": day, "store": str(store_id), "who": who})


def _held(
    club: str, available: int, used_today: int, kept_level: str | None, named: bool | None, *earning: Any
) -> HeldMembership:
    made = Earning(*earning)
    joined_on = dt.date.fromisoformat(str(made.joined_on))
    return HeldMembership(club, available, replace(made, joined_on=joined_on), used_today, kept_level, named)


class _Row(NamedTuple):
    """A row of `_statement`, with its columns in this order."""

    customer_id: int | None
    birthday: dt.date | None
    card_state: str | None
    pricing: dict[str, Any]
    catalogue: uuid.UUID
    products: list[list[Any]] | None
    entries: list[list[Any]] | None
    uses: list[list[Any]]
    purchases: int | None
    memberships: list[list[Any]] | None
    clubs: list[list[Any]] | None
    segments: list[str] | None
    automatic: list[str]
    children: list[dt.date]


def quote(session: Session, quote_id: uuid.UUID, *, terminal_id: int, now: dt.datetime) -> QuoteRow:
    """A quote of this till whose time isn't over. Raises NotFound `quote-gone`."""
    found = quote_if_kept(session, quote_id, terminal_id=terminal_id, now=now)
    if found is None:
        raise errors.no_quote()
    return found


def quote_if_kept(session: Session, quote_id: uuid.UUID, *, terminal_id: int, now: dt.datetime) -> QuoteRow | None:
    """The same; None where it is gone."""
    row = session.connection().execute(_QUOTE, {"quote": quote_id, "terminal": terminal_id, "now": now}).one_or_none()
    return None if row is None else QuoteRow(*row)


def products(session: Session, skus: Collection[str]) -> dict[str, SoldProduct]:
    """These products by SKU; a gift of an offer that has just been published is asked for alone."""
    found: Any = session.connection().execute(_ALONE, {"skus": list(skus)}).scalar_one()
    return {each[0]: SoldProduct(*each) for each in found or ()}


By = Literal["nobody", "id", "number", "card"]


def _said(buyer: Buyer) -> tuple[By, str | None]:
    if buyer.card is not None:
        return "card", compact(buyer.card)
    if buyer.number is not None:
        return "number", buyer.number
    if buyer.customer_id:
        return "id", str(buyer.customer_id)
    return "nobody", None


def _check(by: By, row: _Row) -> None:
    if by == "card":
        if row.customer_id is None:
            raise cards.unknown()
        match CardState(row.card_state or ""):
            case CardState.BLOCKED:
                raise cards.blocked()
            case CardState.LOST:
                raise cards.lost()
            case CardState.REPLACED:
                raise cards.replaced()
            case CardState.ACTIVE:
                return
    if row.customer_id is None:
        text = T("There is no such customer. Look the customer up again.")
        raise Invalid([FieldError(f"customer.{by}", text)])


_SKUS = Product.sku == sa.any_(sa.bindparam("skus", type_=ARRAY(sa.Text)))
_DAY, _STORE = sa.bindparam("day", type_=sa.Date), sa.bindparam("store", type_=sa.Integer)


def _products() -> sa.ScalarSelect[Any]:
    told = sa.func.json_build_array(
        Product.sku, Product.id, Product.name, Product.list_price_minor, Product.vat_bp, Product.earns_points,
        Product.stub, Product.kind, ProductGroup.name, Department.name, Brand.name, Product.levy_minor,
    )  # fmt: skip
    return (
        sa.select(sa.func.json_agg(told))
        .select_from(Product)
        .outerjoin(ProductGroup, ProductGroup.id == Product.group_id)
        .outerjoin(Department, Department.id == Product.department_id)
        .outerjoin(Brand, Brand.id == Product.brand_id)
        .where(_SKUS)
        .scalar_subquery()
    )


def _entries() -> sa.ScalarSelect[Any]:
    """What all lists in force say of the products, so that it also tells what members of other clubs would pay."""
    wanted = sa.select(Product.id, Product.group_id).where(_SKUS).subquery("wanted")
    said = entries_in_force(wanted, store_id=_STORE, day=_DAY).subquery("said")
    return sa.select(sa.func.json_agg(sa.func.json_build_array(*said.c))).scalar_subquery()


def _buyer(by: By) -> sa.Subquery:
    if by == "nobody":
        columns = {"id": sa.BigInteger, "birthday": sa.Date, "card_state": sa.Text}
        return sa.select(*(sa.cast(sa.null(), kind).label(name) for name, kind in columns.items())).subquery("buyer")
    state = Card.state if by == "card" else sa.cast(sa.null(), sa.Text)
    found = sa.select(Customer.id, Customer.birthday, state.label("card_state")).where(
        Customer.state == CustomerState.ACTIVE, Customer.id != UNIDENTIFIED
    )
    named = aliased(Customer)  # whoever became another customer buys as that one
    if by == "card":
        found = found.join(Card, Card.customer_id == Customer.id)
    else:
        found = found.join(named, sa.func.coalesce(named.merged_into, named.id) == Customer.id)
    column = {"card": Card.number, "number": named.number, "id": named.id}[by]
    return found.where(column == sa.bindparam("who", type_=column.type)).subquery("buyer")


def _memberships(buyer: sa.Subquery) -> sa.ScalarSelect[Any]:
    rules = rules_in_force(_DAY)
    used = sa.case((PointsAccount.redeemed_on >= _DAY, PointsAccount.redeemed_that_day), else_=0)
    kept = MembershipLevel.level
    named = sa.case((~HELD, sa.func.coalesce(named_to_redeem(), sa.false())))
    told = sa.func.json_build_array(Club.code, available_points(_DAY), used, kept, named, *earning_columns(rules))
    return (
        sa.select(sa.func.json_agg(aggregate_order_by(told, Club.code)))
        .select_from(Membership)
        .join(Club, Club.id == Membership.club_id)
        .join(PointsAccount, ACCOUNT)
        .outerjoin(rules, sa.true())
        .outerjoin(MembershipLevel, LEVEL)
        .where(Membership.customer_id == buyer.c.id, Club.state == ClubState.PUBLISHED, gives_on(_DAY, rules))
        .correlate(buyer)
        .scalar_subquery()
    )


def _segments(buyer: sa.Subquery) -> sa.ScalarSelect[Any]:
    """The names of the segments that the buyer is in; offers and price lists speak of them so."""
    return (
        sa.select(sa.func.json_agg(Segment.name))
        .join(SegmentCustomer, SegmentCustomer.segment_id == Segment.id)
        .where(SegmentCustomer.customer_id == buyer.c.id, Segment.state == SegmentState.ACTIVE)
        .correlate(buyer)
        .scalar_subquery()
    )


def _automatic(buyer: sa.Subquery) -> sa.ColumnElement[Any]:
    """What plans around a date, and rules of programmes, let tills use by themselves."""
    asked = [each(buyer.c.id, _DAY).correlate(buyer).scalar_subquery() for each in (automatic, automatic_codes)]
    return sa.func.array_cat(*(sa.func.array(each) for each in asked))


def _purchases(buyer: sa.Subquery) -> sa.ScalarSelect[Any]:
    """How often the customer has bought; not counted where no offer is in force that could ask."""
    counted = (
        sa.select(sa.func.count())
        .where(Receipt.customer_id.in_(family_of(buyer.c.id)), Receipt.total_minor >= 0)
        .correlate(buyer)
        .scalar_subquery()
    )
    asked = sa.exists().where(StoredOffer.state == OfferState.PUBLISHED)
    return sa.select(sa.case((asked, counted))).correlate(buyer).scalar_subquery()


# By its name, since the counters of offers are read two levels below the buyer.
_BUYER_ID = sa.literal_column("coalesce(buyer.id, 0)", sa.BigInteger())
_CHILDREN = sa.literal_column(CHILDREN.format(who="buyer.id"), ARRAY(sa.Date))


@functools.cache
def _statement(by: By) -> Prepared:
    """Built once for each way of naming the buyer, as every scan asks it; the columns of a `_Row`."""
    buyer = _buyer(by)
    return Prepared(
        sa.select(
            buyer.c.id,
            buyer.c.birthday,
            buyer.c.card_state,
            Chain.pricing,
            CATALOGUE_VERSION,
            _products(),
            _entries(),
            uses_json(customer=_BUYER_ID),
            _purchases(buyer),
            _memberships(buyer),
            open_clubs(_DAY),
            _segments(buyer),
            _automatic(buyer),
            _CHILDREN,
        ).select_from(sa.outerjoin(Chain, buyer, sa.true()))
    )


_ALONE = sa.select(_products())
_QUOTE = sa.select(Quote.id, Quote.sale_id, Quote.expires_at, Quote.request, Quote.answer).where(
    Quote.id == sa.bindparam("quote", type_=sa.Uuid),
    Quote.terminal_id == sa.bindparam("terminal", type_=sa.Integer),
    Quote.expires_at > sa.bindparam("now", type_=sa.DateTime(timezone=True)),
)
