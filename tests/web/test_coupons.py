# REQ O-09 I-02: batches of coupons in the back office
import datetime as dt
import itertools
from typing import Any

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.catalog import Role
from erp_club.promotions.coupons import commands
from erp_club.promotions.coupons.codes import is_code, spoken
from erp_club.purchases.posting.commands import write_sale
from tests.make.clubs import a_customer
from tests.make.coupons import NOW, a_batch, read, some_coupons
from tests.make.organisation import PASSWORD, a_chain, somebody
from tests.make.purchases import a_line, a_product, a_sale, another_till

HTML = {"Accept": "text/html", "Origin": "http://testserver"}
keys = (f"key-{number}" for number in itertools.count())


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    a_chain(session)
    somebody(session, Role.HQ)
    session.commit()
    token = client.post("/sign-in", json={"username": "hq", "password": PASSWORD}).json()["token"]
    client.cookies.clear()
    client.headers["Cookie"] = f"club_session={token}"
    client.headers["Origin"] = "http://testserver"
    return client


def test_batches_are_listed_filtered_and_sorted(office: TestClient, session: Session) -> None:
    a_batch(session, "WINTER", valid_to=dt.date(2020, 1, 31))
    a_batch(session, "SPRING", personal=True, valid_from=dt.date(2999, 1, 1))
    a_batch(session, "ALWAYS", most=100)
    some_coupons(session, 3, "ALWAYS")
    session.commit()

    def found(query: str = "") -> list[str]:
        return [each["code"] for each in office.get(f"/coupon-batches{query}").json()["batches"]]

    assert found("?sort=code") == ["ALWAYS", "SPRING", "WINTER"]
    assert found("?sort=issued&direction=desc")[0] == "ALWAYS"
    assert found("?standing=current") == ["ALWAYS"]
    assert found("?standing=coming") == ["SPRING"]
    assert found("?standing=ended") == ["WINTER"]
    assert found("?standing=blocked") == []
    assert found("?personal=true&text=") == ["SPRING"]
    assert found("?text=inter") == ["WINTER"]
    assert found("?text=always%20coup") == ["ALWAYS"]
    assert found("?text=%25") == []
    first = office.get("/coupon-batches?text=always").json()["batches"][0]
    assert (first["issued"], first["left"], first["used"], first["standing"]) == (3, 97, 0, "current")
    lines = office.get("/coupon-batches.csv?sort=code").content.decode("utf-8-sig").splitlines()
    assert lines[1].startswith("ALWAYS,Always coupons,active,no,1,,,,,100,3,0")
    assert office.get("/coupon-batches.xlsx").status_code == 200


def test_the_list_is_drawn_empty_full_and_without_a_match(office: TestClient, session: Session) -> None:
    assert "No coupons yet" in office.get("/coupon-batches", headers=HTML).text
    a_batch(session, days_from_issue=30, names={"en": "<b>Winter</b>"})
    session.commit()
    page = office.get("/coupon-batches", headers=HTML).text
    assert "30 days from issue" in page
    assert "<b>Winter" not in page
    assert "Nothing matches" in office.get("/coupon-batches?text=zzz", headers=HTML).text


WINTER = {"code": "winter-26", "names": {"en": "Winter", "he": "חורף"}, "prefix": "vak", "days_from_issue": 30}


