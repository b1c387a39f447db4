# REQ M-02 M-03: a database from before levels were sold is upgraded with all that stands in it, and sells them
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
import sqlalchemy as sa
from alembic import command
from sqlalchemy.exc import DBAPIError, IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs.levels.models import LevelOverride, MembershipLevel
from erp_club.clubs.models import Club, ClubRules
from erp_club.clubs.rules import document_json
from erp_club.clubs.rules import points_rules as read_rules
from erp_club.kernel import schema
from erp_club.kernel.db import Database
from erp_club.programmes.documents import programme_of, whole
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.settings import points_rules, what_tills_read
from erp_club.purchases.fees.models import MembershipFee

BEFORE_LEVELS_WERE_SOLD = "2026_11_26_0431"
CLUBS: dict[str, dict[str, Any]] = {
    "SOLD": {
        "fees": {
            "joining_minor": 10_00,
            "joining_product": "JOIN",
            "levels": [{"level": "GOLD", "joining_minor": 90_00}],
        },
        "levels": {
            "measure": {"counts": "spend"},
            "window": {"every": "year"},
            "levels": [
                {"code": "BASE", "names": {"en": "Basic"}, "at_least": 0},
                {"code": "GOLD", "names": {"en": "Gold"}},
            ],
        },
    },
    "SLIDES": {"term": {"kind": "sliding", "months": 6, "least_minor": 50_00}},
    "PLAIN": {"earning": {"rules": [{"kind": "money", "code": "rate", "points": 1, "per_minor": 100}]}},
}
SINCE = dt.date(2026, 1, 1)
HER_ROWS = (
    """
    INSERT INTO membership_periods (customer_id, membership_id, period_no, validity, kind, at)
    VALUES (:customer, :membership, 1, daterange(:since, NULL), 'joining', now())
    """,
    """
    INSERT INTO membership_fees (customer_id, membership_id, kind, state, period_no, first, full_minor, due_minor,
                                 line_no, receipt_id, at, paid_on)
    VALUES (:customer, :membership, 'joining', 'paid', 1, :since, 1000, 1000, 2, 7, now(), :since)
    """,
    """
    INSERT INTO level_overrides (customer_id, membership_id, override_no, level, first, reason, at)
    VALUES (:customer, :membership, 1, 'GOLD', :since, 'Guest', now())
    """,
    """
    INSERT INTO membership_levels (customer_id, membership_id, level, since, by_hand, rules_no, looked_on)
    VALUES (:customer, :membership, 'GOLD', :since, true, 1, :since)
    """,
    """
    INSERT INTO level_changes (customer_id, membership_id, change_no, level, on_date, cause, rules_no, at)
    VALUES (:customer, :membership, 1, 'GOLD', :since, 'by_hand', 1, now())
    """,
)


OLD_ISSUE = {"at": "night", "after_days": 2, "by_day_of_month": 10, "published_on": None, "valid_months": 3}
OLD: dict[str, Any] = {
    "benefits": [
        {"code": "bag", "points": 5, "gives": {"kind": "gift", "products": ["BAG"], "quantity": 1}, "issue": OLD_ISSUE},
        {"code": "more", "points": 5, "gives": {"kind": "points", "points": 9}, "issue": OLD_ISSUE},
    ],
    "occasions": [
        {"code": "hello", "occasion": "joining", "gives": [{"kind": "points", "points": 9}], "issue": OLD_ISSUE}
    ],
    "levels": {
        "levels": [{"code": "A"}],
        "milestones": [{"code": "half", "at": 5, "gives": [{"kind": "points", "points": 9}], "issue": OLD_ISSUE}],
    },
}
"""What a document said when nothing carried it out."""


def programme(code: str) -> Programme:
    return Programme.model_validate({"code": code, "names": {"en": code}, "currency": "ILS", **CLUBS[code]})


def rules_of_then(code: str) -> dict[str, Any]:
    """What was kept for tills: neither what levels cost nor how the term slides."""
    kept = document_json(points_rules(programme(code)))
    read = {name: each for name, each in kept.pop("programme").items() if name not in {"fees", "term"}}
    return kept if code == "SLIDES" else kept | {"programme": read}


