"""What was posted to the ledgers is sealed each night, a chain for each account, with receipts, with what coupons were
issued as and what was said of accounts, cards and fees, and the trace each quarter of an hour.

Both outside of the sale and of the requests, which only add their rows.
"""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.kernel import audit_seals
from erp_club.kernel.kept_rows import seal_kept, unsealed_kept
from erp_club.kernel.ledger_seals import seal_movements, unsealed_movements
from erp_club.kernel.seal_counts import keep_counts
from erp_club.kernel.text import N_, T
from erp_club.points.seals import POINTS_LEDGER
from erp_club.points.standing.commands import seal_standing, unsealed_standing
from erp_club.promotions.coupons.seals.commands import seal_coupons, unsealed_coupons
from erp_club.receipts.seals.commands import seal_receipts, unsealed_receipts
from erp_club.stored_value.seals import VALUE_LEDGER

BATCH = 10_000
"""Movements, or entries, in one transaction."""
_LEDGERS = (POINTS_LEDGER, VALUE_LEDGER)
SEALS = (
    *("points_seals", "stored_value_seals", "coupon_seals", "points_standing_seals", "kept_row_seals", "receipt_seals"),
    "audit_seals",
)
"""Of these is kept how many links there are."""
_CHAINS = (("coupon_codes", seal_coupons), ("points_account_standing", seal_standing), ("kept_rows", seal_kept))


def _seal_ledgers(session: Session, run: Run, cursor: Cursor) -> Step:
    """The cursor is the ledger's place, and the last movement that was sealed in it; then come the other chains, and
    last the receipts, with the last one that was sealed, and how many links all chains have by then.
    """
    place, after = (cursor[0], (cursor[1], cursor[2], cursor[3])) if cursor else (0, None)
    if place == len(_LEDGERS) + len(_CHAINS):
        receipts = seal_receipts(session, after=after and after[:2], now=run.now, limit=BATCH)
        more = [place, *receipts.last, -1] if receipts.added == BATCH and receipts.last else None
        if more is None:
            keep_counts(session, SEALS, now=run.now)
            seal_kept(session, now=run.now, limit=BATCH)
        return Step(more, receipts.added, {"receipts": receipts.added})
    if place >= len(_LEDGERS):
        name, seal = _CHAINS[place - len(_LEDGERS)]
        added = seal(session, now=run.now, limit=BATCH)
        return Step([place + (added < BATCH), -1, -1, -1], added, {name: added})
    ledger = _LEDGERS[place]
    made = seal_movements(session, ledger, after=after, now=run.now, limit=BATCH)
    counts = {ledger.movements.name: made.added}
    if made.added == BATCH and made.last:
        return Step([place, *made.last], made.added, counts)
    return Step([place + 1, -1, -1, -1], made.added, counts)


def _unsealed(session: Session, _run: Run) -> int:
    movements = sum(unsealed_movements(session, ledger) for ledger in _LEDGERS)
    chained = unsealed_coupons(session) + unsealed_standing(session) + unsealed_kept(session)
    return movements + chained + unsealed_receipts(session)


LEDGER_SEAL = Job(
    name="ledger-seal",
    title=N_("Seal of the ledgers"),
    about=N_(
        "Adds the day's movements of points and cards, with what their lots were opened as, receipts, new coupons, "
        "states of accounts, cards and coupons, fees, used benefits and what was given to chains of keyed hashes, so "
        "that none can be changed unseen."
    ),
    batch=_seal_ledgers,
    total=_unsealed,
    counts={
        "points_movements": N_("Movements of points"),
        "stored_value_movements": N_("Movements of cards"),
        "coupon_codes": N_("Coupons"),
        "points_account_standing": N_("States and days of accounts"),
        "kept_rows": N_("States of cards and coupons, fees, and what was given"),
        "receipts": N_("Receipts"),
    },
    schedule="50 4 * * *",
)


def _seal_trace(session: Session, run: Run, _cursor: Cursor) -> Step:
    made = audit_seals.seal_entries(session, now=run.now, limit=BATCH)
    if made.added == BATCH:
        return Step([made.links], made.added, {"entries": made.added})
    # Whoever cuts the chain's end off cuts this line's links too: it is worth a copy elsewhere.
    text = T("%(links)s entries are sealed. The chain ends with %(end)s.", links=made.links, end=made.end.hex())
    return Step(None, made.added, {"entries": made.added}, [Said(text)])


def _waiting(session: Session, _run: Run) -> int:
    return audit_seals.unsealed(session)


AUDIT_SEAL = Job(
    name="audit-seal",
    title=N_("Seal of the change log"),
    about=N_("Adds the new entries of the change log to a chain of keyed hashes, so that none can be changed unseen."),
    batch=_seal_trace,
    total=_waiting,
    counts={"entries": N_("Entries")},
    schedule="*/15 * * * *",
)
