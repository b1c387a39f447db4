# REQ P-18 M-08 M-14: points are converted once: where other rules begin, where a membership lapses, where it is ended
import datetime as dt
from typing import Any

import pytest
import sqlalchemy as sa
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy.orm import Session

from erp_club.clubs.breaks import commands as breaks
from erp_club.clubs.models import Club, Membership
from erp_club.jobs.conversions import POINTS_CONVERT
from erp_club.jobs.declared import Job, Run
from erp_club.jobs.memberships import MEMBERSHIPS_LAPSE
from erp_club.kernel.errors import Invalid
from erp_club.kernel.settings import Settings
from erp_club.permissions.actors import SYSTEM
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.models import PointsAccount, PointsLot, PointsMovement
from erp_club.points.rules import Conversion
from erp_club.points.verify.queries import faults
from erp_club.programmes import commands
from erp_club.programmes.engine.checks import findings
from erp_club.programmes.models import ProgrammeVersion
from erp_club.purchases.returns.commands import Asked as AskedBack
from erp_club.purchases.returns.commands import return_goods
from erp_club.purchases.returns.facts import Wish
from erp_club.stored_value.kinds import CardState
from erp_club.stored_value.models import ValueCard
from tests.make.clubs import a_membership, moved
from tests.make.organisation import somebody
from tests.make.programmes import a_programme, day
from tests.make.purchases import a_place
from tests.programmes.test_more_clubs import PENNY, earning
from tests.programmes.test_more_clubs import Club as Chain

PAYS = {"worth_points": 1, "worth_minor": 1}
HUNDREDTH = {"from_points": 100, "to_points": 1}


def noon(on: str) -> dt.datetime:
    return dt.datetime.fromisoformat(f"{on}T12:00:00+00:00")


def load(chain: Chain, on: str, since: str, **said: Any) -> None:
    """Another version of the club, written on a day for a later one."""
    switch = {"effective_from": since} | said.pop("switch", {})
    club = a_programme(switch=switch, **said)
    at = noon(on)
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": at.date(), "now": at, "by": SYSTEM}
    commands.load_programme(chain.session, club, **how)


def run(session: Session, job: Job, on: str, *, number: int = 1, undo_of: int | None = None) -> dict[str, int]:
    """All batches of a run of the early morning, and what they counted."""
    at = dt.datetime.fromisoformat(f"{on}T01:00:00+00:00")
    made = Run(number, job.name, at.date(), {}, SYSTEM, at, undo_of=undo_of)
    batch = job.batch if undo_of is None else job.undo
    assert batch is not None
    counts: dict[str, int] = {}
    cursor = None
    while True:
        step = batch(session, made, cursor)
        for name, value in step.counts.items():
            counts[name] = counts.get(name, 0) + value
        cursor = step.after
        if cursor is None:
            assert faults(session) == []
            return {name: value for name, value in counts.items() if value}


def in_hundredths(session: Session) -> Chain:
    """A club of which a point was a hundredth of a shekel until 2026-06-01, when it becomes a whole one."""
    chain = Chain(session, earning=earning(PENNY | {"points": 100}), redemption=PAYS)
    whole = {"earning": earning(PENNY), "redemption": {"worth_points": 1, "worth_minor": 100}}
    load(chain, "2026-05-10", "2026-06-01", **whole, switch={"conversion": HUNDREDTH})
    return chain


def movements(session: Session, customer: int) -> list[tuple[str, int]]:
    rows = sa.select(PointsMovement.kind, PointsMovement.points).where(PointsMovement.customer_id == customer)
    return [(row[0], row[1]) for row in session.execute(rows.order_by(PointsMovement.account_id, PointsMovement.seq))]


