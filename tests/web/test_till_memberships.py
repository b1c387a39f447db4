# REQ M-05 M-06 M-07 M-08: memberships at the till: renewed with the card, extended, paused, resumed, ended and restored
import datetime as dt
from dataclasses import dataclass
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.clubs.breaks.commands import correct_membership
from erp_club.clubs.commands import Joined
from erp_club.clubs.periods import Span
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.permissions.models import Staff
from tests.make.clubs import a_club, a_membership, moved
from tests.make.customers import a_person
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_till import MILK, browser, post, send

DAY = dt.timedelta(days=1)
HERE = "/baskets/current/memberships"


@dataclass
class Sale:
    """A till at which Yael, a member for a year from today, is buying milk."""

    client: TestClient
    till: Till
    session: Session
    yael: int
    joined: Joined

    def send(self, what: str, body: dict[str, Any] | None = None) -> Any:
        return send(self.client, self.till, "POST", f"{HERE}/{self.joined.membership_id}/{what}", body)

    def shown(self) -> dict[str, Any]:
        (held,) = self.client.get("/till", headers=self.till.headers).json()["customer"]["memberships"]
        return held


@pytest.fixture
def sale(client: TestClient, session: Session) -> Sale:
    till = a_till(session, role=Role.MANAGER)
    a_product(session, MILK, price_minor=6_43)
    yael = a_person(session, given_name="Yael")
    session.commit()
    today = dt.date.fromisoformat(client.get(f"/customers/{yael}/memberships", headers=till.headers).json()["today"])
    joined = a_membership(session, yael, a_club(session), joined_on=today)
    session.commit()
    send(client, till, "PUT", "/baskets/current/customer", {"customer_id": yael})
    send(client, till, "POST", "/baskets/current/entries", {"code": f"10*{MILK}"})
    return Sale(client, till, session, yael, joined)


