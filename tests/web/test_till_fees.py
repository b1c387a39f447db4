# REQ M-02 M-06 M-08: joining and renewing cost what the club's programme says, as lines of the sale, undone with them
import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.programmes.commands import load_programme
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.purchases.baskets.held.commands import free_left
from erp_club.purchases.fees.models import MembershipFee
from erp_club.segments.kinds import SegmentKind
from erp_club.segments.models import Segment, SegmentCustomer
from tests.make.clubs import NOW, a_club
from tests.make.customers import a_person
from tests.make.pricelists import a_list, an_entry
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_till import MILK, send

FEE = "JOIN"
DOCUMENT: dict[str, Any] = {
    "code": "PAID",
    "names": {"en": "Paid club"},
    "currency": "ILS",
    "term": {"kind": "months", "months": 12},
    "fees": {"joining_minor": 36_50, "joining_product": FEE, "renewal_minor": 20_00, "renewal_product": FEE},
    "earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 100}]},
}


@dataclass
class Sale:
    """A till of a manager's at which Yael, in no club yet, is buying ten milks for 64.30."""

    client: TestClient
    till: Till
    session: Session
    yael: int
    club_id: int = 0

    def send(self, method: str, url: str, body: dict[str, Any] | None = None) -> Any:
        return send(self.client, self.till, method, f"/baskets/current{url}", body)

    def join(self) -> Any:
        return self.send("POST", "/memberships", {"club_id": self.club_id})

    def shown(self) -> dict[str, Any]:
        return self.client.get("/till", headers=self.till.headers).json()

    def held(self) -> dict[str, Any]:
        (held,) = self.shown()["customer"]["memberships"]
        return held

    def pay(self) -> Any:
        return self.send("POST", "/payments", {"means": "card"})

    def begin(self, items: int = 10) -> None:
        self.send("PUT", "/customer", {"customer_id": self.yael})
        self.send("POST", "/entries", {"code": f"{items}*{MILK}"})

    def fees(self) -> list[tuple[str, str, int, int]]:
        fee = MembershipFee
        self.session.expire_all()
        asked = sa.select(fee.kind, fee.state, fee.due_minor, fee.refunded_minor).order_by(fee.id)
        return [(str(kind), str(state), due, back) for kind, state, due, back in self.session.execute(asked)]

    def give_back(self, receipt_id: int, *lines: int, **said: str) -> Any:
        wanted = {"lines": [{"line_no": number, "quantity": "1"} for number in lines]} if lines else {}
        return send(self.client, self.till, "POST", f"/purchases/{receipt_id}/returns", wanted | said)


Made = Callable[..., Sale]


@pytest.fixture
def made(client: TestClient, session: Session) -> Made:
    till = a_till(session, role=Role.MANAGER)
    a_product(session, MILK, price_minor=6_43)
    a_product(session, FEE, name="Membership", price_minor=1_00)
    sale = Sale(client, till, session, a_person(session, given_name="Yael"))
    session.commit()

    def make(**changed: Any) -> Sale:
        club = Programme.model_validate(DOCUMENT | changed)
        how: dict[str, Any] = {"currency": "ILS", "language": "he", "now": NOW, "by": SYSTEM, "publish": True}
        sale.club_id = load_programme(session, club, today=dt.date(2020, 1, 1), **how).club_id
        session.commit()
        sale.begin()
        return sale

    return make


def with_fees(**changed: Any) -> dict[str, Any]:
    return {"fees": DOCUMENT["fees"] | changed}


def test_the_joining_fee_is_a_line_of_the_sale_that_earns_nothing_while_the_goods_earn_already(made: Made) -> None:
    sale = made()
    joined = sale.join().json()
    (_, fee) = joined["lines"]
    assert (fee["sku"], fee["amount_minor"], fee["fee"]) == (FEE, 36_50, True)
    assert (joined["total_minor"], sale.held()["state"], sale.held()["earns"]) == (100_80, "valid", 64)
    paid = sale.pay().json()["paid"]
    assert paid["slip"]["total_minor"] == 100_80
    sale.begin()
    assert (sale.held()["balance"], sale.fees()) == (64, [("joining", "paid", 36_50, 0)])


