"""Offers as rows: what was written and published, version by version, and how often each has been used."""

import datetime as dt
import uuid
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, SmallId
from erp_club.promotions.kinds import OfferState


class StoredOffer(Base):
    """An offer. `live_no` is the version that tills price with, `latest_no` the newest one, which may be a draft.

    `counted`: the version in force has limits, so that its uses are read with every basket. `revision` grows with every
    change, so that two people don't overwrite each other.
    """

    __tablename__ = "offers"
    __table_args__ = (
        sa.CheckConstraint("state IN ('draft', 'published', 'paused', 'ended')", name="state_known"),
        sa.CheckConstraint("(state = 'draft') = (live_no IS NULL)", name="draft_without_version"),
        sa.CheckConstraint("live_no <= latest_no", name="live_not_above_latest"),
        sa.CheckConstraint("code ~ '^[A-Z0-9][A-Z0-9_.-]{0,49}$'", name="code_form"),
        sa.ForeignKeyConstraint(
            ["id", "live_no"],
            ["offer_versions.offer_id", "offer_versions.version_no"],
            name="fk_offers_live",
            use_alter=True,
        ),
        sa.Index(
            "ix_offers_counted", "id", "code", postgresql_where=sa.text("state = 'published' AND counted"), unique=True
        ),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    state: Mapped[OfferState] = mapped_column(sa.Text)
    live_no: Mapped[int | None] = mapped_column(sa.Integer)
    latest_no: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    counted: Mapped[bool] = mapped_column(server_default=sa.false())
    revision: Mapped[int] = mapped_column(sa.Integer, server_default="1")
    created_at: Mapped[dt.datetime]


class OfferVersion(Base):
    """One version of an offer's document. A published one never changes (a trigger refuses it); receipts name it."""

    __tablename__ = "offer_versions"
    __table_args__ = (sa.PrimaryKeyConstraint("offer_id", "version_no"),)

    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id", ondelete="CASCADE"))
    version_no: Mapped[int] = mapped_column(sa.Integer)
    document: Mapped[dict[str, Any]]
    changed_at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    published_at: Mapped[dt.datetime | None]


class OfferCatalogue(Base):
    """One row, whose version changes whenever what tills price with changes: processes keep the compiled set by it.

    The version is drawn, not counted, so that no two sets ever share one: not in a restored database, not after a
    transaction that was rolled back.
    """

    __tablename__ = "offer_catalogue"
    __table_args__ = (sa.CheckConstraint("id = 1", name="only_one"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True)
    version: Mapped[uuid.UUID]


class OfferUses(Base):
    """How often an offer has been used in all, and what it has given. Its row is the lock of all counters of the offer.

    A sale takes it last and keeps it only for its commit, in the order of offers.
    """

    __tablename__ = "offer_uses"
    __table_args__ = (sa.CheckConstraint("uses >= 0", name="not_negative"),)

    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"), primary_key=True)
    uses: Mapped[int] = mapped_column(server_default="0")
    given_minor: Mapped[int] = mapped_column(server_default="0")


class OfferDayUses(Base):
    """The same of one store's day; `baskets` counts the sales."""

    __tablename__ = "offer_day_uses"
    __table_args__ = (sa.PrimaryKeyConstraint("offer_id", "day", "store_id"),)

    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"))
    day: Mapped[dt.date]
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"))
    uses: Mapped[int]
    baskets: Mapped[int]
    given_minor: Mapped[int]


class OfferMemberUses(Base):
    """How often a known customer used an offer on a day: what limits per member and day, month or year ask."""

    __tablename__ = "offer_member_uses"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "offer_id", "day"),
        sa.Index("ix_offer_member_uses_offer_id", "offer_id"),
    )

    customer_id: Mapped[int] = mapped_column(sa.ForeignKey("customers.id"))
    offer_id: Mapped[int] = mapped_column(sa.ForeignKey("offers.id"))
    day: Mapped[dt.date]
    uses: Mapped[int]
