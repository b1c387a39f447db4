# REQ R-04: the forecast of a club's settings as a page, redrawn by htmx and usable without script
import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.permissions.catalog import Role
from erp_club.receipts.rollups.commands import roll_all
from tests.make.browser import HTML, signed_in
from tests.make.clubs import a_club, a_customer
from tests.make.organisation import a_chain, a_store
from tests.make.purchases import a_receipt

OCTOBER = "first=2026-10-01&last=2026-10-31"


@pytest.fixture
def club(session: Session) -> int:
    a_chain(session)
    store, customer = a_store(session), a_customer(session, "C1")
    a_receipt(session, store.id, "1", "2026-10-02", 95_00, customer_id=customer)
    roll_all(session)
    return a_club(session, state=ClubState.DRAFT)


def test_a_page_of_its_own_and_a_part_for_a_change(client: TestClient, session: Session, club: int):
    signed_in(client, session)
    page = client.get(f"/clubs/{club}/forecast?{OCTOBER}&points=2&per=10.00&join_points=30", headers=HTML)
    assert page.status_code == 200
    assert page.text.count('<svg class="plot"') == 3
    part = client.get(f"/clubs/{club}/forecast?{OCTOBER}", headers=HTML | {"HX-Request": "true"}).text
    assert part.lstrip().startswith('<div id="outlook"')


def test_what_is_typed_is_what_is_told(client: TestClient, session: Session, club: int):
    signed_in(client, session)
    address = f"/clubs/{club}/forecast?{OCTOBER}&points=2&per=10.00&join_points=30&at1=10&code1=5&at2=&code2="
    told = client.get(address).json()
    assert (told["purchases"]["points"], told["joining"]["points"], told["points"]) == (19, 30, 49)
    assert (told["codes"], told["codes_minor"], told["tiers"][0]) == (1, 5_00, {"at": 10, "worth_minor": 5_00})


def test_where_the_sales_ended_long_ago_the_last_month_before_is_forecast(client: TestClient, session: Session):
    a_chain(session)
    a_receipt(session, a_store(session).id, "1", "2019-06-01", 95_00, customer_id=a_customer(session, "C1"))
    club = a_club(session, state=ClubState.DRAFT)
    signed_in(client, session)
    told = client.get(f"/clubs/{club}/forecast").json()
    assert (told["first"], told["last"]) == ("2019-05-01", "2019-05-31")


@pytest.mark.parametrize(
    "said", ["per=0", "first=2026-02-01&last=2026-01-01", "first=2020-01-01&last=2026-01-01", "points=-1", "per=x"]
)
def test_nonsense_is_refused(client: TestClient, session: Session, club: int, said: str):
    signed_in(client, session)
    assert client.get(f"/clubs/{club}/forecast?{said}").status_code == 422


def test_who_may_not_edit_clubs_sees_no_forecast(client: TestClient, session: Session, club: int):
    signed_in(client, session, Role.CASHIER)
    assert client.get(f"/clubs/{club}/forecast").status_code == 403