def test_a_version_with_another_unit_converts_each_balance_once(session: Session):
    chain = in_hundredths(session)
    yael, noa = chain.member("2026-02-01"), chain.member("2026-02-01")
    chain.buys(yael, 12_50, "2026-03-01")
    chain.buys(noa, 3_00, "2026-05-20")
    assert (chain.balance(yael), chain.balance(noa)) == (1250, 300)
    assert run(session, POINTS_CONVERT, "2026-05-31") == {}
    chain.buys(noa, 7_00, "2026-06-01")  # before the run: by the rules of the day already
    assert run(session, POINTS_CONVERT, "2026-06-01") == {"accounts": 2, "points": 1550, "became": 12 + 3}
    assert run(session, POINTS_CONVERT, "2026-06-02", number=2) == {}
    assert movements(session, yael) == [("earned", 1250), ("converted", -1250), ("converted", 12)]
    assert (chain.balance(yael), chain.balance(noa)) == (12, 10)


def test_what_points_are_worth_changes_on_the_first_day_and_not_when_it_is_written(session: Session):
    chain = in_hundredths(session)
    yael = chain.member("2026-02-01")
    chain.buys(yael, 12_50, "2026-03-01")
    worth = sa.select(Club.worth_points, Club.worth_minor)
    assert tuple(session.execute(worth).one()) == (1, 1)
    whole = {"earning": earning(PENNY), "redemption": PAYS | {"worth_minor": 100}}
    load(chain, "2026-06-01", "2026-06-01", **whole, switch={"conversion": HUNDREDTH})
    assert tuple(session.execute(worth).one()) == (1, 1), "12.50 would be worth 1250.00 until it is converted"
    run(session, POINTS_CONVERT, "2026-06-01")
    assert tuple(session.execute(worth).one()) == (1, 100)
    load(chain, "2026-06-05", "2026-06-07", earning=earning(PENNY), redemption=PAYS | {"worth_minor": 90})
    assert tuple(session.execute(worth).one()) == (1, 100)
    load(chain, "2026-06-08", "2026-06-08", earning=earning(PENNY), redemption=PAYS | {"worth_minor": 80})
    assert tuple(session.execute(worth).one()) == (1, 80)


def test_the_run_tells_beforehand_what_it_would_do(session: Session):
    chain = in_hundredths(session)
    yael, noa = chain.member("2026-02-01"), chain.member("2026-02-01")
    for each, minor in ((yael, 12_50), (noa, 99)):
        chain.buys(each, minor, "2026-03-01")
    at = noon("2026-06-01")
    assert POINTS_CONVERT.preview is not None
    told = POINTS_CONVERT.preview(session, Run(1, "points-convert", at.date(), {}, SYSTEM, at))
    assert dict(told.counts) == {"accounts": 2, "points": 1349, "became": 12}
    assert [each.points for each in told.sample] == [-1250, -99]
    assert chain.balance(yael) == 1250


def test_points_keep_their_days_and_a_version_that_says_it_again_converts_nothing_more(session: Session):
    chain = Chain(session, earning=earning(PENNY), expiry={"rule": {"kind": "months", "months": 12}}, redemption=PAYS)
    yael = chain.member("2026-02-01")
    for on in ("2026-03-01", "2026-04-01"):
        chain.buys(yael, 150_00, on)
    switch = {"conversion": HUNDREDTH}
    load(chain, "2026-05-10", "2026-06-01", earning=earning(PENNY), redemption=PAYS, switch=switch)
    run(session, POINTS_CONVERT, "2026-06-01")
    lots = sa.select(PointsLot.last_day, PointsLot.remaining).where(PointsLot.remaining > 0)
    assert sorted(map(tuple, session.execute(lots))) == [(day("2027-03-01"), 1), (day("2027-04-01"), 2)]
    other = {"names": {"en": "Club of ours"}, "earning": earning(PENNY), "redemption": PAYS}
    load(chain, "2026-06-10", "2026-06-15", **other, switch=switch)
    assert run(session, POINTS_CONVERT, "2026-06-15", number=2) == {}
    assert chain.balance(yael) == 3


