# REQ P-04 P-05 P-09 P-18: what a club says of its points, by version and day
import datetime as dt

import pytest
from pydantic import ValidationError
from sqlalchemy.orm import Session

from erp_club.clubs.earning.queries import earning_memberships, rules_on
from erp_club.clubs.rules import EarnedTerms, Paying, RulesDocument, points_rules
from erp_club.clubs.setup.commands import add_rules
from erp_club.permissions.actors import SYSTEM
from erp_club.points.rules import DROPPED, KEPT, Expiry, ExpiryKind, Redemption, Terms
from tests.make.clubs import NOW, TODAY, a_club, a_customer, a_membership

DAY = dt.timedelta(days=1)
YEARLY = RulesDocument(EarnedTerms(expiry=Expiry(ExpiryKind.YEARLY)), paying=None)


def test_a_new_clubs_points_last_forever_and_pay_what_they_are_worth(session: Session) -> None:
    rules = rules_on(session, a_club(session), on=TODAY)
    assert rules.terms == Terms()
    assert rules.redemption == Redemption(100, 5_00, step=1)
    assert (rules.lapsed, rules.ended) == (KEPT, DROPPED)


def test_a_version_holds_from_its_day_until_the_next(session: Session) -> None:
    club_id = a_club(session)
    assert add_rules(session, club_id, YEARLY, effective_from=TODAY + DAY, now=NOW, by=SYSTEM) == 2
    assert rules_on(session, club_id, on=TODAY).terms.version == 1
    tomorrow = rules_on(session, club_id, on=TODAY + DAY)
    assert (tomorrow.terms, tomorrow.redemption) == (Terms(2, expiry=Expiry(ExpiryKind.YEARLY)), None)
    add_rules(session, club_id, RulesDocument(), effective_from=TODAY + DAY, now=NOW, by=SYSTEM)
    assert rules_on(session, club_id, on=TODAY + DAY).terms.version == 3


def test_a_sale_is_told_the_rules_of_its_day(session: Session) -> None:
    club_id = a_club(session)
    yael = a_customer(session)
    joined = a_membership(session, yael, club_id)
    add_rules(session, club_id, YEARLY, effective_from=TODAY + DAY, now=NOW, by=SYSTEM)
    for on, version in ((TODAY, 1), (TODAY + DAY, 2)):
        (earning,) = earning_memberships(session, yael, on=on)
        assert (earning.holder_id, earning.points_account_id) == (yael, joined.points_account_id)
        assert (earning.joined_on, earning.rules.terms.version) == (TODAY, version)


def test_points_that_are_worth_nothing_pay_nothing() -> None:
    assert points_rules(1, "{}", 100, 0).redemption is None


def test_the_step_may_be_more_than_whole_minor_units_need() -> None:
    assert points_rules(1, '{"paying": {"step": 50, "min_balance": 200}}', 100, 5_00).redemption == Redemption(
        100, 5_00, step=50, min_balance=200
    )
    assert Paying().step is None


def test_a_rule_that_is_not_known_is_refused() -> None:
    with pytest.raises(ValidationError):
        points_rules(1, '{"payment": {}}', 100, 5_00)
