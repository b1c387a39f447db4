"""Loading a programme: its club set up or changed, and the document kept as a version."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.clubs.setup import commands as setup
from erp_club.kernel import audit
from erp_club.permissions.actors import Actor
from erp_club.programmes import documents, errors, settings
from erp_club.programmes.engine.checks import stops
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.upkeep import commands as upkeep
from erp_club.programmes.upkeep.commands import Now


@dataclass(frozen=True, slots=True)
class Loaded:
    """A programme after loading; `version_no` is the one that says it, `is_new` whether it came only now."""

    club_id: int
    version_no: int
    effective_from: dt.date
    is_new: bool


def load_programme(
    session: Session,
    programme: Programme,
    *,
    currency: str,
    language: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    publish: bool = False,
) -> Loaded:
    """Let this programme hold for its club from its day on (today without one); a club that isn't there is set up.

    Loading the same document again changes nothing; the club's own settings become those of a version on its first day.
    `currency` and `language` are the chain's. Raises Invalid with what
    keeps the document from being published, each at its path, and what setting a club up raises.
    """
    faults = stops(programme)
    if faults:
        raise errors.cannot_be(faults)
    if programme.currency != currency:
        raise errors.wrong_currency()
    club = session.execute(
        sa.select(Club.id, Club.state).where(Club.code == programme.code).with_for_update()
    ).one_or_none()
    if club is None:
        made = settings.club_settings(programme, language=language)
        club_id = setup.create_club(session, made, currency=currency, language=language, now=now, by=by)
        state = ClubState.DRAFT
    else:
        club_id, state = club.id, ClubState(club.state)
    latest = session.execute(
        sa.select(ProgrammeVersion.version_no, ProgrammeVersion.document, ProgrammeVersion.effective_from)
        .where(ProgrammeVersion.club_id == club_id)
        .order_by(ProgrammeVersion.version_no.desc())
        .limit(1)
    ).one_or_none()
    document = documents.whole(programme)
    if latest is not None and state is not ClubState.DRAFT and _loses_balances(latest.document, programme):
        raise errors.other_parts()
    if latest is None or latest.document != document:
        number = 1 if latest is None else latest.version_no + 1
        first = programme.switch.effective_from or today
        before = None if latest is None else Programme.model_validate(latest.document)
        _add_version(session, club_id, number, programme, before=before, effective_from=first, now=now, by=by)
        loaded = Loaded(club_id, number, first, is_new=True)
    else:
        loaded = Loaded(club_id, latest.version_no, latest.effective_from, is_new=False)
    upkeep.keep(session, club_id, Now(today, now, by, language), is_new=loaded.is_new)
    if publish and state is ClubState.DRAFT:
        setup.publish_club(session, club_id, now=now, by=by)
    return loaded


def _loses_balances(before: dict[str, Any], programme: Programme) -> bool:
    """Whether accounts would count in other parts from now on, and nothing says what balances become."""
    scale = before.get("unit", {}).get("scale", 1)
    return scale != programme.unit.scale and programme.switch.conversion is None


def _add_version(
    session: Session,
    club_id: int,
    number: int,
    programme: Programme,
    *,
    before: Programme | None,
    effective_from: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    document = documents.whole(programme)
    rules = settings.points_rules(programme)
    rules_no = setup.add_rules(session, club_id, rules, effective_from=effective_from, now=now, by=by)
    session.execute(
        sa.insert(ProgrammeVersion).values(
            club_id=club_id,
            version_no=number,
            rules_no=rules_no,
            effective_from=effective_from,
            document=document,
            at=now,
            staff_id=by.staff_id,
        )
    )
    after = {"version": number, "effective_from": effective_from, "document": documents.brief(programme)}
    was = None if before is None else {"version": number - 1, "document": documents.brief(before)}
    audit.record(
        session, by=by, now=now, action="club.programme", entity="club", entity_id=club_id, before=was, after=after
    )
