# REQ C-08 M-02 M-03 M-08: who waits for payment, or bought a level, becomes one with another record and is parted again
import datetime as dt
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import sqlalchemy as sa

from erp_club.clubs.commands import hold
from erp_club.clubs.models import Membership
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.errors import Conflict
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.overrides.commands import give_level
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.purchases.fees.models import MembershipFee
from tests.make.clubs import a_membership
from tests.make.customers import a_person
from tests.web.test_till import MILK, send
from tests.web.test_till_fees import Made, Sale, made, with_fees
from tests.web.test_till_upgrades import LEVELS, PAID, RATES, upgrade

__all__ = ["made"]

NOW = dt.datetime.now(dt.UTC)
TODAY = NOW.astimezone(ZoneInfo("Asia/Jerusalem")).date()
WHEN: dict[str, Any] = {"today": TODAY, "now": NOW, "by": SYSTEM}
WAITS = {"joining": {"begins": "paid"}}
SOLD_LEVELS = {"fees": PAID, "levels": LEVELS, "earning": RATES}


def noa_of(sale: Sale, *, member: bool = False) -> int:
    """Another customer, who is a member of the same club where that is said."""
    noa = a_person(sale.session, given_name="Noa", family_name="Levi")
    if member:
        a_membership(sale.session, noa, sale.club_id, joined_on=TODAY)
    sale.session.commit()
    return noa


def merge(sale: Sale, survivor: int, merged: int) -> int:
    made = merge_customers(sale.session, survivor, merged, take=(), **WHEN)
    sale.session.commit()
    return made


def undo(sale: Sale, merge_id: int) -> None:
    undo_merge(sale.session, merge_id, **WHEN)
    sale.session.commit()


def held_by(sale: Sale, customer_id: int) -> list[dict[str, Any]]:
    """What the till shows of a customer's memberships, in a sale of their own."""
    sale.send("PUT", "/customer", {"customer_id": customer_id})
    return sale.shown()["customer"]["memberships"]


def levels_of(sale: Sale, customer_id: int) -> list[tuple[str, bool]]:
    return [(each["level"]["code"], each["level"]["paid"]) for each in held_by(sale, customer_id)]


def states_of(sale: Sale, customer_id: int) -> list[str]:
    return [each["state"] for each in held_by(sale, customer_id)]


def test_a_membership_that_waits_goes_along_with_its_sale_and_begins_for_the_survivor(made: Made) -> None:
    sale = made(**WAITS)
    sale.join()
    noa = noa_of(sale)
    merge_id = merge(sale, noa, sale.yael)
    shown = sale.shown()
    assert (shown["customer"]["customer_id"], sale.held()["state"], shown["total_minor"]) == (noa, "waiting", 100_80)
    assert sale.pay().status_code == 200
    assert (states_of(sale, noa), sale.fees()) == (["valid"], [("joining", "paid", 36_50, 0)])
    undo(sale, merge_id)
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == ([], ["valid"])
    assert wrong_rows(sale.session) == []


def test_a_sale_that_is_still_open_when_the_merge_is_undone_goes_back_with_its_fee(made: Made) -> None:
    sale = made(**WAITS)
    sale.join()
    noa = noa_of(sale)
    undo(sale, merge(sale, noa, sale.yael))
    assert (sale.shown()["customer"]["customer_id"], sale.held()["state"]) == (sale.yael, "waiting")
    assert sale.pay().status_code == 200
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == ([], ["valid"])


@pytest.mark.parametrize("waits", [True, False], ids=["waits", "holds already"])
@pytest.mark.parametrize("stays", ["yael", "noa"])
def test_what_is_still_to_be_paid_in_a_club_of_both_is_settled_first(made: Made, stays: str, *, waits: bool) -> None:
    """Else who removes the fee would lose the other's days, or who pays it would have paid for nothing."""
    sale = made(**WAITS) if waits else made()
    sale.join()
    noa = noa_of(sale, member=True)
    survivor, merged = (sale.yael, noa) if stays == "yael" else (noa, sale.yael)
    with pytest.raises(Conflict) as refused, sale.session.begin_nested():
        merge_customers(sale.session, survivor, merged, take=(), **WHEN)
    assert refused.value.code == "membership-unpaid"
    assert sale.pay().status_code == 200
    merge_id = merge(sale, survivor, merged)
    assert states_of(sale, survivor) == ["valid"]
    undo(sale, merge_id)
    assert (states_of(sale, sale.yael), states_of(sale, noa)) == (["valid"], ["valid"])