@pytest.mark.parametrize("how", ["line", "customer", "sale", "other"])
def test_a_fee_that_is_taken_out_of_the_sale_takes_the_joining_with_it(made: Made, how: str) -> None:
    sale = made()
    number = sale.join().json()["lines"][1]["line_no"]
    if how == "line":
        assert len(sale.send("DELETE", f"/lines/{number}").json()["lines"]) == 1
    elif how == "customer":
        assert len(sale.send("DELETE", "/customer").json()["lines"]) == 1
    elif how == "sale":
        sale.send("DELETE", "")
    else:
        other = a_person(sale.session, given_name="Noa")
        sale.session.commit()
        assert len(sale.send("PUT", "/customer", {"customer_id": other}).json()["lines"]) == 1
    sale.send("PUT", "/customer", {"customer_id": sale.yael})
    assert (sale.held()["state"], sale.fees()) == ("ended", [("joining", "cancelled", 36_50, 0)])
    assert sale.join().status_code == 200, "and they may still join"


def test_a_fee_that_is_left_on_hold_for_a_day_takes_the_joining_back_and_leaves_the_goods(made: Made) -> None:
    # REQ M-02, M-13
    sale = made()
    sale.join()
    assert sale.send("POST", "/holds").status_code == 200
    free: dict[str, Any] = {"limit": 100, "now": dt.datetime.now(dt.UTC), "by": SYSTEM}
    assert free_left(sale.session, before=free["now"] - dt.timedelta(days=1), **free) == 0
    later = free | {"before": free["now"] + dt.timedelta(hours=1)}
    assert [free_left(sale.session, **later), free_left(sale.session, **later)] == [1, 0]
    sale.session.commit()
    (held,) = sale.shown()["held"]
    assert (held["total_minor"], sale.fees()) == (64_30, [("joining", "cancelled", 36_50, 0)])
    sale.begin()
    assert sale.held()["state"] == "ended"


def test_a_fee_is_paid_once_and_is_no_item_like_others(made: Made) -> None:
    sale = made()
    number = sale.join().json()["lines"][1]["line_no"]
    refused = sale.send("PATCH", f"/lines/{number}", {"quantity": "2"})
    assert (refused.status_code, refused.json()["code"]) == (422, "quantity")
    assert sale.join().json()["code"] == "already-member"
    scanned = sale.send("POST", "/entries", {"code": FEE}).json()
    assert [line["amount_minor"] for line in scanned["lines"]] == [64_30, 36_50, 1_00]


def test_a_fee_whose_membership_another_till_ended_is_not_taken(made: Made) -> None:
    sale = made()
    sale.join()
    membership = sale.held()["membership_id"]
    ended = send(sale.client, sale.till, "POST", f"/memberships/{membership}/terminations", {"points_lost": 0})
    assert ended.status_code == 201
    refused = sale.pay()
    assert (refused.status_code, refused.json()["code"]) == (409, "membership-ended")
    sale.send("DELETE", f"/lines/{sale.shown()['lines'][1]['line_no']}")
    assert sale.pay().status_code == 200


def test_a_renewal_costs_its_fee_unless_the_term_s_purchases_waive_it(made: Made) -> None:
    sale = made(**with_fees(waiver={"at_least_minor": 60_00}))
    sale.join()
    card = sale.shown()["customer"]["card"]
    membership = sale.held()["membership_id"]
    until = sale.held()["valid_until"]
    renewed = sale.send("POST", "/renewals", {"membership_id": membership, "card": card}).json()
    assert [line["amount_minor"] for line in renewed["lines"]] == [64_30, 36_50, 20_00]
    sale.send("DELETE", f"/lines/{renewed['lines'][2]['line_no']}")
    assert sale.held()["valid_until"] == until, "without the fee the added year goes"
    sale.pay()
    sale.begin()
    waived = sale.send("POST", "/renewals", {"membership_id": membership, "card": card}).json()
    assert [line["amount_minor"] for line in waived["lines"]] == [64_30], "64.30 of goods in the term, fees apart"
    assert sale.held()["valid_until"] > until


