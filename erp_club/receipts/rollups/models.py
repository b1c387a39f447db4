"""What receipts sum to, kept beside them so that segments and reports needn't read every line.

A receipt waits in `receipts_to_roll` from the moment it is written, by a trigger in its own transaction, until it is
added here. So what the rollups hold and what waits are together always all receipts, and a sale pays for one short row.
"""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.kernel.db import Base


class ReceiptToRoll(Base):
    """A receipt that the rollups don't hold yet."""

    __tablename__ = "receipts_to_roll"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    receipt_id: Mapped[int] = mapped_column(primary_key=True)


class MemberToRoll(Base):
    """A customer whose memberships have changed since the sums of clubs were made, once for each change.

    Written by a trigger in the change's own transaction: one who reads the row sees the change.
    """

    __tablename__ = "members_to_roll"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    id: Mapped[int] = mapped_column(sa.BigInteger, sa.Identity(), primary_key=True)


class ClubSpan(Base):
    """Days of a membership, from the `first` to before `after`, as the sums of the club hold them."""

    __tablename__ = "club_spans"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    club_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    first: Mapped[dt.date] = mapped_column(primary_key=True)
    after: Mapped[dt.date]


class GroupToRoll(Base):
    """A product group whose products have changed, so that its rows are to be made anew from the lines; 0 for none."""

    __tablename__ = "groups_to_roll"

    group_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)


class DepartmentToRoll(Base):
    """A department whose products have changed; 0 for none."""

    __tablename__ = "departments_to_roll"

    department_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)


class BrandToRoll(Base):
    """A brand whose products have changed; 0 for none."""

    __tablename__ = "brands_to_roll"

    brand_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)


class ProductToRoll(Base):
    """A product whose department, group or brand has changed, so that its receipts' goods are to be made anew."""

    __tablename__ = "products_to_roll"

    product_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)


class CustomerDay(Base):
    """A customer's receipts of one cashier in a store on a day; customer 0 is nobody known, `staff_id` 0 no cashier.

    `purchases` counts receipts that hold a line with a quantity of 0 or above, `returns` those with one below 0.
    `returned_minor` is what the lines below 0 gave back, as an amount above 0.
    """

    __tablename__ = "customer_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "sold_on", "store_id", "staff_id"),
        # Whole columns, so that a period is read from the index alone.
        sa.Index(
            "ix_customer_days_sold_on",
            "sold_on",
            "customer_id",
            postgresql_include=[
                "store_id", "staff_id", "receipts", "purchases", "returns", "spend_minor", "quantity_milli",
                "list_minor", "returned_minor",
            ],
        ),
    )  # fmt: skip

    customer_id: Mapped[int]
    sold_on: Mapped[dt.date]
    store_id: Mapped[int] = mapped_column(sa.Integer)
    staff_id: Mapped[int] = mapped_column(sa.Integer)
    receipts: Mapped[int] = mapped_column(sa.Integer)
    purchases: Mapped[int] = mapped_column(sa.Integer)
    returns: Mapped[int] = mapped_column(sa.Integer)
    spend_minor: Mapped[int]
    quantity_milli: Mapped[int]
    list_minor: Mapped[int]
    returned_minor: Mapped[int]


_OF_LINES = ["receipts", "purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor"]


class _Sums:
    """What lines come to; see `CustomerDay`. Each counts a receipt once."""

    receipts: Mapped[int] = mapped_column(sa.Integer)
    purchases: Mapped[int] = mapped_column(sa.Integer)
    returns: Mapped[int] = mapped_column(sa.Integer)
    spend_minor: Mapped[int]
    quantity_milli: Mapped[int]
    list_minor: Mapped[int]
    returned_minor: Mapped[int]


class CustomerYear(_Sums, Base):
    """A customer's receipts in all stores in a calendar year (its first day)."""

    __tablename__ = "customer_years"
    __table_args__ = (sa.PrimaryKeyConstraint("year", "customer_id", postgresql_include=_OF_LINES),)

    year: Mapped[dt.date]
    customer_id: Mapped[int]


class StoreDay(_Sums, Base):
    """What a store sold on a day, to whomever; `known_minor` of it to known customers."""

    __tablename__ = "store_days"

    sold_on: Mapped[dt.date] = mapped_column(primary_key=True)
    store_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    known_minor: Mapped[int]


class ProductMonth(_Sums, Base):
    """What all stores sold of a product in a calendar month (its first day); `known_minor` of it to known customers.

    `club_id` 0 is to everybody, else what that club's members bought on days on which they were, as `ClubSpan` has
    them.
    """

    __tablename__ = "product_months"
    __table_args__ = (
        sa.PrimaryKeyConstraint("club_id", "month", "product_id", postgresql_include=[*_OF_LINES, "known_minor"]),
    )

    club_id: Mapped[int] = mapped_column(sa.Integer)
    month: Mapped[dt.date]
    product_id: Mapped[int]
    known_minor: Mapped[int]


