"""What offers would have cost: past receipts priced again with and without them, beside all in force (O-12).

Receipts are taken at their list amounts, without lines below zero and without price lists; those of somebody who became
another customer count for that one. Members are those of the day; levels, segments, clubs, groups, names are today's.
Limits count from zero, sale by sale in the order of time. An offer that a cashier, a code or a coupon starts is priced
as if everybody used it, which is the most that it could cost. A basket that the tried offers give nothing costs nothing
and isn't priced a second time; one that is closed to them, and to those that limits count, isn't priced at all.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

import sqlalchemy as sa
from pydantic import TypeAdapter
from sqlalchemy.orm import Session

from erp_club.customers.relatives.queries import CHILDREN
from erp_club.kernel.money import Rounding, round_div
from erp_club.organisation.models import Chain
from erp_club.promotions import queries as offers
from erp_club.promotions.documents import parts
from erp_club.promotions.engine.compile import Compiled, compile_offers
from erp_club.promotions.engine.conditions import AgeIs, BirthdayIs, CelebratesIs, ClubIs, PurchaseNumberIs, SegmentIs
from erp_club.promotions.engine.facts import Facts, Line, Member, Policy, Shopper
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.engine.price import is_open, price
from erp_club.promotions.engine.priced import Priced
from erp_club.promotions.engine.ready import Published
from erp_club.purchases.facts import nearest_birthday
from erp_club.receipts.models import Receipt
from erp_club.reports.forecast_uses import Counter, used_so_far
from erp_club.reports.starting import Starts, gift_prices, starts

_POLICY = TypeAdapter(Policy)
PORTION = 2_000
"""Receipts between two words about progress."""
Progress = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Period:
    """Which receipts: local days, both included, of one store or of all."""

    first: dt.date
    last: dt.date
    store_id: int | None = None


@dataclass(slots=True)
class Part:
    """What the tried offers would have cost on a day, in a store, or by one of them."""

    baskets: int = 0
    cost_minor: int = 0


@dataclass(frozen=True, slots=True)
class Forecast:
    """The outcome. `receipts` were looked at; of them the offers touched `baskets`, of `members` known customers.

    `before_minor` is what those baskets came to without the offers, `cost_minor` how much less with them. `points` more
    than without. `gifts` were added, worth `gifts_minor` at today's prices; of a free
    choice the dearest. By day, by store (code) and by offer (code), each with the uses in `uses`.
    """

    receipts: int
    baskets: int
    members: int
    before_minor: int
    cost_minor: int
    points: int
    days: dict[dt.date, Part]
    stores: dict[str, Part]
    offers: dict[str, Part]
    uses: dict[str, int]
    gifts: int = 0
    gifts_minor: int = 0

    @property
    def uplift_bp(self) -> int:
        """By how much the touched baskets would have to grow to bring in as much as before, in basis points."""
        after = self.before_minor - self.cost_minor
        return round_div(self.cost_minor * 10_000, after, Rounding.UP) if after > 0 else 0


def last_month(today: dt.date) -> tuple[dt.date, dt.date]:
    """The first and last day of the calendar month before this one."""
    last = today.replace(day=1) - dt.timedelta(days=1)
    return last.replace(day=1), last


def usual_month(session: Session, today: dt.date) -> tuple[dt.date, dt.date]:
    """The calendar month before this one; where nothing was sold in it, the last one before sales had ended."""
    first, last = last_month(today)
    sold = session.scalar(sa.select(sa.func.max(Receipt.sold_on)).where(Receipt.sold_on <= last))
    return (first, last) if sold is None or sold >= first else last_month(sold + dt.timedelta(days=1))


def forecast(session: Session, tried: Sequence[Offer], period: Period, *, progress: Progress) -> Forecast:
    """Price the period's receipts with and without the tried offers, beside all others in force.

    An offer in force with the code of a tried one is left out on both sides. `progress` is told how many receipts of
    how many are done.
    """
    codes = {offer.code for offer in tried}
    others = [each for each in offers.in_force(session) if each.offer.code not in codes]
    trial = [always(offer) for offer in tried]
    prices = gift_prices(session, trial)
    published = [*others, *(Published(offer) for offer in trial)]
    limited = frozenset(each.offer.code for each in published if each.offer.limits.counted)
    replay = _Replay(
        without=compile_offers(others),
        beside=compile_offers(published),
        told=compile_offers(each for each in published if each.offer.code in codes | limited),
        codes=frozenset(codes),
        starts=starts(trial, prices),
        prices=prices,
        limited=limited,
        policy=_POLICY.validate_python(session.scalar(sa.select(Chain.pricing)) or {}),
    )
    total = session.scalar(_count(period)) or 0
    wanted = _wanted(each.offer for each in published)
    for done, basket in enumerate(_baskets(session, period, wanted), start=1):
        replay.take(basket)
        if done % PORTION == 0:
            progress(done, total)
    progress(total, total)
    return replay.outcome()


def always(offer: Offer) -> Offer:
    """The offer without its days: it is tried on the past."""
    return offer.model_copy(update={"first_day": None, "last_day": None})


class _Basket(NamedTuple):
    """A past receipt as facts."""

    id: int
    customer_id: int
    store: str
    day: dt.date
    lines: tuple[Line, ...]
    at: dt.datetime
    shopper: Shopper | None


@dataclass(slots=True)
class _Replay:
    """The sums while receipts go by."""

    without: Compiled
    beside: Compiled
    told: Compiled
    """Those of which anything is told: the tried ones, and those that limits count."""
    codes: frozenset[str]
    starts: Starts
    limited: frozenset[str]
    policy: Policy
    prices: Mapping[str, int]
    """Of gifts."""
    gifts: int = 0
    gifts_minor: int = 0
    receipts: int = 0
    before_minor: int = 0
    cost_minor: int = 0
    points: int = 0
    members: set[int] = field(default_factory=set[int])
    days: dict[dt.date, Part] = field(default_factory=lambda: defaultdict(Part))
    stores: dict[str, Part] = field(default_factory=lambda: defaultdict(Part))
    offers: dict[str, Part] = field(default_factory=lambda: defaultdict(Part))
    uses: dict[str, int] = field(default_factory=lambda: defaultdict(int))
    counters: dict[str, Counter] = field(default_factory=lambda: defaultdict(Counter))

    def take(self, basket: _Basket) -> None:
        """Price one receipt, and add up what the tried offers changed."""
        self.receipts += 1
        if not basket.lines:
            return
        facts = Facts(
            lines=basket.lines,
            at=basket.at,
            shopper=basket.shopper,
            coupons=self.starts.coupons,
            claims=self.starts.claims,
            confirmed=self.starts.confirmed,
            used=used_so_far(self.counters, self.told, self.limited, basket.customer_id, basket.day, basket.shopper),
            store=basket.store,
            sale_id=str(basket.id),
            policy=self.policy,
        )
        if not is_open(facts, self.told):
            return
        after = price(facts, self.beside, hints=False)
        given = [each for each in after.applied if each.offer in self.codes]
        self._count(after, basket)
        if not given:
            return
        before = price(facts, self.without, hints=False)
        cost = before.total_minor - after.total_minor
        self.before_minor += before.total_minor
        self.cost_minor += cost
        self.points += _points(after) - _points(before)
        for line in after.lines:
            if line.added_by in self.codes:
                self.gifts += line.quantity_milli // 1000
                self.gifts_minor += self.prices.get(line.product, 0) * line.quantity_milli // 1000
        if basket.customer_id:
            self.members.add(basket.customer_id)
        for part in (self.days[basket.day], self.stores[basket.store]):
            part.baskets += 1
            part.cost_minor += cost
        for each in given:
            self.uses[each.offer] += each.times
            self.offers[each.offer].baskets += 1
            self.offers[each.offer].cost_minor += each.amount_minor

    def _count(self, after: Priced, basket: _Basket) -> None:
        for each in after.applied:
            if each.offer in self.limited:
                counter = self.counters[each.offer]
                counter.uses += each.times
                counter.given += each.amount_minor
                counter.days[basket.day] += each.times
                if basket.customer_id:
                    mine = counter.members[basket.customer_id]
                    limits = self.told.by_code[each.offer].limits
                    if limits is None or not limits.whole_day or basket.day not in mine:
                        mine += [basket.day] * each.times
                    month = (basket.customer_id, basket.day.year, basket.day.month)
                    counter.months[month] += each.amount_minor

    def outcome(self) -> Forecast:
        """The sums."""
        return Forecast(
            receipts=self.receipts,
            baskets=sum(part.baskets for part in self.days.values()),
            members=len(self.members),
            before_minor=self.before_minor,
            cost_minor=self.cost_minor,
            points=self.points,
            days=dict(sorted(self.days.items())),
            stores=dict(sorted(self.stores.items(), key=lambda each: (-each[1].cost_minor, each[0]))),
            offers=dict(self.offers),
            uses=dict(self.uses),
            gifts=self.gifts,
            gifts_minor=self.gifts_minor,
        )


def _points(priced: Priced) -> int:
    return sum(each.points for each in priced.earned)


@dataclass(frozen=True, slots=True)
class _Wanted:
    """Which facts any offer asks for: what none asks for isn't read."""

    birthdays: bool
    numbers: bool
    levels: bool
    segments: list[str]


