# REQ M-08 M-09 C-08: what became part of another membership by a merge, whose points a household shares since
from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import end_membership, pause_membership
from erp_club.kernel.errors import Refused
from erp_club.people.erasure.commands import erase_customer
from erp_club.people.merging.commands import merge_customers
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
