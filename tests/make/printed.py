"""A club as its chain prints it, and cases of its life told as data, lived through the commands of tills and jobs.

A case is a list of steps, each of which says what is done, by whom and when, and what is seen, amounts in main units.
"""

import datetime as dt
import itertools
import json
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.kinds import ProductKind
from erp_club.catalogue.models import Brand, Product, ProductGroup
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.models import Membership
from erp_club.customers.models import Customer
from erp_club.customers.relatives.commands import add_relative
from erp_club.customers.relatives.kinds import RelativeKind
from erp_club.jobs.catalogue import JOBS
from erp_club.jobs.declared import Run
from erp_club.jobs.rewards import parameters_of
from erp_club.kernel.errors import Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.points.models import PointsAccount, PointsLot
from erp_club.programmes import commands
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.events.commands import tell_event
from erp_club.programmes.events.told import At, Happened, Of
from erp_club.programmes.welcoming.commands import Welcome, welcome
from erp_club.promotions.coupons.models import Coupon
from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.asked import Asked, Place, PointsPayment
from erp_club.purchases.commands import Sold, sell
from erp_club.purchases.pricing import price_basket
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.registering.commands import register_purchase
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.purchases.sale import CardClaim, Payment
from erp_club.purchases.settled import Order
from erp_club.receipts.kinds import Means
from erp_club.stored_value.models import ValueCard
from erp_club.stored_value.numbers import CardKey
from tests.make.clubs import a_customer, a_membership
from tests.make.purchases import Till, a_place, a_product, a_till, another_till, sells_in_the_web
from tests.make.stored_value import a_kind

Step = Mapping[str, Any]
HERE = Path(__file__).parents[1] / "programmes" / "printed"
_numbers = itertools.count(1)


def printed() -> list[dict[str, Any]]:
    """The clubs, each a file: its rules as they are printed, its document, its goods, and its cases."""
    return [json.loads(path.read_text(encoding="utf-8")) for path in sorted(HERE.glob("*.json"))]


def document(club: Mapping[str, Any], **said: Any) -> Programme:
    """The club's programme."""
    return Programme.model_validate(club["document"] | said)


