# REQ T-03: why our price is another than that of a till that was offline
import datetime as dt

from erp_club.promotions.engine.facts import Claim
from erp_club.purchases.priced import PricedBasket
from erp_club.purchases.uploads.checking import OfflineLine, OfflineSale, price_faults
from erp_club.purchases.uploads.kinds import Cause
from tests.make.pricing import AT, a_line, a_shopper, an_offer, priced

SOLD = OfflineSale(
    "O-1", AT.replace(tzinfo=dt.UTC), (OfflineLine("coffee", 1000, 5_00),), (), {}, claims=(Claim("POINTS"),)
)


def a_basket(points: int) -> PricedBasket:
    """A coffee with an offer that costs 50 points, chosen by a member who has so many."""
    offer = an_offer("POINTS", {"kind": "amount", "value_minor": 5_00}, activation={"by": "cashier", "points": 50})
    told = priced([a_line()], offer, shopper=a_shopper(points=points), claims=(Claim("POINTS"),))
    return PricedBasket(7, told, products={}, offers={}, accounts={})


def test_points_that_were_not_there_are_told_with_how_many_were_missing() -> None:
    [fault] = price_faults(a_basket(20), 10_00, SOLD)
    assert fault.cause is Cause.POINTS_TOO_FEW
    assert fault.facts == {"offer": "POINTS", "missing": 30, "ours_minor": 10_00, "theirs_minor": 5_00}


def test_another_price_that_nothing_explains_is_just_another_price() -> None:
    [fault] = price_faults(a_basket(50), 5_00, SOLD)
    assert fault.cause is Cause.PRICE
    assert [each.cause for each in price_faults(None, None, SOLD)] == [Cause.PRICE]