def _wanted(published: Iterable[Offer]) -> _Wanted:
    asked = [part for offer in published for _, part in parts(offer)]
    kinds, levels = {type(part) for part in asked}, any(isinstance(part, ClubIs) and part.levels for part in asked)
    named = {name for part in asked if isinstance(part, SegmentIs) for name in part.segments}
    return _Wanted(bool({BirthdayIs, CelebratesIs, AgeIs} & kinds), PurchaseNumberIs in kinds, levels, sorted(named))


# Reading: one pass over receipts in the order of time with a cursor of the server, products once.

_PRODUCTS = sa.text("""
    SELECT p.id, p.sku, g.name, d.name, b.name, p.kind, p.earns_points
      FROM products p
      LEFT JOIN product_groups g ON g.id = p.group_id
      LEFT JOIN departments d ON d.id = p.department_id
      LEFT JOIN brands b ON b.id = p.brand_id
""")
_OF_PERIOD = "r.sold_on BETWEEN :first AND :last AND (CAST(:store AS integer) IS NULL OR r.store_id = :store)"
# IS TRUE keeps the search from the index of periods, which for each receipt would find all who were members that day.
_RECEIPTS = """
    SELECT r.id, owner.id, s.code, r.sold_on, (r.sold_at AT TIME ZONE s.time_zone) AS at, held.clubs,
           {birthday} AS birthday, {children} AS children, {number} AS number, {segments} AS segments,
           sold.products, sold.quantities, sold.amounts, sold.rates
      FROM receipts r
      JOIN stores s ON s.id = r.store_id
      LEFT JOIN customers gone ON gone.id = r.customer_id AND gone.merged_into IS NOT NULL
      CROSS JOIN LATERAL (SELECT coalesce(gone.merged_into, r.customer_id) AS id) owner
      CROSS JOIN LATERAL (
        SELECT array_agg(l.product_id ORDER BY l.line_no) AS products,
               array_agg(l.quantity_milli ORDER BY l.line_no) AS quantities,
               array_agg(l.list_minor ORDER BY l.line_no) AS amounts,
               array_agg(l.vat_bp ORDER BY l.line_no) AS rates
          FROM receipt_lines l
         WHERE l.customer_id = r.customer_id AND l.receipt_id = r.id AND l.quantity_milli > 0
      ) sold
      LEFT JOIN LATERAL (
        SELECT jsonb_object_agg(c.code, jsonb_build_array(m.joined_on, {level})) AS clubs
          FROM memberships m
          JOIN clubs c ON c.id = m.club_id AND c.state = 'published'
         WHERE m.customer_id = owner.id AND owner.id <> 0
           AND EXISTS (
             SELECT FROM membership_periods p
              WHERE p.customer_id = m.customer_id AND p.membership_id = m.id AND (p.validity @> r.sold_on) IS TRUE
           )
      ) held ON true
     WHERE {period}
     ORDER BY r.sold_at, r.id
"""
_COUNT = f"SELECT count(*) FROM receipts r WHERE {_OF_PERIOD}"  # noqa: S608 - both parts are ours
_BIRTHDAY = "(SELECT c.birthday FROM customers c WHERE c.id = owner.id)"
_LEVEL = "(SELECT l.level FROM membership_levels l WHERE (l.customer_id, l.membership_id) = (m.customer_id, m.id))"
_SEGMENTS = """ARRAY(
    SELECT g.name FROM segment_customers i JOIN segments g ON g.id = i.segment_id AND g.state = 'active'
     WHERE i.customer_id = owner.id AND g.name = ANY(:segments))"""
