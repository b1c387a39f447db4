"""Setting price lists up, and what each change leaves in the history.

REQ L-01
"""

import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.permissions.actors import SYSTEM
from erp_club.pricelists import commands
from erp_club.pricelists import queries as prices
from erp_club.pricelists.kinds import PriceListState
from erp_club.pricelists.office import queries
from erp_club.pricelists.settings import EntryFields, PriceListSettings
from tests.make.clubs import a_club
from tests.make.organisation import NOW, a_chain, a_store
from tests.make.pricelists import a_list, an_entry, in_group
from tests.make.purchases import a_product

DAY = dt.date(2026, 11, 22)
DONE: dict[str, Any] = {"now": NOW, "by": SYSTEM}


@pytest.fixture
def shop(session: Session) -> Session:
    a_chain(session)
    a_club(session)
    a_store(session, "374")
    a_product(session, "milk")
    in_group(session, "milk", "DAIRY")
    return session


def a_setting(**said: Any) -> PriceListSettings:
    return PriceListSettings(**{"code": "STAFF", "names": {"en": "Staff"}, "segment": "Staff"} | said)


def created(session: Session, **said: Any) -> int:
    return commands.create_list(session, a_setting(**said), language="en", **DONE)


def faults(refused: Invalid) -> list[str]:
    return [each.field for each in refused.fields]


def trace(session: Session) -> list[AuditEntry]:
    return list(session.scalars(sa.select(AuditEntry).where(AuditEntry.entity == "price_list").order_by(AuditEntry.id)))


def test_a_list_begins_as_a_draft_and_holds_once_it_is_published(shop: Session):
    list_id = created(shop)
    commands.add_entry(shop, list_id, EntryFields(off_bp=1000), **DONE)

    def found() -> int:
        return len(prices.prices_for(shop, products=["milk"], clubs={}, segments=["Staff"], store="374", day=DAY))

    assert found() == 0
    commands.publish_list(shop, list_id, **DONE)
    assert found() == 1
    commands.close_list(shop, list_id, **DONE)
    assert found() == 0
    assert [entry.action.partition(".")[2] for entry in trace(shop)] == ["create", "add_price", "publish", "close"]


def test_only_drafts_are_published_and_only_published_lists_closed(shop: Session):
    list_id = created(shop)
    with pytest.raises(Conflict) as refused:
        commands.close_list(shop, list_id, **DONE)
    assert refused.value.code == "price-list-not-published"
    commands.publish_list(shop, list_id, **DONE)
    with pytest.raises(Conflict) as refused:
        commands.publish_list(shop, list_id, **DONE)
    assert refused.value.code == "price-list-not-draft"


@pytest.mark.parametrize(
    ("said", "fields"),
    [
        ({"code": " A"}, ["code"]),
        ({"code": ""}, ["code"]),
        ({"code": "A\tB"}, ["code"]),
        ({"names": {"en": "Staff"}, "segment": None}, ["club_id"]),
        ({"names": {}}, ["names.en"]),
        ({"level": "Silver"}, ["segment"]),
        ({"stores": frozenset[int]()}, ["stores"]),
        ({"stores": frozenset({2_000_000_000})}, ["stores"]),
        ({"segment": None, "club_id": 2_000_000_000}, ["club_id"]),
        ({"first": DAY, "last": DAY - dt.timedelta(days=1)}, ["last"]),
        ({"last": dt.date.max}, ["last"]),
    ],
)
def test_what_is_wrong_with_a_list_is_told_at_its_field(shop: Session, said: dict[str, Any], fields: list[str]):
    with pytest.raises(Invalid) as refused:
        created(shop, **said)
    assert faults(refused.value) == fields


def test_codes_are_taken_once_and_stay_once_published(shop: Session):
    list_id = created(shop)
    with pytest.raises(Conflict) as refused:
        created(shop)
    assert refused.value.code == "price-list-code-taken"
    other = created(shop, code="OTHER")
    with pytest.raises(Conflict) as refused:
        commands.change_list(shop, other, {"code": "STAFF"}, version=1, language="en", **DONE)
    assert refused.value.code == "price-list-code-taken"
    commands.publish_list(shop, list_id, **DONE)
    with pytest.raises(Conflict) as refused:
        commands.change_list(shop, list_id, {"code": "NEW"}, version=2, language="en", **DONE)
    assert refused.value.code == "price-list-code-fixed"


