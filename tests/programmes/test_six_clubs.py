# REQ M-02, M-09, M-11, P-01, P-02, P-05, P-08, P-15, P-16, P-17, B-01, B-02: six clubs as their chains print them
import datetime as dt
from typing import Any

import pytest

from erp_club.programmes.engine import occasions, settle
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.events import may_register
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.gifts import DiscountGiven
from erp_club.programmes.engine.measure import Lived, extra_part, total
from erp_club.programmes.engine.occasions import Celebrant, granted
from erp_club.programmes.engine.parts import Round
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.redeem import Purse, redeemable
from erp_club.programmes.engine.renew import (
    Person,
    first_term,
    joining_fee,
    may_not_share,
    no_longer_share,
    renewal_fee,
)
from erp_club.programmes.engine.rewards import Occasion, PeriodReward
from erp_club.programmes.engine.settle import PeriodFacts, withhold
from tests.make.programmes import bought, day, example, purchase

MEMBER = MemberFacts()
OCTOBER = (day("2026-10-01"), day("2026-10-31"))


def points(club: Programme, receipt: Purchase, member: MemberFacts = MEMBER) -> int:
    return earn(club, receipt, member).points


def reward(club: Programme, code: str) -> PeriodReward:
    return next(each for each in club.rewards if each.code == code)


def occasion(club: Programme, code: str) -> Occasion:
    return next(each for each in club.occasions if each.code == code)


def value(rule: PeriodReward, receipts: list[Purchase], days: tuple[dt.date, dt.date] = OCTOBER) -> int:
    past = [Lived(each) for each in receipts]
    facts = PeriodFacts(
        base=total(rule.base, past, *days),
        parts={extra.code: extra_part(extra, rule.base, past, *days) for extra in rule.extras},
        paid_on=total(rule.paid_on.measure, past, *days) if rule.paid_on else 0,
    )
    return settle.settle(rule, facts).value


class TestShoez:
    club = example("shoez")

    def test_the_fee_gives_one_year(self):  # shoez-1
        term = first_term(self.club, day("2026-01-10"))
        assert joining_fee(self.club.fees).due_minor == 3900
        assert term.holds(day("2026-12-31"))
        assert not term.holds(day("2027-01-12"))

    @pytest.mark.parametrize(
        ("bought_for", "fee"),
        [([300, 120, 80], 0), ([499.90], 3900), ([200], 3900)],
        ids=["shoez-2", "shoez-3", "shoez-4"],
    )
    def test_a_renewal_is_free_for_who_bought_for_500_in_the_term(self, bought_for: list[float], fee: int):
        waiver = self.club.fees.waiver
        assert waiver is not None
        term = first_term(self.club, day("2027-01-10"))
        assert term.last is not None
        before = Lived(purchase(700, on="2026-05-01"))
        past = [before, *(Lived(purchase(each, on="2027-05-01")) for each in bought_for)]
        spent = total(waiver.of, past, term.first, term.last)
        assert renewal_fee(self.club.fees, spent).due_minor == fee
        assert renewal_fee(self.club.fees, spent).missing_minor == max(0, 50_000 - spent)