def test_those_on_a_list_pay_a_price_of_their_own(made: Made) -> None:
    others = [{"segments": ["Students"], "joining_minor": 10_00}, {"segments": ["Cadets"], "joining_minor": 9_00}]
    sale = made(**with_fees(segments=others))
    joined = sale.join().json()
    assert [line["amount_minor"] for line in joined["lines"]] == [64_30, 36_50]
    sale.send("DELETE", f"/lines/{joined['lines'][1]['line_no']}")
    students = Segment(name="Students", kind=SegmentKind.FROZEN, created_at=NOW)
    sale.session.add(students)
    sale.session.flush()
    sale.session.add(SegmentCustomer(segment_id=students.id, customer_id=sale.yael))
    sale.session.commit()
    assert [line["amount_minor"] for line in sale.join().json()["lines"]] == [64_30, 10_00]
    card, membership = sale.shown()["customer"]["card"], sale.held()["membership_id"]
    renewed = sale.send("POST", "/renewals", {"membership_id": membership, "card": card}).json()
    assert [line["amount_minor"] for line in renewed["lines"]] == [64_30, 10_00], "and renew free of charge"


@pytest.mark.parametrize(("rule", "back"), [({"refund": "whole"}, 36_50), ({"refund_days": 7}, 36_50)])
def test_returning_the_fee_s_line_ends_the_membership_and_pays_by_the_rule(
    made: Made, rule: dict[str, Any], back: int
) -> None:
    sale = made(**with_fees(**rule))
    sale.join()
    receipt = sale.pay().json()["paid"]["receipt_id"]
    returned = sale.give_back(receipt, 2)
    assert (returned.status_code, returned.json()["total_minor"]) == (201, back), returned.text
    sale.begin()
    assert (sale.held()["state"], sale.fees()) == ("ended", [("joining", "returned", 36_50, back)])
    assert sale.held()["balance"] == 64, "the goods stay, and the fee had earned nothing"
    assert sale.give_back(receipt, 2).status_code == 422, "and only once"
    assert sale.give_back(receipt, 1).status_code == 201


def test_what_was_kept_from_rewards_for_a_share_is_told_of_on_leaving(made: Made) -> None:
    # REQ M-02 M-08: 10.00 of the share were paid, 4.00 kept from a reward; no receipt has those
    reward: dict[str, Any] = {"code": "bonus", "gives": {"kind": "payout"}, "issue": {"at": "period_end"}}
    reward["function"] = {"kind": "every", "every": 1, "value": 1}
    share = with_fees(deposit=True, instalments={"first_minor": 10_00})
    sale = made(**share, rewards=[reward])
    sale.join()
    membership = sale.held()["membership_id"]
    assert sale.pay().status_code == 200
    held = sale.session.get_one(Membership, (sale.yael, membership))
    row = {
        "customer_id": held.points_holder_id, "account_id": held.points_account_id, "club_id": sale.club_id,
        "rule": "bonus", "first_on": NOW.date(), "last_on": NOW.date(), "version_no": 1, "form": "payout", "base": 4_00,
        "to_fee_minor": 4_00, "usable_from": NOW.date(), "at": NOW,
    }  # fmt: skip
    sale.session.execute(sa.insert(PeriodSettlement).values(**row))
    sale.session.commit()
    url = f"/memberships/{membership}/terminations/new"
    told = sale.client.get(url, headers=sale.till.headers).json()
    assert (told["fee_back_minor"], told["kept_back_minor"]) == (10_00, 4_00)
    page = sale.client.get(url, headers=sale.till.headers | {"Accept": "text/html", "Accept-Language": "en"})
    assert "kept from rewards for the fee come back" in page.text