def test_a_bought_level_comes_over_with_its_membership_and_goes_back(made: Made) -> None:
    sale = made(**SOLD_LEVELS)
    sale.join()
    upgrade(sale)
    assert sale.pay().status_code == 200
    noa = noa_of(sale)
    merge_id = merge(sale, noa, sale.yael)
    assert levels_of(sale, noa) == [("GOLD", True)]
    undo(sale, merge_id)
    assert (levels_of(sale, noa), levels_of(sale, sale.yael)) == ([], [("GOLD", True)])


def test_a_bought_level_holds_in_the_membership_that_is_left_and_parts_again(made: Made) -> None:
    sale = made(**SOLD_LEVELS)
    sale.join()
    upgrade(sale)
    until = sale.held()["level"]["kept_until"]
    assert sale.pay().status_code == 200
    noa = noa_of(sale, member=True)
    assert levels_of(sale, noa) == [("BASE", False)]
    merge_id = merge(sale, noa, sale.yael)
    (left,) = held_by(sale, noa)
    assert (left["level"]["code"], left["level"]["paid"], left["level"]["kept_until"]) == ("GOLD", True, until)
    assert left["upgrades"] == [], "nobody sells her what she has"
    undo(sale, merge_id)
    assert (levels_of(sale, noa), levels_of(sale, sale.yael)) == ([("BASE", False)], [("GOLD", True)])


def test_a_level_that_is_returned_after_a_merge_is_gone_from_both(made: Made) -> None:
    sale = made(**SOLD_LEVELS)
    sale.join()
    upgrade(sale)
    receipt = sale.pay().json()["paid"]["receipt_id"]
    noa = noa_of(sale, member=True)
    merge_id = merge(sale, noa, sale.yael)
    back = sale.give_back(receipt, 2)
    assert (back.status_code, back.json()["total_minor"]) == (201, 120_00), back.text
    assert levels_of(sale, noa) == [("BASE", False)]
    undo(sale, merge_id)
    assert (levels_of(sale, noa), levels_of(sale, sale.yael)) == ([("BASE", False)], [("BASE", False)])


def test_a_level_given_by_hand_comes_along_where_the_survivor_has_none(made: Made) -> None:
    sale = made(**SOLD_LEVELS)
    sale.join()
    assert sale.pay().status_code == 200
    (hers,) = held_by(sale, sale.yael)
    give_level(sale.session, hers["membership_id"], level="GOLD", until=None, reason="Guest", **WHEN)
    noa = noa_of(sale, member=True)
    merge_id = merge(sale, noa, sale.yael)
    assert levels_of(sale, noa) == [("GOLD", False)]
    undo(sale, merge_id)
    assert levels_of(sale, noa) == [("BASE", False)]
    (own,) = held_by(sale, noa)
    give_level(sale.session, own["membership_id"], level="SILVER", until=None, reason="Prize", **WHEN)
    sale.session.commit()
    merge(sale, noa, sale.yael)
    assert levels_of(sale, noa) == [("SILVER", False)]


def test_a_fee_whose_days_are_another_memberships_since_a_merge_is_not_paid_back_alone(made: Made) -> None:
    sale = made(**with_fees(refund="pro_rata"))
    sale.join()
    receipt = sale.pay().json()["paid"]["receipt_id"]
    noa = noa_of(sale, member=True)
    merge_id = merge(sale, noa, sale.yael)
    cancelled = send(sale.client, sale.till, "POST", f"/purchases/{receipt}/cancellations")
    for refused in (sale.give_back(receipt, 2), cancelled):
        assert (refused.status_code, refused.json()["code"]) == (409, "fee-joined"), refused.text
    back = sale.give_back(receipt)
    assert (back.status_code, back.json()["total_minor"]) == (201, 64_30), "the goods alone"
    assert states_of(sale, noa) == ["valid"]
    undo(sale, merge_id)
    assert sale.give_back(receipt, 2).status_code == 201
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["valid"], ["ended"])


PARTS = with_fees(refund="pro_rata")


def both_pay(sale: Sale, *, ours: int, theirs: int) -> tuple[int, int, tuple[int, int]]:
    """Yael and Noa join and pay 36.50 each, for terms of 365 days of which these are left; Noa's is the later receipt.

    Gives Noa, the merge of Yael into her, and the receipts of Yael and Noa.
    """
    sale.join()
    receipts = [sale.pay().json()["paid"]["receipt_id"]]
    noa = a_person(sale.session, given_name="Noa", family_name="Levi")
    sale.session.commit()
    sale.send("PUT", "/customer", {"customer_id": noa})
    sale.send("POST", "/entries", {"code": f"10*{MILK}"})
    sale.join()
    receipts.append(sale.pay().json()["paid"]["receipt_id"])
    fees = sale.session.scalars(sa.select(MembershipFee).order_by(MembershipFee.id)).all()
    for fee, left in zip(fees, (theirs, ours), strict=True):
        last = TODAY + dt.timedelta(days=left - 1)
        fee.first, fee.last = last - dt.timedelta(days=364), last
    sale.session.commit()
    return noa, merge(sale, noa, sale.yael), (receipts[0], receipts[1])


