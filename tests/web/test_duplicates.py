# REQ C-07: the warning at the till, in the back office and over JSON; the list of pairs
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs.catalogue import JOBS
from erp_club.jobs.declared import Run
from erp_club.permissions.actors import SYSTEM
from tests.make.customers import NOW, a_person
from tests.make.office import HTML, form, head_office, send
from tests.make.purchases import Till, a_till
from tests.web.test_till import HTMX, browser, post
from tests.web.test_till import send as send_from

SAME: dict[str, Any] = {"given_name": "Yael", "family_name": "Cohen", "mobile": "0530302018"}


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


@pytest.fixture
def till(session: Session) -> Till:
    made = a_till(session)
    session.commit()
    return made


def a_yael(session: Session) -> int:
    made = a_person(session, mobile="0530302018", city="Haifa")
    session.commit()
    return made


def test_a_machine_is_told_the_candidates_and_how_to_confirm(session: Session, office: TestClient):
    yael = a_yael(session)
    told = send(office, "POST", "/customers", SAME)
    assert (told.status_code, told.json()["code"]) == (409, "possible-duplicates")
    (candidate,) = told.json()["candidates"]
    assert (candidate["customer_id"], candidate["same"], candidate["city"]) == (yael, ["mobile"], "Haifa")
    assert send(office, "POST", "/customers", SAME | {"confirmed_not": [yael]}).status_code == 201


def test_the_form_comes_back_with_the_candidates_beside_and_one_button_confirms(session: Session, office: TestClient):
    yael = a_yael(session)
    told = form(office, "/customers", SAME)
    assert told.status_code == 409
    assert f'href="/customers/{yael}"' in told.text
    # Enter presses a form's first button, which must not be the one that says that it is another person.
    first = told.text.index('form="customer-form"')
    assert first < told.text.index(f'name="confirmed_not[]" value="{yael}"')
    assert told.text[first:].startswith('form="customer-form" hidden>')
    assert form(office, "/customers", SAME | {"confirmed_not[]": str(yael)}).status_code == 303


def test_while_typing_the_form_shows_who_it_may_be(session: Session, office: TestClient):
    yael = a_yael(session)
    typed = {"given_name": "yae", "family_name": "coh", "mobile": "053-030-2018", "email": "not yet"}
    told = office.post("/duplicate-searches", data=typed, headers=HTMX | HTML)
    assert told.status_code == 200
    assert f"/customers/{yael}" in told.text
    at_till = office.post("/duplicate-searches?at=till", data=typed, headers=HTMX | HTML).text
    assert 'name="_method" value="PUT"' in at_till
    assert 'hx-status:4xx="swap:none"></div>' in at_till, "what asks again holds nothing that would be sent along"
    assert office.post("/duplicate-searches", json={"family_name": "Levi"}).json()["candidates"] == []


def test_at_the_till_one_is_chosen_for_the_sale_or_opened_all_the_same(
    session: Session, client: TestClient, till: Till
):
    yael = a_yael(session)
    browser(client, till)
    told = post(client, "/baskets/current/customers", **SAME)
    assert told.status_code == 409
    assert f'name="customer_id" value="{yael}"' in told.text
    assert "•••2018" in told.text
    confirmed: dict[str, Any] = SAME | {"confirmed_not[]": str(yael)}
    post(client, "/baskets/current/customers", **confirmed)
    assert send_from(client, till, "GET", "/till").json()["customer"]["customer_id"] != yael


def test_a_card_of_hers_at_the_till_shows_her(session: Session, client: TestClient, till: Till):
    yael = a_yael(session)
    from tests.make.clubs import a_card

    a_card(session, yael, "2900000000018")
    session.commit()
    told = send_from(
        client, till, "POST", "/baskets/current/customers", {"family_name": "Levi", "card": "2900000000018"}
    )
    assert (told.status_code, told.json()["candidates"][0]["same"]) == (409, ["card"])


def test_head_office_decides_one_by_one_about_the_pairs_that_were_found_at_night(session: Session, office: TestClient):
    one, other = a_person(session, **SAME), a_person(session, **SAME)
    job = JOBS["duplicates-find"]
    assert job.schedule is not None
    compared: list[tuple[int, int]] = []
    run = Run(0, job.name, NOW.date(), {}, SYSTEM, NOW, tell=lambda done, every: compared.append((done, every)))
    assert job.batch(session, run, None).counts == {"pairs": 1}
    assert compared == [(0, 1)]
    session.commit()
    assert [each["low"]["customer_id"] for each in office.get("/suspected-pairs").json()["pairs"]] == [one]
    assert "/duplicate-confirmations" in office.get("/suspected-pairs", headers=HTML).text
    answer = form(office, "/duplicate-confirmations", {"customer_id": str(one), "other_id": str(other)})
    assert answer.status_code == 303
    assert office.get("/suspected-pairs").json()["pairs"] == []
    assert form(office, "/duplicate-confirmations", {"customer_id": "1", "other_id": "2"}).status_code == 404
