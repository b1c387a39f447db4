# REQ P-01 P-02 P-05 P-11 R-06 U-04: an account that counts half stamps is told in stamps everywhere, in four languages
from typing import Any

import pytest
from fastapi.testclient import TestClient

from erp_club.clubs.models import Club
from tests.make.browser import HTML, form, signed_in
from tests.web.test_till import HTMX, MILK, browser, post
from tests.web.test_till_fees import Made, Sale, made

__all__ = ["made"]

UNIT: dict[str, Any] = {
    "names": {"en": "stamps", "he": "חותמות", "fi": "leimaa", "sv": "stämplar"},
    "one": {"en": "stamp", "he": "חותמת", "fi": "leima", "sv": "stämpel"},
    "scale": 2,
}
CLUB: dict[str, Any] = {
    "fees": {},
    "unit": UNIT,
    "earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 9_00}]},
    "redemption": {"worth_points": 2, "worth_minor": 1_00},
    "benefits": [
        {
            "code": "treat",
            "names": {"en": "Next time"},
            "points": 200,
            "gives": {"kind": "gift", "products": [MILK]},
        }
    ],
    "charity": {"names": {"en": "Red Cross"}, "least_points": 1, "step": 1},
}


def plain(page: str) -> str:
    """A page's text without what isolates the directions."""
    for mark in ('<bdi class="num" dir="ltr">', "<bdi>", "</bdi>", "\u2068", "\u2069"):
        page = page.replace(mark, "")
    return " ".join(page.split())


@pytest.fixture
def sale(made: Made) -> Sale:
    """Yael is buying ten milks for 64.30, which are three and a half stamps."""
    sale = made(**CLUB)
    sale.join()
    return sale


@pytest.fixture
def bought(sale: Sale) -> Sale:
    """She has paid them, and is buying one more."""
    sale.pay()
    sale.begin(1)
    return sale


def text(client: TestClient, url: str, language: str = "en", **headers: str) -> str:
    client.cookies.set("language", language)
    found = client.get(url, headers=HTML | headers)
    assert found.status_code == 200, found.text
    return plain(found.text)


def account(sale: Sale) -> str:
    (held,) = sale.client.get(f"/customers/{sale.yael}/panel", headers=sale.till.headers).json()["memberships"]
    url = f"/memberships/{held['membership_id']}/redemptions"
    return f"/points-accounts/{sale.client.get(url, headers=sale.till.headers).json()['account_id']}"


@pytest.mark.parametrize(
    ("language", "head", "receipt"),
    [
        ("en", "Stamps", "+3.5 stamps, new balance 3.5"),
        ("he", "חותמות", "+3.5 חותמות, יתרה חדשה 3.5"),
        ("fi", "Leimaa", "+3,5 leimaa, uusi saldo 3,5"),
        ("sv", "Stämplar", "+3,5 stämplar, nytt saldo 3,5"),
    ],
)
def test_the_till_and_the_receipt_tell_halves_with_their_word(
    sale: Sale, language: str, head: str, receipt: str
) -> None:
    person = browser(sale.client, sale.till)
    till = text(person, "/till", language)
    assert head in till
    assert receipt.split(" ", 1)[0] in till
    assert "+7" not in till
    assert post(person, "/baskets/current/payments", means="card").status_code == 200
    assert receipt in text(person, "/till", language)


def test_stamps_are_redeemed_as_they_are_typed_and_no_part_of_a_half(bought: Sale) -> None:
    person = browser(bought.client, bought.till)
    dialog = text(person, "/baskets/current/points", **HTMX)
    assert "3.5 stamps available" in dialog
    assert "at most 3.5 stamps, worth ₪3.50" in dialog
    offer = "PAID.PAY-WITH-POINTS"
    wrong = post(person, "/baskets/current/points", offer=offer, points="1.3", in_units="true")
    assert wrong.status_code == 422
    assert "Enter a multiple of 0.5." in plain(wrong.text)
    done = post(person, "/baskets/current/points", offer=offer, points="2", in_units="true")
    assert done.status_code == 200, done.text
    assert "Take back 2 stamps" in text(person, "/baskets/current/points", **HTMX)
    assert post(person, "/baskets/current/points", offer=offer, points="2").status_code == 200
    assert "Take back 1 stamp<" in text(person, "/baskets/current/points", **HTMX), "parts, without saying otherwise"
    assert post(person, "/baskets/current/payments", means="card").status_code == 200
    assert "1 stamp used, balance 2.5" in text(person, "/till")