def test_a_return_after_the_switch_takes_what_the_points_became(session: Session):
    chain = in_hundredths(session)
    yael = chain.member("2026-02-01")
    sold = chain.buys(yael, 9_00, "2026-05-20")
    chain.buys(yael, 21_00, "2026-05-21")
    run(session, POINTS_CONVERT, "2026-06-01")
    assert chain.balance(yael) == 30
    place = a_place(session, chain.till, now=noon("2026-06-03"))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    assert chain.balance(yael) == 21
    assert faults(session) == []


def test_a_debt_changes_its_unit_too(session: Session):
    chain = in_hundredths(session)
    yael = chain.member("2026-02-01")
    session.execute(sa.update(PointsAccount).values(balance=0))
    sold = chain.buys(yael, 9_00, "2026-05-20")
    account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == yael)).one()
    moved(session, yael, account, -900)
    place = a_place(session, chain.till, now=noon("2026-05-22"))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    assert chain.balance(yael) == -900
    run(session, POINTS_CONVERT, "2026-06-01")
    assert chain.balance(yael) == -9
    assert run(session, POINTS_CONVERT, "2026-06-02", number=2) == {}
    assert run(session, POINTS_CONVERT, "2026-06-02", number=3, undo_of=1) == {"undone": 1}
    assert chain.balance(yael) == -900


def test_a_debt_of_after_the_switch_is_in_the_new_unit_already(session: Session):
    chain = in_hundredths(session)
    yael = chain.member("2026-02-01")
    run(session, POINTS_CONVERT, "2026-06-01")
    sold = chain.buys(yael, 9_00, "2026-06-02")
    account = session.scalars(sa.select(PointsAccount.id).where(PointsAccount.customer_id == yael)).one()
    moved(session, yael, account, -9)
    place = a_place(session, chain.till, now=noon("2026-06-03"))
    return_goods(session, sold.posted.receipt_id, AskedBack(Wish(), "B1"), place, currency="ILS")
    assert chain.balance(yael) == -9
    assert run(session, POINTS_CONVERT, "2026-06-04", number=2) == {}
    assert chain.balance(yael) == -9


def test_a_run_is_taken_back_where_nothing_has_moved_since_and_told_where_it_has(session: Session):
    chain = in_hundredths(session)
    yael, noa = chain.member("2026-02-01"), chain.member("2026-02-01")
    for each in (yael, noa):
        chain.buys(each, 12_50, "2026-03-01")
    run(session, POINTS_CONVERT, "2026-06-01", number=7)
    chain.buys(noa, 5_00, "2026-06-01")
    assert run(session, POINTS_CONVERT, "2026-06-02", number=8, undo_of=7) == {"undone": 1, "left": 1}
    assert (chain.balance(yael), chain.balance(noa)) == (1250, 17)
    assert run(session, POINTS_CONVERT, "2026-06-03", number=9) == {}, "what was taken back isn't done again by itself"


def test_a_club_that_ends_its_points_pays_them_on_a_card(session: Session):
    chain = Chain(session, earning=earning(PENNY), redemption=PAYS)
    yael = chain.member("2026-02-01")
    chain.buys(yael, 250_00, "2026-03-01")
    last = {"last_earning_day": "2026-06-01", "last_redeeming_day": "2026-06-01"}
    switch = {"conversion": {"from_points": 100, "to_minor": 5_00}}
    load(chain, "2026-05-10", "2026-06-02", earning=earning(PENNY), redemption=PAYS, switch=switch | last)
    assert run(session, POINTS_CONVERT, "2026-06-02") == {"accounts": 1, "points": 250, "became": 10_00}
    assert (chain.balance(yael), chain.cards(yael)) == (0, [10_00])
    assert chain.points(yael, 20_00, "2026-06-03") == 0
    assert run(session, POINTS_CONVERT, "2026-06-03", number=2, undo_of=1) == {"undone": 1}
    assert chain.balance(yael) == 250
    assert session.execute(sa.select(ValueCard.state, ValueCard.balance_minor)).one() == (CardState.BLOCKED, 0)


