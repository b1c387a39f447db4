"""Price lists: who buys at them, where and when, and what each of their entries makes of a price."""

import datetime as dt
from typing import Any

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import DATERANGE, JSONB, Range
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id, SmallId
from erp_club.pricelists.kinds import PriceListState


class PriceList(Base):
    """Prices for the members of a club, for a level (of one club, or of any that has it), or for a customer group.

    `always`: its price holds even where another is lower; otherwise the lowest lawful price wins. `validity` is
    [first, last + 1), open at either end where nothing is said. `version` grows with every change of these settings.
    """

    __tablename__ = "price_lists"
    __table_args__ = (
        sa.CheckConstraint(r"code ~ '^\S(.{0,98}\S)?$'", name="code_form"),
        sa.CheckConstraint("state IN ('draft', 'published', 'closed')", name="state_known"),
        sa.CheckConstraint("(segment IS NOT NULL) = (club_id IS NULL AND level IS NULL)", name="for_somebody"),
        sa.CheckConstraint("level <> '' AND segment <> ''", name="audience_named"),
        sa.CheckConstraint("NOT isempty(validity)", name="has_days"),
    )

    id: Mapped[SmallId]
    code: Mapped[str] = mapped_column(unique=True)
    names: Mapped[dict[str, str]]
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clubs.id"), index=True)
    level: Mapped[str | None]
    segment: Mapped[str | None]
    always: Mapped[bool] = mapped_column(server_default=sa.false())
    all_stores: Mapped[bool] = mapped_column(server_default=sa.true())
    validity: Mapped[Range[dt.date]] = mapped_column(DATERANGE, server_default="(,)")
    state: Mapped[PriceListState] = mapped_column(sa.Text)
    version: Mapped[int] = mapped_column(sa.Integer, server_default="1")


class PriceListStore(Base):
    """A store in which a list holds that doesn't hold in all of them."""

    __tablename__ = "price_list_stores"
    __table_args__ = (sa.PrimaryKeyConstraint("price_list_id", "store_id"),)

    price_list_id: Mapped[int] = mapped_column(sa.ForeignKey("price_lists.id"))
    store_id: Mapped[int] = mapped_column(sa.ForeignKey("stores.id"), index=True)


class PriceListEntry(Base):
    """What one product, all products of a group, or everything (neither) costs: a price, or a share off the regular.

    The exclusion constraint keeps a list from saying two things of one product or group, in one store, on one day. It
    writes ids as ranges of one number, as that of membership_periods does, and is looked at when a statement ends, so
    that one statement may move the days of several entries.
    """

    __tablename__ = "price_list_entries"
    __table_args__ = (
        sa.CheckConstraint("product_id IS NULL OR group_id IS NULL", name="one_scope"),
        sa.CheckConstraint("(price_minor IS NULL) <> (off_bp IS NULL)", name="price_or_percent"),
        sa.CheckConstraint("price_minor >= 0", name="price_not_negative"),
        sa.CheckConstraint("off_bp BETWEEN 0 AND 10000", name="off_in_range"),
        sa.CheckConstraint("NOT isempty(validity)", name="has_days"),
        sa.Index(
            "ix_price_list_entries_product_id",
            "product_id",
            "price_list_id",
            postgresql_where=sa.text("product_id IS NOT NULL"),
        ),
        sa.Index(
            "ix_price_list_entries_group_id",
            "group_id",
            "price_list_id",
            postgresql_where=sa.text("product_id IS NULL"),
        ),
        sa.Index("ix_price_list_entries_price_list_id", "price_list_id", "id"),
    )

    id: Mapped[Id]
    price_list_id: Mapped[int] = mapped_column(sa.ForeignKey("price_lists.id"))
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product_groups.id"))
    price_minor: Mapped[int | None]
    off_bp: Mapped[int | None] = mapped_column(sa.Integer)
    validity: Mapped[Range[dt.date]] = mapped_column(DATERANGE, server_default="(,)")
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"), index=True)


class RemovedPrice(Base):
    """A price that was taken out of its list, as it was and under its id, so that it can be put back for a while.

    It stands apart, where nothing that prices or prints a list could take it for one that holds.
    """

    __tablename__ = "removed_prices"

    entry_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    price_list_id: Mapped[int] = mapped_column(sa.ForeignKey("price_lists.id"), index=True)
    product_id: Mapped[int | None] = mapped_column(sa.ForeignKey("products.id"))
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product_groups.id"))
    price_minor: Mapped[int | None]
    off_bp: Mapped[int | None] = mapped_column(sa.Integer)
    validity: Mapped[Range[dt.date]] = mapped_column(DATERANGE)
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    removed_at: Mapped[dt.datetime]


class PriceListUpload(Base):
    """A file sent to the back office, with what it would change; `applied_at` once that was done, `undone_at`
    once it was undone.

    `counts` are rows by outcome (and `read`, and new `lists`); `digest` stands for all rows of the preview.
    """

    __tablename__ = "price_list_uploads"
    __table_args__ = (
        sa.CheckConstraint("(applied_at IS NULL) = (content IS NOT NULL)", name="kept_until_applied"),
        sa.CheckConstraint("undone_at IS NULL OR applied_at IS NOT NULL", name="undone_once_applied"),
    )

    id: Mapped[SmallId]
    at: Mapped[dt.datetime]
    staff_id: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    actor: Mapped[str]
    file_name: Mapped[str]
    content: Mapped[bytes | None]
    encoding: Mapped[str | None]
    digest: Mapped[str]
    counts: Mapped[dict[str, Any]]
    warnings: Mapped[list[dict[str, Any]]] = mapped_column(JSONB)
    applied_at: Mapped[dt.datetime | None]
    applied_by: Mapped[str | None]
    undone_at: Mapped[dt.datetime | None]
    undone_by: Mapped[str | None]


class PriceListUploadRow(Base):
    """What one row of an uploaded file would do, or did; refused rows say why. Both days are included."""

    __tablename__ = "price_list_upload_rows"
    __table_args__ = (
        sa.PrimaryKeyConstraint("upload_id", "no"),
        sa.CheckConstraint("outcome IN ('new', 'changed', 'unchanged', 'refused')", name="outcome_known"),
        sa.Index("ix_price_list_upload_rows_outcome", "upload_id", "outcome", "no"),
    )

    upload_id: Mapped[int] = mapped_column(sa.ForeignKey("price_list_uploads.id", ondelete="CASCADE"))
    no: Mapped[int]
    line: Mapped[int]
    outcome: Mapped[str]
    list_code: Mapped[str | None]
    sku: Mapped[str | None]
    group: Mapped[str | None]
    store: Mapped[str | None]
    old_price_minor: Mapped[int | None]
    old_off_bp: Mapped[int | None] = mapped_column(sa.Integer)
    old_last: Mapped[dt.date | None]
    price_minor: Mapped[int | None]
    off_bp: Mapped[int | None] = mapped_column(sa.Integer)
    first: Mapped[dt.date | None]
    last: Mapped[dt.date | None]
    column: Mapped[str | None]
    value: Mapped[str | None]
    msgid: Mapped[str | None]
    facts: Mapped[dict[str, Any] | None] = mapped_column(JSONB(none_as_null=True))