def send(client: TestClient, method: str, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.request(method, url, json=body or {}, headers={"Idempotency-Key": next(keys)})


def form(client: TestClient, url: str, body: dict[str, Any] | None = None) -> Response:
    return client.post(url, data=(body or {}) | {"idempotency_key": next(keys)}, headers=HTML)


def a_set_up_batch(office: TestClient, **other: Any) -> int:
    told = send(office, "POST", "/coupon-batches", WINTER | other)
    assert told.status_code == 201, told.text
    return told.json()["id"]


def codes_of(office: TestClient, batch_id: int) -> list[str]:
    lines = office.get(f"/coupon-batches/{batch_id}/coupons.csv").content.decode("utf-8-sig").splitlines()
    return [line.split(",")[0] for line in lines[1:]]


def test_a_batch_is_set_up_changed_and_traced(office: TestClient, session: Session) -> None:
    batch_id = a_set_up_batch(office)
    told = office.get(f"/coupon-batches/{batch_id}").json()["batch"]
    assert (told["code"], told["prefix"], told["uses"], told["days_from_issue"]) == ("WINTER-26", "VAK", 1, 30)
    change = {"version": told["version"], "uses": 3, "worth_minor": 50_00, "most": 10}
    changed = send(office, "PATCH", f"/coupon-batches/{batch_id}", change)
    assert (changed.json()["uses"], changed.json()["worth_minor"], changed.json()["left"]) == (3, 50_00, 10)
    assert changed.json()["names"] == WINTER["names"]
    again = send(office, "PATCH", f"/coupon-batches/{batch_id}", change)
    assert (again.status_code, again.json()["code"]) == (409, "stale")
    entry = session.execute(sa.select(AuditEntry).where(AuditEntry.action == "coupon_batch.change")).scalar_one()
    assert entry.before == {"uses": 1, "worth_minor": None, "most": None}
    assert entry.after == {"uses": 3, "worth_minor": 50_00, "most": 10}


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"code": "winter 26"}, "code"),
        ({"names": {"he": "חורף"}}, "names.en"),
        ({"prefix": "OIL"}, "prefix"),
        ({"prefix": "ААА"}, "prefix"),
        ({"uses": 0}, "uses"),
        ({"uses": 100_001}, "uses"),
        ({"worth_minor": 50_00}, "uses"),
        ({"worth_minor": 0, "uses": 2}, "worth_minor"),
        ({"days_from_issue": -1}, "days_from_issue"),
        ({"valid_to": "2026-12-31"}, "days_from_issue"),
        ({"valid_from": "2026-12-31", "valid_to": "2026-12-30", "days_from_issue": None}, "valid_to"),
        ({"valid_from": "3000-01-01"}, "valid_from"),
        ({"valid_from": "yesterday"}, "valid_from"),
        ({"most": 0}, "most"),
        ({"surprise": 1}, "surprise"),
    ],
)
def test_what_is_wrong_with_a_batch_is_told_at_its_field(
    office: TestClient, changes: dict[str, Any], field: str
) -> None:
    refused = send(office, "POST", "/coupon-batches", WINTER | changes)
    assert refused.status_code == 422
    assert [each["field"] for each in refused.json()["errors"]] == [field]


def test_a_form_sets_a_batch_up_and_empties_a_day(office: TestClient) -> None:
    typed = {
        "code": "spring",
        "names.en": "Spring",
        "uses": "2",
        "worth": "12,50",
        "valid_to": "2999-12-31",
        "personal": "true",
    }
    made = form(office, "/coupon-batches", typed)
    assert made.status_code == 303, made.text
    url = made.headers["location"]
    told = office.get(url).json()["batch"]
    assert (told["worth_minor"], told["valid_to"], told["personal"]) == (12_50, "2999-12-31", True)
    typed |= {
        "_method": "PATCH",
        "version": "1",
        "valid_to": "",
        "worth": "",
        "prefix": "",
        "most": "",
        "valid_from": "",
    }
    assert form(office, url, typed).status_code == 303
    told = office.get(url).json()["batch"]
    assert (told["worth_minor"], told["valid_to"], told["uses"]) == (None, None, 2)
    wrong = form(office, "/coupon-batches", {"code": "x y", "names.en": "X", "uses": "many"})
    assert wrong.status_code == 422
    assert 'value="many"' in wrong.text
    missing = form(office, "/coupon-batches", {"code": "EMPTY"})
    assert missing.status_code == 422
    assert 'href="#f-names-en"' in missing.text


def test_what_coupons_were_promised_stays_once_they_are_out(office: TestClient) -> None:
    batch_id = a_set_up_batch(office)
    assert send(office, "POST", "/coupon-batches", WINTER).json()["code"] == "batch-code-taken"
    assert send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 2}).status_code == 201
    for changes in ({"code": "OTHER"}, {"prefix": "VAP"}, {"personal": True}):
        refused = send(office, "PATCH", f"/coupon-batches/{batch_id}", changes | {"version": 1})
        assert (refused.status_code, refused.json()["code"]) == (409, "batch-fixed")
    fewer = send(office, "PATCH", f"/coupon-batches/{batch_id}", {"version": 1, "most": 1})
    assert [each["field"] for each in fewer.json()["errors"]] == ["most"]


