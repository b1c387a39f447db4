"""What is invented around the real purchases: clubs, who joined when, where the stores are, who works there.

The rules, so that everybody can tell what the demo should show; n is the number in a customer's number (C000011: 11):

- FAMILY (for life): all but those whose n divides by 5; joined on 1 January 2016 plus n × 37 mod 600 days.
- GOLD (12 months): every third; joined on 1 March 2016 plus n × 53 mod 540 days.
- GREEN (24 months): those with n mod 4 = 1; joined on 1 June 2016 plus n × 29 mod 420 days.
- A membership with a term is renewed n mod 7 times in GOLD and n mod 5 times in GREEN; where that would be 3 times or
  more, again and again until today. It is paid ten days before the end, or twenty days after it where n divides by 11.
- GOLD buys at a price list of its own, `GOLD_PRICES`: a tenth off two groups, and fixed prices of what sells most.
- `LEAFLETS` coupons of the leaflet and `VOUCHERS` vouchers, whose rest is used next time, lie ready to be printed; each
  customer whose n divides by `BIRTHDAY_EVERY` holds a birthday coupon.
- Stores by the number of their receipts take one of `CITIES` each in turn, then again with the next of `QUARTERS`.
"""

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from erp_club.clubs.kinds import TermKind
from erp_club.clubs.periods import Span, first_period, next_period
from erp_club.clubs.setup.settings import ClubSettings
from erp_club.permissions.catalog import Role
from erp_club.pricelists.settings import PriceListSettings
from erp_club.promotions.coupons.batches.settings import BatchSettings

CHAIN = {
    "name": "Carmel Market",
    "currency": "ILS",
    "country": "IL",
    "language": "en",
    "time_zone": "Asia/Jerusalem",
}
FAITHFUL = 3
"""Who renews so many times renews always."""
PASSWORD, PIN = "demo-club", "2580"
STAFF = (
    ("hq", "Noa Ben-David", Role.HQ),
    ("manager", "Daniel Cohen", Role.MANAGER),
    ("cashier", "Michal Levy", Role.CASHIER),
)


@dataclass(frozen=True, slots=True)
class DemoClub:
    """A club, how it is drawn, and who is in it: those with n mod `of` in `those`; `first_day` and `step` date them."""

    settings: ClubSettings
    tone: str
    of: int
    those: frozenset[int]
    first_day: dt.date
    step: int
    within_days: int
    renewals_of: int = 1

    def joined_on(self, n: int) -> dt.date | None:
        """The day on which customer n joined, None for those who didn't."""
        if n % self.of not in self.those:
            return None
        return self.first_day + dt.timedelta(days=n * self.step % self.within_days)


CLUBS = (
    DemoClub(
        ClubSettings(
            code="FAMILY",
            names={"en": "Family Club", "he": "מועדון המשפחה", "fi": "Perheklubi", "sv": "Familjeklubben"},
            earn_points=1,
            earn_per_minor=100,
            worth_points=100,
            worth_minor=100,
            term_kind=TermKind.LIFETIME,
        ),
        tone="teal",
        of=5,
        those=frozenset({1, 2, 3, 4}),
        first_day=dt.date(2016, 1, 1),
        step=37,
        within_days=600,
    ),
    DemoClub(
        ClubSettings(
            code="GOLD",
            names={"en": "Gold Club", "he": "מועדון הזהב", "fi": "Kultaklubi", "sv": "Guldklubben"},
            earn_points=2,
            earn_per_minor=100,
            worth_points=100,
            worth_minor=200,
            term_kind=TermKind.MONTHS,
            term_months=12,
        ),
        tone="gold",
        of=3,
        those=frozenset({0}),
        first_day=dt.date(2016, 3, 1),
        step=53,
        within_days=540,
        renewals_of=7,
    ),
    DemoClub(
        ClubSettings(
            code="GREEN",
            names={"en": "Green Club", "he": "המועדון הירוק", "fi": "Vihreä klubi", "sv": "Gröna klubben"},
            earn_points=1,
            earn_per_minor=1000,
            worth_points=10,
            worth_minor=250,
            term_kind=TermKind.MONTHS,
            term_months=24,
        ),
        tone="green",
        of=4,
        those=frozenset({1}),
        first_day=dt.date(2016, 6, 1),
        step=29,
        within_days=420,
        renewals_of=5,
    ),
)

GOLD_PRICES = PriceListSettings(
    code="GOLD-PRICES",
    names={
        "en": "Gold Club prices",
        "he": "מחירי מועדון הזהב",
        "fi": "Kultaklubin hinnat",
        "sv": "Guldklubbens priser",
    },
)
GOLD_GROUPS = {"CHEESE": 1000, "YOGURT": 1000}
"""Group to the share off its regular prices, in hundredths of a percent."""
GOLD_PRODUCTS = {"1082185": 89, "1029743": 2_39, "981760": 99}
"""SKU to price: bananas, a gallon of milk, a dozen eggs."""

