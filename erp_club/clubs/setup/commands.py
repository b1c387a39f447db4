"""Setting clubs up, publishing and closing them."""

import dataclasses
import datetime as dt

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.exc import IntegrityError
from sqlalchemy.orm import Session

from erp_club.clubs import errors
from erp_club.clubs.kinds import ClubState, TermKind
from erp_club.clubs.models import Club, ClubRules
from erp_club.clubs.periods import RenewalFrom
from erp_club.clubs.rules import FIRST_DAY, RulesDocument, document_json
from erp_club.clubs.setup.settings import ClubChanges, ClubSettings, faults
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor


def create_club(
    session: Session, settings: ClubSettings, *, currency: str, language: str, now: dt.datetime, by: Actor
) -> int:
    """Set up a draft and give its id. Amounts are in `currency`; `language` is the chain's.

    Raises Invalid with a fault for each field, Conflict `club-code-taken`.
    """
    _check(settings, language)
    club_id = session.scalar(
        insert(Club)
        .values(dataclasses.asdict(settings) | {"currency": currency, "state": ClubState.DRAFT})
        .on_conflict_do_nothing(index_elements=[Club.code])
        .returning(Club.id)
    )
    if club_id is None:
        raise errors.code_taken()
    _add_version(session, club_id, 1, RulesDocument(), effective_from=FIRST_DAY, now=now, by=by)
    after = dataclasses.asdict(settings) | {"currency": currency}
    audit.record(session, by=by, now=now, action="club.create", entity="club", entity_id=club_id, after=after)
    return club_id


def change_club(
    session: Session, club_id: int, changes: ClubChanges, *, version: int, language: str, now: dt.datetime, by: Actor
) -> None:
    """Change settings of the club as it stood at `version`; the audit keeps what changed, before and after.

    New terms hold for what is earned, joined and renewed from now on. Raises NotFound, Conflict `stale` (changed
    since), `club-code-taken` or `club-code-fixed` (published), Invalid with a fault for each field.
    """
    row = session.execute(
        sa.select(*_SETTINGS, Club.version, Club.state).where(Club.id == club_id).with_for_update()
    ).one_or_none()
    if row is None:
        raise errors.no_club()
    if row.version != version:
        raise errors.stale()
    values = ClubSettings(*row[: len(_SETTINGS)])
    current = dataclasses.replace(values, term_kind=TermKind(row.term_kind), renewal_from=RenewalFrom(row.renewal_from))
    changed = changes.applied_to(current)
    _check(changed, language)
    if changed.code != current.code and row.state != ClubState.DRAFT:
        raise errors.code_fixed()
    old, new = dataclasses.asdict(current), dataclasses.asdict(changed)
    after = {name: value for name, value in new.items() if value != old[name]}
    if not after:
        return
    try:
        with session.begin_nested():
            session.execute(sa.update(Club).where(Club.id == club_id).values(**after, version=version + 1))
    except IntegrityError as error:
        # Of what the settings' check lets through, only the code can still meet another club's.
        raise errors.code_taken() from error
    before = {name: old[name] for name in after}
    audit.record(
        session, by=by, now=now, action="club.change", entity="club", entity_id=club_id, before=before, after=after
    )


def add_rules(
    session: Session, club_id: int, document: RulesDocument, *, effective_from: dt.date, now: dt.datetime, by: Actor
) -> int:
    """Let other rules about points hold from a day on, that day included, and give the number of the version.

    What was earned keeps its terms. Raises NotFound.
    """
    _lock_club(session, club_id)
    latest = session.scalar(sa.select(sa.func.max(ClubRules.version_no)).where(ClubRules.club_id == club_id)) or 0
    _add_version(session, club_id, latest + 1, document, effective_from=effective_from, now=now, by=by)
    audit.record(
        session,
        by=by,
        now=now,
        action="club.rules",
        entity="club",
        entity_id=club_id,
        after={"version": latest + 1, "effective_from": effective_from, "rules": document_json(document)},
    )
    return latest + 1


def _add_version(
    session: Session,
    club_id: int,
    version: int,
    document: RulesDocument,
    *,
    effective_from: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    session.execute(
        sa.insert(ClubRules).values(
            club_id=club_id,
            version_no=version,
            effective_from=effective_from,
            document=document_json(document),
            at=now,
            staff_id=by.staff_id,
        )
    )


def publish_club(session: Session, club_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Open a draft for joining. Raises NotFound, Conflict `club-not-draft`."""
    if _lock_club(session, club_id) is not ClubState.DRAFT:
        raise errors.not_draft()
    _set_state(session, club_id, ClubState.DRAFT, ClubState.PUBLISHED, now=now, by=by)


def close_club(session: Session, club_id: int, *, now: dt.datetime, by: Actor) -> None:
    """Close a published club: nobody joins or renews, nothing is earned any more; points and history stay.

    Raises NotFound, Conflict `club-not-published`.
    """
    if _lock_club(session, club_id) is not ClubState.PUBLISHED:
        raise errors.not_published()
    _set_state(session, club_id, ClubState.PUBLISHED, ClubState.CLOSED, now=now, by=by)


_SETTINGS = tuple(getattr(Club, field.name) for field in dataclasses.fields(ClubSettings))


def _check(settings: ClubSettings, language: str) -> None:
    found = faults(settings, language=language)
    if found:
        raise Invalid(found)


def _lock_club(session: Session, club_id: int) -> ClubState:
    state = session.scalar(sa.select(Club.state).where(Club.id == club_id).with_for_update())
    if state is None:
        raise errors.no_club()
    return ClubState(state)


def _set_state(session: Session, club_id: int, old: ClubState, new: ClubState, *, now: dt.datetime, by: Actor) -> None:
    session.execute(sa.update(Club).where(Club.id == club_id).values(state=new, version=Club.version + 1))
    audit.record(
        session,
        by=by,
        now=now,
        action="club.publish" if new is ClubState.PUBLISHED else "club.close",
        entity="club",
        entity_id=club_id,
        before={"state": old},
        after={"state": new},
    )