_NUMBER = """
    CASE WHEN owner.id = 0 THEN 0 ELSE
      (SELECT count(*) FROM receipts e
        WHERE e.customer_id IN (SELECT c.id FROM customers c WHERE c.id = owner.id OR c.merged_into = owner.id)
          AND e.sold_at < r.sold_at) END
"""


def _count(period: Period) -> sa.TextClause:
    return sa.text(_COUNT).bindparams(**_bound(period))


def _bound(period: Period) -> dict[str, Any]:
    return {"first": period.first, "last": period.last, "store": period.store_id}


def _baskets(session: Session, period: Period, wanted: _Wanted) -> Iterator[_Basket]:
    goods = {row[0]: tuple(row[1:]) for row in session.execute(_PRODUCTS)}
    statement = _RECEIPTS.format(
        birthday=_BIRTHDAY if wanted.birthdays else "NULL::date",
        children=CHILDREN.format(who="owner.id") if wanted.birthdays else "NULL::date[]",
        number=_NUMBER if wanted.numbers else "0",
        segments=_SEGMENTS if wanted.segments else "NULL::text[]",
        level=_LEVEL if wanted.levels else "NULL",
        period=_OF_PERIOD,
    )
    bound = _bound(period) | ({"segments": wanted.segments} if wanted.segments else {})
    streamed = {"stream_results": True, "yield_per": PORTION}
    rows = session.connection().execute(sa.text(statement), bound, execution_options=streamed)
    for receipt_id, customer_id, store, day, at, clubs, birthday, children, number, lists, *sold in rows:
        shopper = None
        if customer_id:
            shopper = Shopper(
                id=str(customer_id),
                clubs=_members(clubs or {}),
                segments=frozenset(lists or ()),
                birthday_in=nearest_birthday(birthday, day) if birthday else None,
                born=birthday,
                children=tuple(children or ()),
                purchases=number,
            )
        lines = tuple(
            _line(str(index), goods[product], milli, minor, vat)
            for index, (product, milli, minor, vat) in enumerate(
                zip(*(each or () for each in sold), strict=True), start=1
            )
        )
        yield _Basket(receipt_id, customer_id, store, day, lines, at, shopper)


def _members(held: Mapping[str, tuple[str, str | None]]) -> dict[str, Member]:
    return {code: Member(level=level, joined_on=dt.date.fromisoformat(on)) for code, (on, level) in held.items()}


def _line(line_id: str, product: tuple[Any, ...], milli: int, minor: int, vat_bp: int) -> Line:
    sku, group, department, brand, kind, earns = product
    return Line(
        line_id, sku, milli, round_div(minor * 1000, milli, Rounding.HALF_UP), vat_bp, group, department, brand, kind,
        earns=earns,
    )  # fmt: skip