class TestBagelCafe:
    club = example("bagel_cafe")
    anniversary = day("2010-06-14")

    def test_seven_percent_in_points(self):  # bagel-1
        assert points(self.club, purchase(300)) == 21

    def test_redemption_begins_at_30_points(self):  # bagel-2
        balance = points(self.club, purchase(400))
        assert balance == 28
        assert redeemable(self.club, purchase(100), MEMBER, Purse(balance)).why is Why.BALANCE_TOO_LOW
        balance += points(self.club, purchase(100))
        assert balance == 35
        assert redeemable(self.club, purchase(100), MEMBER, Purse(balance)).points == 35

    def test_at_most_200_points_a_visit(self):  # bagel-3
        assert redeemable(self.club, purchase(350), MEMBER, Purse(340)).points == 200
        assert redeemable(self.club, purchase(350), MEMBER, Purse(140, used_visit=200)).points == 0

    def pays(self, code: str, receipt: Purchase, who: Celebrant) -> float:
        rule = occasion(self.club, code)
        gives = rule.gives[0]
        assert isinstance(gives, DiscountGiven)
        off = 0
        if granted(rule, who, receipt.on).span is not None:
            off = occasions.discount(rule, gives, receipt, MEMBER, excluded=self.club.excluded).amount_minor
        return (receipt.total_minor - off) / 100

    def test_30_percent_once_in_the_anniversary_month_from_six_for_a_couple(self):  # bagel-4
        who = Celebrant(day("2026-01-01"), self.anniversary)
        two: dict[str, Any] = {"confirmed": frozenset({"COUPLE"})}
        first = purchase(260, on="2026-06-20", at="18:30", **two)
        assert self.pays("anniversary", first, who) == 182
        used = Celebrant(who.joined_on, who.date, used=frozenset({day("2026-06-01")}), used_this_year=1)
        assert self.pays("anniversary", purchase(260, on="2026-06-27", at="19:00", **two), used) == 260
        assert self.pays("anniversary", purchase(260, on="2026-06-20", at="17:45", **two), who) == 260
        assert self.pays("anniversary", purchase(260, on="2026-07-02", at="19:00", **two), who) == 260
        assert self.pays("anniversary", purchase(260, on="2026-06-20", at="18:30"), who) == 260

    def test_a_gift_for_the_next_visit_and_50_in_the_birthday_month(self):  # bagel-5
        joined = day("2026-03-05")
        gift = occasion(self.club, "joining-gift")
        assert joining_fee(self.club.fees).due_minor == 2000
        span = occasions.usable(gift.issue, joined)
        assert span.holds(day("2026-03-28"))
        assert not span.holds(day("2026-04-08"))
        gives = gift.gives[0]
        assert isinstance(gives, DiscountGiven)
        assert occasions.discount(gift, gives, purchase(90), MEMBER).amount_minor == 2000
        who = Celebrant(joined, day("1990-04-09"))
        assert self.pays("birthday", purchase(130, on="2026-04-20"), who) == 80
        catering = purchase(bought(1300, group="Catering"), on="2026-04-20")
        assert self.pays("birthday", catering, who) == 1300
        assert self.pays("birthday", purchase(130, on="2026-04-20", channel="web"), who) == 130


class TestOroOro:
    club = example("oro_oro")

    def order(self, items: float, delivery: float = 0, **said: Any) -> Purchase:
        lines = [bought(items, id="item")]
        if delivery:
            lines.append(bought(delivery, id="way", kind="delivery"))
        return purchase(*lines, channel="web", **said)

    def test_five_percent_of_items_without_delivery(self):  # oro-1
        assert points(self.club, self.order(200, 30, by={"card": 230})) == 10

    def test_nothing_on_the_part_paid_with_points(self):  # oro-2
        assert points(self.club, self.order(240, by={"points": 40, "bit": 200})) == 10

    def test_points_pay_items_and_not_the_way(self):  # oro-3
        used = redeemable(self.club, self.order(100, 25), MEMBER, Purse(120))
        assert (used.points, used.pays_minor) == (100, 10_000)
        paid = self.order(100, 25, by={"points": 100, "card": 25})
        assert points(self.club, paid) == 0

    def test_a_return_takes_the_points_back_and_other_means_earn_nothing(self):  # oro-4
        given = earn(self.club, self.order(200, by={"paypal": 200}), MEMBER)
        assert given.points - given.by_line["item"] == 0
        other = earn(self.club, self.order(200, by={"bank_transfer": 200}), MEMBER)
        assert (other.points, other.rules[0].why) == (0, Why.WRONG_MEANS)

    @pytest.mark.parametrize(("rounding", "expected"), [("half_up", (8, 8)), ("up", (9, 9)), ("down", (8, 8))])
    def test_rounding_is_a_setting(self, rounding: str, expected: tuple[int, int]):  # oro-5
        earning = self.club.earning.model_copy(update={"rounding": Round(rounding)})
        club = self.club.model_copy(update={"earning": earning})
        got = tuple(points(club, self.order(each, by={"bit": each})) for each in (161, 168))
        assert got == expected


