"""Several people at one price list at the same moment, on a database that really commits.

REQ L-01, L-02
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.imports import price_list_uploads as uploads
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.db import Database
from erp_club.kernel.errors import Conflict
from erp_club.permissions.actors import SYSTEM
from erp_club.pricelists import commands
from erp_club.pricelists.models import PriceListEntry
from erp_club.pricelists.settings import EntryFields
from tests.make.clubs import a_club
from tests.make.organisation import NOW, a_chain
from tests.make.pricelists import a_list
from tests.make.purchases import a_product

PEOPLE = 4


@pytest.fixture
def shop(committed: Database) -> Database:
    with committed.session() as session:
        a_chain(session)
        a_club(session)
        a_product(session, "milk")
        a_list(session)
        session.commit()
    return committed


def at_once(database: Database, work: Callable[[Session], object]) -> list[object]:
    """What each of four people got who did `work` at the same moment, each in its own transaction; refusals too."""
    ready = Barrier(PEOPLE)

    def person(_: int) -> object:
        with database.session() as session:
            session.execute(sa.select(1))
            ready.wait(timeout=30)
            try:
                result = work(session)
            except Conflict as refused:
                return refused.code
            session.commit()
            return result

    with ThreadPoolExecutor(PEOPLE) as pool:
        return list(pool.map(person, range(PEOPLE)))


def prices(database: Database) -> list[int | None]:
    with database.session() as session:
        return list(session.scalars(sa.select(PriceListEntry.price_minor).order_by(PriceListEntry.id)))


def test_of_four_people_who_price_one_product_at_once_one_does(shop: Database):
    fields = EntryFields(product_id=1, price_minor=8_50)
    results = at_once(shop, lambda session: commands.add_entry(session, 1, fields, now=NOW, by=SYSTEM))
    assert results.count("price-said-twice") == PEOPLE - 1
    assert prices(shop) == [8_50]


def test_a_removed_price_that_four_people_put_back_at_once_comes_back_once(shop: Database):
    with shop.session() as session:
        fields = EntryFields(product_id=1, price_minor=8_50)
        entry_id = commands.add_entry(session, 1, fields, now=NOW, by=SYSTEM)
        commands.remove_entry(session, 1, entry_id, now=NOW, by=SYSTEM)
        session.commit()
    at_once(shop, lambda session: commands.restore_entry(session, 1, entry_id, now=NOW, by=SYSTEM))
    assert prices(shop) == [8_50]
    with shop.session() as session:
        told = session.scalars(sa.select(AuditEntry.action).where(AuditEntry.action == "price_list.restore_price"))
        assert len(told.all()) == 1


def test_a_preview_that_four_people_confirm_at_once_is_done_once(shop: Database):
    with shop.session() as session:
        upload_id = uploads.preview(session, "gold.csv", b"list,sku,price\nGOLD-26,milk,8.20\n", now=NOW, by=SYSTEM)
        session.commit()
    results = at_once(shop, lambda session: uploads.confirm(session, upload_id, now=NOW, by=SYSTEM).taken)
    assert sorted(map(str, results)) == ["1", *["upload-applied"] * (PEOPLE - 1)]
    assert prices(shop) == [8_20]


def test_of_two_previews_of_one_product_only_the_first_that_is_confirmed_is_done(shop: Database):
    with shop.session() as session:
        first, second = (
            uploads.preview(session, "a.csv", f"list,sku,price\nGOLD-26,milk,{price}\n".encode(), now=NOW, by=SYSTEM)
            for price in ("8.20", "8.30")
        )
        session.commit()
    with shop.session() as session:
        uploads.confirm(session, second, now=NOW, by=SYSTEM)
        session.commit()
    with shop.session() as session, pytest.raises(Conflict) as refused:
        uploads.confirm(session, first, now=NOW, by=SYSTEM)
    assert refused.value.code == "upload-stale"
    assert prices(shop) == [8_30]
