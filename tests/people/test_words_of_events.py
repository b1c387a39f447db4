# REQ C-10: what a shop wrote of a person into events and into its keys of writes is gone with an erasure, and proven
import sqlalchemy as sa
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from erp_club.jobs.kept import KEPT
from erp_club.jobs.verify import wrong_rows
from erp_club.kernel.kept_rows import kept_not_as_sealed, seal_kept, wrong_kept
from erp_club.people.erasure.commands import erase_again
from erp_club.permissions.actors import SYSTEM
from tests.make.purchases import a_till
from tests.people.test_erasing import rows_with
from tests.web.test_events import NOW, TODAY, Shop

RULES = [{"code": "review", "names": {"en": "A review"}, "event": "review-approved", "points": 20, "once": "subject"}]
EMAIL, PHONE = "zipporah@quellenberg.example", "0530302018"


def wrong(session: Session) -> list[object]:
    return [*wrong_kept(session, KEPT), *([each] if (each := kept_not_as_sealed(session)) else []),
            *wrong_rows(session)]  # fmt: skip


def test_what_events_were_about_is_gone_with_who_it_names_and_what_was_kept_of_it_stays_proven(
    client: TestClient, session: Session
):
    shop = Shop(client, session, a_till(session)).club(RULES)
    other = shop.member("X9")
    session.execute(sa.text("UPDATE customers SET email = :email, mobile = '+972530302018' WHERE id = :id"),
                    {"email": EMAIL, "id": shop.yael})  # fmt: skip
    session.commit()
    about = {shop.yael: ["order-77", EMAIL, "zq-nickname"], other: [EMAIL, PHONE, f"order-78/{PHONE}", "order-79"]}
    for customer, subjects in about.items():
        for subject in subjects:
            assert shop.gave("review-approved", customer={"id": customer}, subject=subject)[0][1] == 20
    assert seal_kept(session, now=NOW, limit=1_000) == 14
    # One more, which waits for its seal.
    assert shop.gave("review-approved", customer={"id": other}, subject=f"{EMAIL}-2")[0][1] == 20
    assert set(rows_with(session, EMAIL)) >= {"programme_events", "event_gains", "kept_rows"}
    for _ in range(2):
        assert wrong(session) == []
        erase_again(session, [shop.yael], today=TODAY, now=NOW, by=SYSTEM)
        session.expire_all()
        assert [rows_with(session, each) for each in (EMAIL, PHONE, "zq-nickname", "order-77")] == [[], [], [], []]
        asked = sa.text("SELECT subject FROM programme_events WHERE customer_id = :id ORDER BY id")
        assert session.scalars(asked, {"id": other}).all() == ["–", "–", "order-78/–", "order-79", "–-2"]
        assert wrong(session) == []
        seal_kept(session, now=NOW, limit=1_000)
    assert [each[1] for each in shop.gave("review-approved", customer={"id": other}, subject="order-79")] == [0]
    # In the very transaction of an erasure, by whoever has the database and not the keys.
    session.execute(sa.text("UPDATE kept_rows SET said = said || '{\"subject\": \"x\"}' WHERE of_table LIKE 'prog%'"))
    assert kept_not_as_sealed(session) is not None


def test_a_key_that_a_till_made_of_a_telephone_is_kept_as_a_hash_and_its_repeat_does_nothing(
    client: TestClient, session: Session
):
    shop = Shop(client, session, a_till(session)).club(RULES)
    headers = shop.till.headers | {"Idempotency-Key": f"review-{PHONE}"}
    body = {"event": "review-approved", "customer": {"id": shop.yael}, "subject": "order-77"}
    told = [client.post("/events", json=body, headers=headers) for _ in range(2)]
    assert [(each.status_code, each.headers.get("idempotency-replayed")) for each in told] == [
        (201, None), (201, "true")
    ]  # fmt: skip
    assert rows_with(session, PHONE) == []
    assert shop.balance() == 20
