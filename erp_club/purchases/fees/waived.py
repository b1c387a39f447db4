"""What joining costs in a sale that may waive it: it hangs on what lies in the basket, so each price asks again."""

from collections.abc import Mapping

from sqlalchemy.orm import Session

from erp_club.programmes.engine.renew import Fee, chosen_months, joining_fee
from erp_club.programmes.queries import programme_in_force
from erp_club.promotions.engine.facts import Facts
from erp_club.promotions.engine.priced import Priced
from erp_club.purchases.fees.counted import counted_minor
from erp_club.purchases.fees.queries import fees_of, joining_due, who_buys

Charged = Mapping[int | None, int]
"""What joining costs in a sale, by the id of the fee, where the sale may waive it."""


def joining_fees(session: Session, fees: Mapping[int, int], facts: Facts, priced: Priced) -> dict[int, Fee]:
    """What joining costs by these lines of a basket (each with its fee's id), where a club waives it by the sale."""
    made: dict[int, Fee] = {}
    for fee_id, customer_id, club_id, span in joining_due(session, fees.values()):
        programme = programme_in_force(session, club_id, facts.at.date())
        waiver = programme.fees.joining_waiver if programme is not None else None
        if programme is None or waiver is None:
            continue
        bought = counted_minor(waiver.of, facts, priced, who_buys(session, customer_id), regular=True)
        line = next(index for index, each in fees.items() if each == fee_id)
        prices, months = fees_of(session, programme, customer_id), chosen_months(programme, span)
        made[line] = joining_fee(prices, sale_minor=bought, months=months)
    return made