def test_the_office_reads_and_types_stamps(bought: Sale) -> None:
    client, url = bought.client, account(bought)
    client.cookies.clear()
    signed_in(client, bought.session)
    bought.session.commit()
    assert '<dt>Stamps</dt><dd class="big">3.5</dd>' in text(client, f"/customers/{bought.yael}")
    assert "The balance is 3.5 stamps." in text(client, f"{url}/adjustments/new")
    wrong = client.post(
        f"{url}/adjustments", data=form(points="0.4", description="Sorry", in_units="true"), headers=HTML
    )
    assert (wrong.status_code, "Enter a multiple of 0.5." in plain(wrong.text)) == (422, True)
    done = client.post(
        f"{url}/adjustments", data=form(points="-1,5", description="Sorry", in_units="true"), headers=HTML
    )
    assert done.status_code < 400, done.text
    history = text(client, f"{url}/movements")
    assert "2 stamps" in history
    assert "\u22121.5" in history
    rows = [row.split(",") for row in client.get(f"{url}/movements.csv").text.splitlines()]
    assert [(row[1], row[2], row[-1]) for row in rows[1:]] == [("-1.5", "2", "Stamps"), ("3.5", "3.5", "Stamps")]
    held = text(client, f"/customers/{bought.yael}/access-file")
    assert all(f">{told} stamps<" in held for told in ("+3.5", "3.5", "\u22121.5", "2"))
    told = client.get(f"/customers/{bought.yael}/access-file").json()["rows"]["points_movements"]
    assert [(row["points"], row["unit"]["scale"]) for row in told] == [(7, 2), (-3, 2)]
    assert "2 stamps" in text(client, "/customers")
    assert "2 stamps" in text(client, "/")
    assert "2 stamps" in text(client, "/clubs")
    assert "2 stamps" in text(client, f"/clubs/{bought.club_id}")
    assert "2 stamps" in text(client, "/reports/liability")
    lot = client.get("/reports/liability.csv").text.splitlines()[1]
    assert lot.split(",")[3] == "2"
    assert "3.5 stamps" in text(client, "/reports/purchases")
    assert ">Stamps<" in text(client, f"/clubs/{bought.club_id}/results")
    new = form(name="Sorry", club_id=str(bought.club_id), effect="add", points="2.5", in_units="true", rounding="down")
    made = client.post("/points-programmes", data=new, headers=HTML, follow_redirects=True)
    assert made.status_code == 200, made.text
    for told in ("Give 2.5 stamps", "+2.5 stamps"):
        assert told in plain(made.text)


def test_figures_of_clubs_that_count_differently_are_told_apart(bought: Sale) -> None:
    bought.session.add(
        Club(
            code="PLAIN", names={"en": "Plain"}, currency="ILS", state="published", earn_points=1, earn_per_minor=100,
            worth_points=100, worth_minor=100, term_kind="lifetime",
        )
    )  # fmt: skip
    bought.session.commit()
    plain_club = bought.session.query(Club.id).filter_by(code="PLAIN").scalar()
    bought.send("POST", "/memberships", {"club_id": plain_club})
    assert bought.pay().status_code == 200
    client = bought.client
    client.cookies.clear()
    signed_in(client, bought.session)
    bought.session.commit()
    assert "3.5 stamps · 6 points" in text(client, "/customers")
    assert "3.5 stamps · 6 points" in text(client, "/")
    report = text(client, "/reports/purchases")
    assert "Clubs count differently: choose one." in report
    assert "6 points" in text(client, f"/reports/purchases?club={plain_club}")
