"""Keeping what people say to advertising, and what they are asked."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.consents import queries
from erp_club.customers.consents.models import ConsentWording
from erp_club.customers.fields import CONSENTS
from erp_club.customers.models import ConsentChange
from erp_club.kernel import audit
from erp_club.kernel.errors import FieldError, Invalid
from erp_club.kernel.text import T
from erp_club.permissions.actors import Actor

LONGEST = 1_000


def record_consents(
    session: Session,
    customer_id: int,
    values: Mapping[str, Any],
    *,
    now: dt.datetime,
    by: Actor,
    source: str | None = None,
    language: str | None = None,
) -> None:
    """Keep each yes and no among the `values` (`consent_sms` and so on), with the wording that holds today.

    `source` says how it was given, else the till or the back office. `language` is the reader's who was asked; None
    where nobody read the wording to them (a file, another system), which is then not kept as what they agreed to.
    """
    said = {
        channel: values[f"consent_{channel}"] for channel in CONSENTS if values.get(f"consent_{channel}") is not None
    }
    if not said:
        return
    asked = queries.current(session) if language else {}
    rows: list[dict[str, Any]] = []
    for channel, given in said.items():
        wording = asked.get(channel)
        rows.append(
            {
                "customer_id": customer_id,
                "channel": channel,
                "given": given,
                "at": now,
                "source": source or ("till" if by.terminal_id else "office"),
                "staff_id": by.staff_id,
                "terminal_id": by.terminal_id,
                "wording_id": wording.id if wording else None,
                "language": queries.read_in(wording.texts, language) if wording else None,
            }
        )
    session.execute(sa.insert(ConsentChange), rows)


def word(session: Session, channel: str, texts: Mapping[str, str], *, now: dt.datetime, by: Actor) -> int:
    """Ask this from now on for a channel, and give the version; what people have said keeps the wording of then.

    Without a change the version stays. Raises Invalid for a text that is too long, or none at all.
    """
    wanted = {language: text.strip() for language, text in texts.items() if text.strip()}
    wrong = [
        FieldError(f"texts.{language}", T("This is longer than %(most)s letters.", most=LONGEST))
        for language, text in wanted.items()
        if len(text) > LONGEST
    ]
    if not wanted:
        wrong.append(FieldError("texts.en", T("Write the wording in one language at least.")))
    if wrong:
        raise Invalid(wrong)
    # Of two people who change a wording at once the second sees the first one's version.
    session.execute(sa.select(sa.func.pg_advisory_xact_lock(sa.func.hashtext(f"consent-wording {channel}"))))
    before = queries.current(session).get(channel)
    if before is not None and dict(before.texts) == wanted:
        return before.version
    version = before.version + 1 if before else 1
    session.execute(
        sa.insert(ConsentWording).values(channel=channel, version=version, texts=wanted, at=now, staff_id=by.staff_id)
    )
    audit.record(
        session,
        by=by,
        now=now,
        action="consent-wording.change",
        entity="consent-wording",
        entity_id=channel,
        before=dict(before.texts) if before else None,
        after=wanted,
    )
    return version
