"""Selling a higher level within the term, as a line of the sale: it is held at once, and goes with its line."""

from sqlalchemy.orm import Session

from erp_club.clubs import commands as clubs
from erp_club.clubs.errors import no_membership
from erp_club.permissions.catalog import Permission
from erp_club.permissions.rules import Asked, Rule
from erp_club.programmes.engine.places import Doing, works
from erp_club.programmes.engine.renew import Fee
from erp_club.programmes.engine.upgrades import Upgrade, upgrades
from erp_club.programmes.overrides.commands import hold_paid_level
from erp_club.programmes.queries import programme_in_force
from erp_club.purchases.fees.commands import Day, charge
from erp_club.purchases.fees.kinds import FeeKind
from erp_club.purchases.models import Basket
from erp_club.purchases.upgrades import errors
from erp_club.purchases.upgrades.queries import held_level


def upgrade_in_sale(
    session: Session, basket: Basket, membership_id: int, level: str, *, expected_minor: int | None, day: Day
) -> Upgrade:
    """Put a membership of the basket's customer on a paid level from now to the end of its term (M-02, M-03).

    The price is the difference from the level that is held, prorated where the programme says so. Raises NotFound for
    the membership, Conflict `level-not-sold`, `fee-changed` where the cashier saw another price, `fee-product-needed`.
    """
    held = clubs.hold(session, membership_id)
    if day.by.decide(Permission.MEMBERSHIPS_UPGRADE, Asked(club_id=held.club_id)).rule is Rule.OTHER_CLUB:
        raise no_membership()
    programme = programme_in_force(session, held.club_id, day.today)
    number = next((no for no, span in held.days.items() if span is not None and span.holds(day.today)), None)
    if programme is None or programme.levels is None or number is None or held.customer_id != basket.customer_id:
        raise errors.not_sold()
    if not works(programme.channels, Doing.JOINING, day.where):
        raise errors.not_sold()
    now, by_hand = held_level(session, membership_id) or (programme.levels.levels[0].code, False)
    sold = upgrades(programme, now, held.days[number], day.today, by_hand=by_hand)
    chosen = next((each for each in sold if each.level == level), None)
    if chosen is None:
        raise errors.not_sold()
    if expected_minor is not None and expected_minor != chosen.fee_minor:
        raise errors.price_changed(chosen.fee_minor)
    fee = Fee(chosen.fee_minor, chosen.fee_minor, product=programme.fees.joining_product, now_minor=chosen.fee_minor)
    made = charge(session, basket, held, FeeKind.UPGRADE, fee, chosen.span, period_no=number, level=level, day=day)
    hold_paid_level(session, held, level, chosen.span, fee_id=made.id, today=day.today, now=day.now, by=day.by)
    return chosen