def test_a_change_keeps_before_and_after_and_refuses_what_is_stale(shop: Session):
    store = a_store(shop, "406")
    list_id = created(shop)
    changes = {"always": True, "stores": frozenset({store.id}), "last": DAY}
    commands.change_list(shop, list_id, changes, version=1, language="en", **DONE)
    entry = trace(shop)[-1]
    assert entry.before == {"always": False, "stores": None, "last": None}
    assert entry.after == {"always": True, "stores": [store.id], "last": "2026-11-22"}
    assert queries.settings(shop, list_id).stores == {store.id}
    with pytest.raises(Conflict) as refused:
        commands.change_list(shop, list_id, {"always": False}, version=1, language="en", **DONE)
    assert refused.value.code == "stale"
    commands.change_list(shop, list_id, {"stores": None}, version=2, language="en", **DONE)
    assert queries.price_list(shop, list_id).all_stores


def test_a_price_is_added_changed_and_removed(shop: Session):
    list_id = a_list(shop)
    milk = prices_id(shop)
    entry_id = commands.add_entry(shop, list_id, EntryFields(product_id=milk, price_minor=8_50), **DONE)
    commands.change_entry(shop, list_id, entry_id, {"price_minor": None, "off_bp": 500, "last": DAY}, **DONE)
    assert queries.entry_fields(shop, list_id, entry_id) == EntryFields(product_id=milk, off_bp=500, last=DAY)
    commands.remove_entry(shop, list_id, entry_id, **DONE)
    with pytest.raises(NotFound):
        queries.entry(shop, list_id, entry_id)
    told = [(entry.before, entry.after) for entry in trace(shop)]
    assert told == [
        (None, {"sku": "milk", "price_minor": 8_50}),
        ({"sku": "milk", "price_minor": 8_50}, {"sku": "milk", "off_bp": 500, "last": "2026-11-22"}),
        ({"sku": "milk", "off_bp": 500, "last": "2026-11-22"}, None),
    ]


def test_a_removed_price_is_put_back_as_it_was_once(shop: Session):
    list_id = a_list(shop)
    entry_id = an_entry(shop, list_id, sku="milk", price_minor=8_50, first=DAY, last=DAY, store="374")
    as_it_was = queries.entry(shop, list_id, entry_id)
    commands.remove_entry(shop, list_id, entry_id, **DONE)
    assert queries.removed_entry(shop, list_id, entry_id) == as_it_was
    for _ in range(2):
        commands.restore_entry(shop, list_id, entry_id, **DONE)
        assert queries.entry(shop, list_id, entry_id) == as_it_was
    assert queries.removed_entry(shop, list_id, entry_id) is None
    back = {"sku": "milk", "price_minor": 8_50, "first": "2026-11-22", "last": "2026-11-22", "store": "374"}
    told = [(entry.action.rpartition(".")[2], entry.before, entry.after) for entry in trace(shop)]
    assert told == [("remove_price", back, None), ("restore_price", None, back)]


def test_a_removed_price_gives_way_to_the_one_that_took_its_place(shop: Session):
    list_id = a_list(shop)
    entry_id = an_entry(shop, list_id, sku="milk", price_minor=8_50)
    commands.remove_entry(shop, list_id, entry_id, **DONE)
    an_entry(shop, list_id, sku="milk", price_minor=8_00)
    with pytest.raises(Conflict) as refused:
        commands.restore_entry(shop, list_id, entry_id, **DONE)
    assert refused.value.code == "price-said-twice"


