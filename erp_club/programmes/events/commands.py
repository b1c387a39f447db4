"""What happens when an event is told: what each club gives for it, once, and points that waited for it can be used."""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.clubs.levels.kinds import LevelCause
from erp_club.customers.queries import hold_person
from erp_club.kernel import audit
from erp_club.kernel.text import named_in
from erp_club.permissions.actors import Actor
from erp_club.points.commands import earn_points, release_points, take_back_points
from erp_club.points.conversions.queries import new_unit
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account, Cause, hold_account
from erp_club.points.rules import bucket
from erp_club.programmes.engine import events as rules
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.earning import EventPoints
from erp_club.programmes.engine.gifts import is_held
from erp_club.programmes.engine.rewards import Occasion
from erp_club.programmes.events import errors, queries
from erp_club.programmes.events.models import EventGain, ProgrammeEvent
from erp_club.programmes.events.queries import InClub
from erp_club.programmes.events.told import At, Gave, Happened, Of, Told
from erp_club.programmes.milestones.commands import Receiver, give_reached, reached_for
from erp_club.programmes.needs.queries import meeting
from erp_club.programmes.rewards.held.queries import room_of
from erp_club.programmes.standings.commands import LookCause, look


@dataclass(frozen=True, slots=True)
class _Event:
    """An event that is settled: whose it is, its number, what it is about, and the purchase, if any."""

    customer_id: int
    id: int
    subject: str
    purchase: Of | None
    bought: bool = False
    """The purchase is the one that it waited for."""


def tell_event(session: Session, what: Happened, at: At) -> Told:
    """Give what the clubs of a customer give for an event, and let be used what waited for it (P-16, P-02, P-04).

    A referral names the friend: what asks for the friend's purchase waits for it. What a rule gave before it doesn't
    give again, and says so. Raises Invalid `event`, `purchase_id`, `referred`, Conflict `already-referred`.
    """
    customer_id = hold_person(session, what.customer_id)
    _check(session, replace(what, customer_id=customer_id), at)
    friend = what.friend_id
    new_friend = friend is not None and not queries.has_bought(session, friend)
    event_id = _write_event(session, what, customer_id, at, waits_for=friend if new_friend else None)
    subject = f"purchase-{what.purchase.id}" if what.purchase else f"customer-{friend}" if friend else what.subject
    event = _Event(customer_id, event_id, subject, what.purchase)
    gave = list(_settle(session, customer_id, what.event, event, at, can_wait=new_friend))
    if friend is not None:
        gave += _settle(session, friend, rules.REFERRED, event, at, can_wait=new_friend)
    released = _release(session, what.purchase, what.event, at) if what.purchase else 0
    _look(session, {each.customer_id for each in gave if each.points}, at)
    audit.record(
        session,
        by=at.by,
        now=at.now,
        action="events.tell",
        entity="customer",
        entity_id=customer_id,
        customer_id=customer_id,
        after={
            "event": what.event,
            "about": subject,
            "points": sum(each.points for each in gave if each.customer_id == customer_id),
            "released": released,
        },
    )
    return Told(event_id, what.event, customer_id, tuple(gave), released)


def tell_of_itself(session: Session, customer_id: int, event: str, subject: str, at: At) -> tuple[Gave, ...]:
    """Points for what the product does itself: joining, renewing, a first purchase. Nothing is written for no rule."""
    clubs = [
        each
        for each in queries.clubs_of(session, customer_id, on=at.on)
        if rules.points_rules(each.programme, event) or rules.counter_rules(each.programme, event)
    ]
    if not clubs:
        return ()
    event_id = _write_event(session, Happened(event, customer_id, subject), customer_id, at, waits_for=None)
    settled = _Event(customer_id, event_id, subject, None)
    gave = tuple(_points_of(session, customer_id, clubs, event, settled, at, can_wait=False))
    _look(session, {customer_id} if any(each.points for each in gave) else set(), at)
    return gave