class Shop:
    """A chain with that club and its goods."""

    def __init__(self, session: Session, club: Mapping[str, Any]) -> None:
        self.session, self.till = session, a_till(session, role=Role.MANAGER)
        self.tills: dict[str, Till] = {"374": self.till}
        self.persons: dict[str, int] = {}
        self.receipts: dict[str, Sold] = {}
        self.groups: dict[tuple[Any, str], int] = {}
        a_kind(session, has_pin=False, least_minor=1, most_minor=10_000_00)
        start = dt.datetime(2025, 1, 1, 8, tzinfo=dt.UTC)
        since = {"effective_from": "2025-01-01"} | club["document"].get("switch", {})
        programme = document(club, currency="ILS", switch=since)
        self.code = programme.code
        for sku, said in club["goods"].items():
            self._goods(sku, **said)
        how: dict[str, Any] = {"currency": "ILS", "language": "en", "today": start.date(), "now": start, "by": SYSTEM}
        self.club_id = commands.load_programme(session, programme, publish=True, **how).club_id

    def _goods(self, sku: str, price: float, *, kind: str = "goods", **named: str) -> None:
        a_product(self.session, sku, price_minor=_minor(price), kind=ProductKind(kind), earns=kind == "goods")
        for name, table in (("group", ProductGroup), ("brand", Brand)):
            if name in named:
                row = sa.update(Product).where(Product.sku == sku)
                self.session.execute(row.values({f"{name}_id": self._named(table, named[name])}))

    def _named(self, table: Any, name: str) -> int:
        if (table, name) not in self.groups:
            row = table(name=name)
            self.session.add(row)
            self.session.flush()
            self.groups[table, name] = row.id
        return self.groups[table, name]

    def live(self, steps: list[Step]) -> None:
        """Do each step, and look whether what is seen is what was reckoned by hand."""
        for number, step in enumerate(steps):
            verb = next(iter(step))
            seen = getattr(self, f"_{verb}")(step)
            expected = {name: step[name] for name in seen if name in step}
            found = {name: seen[name] for name in expected}
            assert found == expected, f"step {number}: {step}: {found}"

    # what is done

    def _join(self, step: Step) -> dict[str, Any]:
        on = dt.date.fromisoformat(step["on"])
        customer = a_customer(self.session, f"N{next(_numbers)}", given_name=step["join"])
        if "born" in step:
            row = self.session.get_one(Customer, customer)
            row.birthday = dt.date.fromisoformat(step["born"])
            self.session.flush()
        a_membership(self.session, customer, self.club_id, joined_on=on)
        welcome(self.session, customer, Welcome(on, dt.datetime.combine(on, dt.time(8), dt.UTC), SYSTEM))
        self.persons[step["join"]] = customer
        return {}

    def _child(self, step: Step) -> dict[str, Any]:
        """Somebody tells of a child."""
        on = dt.date.fromisoformat(step["on"])
        born, now = dt.date.fromisoformat(step["born"]), dt.datetime.combine(on, dt.time(8), dt.UTC)
        how: dict[str, Any] = {"kind": RelativeKind.CHILD, "name": step["called"], "birthday": born}
        add_relative(self.session, self.persons[step["child"]], today=on, now=now, by=SYSTEM, **how)
        return {}

    def _share(self, step: Step) -> dict[str, Any]:
        """The first one's account is the others' as well."""
        main, *others = (self.persons[name] for name in step["share"])
        account = self.session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == main)).one()
        self.session.execute(
            sa.update(Membership)
            .where(Membership.customer_id.in_(others))
            .values(points_holder_id=main, points_account_id=account)
        )
        return {}

    def _sell(self, step: Step) -> dict[str, Any]:
        if not step.get("refused"):
            return self._sold(step)
        with pytest.raises(Refused), self.session.begin_nested():
            self._sold(step)
        return {}

    def _sold(self, step: Step) -> dict[str, Any]:
        who = self.persons.get(step["sell"])
        place = self._place(step)
        lines = tuple((sku, round(quantity * 1000)) for sku, quantity in step["of"].items())
        by: Mapping[str, float | None] = step.get("by", {"card": None})
        asked = Asked(
            lines=lines,
            buyer=Buyer(customer_id=who) if who else Buyer(),
            coupons=tuple(self._codes(who, place, step["coupons"])) if "coupons" in step and who else (),
            claims=tuple(Claim(f"{self.code}.{code}") for code in step.get("benefits", ())),
            confirmed=frozenset(step.get("confirm", ())),
            means=tuple(by),
            points=(PointsPayment(step["points"], self.code),) if "points" in step else (),
        )
        total = price_basket(self.session, asked, place).priced.total_minor
        left = total - sum(_minor(amount) for amount in by.values() if amount is not None)
        amounts = {means: left if amount is None else _minor(amount) for means, amount in by.items()}
        cards = amounts.pop("stored_value", 0)
        payments = tuple(_payment(means, minor) for means, minor in amounts.items() if minor)
        told = replace(asked, paid=tuple((each.name, each.amount_minor) for each in payments))
        claims = self._cards(who, cards) if who and cards else ()
        order = Order(f"R{next(_numbers)}", told if len(by) > 1 else asked, payments, claims=claims)
        made = sell(self.session, order, place, currency="ILS")
        self.receipts[step.get("as", "last")] = made
        return {"total": total / 100, "earns": made.basket.points_by_club.get(self.code, 0)}

    def _back(self, step: Step) -> dict[str, Any]:
        sold = self.receipts[step["back"]]
        skus = [sku for each in sold.basket.priced.lines for sku in [each.product]]
        wanted = None
        if "of" in step:
            wanted = tuple((skus.index(sku) + 1, round(quantity * 1000)) for sku, quantity in step["of"].items())
        asked = AskedBack(Wish(wanted), f"B{next(_numbers)}")
        place = self._place(step)
        made = return_goods(self.session, sold.posted.receipt_id, asked, place, currency="ILS")
        back = abs(made.receipt.total_minor) - sum(each.deducted_minor for each in made.points)
        return {"takes": sum(each.due for each in made.points), "refunds": back / 100}

    def _register(self, step: Step) -> dict[str, Any]:
        """A purchase in which nobody was known, by its receipt."""
        sold = self.receipts[step["of"]]
        buyer = Buyer(customer_id=self.persons[step["register"]])
        made = register_purchase(self.session, sold.posted.receipt_id, buyer, self._place(step))
        return {"earns": sum(each.points for each in made.earned)}

    def _tell(self, step: Step) -> dict[str, Any]:
        local = dt.datetime.fromisoformat(f"{step['on']}T10:00:00")
        of = None
        if "of" in step:
            sold = self.receipts[step["of"]].sale
            receipt = self.receipts[step["of"]].posted.receipt_id
            of = Of(sold.customer_id, receipt, sold.sold_on, sum(each.amount_minor for each in sold.lines))
        happened = Happened(
            step["event"], self.persons[step["tell"]], step.get("about", ""), of,
            friend_id=self.persons.get(step.get("friend", "")),
        )  # fmt: skip
        made = tell_event(self.session, happened, At(local, local.replace(tzinfo=dt.UTC), SYSTEM))
        return {"gives": sum(each.points for each in made.gave)}

    def _settle(self, step: Step) -> dict[str, Any]:
        """The job for a period that ends on a day, given on the day after."""
        last = dt.date.fromisoformat(step["to"])
        self._run("period-rewards", last + dt.timedelta(days=1), parameters_of(self.club_id, step["settle"], last))
        return {}

    def _night(self, step: Step) -> dict[str, Any]:
        """What is done in the night before a day, but for periods."""
        for name in ("birthdays", "gifts-give", "points-expire", "levels"):
            self._run(name, dt.date.fromisoformat(step["night"]), {})
        return {}

    def _look(self, step: Step) -> dict[str, Any]:
        """What a member has on a day."""
        who = self.persons[step["look"]]
        held = sa.select(Membership.points_holder_id, Membership.points_account_id)
        holder, account = self.session.execute(held.where(Membership.customer_id == who)).one()
        on = dt.date.fromisoformat(step["on"]) if "on" in step else dt.date.max
        lots = sa.select(PointsLot.available_on, PointsLot.last_day, PointsLot.remaining)
        rows = self.session.execute(lots.where(PointsLot.account_id == account, PointsLot.remaining > 0)).all()
        level = sa.select(MembershipLevel.level).where(MembershipLevel.customer_id == who)
        seen: dict[str, Any] = {
            "points": self.session.scalar(sa.select(PointsAccount.balance).where(PointsAccount.id == account)),
            "usable": sum(left for first, last, left in rows if (first or on) <= on <= (last or dt.date.max)),
            "expires": {str(last): left for last, left in sorted(_by_last(rows).items())},
            "level": self.session.scalar(level),
            "cards": [minor / 100 for minor in self.session.scalars(
                sa.select(ValueCard.balance_minor).where(ValueCard.customer_id == holder).order_by(ValueCard.id))],
            "coupons": sorted(str(last) for last in self.session.scalars(
                sa.select(Coupon.last_day).where(Coupon.customer_id == holder, Coupon.used == 0))),
        }  # fmt: skip
        return seen

    # by what means

    def _run(self, name: str, on: dt.date, parameters: dict[str, Any]) -> None:
        now, cursor = dt.datetime.combine(on, dt.time(4), dt.UTC), None
        run = Run(next(_numbers), name, on, parameters, SYSTEM, now)
        while True:
            cursor = JOBS[name].batch(self.session, run, cursor).after
            if cursor is None:
                return

    def _place(self, step: Step) -> Place:
        till = self._till(step.get("store", "374"))
        place = a_place(self.session, till)
        clock = dt.datetime.fromisoformat(f"{step['on']}T{step.get('at', '12:00')}:00")
        at = clock.replace(tzinfo=ZoneInfo(place.terminal.time_zone)).astimezone(dt.UTC)
        return replace(place, sold_at=at, now=at)

    def _till(self, store: str) -> Till:
        if store not in self.tills:
            self.tills[store] = another_till(self.session, store_code=store, username=f"u-{store}", role=Role.MANAGER)
            if store == "web":
                sells_in_the_web(self.session, self.tills[store])
        return self.tills[store]

    def _codes(self, who: int, place: Place, most: int) -> list[str]:
        """The codes of so many coupons that can be used, the first given first."""
        on = place.local.date()
        found = self.session.execute(
            sa.select(Coupon.code, Coupon.first_day, Coupon.last_day)
            .where(Coupon.customer_id == who, Coupon.used < Coupon.uses)
            .order_by(Coupon.id)
        )
        return [code for code, first, last in found if (first or on) <= on <= (last or on)][:most]

    def _cards(self, who: int, minor: int) -> tuple[CardClaim, ...]:
        """Gift cards of the member that pay so much, the oldest first."""
        found = sa.select(ValueCard.id, ValueCard.balance_minor).where(ValueCard.customer_id == who)
        made: list[CardClaim] = []
        for card, balance in self.session.execute(found.order_by(ValueCard.id)):
            part = min(balance, minor)
            minor -= part
            made += [CardClaim(CardKey(who, card), part)] if part else []
        return tuple(made)


def _by_last(rows: Any) -> dict[Any, int]:
    made: dict[Any, int] = {}
    for _, last, left in rows:
        if last is not None:
            made[last] = made.get(last, 0) + left
    return made


def _minor(amount: float | None) -> int:
    return round((amount or 0) * 100)


def _payment(means: str, minor: int) -> Payment:
    own = means not in {each.value for each in Means}
    return Payment(Means.CARD if own else Means(means), minor, called=means if own else "")