def test_a_price_that_was_removed_long_ago_is_gone(shop: Session):
    list_id = a_list(shop)
    old, young = (an_entry(shop, list_id, sku="milk", first=day, last=day) for day in (DAY, DAY + dt.timedelta(1)))
    commands.remove_entry(shop, list_id, old, **DONE)
    later = NOW + commands.KEPT + dt.timedelta(seconds=1)
    commands.remove_entry(shop, list_id, young, now=later, by=SYSTEM)
    with pytest.raises(NotFound):
        commands.restore_entry(shop, list_id, old, now=later, by=SYSTEM)
    commands.restore_entry(shop, list_id, young, now=later, by=SYSTEM)


def prices_id(session: Session) -> int:
    found = queries.product_id(session, "milk")
    assert found is not None
    return found


def test_a_second_price_for_the_same_days_is_refused(shop: Session):
    list_id = a_list(shop)
    fields = EntryFields(product_id=prices_id(shop), price_minor=8_50, last=DAY)
    commands.add_entry(shop, list_id, fields, **DONE)
    with pytest.raises(Conflict) as refused:
        commands.add_entry(shop, list_id, EntryFields(product_id=prices_id(shop), off_bp=500), **DONE)
    assert refused.value.code == "price-said-twice"
    later = EntryFields(product_id=prices_id(shop), off_bp=500, first=DAY + dt.timedelta(days=1))
    entry_id = commands.add_entry(shop, list_id, later, **DONE)
    with pytest.raises(Conflict):
        commands.change_entry(shop, list_id, entry_id, {"first": DAY}, **DONE)


@pytest.mark.parametrize(
    ("fields", "field"),
    [
        (EntryFields(), "price_minor"),
        (EntryFields(price_minor=1, off_bp=1), "off_bp"),
        (EntryFields(price_minor=-1), "price_minor"),
        (EntryFields(off_bp=10_001), "off_bp"),
        (EntryFields(product_id=1, group_id=1, off_bp=1), "group"),
        (EntryFields(off_bp=1, store_id=2_000_000_000), "store_id"),
        (EntryFields(off_bp=1, first=DAY, last=DAY - dt.timedelta(days=1)), "last"),
    ],
)
def test_what_is_wrong_with_a_price_is_told_at_its_field(shop: Session, fields: EntryFields, field: str):
    with pytest.raises(Invalid) as refused:
        commands.add_entry(shop, a_list(shop), fields, **DONE)
    assert faults(refused.value) == [field]


def test_what_somebody_changed_meanwhile_isnt_overwritten(shop: Session):
    list_id = a_list(shop)
    entry_id = an_entry(shop, list_id, sku="milk", price_minor=8_50)
    with pytest.raises(Conflict) as refused:
        commands.change_entry(shop, list_id, entry_id, {"price_minor": 9_00}, seen={"price_minor": 8_00}, **DONE)
    assert refused.value.code == "stale"
    commands.change_entry(shop, list_id, entry_id, {"price_minor": 9_00}, seen={"price_minor": 8_50}, **DONE)


def test_the_prices_of_a_closed_list_stay_as_they_were(shop: Session):
    list_id = a_list(shop, state=PriceListState.CLOSED)
    entry_id = an_entry(shop, list_id, sku="milk")
    for work in (
        lambda: commands.add_entry(shop, list_id, EntryFields(off_bp=1), **DONE),
        lambda: commands.change_entry(shop, list_id, entry_id, {"off_bp": 1}, **DONE),
        lambda: commands.remove_entry(shop, list_id, entry_id, **DONE),
        lambda: commands.restore_entry(shop, list_id, entry_id, **DONE),
        lambda: commands.change_list(shop, list_id, {"always": True}, version=1, language="en", **DONE),
    ):
        with pytest.raises(Conflict) as refused:
            work()
        assert refused.value.code == "price-list-closed"


def test_a_price_belongs_to_its_list(shop: Session):
    mine, other = a_list(shop), a_list(shop, "OTHER")
    entry_id = an_entry(shop, mine, sku="milk")
    with pytest.raises(NotFound):
        commands.remove_entry(shop, other, entry_id, **DONE)
    commands.remove_entry(shop, mine, entry_id, **DONE)
    assert queries.removed_entry(shop, other, entry_id) is None
    with pytest.raises(NotFound):
        commands.restore_entry(shop, other, entry_id, **DONE)
