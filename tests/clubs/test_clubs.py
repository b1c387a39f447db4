# REQ M-02 A-02: setting clubs up, changing, publishing and closing them
import dataclasses
import datetime as dt

import pytest
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs import queries
from erp_club.clubs.kinds import ClubState, TermKind
from erp_club.clubs.setup import commands
from erp_club.clubs.setup.settings import ClubChanges, ClubSettings
from erp_club.kernel.audit import AuditEntry
from erp_club.kernel.errors import Conflict, Invalid, NotFound
from erp_club.permissions.actors import SYSTEM
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership, moved, settings


def created(session: Session, made: ClubSettings, *, language: str = "he") -> int:
    return commands.create_club(session, made, currency="ILS", language=language, now=NOW, by=SYSTEM)


def changed(session: Session, club_id: int, changes: ClubChanges, *, version: int) -> None:
    commands.change_club(session, club_id, changes, version=version, language="he", now=NOW, by=SYSTEM)


def last_entry(session: Session) -> AuditEntry:
    entry = session.scalar(sa.select(AuditEntry).order_by(AuditEntry.id.desc()).limit(1))
    assert entry is not None
    return entry


def test_a_new_club_is_a_draft_with_its_settings(session: Session) -> None:
    made = settings("KITCHEN", months=24)
    row = queries.club(session, created(session, made))
    assert (row.state, row.currency, row.term_kind, row.term_months, row.version) == (
        ClubState.DRAFT,
        "ILS",
        TermKind.MONTHS,
        24,
        1,
    )
    for field in dataclasses.fields(made):
        assert getattr(row, field.name) == getattr(made, field.name)
    assert last_entry(session).action == "club.create"


def test_a_name_is_needed_in_the_language_of_the_chain_alone(session: Session) -> None:
    made = dataclasses.replace(settings(), names={"fi": "Kultakerho"})
    with pytest.raises(Invalid) as refused:
        created(session, made)
    assert [error.field for error in refused.value.fields] == ["names.he"]
    assert queries.club(session, created(session, made, language="fi")).names == {"fi": "Kultakerho"}


@pytest.mark.parametrize(
    ("wrong", "field"),
    [
        ({"code": "gold"}, "code"),
        ({"code": "GOLD\n"}, "code"),
        ({"earn_points": -1}, "earn_points"),
        ({"earn_per_minor": 0}, "earn_per_minor"),
        ({"worth_points": 0}, "worth_points"),
        ({"worth_minor": 10**15}, "worth_minor"),
        ({"term_months": None}, "term_months"),
        ({"term_months": 1201}, "term_months"),
        ({"term_kind": TermKind.LIFETIME}, "term_months"),
    ],
)
def test_settings_that_make_no_sense_are_refused(session: Session, wrong: dict[str, object], field: str) -> None:
    with pytest.raises(Invalid) as refused:
        created(session, dataclasses.replace(settings(), **wrong))
    assert [error.field for error in refused.value.fields] == [field]


def test_a_code_belongs_to_one_club(session: Session) -> None:
    first, second = a_club(session, "GOLD"), a_club(session, "SILVER", state=ClubState.DRAFT)
    with pytest.raises(Conflict) as refused:
        created(session, settings("GOLD"))
    assert refused.value.code == "club-code-taken"
    with pytest.raises(Conflict) as renamed:
        changed(session, second, ClubChanges(code="GOLD"), version=1)
    assert renamed.value.code == "club-code-taken"
    assert queries.club_id_by_code(session, "gold") == first


def test_a_published_club_keeps_its_code(session: Session) -> None:
    draft, gold = a_club(session, "SILVER", state=ClubState.DRAFT), a_club(session)
    changed(session, draft, ClubChanges(code="BRONZE"), version=1)
    assert queries.club(session, draft).code == "BRONZE"
    with pytest.raises(Conflict) as refused:
        changed(session, gold, ClubChanges(code="OTHER"), version=2)
    assert refused.value.code == "club-code-fixed"


