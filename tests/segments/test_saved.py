"""Saved segments: versions, lists, who is in them, and what a sale changes.

REQ S-03 S-04 S-05
"""

import datetime as dt
from dataclasses import replace
from typing import Any

import pytest
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.jobs.declared import Run
from erp_club.jobs.segments import SEGMENTS_REFRESH
from erp_club.kernel.errors import Conflict, Invalid, Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.purchases.asked import Asked
from erp_club.purchases.facts import gather
from erp_club.purchases.posting.commands import write_sale
from erp_club.purchases.quotes.told import Buyer
from erp_club.purchases.segment_registry import REGISTRY
from erp_club.receipts.commands import keep_habits
from erp_club.segments import commands, looking, saved
from erp_club.segments.commands import Settings
from erp_club.segments.kinds import SegmentState
from erp_club.segments.models import Segment, SegmentCount, SegmentVersion
from erp_club.segments.reading import read_condition
from tests.make.clubs import a_customer
from tests.make.organisation import a_chain
from tests.make.purchases import NOW, a_line, a_place, a_product, a_sale, a_till

TODAY = NOW.date()
SPENT = {"metric": "spend", "op": "ge", "value": 10_00}


def numbered(*numbers: str) -> dict[str, Any]:
    return {"field": "number", "op": "in", "value": list(numbers)}


def save(session: Session, name: str, condition: Any, **more: Any) -> int:
    return commands.create(
        session, Settings(name, **more), condition, registry=REGISTRY, today=TODAY, now=NOW, by=SYSTEM
    )


def change(session: Session, segment_id: int, condition: Any, version: int | None = None) -> None:
    commands.edit(session, segment_id, Settings("", "noted"), condition, version=version, registry=REGISTRY,
                  today=TODAY, now=NOW, by=SYSTEM)  # fmt: skip


def in_it(session: Session, segment_id: int) -> list[str]:
    return [number for number, _, _ in saved.numbers(session, segment_id)]


def refresh_all(session: Session) -> None:
    """As each night."""
    run, cursor = Run(0, SEGMENTS_REFRESH.name, TODAY, {}, SYSTEM, NOW), None
    while (cursor := SEGMENTS_REFRESH.batch(session, run, cursor).after) is not None:
        pass


@pytest.fixture
def people(session: Session) -> dict[str, int]:
    a_chain(session)
    return {number: a_customer(session, number) for number in ("A", "B", "C")}


def test_a_saved_segment_knows_who_is_in_it_and_counts_by_day(session: Session, people: dict[str, int]):
    segment_id = save(session, "Ours", numbered("A", "B"))
    assert in_it(session, segment_id) == ["A", "B"]
    later = {"today": TODAY + dt.timedelta(days=1), "now": NOW}
    session.execute(sa.update(Customer).where(Customer.number == "A").values(state="erased"))
    assert commands.refresh(session, segment_id, registry=REGISTRY, **later) == 1
    counts = session.execute(sa.select(SegmentCount.on_date, SegmentCount.customers).order_by(SegmentCount.on_date))
    assert [tuple(row) for row in counts] == [(TODAY, 2), (TODAY + dt.timedelta(days=1), 1)]
    assert saved.one(session, segment_id).customers == 1


def test_another_question_is_another_version_and_the_old_one_stays(session: Session, people: dict[str, int]):
    segment_id = save(session, "Ours", numbered("A"))
    change(session, segment_id, numbered("C"))
    change(session, segment_id, numbered("C"))
    assert in_it(session, segment_id) == ["C"]
    assert [row.version_no for row in saved.versions(session, segment_id)] == [2, 1]
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(sa.update(SegmentVersion).values(condition={}))


def test_two_who_change_it_at_once_are_told(session: Session, people: dict[str, int]):
    segment_id = save(session, "Ours", numbered("A"))
    change(session, segment_id, numbered("B"), version=1)
    with pytest.raises(Conflict) as refused:
        change(session, segment_id, numbered("C"), version=1)
    assert refused.value.code == "segment-changed"


