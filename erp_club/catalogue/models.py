"""What is sold: products and the three ways they are grouped."""

import sqlalchemy as sa
from sqlalchemy.orm import Mapped, mapped_column

from erp_club.catalogue.kinds import ProductKind
from erp_club.kernel.db import Base, Id, SmallId


class ProductGroup(Base):
    """The finest grouping of products."""

    __tablename__ = "product_groups"

    id: Mapped[SmallId]
    name: Mapped[str] = mapped_column(unique=True)


class Department(Base):
    """The coarse grouping: what a store is divided into."""

    __tablename__ = "departments"

    id: Mapped[SmallId]
    name: Mapped[str] = mapped_column(unique=True)


class Brand(Base):
    """Whose product it is."""

    __tablename__ = "brands"

    id: Mapped[SmallId]
    name: Mapped[str] = mapped_column(unique=True)


class Product(Base):
    """One thing with one price. `stub` is set where a sale or a file named a SKU that nobody had described.

    `list_price_minor` includes VAT; `vat_bp` is in hundredths of a percent (17 % = 1700). `levy_minor` is charged on
    each unit beside the price, and never discounted.
    """

    __tablename__ = "products"
    __table_args__ = (
        sa.CheckConstraint("list_price_minor >= 0", name="price_not_negative"),
        sa.CheckConstraint("levy_minor >= 0", name="levy_not_negative"),
        sa.CheckConstraint("vat_bp BETWEEN 0 AND 10000", name="vat_in_range"),
        sa.CheckConstraint("kind IN ('goods', 'delivery', 'gift_card', 'deposit')", name="kind_known"),
        sa.CheckConstraint("kind = 'goods' OR NOT earns_points", name="only_goods_earn"),
        sa.Index("ix_products_words", sa.text("product_words(name)"), postgresql_using="gin"),
    )

    id: Mapped[Id]
    sku: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    group_id: Mapped[int | None] = mapped_column(sa.ForeignKey("product_groups.id"), index=True)
    department_id: Mapped[int | None] = mapped_column(sa.ForeignKey("departments.id"), index=True)
    brand_id: Mapped[int | None] = mapped_column(sa.ForeignKey("brands.id"), index=True)
    list_price_minor: Mapped[int]
    vat_bp: Mapped[int] = mapped_column(sa.Integer)
    kind: Mapped[ProductKind] = mapped_column(sa.Text, server_default=ProductKind.GOODS.value)
    levy_minor: Mapped[int] = mapped_column(server_default="0")
    earns_points: Mapped[bool] = mapped_column(server_default=sa.true())
    stub: Mapped[bool] = mapped_column(server_default=sa.false())
