"""Each night the ledgers are derived again from their movements, and the chain over the change log is proven."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.jobs.kept import KEPT
from erp_club.jobs.kinds import Level
from erp_club.jobs.told import TOLD
from erp_club.kernel.audit_seals import entries_not_as_sealed
from erp_club.kernel.kept_rows import kept_not_as_sealed, wrong_kept
from erp_club.kernel.ledger_seals import movements_not_as_sealed
from erp_club.kernel.references import Gone, rows_gone
from erp_club.kernel.seal_counts import CutOff, chains_cut
from erp_club.kernel.seals import NotAsSealed
from erp_club.kernel.text import N_, T, Text
from erp_club.points.seals import POINTS_LEDGER
from erp_club.points.standing.commands import standing_not_as_sealed
from erp_club.points.verify import queries as points
from erp_club.promotions.coupons.seals.commands import coupons_not_as_sealed
from erp_club.promotions.verify import queries as promotions
from erp_club.receipts.rollups import commands as rollups
from erp_club.receipts.seals.commands import receipts_not_as_sealed
from erp_club.receipts.verify.queries import wrong_receipts
from erp_club.stored_value.seals import VALUE_LEDGER
from erp_club.stored_value.verify import queries as stored_value
from erp_club.tables import metadata

_CARD_TABLES = {
    "balance": ("stored_value_cards", "balance_minor"),
    "movements": ("stored_value_cards", "last_seq"),
    "balance after": ("stored_value_movements", "balance_after_minor"),
    "movement's lots": ("stored_value_movement_lots", "amount_minor"),
    "lot": ("stored_value_lots", "remaining_minor"),
    "first day": ("stored_value_lots", "first_day"),
    "last day": ("stored_value_lots", "last_day"),
    "number": ("stored_value_cards", "number"),
}


def wrong_rows(session: Session) -> list[Text]:
    """A sentence for the first row of each kind that doesn't follow from movements, receipts and lines.

    None is what it should be. Reads everything: balances, debts and lots of points, cards, the counters of offers and
    coupons, what has come back, the sums of receipts, what was kept of states and of what was given, and what was
    sealed of movements, receipts, coupons, states and the trace.
    """
    found = [_differs(each.table, each.key, each.column, each.said, each.derived) for each in points.faults(session)]
    for card in stored_value.wrong_cards(session, limit=1):
        table, column = _CARD_TABLES[card.what]
        parts = (card.customer_id, card.card_id, card.at)
        key = "/".join(str(part) for part in parts if part is not None)
        found.append(_differs(table, key, column, card.stored, card.derived))
    counters = promotions.wrong_counters(session)
    found += [_differs(each.table, each.key, each.column, each.said, each.derived) for each in counters]
    receipts = wrong_receipts(session)
    found += [_differs(each.table, each.key, each.column, each.said, each.derived) for each in receipts]
    found += [_gone(each) for each in rows_gone(session, metadata, TOLD)]
    kept = wrong_kept(session, KEPT)
    found += [_differs(each.table, each.key, each.column, each.said, each.derived) for each in kept]
    sums = rollups.verify(session)
    if sums is not None:
        text = T(
            "%(table)s: this row stands there: %(kept)s. The lines sum to: %(proved)s.",
            table=sums.table,
            kept=dict(sums.kept or {}),
            proved=dict(sums.proved or {}),
        )
        found.append(text)
    chained = [
        check(session)
        for check in (coupons_not_as_sealed, standing_not_as_sealed, kept_not_as_sealed, receipts_not_as_sealed)
    ]
    sealed = (
        movements_not_as_sealed(session, POINTS_LEDGER),
        movements_not_as_sealed(session, VALUE_LEDGER),
        [each for each in chained if each],
        entries_not_as_sealed(session),
    )
    found += [_cut_off(each) for each in chains_cut(session)]
    return [*found, *(_not_as_sealed(each) for several in sealed for each in several)]


def _gone(row: Gone) -> Text:
    return T(
        "%(table)s %(key)s isn't there, and %(teller)s %(teller_key)s tells of it.",
        table=row.table,
        key=row.key,
        teller=row.teller,
        teller_key=row.teller_key,
    )


def _cut_off(cut: CutOff) -> Text:
    return T(
        "%(table)s: %(there)s links are left of the %(kept)s that there were at %(at)s.",
        table=cut.table,
        there=cut.there,
        kept=cut.kept,
        at=cut.at.isoformat(timespec="seconds"),
    )


def _not_as_sealed(row: NotAsSealed) -> Text:
    if row.missing:
        return T("%(table)s %(key)s is gone, and was there when it was sealed.", table=row.table, key=row.key)
    return T("%(table)s %(key)s isn't what it was when it was sealed.", table=row.table, key=row.key)


def _differs(table: str, key: str, column: str, said: int | str | None, derived: int | str | None) -> Text:
    return T(
        "%(table)s %(key)s: %(column)s is %(said)s, and %(derived)s follows from the movements.",
        table=table,
        key=key,
        column=column,
        said=said,
        derived=derived,
    )


def _batch(session: Session, _run: Run, _cursor: Cursor) -> Step:
    wrong = wrong_rows(session)
    return Step(None, 0, {"wrong": len(wrong)}, [Said(each, Level.ERROR) for each in wrong])


LEDGER_VERIFY = Job(
    name="ledger-verify",
    title=N_("Proof of the ledgers"),
    about=N_(
        "Derives every balance, debt and lot, every card, the counters of offers and coupons and all sums of receipts "
        "again, proves the seals of movements, receipts, coupons, states and the change log, and names what differs."
    ),
    batch=_batch,
    counts={"wrong": N_("Wrong rows")},
    schedule="0 5 * * *",
)
