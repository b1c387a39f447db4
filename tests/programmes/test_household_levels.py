# REQ M-03 M-09: what one of a household buys counts for the level of all
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import LevelChange
from erp_club.clubs.rules import RulesDocument
from erp_club.clubs.setup.commands import add_rules
from erp_club.permissions.actors import SYSTEM
from erp_club.programmes.households.commands import link_members
from erp_club.programmes.settings import what_tills_read
from tests.make.clubs import NOW
from tests.make.households import RULES, TODAY, WHEN, a_family, later
from tests.make.programmes import a_programme


def test_what_one_buys_raises_the_level_of_all_and_is_told_with_its_receipt(session: Session):
    family = a_family(session)
    steps = {"levels": [{"code": "BASE", "at_least": 0}, {"code": "GOLD", "at_least": 50_00}]}
    club = a_programme(earning=RULES, household={"most_persons": 3}, levels=steps)
    rules = RulesDocument(programme=what_tills_read(club))
    add_rules(session, family.club_id, rules, effective_from=TODAY, now=NOW, by=SYSTEM)
    parent, child = family.join(0, 0)
    link_members(session, parent, child, when=WHEN)
    sold = family.buys(child, 60_00)
    family.returns(sold, on=later(1))
    levels = session.execute(
        sa.select(LevelChange.level, LevelChange.receipt_customer_id)
        .where(LevelChange.membership_id == parent)
        .order_by(LevelChange.change_no)
    )
    assert [tuple(row) for row in levels][-2:] == [("GOLD", family.customer(child)), ("BASE", family.customer(child))]
