# REQ M-02 M-03 M-09 P-01 P-05 P-06 P-09 P-15 P-16 P-17 B-02: eight more clubs as their chains print them, by hand first
import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Product, ProductGroup
from erp_club.clubs.models import Membership
from erp_club.clubs.periods import Span
from erp_club.permissions.actors import SYSTEM
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.programmes.engine import occasions
from erp_club.programmes.engine.climb import standing
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.events import may_register
from erp_club.programmes.engine.facts import MemberFacts, Moved
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import (
    Applicant,
    Person,
    first_term,
    joining_fee,
    may_not_join,
    may_not_share,
    refund_minor,
    renewal_fee,
    upgrade_fee,
)
from erp_club.programmes.engine.settle import withhold
from erp_club.programmes.overrides.commands import give_level
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon, CouponBatch
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Asked
from erp_club.purchases.facts import gather
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import NOBODY, Buyer
from erp_club.purchases.redeeming import redeemable
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from tests.make.coupons import a_batch
from tests.make.programmes import a_programme, bought, day, purchase
from tests.make.purchases import a_place
from tests.make.stored_value import a_kind
from tests.programmes.test_clubs_act import share
from tests.programmes.test_conversions import noon
from tests.programmes.test_invented_clubs import Trade
from tests.programmes.test_standings import night

CLUBS: dict[str, Any] = json.loads(Path(__file__).with_name("eight_clubs.json").read_text(encoding="utf-8"))
ACTED = {"joins", "buys", "settles", "pays", "redeems"}


def cases(*, acted: bool) -> list[Any]:
    """Those that act at a till, or those that ask the rules alone."""
    return [
        pytest.param(name, case["steps"], id=f"{name}: {case['why']}")
        for name, club in CLUBS.items()
        for case in club["cases"]
        if any(step[0] in ACTED for step in case["steps"]) is acted
    ]


class Printed(Trade):
    """One of the clubs in a chain that has its goods, and what its cases do there."""

    def __init__(self, session: Session, name: str) -> None:
        self.persons: dict[str, int] = {"": 0}
        self.sold: dict[str, list[int]] = {}
        super().__init__(session, **CLUBS[name]["document"])
        for sku, group, minor, *kind in CLUBS[name]["goods"]:
            self.stock(sku, group, minor, *(ProductKind(each) for each in kind))

    def stock(self, sku: str, group: str | None, minor: int, *kind: ProductKind) -> None:
        if self.session.scalar(sa.select(Product.id).where(Product.sku == sku)) is not None:
            return
        known = sa.select(ProductGroup.id).where(ProductGroup.name == group).scalar_subquery()
        if group is None or self.session.scalar(sa.select(known)) is None:
            self.goods(sku, group, minor, **({"kind": kind[0], "earns": False} if kind else {}))
        else:
            self.goods(sku, None, minor)
            self.session.execute(sa.update(Product).where(Product.sku == sku).values(group_id=known))


class Steps:
    """What the steps of a case do, and what they expect."""

    def __init__(self, club: Printed) -> None:
        self.club, self.session = club, club.session

    def do(self, verb: str, *args: Any) -> None:
        getattr(self, verb.replace(" ", "_"))(*args)

    def who(self, name: str) -> int:
        return self.club.persons[name]

    def joins(self, name: str, on: str) -> None:
        self.club.persons[name] = self.club.member(on)
        welcome(self.session, self.club.persons[name], Welcome(day(on), noon(on), SYSTEM))

    def shares(self, main: str, *others: str) -> None:
        share(self.session, self.who(main), *map(self.who, others))

    def buys(self, name: str, minor: int, on: str, how: dict[str, Any] | None = None) -> None:
        said = dict(how or {})
        minor -= said.pop("off", 0)
        made = self.club.buys(self.who(name), minor, on, **said)
        self.club.sold.setdefault(name, []).append(made.posted.receipt_id)

    def brings_back(self, name: str, which: int, on: str) -> None:
        place = a_place(self.session, self.club.till, now=noon(on))
        back = AskedBack(Wish(), f"BACK-{on}")
        return_goods(self.session, self.club.sold[name][which], back, place, currency="ILS")

    def settles(self, rule: str, last: str) -> None:
        self.club.settles(rule, last)

    def level_by_hand(self, name: str, level: str, on: str) -> None:
        held = self.session.scalars(sa.select(Membership.id).where(Membership.customer_id == self.who(name))).one()
        how: dict[str, Any] = {"today": day(on), "now": noon(on), "by": SYSTEM}
        give_level(self.session, held, level=level, until=None, reason="Bought", **how)

    def balance(self, name: str, points: int) -> None:
        assert self.club.balance(self.who(name)) == points

    def level(self, name: str, on: str, level: str) -> None:
        night(self.session, on)
        assert self.club.level(self.who(name)) == level, on

    def lots(self, name: str, days: list[str]) -> None:
        account = (PointsAccount.customer_id == PointsLot.customer_id) & (PointsAccount.id == PointsLot.account_id)
        last = sa.func.coalesce(PointsLot.last_day, PointsAccount.idle_last_day)
        rows = sa.select(last).join(PointsAccount, account).where(PointsLot.customer_id == self.who(name)).distinct()
        assert sorted(map(str, self.session.scalars(rows))) == days

    def coupons(self, name: str, given: list[list[str]]) -> None:
        rows = (
            sa.select(CouponBatch.code, Coupon.last_day)
            .join(CouponBatch, CouponBatch.id == Coupon.batch_id)
            .where(Coupon.customer_id == self.who(name))
            .order_by(Coupon.id)
        )
        assert [[code, str(last)] for code, last in self.session.execute(rows)] == given

    def cards(self, name: str, minor: list[int]) -> None:
        assert self.club.cards(self.who(name)) == minor

    def gave(self, name: str, rule: str, values: list[int]) -> None:
        assert [each.value for each in self.club.given(self.who(name)) if each.rule == rule] == values

    def kept_for_the_fee(self, name: str, minor: list[int]) -> None:
        assert [each.to_fee_minor for each in self.club.given(self.who(name))] == minor

    def pays(
        self, name: str, basket: dict[str, Any], on: str, minor: int, how: dict[str, list[str]] | None = None
    ) -> None:
        """The till asks so much, with every coupon that the customer holds."""
        priced = price_basket(self.session, self.asked(name, basket, how or {}), self.place(on)).priced
        assert priced.total_minor == minor

    def redeems(self, name: str, basket: dict[str, Any], on: str, points: int) -> None:
        asked = replace(self.asked(name, basket, {}), coupons=())
        found = redeemable(gather(self.session, asked, self.place(on)))
        assert [each.most_points for each in found] == [points]

    def place(self, on: str) -> Any:
        return a_place(self.session, self.club.till, now=noon(on))

    def asked(self, name: str, basket: dict[str, Any], how: dict[str, list[str]]) -> Asked:
        lines: list[tuple[str, int]] = []
        for sku, said in basket.items():
            minor, milli = said if isinstance(said, list) else (said, 1000)
            self.club.stock(sku, None, minor)
            lines.append((sku, milli))
        held = sa.select(Coupon.code).where(Coupon.customer_id == self.who(name), Coupon.customer_id > 0)
        return Asked(
            lines=tuple(lines),
            buyer=Buyer(customer_id=self.who(name)) if name else NOBODY,
            coupons=tuple(self.session.scalars(held)),
            claims=tuple(Claim(each) for each in how.get("claims", ())),
        )