def test_coupons_are_issued_listed_found_and_exported(office: TestClient, session: Session) -> None:
    batch_id = a_set_up_batch(office)
    issued = send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 60})
    assert (issued.json()["issued"], issued.json()["batch"]["issued"]) == (60, 60)
    page = office.get(f"/coupon-batches/{batch_id}").json()
    assert (page["state"]["total"], len(page["coupons"]), page["figures"]["open"]) == (60, 25, 60)
    codes = codes_of(office, batch_id)
    assert len(set(codes)) == 60
    assert all(is_code(code) and code.startswith("VAK") for code in codes)
    typed = spoken(codes[0]).lower()
    narrowed = office.get(f"/coupon-batches/{batch_id}?code={typed}").json()["coupons"]
    assert [each["code"] for each in narrowed] == [codes[0]]
    assert len(office.get(f"/coupon-batches/{batch_id}?code=VAK&per_page=60").json()["coupons"]) == 60
    found = send(office, "POST", "/coupon-searches", {"text": typed}).json()
    assert found["coupon"]["code"] == codes[0]
    assert form(office, "/coupon-searches", {"text": typed}).headers["location"] == f"/coupons/{found['coupon']['id']}"
    assert "No coupon has this code" in form(office, "/coupon-searches", {"text": "VAK"}).text
    assert office.get(f"/coupon-batches/{batch_id}/coupons.xlsx").status_code == 200
    taken = session.scalars(sa.select(AuditEntry.after).where(AuditEntry.action == "coupon_batch.export")).all()
    assert taken == [{"file": "csv"}, {"file": "xlsx"}]


@pytest.mark.parametrize("count", [0, -1, 1_000_001, "x", None, 1.5])
def test_a_wrong_number_of_coupons_is_refused(office: TestClient, count: object) -> None:
    batch_id = a_set_up_batch(office)
    refused = send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": count})
    assert [each["field"] for each in refused.json()["errors"]] == ["count"]


def test_a_batch_with_a_limit_or_an_end_says_so(office: TestClient) -> None:
    limited = a_set_up_batch(office, most=10)
    refused = send(office, "POST", f"/coupon-batches/{limited}/coupons", {"count": 11})
    assert (refused.status_code, refused.json()["code"], refused.json()["left"]) == (409, "batch-limit", 10)
    page = form(office, f"/coupon-batches/{limited}/coupons", {"count": "11"})
    assert page.status_code == 409
    assert "Only 10 more coupons" in page.text
    ended = a_set_up_batch(office, code="PAST", days_from_issue=None, valid_to="2020-01-01")
    refused = send(office, "POST", f"/coupon-batches/{ended}/coupons", {"count": 1})
    assert refused.json()["code"] == "batch-ended"


def test_personal_coupons_go_to_customers_by_their_numbers(office: TestClient, session: Session) -> None:
    yael, _ = a_customer(session, "100001"), a_customer(session, "100002")
    session.commit()
    batch_id = a_set_up_batch(office, personal=True)
    assert send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 1}).json()["code"] == "batch-personal"
    url = f"/coupon-batches/{batch_id}/assignments"
    refused = send(office, "POST", url, {"numbers": ["100001", "4711"]})
    assert "4711" in refused.json()["errors"][0]["message"]
    assert office.get(f"/coupon-batches/{batch_id}").json()["state"]["total"] == 0
    assert send(office, "POST", url, {"numbers": "100001, 100002\r\n100001;\t"}).json()["issued"] == 2
    assert form(office, url, {"numbers": "100001\r\n100002"}).status_code == 303
    for nothing in ("", " ,; ", [], ["0"], "0", "1" * 200):
        assert send(office, "POST", url, {"numbers": nothing}).status_code == 422
    mine = office.get(f"/coupon-batches/{batch_id}?customer=100001").json()["coupons"]
    assert [each["customer_id"] for each in mine] == [yael, yael]
    tab = office.get(f"/customers/{yael}?tab=coupons").json()["coupons"]
    assert [each["code"] for each in tab["coupons"]] == [each["code"] for each in mine]
    assert "Own coupons" in office.get(f"/customers/{yael}?tab=coupons", headers=HTML).text
    bearer = a_set_up_batch(office, code="BEARER")
    assert (
        send(office, "POST", f"/coupon-batches/{bearer}/assignments", {"numbers": "100001"}).json()["code"]
        == "batch-bearer"
    )


