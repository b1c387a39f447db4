"""What is known of events: who they happened to, which purchase, what was given before, and what is taken back."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import ARRAY
from sqlalchemy.orm import Session, aliased

from erp_club.cards.kinds import CardState
from erp_club.cards.models import Card
from erp_club.cards.numbers import compact
from erp_club.clubs.earning.account import Earning
from erp_club.clubs.earning.queries import earning_memberships
from erp_club.clubs.levels.models import MembershipLevel
from erp_club.clubs.levels.queries import LEVEL
from erp_club.clubs.models import Club, Membership
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.customers.queries import family_of
from erp_club.customers.relatives.queries import CHILDREN
from erp_club.organisation.models import Store
from erp_club.permissions.models import Staff
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Account
from erp_club.points.models import PointsLot, PointsMovement, PointsMovementLot
from erp_club.points.units import Unit
from erp_club.programmes.documents import level_in
from erp_club.programmes.engine.events import EventFacts, Having
from erp_club.programmes.engine.facts import MemberFacts
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.events import errors
from erp_club.programmes.events.models import EventGain, ProgrammeEvent
from erp_club.programmes.events.told import Of
from erp_club.programmes.past.queries import customers_segments
from erp_club.programmes.queries import VersionInForce, version_in_force
from erp_club.receipts.models import Receipt, ReceiptReturn

_CHILDREN = sa.literal_column(CHILDREN.format(who="customers.id"), ARRAY(sa.Date))


@dataclass(frozen=True, slots=True)
class Named:
    """Somebody by id, number or card, the first that is given."""

    customer_id: int | None = None
    number: str | None = None
    card: str | None = None


@dataclass(frozen=True, slots=True)
class InClub:
    """A membership of the day: what it earns by, and the programme in force."""

    earning: Earning
    version: VersionInForce

    @property
    def programme(self) -> Programme:
        """The whole document."""
        return self.version.programme

    @property
    def account(self) -> Account:
        """Where its points go."""
        return Account(self.earning.points_account_id, self.earning.holder_id)


@dataclass(frozen=True, slots=True)
class Waiting:
    """An event that waits for a purchase."""

    customer_id: int
    id: int
    event: str
    friend_id: int | None


@dataclass(frozen=True, slots=True)
class Gained:
    """Points of an event that may go with the purchase that they were given for."""

    customer_id: int
    event_customer_id: int
    event_id: int
    club_id: int
    rule: str
    on: dt.date
    points: int
    account: Account
    seq: int


@dataclass(frozen=True, slots=True)
class EventRow:
    """An event as it was told; `given` are (club's names, rule, points, their unit, taken back) of what it gave."""

    id: int
    event: str
    subject: str
    receipt_no: str | None
    receipt_id: int | None
    friend: str | None
    waits: bool
    at: dt.datetime
    store: str | None
    staff: str | None
    given: tuple[tuple[dict[str, str], str, int, Unit, bool], ...] = ()


def person_called(session: Session, said: str, *, field: str) -> int:
    """Whose number, or else whose card, it is. Raises Invalid at the field."""
    number = Customer.number == said
    known = session.scalar(sa.select(Customer.id).where(number, Customer.id != UNIDENTIFIED)) is not None
    return person(session, Named(number=said) if known else Named(card=said), field=field, whole=True)


def person(session: Session, who: Named, *, field: str, whole: bool = False) -> int:
    """Whose id, number or card it is; one who became another is that one.

    Raises Invalid at the field's part, or with `whole` at the field itself.
    """
    found: int | None
    if who.card is not None:
        asked = sa.select(Card.customer_id).where(Card.number == compact(who.card), Card.state == CardState.ACTIVE)
        found, part = session.scalar(asked), "card"
    else:
        by_number = who.number is not None
        column = Customer.number == who.number if by_number else Customer.id == (who.customer_id or 0)
        found = session.scalar(sa.select(sa.func.coalesce(Customer.merged_into, Customer.id)).where(column))
        part = "number" if by_number else "id"
    lives = sa.select(Customer.id).where(
        Customer.id == found, Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE
    )
    if found is None or session.scalar(lives) is None:
        raise errors.no_customer(field if whole else f"{field}.{part}")
    return found


def purchase(session: Session, receipt_id: int) -> Of:
    """A purchase. Raises Invalid `purchase_id` where there is none, or it is a return."""
    returned = ReceiptReturn.receipt_id.is_not(None).label("is_return")
    row = session.execute(
        sa.select(Receipt.customer_id, Receipt.id, Receipt.sold_on, Receipt.total_minor, returned)
        .outerjoin(
            ReceiptReturn,
            (ReceiptReturn.customer_id == Receipt.customer_id) & (ReceiptReturn.receipt_id == Receipt.id),
        )
        .where(Receipt.id == receipt_id)
    ).one_or_none()
    if row is None:
        raise errors.no_purchase()
    if row.is_return:
        raise errors.a_return()
    return Of(row.customer_id, row.id, row.sold_on, row.total_minor)


def is_of(session: Session, customer_id: int, owner_id: int) -> bool:
    """Whether what belongs to the owner is this customer's by now."""
    return session.execute(sa.select(sa.literal(owner_id).in_(family_of(customer_id)))).scalar_one()


def has_bought(session: Session, customer_id: int) -> bool:
    """Whether the customer has bought anything yet."""
    bought = sa.exists().where(Receipt.customer_id.in_(family_of(customer_id)), Receipt.total_minor >= 0)
    return session.execute(sa.select(bought)).scalar_one()


def brought_by(session: Session, customer_id: int) -> int | None:
    """Who has brought the customer, if anybody has."""
    return session.scalar(
        sa.select(ProgrammeEvent.customer_id).where(ProgrammeEvent.friend_id.in_(family_of(customer_id)))
    )


def clubs_of(session: Session, customer_id: int, *, on: dt.date) -> list[InClub]:
    """The memberships of the day whose clubs have a programme, by account, as everybody holds accounts."""
    made: list[InClub] = []
    for earning in earning_memberships(session, customer_id, on=on):
        version = version_in_force(session, earning.club_id, on)
        if version is not None:
            made.append(InClub(earning, version))
    return sorted(made, key=lambda each: each.account)


def member_facts(session: Session, customer_id: int, club: InClub) -> MemberFacts:
    """The member as conditions of rules see it."""
    row = session.execute(
        sa.select(Customer.birthday, MembershipLevel.level, _CHILDREN.label("children"))
        .select_from(Membership)
        .join(Customer, Customer.id == Membership.customer_id)
        .outerjoin(MembershipLevel, LEVEL)
        .where(Membership.customer_id == customer_id, Membership.club_id == club.earning.club_id)
        .order_by(Membership.id.desc())
        .limit(1)
    ).one()
    return MemberFacts(
        joined_on=club.earning.joined_on,
        level=level_in(club.earning.rules_document, row.level),
        birthday=row.birthday,
        segments=customers_segments(session, [customer_id]).get(customer_id, frozenset()),
        children=tuple(row.children),
    )


def having(member: MemberFacts, *, joined_on: dt.date, balance: int) -> Having:
    """The same for the conditions of a gift."""
    return Having(joined_on, balance, member.level)


def given_before(session: Session, customer_id: int, club_id: int, rule: str, *, key: str, on: dt.date) -> EventFacts:
    """What a rule has given the customer before; `key` is what it would be known by this time."""
    gain = EventGain
    row = session.execute(
        sa.select(
            sa.func.count(),
            sa.func.count().filter(gain.once_key == key),
            sa.func.count().filter(gain.on_date == on),
            sa.func.count().filter(sa.func.extract("year", gain.on_date) == on.year),
        ).where(gain.customer_id.in_(family_of(customer_id)), gain.club_id == club_id, gain.rule == rule)
    ).one()
    return EventFacts(*row)


def waiting(session: Session, customer_id: int) -> list[Waiting]:
    """The events that wait for a purchase of this customer, held."""
    event = ProgrammeEvent
    rows = session.execute(
        sa.select(event.customer_id, event.id, event.event, event.friend_id)
        .where(event.waits, event.awaited_id.in_(family_of(customer_id)))
        .order_by(event.id)
        .with_for_update()
    )
    return [Waiting(*row) for row in rows]


def gains_of_purchase(session: Session, customer_id: int, receipt_id: int) -> list[Gained]:
    """Points that were given for a purchase and weren't taken back, by account."""
    gain = EventGain
    rows = session.execute(
        sa.select(
            gain.customer_id, gain.event_customer_id, gain.event_id, gain.club_id, gain.rule, gain.on_date, gain.points,
            gain.account_id, gain.holder_id, gain.seq,
        )
        .where(
            gain.receipt_customer_id == customer_id, gain.receipt_id == receipt_id, gain.seq.is_not(None),
            gain.taken_seq.is_(None),
        )
        .order_by(gain.account_id)
        .with_for_update()
    )  # fmt: skip
    return [Gained(*row[:7], Account(row.account_id, row.holder_id), row.seq) for row in rows]


def waiting_points(session: Session, of: Of, event: str) -> list[tuple[Account, int, int]]:
    """The movements by which a purchase earned points that wait for this event: account, number, points."""
    moved, part, lot, released = PointsMovement, PointsMovementLot, PointsLot, aliased(PointsMovement)
    key = (part.customer_id == moved.customer_id) & (part.account_id == moved.account_id)
    rows = session.execute(
        sa.select(moved.account_id, moved.customer_id, moved.seq, sa.func.sum(part.points))
        .join(part, key & (part.seq == moved.seq))
        .join(
            lot, (lot.customer_id == part.customer_id) & (lot.account_id == part.account_id) & (lot.id == part.lot_id)
        )
        .where(
            moved.by_customer_id == of.customer_id, moved.receipt_id == of.id, moved.kind == MovementKind.EARNED,
            lot.waits_for == event, lot.remaining > 0,
            ~sa.exists().where(
                released.customer_id == moved.customer_id, released.account_id == moved.account_id,
                released.reverses_seq == moved.seq, released.kind == MovementKind.RELEASED,
            ),
        )
        .group_by(moved.account_id, moved.customer_id, moved.seq)
        .order_by(moved.account_id, moved.seq)
    )  # fmt: skip
    return [(Account(row[0], row[1]), row[2], row[3]) for row in rows]


def told_of(session: Session, customer_id: int, *, most: int) -> list[EventRow]:
    """The latest events of a customer, with what they gave whom."""
    event = ProgrammeEvent
    friend = aliased(Customer)
    rows = session.execute(
        sa.select(
            event.id, event.event, event.subject, Receipt.receipt_no, event.receipt_id,
            friend.given_name + " " + friend.family_name, event.waits, event.at, Store.name, Staff.name,
        )
        .outerjoin(Receipt, (Receipt.customer_id == event.receipt_customer_id) & (Receipt.id == event.receipt_id))
        .outerjoin(friend, friend.id == event.friend_id)
        .outerjoin(Store, Store.id == event.store_id)
        .outerjoin(Staff, Staff.id == event.staff_id)
        .where(event.customer_id.in_(family_of(customer_id)))
        .order_by(event.id.desc())
        .limit(most)
    ).all()  # fmt: skip
    given: dict[int, list[tuple[dict[str, str], str, int, Unit, bool]]] = {}
    gain = EventGain
    for event_id, names, rule, points, unit, taken in session.execute(
        sa.select(gain.event_id, Club.names, gain.rule, gain.points, Club.unit, gain.taken_seq.is_not(None))
        .join(Club, Club.id == gain.club_id)
        .where(
            gain.event_id.in_([row[0] for row in rows]),
            gain.customer_id.in_(family_of(customer_id)),
        )
        .order_by(gain.event_id, Club.code, gain.rule)
    ):
        given.setdefault(event_id, []).append((names, rule, points, unit, taken))
    return [EventRow(*row, given=tuple(given.get(row[0], ()))) for row in rows]


def rules_of(session: Session, clubs: Sequence[int], *, on: dt.date) -> dict[int, Programme]:
    """The programmes of clubs on a day."""
    found = ((each, version_in_force(session, each, on)) for each in clubs)
    return {each: version.programme for each, version in found if version is not None}