def test_a_pause_stops_the_benefits_of_the_sale_and_resuming_brings_them_back(sale: Sale) -> None:
    assert sale.shown()["earns"] == 6
    paused = sale.send("pauses", {"reason": "Abroad"})
    assert (paused.status_code, sale.shown()["state"], sale.shown()["earns"]) == (200, "paused", 0)
    refused = sale.send("extensions", {"until": "2031-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (409, "membership-paused")
    assert sale.send("resumptions").status_code == 200
    assert (sale.shown()["state"], sale.shown()["earns"]) == ("valid", 6)


def test_an_extension_moves_the_last_day(sale: Sale) -> None:
    assert sale.send("extensions", {"until": "2031-01-01"}).status_code == 200
    assert sale.shown()["valid_until"] == "2031-01-01"
    refused = sale.send("extensions", {"until": "2030-01-01"})
    assert (refused.status_code, refused.json()["code"]) == (422, "not-longer")


def test_who_is_between_two_stretches_is_told_of_the_end_that_comes_and_of_none_that_was(sale: Sale) -> None:
    today = sale.client.get(HERE, headers=sale.till.headers).json()["today"]
    day = dt.date.fromisoformat(today)
    spans = [Span(day - 9 * DAY, day - DAY), Span(day + DAY, day + 9 * DAY)]
    correct_membership(
        sale.session, sale.joined.membership_id, spans=spans, reason="Books", now=dt.datetime.now(dt.UTC), by=SYSTEM
    )
    sale.session.commit()
    english = sale.till.headers | {"Accept": "text/html", "Accept-Language": "en"}
    page = sale.client.get(HERE, headers=english).text
    assert "Not valid yet" in page
    assert "Valid until" in page
    assert "was valid until" not in page


def test_ending_says_what_is_lost_and_can_be_undone(sale: Sale) -> None:
    moved(sale.session, sale.yael, sale.joined.points_account_id, 80)
    sale.session.commit()
    url = f"{HERE}/{sale.joined.membership_id}/terminations/new"
    assert sale.client.get(url, headers=sale.till.headers).json()["points_lost"] == 80
    refused = sale.send("terminations", {"points_lost": 0})
    assert (refused.status_code, refused.json()["code"]) == (409, "points-changed")
    assert sale.send("terminations", {"points_lost": 80}).status_code == 200
    assert (sale.shown()["state"], sale.shown()["balance"], sale.shown()["earns"]) == ("ended", 0, 0)
    twice = sale.send("terminations", {"points_lost": 0})
    assert (twice.status_code, twice.json()["code"]) == (409, "membership-ended")
    assert sale.send("restorations").status_code == 200
    assert (sale.shown()["state"], sale.shown()["balance"]) == ("valid", 80)


def test_a_renewal_needs_the_card_of_this_customer(sale: Sale) -> None:
    dana = a_person(sale.session, given_name="Dana")
    other = a_membership(sale.session, dana, a_club(sale.session, "SILVER"))
    sale.session.commit()
    until = sale.shown()["valid_until"]
    body: dict[str, Any] = {"membership_id": sale.joined.membership_id}
    none = send(sale.client, sale.till, "POST", "/baskets/current/renewals", body)
    assert (none.status_code, none.json()["errors"][0]["field"]) == (422, "card")
    wrong = send(sale.client, sale.till, "POST", "/baskets/current/renewals", body | {"card": other.card_number})
    assert (wrong.status_code, wrong.json()["code"]) == (409, "card-of-another")
    assert sale.shown()["valid_until"] == until, "nothing changes"
    right = send(sale.client, sale.till, "POST", "/baskets/current/renewals", body | {"card": sale.joined.card_number})
    assert right.status_code == 200
    assert sale.shown()["valid_until"] > until
    nobodys = post(browser(sale.client, sale.till), "/baskets/current/renewals", **body, card="2900000099999")
    assert (nobodys.status_code, nobodys.headers["hx-retarget"]) == (404, "#dialog")
    assert 'id="renew-membership"' in nobodys.text, "the dialog again, and not the bare refusal in the till's place"


def test_who_was_identified_by_the_card_is_not_asked_for_it_again(sale: Sale) -> None:
    card, membership = sale.joined.card_number, sale.joined.membership_id
    asked = sale.client.get(f"{HERE}/{membership}/renewals/new", headers=sale.till.headers).json()
    assert asked["needs_card"] is True
    send(sale.client, sale.till, "POST", "/baskets/current/entries", {"code": card})
    asked = sale.client.get(f"{HERE}/{membership}/renewals/new", headers=sale.till.headers).json()
    assert asked["needs_card"] is False
    done = send(sale.client, sale.till, "POST", "/baskets/current/renewals", {"membership_id": membership})
    assert done.status_code == 200


def test_of_two_tills_that_renew_at_once_the_second_is_told_and_adds_nothing(sale: Sale) -> None:
    seen = sale.shown()["valid_until"]
    elsewhere = f"/memberships/{sale.joined.membership_id}/renewals"
    assert send(sale.client, sale.till, "POST", elsewhere, {"valid_until": seen}).status_code == 201
    until = sale.shown()["valid_until"]
    assert until > seen
    body = {
        "membership_id": sale.joined.membership_id,
        "card": sale.joined.card_number,
        "valid_until": seen,
    }
    told = send(sale.client, sale.till, "POST", "/baskets/current/renewals", body)
    assert (told.status_code, told.json()["code"], told.json()["valid_until"]) == (409, "longer-meanwhile", until)
    assert send(sale.client, sale.till, "POST", elsewhere, {"valid_until": seen}).status_code == 409
    assert sale.shown()["valid_until"] == until
    meant = send(sale.client, sale.till, "POST", "/baskets/current/renewals", body | {"valid_until": until})
    assert meant.status_code == 200
    assert sale.shown()["valid_until"] > until


def test_the_dialog_of_renewing_sends_the_day_that_it_shows(sale: Sale) -> None:
    url = f"{HERE}/{sale.joined.membership_id}/renewals/new"
    page = sale.client.get(url, headers=sale.till.headers | {"Accept": "text/html"}).text
    assert f'name="valid_until" value="{sale.shown()["valid_until"]}"' in page


def test_only_the_memberships_of_the_sale_s_customer_are_changed_at_the_till(sale: Sale) -> None:
    send(sale.client, sale.till, "DELETE", "/baskets/current/customer")
    for what, body in (
        ("pauses", {}),
        ("resumptions", {}),
        ("terminations", {"points_lost": 0}),
        ("restorations", {}),
        ("extensions", {"until": "2031-01-01"}),
    ):
        refused = sale.send(what, body)
        assert (refused.status_code, refused.json()["code"]) == (409, "customer-needed"), what


def test_each_action_has_a_permission_of_its_own(sale: Sale) -> None:
    assert sale.till.by.staff_id is not None
    sale.session.get_one(Staff, sale.till.by.staff_id).role = Role.CASHIER
    sale.session.commit()
    assert sale.client.get(HERE, headers=sale.till.headers).status_code == 200
    for what, body in (("pauses", {}), ("terminations", {"points_lost": 0}), ("extensions", {"until": "2031-01-01"})):
        assert sale.send(what, body).status_code == 403, what


def test_the_dialogs_of_the_till_are_pages_without_script(sale: Sale) -> None:
    client = browser(sale.client, sale.till)
    membership = sale.joined.membership_id
    assert f"{HERE}/{membership}/pauses/new" in client.get(HERE, headers={"Accept": "text/html"}).text
    for what in ("renewals", "extensions", "pauses", "terminations"):
        page = client.get(f"{HERE}/{membership}/{what}/new", headers={"Accept": "text/html"})
        assert page.status_code == 200, what
        assert "/baskets/current/" in page.text, what
    refused = post(client, f"{HERE}/{membership}/extensions", until="2020-01-01")
    assert (refused.status_code, refused.headers["HX-Retarget"]) == (422, "#dialog")
    ended = post(client, f"{HERE}/{membership}/terminations", points_lost=0)
    assert ended.status_code == 200
    assert f"{HERE}/{membership}/restorations" in ended.headers["HX-Trigger"], "the undo is offered"
