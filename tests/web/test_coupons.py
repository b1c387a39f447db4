# REQ O-09 I-02: coupons issued, found, printed, blocked and counted in the back office
import datetime as dt

import pytest
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs import coupons as jobs
from erp_club.jobs.declared import Run
from erp_club.kernel.audit import AuditEntry
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from erp_club.promotions.coupons import commands
from erp_club.promotions.coupons.codes import is_code, spoken
from erp_club.promotions.coupons.models import Coupon
from erp_club.purchases.posting.commands import write_sale
from tests.make.clubs import a_customer
from tests.make.coupons import NOW, a_batch, read, reserve, some_coupons
from tests.make.office import HTML, a_set_up_batch, form, head_office, send
from tests.make.organisation import PASSWORD, a_chain, somebody
from tests.make.purchases import a_line, a_product, a_sale, another_till


@pytest.fixture
def office(client: TestClient, session: Session) -> TestClient:
    return head_office(client, session)


def codes_of(office: TestClient, batch_id: int) -> list[str]:
    lines = office.get(f"/coupon-batches/{batch_id}/coupons.csv").content.decode("utf-8-sig").splitlines()
    return [line.split(",")[0] for line in lines[1:]]


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


def test_personal_coupons_go_to_everybody_in_a_segment_at_once_or_by_a_job(
    office: TestClient, session: Session, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in ("100001", "100002", "100003"):
        a_customer(session, number)
    session.commit()
    lists = {"name": "Big baskets", "numbers": "100001 100002"}
    segment_id = send(office, "POST", "/segment-lists", lists).json()["id"]
    batch_id = a_set_up_batch(office, personal=True)
    url = f"/coupon-batches/{batch_id}"
    assert "Big baskets" in office.get(f"{url}/assignments/new", headers=HTML).text
    both = {"segment_id": segment_id, "numbers": "100003"}
    assert send(office, "POST", f"{url}/assignments", both).json()["errors"][0]["field"] == "segment_id"
    assert send(office, "POST", f"{url}/assignments", {"segment_id": segment_id}).json()["issued"] == 2
    whose = {each["customer_number"] for each in office.get(url).json()["coupons"]}
    assert whose == {"100001", "100002"}
    monkeypatch.setattr(jobs, "MOST_AT_ONCE", 1)
    monkeypatch.setattr(jobs, "_PORTION", 1)
    later = send(office, "POST", f"{url}/assignments", {"segment_id": segment_id})
    assert (later.status_code, later.json()["waiting"]) == (202, 2)
    asked = {"batch": batch_id, "segment": segment_id, "count": 2}
    step = jobs.COUPONS_ISSUE.batch(session, Run(1, "coupons-issue", NOW.date(), asked, SYSTEM, NOW), None)
    while step.after is not None:
        step = jobs.COUPONS_ISSUE.batch(session, Run(1, "coupons-issue", NOW.date(), asked, SYSTEM, NOW), step.after)
    assert office.get(url).json()["batch"]["issued"] == 4


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
    sales = (a_sale(till, a_line(product_id), receipt_no=f"1-{number:06}") for number in range(2))
    receipts = [write_sale(session.connection(), sale, (), now=NOW, by=till.by).receipt_id for sale in sales]
    for receipt_id in receipts:
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
    session.execute(
        sa.update(Coupon).where(Coupon.id == coupon_id).values(receipt_customer_id=0, receipt_id=receipts[-1])
    )
    session.commit()
    coupon = office.get(f"/coupons/{coupon_id}").json()
    assert coupon["coupon"]["receipt_no"] == "1-000001", "the receipt that it came with is called by its number"
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
    reserve(session, [held], customer_id=0, sale_id="s", until=until, now=moment)
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
