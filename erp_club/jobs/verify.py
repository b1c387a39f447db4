"""Each night the ledgers are derived again from their movements."""

from sqlalchemy.orm import Session

from erp_club.jobs.declared import Cursor, Job, Run, Said, Step
from erp_club.jobs.models import Level
from erp_club.kernel.text import N_, T, Text
from erp_club.points import queries as points
from erp_club.stored_value.verify import queries as stored_value

MOST = 100
"""Wrong rows that are named; more than one is reason enough to look."""


def wrong_balances(session: Session) -> list[Text]:
    """A sentence for each balance that isn't what its movements come to; none is what it should be."""
    found = [
        T(
            "Points account %(account)s: its balance is %(balance)s, its movements come to %(summed)s.",
            account=each.account_id,
            balance=each.balance,
            summed=each.summed,
        )
        for each in points.wrong_accounts(session, limit=MOST)
    ]
    cards = stored_value.wrong_cards(session, limit=MOST)
    return found + [
        T("Prepaid card %(card)s: its movements don't lead to what stands.", card=each.card_id) for each in cards
    ]


def _batch(session: Session, _run: Run, _cursor: Cursor) -> Step:
    wrong = wrong_balances(session)
    return Step(None, 0, {"wrong": len(wrong)}, [Said(each, Level.ERROR) for each in wrong])


LEDGER_VERIFY = Job(
    name="ledger-verify",
    title=N_("Proof of the ledgers"),
    about=N_("Derives every balance of points and of prepaid cards again from its movements, and names what differs."),
    batch=_batch,
    counts={"wrong": N_("Wrong balances")},
    schedule="30 4 * * *",
)