def test_the_fee_comes_back_for_the_days_that_are_left(made: Made) -> None:
    sale = made(**with_fees(refund="pro_rata"))
    sale.join()
    membership = sale.held()["membership_id"]
    receipt = sale.pay().json()["paid"]["receipt_id"]
    fee = sale.session.scalars(sa.select(MembershipFee)).one()
    # As if it had been paid for a term of which 73 of 365 days are left.
    today = fee.first
    fee.first, fee.last = today - dt.timedelta(days=292), today + dt.timedelta(days=72)
    role, old = "SET LOCAL session_replication_role =", "UPDATE receipts SET sold_at = sold_at - interval '20 days'"
    sale.session.execute(sa.text(f"{role} replica; {old}; {role} origin"))
    sale.session.commit()
    told = sale.client.get(f"/memberships/{membership}/terminations/new", headers=sale.till.headers).json()
    assert told["fee_back_minor"] == 7_30
    ago = dt.datetime.now(dt.UTC) - dt.timedelta(days=10)  # whatever day the till says it is
    returned = sale.give_back(receipt, 2, returned_at=ago.isoformat()).json()
    assert returned["total_minor"] == 7_30
    sale.begin()
    assert sale.held()["state"] == "ended"


@pytest.mark.parametrize("by", ["return", "cancellation"])
def test_returning_the_fee_of_a_membership_that_was_left_leaves_the_one_joined_since(made: Made, by: str) -> None:
    """What comes back is for the days that were left when they went; the new fee is for the new membership."""
    sale = made(**with_fees(refund="pro_rata"))
    sale.join()
    membership = sale.held()["membership_id"]
    old = sale.pay().json()["paid"]["receipt_id"]
    fee = sale.session.scalars(sa.select(MembershipFee)).one()
    today = fee.first
    fee.first, fee.last = today - dt.timedelta(days=292), today + dt.timedelta(days=72)
    sale.session.commit()
    url = f"/memberships/{membership}/terminations"
    lost = sale.client.get(f"{url}/new", headers=sale.till.headers).json()["points_lost"]
    assert send(sale.client, sale.till, "POST", url, {"points_lost": lost}).status_code == 201
    sale.begin()
    sale.join()
    new = sale.pay().json()["paid"]["receipt_id"]
    told = sale.client.get(f"{url}/new", headers=sale.till.headers).json()
    assert told["fee_back_minor"] == 36_50, "the new one's alone"
    if by == "return":
        returned = sale.give_back(old, 2)
        assert (returned.status_code, returned.json()["total_minor"]) == (201, 7_30), returned.text
    else:
        assert send(sale.client, sale.till, "POST", f"/purchases/{old}/cancellations").status_code == 201
    sale.begin()
    assert sale.held()["state"] == "valid", "the membership that was joined since"
    assert sale.give_back(new, 2).json()["total_minor"] == 36_50
    assert sale.held()["state"] == "ended"


def test_a_fee_that_the_club_keeps_stays_while_the_goods_come_back(made: Made) -> None:
    sale = made()
    sale.join()
    receipt = sale.pay().json()["paid"]["receipt_id"]
    refused = sale.give_back(receipt, 2)
    assert (refused.status_code, refused.json()["code"]) == (409, "fee-not-returned")
    assert sale.give_back(receipt).json()["total_minor"] == 64_30
    sale.begin()
    assert (sale.held()["state"], sale.fees()) == ("valid", [("joining", "paid", 36_50, 0)])


def test_a_sale_that_is_cancelled_takes_the_joining_back_with_its_fee(made: Made) -> None:
    sale = made()
    sale.join()
    receipt = sale.pay().json()["paid"]["receipt_id"]
    cancelled = send(sale.client, sale.till, "POST", f"/purchases/{receipt}/cancellations")
    assert (cancelled.status_code, cancelled.json()["total_minor"]) == (201, 100_80), cancelled.text
    sale.begin()
    assert (sale.held()["state"], sale.fees()) == ("ended", [("joining", "returned", 36_50, 36_50)])


