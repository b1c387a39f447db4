# REQ M-08 M-09 C-08: what became part of another membership by a merge, whose points a household shares since
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, pause_membership
from erp_club.clubs.households.queries import PlaceRow, place_of, places_of
from erp_club.kernel.errors import Refused
from erp_club.people.erasure.commands import erase_customer
from erp_club.people.merging.commands import merge_customers
from erp_club.people.merging.undoing.commands import undo_merge
from erp_club.permissions.actors import SYSTEM
from erp_club.points.verify.queries import faults
from erp_club.programmes.households.commands import link_members
from tests.make.clubs import NOW
from tests.make.households import TODAY, WHEN, a_family


@pytest.mark.parametrize("deed", ["end", "pause", "link", "erase"])
def test_what_became_part_of_a_membership_by_a_merge_takes_no_points_of_the_household(
    session: Session, deed: str
) -> None:
    # Its account leads to that of the household.
    family = a_family(session)
    parent, child, part, other = family.join(100, 20, 30, 0)
    merge_customers(session, family.customer(child), family.customer(part), take=(), today=TODAY, now=NOW, by=SYSTEM)
    link_members(session, parent, child, when=WHEN)
    assert family.balance(parent) == 150
    said: dict[str, Any] = {"today": TODAY, "now": NOW, "by": SYSTEM}
    deeds: dict[str, Callable[[], object]] = {
        "end": lambda: end_membership(session, part, on=TODAY, points_lost=150, reason="", **said),
        "pause": lambda: pause_membership(session, part, on=TODAY, reason="", **said),
        "link": lambda: link_members(session, part, other, when=WHEN),
    }
    if deed in deeds:
        with pytest.raises(Refused, check=lambda error: error.code == "membership-joined"):
            deeds[deed]()
    else:
        erase_customer(session, family.customer(child), points=0, **said)
    assert family.balance(parent) == 150
    assert faults(session) == []


@pytest.mark.parametrize("goes", ["main", "member"])
@pytest.mark.parametrize("beside", [True, False])
def test_the_place_in_a_household_goes_along_and_back(session: Session, goes: str, *, beside: bool) -> None:
    # The survivor goes on alone again, with what was brought and earned since; one who shared it before stays.
    family = a_family(session)
    parent, child, double = family.join(100, 20, 30)
    link_members(session, parent, child, when=WHEN)
    if beside:
        link_members(session, parent, double, when=WHEN)
    left, other = (parent, child) if goes == "main" else (child, parent)
    whose = family.customer(left)
    merge_id = merge_customers(session, family.customer(double), whose, take=(), today=TODAY, now=NOW, by=SYSTEM)
    assert (family.balance(double), family.balance(other)) == (150, 150)
    assert [each.membership_id for each in places(session, double)] == sorted(
        (double, other), key=lambda each: each != (double if goes == "main" else other)
    )
    family.buys(double, 5_00)
    undo_merge(session, merge_id, today=TODAY, now=NOW, by=SYSTEM)
    assert places(session, left)[0].membership_id == parent
    assert {each.membership_id for each in places(session, left)} == {parent, child, *([double] if beside else [])}
    alone = () if beside else (double,)
    assert [family.balance(each) for each in (parent, child)] == [155, 155] if beside else [120, 120]
    assert [family.balance(each) for each in alone] == [35] * len(alone)
    assert faults(session) == []


def places(session: Session, membership_id: int) -> list[PlaceRow]:
    place = place_of(session, membership_id)
    assert place is not None
    return places_of(session, place.household_id)