class Ending:
    """A club of a year that converts at the end, and a member with 250 points."""

    def __init__(self, session: Session, what: str, **conversion: Any) -> None:
        fate = {"points": "convert", "conversion": {"from_points": 100, **conversion}}
        term = {"kind": "months", "months": 12}
        self.session = session
        self.chain = Chain(session, earning=earning(PENNY), redemption=PAYS, term=term, **{what: fate})
        self.yael = self.chain.member("2026-02-01")
        self.chain.buys(self.yael, 250_00, "2026-03-01")
        member = sa.select(Membership.id).where(Membership.customer_id == self.yael)
        self.membership_id = session.scalars(member).one()

    def end(self, on: str = "2026-05-01") -> breaks.Loss:
        at = noon(on)
        loss = breaks.loss_of(self.session, self.membership_id, on=at.date())
        how: dict[str, Any] = {"reason": "", "today": at.date(), "now": at, "by": SYSTEM}
        breaks.end_membership(self.session, self.membership_id, on=at.date(), points_lost=loss.points, **how)
        return loss

    def restore(self, on: str = "2026-05-02") -> None:
        at = noon(on)
        breaks.restore_membership(self.session, self.membership_id, today=at.date(), now=at, by=SYSTEM)


def test_an_ending_pays_the_points_out_and_its_undoing_takes_the_card_back(session: Session):
    club = Ending(session, "end", to_minor=5_00)
    loss = club.end()
    assert (loss.points, loss.becoming and loss.becoming.became) == (250, 10_00)
    assert (club.chain.balance(club.yael), club.chain.cards(club.yael)) == (0, [10_00])
    club.restore()
    assert (club.chain.balance(club.yael), faults(session)) == (250, [])
    assert session.scalars(sa.select(ValueCard.state)).one() == CardState.BLOCKED


def test_points_that_were_paid_out_and_used_stay_so(session: Session):
    club = Ending(session, "end", to_minor=5_00)
    club.end()
    session.execute(sa.update(ValueCard).values(balance_minor=9_00))
    club.restore()
    assert club.chain.balance(club.yael) == 0


def test_points_go_to_another_club_where_one_is_a_member(session: Session):
    club = Ending(session, "end", to_points=40, to_club="OTHER")
    start = noon("2026-01-02")
    how: dict[str, Any] = {"currency": "ILS", "language": "he", "today": start.date(), "now": start, "by": SYSTEM}
    other = commands.load_programme(session, a_programme(code="OTHER"), publish=True, **how).club_id
    there = a_membership(session, club.yael, other, joined_on=day("2026-02-01"))
    club.end()
    balances = sa.select(PointsAccount.id, PointsAccount.balance).where(PointsAccount.customer_id == club.yael)
    found = {row[0]: row[1] for row in session.execute(balances)}
    assert found.pop(there.points_account_id) == 80
    assert set(found.values()) == {0}
    club.restore()
    found = {row[0]: row[1] for row in session.execute(balances)}
    assert found.pop(there.points_account_id) == 0
    assert set(found.values()) == {250}
    assert faults(session) == []


def test_a_membership_that_lapses_is_converted_by_the_night_and_given_back_by_its_undoing(session: Session):
    club = Ending(session, "lapse", to_minor=5_00)
    assert run(session, MEMBERSHIPS_LAPSE, "2027-01-31") == {}
    assert run(session, MEMBERSHIPS_LAPSE, "2027-02-01", number=5) == {"accounts": 1, "converted": 1, "became": 10_00}
    assert run(session, MEMBERSHIPS_LAPSE, "2027-02-02", number=6) == {}
    assert (club.chain.balance(club.yael), club.chain.cards(club.yael)) == (0, [10_00])
    assert (
        session.scalars(sa.select(PointsAccount.state).where(PointsAccount.customer_id == club.yael)).one() == "closed"
    )
    assert run(session, MEMBERSHIPS_LAPSE, "2027-02-03", number=7, undo_of=5) == {"returned": 1, "points_returned": 250}
    assert club.chain.balance(club.yael) == 250
    assert run(session, MEMBERSHIPS_LAPSE, "2027-02-04", number=8) == {}


