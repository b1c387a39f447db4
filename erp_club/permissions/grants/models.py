"""Roles, what they hold and have held, and who had which role when."""

import datetime as dt
import uuid

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base, Id
from erp_club.permissions.catalog import Scope


class StaffRole(Base):
    """A role. `name` is the chain's own word; without one, it is a role that comes with the product.

    `second_factor` is whether its people sign in with a second factor too. The demo's roles don't ask for one.
    """

    __tablename__ = "roles"
    __table_args__ = (
        sa.CheckConstraint("code ~ '^[a-z0-9][a-z0-9-]{0,39}$'", name="code_plain"),
        sa.CheckConstraint("name IS NOT NULL OR code IN ('hq', 'manager', 'cashier')", name="named"),
    )

    code: Mapped[str] = mapped_column(primary_key=True)
    name: Mapped[str | None]
    active: Mapped[bool] = mapped_column(server_default=sa.true())
    second_factor: Mapped[bool] = mapped_column(server_default=sa.true())
    made_at: Mapped[dt.datetime]


class RoleGrant(Base):
    """One action that a role held from `valid_from` until just before `valid_to`; without a role, the chain's cap.

    Rows are written and ended, never changed or deleted (a trigger refuses it). Limits are in the action's unit,
    included; null limits nothing.
    """

    __tablename__ = "role_grants"
    __table_args__ = (
        sa.Index(
            "uq_role_grants_now",
            "role",
            "action",
            "club_id",
            unique=True,
            postgresql_where=sa.text("valid_to IS NULL"),
            postgresql_nulls_not_distinct=True,
        ),
        sa.Index("ix_role_grants_action", "action", "valid_from"),
        sa.CheckConstraint("scope IN ('chain', 'club', 'store', 'self')", name="scope_known"),
        sa.CheckConstraint("(scope = 'club') = (club_id IS NOT NULL)", name="club_of_scope"),
        sa.CheckConstraint("per_sale >= 0 AND per_day >= 0 AND percent_bp BETWEEN 0 AND 10000", name="limits_lawful"),
        sa.CheckConstraint("role IS NOT NULL OR (scope = 'chain' AND NOT approval)", name="cap_of_chain"),
        sa.CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
    )

    id: Mapped[Id]
    role: Mapped[str | None] = mapped_column(sa.ForeignKey("roles.code"))
    action: Mapped[str]
    scope: Mapped[Scope] = mapped_column(sa.Text)
    club_id: Mapped[int | None] = mapped_column(sa.ForeignKey("clubs.id"))
    per_sale: Mapped[int | None]
    per_day: Mapped[int | None]
    percent_bp: Mapped[int | None] = mapped_column(sa.Integer)
    approval: Mapped[bool]
    valid_from: Mapped[dt.datetime]
    valid_to: Mapped[dt.datetime | None]
    made_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))
    ended_by: Mapped[int | None] = mapped_column(sa.ForeignKey("staff.id"))


class KnownAction(Base):
    """An action of the product that this chain has been told of: a new version's new ones are granted once."""

    __tablename__ = "known_actions"

    action: Mapped[str] = mapped_column(primary_key=True)
    since: Mapped[dt.datetime]


class GrantsVersion(Base):
    """The one row whose `version` changes with every change of roles and grants (a trigger does it).

    Each process keeps the grants that it has read under it. Whoever changes grants locks the row first.
    """

    __tablename__ = "grants_version"
    __table_args__ = (sa.CheckConstraint("id = 1", name="one_row"),)

    id: Mapped[int] = mapped_column(sa.SmallInteger, primary_key=True, autoincrement=False)
    version: Mapped[uuid.UUID]


class StaffPost(Base):
    """Which role somebody had, and in which store (null: all), from `valid_from` until just before `valid_to`."""

    __tablename__ = "staff_posts"
    __table_args__ = (
        sa.Index("uq_staff_posts_now", "staff_id", unique=True, postgresql_where=sa.text("valid_to IS NULL")),
        sa.CheckConstraint("valid_to >= valid_from", name="ends_after_start"),
    )

    id: Mapped[Id]
    staff_id: Mapped[int] = mapped_column(sa.ForeignKey("staff.id"), index=True)
    role: Mapped[str] = mapped_column(sa.ForeignKey("roles.code"))
    store_id: Mapped[int | None] = mapped_column(sa.ForeignKey("stores.id"))
    valid_from: Mapped[dt.datetime]
    valid_to: Mapped[dt.datetime | None]