class ProductDay(_Sums, Base):
    """The same of a day, for days around whole months."""

    __tablename__ = "product_days"
    __table_args__ = (sa.PrimaryKeyConstraint("club_id", "sold_on", "product_id"),)

    club_id: Mapped[int] = mapped_column(sa.Integer)
    sold_on: Mapped[dt.date]
    product_id: Mapped[int]
    known_minor: Mapped[int]


class ProductBuyers(Base):
    """How many known customers bought a product in a month, by the month `before` it in which they last had.

    As `SliceBuyers`, so that the buyers of any whole months are a sum; by the month, since by the day there would be
    nearly as many rows as purchases. `club_id` as in `ProductMonth`, where both months are those of a member.
    """

    __tablename__ = "product_buyers"
    __table_args__ = (
        sa.PrimaryKeyConstraint("club_id", "product_id", "month", "before", postgresql_include=["buyers"]),
    )

    club_id: Mapped[int] = mapped_column(sa.Integer)
    product_id: Mapped[int]
    month: Mapped[dt.date]
    before: Mapped[dt.date]
    buyers: Mapped[int] = mapped_column(sa.Integer)


class SliceDay(_Sums, Base):
    """What a cashier, department, group or brand (`slice`) sold on a day; `known_minor` of it to known customers.

    `of_id` says which, 0 for none; products are grouped as they are today. "7/all" of 0 is what club 7's members bought
    on days on which they were, "7/store" and "7/group" the same by store and group, as `ClubSpan` has their days; and
    "0/all" what known customers bought on days on which they were in no club.
    """

    __tablename__ = "slice_days"
    __table_args__ = (sa.PrimaryKeyConstraint("slice", "of_id", "sold_on"),)

    slice: Mapped[str]
    of_id: Mapped[int] = mapped_column(sa.Integer)
    sold_on: Mapped[dt.date]
    known_minor: Mapped[int]


class CohortMonth(Base):
    """How many known customers, whose first purchase ever was in the month in which they `began`, bought in a month.

    Both months by their first day.
    """

    __tablename__ = "cohort_months"

    began: Mapped[dt.date] = mapped_column(primary_key=True)
    month: Mapped[dt.date] = mapped_column(primary_key=True)
    buyers: Mapped[int] = mapped_column(sa.Integer)


class FavouritePeriod(Base):
    """How many known customers bought a group or the like in most of their purchases of a calendar month or year.

    `kind` is "group", "department", "brand" or "store", `step` "month" or "year", `first` its first day. Of several it
    is the one that a customer spent most on, of these the first; `sales_minor` is what they spent on it. Of a `club_id`
    it is of what its members bought on days on which they were, of a `store_id` of what was bought there; 0 is any.
    """

    __tablename__ = "favourite_periods"

    step: Mapped[str] = mapped_column(primary_key=True)
    first: Mapped[dt.date] = mapped_column(primary_key=True)
    club_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    store_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True, autoincrement=False)
    kind: Mapped[str] = mapped_column(primary_key=True)
    of_id: Mapped[int] = mapped_column(sa.Integer, primary_key=True)
    customers: Mapped[int] = mapped_column(sa.Integer)
    sales_minor: Mapped[int]


class SliceBuyers(Base):
    """How many known customers bought of a slice on a day, by the day `before` it on which they last had.

    `slice` is as in `SliceDay`, or "store", or "all" of 0. `before` is `NEVER` for a first purchase. Whoever bought in
    a period has one day in it whose day before lies outside: so the buyers of any days are a sum.
    """

    __tablename__ = "slice_buyers"
    __table_args__ = (sa.PrimaryKeyConstraint("slice", "of_id", "sold_on", "before"),)

    slice: Mapped[str]
    of_id: Mapped[int] = mapped_column(sa.Integer)
    sold_on: Mapped[dt.date]
    before: Mapped[dt.date]
    buyers: Mapped[int] = mapped_column(sa.Integer)


class _CustomerSums(_Sums):
    """What a customer's lines of a store and a day come to."""

    sold_on: Mapped[dt.date]
    customer_id: Mapped[int]
    store_id: Mapped[int] = mapped_column(sa.Integer)


class CustomerGroupDay(_CustomerSums, Base):
    """A customer's lines of a product group in a store on a day, as the products are grouped today; group 0 is none."""

    __tablename__ = "customer_group_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("group_id", "sold_on", "customer_id", "store_id", postgresql_include=_OF_LINES),
        sa.Index("ix_customer_group_days_customer_id", "customer_id", "group_id", "sold_on"),
    )

    group_id: Mapped[int] = mapped_column(sa.Integer)


