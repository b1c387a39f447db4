# REQ O-01 A-02: offers are written, published, changed and ended by head office
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions import commands, documents, queries
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.listing import queries as listing
from erp_club.promotions.listing.queries import OfferFilters
from erp_club.promotions.models import OfferVersion
from erp_club.promotions.standing import Standing
from tests.make.clubs import a_club
from tests.make.offers import NOW, TODAY, a_draft, a_published_offer, an_offer, publish
from tests.make.organisation import a_store
from tests.make.purchases import a_product


def change(session: Session, offer_id: int, offer: Offer) -> None:
    revision = queries.offer(session, offer_id).revision
    commands.change_offer(session, offer_id, offer, revision=revision, now=NOW, by=SYSTEM)


def in_force(session: Session) -> list[tuple[str, int]]:
    return [(each.offer.code, each.version) for each in queries.in_force(session)]


def test_a_draft_gives_nothing_until_it_is_published(session: Session) -> None:
    offer_id = a_draft(session)
    assert in_force(session) == []
    assert publish(session, offer_id) == 1
    assert in_force(session) == [("TENTH", 1)]


def test_an_edit_of_a_published_offer_is_a_new_version_that_waits(session: Session) -> None:
    offer_id = a_published_offer(session)
    change(session, offer_id, an_offer(names={"en": "Still a tenth off"}))
    change(session, offer_id, an_offer(names={"en": "A tenth off, again"}))
    found = queries.offer(session, offer_id)
    assert found.live is not None
    assert (found.live.version_no, found.latest.version_no) == (1, 2)
    assert in_force(session) == [("TENTH", 1)]
    assert publish(session, offer_id) == 2
    assert [each.offer.names["en"] for each in queries.versions(session, offer_id)] == [
        "A tenth off, again",
        "A tenth off",
    ]


def test_a_published_version_never_changes_whoever_tries(session: Session) -> None:
    offer_id = a_published_offer(session)
    mine = sa.update(OfferVersion).where(OfferVersion.offer_id == offer_id)
    with pytest.raises(DBAPIError, match="is published"), session.begin_nested():
        session.execute(mine.values(document={}))
    with pytest.raises(DBAPIError, match="is published"), session.begin_nested():
        session.execute(sa.delete(OfferVersion).where(OfferVersion.offer_id == offer_id))


def test_two_people_dont_overwrite_each_other(session: Session) -> None:
    offer_id = a_draft(session)
    change(session, offer_id, an_offer(hint=False))
    with pytest.raises(Conflict) as refused:
        commands.change_offer(session, offer_id, an_offer(), revision=1, now=NOW, by=SYSTEM)
    assert refused.value.code == "stale"


def test_saving_what_is_there_already_makes_no_version(session: Session) -> None:
    offer_id = a_published_offer(session)
    change(session, offer_id, an_offer())
    assert len(queries.versions(session, offer_id)) == 1
    with pytest.raises(Conflict) as refused:
        publish(session, offer_id)
    assert refused.value.code == "offer-nothing-new"


def test_codes_are_unique_and_fixed_once_published(session: Session) -> None:
    first, second = a_published_offer(session), a_draft(session, "OTHER")
    for offer_id, code, refusal in ((first, "NEW", "offer-code-fixed"), (second, "TENTH", "offer-code-taken")):
        with pytest.raises(Conflict) as refused:
            change(session, offer_id, an_offer(code))
        assert refused.value.code == refusal
    with pytest.raises(Conflict):
        a_draft(session)
    change(session, second, an_offer("RENAMED"))
    assert queries.offer(session, second).code == "RENAMED"


def test_a_paused_offer_gives_nothing_until_it_is_resumed_and_an_ended_one_never_again(session: Session) -> None:
    offer_id = a_published_offer(session)
    commands.pause_offer(session, offer_id, now=NOW, by=SYSTEM)
    assert in_force(session) == []
    commands.resume_offer(session, offer_id, now=NOW, by=SYSTEM)
    assert in_force(session) == [("TENTH", 1)]
    commands.end_offer(session, offer_id, now=NOW, by=SYSTEM)
    assert in_force(session) == []
    for verb in (commands.pause_offer, commands.resume_offer, commands.end_offer):
        with pytest.raises(Conflict):
            verb(session, offer_id, now=NOW, by=SYSTEM)
    with pytest.raises(Conflict):
        publish(session, offer_id)
    with pytest.raises(Conflict):
        change(session, offer_id, an_offer(hint=False))


