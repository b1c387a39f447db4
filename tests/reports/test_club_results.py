# REQ R-03: what a club's programme came to in a period
import datetime as dt

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.dialects.postgresql import Range
from sqlalchemy.orm import Session

from erp_club.clubs.models import Membership, MembershipPeriod
from erp_club.permissions.catalog import Role
from erp_club.purchases.posting.commands import write_sale
from erp_club.reports.club_results import results
from erp_club.reports.purchases.asked import Asked, By
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.coupons import a_batch, some_coupons
from tests.make.organisation import PASSWORD, somebody
from tests.make.purchases import NOW, a_line, a_product, a_sale, a_till

TODAY = NOW.date()
FIRST, LAST = TODAY.replace(day=1), dt.date(TODAY.year, TODAY.month, 30)


@pytest.fixture
def club(session: Session) -> int:
    """A member of last month and one of today, with a purchase each, and somebody who is none."""
    till, product, club = a_till(session), a_product(session), a_club(session)
    older, newer, other = (a_customer(session, number) for number in ("C1", "C2", "C3"))
    held = a_membership(session, older, club, joined_on=FIRST - dt.timedelta(days=20))
    a_membership(session, newer, club, joined_on=TODAY)
    for number, minor, who in (("1", 20_00, older), ("2", 10_00, newer), ("3", 70_00, other)):
        sale = a_sale(till, a_line(product, minor), receipt_no=number, customer_id=who)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)
    moved(session, older, held.points_account_id, 200, -50)
    a_batch(session, personal=True, uses=10, worth_minor=20_00)
    some_coupons(session, customer_id=newer)
    some_coupons(session, customer_id=other)
    return club


def asked(club: int) -> Asked:
    return Asked(by=By.MONTH, first=FIRST, last=LAST, club_id=club)


def test_members_and_their_sales_are_counted_in_the_period(session: Session, club: int):
    found = results(session, asked(club), zone="Asia/Jerusalem", today=LAST)
    members = found.members
    assert (members.joined, members.renewed, members.ended, members.at_start, members.at_end) == (1, 0, 0, 1, 2)
    assert (found.sales.sales_minor, found.sales.buyers, found.share_bp) == (30_00, 2, 30_00)
    assert (found.joined_by_step, [row.figures.sales_minor for row in found.sales_by_step]) == ((1,), [30_00])


def test_points_are_told_by_reason(session: Session, club: int):
    found = results(session, asked(club), zone="Asia/Jerusalem", today=LAST)
    assert sum(each.points for each in found.points) == 150


def test_only_the_members_coupons_count(session: Session, club: int):
    coupons = results(session, asked(club), zone="Asia/Jerusalem", today=LAST).coupons
    assert (coupons.issued, coupons.worth_minor, coupons.uses, coupons.expired) == (1, 20_00, 0, 0)


def test_what_ends_later_in_the_period_has_not_ended_yet(session: Session, club: int):
    a_batch(session, "SOON", personal=True, uses=1, valid_to=TODAY)
    some_coupons(session, code="SOON", customer_id=session.scalars(sa.select(Membership.customer_id)).first() or 0)
    first = session.scalars(sa.select(MembershipPeriod).order_by(MembershipPeriod.customer_id)).first()
    assert first
    first.validity = Range(first.validity.lower, TODAY + dt.timedelta(days=1))
    session.flush()
    for days, ended, members in ((-1, 0, 1), (0, 0, 2), (1, 1, 1)):
        told = results(session, asked(club), zone="Asia/Jerusalem", today=TODAY + dt.timedelta(days=days))
        assert (told.coupons.expired, told.members.ran_out, told.members.at_end) == (ended, ended, members)


def test_nothing_is_told_of_days_before(session: Session, club: int):
    earlier = Asked(by=By.DAY, first=dt.date(2020, 1, 1), last=dt.date(2020, 1, 31), club_id=club)
    found = results(session, earlier, zone="Asia/Jerusalem", today=LAST)
    assert (found.members.joined, found.members.at_end, found.points, found.share_bp) == (0, 0, (), None)


def test_the_page_shows_the_latest_year_with_sales_unless_asked_otherwise(
    client: TestClient, session: Session, club: int
):
    somebody(session, Role.HQ)
    session.commit()
    token = client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    told = client.get(f"/clubs/{club}/results?first={FIRST}&last={LAST}").json()
    assert (told["members"]["joined"], told["sales"]["sales_minor"], len(told["steps"])) == (1, 30_00, 30)
    assert client.get(f"/clubs/{club}/results", headers={"Accept": "text/html"}).status_code == 200
    usual = client.get(f"/clubs/{club}/results").json()
    assert (usual["first"], usual["by"]) == (f"{TODAY.year}-01-01", "month")
    assert client.get("/clubs/999/results").status_code == 404