def test_a_batch_is_closed_blocked_and_opened_again(office: TestClient) -> None:
    batch_id = a_set_up_batch(office)
    for noun, state in (("closures", "closed"), ("blocks", "blocked"), ("openings", "active")):
        assert send(office, "POST", f"/coupon-batches/{batch_id}/{noun}").json()["state"] == state
        again = send(office, "POST", f"/coupon-batches/{batch_id}/{noun}")
        assert (again.status_code, again.json()["code"]) == (409, "state-already")
        assert office.get(f"/coupon-batches/{batch_id}", headers=HTML).status_code == 200
        if state != "active":
            refused = send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 1})
            assert refused.json()["code"] == "batch-not-active"


def test_a_coupon_is_blocked_and_unblocked(office: TestClient, session: Session) -> None:
    batch_id = a_set_up_batch(office)
    send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 3})
    coupon_id = office.get(f"/coupon-batches/{batch_id}").json()["coupons"][0]["id"]
    assert send(office, "POST", f"/coupons/{coupon_id}/blocks").json()["coupon"]["standing"] == "blocked"
    assert office.get(f"/coupon-batches/{batch_id}").json()["figures"] | {"given_minor": 0} == {
        "open": 2, "spent": 0, "expired": 0, "blocked": 1, "reserved": 0, "uses": 0, "given_minor": 0
    }  # fmt: skip
    assert office.get(f"/coupon-batches/{batch_id}?standing=blocked").json()["coupons"][0]["id"] == coupon_id
    assert send(office, "POST", f"/coupons/{coupon_id}/openings").json()["coupon"]["standing"] == "open"
    actions = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.entity == "coupon")).all()
    assert actions == ["coupon.block", "coupon.activate"]
    assert send(office, "POST", "/coupons/999999/blocks").status_code == 404
    switched = office.get(f"/coupons/{coupon_id}").json()["switched"]
    assert [(each["blocked"], each["actor"]) for each in switched] == [(False, "Somebody hq"), (True, "Somebody hq")]
    assert "unblocked" in office.get(f"/coupons/{coupon_id}", headers=HTML).text


def test_labels_hold_the_code_as_text_bar_code_and_qr_code_without_style(office: TestClient) -> None:
    batch_id = a_set_up_batch(office)
    assert "There is nothing to print" in office.get(f"/coupon-batches/{batch_id}/labels", headers=HTML).text
    send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 30})
    sheets = office.get(f"/coupon-batches/{batch_id}/labels?sheets=1").json()
    assert (len(sheets["coupons"]), sheets["state"]["pages"]) == (24, 2)
    page = office.get(f"/coupon-batches/{batch_id}/labels?sheets=1", headers=HTML).text
    assert all(each["spoken"] in page for each in sheets["coupons"])
    assert page.count("data:image/svg+xml") == 48
    assert "style%3D" not in page
    assert "style=" not in page


def test_every_page_of_coupons_is_drawn(office: TestClient, session: Session) -> None:
    batch_id = a_set_up_batch(office, names={"en": "<b>Winter</b>", "he": "חורף"})
    send(office, "POST", f"/coupon-batches/{batch_id}/coupons", {"count": 1})
    coupon_id = office.get(f"/coupon-batches/{batch_id}").json()["coupons"][0]["id"]
    url = f"/coupon-batches/{batch_id}"
    pages = (url, f"{url}/edit", f"{url}/coupons/new", f"{url}/assignments/new", f"{url}/labels", "/coupon-batches/new")
    for each in (*pages, f"/coupons/{coupon_id}", "/audit-entries"):
        for language in ("he", "fi", "sv", "en"):
            page = office.get(each, headers=HTML | {"Accept-Language": language})
            assert page.status_code == 200, each
            assert "<b>Winter" not in page.text, each
    region = office.get(f"{url}?code=VAK", headers=HTML | {"HX-Request": "true"}).text
    assert region.lstrip().startswith('<section class="card" id="coupons"')
    for nowhere in ("/coupon-batches/999999", "/coupons/999999", "/coupon-batches/999999/labels"):
        assert office.get(nowhere, headers=HTML).status_code == 404