def end(sale: Sale, customer_id: int) -> dict[str, Any]:
    """End the one membership of a customer today, after it was told what that takes."""
    (held,) = held_by(sale, customer_id)
    url = f"/memberships/{held['membership_id']}/terminations"
    told = sale.client.get(f"{url}/new", headers=sale.till.headers).json()
    ended = send(sale.client, sale.till, "POST", url, {"points_lost": told["points_lost"], "reason": ""})
    assert ended.status_code == 201, ended.text
    return told


def refused_code(answer: Any) -> str:
    assert answer.status_code == 409, answer.text
    return answer.json()["code"]


def test_neither_of_two_fees_is_returned_alone_while_the_other_carries_the_joined_membership(made: Made) -> None:
    # REQ C-08 M-02: the survivor's joining fee would have ended what the other's fee stands for too
    sale = made(**PARTS)
    noa, _, receipts = both_pay(sale, ours=73, theirs=146)
    for receipt in receipts:
        assert refused_code(sale.give_back(receipt, 2)) == "fee-joined"
        cancelled = send(sale.client, sale.till, "POST", f"/purchases/{receipt}/cancellations")
        assert refused_code(cancelled) == "fee-joined"
        assert sale.give_back(receipt).json()["total_minor"] == 64_30, "the goods alone"
    assert states_of(sale, noa) == ["valid"]
    assert [each[1] for each in sale.fees()] == ["paid", "paid"]


def test_ending_what_two_paid_for_gives_both_fees_back_each_for_its_own_days_left(made: Made) -> None:
    # REQ C-08 M-02 M-08
    sale = made(**PARTS)
    noa, merge_id, receipts = both_pay(sale, ours=73, theirs=146)
    told = end(sale, noa)
    assert (told["fee_back_minor"], told["joined_fees"]) == (7_30 + 14_60, True)
    back = [sale.give_back(receipt, 2) for receipt in receipts]
    assert [each.json()["total_minor"] for each in back] == [14_60, 7_30], [each.text for each in back]
    assert [sale.give_back(receipt, 2).status_code for receipt in receipts] == [422, 422], "and only once"
    undo(sale, merge_id)
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["ended"], ["ended"])
    assert [sale.give_back(receipt, 2).status_code for receipt in receipts] == [422, 422], "nor after it is undone"
    assert sale.fees() == [("joining", "returned", 36_50, 14_60), ("joining", "returned", 36_50, 7_30)]
    assert wrong_rows(sale.session) == []


def test_what_was_ended_as_one_stays_ended_for_both_and_its_fee_comes_back_as_of_that_day(made: Made) -> None:
    # REQ C-08 M-08
    sale = made(**PARTS)
    noa, merge_id, (theirs, ours) = both_pay(sale, ours=73, theirs=146)
    end(sale, noa)
    assert sale.give_back(ours, 2).json()["total_minor"] == 7_30
    undo(sale, merge_id)
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["ended"], ["ended"])
    assert sale.give_back(theirs, 2).json()["total_minor"] == 14_60
    assert sale.give_back(theirs, 2).status_code == 422


@pytest.mark.parametrize("first", ["returned", "parted"])
def test_the_old_fees_of_what_was_ended_as_one_come_back_after_it_is_joined_anew(made: Made, first: str) -> None:
    # REQ C-08 M-02 M-08: by the day of the ending, and the new membership stays, with a fee and points of its own
    sale = made(**PARTS)
    noa, merge_id, receipts = both_pay(sale, ours=73, theirs=146)
    end(sale, noa)
    sale.begin()
    sale.send("PUT", "/customer", {"customer_id": noa})
    sale.send("POST", "/entries", {"code": f"10*{MILK}"})
    sale.join()
    new = sale.pay().json()["paid"]["receipt_id"]
    if first == "parted":
        undo(sale, merge_id)
        assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["valid"], ["ended"])
    back = [sale.give_back(receipt, 2) for receipt in receipts]
    assert [each.json()["total_minor"] for each in back] == [14_60, 7_30], [each.text for each in back]
    assert states_of(sale, noa) == ["valid"]
    if first == "returned":
        undo(sale, merge_id)
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["valid"], ["ended"])
    assert [each["balance"] for each in held_by(sale, sale.yael)] == [64], "which this club keeps when it is left"
    assert sale.give_back(new, 2).json()["total_minor"] == 36_50
    assert states_of(sale, noa) == ["ended"]
    assert wrong_rows(sale.session) == []