def await_purchase(session: Session, customer_id: int, at: At) -> None:
    """Whoever has joined is given what their clubs give for the first purchase once they buy."""
    clubs = queries.clubs_of(session, customer_id, on=at.on)
    if any(rules.FIRST_PURCHASE in rules.events_of(each.programme) for each in clubs):
        what = Happened(rules.FIRST_PURCHASE, customer_id, rules.FIRST_PURCHASE)
        _write_event(session, what, customer_id, at, waits_for=customer_id)


def purchase_made(session: Session, purchase: Of, at: At) -> None:
    """Give what waited for a purchase of this customer: as a new member, and to who brought them. Twice gives once."""
    buyer = hold_person(session, purchase.customer_id)
    gained: set[int] = set()
    for each in queries.waiting(session, buyer):
        owner = hold_person(session, each.customer_id)
        friends = [(owner, each.event)]
        subject = each.event
        if each.friend_id is not None:
            friends.append((buyer, rules.REFERRED))
            subject = f"customer-{each.friend_id}"
        event = replace(_Event(each.customer_id, each.id, subject, purchase), bought=True)
        gave: list[Gave] = []
        for who, name in friends:
            gave += _settle(session, who, name, event, at, can_wait=True)
        if not any(one.waits for one in gave):
            key = (ProgrammeEvent.customer_id == each.customer_id, ProgrammeEvent.id == each.id)
            session.execute(sa.update(ProgrammeEvent).where(*key).values(waits=False))
        gained |= {one.customer_id for one in gave if one.points}
    _look(session, gained - {buyer}, at)


def purchase_returned(
    session: Session, customer_id: int, receipt_id: int, *, is_whole: bool, on: dt.date, now: dt.datetime, by: Actor
) -> None:
    """Take back the points of events that go with what came back of their purchase, as their rules say."""
    for each in queries.gains_of_purchase(session, customer_id, receipt_id):
        programme = queries.rules_of(session, [each.club_id], on=each.on).get(each.club_id)
        rule = next((one for one in programme.earning.events if one.code == each.rule), None) if programme else None
        if rule is None or not rules.goes_with(rule, is_whole=is_whole):
            continue
        cause = Cause(MovementKind.RETURNED, on, now, by, customer_id=each.customer_id, reason=_name(rule))
        unit = new_unit(session, each.account, each.seq, hold_account(session, each.account).account)
        points, of = (each.points, each.seq) if unit is None else (unit.of(each.points), None)
        taken = take_back_points(session, each.account, points, of=of, cause=cause).moved
        gain = EventGain
        session.execute(
            sa.update(gain)
            .where(
                gain.customer_id == each.customer_id, gain.event_customer_id == each.event_customer_id,
                gain.event_id == each.event_id, gain.club_id == each.club_id, gain.rule == each.rule,
            )
            .values(taken_seq=taken.seq if taken else None)
        )  # fmt: skip


def _check(session: Session, what: Happened, at: At) -> None:
    clubs = queries.clubs_of(session, what.customer_id, on=at.on)
    if not any(what.event in rules.events_of(each.programme) for each in clubs):
        raise errors.unknown(what.event)
    if what.purchase is not None and not queries.is_of(session, what.customer_id, what.purchase.customer_id):
        raise errors.of_somebody_else()
    if what.purchase is None and all(
        each.programme.earning.available.on_event == what.event
        and not rules.points_rules(each.programme, what.event)
        and not rules.gift_rules(each.programme, what.event)
        for each in clubs
        if what.event in rules.events_of(each.programme)
    ):
        raise errors.purchase_needed()
    if (what.event == rules.REFERRAL) != (what.friend_id is not None):
        raise errors.friend_needed() if what.friend_id is None else errors.no_friend()
    if what.friend_id is not None:
        if what.friend_id == what.customer_id or queries.brought_by(session, what.customer_id) == what.friend_id:
            raise errors.oneself()
        if queries.brought_by(session, what.friend_id) is not None:
            raise errors.brought_already()


