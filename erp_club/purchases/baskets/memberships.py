"""The memberships of a sale's customer: only theirs are changed at the till, and renewed with their card."""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass

from sqlalchemy.orm import Session

from erp_club.cards.errors import unknown as no_such_card
from erp_club.cards.kinds import CardState
from erp_club.cards.queries import CardRow, cards_of
from erp_club.cards.queries import card as card_of
from erp_club.clubs.commands import Joined, Prolonged, hold, renew_membership, renewal_of
from erp_club.clubs.periods import Span
from erp_club.clubs.queries import club_of_membership, customer_of
from erp_club.customers.models import UNIDENTIFIED
from erp_club.permissions.actors import Actor
from erp_club.permissions.places import TerminalFacts
from erp_club.programmes.engine.parts import Measure
from erp_club.programmes.engine.places import Where
from erp_club.purchases.asked import Place
from erp_club.purchases.baskets import errors, queries
from erp_club.purchases.baskets.commands import current_customer, take
from erp_club.purchases.baskets.pricing import asked_of
from erp_club.purchases.entitlements.commands import is_service, use_in_sale, use_service
from erp_club.purchases.facts import gather
from erp_club.purchases.fees.commands import Day, charge_renewal, join_in_sale
from erp_club.purchases.fees.counted import counted_minor
from erp_club.purchases.fees.queries import who_buys
from erp_club.purchases.fees.renewing import RenewalCost, renewal_cost
from erp_club.purchases.models import Basket
from erp_club.purchases.places import where_of
from erp_club.purchases.pricing import price_gathered
from erp_club.purchases.upgrades.commands import upgrade_in_sale


@dataclass(frozen=True, slots=True)
class Used:
    """What a use of an entitlement made: a line of the sale, or a use by its id, which can be undone."""

    line_no: int | None = None
    use_id: int | None = None


def of_buyer(session: Session, membership_id: int, *, by: Actor) -> Basket:
    """The open basket, whose customer has this membership.

    Raises NotFound `membership-unknown`, Conflict `customer-needed` where nobody is identified, or somebody else.
    """
    customer_id = customer_of(session, membership_id)
    if by.terminal_id is None:
        raise errors.not_at_a_till()
    basket = queries.open_basket(session, by.terminal_id)
    if basket is None or basket.customer_id == UNIDENTIFIED or basket.customer_id != customer_id:
        raise errors.no_customer()
    return basket


def card_of_buyer(session: Session, card_id: int, *, by: Actor) -> CardRow:
    """A card of the sale's customer.

    Raises Conflict `customer-needed` where nobody is identified, NotFound `card-unknown` where it is another's.
    """
    card = card_of(session, card_id)
    if card.customer_id != current_customer(session, by=by):
        raise no_such_card()
    return card


def card_is_needed(session: Session, membership_id: int, *, by: Actor) -> bool:
    """Whether a card must still be shown to renew: the customer has one for this club, and came without it (M-07)."""
    basket = of_buyer(session, membership_id, by=by)
    usable = _usable_cards(session, basket.customer_id, membership_id)
    return bool(usable) and basket.card_id not in usable


@dataclass(frozen=True, slots=True)
class Told:
    """The days that a renewal adds and what it costs; the days of each other length that may be chosen, by months."""

    span: Span
    cost: RenewalCost | None
    others: Mapping[int, Span]


def renewal_told(session: Session, membership_id: int, *, today: dt.date, by: Actor) -> Told:
    """What renewing today gives and costs. Raises as `of_buyer` and `renewal_of`."""
    of_buyer(session, membership_id, by=by)
    held = hold(session, membership_id)
    span, cost = renewal_of(held, today=today), renewal_cost(session, held, today=today)
    others = {} if cost is None else {each: renewal_of(held, today=today, months=each) for each in cost.others}
    return Told(span, cost, others)


def renew_of_buyer(
    session: Session,
    membership_id: int,
    *,
    card: str | None,
    where: Where,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
    seen: dt.date | None = None,
    months: int | None = None,
) -> Prolonged:
    """Renew a membership of the sale's customer, with their `card`; the one they were identified by will do (M-07).

    `seen` is its last day as the till showed it; `months` where another length than the usual one was chosen.

    Raises as `of_buyer` and `renew_membership`, Invalid on `card` where the customer has one and showed none.
    """
    basket = of_buyer(session, membership_id, by=by)
    before = hold(session, membership_id)
    if not card and card_is_needed(session, membership_id, by=by):
        raise errors.card_needed()
    shown = card or _shown(session, basket, membership_id)
    renewed = renew_membership(
        session, membership_id, today=today, now=now, by=by, card=shown, seen=seen, months=months
    )
    charge_renewal(session, basket, renewed, before=before, day=Day(today, now, by, where), months=months)
    return renewed


def join_of_buyer(
    session: Session,
    club_id: int,
    terminal: TerminalFacts,
    *,
    months: int | None = None,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> Joined:
    """Let the sale's customer join a club as its programme says, for `months` of choice; a fee is a line of the sale.

    Raises Conflict `customer-needed` where nobody is identified, and what `join_in_sale` raises.
    """
    customer_id = current_customer(session, by=by)
    basket = take(session, now=now, by=by)

    def bought(of: Measure) -> int:
        opened = queries.opened(session, terminal.id)
        if opened is None or not opened.lines:
            return 0
        gathered = gather(session, asked_of(terminal, opened), Place(terminal, by, now, now), entered_before=True)
        who = who_buys(session, customer_id)
        return counted_minor(of, gathered.facts, price_gathered(gathered).priced, who, regular=False)

    day = Day(today, now, by, where_of(terminal))
    return join_in_sale(session, basket, club_id, bought=bought, day=day, months=months)


def upgrade_of_buyer(
    session: Session,
    membership_id: int,
    level: str,
    *,
    expected_minor: int | None,
    where: Where,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Sell the sale's customer a higher level of a membership. Raises as `of_buyer` and `upgrade_in_sale`."""
    of_buyer(session, membership_id, by=by)
    basket, day = take(session, now=now, by=by), Day(today, now, by, where)
    upgrade_in_sale(session, basket, membership_id, level, expected_minor=expected_minor, day=day)


def use_of_buyer(
    session: Session,
    membership_id: int,
    code: str,
    *,
    product: str | None,
    where: Where,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> Used:
    """Use an entitlement of the sale's customer: goods as a line of the sale, a service as it is.

    Raises as `of_buyer`, `use_in_sale` and `use_service`.
    """
    of_buyer(session, membership_id, by=by)
    day = Day(today, now, by, where)
    if is_service(session, membership_id, code, day=day):
        return Used(use_id=use_service(session, membership_id, code, day=day))
    basket = take(session, now=now, by=by)
    return Used(line_no=use_in_sale(session, basket, membership_id, code, product=product, day=day))


def _shown(session: Session, basket: Basket, membership_id: int) -> str | None:
    if basket.card_id is None or basket.card_id not in _usable_cards(session, basket.customer_id, membership_id):
        return None
    return card_of(session, basket.card_id).number


def _usable_cards(session: Session, customer_id: int, membership_id: int) -> set[int]:
    """The ids of the customer's active cards that hold in the membership's club."""
    club_id = club_of_membership(session, membership_id)
    return {
        each.id
        for each in cards_of(session, customer_id)
        if each.state is CardState.ACTIVE and each.club_id in {None, club_id}
    }