def test_a_name_is_taken_once(session: Session, people: dict[str, int]):
    save(session, "Ours", numbered("A"))
    with pytest.raises(Conflict):
        save(session, "Ours", numbered("B"))


def test_a_frozen_list_keeps_those_who_were_in_it(session: Session, people: dict[str, int]):
    segment_id = save(session, "Ours", numbered("A", "B"))
    frozen = commands.freeze(session, segment_id, Settings("Then"), registry=REGISTRY, today=TODAY, now=NOW, by=SYSTEM)
    change(session, segment_id, numbered("C"))
    refresh_all(session)
    assert (in_it(session, frozen), in_it(session, segment_id)) == (["A", "B"], ["C"])


def test_a_list_is_frozen_as_of_a_day_that_is_past(session: Session):
    till = a_till(session)
    sale = a_sale(till, a_line(a_product(session), 10_00), customer_id=a_customer(session, "A"))
    write_sale(session.connection(), sale, (), now=NOW, by=till.by)
    of_today = SPENT | {"over": {"last_days": 1}}
    segment_id = save(session, "Ours", of_today)
    later = TODAY + dt.timedelta(days=30)
    kept = [
        commands.freeze(session, segment_id, Settings(name), registry=REGISTRY, today=later, now=NOW, by=SYSTEM,
                        as_of=as_of)
        for name, as_of in (("Then", TODAY), ("Now", None))
    ]  # fmt: skip
    assert [in_it(session, each) for each in kept] == [["A"], []]


def test_a_list_by_numbers_tells_which_nobody_has(session: Session, people: dict[str, int]):
    made, unknown = commands.take_list(
        session, Settings("Staff"), ["A", " A ", "X", ""], today=TODAY, now=NOW, by=SYSTEM
    )
    assert (in_it(session, made), unknown) == (["A"], ["X"])
    again, _ = commands.take_list(session, Settings("Staff"), ["B"], today=TODAY, now=NOW, by=SYSTEM)
    assert again == made
    assert in_it(session, made) == ["A", "B"]
    with pytest.raises(Invalid):
        commands.take_list(session, Settings("None"), [], today=TODAY, now=NOW, by=SYSTEM)


def test_segments_are_made_of_segments_but_never_of_themselves(session: Session, people: dict[str, int]):
    first = save(session, "First", numbered("A", "B"))
    both = save(session, "Both", {"all": [{"field": "segment", "op": "eq", "value": "First"}, numbered("B", "C")]})
    assert in_it(session, both) == ["B"]
    with pytest.raises(Refused) as refused:
        change(session, first, {"field": "segment", "op": "eq", "value": "Both"})
    assert refused.value.code == "segment-circle"
    with pytest.raises(Refused) as unknown:
        save(session, "Third", {"field": "segment", "op": "eq", "value": "Nobody's"})
    assert unknown.value.code == "segment-unknown"


def test_a_sale_changes_the_segments_of_its_customer_at_once(session: Session):
    till = a_till(session)
    customer_id = a_customer(session, "A")
    save(session, "Spenders", SPENT)
    save(session, "Newcomers", {"not": SPENT})
    save(session, "Scored", {"all": [SPENT, {"field": "money_score", "op": "ge", "value": 1}]})
    save(session, "Hidden", SPENT, at_till=False)
    assert saved.of_customer(session, customer_id) == ["Newcomers"]
    assert set(session.scalars(sa.select(Segment.name).where(Segment.by_sale))) == {"Spenders", "Newcomers", "Hidden"}
    write_sale(session.connection(), a_sale(till, a_line(a_product(session)), customer_id=customer_id), (), now=NOW,
               by=till.by)  # fmt: skip
    commands.refresh_customer(session, customer_id, registry=REGISTRY, today=TODAY)
    assert saved.of_customer(session, customer_id) == ["Hidden", "Spenders"]
    assert saved.of_customer(session, customer_id, at_till=True) == ["Spenders"]
    refresh_all(session)
    assert saved.of_customer(session, customer_id) == ["Hidden", "Scored", "Spenders"]