def _write_event(session: Session, what: Happened, customer_id: int, at: At, *, waits_for: int | None) -> int:
    made = session.scalar(
        insert(ProgrammeEvent)
        .values(
            customer_id=customer_id,
            event=what.event,
            subject=what.subject,
            receipt_customer_id=what.purchase.customer_id if what.purchase else None,
            receipt_id=what.purchase.id if what.purchase else None,
            friend_id=what.friend_id,
            awaited_id=waits_for,
            waits=waits_for is not None,
            on_date=at.on,
            at=at.now,
            store_id=at.by.store_id,
            terminal_id=at.by.terminal_id,
            staff_id=at.by.staff_id,
        )
        .on_conflict_do_nothing()
        .returning(ProgrammeEvent.id)
    )
    if made is None:  # somebody else told of the same friend just now
        raise errors.brought_already()
    return made


def _settle(
    session: Session, customer_id: int, event: str, settled: _Event, at: At, *, can_wait: bool
) -> Iterator[Gave]:
    """What all clubs of a customer give for it: points first, then other gifts."""
    clubs = queries.clubs_of(session, customer_id, on=at.on)
    yield from _points_of(session, customer_id, clubs, event, settled, at, can_wait=can_wait)
    for club in clubs:
        for rule in rules.gift_rules(club.programme, event):
            yield _gift(session, customer_id, club, rule, settled, at, can_wait=can_wait)


def _points_of(
    session: Session, customer_id: int, clubs: list[InClub], event: str, settled: _Event, at: At, *, can_wait: bool
) -> Iterator[Gave]:
    for club in clubs:
        for rule in rules.points_rules(club.programme, event):
            yield _points(session, customer_id, club, rule, settled, at, can_wait=can_wait)
        for counter, rule in rules.counter_rules(club.programme, event):
            yield _points(session, customer_id, club, rule, settled, at, can_wait=can_wait, counter=counter)


def _still_waits(rule: EventPoints | Occasion, settled: _Event) -> bool:
    bought = settled.purchase.total_minor if settled.bought and settled.purchase else None
    return rules.waits_for_purchase(rule) and (bought is None or bought < (rule.after_purchase_minor or 0))


def _nothing(
    customer_id: int, club: InClub, rule: EventPoints | Occasion, settled: _Event, *, can_wait: bool
) -> Gave | None:
    """Why a rule isn't asked now: its turn comes with the friend's purchase, or came before it."""
    made = Gave(customer_id, club.programme.code, rule.code)
    if _still_waits(rule, settled):
        return replace(made, waits=True) if can_wait else replace(made, why=Why.WRONG_PURCHASE_NUMBER)
    return None


def _points(
    session: Session,
    customer_id: int,
    club: InClub,
    rule: EventPoints,
    settled: _Event,
    at: At,
    *,
    can_wait: bool,
    counter: str | None = None,
) -> Gave:
    """What a rule gives on the account, or counts on a `counter`, which is no movement of points."""
    nothing = _nothing(customer_id, club, rule, settled, can_wait=can_wait)
    if nothing is not None:
        return nothing
    held = hold_account(session, club.account).account  # so that two who tell the same count one after the other
    club_id, code = club.earning.club_id, club.programme.code
    key = rules.once_key(rule, subject=settled.subject, on=at.on, number=settled.id)
    facts = queries.given_before(session, customer_id, club_id, rule.code, key=key, on=at.on)
    member = queries.member_facts(session, customer_id, club)
    about = rules.About(settled.purchase.sold_on, settled.purchase.total_minor) if settled.purchase else None
    rounding = club.programme.earning.rounding
    earned = rules.event_points(rule, facts, at=at.place, about=about, member=member, rounding=rounding)
    if not earned.points:
        return Gave(customer_id, code, rule.code, why=earned.why)
    if counter is not None:
        _write_gain(session, customer_id, club_id, rule, key, settled, at, points=earned.points)
        return Gave(customer_id, code, rule.code, earned.points, counter=counter)
    terms = replace(club.earning.terms, waits_for=None)
    cause = Cause(MovementKind.EVENT, at.on, at.now, at.by, customer_id=customer_id, reason=_name(rule))
    to = bucket(terms, at.on, joined_on=club.earning.joined_on)
    moved = earn_points(session, club.account, earned.points, to=to, cause=cause)
    _write_gain(session, customer_id, club_id, rule, key, settled, at, points=earned.points, moved=(held, moved.seq))
    return Gave(customer_id, code, rule.code, earned.points, moved.balance)