def test_after_a_merge_is_undone_each_fee_is_its_own_membership_s_again(made: Made) -> None:
    # REQ C-08 M-02
    sale = made(**PARTS)
    noa, merge_id, (theirs, ours) = both_pay(sale, ours=73, theirs=146)
    undo(sale, merge_id)
    assert sale.give_back(ours, 2).json()["total_minor"] == 7_30
    assert (states_of(sale, noa), states_of(sale, sale.yael)) == (["ended"], ["valid"])
    told = end(sale, sale.yael)
    assert (told["fee_back_minor"], told["joined_fees"]) == (14_60, False)
    assert sale.give_back(theirs, 2).json()["total_minor"] == 14_60


def test_the_form_of_an_ending_says_that_the_fees_of_both_come_back(made: Made) -> None:
    # REQ C-08 M-08
    sale = made(**PARTS)
    noa, _, _ = both_pay(sale, ours=73, theirs=146)
    (held,) = held_by(sale, noa)
    english = sale.till.headers | {"Accept": "text/html", "Accept-Language": "en"}
    page = sale.client.get(f"/memberships/{held['membership_id']}/terminations/new", headers=english).text
    assert "of the fees of both records that were merged" in page
    assert "21.90" in page


def test_a_renewal_since_the_merge_is_returned_alone_and_takes_its_own_days_only(made: Made) -> None:
    # REQ C-08 M-02: nobody else's fee stands for those days
    sale = made(**PARTS)
    noa, _, _ = both_pay(sale, ours=73, theirs=146)
    (held,) = held_by(sale, noa)
    card = sale.shown()["customer"]["card"]
    sale.send("POST", "/renewals", {"membership_id": held["membership_id"], "card": card})
    (longer,) = held_by(sale, noa)
    assert longer["valid_until"] > held["valid_until"]
    receipt = sale.pay().json()["paid"]["receipt_id"]
    back = sale.give_back(receipt, 1)
    assert (back.status_code, back.json()["total_minor"]) == (201, 20_00), back.text
    assert [each["valid_until"] for each in held_by(sale, noa)] == [held["valid_until"]]


def test_what_was_kept_from_rewards_of_the_one_who_was_merged_is_told_of_once(made: Made) -> None:
    # REQ C-08 M-02 M-08: 4.00 were kept from Yael's reward before she was merged, nothing of Noa's
    reward: dict[str, Any] = {"code": "bonus", "gives": {"kind": "payout"}, "issue": {"at": "period_end"}}
    reward["function"] = {"kind": "every", "every": 1, "value": 1}
    sale = made(**with_fees(deposit=True, instalments={"first_minor": 10_00}), rewards=[reward])
    sale.join()
    assert sale.pay().status_code == 200
    account = sale.session.scalars(sa.select(Membership.points_account_id)).one()
    kept = {
        "customer_id": sale.yael, "account_id": account, "club_id": sale.club_id, "rule": "bonus", "first_on": TODAY,
        "last_on": TODAY, "version_no": 1, "form": "payout", "base": 4_00, "to_fee_minor": 4_00, "usable_from": TODAY,
        "at": NOW,
    }  # fmt: skip
    sale.session.execute(sa.insert(PeriodSettlement).values(**kept))
    noa = a_person(sale.session, given_name="Noa", family_name="Levi")
    sale.session.commit()
    sale.send("PUT", "/customer", {"customer_id": noa})
    sale.join()
    assert sale.pay().status_code == 200
    merge_id = merge(sale, noa, sale.yael)
    told = end(sale, noa)
    assert (told["fee_back_minor"], told["kept_back_minor"]) == (20_00, 4_00)
    undo(sale, merge_id)
    assert states_of(sale, sale.yael) == ["ended"], "so that it isn't asked for again"


def test_ending_the_joined_membership_takes_the_points_of_both(made: Made) -> None:
    """The one that was joined names the same account, and isn't somebody with whom it is shared."""
    sale = made(fees={}, end={"points": "drop"})
    sale.join()
    assert sale.pay().status_code == 200
    noa = noa_of(sale, member=True)
    merge(sale, noa, sale.yael)
    (left,) = held_by(sale, noa)
    url = f"/memberships/{left['membership_id']}/terminations"
    assert sale.client.get(f"{url}/new", headers=sale.till.headers).json()["points_lost"] == left["balance"] == 64
    ended = send(sale.client, sale.till, "POST", url, {"on": TODAY.isoformat(), "points_lost": 64, "reason": ""})
    assert ended.status_code == 201, ended.text
    assert hold(sale.session, left["membership_id"]).state == "ended"
    assert [each["balance"] for each in held_by(sale, noa)] == [0]
