"""The versions of a club's programme."""

import datetime as dt
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.models import Club
from erp_club.programmes import errors
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion


@dataclass(frozen=True, slots=True)
class VersionRow:
    """One version: from which day it holds, and what it says."""

    club_id: int
    version_no: int
    effective_from: dt.date
    programme: Programme


def versions(session: Session, code: str) -> list[VersionRow]:
    """All versions of the club with this code, the latest first. Raises NotFound where there is none."""
    rows = session.execute(
        sa.select(
            ProgrammeVersion.club_id,
            ProgrammeVersion.version_no,
            ProgrammeVersion.effective_from,
            ProgrammeVersion.document,
        )
        .join(Club, Club.id == ProgrammeVersion.club_id)
        .where(Club.code == code.upper())
        .order_by(ProgrammeVersion.version_no.desc())
    )
    made = [VersionRow(*row[:3], programme=Programme.model_validate(row.document)) for row in rows]
    if not made:
        raise errors.no_programme()
    return made


def programme_on(session: Session, code: str, day: dt.date) -> VersionRow:
    """The version that holds on a day. Raises NotFound where none does yet."""
    holding = [each for each in versions(session, code) if each.effective_from <= day]
    if not holding:
        raise errors.no_programme()
    return max(holding, key=lambda each: (each.effective_from, each.version_no))
