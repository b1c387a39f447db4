"""The points ledger: accounts, lots, and movements that are only ever added."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base
from erp_club.points.kinds import AccountState, MovementKind


class PointsAccount(Base):
    """One balance in whole points, held by one customer; memberships of others may share it.

    `balance` is what its lots hold less the `debt`. `last_seq` numbers the movements without gaps: a lost one would
    show. `repaid` is how much of a debt the latest credit paid: an UPDATE tells its new values only. `idle_last_day` is
    the last day of the whole balance where the club lets it end by inactivity; each purchase moves it.
    `redeemed_that_day` were used, and didn't come back, on the store's date `redeemed_on`, by which a daily ceiling
    is held. What an account held that was merged away is in its heir (`heir_holder_id`, `heir_id`), and so is
    whatever belongs to it later: a check refuses points and debts to the empty one.
    """

    __tablename__ = "points_accounts"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "id"),
        sa.Index("ix_points_accounts_id", "id"),
        sa.CheckConstraint("debt >= 0", name="debt_not_negative"),
        sa.CheckConstraint("state IN ('open', 'frozen', 'closed')", name="state_known"),
        sa.CheckConstraint("frozen_until IS NULL OR state = 'frozen'", name="frozen_has_state"),
        sa.ForeignKeyConstraint(["heir_holder_id", "heir_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.CheckConstraint("num_nulls(heir_holder_id, heir_id) <> 1", name="heir_whole"),
        sa.CheckConstraint("heir_id IS NULL OR (balance = 0 AND debt = 0)", name="heir_has_all"),
        sa.CheckConstraint("heir_id <> id", name="heir_another"),
        sa.Index("ix_points_accounts_heir_id", "heir_id", postgresql_where=sa.text("heir_id IS NOT NULL")),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    balance: Mapped[int] = mapped_column(server_default="0")
    debt: Mapped[int] = mapped_column(server_default="0")
    repaid: Mapped[int] = mapped_column(server_default="0")
    last_seq: Mapped[int] = mapped_column(server_default="0")
    state: Mapped[AccountState] = mapped_column(sa.Text, server_default=AccountState.OPEN.value)
    frozen_until: Mapped[dt.date | None]
    idle_last_day: Mapped[dt.date | None]
    redeemed_on: Mapped[dt.date | None]
    redeemed_that_day: Mapped[int] = mapped_column(server_default="0")
    heir_holder_id: Mapped[int | None]
    heir_id: Mapped[int | None]


class PointsAccountStanding(Base):
    """The `n`th thing that was said of an account beside its sums; without a row it is open, without days.

    A trigger writes it with the account: whoever goes round that is found by it. Rows are never updated or deleted.
    """

    __tablename__ = "points_account_standing"
    # Written from the account itself, which is never deleted.
    __table_args__ = (sa.PrimaryKeyConstraint("customer_id", "account_id", "n"),)

    customer_id: Mapped[int]
    account_id: Mapped[int]
    n: Mapped[int] = mapped_column(sa.Integer)
    state: Mapped[AccountState] = mapped_column(sa.Text)
    frozen_until: Mapped[dt.date | None]
    idle_last_day: Mapped[dt.date | None]


class PointsLot(Base):
    """Points of an account that are alike in when they may be used, under which rules they were given, and in age.

    `available_on` and `last_day` are included; without the first they wait for the event `waits_for`, without the
    second they never expire, and `earned_month` (its first day) keeps them apart by age. `earned` is all that was ever
    put in, without what was given back to it. `open` is there for the index: a lot that empties leaves it, and one that
    merely changes stays where it is.
    """

    __tablename__ = "points_lots"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "account_id", "id"),
        sa.UniqueConstraint(
            "customer_id", "account_id", "last_day", "earned_month", "available_on", "rule_version", "waits_for",
            name="uq_points_lots_bucket", postgresql_nulls_not_distinct=True,
        ),
        sa.ForeignKeyConstraint(["customer_id", "account_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.CheckConstraint("remaining BETWEEN 0 AND earned", name="remaining_in_range"),
        sa.CheckConstraint("(available_on IS NULL) = (waits_for IS NOT NULL)", name="waits_for_something"),
        sa.Index("ix_points_lots_last_day", "last_day", postgresql_where=sa.text("open")),
    )  # fmt: skip

    customer_id: Mapped[int]
    account_id: Mapped[int]
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity())
    available_on: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]
    rule_version: Mapped[int] = mapped_column(sa.Integer)
    earned_month: Mapped[dt.date | None]
    waits_for: Mapped[str | None]
    earned: Mapped[int]
    remaining: Mapped[int]
    open: Mapped[bool] = mapped_column(sa.Boolean, sa.Computed("remaining > 0", persisted=True))


class PointsLotTerms(Base):
    """What a lot was opened as, which no movement changes. A trigger writes it with the lot, and never changes it."""

    __tablename__ = "points_lot_terms"
    # Written from the lot itself, once a statement: a foreign key would look and lock by row.
    __table_args__ = (sa.PrimaryKeyConstraint("customer_id", "account_id", "lot_id"),)

    customer_id: Mapped[int]
    account_id: Mapped[int]
    lot_id: Mapped[int]
    available_on: Mapped[dt.date | None]
    last_day: Mapped[dt.date | None]
    earned_month: Mapped[dt.date | None]
    rule_version: Mapped[int] = mapped_column(sa.Integer)
    waits_for: Mapped[str | None]


class PointsMovement(Base):
    """Points in (above zero) or out. A trigger refuses UPDATE and DELETE; the sum of a row's account is its balance.

    `by_customer_id` is who of those that share the account moved them; a receipt is theirs. `reverses_seq` is the
    movement that this one takes back or gives back, `run_id` the run of a job.
    """

    __tablename__ = "points_movements"
    __table_args__ = (
        # A trigger looks once a statement whether each has its account: a foreign key would look and lock by row.
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq"),
        sa.ForeignKeyConstraint(["by_customer_id", "receipt_id"], ["receipts.customer_id", "receipts.id"]),
        sa.CheckConstraint("points <> 0 OR kind = 'released'", name="moves_something"),
        sa.CheckConstraint("reverses_seq < seq", name="reverses_earlier"),
        sa.Index(
            "ix_points_movements_run_id", "run_id", "customer_id", "account_id",
            postgresql_where=sa.text("run_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_points_movements_others", "by_customer_id", "receipt_id",
            postgresql_where=sa.text("by_customer_id <> customer_id AND receipt_id IS NOT NULL"),
        ),
    )  # fmt: skip

    customer_id: Mapped[int]
    account_id: Mapped[int]
    seq: Mapped[int]
    kind: Mapped[MovementKind] = mapped_column(sa.Text)
    points: Mapped[int]
    balance_after: Mapped[int]
    at: Mapped[dt.datetime]
    on_date: Mapped[dt.date]
    by_customer_id: Mapped[int]
    receipt_id: Mapped[int | None]
    reverses_seq: Mapped[int | None]
    rule_version: Mapped[int | None] = mapped_column(sa.Integer)
    reason: Mapped[str | None]
    run_id: Mapped[int | None]
    approval_id: Mapped[int | None]
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    terminal_id: Mapped[int | None] = mapped_column(sa.ForeignKey("terminals.id"))
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class PointsMovementLot(Base):
    """What a movement did to one lot, or, as lot 0, to the debt (below zero makes one, above it pays).

    A lot's rows sum to what remains in it, a movement's to its points. A trigger refuses UPDATE and DELETE.
    """

    __tablename__ = "points_movement_lots"
    __table_args__ = (
        # As for movements and their accounts: a trigger looks once a statement.
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq", "lot_id"),
        sa.CheckConstraint("points <> 0", name="moves_something"),
    )

    customer_id: Mapped[int]
    account_id: Mapped[int]
    seq: Mapped[int]
    lot_id: Mapped[int]
    points: Mapped[int]


class PointsSeal(Base):
    """A keyed hash over a movement, its lots, and the seal of the movement before it: none changes unnoticed.

    `with_terms` is whether it is also over what the lots were opened as, as all are but the oldest.
    """

    __tablename__ = "points_seals"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "account_id", "seq"),
        sa.ForeignKeyConstraint(
            ["customer_id", "account_id", "seq"],
            ["points_movements.customer_id", "points_movements.account_id", "points_movements.seq"],
        ),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),
    )

    customer_id: Mapped[int]
    account_id: Mapped[int]
    seq: Mapped[int]
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]
    with_terms: Mapped[bool] = mapped_column(server_default=sa.false())


class PointsStandingSeal(Base):
    """The `n`th link of the chain over what was said of accounts: a keyed hash over such a row and the link before it.

    `standing_n` is the row's number in its account.
    """

    __tablename__ = "points_standing_seals"
    __table_args__ = (
        sa.UniqueConstraint("customer_id", "account_id", "standing_n"),
        sa.CheckConstraint("octet_length(hash) = 32", name="hash_length"),
    )

    n: Mapped[int] = mapped_column(sa.BigInteger, primary_key=True, autoincrement=False)
    customer_id: Mapped[int]
    account_id: Mapped[int]
    standing_n: Mapped[int] = mapped_column(sa.Integer)
    hash: Mapped[bytes]
    at: Mapped[dt.datetime]


class PointsMove(Base):
    """What an account held lives in another one since: all of it, or what one customer moved there. Never changed.

    It is about movements up to `up_to_seq`, so that the account can be used on; a later move leads on from there.
    `moves.commands.account_now` follows them.
    """

    __tablename__ = "points_moves"
    __table_args__ = (
        sa.ForeignKeyConstraint(["customer_id", "account_id"], ["points_accounts.customer_id", "points_accounts.id"]),
        sa.ForeignKeyConstraint(
            ["to_customer_id", "to_account_id"], ["points_accounts.customer_id", "points_accounts.id"]
        ),
        sa.CheckConstraint("(customer_id, account_id) <> (to_customer_id, to_account_id)", name="two_accounts"),
        sa.CheckConstraint("up_to_seq >= 0", name="up_to_not_negative"),
        sa.Index("ix_points_moves_account", "customer_id", "account_id", "id"),
    )

    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)
    customer_id: Mapped[int]
    account_id: Mapped[int]
    up_to_seq: Mapped[int]
    by_customer_id: Mapped[int | None]
    to_customer_id: Mapped[int]
    to_account_id: Mapped[int]
    at: Mapped[dt.datetime]