class TestSGroup:
    club = example("s_group")
    bonus = reward(club, "bonus")

    def test_one_household_total_has_one_percent(self):  # s-1
        receipts = [purchase(each, on="2026-10-05") for each in (300, 140, 60)]
        assert value(self.bonus, receipts) == 1500

    def test_the_percent_reached_is_on_the_whole(self):  # s-2
        totals = [49, 50, 399, 400, 850, 900, 1500]
        assert [value(self.bonus, [purchase(each, on="2026-10-05")]) / 100 for each in totals] == [
            0, 0.5, 7.98, 10, 38.25, 45, 75,
        ]  # fmt: skip

    def test_a_campaign_counts_once_and_is_paid_twice(self):  # s-3
        receipts = [purchase(380, on="2026-10-05"), purchase(120, on="2026-10-06", store="DOUBLE")]
        assert value(self.bonus, receipts) == 1860

    def test_fuel_brings_as_many_cents_a_litre_as_the_percent_and_is_never_doubled(self):  # s-4
        fuel = [bought(35, id=f"f{i}", product="FUEL", quantity_milli=20_000) for i in (1, 2)]
        receipts = [
            purchase(500, on="2026-10-05"),
            purchase(fuel[0], on="2026-10-06"),
            purchase(fuel[1], on="2026-10-07", store="DOUBLE"),
        ]
        assert value(reward(self.club, "fuel"), receipts) == 120
        assert value(self.bonus, receipts) == 1500

    def test_contracts_and_invoices_count_for_nothing(self):
        receipts = [
            purchase(bought(500, price_list="CONTRACT"), on="2026-10-05"),
            purchase(500, on="2026-10-05", by={"invoice": 500}),
            purchase(50, on="2026-10-05"),
        ]
        assert value(self.bonus, receipts) == 50

    def test_the_share_is_paid_from_the_bonus_until_it_is_whole(self):  # s-5
        fee = joining_fee(self.club.fees)
        owed, paid = fee.due_minor - fee.now_minor, []
        for _ in range(6):
            split = withhold(owed, 1500)
            owed -= split.to_fee_minor
            paid.append((split.to_fee_minor, split.to_member_minor))
        assert paid == [(1500, 0)] * 5 + [(500, 1000)]
        assert owed == 0


class TestTeamSportia:
    club = example("team_sportia")
    bonus = reward(club, "bonus")

    def test_bicycles_earn_nothing(self):  # ts-1
        receipt = purchase(bought(2400, id="shoes"), bought(9000, id="bike", group="Bicycles"))
        assert points(self.club, receipt) == 2400
        assert settle.settle(self.bonus, PeriodFacts(2400)).value == 0

    def test_25_at_every_passed_2500_and_nothing_on_what_bonus_paid(self):  # ts-2
        got = settle.settle(self.bonus, PeriodFacts(points(self.club, purchase(5200))))
        assert (got.value, got.rest) == (5000, 200)
        assert points(self.club, purchase(20, by={"stored_value": 20})) == 0
        assert got.value - 2000 == 3000

    def test_a_receipt_is_registered_up_to_14_days_later(self):  # ts-3
        sold = day("2026-05-01")
        assert may_register(self.club, sold_on=sold, on=day("2026-05-15")) is None
        assert may_register(self.club, sold_on=sold, on=day("2026-05-16")) is Why.TOO_LATE

    @pytest.mark.parametrize(("at_year_end", "rest"), [("carry", 600), ("drop", 0)])
    def test_what_gave_no_bonus_is_carried_or_dropped_at_the_members_year(self, at_year_end: str, rest: int):  # ts-4
        rule = PeriodReward.model_validate(self.bonus.model_dump() | {"rest_at_year_end": at_year_end})
        got = settle.settle(rule, PeriodFacts(3100, year_ends=True))
        assert (got.value, got.rest) == (2500, rest)
        assert occasions.usable(rule.issue, day("2026-03-01")).last == day("2027-03-01")

    def test_five_persons_of_one_address(self):  # ts-5
        household = self.club.household
        assert household is not None
        main = Person("main", "Storgatan 1")
        five = (main, *(Person(f"p{i}", "Storgatan 1") for i in range(4)))
        assert may_not_share(household, main, five, Person("sixth", "Storgatan 1")) == ("household.most_persons",)
        moved = (*five[:4], Person("p3", "Kyrkogatan 2"))
        assert no_longer_share(household, main, moved) == ("p3",)
        assert household.year_of_main
        assert household.redeems == "all"


class TestWaterstones:
    club = example("waterstones")

    def test_stamps_by_receipt_amounts(self):  # wat-1
        got = [points(self.club, purchase(each)) / 2 for each in (4.99, 7.99, 10, 16.99, 34.50)]
        assert got == [0, 0.5, 1, 1, 3]

    def test_ten_stamps_become_ten_pounds_in_the_night(self):  # wat-2
        stamps = 19 + points(self.club, purchase(7))
        got = settle.settle(self.club.rewards[0], PeriodFacts(stamps))
        assert (stamps, got.value, got.rest, got.taken) == (20, 1000, 0, 20)

    def test_stamps_are_given_on_what_the_balance_did_not_pay(self):  # wat-3
        paid = [purchase(18, by={"stored_value": 10, "cash": 8}), purchase(28, by={"stored_value": 10, "cash": 18})]
        assert [points(self.club, each) / 2 for each in paid] == [0.5, 1]