def fill(connection: sa.Connection) -> None:
    """Three clubs; Yael is in the first, with a fee that she paid, a level given by hand and what was told of it."""
    customer = connection.scalar(
        sa.text(
            "INSERT INTO customers (number, given_name, family_name, opened_at, changed_at) "
            "VALUES ('C1', 'Yael', 'Cohen', now(), now()) RETURNING id"
        )
    )
    for code in CLUBS:
        club = connection.scalar(
            sa.text(
                "INSERT INTO clubs (code, names, currency, state, earn_points, earn_per_minor, worth_points, "
                "worth_minor, term_kind, term_months) VALUES (:code, '{}', 'ILS', 'published', 1, 100, 1, 0, 'months', "
                "12) RETURNING id"
            ),
            {"code": code},
        )
        said = {"club": club, "since": SINCE, "rules": json.dumps(rules_of_then(code))}
        connection.execute(
            sa.text(
                "INSERT INTO club_rules (club_id, version_no, effective_from, document, at) "
                "VALUES (:club, 1, :since, CAST(:rules AS jsonb), now())"
            ),
            said,
        )
        connection.execute(
            sa.text(
                "INSERT INTO programme_versions (club_id, version_no, rules_no, effective_from, document, at) "
                "VALUES (:club, 1, 1, :since, CAST(:whole AS jsonb), now())"
            ),
            said | {"whole": json.dumps(whole(programme(code)) | (OLD if code == "PLAIN" else {}))},
        )
    hers = {"customer": customer, "since": SINCE}
    hers["account"] = connection.scalar(
        sa.text("INSERT INTO points_accounts (customer_id) VALUES (:customer) RETURNING id"), hers
    )
    hers["membership"] = connection.scalar(
        sa.text(
            "INSERT INTO memberships (customer_id, club_id, points_holder_id, points_account_id, joined_on) "
            "SELECT :customer, id, :customer, :account, :since FROM clubs WHERE code = 'SOLD' RETURNING id"
        ),
        hers,
    )
    for statement in HER_ROWS:
        connection.execute(sa.text(statement), hers)


@pytest.fixture
def upgraded(committed: Database) -> Iterator[Session]:
    with committed.engine.connect() as connection:
        connection.execute(sa.text("DROP SCHEMA public, procrastinate CASCADE; CREATE SCHEMA public"))
        connection.commit()
        config = schema.config()
        config.attributes["connection"], config.attributes["keyring"] = connection, committed.keyring
        command.upgrade(config, BEFORE_LEVELS_WERE_SOLD)
        fill(connection)
        connection.commit()
        command.upgrade(config, "head")
        connection.commit()
    with committed.session() as session:
        yield session


def test_tills_read_what_levels_cost_and_that_a_term_slides_and_all_else_stays(upgraded: Session) -> None:
    rows = upgraded.execute(sa.select(Club.code, ClubRules.document).join(Club, Club.id == ClubRules.club_id))
    kept = {row.code: json.dumps(row.document) for row in rows}
    assert kept.keys() == CLUBS.keys()
    for code, document in kept.items():
        assert programme_of(document) == Programme.model_validate(what_tills_read(programme(code))), code
        assert read_rules(1, document, 1, 0) == read_rules(1, json.dumps(rules_of_then(code)), 1, 0), code
    assert json.loads(kept["PLAIN"]) == rules_of_then("PLAIN")
    with pytest.raises(DBAPIError, match="append"), upgraded.begin_nested():
        upgraded.execute(sa.update(ClubRules).values(effective_from=SINCE))


def test_what_was_given_and_paid_stays_and_a_level_can_be_bought_since(upgraded: Session) -> None:
    override = upgraded.scalars(sa.select(LevelOverride)).one()
    fee = upgraded.scalars(sa.select(MembershipFee)).one()
    level = upgraded.scalars(sa.select(MembershipLevel)).one()
    assert (override.level, override.reason, override.paid, override.fee_id) == ("GOLD", "Guest", False, None)
    assert (fee.kind, fee.state, fee.level, fee.receipt_id) == ("joining", "paid", None, 7)
    assert (level.level, level.by_hand, level.paid) == ("GOLD", True, False)
    bought = {
        "customer_id": fee.customer_id, "membership_id": fee.membership_id, "kind": "upgrade", "state": "due",
        "period_no": 1, "first": SINCE, "full_minor": 90_00, "due_minor": 90_00, "at": fee.at,
    }  # fmt: skip
    with pytest.raises(IntegrityError, match="upgrade_has_level"), upgraded.begin_nested():
        upgraded.execute(sa.insert(MembershipFee).values(**bought))
    upgraded.execute(sa.insert(MembershipFee).values(**bought, level="GOLD"))
    given = {"customer_id": fee.customer_id, "membership_id": fee.membership_id, "level": "GOLD", "first": SINCE}
    with pytest.raises(IntegrityError, match="has_reason"), upgraded.begin_nested():
        upgraded.execute(sa.insert(LevelOverride).values(**given, override_no=2, reason="", at=fee.at))
    upgraded.execute(sa.insert(LevelOverride).values(**given, override_no=2, reason="", paid=True, at=fee.at))


def test_what_nothing_carried_out_is_no_part_of_documents_any_more_and_the_rest_stays(upgraded: Session) -> None:
    rows = upgraded.execute(
        sa.select(Club.code, ProgrammeVersion.document).join(Club, Club.id == ProgrammeVersion.club_id)
    )
    read = {code: Programme.model_validate(document) for code, document in rows}
    assert read.keys() == CLUBS.keys()
    plain = read["PLAIN"]
    (bag,), (hello,) = plain.benefits, plain.occasions
    assert plain.levels is not None
    (half,) = plain.levels.milestones
    assert (bag.code, bag.issue.valid_months) == ("bag", 3)
    for issue in (hello.issue, half.issue):
        assert (issue.at, issue.after_days, issue.valid_months) == ("night", 2, 3)
