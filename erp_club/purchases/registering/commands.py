"""Registering a purchase that was made without the card: its points, and the end of a term that slides, by the rules
of its day.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace
from zoneinfo import ZoneInfo

from sqlalchemy.orm import Session

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.customers.queries import hold_person
from erp_club.kernel import audit
from erp_club.points.commands import earn_points, renew_account
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause
from erp_club.points.rules import bucket
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.events import may_register
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.queries import programme_in_force
from erp_club.programmes.standings.commands import LookCause
from erp_club.programmes.terms.commands import MovedEnd, hold_sliding, move_on
from erp_club.purchases.asked import Place
from erp_club.purchases.history.queries import members
from erp_club.purchases.levels import look_at_levels
from erp_club.purchases.plans import ProgrammePlan, paid_by_means, programme_of
from erp_club.purchases.posting.commands import Earned
from erp_club.purchases.quotes.queries import tell
from erp_club.purchases.quotes.told import Buyer, HeldMembership, Told
from erp_club.purchases.registering import errors, queries
from erp_club.purchases.registering.models import LateRegistration
from erp_club.purchases.returns.queries import Original, hold_original


@dataclass(frozen=True, slots=True)
class LaterEnd:
    """A club whose membership ends later by a purchase that was registered, and its last day since."""

    names: Mapping[str, str]
    valid_until: dt.date


@dataclass(frozen=True, slots=True)
class Registered:
    """A purchase that was registered: for whom, what each club gave for it, and which memberships end later by it."""

    receipt_id: int
    receipt_no: str
    member_id: int
    earned: tuple[Earned, ...]
    ends: tuple[LaterEnd, ...] = ()


def register_purchase(session: Session, receipt_id: int, buyer: Buyer, place: Place) -> Registered:
    """Give a member the points of a purchase in which nobody was identified, by the rules of its day, once.

    Each club in which the member was on that day says for how many days this can be done, that day not counted, and how
    often a month. A term that slides goes on from the day of the purchase, as if the member had been identified in it.
    The receipt stays as it was, and what comes back of it takes these points, and the days, along.
    Raises NotFound, what `tell` raises for the buyer, and Conflict `is-a-return`, `already-identified`,
    `already-registered`, `already-returned`, `registration-not-offered`, `registration-late` (facts: `last_day`),
    `registrations-used-up`, `registration-earns-nothing`.
    """
    original = hold_original(session, receipt_id)
    if original.customer_id:
        raise errors.identified()
    # The receipt is held, so nobody registers it, or returns of it, before this is done.
    if queries.registered_for(session, receipt_id) is not None:
        raise errors.registered()
    if queries.returned_any(session, receipt_id):
        raise errors.returned()
    told = _tell(session, buyer, original)
    offered = _offered(session, told, original, on=place.local.date())
    points = _points(session, told, original, offered)
    moved = _move(session, told.customer_id, original, offered, place)
    if not points and not moved and not _counts(session, original, offered):
        raise errors.nothing_earned()
    made = _write(session, original, told.customer_id, points, place)
    look_at_levels(session, [held.earning for held, _ in offered], _cause(original, place, on=place.local.date()))
    names = {held.earning.club_id: held.earning.names for held, _ in offered}
    return replace(made, ends=tuple(LaterEnd(names[each.held.club_id], each.valid_until) for each in moved))


def _tell(session: Session, buyer: Buyer, original: Original) -> Told:
    """What the member has on the day of the purchase, who stays who they are until all is written."""
    told = tell(session, (), buyer, store_id=original.store_id, day=original.sold_on)
    living = hold_person(session, told.customer_id)
    if living == told.customer_id:
        return told
    return tell(session, (), Buyer(living), store_id=original.store_id, day=original.sold_on)


def _move(
    session: Session,
    member_id: int,
    original: Original,
    clubs: list[tuple[HeldMembership, Programme]],
    place: Place,
) -> list[MovedEnd]:
    """Let terms that slide end as if the member had been identified; one that had run out meanwhile never did."""
    goods_minor = queries.total_minor(session, original.customer_id, original.id)
    cause = _cause(original, place, on=original.sold_on)
    terms = hold_sliding(session, member_id, [held.earning for held, _ in clubs])
    moved = move_on(session, terms, goods_minor, cause)
    again = Cause(MovementKind.ENDED, place.local.date(), place.now, place.by, customer_id=member_id)
    for each in sorted(moved, key=lambda one: one.held.account):
        renew_account(session, each.held.account, cause=again)
    return moved


def _cause(original: Original, place: Place, *, on: dt.date) -> LookCause:
    return LookCause(
        LevelCause.PURCHASE,
        on,
        place.now,
        place.by,
        receipt_id=original.id,
        receipt_customer_id=original.customer_id,
    )


def _counts(session: Session, original: Original, clubs: list[tuple[HeldMembership, Programme]]) -> bool:
    """Whether any of the clubs has levels, or rewards of periods, for which purchases count."""
    of = [programme_in_force(session, held.earning.club_id, original.sold_on) for held, _ in clubs]
    return any(each is not None and (each.levels is not None or bool(each.rewards)) for each in of)


def _offered(
    session: Session, told: Told, original: Original, *, on: dt.date
) -> list[tuple[HeldMembership, Programme]]:
    """The clubs that still take the purchase, or the reason why none does."""
    clubs = [(held, programme_of(held.earning.rules_document)) for held in told.memberships]
    taking = [(held, club, club.earning.late) for held, club in clubs if club is not None and club.earning.late]
    if not taking:
        raise errors.no_club()
    already = queries.count_in_month(session, told.customer_id, of=on)
    whys = [may_register(club, sold_on=original.sold_on, on=on, this_month=already) for _, club, _ in taking]
    open_ = [(held, club) for (held, club, _), why in zip(taking, whys, strict=True) if why is None]
    if open_:
        return open_
    if Why.USED_UP in whys:
        raise errors.used_up()
    raise errors.late(original.sold_on + dt.timedelta(days=max(said.days for _, _, said in taking if said)))


def _points(
    session: Session, told: Told, original: Original, clubs: list[tuple[HeldMembership, Programme]]
) -> list[tuple[HeldMembership, int]]:
    """What each club gives, as if the member had been identified in the sale."""
    lines = queries.paid_for(session, original.customer_id, original.id)
    paid = queries.payments(session, original.customer_id, original.id, rounding_minor=original.rounding_minor)
    at = queries.sold_at(session, original.store_id)
    known = members(session, told, on=original.sold_on)
    made: list[tuple[HeldMembership, int]] = []
    for held, club in clubs:
        plan = ProgrammePlan(
            held.club,
            club,
            known[held.club],
            original.sold_at.astimezone(ZoneInfo(at.zone)).replace(tzinfo=None),
            at.code,
            at.channel,
            means=tuple(dict.fromkeys(each.name for each in paid)),
            paid=paid_by_means(paid),
        )
        on_lines, beside = plan.earned(lines)
        made.append((held, sum(on_lines.values()) + beside))
    return [(held, points) for held, points in made if points > 0]


def _write(
    session: Session, original: Original, member_id: int, points: list[tuple[HeldMembership, int]], place: Place
) -> Registered:
    on = place.local.date()
    session.add(
        LateRegistration(
            customer_id=original.customer_id,
            receipt_id=original.id,
            member_id=member_id,
            on_date=on,
            at=place.now,
            store_id=place.by.store_id,
            terminal_id=place.by.terminal_id,
            staff_id=place.by.staff_id,
        )
    )
    session.flush()
    cause = Cause(
        kind=MovementKind.EARNED,
        on=on,
        now=place.now,
        by=place.by,
        customer_id=original.customer_id,
        receipt_id=original.id,
    )
    earned: list[Earned] = []
    # In the order of the accounts, as everybody holds them.
    for held, gained in sorted(points, key=lambda each: each[0].earning.points_account_id):
        club = held.earning
        lot = bucket(club.terms, original.sold_on, joined_on=club.joined_on)
        account = Account(club.points_account_id, club.holder_id)
        balance = earn_points(session, account, gained, to=lot, cause=cause).balance
        earned.append(Earned(club.names, gained, balance, club.unit))
    audit.record(
        session,
        by=place.by,
        now=place.now,
        action="sales.register",
        entity="receipt",
        entity_id=original.id,
        after={
            "receipt_no": original.receipt_no,
            "customer_id": member_id,
            "points": sum(gained for _, gained in points),
        },
    )
    return Registered(original.id, original.receipt_no, member_id, tuple(earned))
