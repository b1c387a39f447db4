"""Taking a file into the database: everything of it that can be taken, in the caller's one transaction."""

import datetime as dt
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.imports import (
    balances,
    cards,
    customers,
    price_lists,
    products,
    purchases,
    segment_lists,
    staging,
    stored_value,
)
from erp_club.imports.formats import Reading
from erp_club.imports.outcome import Outcome
from erp_club.imports.staging import Progress
from erp_club.kernel import audit
from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T
from erp_club.organisation import queries as organisation
from erp_club.permissions.actors import Actor


def import_file(
    session: Session, reading: Reading, *, earn: tuple[str, ...] = (), progress: Progress, now: dt.datetime, by: Actor
) -> Outcome:
    """Take the rows of a file; importing it again changes nothing.

    Single bad rows (for purchases: the receipts of bad rows) are refused and told by `staging.refusals` until the
    transaction ends. `earn` are codes of clubs, for purchases only. Raises Refused where the whole file can't be taken;
    nothing may be committed then. Another import of the same kind is waited for.
    """
    kind = reading.form.kind
    if earn and kind != "purchases":
        raise Refused(T("Only purchases earn points. Leave --earn out."), code="earn-without-purchases")
    chain = organisation.chain(session)
    today = now.astimezone(ZoneInfo(chain.time_zone)).date()
    staging.begin(session, kind, progress, T("Another import of this kind is running. Waiting for it…"))
    match kind:
        case "products":
            outcome = products.take(session, reading, progress)
        case "customers":
            outcome = customers.take(session, reading, progress, country=chain.country, today=today, now=now, by=by)
        case "cards":
            outcome = cards.take(session, reading, progress, now=now, by=by)
        case "segment-list":
            outcome = segment_lists.take(session, reading, progress, now=now, today=today, by=by)
        case "price-list":
            outcome = price_lists.take(session, reading, progress, now=now, by=by)
        case "stored-value":
            outcome = stored_value.take(session, reading, progress, now=now, today=today, by=by)
        case "balances":
            outcome = balances.take(session, reading, progress, now=now, today=today, by=by)
        case _:
            outcome = purchases.take(session, reading, progress, earn=earn, now=now, by=by)
    if outcome.taken:
        after = {"file": reading.table.path.name, "read": outcome.read, "taken": outcome.taken, "earn": list(earn)}
        audit.record(session, by=by, now=now, action="import.take", entity="import", entity_id=kind, after=after)
    return outcome
