"""What goods that come back pay of new ones, and how that and one more means make up a sale's payments. Pure.

Money stays with the means that it came by: what a bank card had paid goes on to pay as bank card, so that a later
return of the new goods can't make cash of it. Each side of an exchange is rounded to coins by itself, as if it stood
alone; what changes hands is their difference, which coins can pay too.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.purchases.sale import Payment, rounding
from erp_club.receipts.kinds import Means


@dataclass(frozen=True, slots=True)
class Credit:
    """What goods that come back would give by each means; cash in whole coins.

    `named` are means that are handled as bank cards, by the chain's own names, and what each gives.
    """

    card_minor: int = 0
    cash_minor: int = 0
    named: tuple[tuple[str, int], ...] = ()

    @property
    def means(self) -> tuple[str, ...]:
        """The means that it pays by."""
        amounts = {Means.CARD.value: self.card_minor, **dict(self.named), Means.CASH.value: self.cash_minor}
        return tuple(name for name, amount in amounts.items() if amount)


NO_CREDIT = Credit()


def others(given: Sequence[Payment], credit: Credit, total_minor: int, rest: Means, currency: str) -> list[Payment]:
    """What pays beside prepaid and gift cards (`given`): the credit, and `rest` (cash or card) all that it leaves."""
    left = total_minor - sum(payment.amount_minor for payment in given)
    by_card = min(credit.card_minor, left)
    left -= by_card
    named: list[Payment] = []
    for name, minor in credit.named:
        named.append(Payment(Means.CARD, min(minor, left), called=name))
        left -= min(minor, left)
    if rest is Means.CARD and left > credit.cash_minor:
        by_card += left - credit.cash_minor
        left = credit.cash_minor
    in_cash = left + rounding(left, 0, currency)
    made = (Payment(Means.CARD, by_card), *named, Payment(Means.CASH, in_cash))
    return [payment for payment in made if payment.amount_minor]