def test_points_of_a_lapsed_membership_wait_for_the_other_club(session: Session):
    club = Ending(session, "lapse", to_points=1, to_club="OTHER")
    assert run(session, MEMBERSHIPS_LAPSE, "2027-02-01", number=5) == {}
    assert club.chain.balance(club.yael) == 250
    assert session.scalars(sa.select(PointsConversion)).all() == []


@pytest.mark.parametrize(
    ("said", "path"),
    [
        ({"end": {"points": "convert", "conversion": {"from_points": 2, "to_points": 1}}}, "end.conversion.to_club"),
        (
            {"switch": {"conversion": {"from_points": 2, "to_points": 1, "to_club": "CLUB"}}},
            "switch.conversion.to_club",
        ),
        ({"switch": {"conversion": {"from_points": 2, "to_minor": 1, "to_club": "X"}}}, "switch.conversion.to_club"),
    ],
)
def test_a_conversion_that_cannot_be_is_refused(said: dict[str, Any], path: str):
    assert path in {each.path for each in findings(a_programme(**said)) if each.stops}


@given(
    st.lists(st.integers(0, 10_000), max_size=8), st.integers(1, 500), st.integers(0, 500)
)  # fmt: skip
def test_the_parts_of_a_balance_become_what_the_whole_does(parts: list[int], each: int, to: int):
    conversion = Conversion(each, to_points=to)
    shares = conversion.shares(parts)
    assert sum(shares) == conversion.worth(sum(parts))
    assert all(share >= 0 for share in shares)


def test_a_conversion_above_the_limit_of_the_chain_waits_for_somebody_else(session: Session):
    # REQ A-03: what it comes to, and who wrote the version and so doesn't approve it
    chain = in_hundredths(session)
    chain.buys(chain.member("2026-02-01"), 12_50, "2026-03-01")
    limit = POINTS_CONVERT.limit
    assert limit is not None
    on = dt.date(2026, 6, 1)
    asked = Run(1, "points-convert", on, {}, SYSTEM, dt.datetime.combine(on, dt.time(1), dt.UTC))
    assert dict(limit.weigh(session, asked)) == {"accounts": 1, "points": 1250, "became": 12}
    assert (limit.amounts, limit.most(Settings())) == (("points",), Settings().points_limit)
    assert list(limit.behind(session, asked)) == [], "nobody of the staff wrote it"
    writer = somebody(session, username="writer")
    session.execute(sa.text("ALTER TABLE programme_versions DISABLE TRIGGER append_only"))
    session.execute(sa.update(ProgrammeVersion).values(staff_id=writer))
    session.execute(sa.text("ALTER TABLE programme_versions ENABLE TRIGGER append_only"))
    assert list(limit.behind(session, asked)) == [writer]


def test_accounts_count_in_other_parts_only_where_balances_are_converted(session: Session):
    """Half a stamp is another part than a stamp: a published club says what balances become, a draft needs not."""
    chain = Chain(session, earning=earning(PENNY | {"points": 100}), redemption=PAYS)
    halves: dict[str, Any] = {"earning": earning(PENNY), "redemption": PAYS, "unit": {"scale": 2}}
    versions = sa.select(sa.func.count()).select_from(ProgrammeVersion)
    before = session.scalar(versions)
    with pytest.raises(Invalid) as refused:
        load(chain, "2026-05-10", "2026-06-01", **halves)
    assert [each.field for each in refused.value.fields] == ["unit.scale"]
    assert session.scalar(versions) == before
    load(chain, "2026-05-10", "2026-06-01", **halves, switch={"conversion": {"from_points": 1, "to_points": 2}})
    assert session.scalar(versions) == (before or 0) + 1
    member = chain.member("2026-01-10")
    chain.buys(member, 10_00, "2026-05-20")
    held = chain.balance(member)
    run(session, POINTS_CONVERT, "2026-06-01")
    assert (held > 0, chain.balance(member)) == (True, 2 * held)