LEAFLET = BatchSettings(
    code="LEAFLET",
    names={"en": "Leaflet coupon", "he": "קופון מהעלון", "fi": "Lehtisen kuponki", "sv": "Kupong ur reklambladet"},
    prefix="TAKE",
)
BIRTHDAY = BatchSettings(
    code="BIRTHDAY",
    names={"en": "Birthday coupon", "he": "קופון יום הולדת", "fi": "Syntymäpäiväkuponki", "sv": "Födelsedagskupong"},
    personal=True,
)
VOUCHER = BatchSettings(
    code="VOUCHER",
    names={"en": "Voucher of 20.00", "he": "שובר 20 ש״ח", "fi": "20 sekelin arvokuponki", "sv": "Värdebevis 20 sekel"},
    uses=10,
    worth_minor=20_00,
)
LEAFLETS, VOUCHERS = 480, 24
BIRTHDAY_EVERY = 10
"""One in so many customers holds a birthday coupon: those whose n divides by it."""
COUPON_OFFERS = (
    {
        "code": "LEAFLET-2",
        "names": {"en": "2.00 off from 10.00", "he": "2 ש״ח הנחה מ־10 ש״ח", "fi": "2,00 alennus yli 10,00 ostoksesta",
                  "sv": "2,00 rabatt från 10,00"},
        "rewards": [{"kind": "amount", "value_minor": 2_00}],
        "when": {"amount_minor": 10_00},
        "activation": {"by": "coupon", "batch": "LEAFLET"},
        "combination": {"mode": "stackable", "stage": "code"},
    },
    {
        "code": "BIRTHDAY-10",
        "names": {"en": "10 % off for your birthday", "he": "10% הנחה ליום ההולדת", "fi": "10 % syntymäpäiväalennus",
                  "sv": "10 % på födelsedagen"},
        "rewards": [{"kind": "percent", "value_bp": 1000}],
        "activation": {"by": "coupon", "batch": "BIRTHDAY"},
        "combination": {"mode": "stackable", "stage": "code"},
    },
    {
        "code": "VOUCHER-20",
        "names": {"en": "Voucher", "he": "שובר", "fi": "Arvokuponki", "sv": "Värdebevis"},
        "rewards": [{"kind": "amount", "value_minor": 20_00}],
        "activation": {"by": "coupon", "batch": "VOUCHER"},
        "combination": {"mode": "stackable", "stage": "code"},
    },
)  # fmt: skip

CITIES = (
    "Haifa", "Tel Aviv", "Jerusalem", "Rishon LeZion", "Petah Tikva", "Ashdod", "Netanya", "Beer Sheva", "Bnei Brak",
    "Holon", "Ramat Gan", "Ashkelon", "Rehovot", "Bat Yam", "Beit Shemesh", "Kfar Saba", "Herzliya", "Hadera", "Modiin",
    "Nazareth", "Lod", "Ramla", "Raanana", "Rosh HaAyin", "Hod HaSharon", "Givatayim", "Kiryat Gat", "Nahariya",
    "Afula", "Eilat", "Acre", "Karmiel", "Tiberias", "Safed", "Dimona", "Yavne", "Zichron Yaakov",
)  # fmt: skip
QUARTERS = (
    "Central", "Harbour", "Station", "Market Street", "Garden City", "North", "South", "East", "West", "Park",
    "University", "Old Town", "Hillside",
)  # fmt: skip


def number_of(customer: str) -> int:
    """The n of a customer's number: C000011 is 11."""
    return int(customer.removeprefix("C"))


def store_place(rank: int) -> tuple[str, str]:
    """City and name of the store with the `rank`-th most receipts, from 0."""
    city = CITIES[rank % len(CITIES)]
    quarter = rank // len(CITIES)
    return city, f"{city} {QUARTERS[quarter]}" if quarter < len(QUARTERS) else f"{city} {quarter + 1}"


def renewals(club: DemoClub, n: int, joined_on: dt.date, *, today: dt.date) -> Iterator[tuple[Span, dt.date]]:
    """The periods after the first, each with the day on which it was paid; none of that lies after `today`."""
    months = club.settings.term_months
    if months is None:
        return
    paid = [first_period(joined_on, months)]
    times = n % club.renewals_of
    while times >= FAITHFUL or len(paid) <= times:
        last = paid[-1].last
        assert last is not None
        day = last + dt.timedelta(days=20 if n % 11 == 0 else -10)
        if day > today:
            return
        paid.append(next_period(paid, months, today=day))
        yield paid[-1], day


def joining(numbers: Sequence[str]) -> Iterator[list[str]]:
    """For each customer's number the dates of joining, one for each club, empty for none."""
    for number in numbers:
        dates = (club.joined_on(number_of(number)) for club in CLUBS)
        yield [day.isoformat() if day else "" for day in dates]
