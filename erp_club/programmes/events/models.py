"""Events that were told of members, and what each rule gave for them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class ProgrammeEvent(Base):
    """Something that happened to a member: told by a shop or by the product itself, and never changed, but for
    words at an erasure.

    `subject` names what it is about (a purchase, a person, a thing of the shop's own), empty where that is the member.
    `receipt_id` is the purchase. Of a referral `friend_id` is who was brought. `awaited_id` is the customer whose first
    purchase it waits for while `waits`.
    """

    __tablename__ = "programme_events"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("num_nulls(receipt_customer_id, receipt_id) <> 1", name="receipt_whole"),
        sa.CheckConstraint("friend_id <> customer_id", name="friend_another"),
        sa.CheckConstraint("NOT waits OR awaited_id IS NOT NULL", name="waits_for_somebody"),
        sa.Index("uq_programme_events_friend", "friend_id", unique=True),
        sa.Index("ix_programme_events_awaited", "awaited_id", postgresql_where=sa.text("waits")),
        sa.Index(
            "ix_programme_events_receipt", "receipt_id", postgresql_where=sa.text("receipt_id IS NOT NULL"),
        ),
    )  # fmt: skip

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    event: Mapped[str]
    subject: Mapped[str] = mapped_column(server_default="")
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]
    friend_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    awaited_id: Mapped[int | None] = mapped_column(sa.ForeignKey("customers.id"))
    waits: Mapped[bool] = mapped_column(server_default=sa.false())
    on_date: Mapped[dt.date]
    at: Mapped[dt.datetime]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class EventGain(Base):
    """What a rule of a club gave a customer for an event; by `once_key` the same is never given twice.

    Points are movement `seq` of the account; without it the rule gave something else. `receipt_id` is the purchase with
    which they go where that comes back, and `taken_seq` the movement that took them then. Kept rows name it
    by its `id`.
    """

    __tablename__ = "event_gains"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "event_customer_id", "event_id", "club_id", "rule"),
        sa.ForeignKeyConstraint(
            ["event_customer_id", "event_id"], ["programme_events.customer_id", "programme_events.id"]
        ),
        sa.ForeignKeyConstraint(
            ["holder_id", "account_id", "seq"],
            ["points_movements.customer_id", "points_movements.account_id", "points_movements.seq"],
        ),
        sa.ForeignKeyConstraint(["receipt_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("num_nulls(holder_id, account_id, seq) IN (0, 3)", name="movement_whole"),
        sa.CheckConstraint("taken_seq > seq", name="taken_after"),
        sa.Index("uq_event_gains_once", "customer_id", "club_id", "rule", "once_key", unique=True),
        sa.Index("ix_event_gains_event", "event_customer_id", "event_id"),
        sa.Index("ix_event_gains_receipt", "receipt_id", postgresql_where=sa.text("receipt_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    event_customer_id: Mapped[int]
    event_id: Mapped[int]
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    rule: Mapped[str]
    once_key: Mapped[str]
    on_date: Mapped[dt.date]
    points: Mapped[int] = mapped_column(server_default="0")
    holder_id: Mapped[int | None]
    account_id: Mapped[int | None]
    seq: Mapped[int | None]
    receipt_customer_id: Mapped[int | None]
    receipt_id: Mapped[int | None]
    taken_seq: Mapped[int | None]