def test_a_change_of_the_rate_is_kept_before_and_after(session: Session) -> None:
    gold = a_club(session)
    changed(session, gold, ClubChanges(earn_points=2, names={"en": "Gold", "he": "זהב"}), version=2)
    row = queries.club(session, gold)
    assert (row.earn_points, row.earn_per_minor, row.version) == (2, 10_00, 3)
    entry = last_entry(session)
    assert (entry.action, entry.entity_id) == ("club.change", str(gold))
    assert entry.before == {"earn_points": 1, "names": {"en": "Gold club", "he": "מועדון זהב"}}
    assert entry.after == {"earn_points": 2, "names": {"en": "Gold", "he": "זהב"}}


def test_a_change_to_what_somebody_else_has_changed_is_stale(session: Session) -> None:
    gold = a_club(session)
    changed(session, gold, ClubChanges(earn_points=2), version=2)
    with pytest.raises(Conflict) as refused:
        changed(session, gold, ClubChanges(earn_points=3), version=2)
    assert refused.value.code == "stale"
    assert queries.club(session, gold).earn_points == 2


def test_a_change_of_nothing_leaves_no_trace(session: Session) -> None:
    gold = a_club(session)
    before = last_entry(session).id
    changed(session, gold, ClubChanges(earn_points=1), version=2)
    assert (queries.club(session, gold).version, last_entry(session).id) == (2, before)


def test_a_term_becomes_one_for_life_and_back(session: Session) -> None:
    gold = a_club(session)
    changed(session, gold, ClubChanges(term_kind=TermKind.LIFETIME), version=2)
    assert queries.club(session, gold).term_months is None
    changed(session, gold, ClubChanges(term_kind=TermKind.MONTHS, term_months=6), version=3)
    assert queries.club(session, gold).term_months == 6


def test_a_club_is_published_once_and_closed_once(session: Session) -> None:
    draft = a_club(session, state=ClubState.DRAFT)
    with pytest.raises(Conflict):
        commands.close_club(session, draft, now=NOW, by=SYSTEM)
    commands.publish_club(session, draft, now=NOW, by=SYSTEM)
    assert (last_entry(session).before, last_entry(session).after) == ({"state": "draft"}, {"state": "published"})
    with pytest.raises(Conflict):
        commands.publish_club(session, draft, now=NOW, by=SYSTEM)
    commands.close_club(session, draft, now=NOW, by=SYSTEM)
    for again in (commands.close_club, commands.publish_club):
        with pytest.raises(Conflict):
            again(session, draft, now=NOW, by=SYSTEM)
    assert queries.club(session, draft).state is ClubState.CLOSED


def test_a_club_that_is_not_there(session: Session) -> None:
    with pytest.raises(NotFound):
        queries.club(session, 999_999)
    with pytest.raises(NotFound):
        queries.club_id_by_code(session, "NONE")
    with pytest.raises(NotFound):
        commands.publish_club(session, 999_999, now=NOW, by=SYSTEM)
    with pytest.raises(NotFound):
        changed(session, 999_999, ClubChanges(), version=1)


def test_members_and_points_of_a_club_are_counted_on_the_day(session: Session) -> None:
    gold, life = a_club(session), a_club(session, "LIFE", months=None)
    for number in range(3):
        customer = a_customer(session, f"10{number}")
        joined = a_membership(session, customer, gold, joined_on=dt.date(2026, 1 + number, 1))
        moved(session, customer, joined.points_account_id, 100 * number + 1)
    a_membership(session, a_customer(session), life)
    figures = queries.figures(session, today=dt.date(2027, 1, 15))
    assert figures == {gold: queries.Figures(2, 303), life: queries.Figures(1, 0)}
    assert queries.joined_by_month(session, gold) == {dt.date(2026, month, 1): 1 for month in (1, 2, 3)}


def test_published_clubs_come_first_and_closed_ones_last(session: Session) -> None:
    for code, state in (("A", ClubState.CLOSED), ("B", ClubState.DRAFT), ("D", ClubState.PUBLISHED)):
        a_club(session, code, state=state)
    gold = a_club(session, "C")
    assert [row.code for row in queries.clubs(session)] == ["C", "D", "B", "A"]
    yael = a_customer(session)
    assert [row.code for row in queries.clubs_to_join(session, yael)] == ["C", "D"]
    a_membership(session, yael, gold, joined_on=TODAY)
    assert [row.code for row in queries.clubs_to_join(session, yael)] == ["D"]