def _gift(
    session: Session, customer_id: int, club: InClub, rule: Occasion, settled: _Event, at: At, *, can_wait: bool
) -> Gave:
    nothing = _nothing(customer_id, club, rule, settled, can_wait=can_wait)
    if nothing is not None:
        return nothing
    held = hold_account(session, club.account)
    club_id, code, joined_on = club.earning.club_id, club.programme.code, club.earning.joined_on
    key = rules.once_key(rule, subject=settled.subject, on=at.on, number=settled.id)
    facts = queries.given_before(session, customer_id, club_id, rule.code, key=key, on=at.on)
    member = queries.member_facts(session, customer_id, club)
    who = queries.having(member, joined_on=joined_on, balance=held.balance)
    why = rules.gift_missed(rule, facts, who, on=at.on)
    if why is None and not meeting(session, club_id, club.programme, rule.needs, [customer_id], on=at.on):
        why = Why.CONDITION_UNMET
    if why is None and all(is_held(each) for each in rule.gives):
        room = room_of(session, club.programme, club_id, held.account.id, on=at.on)
        why = Why.TOO_MANY_UNUSED if room == 0 else None
    if why is not None:
        return Gave(customer_id, code, rule.code, why=why)
    _write_gain(session, customer_id, club_id, rule, key, settled, at)
    things = list(reached_for(club.programme, rule, at.on, f".{settled.id}"))
    account = (held.account.holder_id, held.account.id)
    give_reached(session, Receiver(club_id, club.version.rules_no, club.programme, account, joined_on), things, at)
    return Gave(customer_id, code, rule.code, gift=True)


def _write_gain(
    session: Session,
    customer_id: int,
    club_id: int,
    rule: EventPoints | Occasion,
    key: str,
    settled: _Event,
    at: At,
    *,
    points: int = 0,
    moved: tuple[Account, int] | None = None,
) -> None:
    session.execute(
        sa.insert(EventGain).values(
            customer_id=customer_id,
            event_customer_id=settled.customer_id,
            event_id=settled.id,
            club_id=club_id,
            rule=rule.code,
            once_key=key,
            on_date=at.on,
            points=points,
            holder_id=moved[0].holder_id if moved else None,
            account_id=moved[0].id if moved else None,
            seq=moved[1] if moved else None,
            receipt_customer_id=settled.purchase.customer_id if settled.purchase else None,
            receipt_id=settled.purchase.id if settled.purchase else None,
        )
    )


def _release(session: Session, purchase: Of, event: str, at: At) -> int:
    """Let points of a purchase be used that waited for this event (P-04); how many."""
    released = 0
    for account, seq, points in queries.waiting_points(session, purchase, event):
        cause = Cause(MovementKind.RELEASED, at.on, at.now, at.by, customer_id=purchase.customer_id, reason=event)
        moved = release_points(session, account, points, of=seq, cause=cause)
        released += sum(part.amount for part in moved.parts if part.amount > 0)
    return released


def _look(session: Session, customers: set[int], at: At) -> None:
    """Points of events count for levels where points do."""
    keys = [
        (each.account.holder_id, each.account.id)
        for customer_id in sorted(customers)
        for each in queries.clubs_of(session, customer_id, on=at.on)
        if each.programme.levels is not None
    ]
    if keys:
        look(session, keys, LookCause(LevelCause.EVENT, at.on, at.now, at.by))


def _name(rule: EventPoints) -> str:
    return named_in(rule.names, "en") or rule.code