class Asks:
    """What a programme says by itself."""

    def __init__(self, programme: Programme) -> None:
        self.programme = programme

    def do(self, verb: str, *args: Any) -> None:
        getattr(self, verb.replace(" ", "_"))(*args)

    def joining_fee(self, sale_minor: int, due: int, now: int | None = None) -> None:
        fee = joining_fee(self.programme.fees, sale_minor=sale_minor)
        assert (fee.due_minor, fee.now_minor) == (due, due if now is None else now)

    def renewal_fee(self, term_minor: int, due: int) -> None:
        assert renewal_fee(self.programme.fees, term_minor).due_minor == due

    def upgrade_fee(self, level: str, joined: str, on: str, due: int) -> None:
        assert upgrade_fee(self.programme, None, level, first_term(self.programme, day(joined)), day(on)) == due

    def refund(self, paid: int, joined: str, on: str, back: int) -> None:
        term = first_term(self.programme, day(joined))
        assert refund_minor(self.programme.fees, paid, term, day(on), paid_on=day(joined)) == back

    def withholds(self, owed: int, value: int, parts: list[int]) -> None:
        made = withhold(owed, value)
        assert [made.to_fee_minor, made.to_member_minor] == parts

    def may_join(self, who: dict[str, Any], hinders: list[str]) -> None:
        known = frozenset(who.pop("known", ()))
        assert list(may_not_join(self.programme, Applicant(**who, known=known), on=day("2026-02-01"))) == hinders

    def may_share(self, who: dict[str, Any], hinders: list[str]) -> None:
        household = self.programme.household
        assert household is not None
        main = Person("main", "The village", 40)
        others = tuple(Person(str(number), "The village", 40) for number in range(1, who["persons"]))
        new = Person("new", who.get("address", "The village"), who.get("age", 40))
        assert list(may_not_share(household, main, (main, *others), new)) == hinders

    def registers(self, sold: str, on: str, this_month: int, why: str | None) -> None:
        assert may_register(self.programme, sold_on=day(sold), on=day(on), this_month=this_month) == why

    def granted(self, code: str, who: dict[str, str], on: str, days: list[str] | str) -> None:
        rule = next(each for each in self.programme.occasions if each.code == code)
        celebrant = occasions.Celebrant(day(who["joined"]), day(who["date"]), day(who["known"]))
        made = occasions.granted(rule, celebrant, day(on))
        assert made.span == Span(day(days[0]), day(days[1])) if isinstance(days, list) else made.why == days

    def earns(self, lines: list[list[Any]], how: dict[str, Any], points: int) -> None:
        made = [bought(minor / 100, id=f"l{i}", **(said[0] if said else {})) for i, (minor, *said) in enumerate(lines)]
        by = {means: minor / 100 for means, minor in how.get("by", {}).items()}
        member = MemberFacts(points_today=how.get("today", {}))
        assert earn(self.programme, purchase(*made, on=how.get("on", "2026-06-23"), by=by), member).points == points

    def standing(self, moved: list[list[Any]], joined: str, levels: dict[str, str]) -> None:
        assert self.programme.levels is not None
        counted = [Moved(day(on), value) for on, value in moved]
        for on, level in levels.items():
            assert standing(self.programme.levels, counted, day(on), joined_on=day(joined)).level == level, on


@pytest.mark.parametrize(("name", "steps"), cases(acted=True))
def test_a_printed_rule_comes_out_at_the_till(session: Session, name: str, steps: list[list[Any]]):
    a_kind(session, has_pin=False, least_minor=1_00, most_minor=100_000_00)
    if name == "toys":
        a_batch(session, "TWO-FOR-ONE", personal=True)
    club = Steps(Printed(session, name))
    for step in steps:
        club.do(*step)


@pytest.mark.parametrize(("name", "steps"), cases(acted=False))
def test_a_printed_rule_comes_out_by_itself(name: str, steps: list[list[Any]]):
    rules = Asks(a_programme(**CLUBS[name]["document"]))
    for step in steps:
        rules.do(*step)
