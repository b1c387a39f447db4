# REQ O-06 O-07 A-02: what the chain settles once for the price of all sales
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.organisation.commands import set_pricing
from erp_club.organisation.models import Chain
from erp_club.permissions.actors import SYSTEM
from tests.make.offers import NOW, a_published_offer
from tests.make.purchases import Till, a_product, a_till
from tests.web.test_clubs import HTML, send, signed_in, submit

ANVIL = "7290000000017"


def total_at(client: TestClient, till: Till) -> int:
    basket = {"sale_id": "s1", "lines": [{"sku": ANVIL, "quantity": "1"}]}
    return client.post("/quotes", json=basket, headers=till.headers).json()["total_minor"]


def test_the_next_basket_goes_by_what_is_settled(client: TestClient, session: Session) -> None:
    till = a_till(session)
    a_product(session, ANVIL, price_minor=100_00)
    a_published_offer(session, "TENTH", combination={"mode": "stackable"})
    a_published_offer(session, "TENTH-2", combination={"mode": "stackable"})
    session.commit()
    assert total_at(client, till) == 81_00
    set_pricing(session, {"stack_base": "list"}, now=NOW, by=SYSTEM)
    session.commit()
    assert total_at(client, till) == 80_00


def test_what_is_as_usual_is_not_kept_and_every_change_leaves_a_trace(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    send(client, "/pricing-policy", {"points_rounding": "half_up", "threshold_counts": "after_codes"}, method="PATCH")
    assert session.scalar(sa.select(Chain.pricing)) == {"points_rounding": "half_up", "threshold_counts": "after_codes"}
    send(client, "/pricing-policy", {"points_rounding": "down"}, method="PATCH")
    session.expire_all()
    assert session.scalar(sa.select(Chain.pricing)) == {"threshold_counts": "after_codes"}
    entry = session.scalars(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1)).one()
    assert (entry.action, entry.after) == ("chain.edit", {"pricing": {"threshold_counts": "after_codes"}})


def test_the_page_keeps_what_is_chosen_and_refuses_what_nobody_knows(client: TestClient, session: Session) -> None:
    signed_in(client, session)
    page = client.get("/pricing-policy", headers=HTML).text
    assert 'name="threshold_counts"' in page
    kept = submit(client, "/pricing-policy", {"_method": "PATCH", "earn_base": "before_redemption"})
    assert (kept.status_code, session.scalar(sa.select(Chain.pricing))) == (303, {"earn_base": "before_redemption"})
    wrong = send(client, "/pricing-policy", {"rounding": "sideways"}, method="PATCH")
    assert (wrong.status_code, [each["field"] for each in wrong.json()["errors"]]) == (422, ["rounding"])
