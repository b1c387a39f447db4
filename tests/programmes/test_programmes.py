# REQ M-02 P-18: a programme is loaded, versioned, shown and checked by the commands, for any club alike
import json
from pathlib import Path

import pytest
import sqlalchemy as sa
from click.testing import CliRunner
from sqlalchemy.exc import DBAPIError
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.kinds import ClubState, TermKind
from erp_club.clubs.models import Club
from erp_club.kernel.errors import Invalid, NotFound
from erp_club.permissions.actors import SYSTEM
from erp_club.points.rules import Clawback, ExpiryKind, Fate
from erp_club.programmes import commands, documents, queries
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.settings import points_rules
from tests.make.clubs import NOW, TODAY
from tests.make.programmes import a_programme, day, example
from web.cli import main

TENTH = {"kind": "money", "code": "tenth", "points": 1, "per_minor": 1000}


def load(session: Session, programme: Programme, *, publish: bool = False) -> commands.Loaded:
    return commands.load_programme(
        session, programme, currency="ILS", language="he", today=TODAY, now=NOW, by=SYSTEM, publish=publish
    )


@pytest.mark.parametrize("name", ["bagel_cafe", "oro_oro", "shoez"])
def test_a_club_is_set_up_from_its_document_alone(session: Session, name: str):
    club = example(name)
    loaded = load(session, club, publish=True)
    row = session.get_one(Club, loaded.club_id)
    assert (row.code, row.state, row.currency) == (club.code, ClubState.PUBLISHED, "ILS")
    assert queries.programme_on(session, club.code, TODAY).programme == club


def test_the_same_document_again_changes_nothing(session: Session):
    first, second = load(session, example("shoez")), load(session, example("shoez"))
    assert (first.is_new, second.is_new) == (True, False)
    assert first.version_no == second.version_no == 1
    assert session.scalar(sa.select(sa.func.count()).select_from(ProgrammeVersion)) == 1


def test_a_new_version_holds_from_its_day_and_the_old_one_until_then(session: Session):
    load(session, a_programme(earning={"rules": [TENTH]}))
    later = a_programme(earning={"rules": [TENTH | {"points": 2}]}, switch={"effective_from": "2027-01-01"})
    assert load(session, later).version_no == 2
    assert queries.programme_on(session, "CLUB", day("2026-12-31")).version_no == 1
    assert queries.programme_on(session, "CLUB", day("2027-01-01")).version_no == 2


def test_a_version_is_never_changed(session: Session):
    load(session, example("shoez"))
    with pytest.raises(DBAPIError), session.begin_nested():
        session.execute(sa.delete(ProgrammeVersion))


def test_the_ledger_follows_the_document(session: Session):
    loaded = load(
        session,
        a_programme(
            term={"kind": "months", "months": 24},
            earning={"rules": [TENTH], "available": {"after_days": 14}},
            redemption={"worth_points": 10, "worth_minor": 100, "least_balance": 30, "step": 10, "most_points": 200},
            expiry={"rule": {"kind": "months", "months": 12, "to_month_end": True}},
            returns={"clawback": "deduct"},
            lapse={"points": "freeze", "freeze_months": 3},
        ),
    )
    row = session.get_one(Club, loaded.club_id)
    assert (row.earn_points, row.earn_per_minor, row.term_kind, row.term_months) == (1, 1000, TermKind.MONTHS, 24)
    rules = rules_on(session, loaded.club_id, on=TODAY)
    assert rules.terms.available_after_days == 14
    assert (rules.terms.expiry.kind, rules.terms.expiry.months) == (ExpiryKind.MONTHS_END, 12)
    assert rules.redemption is not None
    assert (rules.redemption.min_balance, rules.redemption.step, rules.redemption.max_points) == (30, 10, 200)
    assert rules.returns.clawback is Clawback.DEDUCT
    assert (rules.lapsed.fate, rules.lapsed.freeze_months) == (Fate.FREEZE, 3)


def test_what_can_not_be_is_refused_and_nothing_is_kept(session: Session):
    with pytest.raises(Invalid) as refused:
        load(session, a_programme(channels={"joining": []}))
    assert [each.field for each in refused.value.fields] == ["channels.joining"]
    with pytest.raises(Invalid) as foreign:
        load(session, example("s_group"))
    assert [each.field for each in foreign.value.fields] == ["currency"]
    with pytest.raises(NotFound):
        queries.versions(session, "CLUB")


def run(*words: str) -> tuple[int, str]:
    result = CliRunner().invoke(main, ["programme", *words], env={"LANG": "en"})
    return result.exit_code, result.output


def test_an_example_is_shown_in_sentences_and_as_a_document_that_reads_again():
    code, text = run("show", "bagel_cafe")
    assert code == 0
    assert "  7 points for ₪100.00 paid." in text
    code, text = run("show", "waterstones", "--json")
    assert Programme.model_validate(json.loads(text)) == example("waterstones")


def test_a_file_is_checked_with_each_place_named(tmp_path: Path):
    file = tmp_path / "club.json"
    file.write_text(json.dumps(documents.brief(example("team_sportia"))))
    assert run("check", str(file)) == (0, "SPORTKLUBBEN can be published.\n")
    file.write_text(json.dumps({"code": "A", "names": {"en": "A"}, "currency": "ILS", "channels": {"joining": []}}))
    code, text = run("check", str(file))
    assert (code, text) == (2, "Fault: channels.joining: Nobody can join: name at least one channel.\n")
    file.write_text(json.dumps({"code": "A", "names": {"en": "A"}, "currency": "ILS", "term": {"kind": "months"}}))
    code, text = run("check", str(file))
    assert code == 2
    assert "term.months: This field is required." in text


@pytest.mark.parametrize(("visit", "receipt", "by_day"), [("receipt", 200, 500), ("day", None, 200)])
def test_a_ceiling_of_a_visit_is_one_of_the_receipt_or_of_the_day(visit: str, receipt: int | None, by_day: int) -> None:
    # REQ P-05: what a visit is, the chain says
    pays = {"worth_points": 1, "worth_minor": 1, "most_points_visit": 200, "most_points_day": 500}
    paying = points_rules(a_programme(visit=visit, redemption=pays)).paying
    assert paying is not None
    assert (paying.max_points, paying.max_points_a_day) == (receipt, by_day)