def test_a_draft_can_be_deleted_and_what_was_published_cant(session: Session) -> None:
    draft, published = a_draft(session, "DRAFT"), a_published_offer(session)
    with pytest.raises(Conflict):
        commands.end_offer(session, draft, now=NOW, by=SYSTEM)
    commands.delete_draft(session, draft, now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        queries.offer(session, draft)
    with pytest.raises(Conflict):
        commands.delete_draft(session, published, now=NOW, by=SYSTEM)


def test_a_copy_is_a_draft_under_the_next_free_code(session: Session) -> None:
    offer_id = a_published_offer(session)
    codes = [queries.offer(session, commands.copy_offer(session, offer_id, now=NOW, by=SYSTEM)).code for _ in range(2)]
    assert codes == ["TENTH-2", "TENTH-3"]


@pytest.mark.parametrize(
    ("said", "field"),
    [
        ({"names": {"he": "הנחה"}}, "names.en"),
        ({"receipt_message": {"he": "תודה"}}, "receipt_message.en"),
        ({"first_day": "2026-12-02", "last_day": "2026-12-01"}, "last_day"),
        ({"last_day": "2026-11-21"}, "last_day"),
        ({"rewards": [{"kind": "gift", "products": ["7290000000017", "GONE"]}]}, "rewards[0].products[1]"),
        ({"rewards": [{"kind": "percent", "value_bp": 500, "on": {"groups": ["Nowhere"]}}]}, "rewards[0].on.groups[0]"),
        ({"rewards": [{"kind": "percent", "value_bp": 500, "on": {"kinds": ["fish"]}}]}, "rewards[0].on.kinds[0]"),
        ({"when": {"all": [{"not": {"clubs": ["GOLD", "LEAD"]}}]}}, "when.all[0].not.clubs[1]"),
        ({"when": {"stores": ["374", "375"]}}, "when.stores[1]"),
        (
            {"rewards": [{"kind": "gift", "products": ["7290000000017"]}], "limits": {"budget_minor": 5_000}},
            "limits.budget_minor",
        ),
        ({"when": {"confirm": "PAIR", "question": {"he": "זוג?"}}}, "when.question.en"),
    ],
)
def test_what_stands_in_the_way_of_publishing_is_told_at_its_field(
    session: Session, said: dict[str, Any], field: str
) -> None:
    a_club(session)
    a_product(session)
    a_store(session)
    with pytest.raises(Invalid) as refused:
        a_published_offer(session, **said)
    assert [each.field for each in refused.value.fields] == [field]


def test_what_it_names_and_exists_is_published(session: Session) -> None:
    a_club(session)
    a_product(session)
    a_store(session)
    when = {"all": [{"clubs": ["GOLD"]}, {"not": {"stores": ["374"]}}]}
    rewards = [{"kind": "percent", "value_bp": 500, "on": {"products": ["7290000000017"]}}]
    assert a_published_offer(session, when=when, rewards=rewards, first_day="2026-11-22", last_day="2026-11-22")


def test_every_change_leaves_a_trace_of_what_it_changed(session: Session) -> None:
    offer_id = a_draft(session)
    change(session, offer_id, an_offer(hint=False))
    publish(session, offer_id)
    rows = session.execute(
        sa.select(AuditEntry.action, AuditEntry.before, AuditEntry.after)
        .where(AuditEntry.entity == "offer", AuditEntry.entity_id == str(offer_id))
        .order_by(AuditEntry.id)
    ).all()
    assert [row.action for row in rows] == ["offer.create", "offer.change", "offer.publish"]
    assert (rows[1].before, rows[1].after) == ({"hint": None}, {"hint": False})
    assert rows[2].after == {"state": "published", "version": 1}


def test_the_compiled_set_is_kept_until_something_in_force_changes(session: Session) -> None:
    offer_id = a_published_offer(session)
    first = queries.published(session)
    assert queries.published(session) is first
    assert queries.published(session, session.scalar(sa.select(queries.CATALOGUE_VERSION))) is first
    change(session, offer_id, an_offer(hint=False))
    assert queries.published(session) is first
    publish(session, offer_id)
    second = queries.published(session)
    assert second is not first
    commands.pause_offer(session, offer_id, now=NOW, by=SYSTEM)
    assert queries.published(session) is not second


def test_a_list_shows_where_each_offer_stands_today(session: Session) -> None:
    tomorrow, yesterday = (str(TODAY + dt.timedelta(days=days)) for days in (1, -1))
    a_draft(session, "DRAFT")
    a_published_offer(session, "NOW")
    a_published_offer(session, "SOON", first_day=tomorrow)
    over = a_draft(session, "OVER", last_day=yesterday)
    commands.publish_offer(session, over, language="en", today=dt.date(2026, 1, 1), now=NOW, by=SYSTEM)
    paused = a_published_offer(session, "PAUSED", activation={"by": "code", "code": "SAVE"})
    commands.pause_offer(session, paused, now=NOW, by=SYSTEM)

    def found(**asked: Any) -> dict[str, Standing]:
        filters = OfferFilters(**asked)
        rows = listing.listing(session, filters, today=TODAY, sort="code", descending=False)
        assert listing.count(session, filters, today=TODAY, most=100) == len(rows)
        return {row.code: row.standing for row in rows}

    assert found() == {
        "DRAFT": Standing.DRAFT,
        "NOW": Standing.PUBLISHED,
        "OVER": Standing.ENDED,
        "PAUSED": Standing.PAUSED,
        "SOON": Standing.SCHEDULED,
    }
    for code, stands in found().items():
        assert found(standing=stands) == {code: stands}
    assert list(found(start=Start.CODE)) == ["PAUSED"]
    assert list(found(text="sOo")) == ["SOON"]
    assert len(found(text="עשר", kind="percent")) == 5
    assert found(kind="gift") == {}
    for sort in listing.SORTS:
        assert listing.listing(session, OfferFilters(), today=TODAY, sort=sort, descending=True)


def test_a_document_written_short_or_whole_reads_the_same(session: Session) -> None:
    offer = an_offer(
        when={"all": [{"not": {"weekdays": [6, 7]}}, {"from_time": "18:00", "to_time": "20:00"}]},
        rewards=[{"kind": "buy_get", "size": 3, "on": {"groups": ["Tea"]}}, {"kind": "coupon", "batch": "NEXT"}],
        combination={"mode": "stackable"},
        last_day="2026-12-31",
    )
    short = documents.short(offer)
    assert "limits" not in short
    assert short["rewards"][0] == {"kind": "buy_get", "size": 3, "on": {"groups": ["Tea"]}}
    assert Offer.model_validate(short) == Offer.model_validate(documents.whole(offer)) == offer
    kept = queries.offer(session, commands.create_offer(session, offer, now=NOW, by=SYSTEM))
    assert (kept.latest.offer, kept.state) == (offer, OfferState.DRAFT)