@pytest.mark.parametrize("query", ["?code=%00", "?standing=x", "?customer=" + "1" * 101, "?code=" + "A" * 51])
def test_a_filter_that_makes_no_sense_is_refused_in_words(office: TestClient, query: str) -> None:
    batch_id = a_set_up_batch(office)
    assert office.get(f"/coupon-batches/{batch_id}{query}").status_code == 422


def test_figures_count_what_became_of_coupons(office: TestClient, session: Session) -> None:
    till = another_till(session, store_code="374")
    batch_id = a_batch(session, uses=2)
    code, *_ = some_coupons(session, 3)
    coupon_id = read(session, code)[0].id
    product_id = a_product(session)
    for number in range(2):
        sale = a_sale(till, a_line(product_id), receipt_no=f"1-{number:06}")
        receipt_id = write_sale(session.connection(), sale, (), now=NOW, by=till.by).receipt_id
        commands.use(
            session,
            {coupon_id: 5_00},
            customer_id=0,
            receipt_id=receipt_id,
            sale_id="s",
            now=dt.datetime.now(dt.UTC),
            by=till.by,
        )
    session.commit()
    page = office.get(f"/coupon-batches/{batch_id}").json()
    assert (page["figures"]["spent"], page["figures"]["open"], page["figures"]["given_minor"]) == (1, 2, 10_00)
    assert (page["days"][-1]["uses"], len(page["days"])) == (2, 30)
    coupon = office.get(f"/coupons/{coupon_id}").json()
    assert [use["receipt_no"] for use in coupon["uses"]] == ["1-000001", "1-000000"]
    drawn = office.get(f"/coupons/{coupon_id}", headers=HTML).text
    assert "1-000001" in drawn
    assert office.get(f"/coupon-batches/{batch_id}", headers=HTML).status_code == 200


def test_figures_tell_expired_coupons_from_those_that_still_can_be_used(office: TestClient, session: Session) -> None:
    ended = a_batch(session, "ENDED", valid_to=dt.date(2026, 11, 22))
    some_coupons(session, 3, "ENDED")
    fading = a_batch(session, "FADING", days_from_issue=0)
    some_coupons(session, 2, "FADING")
    lasting = a_batch(session, "LASTING")
    some_coupons(session, 4, "LASTING")
    moment = dt.datetime.now(dt.UTC)
    held = read(session, *some_coupons(session, 1, "LASTING"))[0].id
    until = moment + dt.timedelta(minutes=15)
    commands.reserve(session, [held], customer_id=0, sale_id="s", until=until, now=moment)
    session.commit()

    def told(batch_id: int) -> tuple[int, int, int]:
        figures = office.get(f"/coupon-batches/{batch_id}").json()["figures"]
        return figures["open"], figures["expired"], figures["reserved"]

    assert (told(ended), told(fading), told(lasting)) == ((0, 3, 0), (0, 2, 0), (5, 0, 1))
    for batch_id, standing, count in ((ended, "expired", 3), (fading, "expired", 2), (lasting, "open", 4)):
        found = office.get(f"/coupon-batches/{batch_id}?standing={standing}").json()["coupons"]
        assert [each["standing"] for each in found] == [standing] * count
    assert office.get(f"/coupon-batches/{lasting}?standing=held").json()["coupons"][0]["id"] == held


@pytest.mark.parametrize("role", [Role.MANAGER, Role.CASHIER])
def test_who_may_not_issue_sees_no_button_and_no_file(client: TestClient, session: Session, role: Role) -> None:
    a_chain(session)
    somebody(session, role)
    batch_id = a_batch(session)
    some_coupons(session)
    session.commit()
    token = client.post("/sign-in", json={"username": role.value, "password": PASSWORD}).json()["token"]
    client.headers["Cookie"] = f"club_session={token}"
    client.headers["Origin"] = "http://testserver"
    page = client.get(f"/coupon-batches/{batch_id}", headers=HTML)
    assert page.status_code == (200 if role is Role.MANAGER else 403)
    for hidden in ("/coupons/new", "/labels", "coupons.csv", "/edit", "/blocks"):
        assert hidden not in page.text
    assert client.get(f"/coupon-batches/{batch_id}/coupons.csv").status_code == 403
    assert client.get(f"/coupon-batches/{batch_id}/labels").status_code == 403
