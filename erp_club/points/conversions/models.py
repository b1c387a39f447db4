"""What points of an account became when its club converted them."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.points.conversions.kinds import ConversionCause


class PointsConversion(Base):
    """Points of an account that became others, or money: each full `from_points` so much.

    Movement `seq` took `points`; `became` is what they came to, in points of movement `to_seq` of the other account (or
    the same one), or in minor units on the card. None of it where nothing full was there. `owed` and `owes` are the
    debt before and after, where the unit changes. By `rules_no`, the version of the club's rules that said it, a switch
    is done once.
    """

    __tablename__ = "points_conversions"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.ForeignKeyConstraint(["customer_id", "account_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.ForeignKeyConstraint(
            ["to_holder_id", "to_account_id"], ["points_accounts.customer_id", "points_accounts.id"]
        ),
        sa.ForeignKeyConstraint(
            ["card_customer_id", "card_id"], ["stored_value_cards.customer_id", "stored_value_cards.id"]
        ),
        sa.CheckConstraint("cause IN ('switch', 'lapse', 'end')", name="cause_known"),
        sa.CheckConstraint("points >= 0 AND became >= 0 AND owed >= 0 AND owes >= 0", name="none_below_zero"),
        sa.CheckConstraint("from_points > 0", name="from_something"),
        sa.CheckConstraint("num_nulls(to_holder_id, to_account_id, to_seq) IN (0, 3)", name="movement_whole"),
        sa.CheckConstraint("num_nulls(card_customer_id, card_id) <> 1", name="card_whole"),
        sa.CheckConstraint("to_seq IS NULL OR card_id IS NULL", name="points_or_money"),
        sa.Index("ix_points_conversions_account", "account_id"),
        sa.Index("ix_points_conversions_run_id", "run_id", "customer_id", "id"),
    )

    customer_id: Mapped[int]
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    account_id: Mapped[int]
    club_id: Mapped[int] = mapped_column(sa.ForeignKey("clubs.id"))
    cause: Mapped[ConversionCause] = mapped_column(sa.Text)
    rules_no: Mapped[int] = mapped_column(sa.Integer)
    on_date: Mapped[dt.date]
    from_points: Mapped[int]
    to_points: Mapped[int | None]
    to_club: Mapped[str | None]
    points: Mapped[int] = mapped_column(server_default="0")
    seq: Mapped[int | None]
    became: Mapped[int] = mapped_column(server_default="0")
    to_holder_id: Mapped[int | None]
    to_account_id: Mapped[int | None]
    to_seq: Mapped[int | None]
    owed: Mapped[int] = mapped_column(server_default="0")
    owes: Mapped[int] = mapped_column(server_default="0")
    card_customer_id: Mapped[int | None]
    card_id: Mapped[int | None]
    run_id: Mapped[int | None]
    at: Mapped[dt.datetime]
    undone_at: Mapped[dt.datetime | None]
