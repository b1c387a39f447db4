"""Reading what people are asked to agree to, and what they have said."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.consents.models import ConsentWording
from erp_club.customers.models import ConsentChange
from erp_club.organisation.models import Store, Terminal
from erp_club.permissions.models import Staff

FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Wording:
    """A version of what is asked for a channel, who wrote it and when; `texts` by language."""

    id: int
    channel: str
    version: int
    texts: Mapping[str, str]
    at: dt.datetime
    by: str | None


@dataclass(frozen=True, slots=True)
class Said:
    """A yes or no: when, to what wording in which language (None where it isn't known), who took it, where and how."""

    id: int
    at: dt.datetime
    channel: str
    given: bool
    source: str
    staff: str | None
    store: str | None
    till: int | None
    version: int | None
    language: str | None
    text: str | None


def read_in(texts: Mapping[str, str], language: str | None) -> str | None:
    """The language in which a reader of this one gets a wording: theirs, else English, else the first there is."""
    return next((each for each in (language, FALLBACK, *texts) if each in texts), None)


def wordings(session: Session) -> list[Wording]:
    """Every version, the newest of each channel first."""
    statement = (
        sa.select(
            ConsentWording.id,
            ConsentWording.channel,
            ConsentWording.version,
            ConsentWording.texts,
            ConsentWording.at,
            Staff.name,
        )
        .outerjoin(Staff, Staff.id == ConsentWording.staff_id)
        .order_by(ConsentWording.channel, ConsentWording.version.desc())
    )
    return [Wording(*row) for row in session.execute(statement)]


def current(session: Session) -> dict[str, Wording]:
    """What is asked today, by channel; a channel that nobody has worded isn't there."""
    found: dict[str, Wording] = {}
    for each in wordings(session):
        found.setdefault(each.channel, each)
    return found


def history(session: Session, customer_id: int) -> list[Said]:
    """All that a customer has said, the latest first."""
    statement = (
        sa.select(
            ConsentChange.id,
            ConsentChange.at,
            ConsentChange.channel,
            ConsentChange.given,
            ConsentChange.source,
            Staff.name.label("staff"),
            Store.name.label("store"),
            Terminal.number.label("till"),
            ConsentWording.version,
            ConsentChange.language,
            ConsentWording.texts[ConsentChange.language].astext.label("text"),
        )
        .outerjoin(Staff, Staff.id == ConsentChange.staff_id)
        .outerjoin(Terminal, Terminal.id == ConsentChange.terminal_id)
        .outerjoin(Store, Store.id == Terminal.store_id)
        .outerjoin(ConsentWording, ConsentWording.id == ConsentChange.wording_id)
        .where(ConsentChange.customer_id == customer_id)
        .order_by(ConsentChange.id.desc())
    )
    return [Said(*row) for row in session.execute(statement)]