class CustomerGroupYear(_Sums, Base):
    """A customer's lines of a product group in all stores in a calendar year (its first day)."""

    __tablename__ = "customer_group_years"
    __table_args__ = (sa.PrimaryKeyConstraint("year", "customer_id", "group_id", postgresql_include=_OF_LINES),)

    year: Mapped[dt.date]
    customer_id: Mapped[int]
    group_id: Mapped[int] = mapped_column(sa.Integer)


class CustomerProductDay(_CustomerSums, Base):
    """A customer's lines of a product in a store on a day.

    As many rows as lines, nearly, but found by product and by customer without an index that sales would pay for. What
    some customers bought in a period is read from the index alone.
    """

    __tablename__ = "customer_product_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("product_id", "sold_on", "customer_id", "store_id"),
        sa.Index(
            "ix_customer_product_days_customer_id",
            "customer_id",
            "sold_on",
            postgresql_include=["product_id", "store_id", *_OF_LINES],
        ),
    )

    product_id: Mapped[int]


class CustomerDepartmentDay(_CustomerSums, Base):
    """The same of a department."""

    __tablename__ = "customer_department_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("department_id", "sold_on", "customer_id", "store_id", postgresql_include=_OF_LINES),
        sa.Index("ix_customer_department_days_customer_id", "customer_id", "department_id", "sold_on"),
    )

    department_id: Mapped[int] = mapped_column(sa.Integer)


class CustomerBrandDay(_CustomerSums, Base):
    """The same of a brand."""

    __tablename__ = "customer_brand_days"
    __table_args__ = (
        sa.PrimaryKeyConstraint("brand_id", "sold_on", "customer_id", "store_id", postgresql_include=_OF_LINES),
        sa.Index("ix_customer_brand_days_customer_id", "customer_id", "brand_id", "sold_on"),
    )

    brand_id: Mapped[int] = mapped_column(sa.Integer)


class ReceiptGoods(Base):
    """What a receipt holds of a department, group and brand together, as the products are grouped today; 0 is none.

    For what is asked of several of them at once, or of a cashier. `firsts` has the bits of `rollups.firsts`: receipts
    add up by them in every such slice. Days are found by blocks, since rows come in their order.
    """

    __tablename__ = "receipt_goods"
    __table_args__ = (
        sa.PrimaryKeyConstraint("customer_id", "receipt_id", "department_id", "group_id", "brand_id"),
        sa.Index("ix_receipt_goods_sold_on", "sold_on", postgresql_using="brin"),
    )

    customer_id: Mapped[int]
    receipt_id: Mapped[int]
    department_id: Mapped[int] = mapped_column(sa.Integer)
    group_id: Mapped[int] = mapped_column(sa.Integer)
    brand_id: Mapped[int] = mapped_column(sa.Integer)
    sold_on: Mapped[dt.date]
    store_id: Mapped[int] = mapped_column(sa.Integer)
    staff_id: Mapped[int] = mapped_column(sa.Integer)
    firsts: Mapped[int] = mapped_column(sa.Integer)
    spend_minor: Mapped[int]
    quantity_milli: Mapped[int]
    list_minor: Mapped[int]
    returned_minor: Mapped[int]


class CustomerSummary(Base):
    """All of a customer's receipts. The days are those of purchases; a customer who only returned has none."""

    __tablename__ = "customer_summaries"

    customer_id: Mapped[int] = mapped_column(primary_key=True)
    purchases: Mapped[int] = mapped_column(sa.Integer)
    returns: Mapped[int] = mapped_column(sa.Integer)
    spend_minor: Mapped[int]
    quantity_milli: Mapped[int]
    first_on: Mapped[dt.date | None]
    last_on: Mapped[dt.date | None]


class CustomerHabits(Base):
    """A customer's favourites and scores as they were found out for a day; all rows are of one day.

    By the names and codes that segments ask for. Whoever never bought has no row.
    """

    __tablename__ = "customer_habits"

    customer_id: Mapped[int] = mapped_column(primary_key=True, autoincrement=False)
    as_of: Mapped[dt.date]
    favourite_group: Mapped[str | None]
    favourite_department: Mapped[str | None]
    favourite_brand: Mapped[str | None]
    favourite_product: Mapped[str | None]
    favourite_store: Mapped[str | None]
    recency_score: Mapped[int | None] = mapped_column(sa.SmallInteger)
    frequency_score: Mapped[int | None] = mapped_column(sa.SmallInteger)
    money_score: Mapped[int | None] = mapped_column(sa.SmallInteger)
