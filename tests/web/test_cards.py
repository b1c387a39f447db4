# REQ K-01 K-02 A-02: cards given, replaced, blocked, lost and found, and shown to a scanner
import re
from urllib.parse import unquote

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.cards.queries import read_card
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict
from erp_club.permissions.catalog import Role
from tests.make.clubs import a_card, a_customer
from tests.web.test_clubs import HTML, send, signed_in, submit

OWN = "7290000000015"


def a_card_of(session: Session) -> tuple[int, int]:
    """The ids of a customer and of a card of theirs."""
    yael = a_customer(session)
    a_card(session, yael, OWN)
    session.commit()
    return yael, session.scalar(sa.text("SELECT id FROM cards")) or 0


def test_a_replaced_card_says_so_and_the_new_one_identifies(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    yael, card = a_card_of(session)
    made = send(client, f"/cards/{card}/replacements")
    assert made.status_code == 201
    assert read_card(session, made.json()["number"]).customer_id == yael
    with pytest.raises(Conflict) as old:
        read_card(session, OWN)
    assert old.value.code == "card-replaced"
    again = send(client, f"/cards/{card}/replacements")
    assert (again.status_code, again.json()["code"]) == (409, "card-is-so")
    entry = session.scalars(sa.select(AuditEntry).where(AuditEntry.action == "card.replace")).one()
    assert entry.after is not None
    assert entry.after["replaced_by"] == made.json()["number"]


def test_a_card_is_replaced_by_one_that_lies_ready(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, card = a_card_of(session)
    refused = send(client, f"/cards/{card}/replacements", {"number": "12"})
    assert (refused.status_code, refused.json()["errors"][0]["field"]) == (422, "card")
    assert read_card(session, OWN).customer_id == yael, "what is refused changes nothing"
    taken = send(client, f"/cards/{card}/replacements", {"number": OWN})
    assert (taken.status_code, taken.json()["code"]) == (409, "card-taken")
    assert send(client, f"/cards/{card}/replacements", {"number": "7290 0000 00022"}).status_code == 201
    assert read_card(session, "7290000000022").customer_id == yael


def test_a_card_is_blocked_lost_and_found_again(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, card = a_card_of(session)
    for noun, state, code in (("blocks", "blocked", "card-blocked"), ("losses", "lost", "card-lost")):
        assert send(client, f"/cards/{card}/{noun}").json()["state"] == state
        with pytest.raises(Conflict) as refused:
            read_card(session, OWN)
        assert refused.value.code == code
        assert send(client, f"/cards/{card}/{noun}").status_code == 409
    assert send(client, f"/cards/{card}/releases").json()["state"] == "active"
    assert read_card(session, OWN).customer_id == yael
    assert send(client, f"/cards/{card}/releases").status_code == 409


def test_one_more_card_is_given_to_the_living_only(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, _ = a_card_of(session)
    made = send(client, f"/customers/{yael}/cards")
    assert made.json()["number"].startswith("29")
    assert [each["number"] for each in client.get(f"/customers/{yael}/cards").json()["cards"]][1:] == [OWN]
    for nobody in (0, 999_999):
        assert send(client, f"/customers/{nobody}/cards").status_code == 404
    assert send(client, "/cards/999999/losses").status_code == 404


def test_a_scanner_reads_the_card_from_the_page(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    yael, card = a_card_of(session)
    page = client.get(f"/cards/{card}", headers=HTML).text
    assert OWN in page
    (bars,) = re.findall(r'src="data:image/svg\+xml,([^"]+)" width="320"', page)
    drawn = unquote(bars)
    assert drawn.count("M") > 30
    assert OWN not in drawn, "the number stands below, as text"
    assert "data:image/svg+xml" in page.replace(bars, "")
    assert f"/cards/{card}" in client.get(f"/customers/{yael}", headers=HTML).text


def test_a_cashier_neither_blocks_nor_releases(client: TestClient, session: Session) -> None:
    signed_in(client, session, Role.CASHIER)
    yael, card = a_card_of(session)
    for noun in ("blocks", "releases"):
        assert send(client, f"/cards/{card}/{noun}").status_code == 403
    region = client.get(f"/customers/{yael}/cards", headers=HTML).text
    assert "/losses" in region
    assert "/blocks" not in region


@pytest.mark.parametrize("language", ["he", "fi", "sv", "en"])
def test_the_pages_of_cards_are_drawn_in_every_language(client: TestClient, session: Session, language: str) -> None:
    signed_in(client, session)
    yael, card = a_card_of(session)
    client.cookies.set("language", language)
    for url in (f"/cards/{card}", f"/customers/{yael}/cards"):
        page = client.get(url, headers=HTML)
        assert (page.status_code, f'lang="{language}"' in page.text) == (200, True)
    refused = submit(client, f"/customers/{yael}/cards", {"number": "1"}, htmx=True)
    assert refused.status_code == 422
    assert 'id="cards"' in refused.text