def test_offers_and_price_lists_are_told_the_segments_of_the_buyer(session: Session):  # REQ O-03 S-05
    till = a_till(session)
    customer_id = a_customer(session, "A")
    a_product(session, "milk")
    save(session, "Ours", numbered("A"))
    place = a_place(session, till)
    known = gather(session, Asked((("milk", 1000),), Buyer(number="A")), place).facts.shopper
    assert known is not None
    assert (known.id, known.segments) == (str(customer_id), frozenset({"Ours"}))
    assert gather(session, Asked((("milk", 1000),)), place).facts.shopper is None


def test_nobody_is_in_a_closed_segment(session: Session, people: dict[str, int]):
    segment_id = save(session, "Ours", numbered("A"))
    commands.set_state(session, segment_id, SegmentState.CLOSED, now=NOW, by=SYSTEM)
    assert saved.of_customer(session, people["A"]) == []
    assert saved.known(session, REGISTRY).ids == {}


def test_a_question_of_before_that_would_be_refused_now_is_still_answered_each_night(
    session: Session, people: dict[str, int]
):
    made = save(session, "Ours", numbered("A"))
    nobody = {"any": [{"field": "birthday_month", "op": "eq", "value": 13}, {"any": []},
                      {"field": "class:Gone", "op": "eq", "value": "x"}]}  # fmt: skip
    session.add(SegmentVersion(segment_id=made, version_no=2, condition=nobody, at=NOW))
    session.flush()
    session.execute(sa.update(Segment).values(version_no=2))
    refresh_all(session)
    assert in_it(session, made) == []


def test_an_estimate_stands_for_a_count_that_takes_too_long(session: Session, people: dict[str, int]):
    session.execute(sa.text("ANALYZE customers"))
    facts = saved.facts(session, TODAY, REGISTRY)
    every = read_condition({"all": []}, REGISTRY)
    exact = looking.look(session, every, facts, milliseconds=None)
    assert (exact.customers, exact.exact, len(exact.sample)) == (3, True, 3)
    estimate = looking.estimate(session, every, facts)
    assert (estimate.exact, estimate.customers) == (False, 3)


def test_an_estimate_of_scores_takes_them_among_the_sampled_alone(session: Session):
    till, product = a_till(session), a_product(session)
    people = {number: a_customer(session, number) for number in ("A", "B", "C")}
    for number, customer_id in people.items():
        sale = a_sale(till, a_line(product), receipt_no=f"S-{number}", customer_id=customer_id)
        write_sale(session.connection(), sale, (), now=NOW, by=till.by)
    scored = read_condition(
        {"all": [{"field": name, "op": "ge", "value": 2} for name in ("money_score", "recency_score")]}, REGISTRY
    )

    def found(only: tuple[int, ...], *, sampled: bool) -> int:
        facts = replace(saved.facts(session, NOW.date(), REGISTRY, only=only), sampled=sampled)
        return looking.look(session, scored, facts, milliseconds=None).customers

    ids = tuple(sorted(people.values()))
    # Of so many with a purchase each but the first has a score above 1; one alone has nobody beside.
    assert [found(ids[:count], sampled=True) for count in (3, 2, 1)] == [2, 1, 0]
    assert found(ids[-1:], sampled=False) == 1
    keep_habits(session, NOW.date())
    assert found(ids[-1:], sampled=True) == 1  # once they are kept, nobody has to be guessed
    newcomer = a_sale(till, a_line(product), receipt_no="S-D", customer_id=a_customer(session, "D"))
    write_sale(session.connection(), newcomer, (), now=NOW, by=till.by)
    assert looking.look(session, scored, saved.facts(session, NOW.date(), REGISTRY), milliseconds=None).customers == 2
    keep_habits(session, NOW.date())
    assert looking.look(session, scored, saved.facts(session, NOW.date(), REGISTRY), milliseconds=None).customers == 3