def test_a_club_is_joined_by_a_purchase_over_a_sum_in_that_same_sale(made: Made) -> None:
    sale = made(joining={"ways": ["purchase"], "purchase_minor": 100_00}, fees={})
    refused = sale.join()
    assert (refused.json()["code"], refused.json()["missing_minor"]) == ("purchase-too-small", 35_70)
    sale.send("POST", "/entries", {"code": f"10*{MILK}"})
    assert sale.join().status_code == 200
    assert sale.held()["earns"] == 128, "the purchase that joins counts already"
    sale.send("PATCH", "/lines/1", {"quantity": "5"})
    assert sale.pay().json()["code"] == "purchase-too-small"
    sale.send("DELETE", "/customer")
    assert sale.pay().status_code == 200


def test_joining_costs_less_by_what_the_same_sale_comes_to_whichever_comes_first(made: Made) -> None:
    waiver = {"at_least_minor": 80_00, "fee_minor": 10_00, "steps": [{"at_least_minor": 120_00}]}
    sale = made(**with_fees(joining_waiver=waiver))
    fee = sale.join().json()["lines"][1]
    assert (fee["amount_minor"], fee["fee_for"]["missing_minor"], fee["fee_for"]["then_minor"]) == (36_50, 15_70, 10_00)
    for more, due, missing in ((3, 10_00, 36_41), (6, 0, 0)):
        shown = sale.send("POST", "/entries", {"code": f"{more}*{MILK}"}).json()
        fee = shown["lines"][1]
        assert (fee["regular_minor"], fee["price_minor"], fee["amount_minor"]) == (36_50, due, due)
        assert (fee["fee_for"]["missing_minor"], shown["total_minor"]) == (
            missing,
            shown["lines"][0]["amount_minor"] + due,
        )
    sale.send("PATCH", "/lines/1", {"quantity": "13"})
    paid = sale.pay().json()["paid"]
    assert (paid["slip"]["total_minor"], sale.fees()) == (13 * 6_43 + 10_00, [("joining", "paid", 10_00, 0)])


def test_who_may_not_join_is_told_why(made: Made) -> None:
    sale = made(joining={"eligibility": {"min_age": 18}})
    refused = sale.join()
    assert (refused.status_code, refused.json()["code"]) == (409, "may-not-join")
    assert refused.json()["because"] == ["joining.eligibility.min_age"]


def test_a_club_that_is_joined_elsewhere_is_not_joined_at_the_till(made: Made) -> None:
    sale = made(channels={"joining": ["web"]})
    assert sale.join().json()["because"] == ["channels.joining"]
    assert sale.shown()["customer"]["clubs"] == [], "nor offered"


def test_a_club_that_gives_nothing_here_earns_still_and_says_nothing_of_savings(made: Made) -> None:
    # REQ M-12
    sale = made(channels={"benefits": ["web"]}, fees={})
    an_entry(sale.session, a_list(sale.session, club="PAID"), off_bp=5000)
    sale.session.commit()
    assert sale.shown()["benefits"]["club_savings"] is None
    joined = sale.join().json()
    assert (joined["total_minor"], sale.held()["earns"]) == (64_30, 64)


def test_a_club_to_a_date_holds_until_that_date(made: Made) -> None:
    sale = made(term={"kind": "date", "last_day": "2031-08-31"}, fees={})
    sale.join()
    assert sale.held()["valid_until"] == "2031-08-31"


def test_a_new_customer_is_offered_a_club_that_costs_nothing_first_and_told_the_price_of_others(made: Made) -> None:
    sale = made()
    till = sale.till.headers | {"Accept": "text/html", "Accept-Language": "en"}
    page = sale.client.get("/baskets/current/customers/new", headers=till).text
    assert "₪36.50" in page
    assert f'name="clubs.{sale.club_id}" value="true">' in page, "nobody pays for what they weren't asked"
    free = a_club(sale.session, "ZERO")
    sale.session.commit()
    page = sale.client.get("/baskets/current/customers/new", headers=till).text
    assert f'name="clubs.{free}" value="true" checked>' in page
