# REQ M-01 M-04 M-06 M-07 K-01 A-02: joining, renewing, extending
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.cards.kinds import CardState
from erp_club.clubs import commands, queries
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.kinds import ClubState, PeriodKind
from erp_club.clubs.models import MembershipPeriod
from erp_club.clubs.periods import Span
from erp_club.clubs.setup import commands as setup
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.permissions.actors import SYSTEM
from erp_club.permissions.catalog import Role
from tests.make.clubs import NOW, TODAY, a_card, a_club, a_customer, a_membership
from tests.make.organisation import a_store, an_actor, somebody

DAY = dt.timedelta(days=1)


def renewed(session: Session, membership_id: int, *, today: dt.date, card: str | None = None) -> commands.Prolonged:
    return commands.renew_membership(session, membership_id, today=today, now=NOW, by=SYSTEM, card=card)


def extended(session: Session, membership_id: int, *, until: dt.date, today: dt.date = TODAY) -> commands.Prolonged:
    return commands.extend_membership(session, membership_id, until=until, today=today, now=NOW, by=SYSTEM)


def only(session: Session, customer_id: int, *, today: dt.date = TODAY) -> queries.MembershipRow:
    (row,) = queries.memberships(session, customer_id, today=today)
    return row


def test_joining_gives_benefits_a_points_account_and_a_card_at_once(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = commands.join_club(session, yael, club_id=gold, today=TODAY, now=NOW, by=SYSTEM)
    assert joined.valid_until == dt.date(2027, 11, 21)
    assert joined.card_number is not None
    assert joined.card_number.startswith("29")
    (earning,) = earning_memberships(session, yael, on=TODAY)
    assert (earning.points_account_id, earning.earn_points, earning.earn_per_minor) == (
        joined.points_account_id,
        1,
        10_00,
    )
    row = only(session, yael)
    assert (row.is_valid, row.valid_until, row.balance, row.spans) == (
        True,
        dt.date(2027, 11, 21),
        0,
        (Span(TODAY, dt.date(2027, 11, 21)),),
    )


def test_a_customer_holds_many_clubs_at_once_each_with_its_own_points(session: Session) -> None:
    yael = a_customer(session)
    first = a_membership(session, yael, a_club(session, "GOLD"))
    second = a_membership(session, yael, a_club(session, "KITCHEN", months=None))
    assert first.points_account_id != second.points_account_id
    assert second.card_number is None, "one card holds in every club"
    assert second.valid_until is None
    assert [row.code for row in queries.memberships(session, yael, today=TODAY)] == ["GOLD", "KITCHEN"]
    assert len(earning_memberships(session, yael, on=dt.date(2090, 1, 1))) == 1


@pytest.mark.parametrize("state", [ClubState.DRAFT, ClubState.CLOSED])
def test_only_a_published_club_is_joined(session: Session, state: ClubState) -> None:
    yael, club = a_customer(session), a_club(session, state=state)
    with pytest.raises(Conflict) as refused:
        a_membership(session, yael, club)
    assert refused.value.code == "club-not-open"
    assert queries.memberships(session, yael, today=TODAY) == []
    assert queries.clubs_to_join(session, yael) == []


def test_joining_twice_says_what_to_do_instead(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    with pytest.raises(Conflict) as refused:
        a_membership(session, yael, gold)
    assert (refused.value.code, refused.value.facts) == ("already-member", {"membership_id": joined.membership_id})
    assert "Renew the membership" in str(refused.value)
    with pytest.raises(Conflict) as ended:
        a_membership(session, yael, gold, joined_on=dt.date(2030, 1, 1))
    assert "was in this club until 2027-11-21" in str(ended.value)


def test_joining_for_life_twice_is_refused(session: Session) -> None:
    yael, club = a_customer(session), a_club(session, months=None)
    a_membership(session, yael, club)
    with pytest.raises(Conflict, match="for life already"):
        a_membership(session, yael, club)


def test_nobody_and_erased_customers_join_nothing(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    session.execute(sa.update(Customer).where(Customer.id == yael).values(state=CustomerState.ERASED))
    for customer_id in (UNIDENTIFIED, 999_999, yael):
        with pytest.raises(NotFound):
            a_membership(session, customer_id, gold)
    with pytest.raises(NotFound):
        a_membership(session, a_customer(session, "100002"), 999_999)


def test_somebody_with_a_card_gets_no_second_one(session: Session) -> None:
    yael = a_customer(session)
    a_card(session, yael, "7290000000015")
    assert a_membership(session, yael, a_club(session)).card_number is None


def test_a_lost_card_is_no_card(session: Session) -> None:
    yael = a_customer(session)
    a_card(session, yael, "7290000000015", state=CardState.LOST)
    assert a_membership(session, yael, a_club(session)).card_number is not None


def test_renewing_early_continues_after_the_paid_period(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    added = renewed(session, joined.membership_id, today=TODAY + DAY)
    assert (added.starts_on, added.valid_until) == (dt.date(2027, 11, 22), dt.date(2028, 11, 21))
    row = only(session, yael)
    assert row.spans == (Span(TODAY, dt.date(2028, 11, 21)),)
    assert [period.kind for period in row.periods] == [PeriodKind.JOINING, PeriodKind.RENEWAL]


def test_renewing_late_starts_today_and_leaves_the_gap(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    late = dt.date(2028, 3, 1)
    assert only(session, yael, today=late).is_valid is False
    added = renewed(session, joined.membership_id, today=late)
    assert (added.starts_on, added.valid_until) == (late, dt.date(2029, 2, 28))
    row = only(session, yael, today=late)
    assert row.is_valid
    assert row.spans == (Span(TODAY, dt.date(2027, 11, 21)), Span(late, dt.date(2029, 2, 28)))
    assert earning_memberships(session, yael, on=late - DAY) == []


def test_renewing_on_the_last_day_loses_none(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    assert joined.valid_until is not None
    added = renewed(session, joined.membership_id, today=joined.valid_until)
    assert added.starts_on == joined.valid_until + DAY


def test_memberships_of_a_closed_club_and_for_life_are_not_made_longer(session: Session) -> None:
    yael, gold, life = a_customer(session), a_club(session), a_club(session, "LIFE", months=None)
    in_gold, for_life = a_membership(session, yael, gold), a_membership(session, yael, life)
    setup.close_club(session, gold, now=NOW, by=SYSTEM)
    for membership_id, code in (
        (in_gold.membership_id, "club-not-open"),
        (for_life.membership_id, "membership-for-life"),
    ):
        with pytest.raises(Conflict) as refused:
            renewed(session, membership_id, today=TODAY)
        assert refused.value.code == code
        with pytest.raises(Conflict) as unextended:
            extended(session, membership_id, until=dt.date(2090, 1, 1))
        assert unextended.value.code == code
    assert only_valid(session, yael) == ["LIFE"]
    with pytest.raises(NotFound):
        renewed(session, 999_999, today=TODAY)


def only_valid(session: Session, customer_id: int) -> list[str]:
    return [row.code for row in queries.memberships(session, customer_id, today=TODAY) if row.is_valid]


def test_the_card_at_a_renewal_belongs_to_the_member(session: Session) -> None:
    yael, dana, gold = a_customer(session), a_customer(session, "100002"), a_club(session)
    other = a_club(session, "OTHER")
    joined = a_membership(session, yael, gold)
    theirs = a_card(session, dana, "7290000000015")
    blocked = a_card(session, yael, "7290000000022", state=CardState.BLOCKED)
    elsewhere = a_card(session, yael, "7290000000039", club_id=other)
    for card, code in (
        (theirs, "card-of-another"),
        (blocked, "card-blocked"),
        (elsewhere, "card-of-another-club"),
        ("7290000000046", "card-unknown"),
    ):
        with pytest.raises(Refused) as refused:
            renewed(session, joined.membership_id, today=TODAY, card=card)
        assert refused.value.code == code
    assert len(only(session, yael).periods) == 1, "nothing changed"
    assert joined.card_number is not None
    assert renewed(session, joined.membership_id, today=TODAY, card=joined.card_number).valid_until


def test_an_extension_runs_to_the_day_that_was_chosen(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    added = extended(session, joined.membership_id, until=dt.date(2027, 12, 31))
    assert (added.starts_on, added.valid_until) == (dt.date(2027, 11, 22), dt.date(2027, 12, 31))
    assert only(session, yael).spans == (Span(TODAY, dt.date(2027, 12, 31)),)


def test_an_extension_that_gives_nothing_is_refused(session: Session) -> None:
    yael, life = a_customer(session), a_club(session, "LIFE", months=None)
    joined = a_membership(session, yael, a_club(session))
    for until, today, code in (
        (dt.date(2027, 11, 21), TODAY, "not-longer"),
        (dt.date(2028, 1, 31), dt.date(2028, 2, 1), "in-the-past"),
        (dt.date(3000, 1, 1), TODAY, "too-long"),
    ):
        with pytest.raises(Refused) as refused:
            extended(session, joined.membership_id, until=until, today=today)
        assert (refused.value.code, refused.value.fields[0].field) == (code, "until")
    with pytest.raises(Conflict):
        extended(session, a_membership(session, yael, life).membership_id, until=dt.date(2090, 1, 1))


def test_a_period_that_would_overlap_is_refused_by_the_database(session: Session) -> None:
    yael, gold = a_customer(session), a_club(session)
    joined = a_membership(session, yael, gold)
    with pytest.raises(Conflict) as refused:
        commands.add_period(
            session,
            (yael, joined.membership_id, 2),
            Span(TODAY + DAY, TODAY + 2 * DAY),
            PeriodKind.RENEWAL,
            now=NOW,
            by=SYSTEM,
        )
    assert refused.value.code == "changed"
    assert session.scalar(sa.select(sa.func.count()).select_from(MembershipPeriod)) == 1


def test_a_membership_keeps_who_made_it_when_and_where(session: Session) -> None:
    store = a_store(session)
    dana = an_actor(somebody(session), Role.CASHIER, store_id=store.id)
    yael, gold = a_customer(session), a_club(session)
    joined = commands.join_club(session, yael, club_id=gold, today=TODAY, now=NOW, by=dana)
    commands.renew_membership(session, joined.membership_id, today=TODAY, now=NOW, by=dana)
    (period, _) = only(session, yael).periods
    assert (period.staff, period.store, period.at) == (dana.name, store.name, NOW)
    kept = session.scalars(
        sa.select(AuditEntry).where(AuditEntry.action.like("membership.%")).order_by(AuditEntry.id)
    ).all()
    assert [(entry.action, entry.entity_id, entry.staff_id) for entry in kept] == [
        ("membership.join", str(yael), dana.staff_id),
        ("membership.renew", str(yael), dana.staff_id),
    ]
    assert kept[1].before is not None
    assert kept[1].after is not None
    assert (kept[1].before["valid_until"], kept[1].after["valid_until"]) == ("2027-11-21", "2028-11-21")
