"""Products from files: opened, updated by SKU, refused by line.

REQ I-01
"""

from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.models import Brand, Department, Product, ProductGroup
from tests.make.files import a_file, counted, taken_in, told
from tests.make.organisation import a_chain


def test_products_are_opened_with_their_groups_departments_and_brands(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "products", {"sku": "1"}, {"sku": "2", "brand": "", "list_price": "12.5"})
    assert counted(taken_in(session, path, "products")) == (2, 0, 0)
    first, second = session.scalars(sa.select(Product).order_by(Product.sku))
    names = session.execute(
        sa.select(ProductGroup.name, Department.name, Brand.name)
        .join_from(Product, ProductGroup, ProductGroup.id == Product.group_id)
        .join(Department, Department.id == Product.department_id)
        .join(Brand, Brand.id == Product.brand_id)
        .where(Product.id == first.id)
    ).one()
    assert names == ("BREAD", "PASTRY", "Own")
    assert (first.name, first.list_price_minor, first.vat_bp, first.kind) == ("Bread", 1000, 1700, "goods")
    assert first.earns_points
    assert not first.stub
    assert second.brand_id is None
    assert second.list_price_minor == 1250


def test_importing_products_again_changes_nothing(session: Session, tmp_path: Path):
    a_chain(session)
    path = a_file(tmp_path, "products", {"sku": "1"}, {"sku": "2"})
    taken_in(session, path, "products")
    assert counted(taken_in(session, path, "products")) == (0, 2, 0)


def test_an_empty_cell_and_a_missing_column_leave_what_is_known(session: Session, tmp_path: Path):
    a_chain(session)
    said = {"sku": "1", "kind": "deposit", "earns_points": "no"}
    taken_in(session, a_file(tmp_path, "products", said, more="earns_points,kind"), "products")
    path = a_file(tmp_path, "products", {"sku": "1", "name": "Bottle", "brand": "", "list_price": "0.30"})
    assert counted(taken_in(session, path, "products")) == (1, 0, 0)
    product = session.scalars(sa.select(Product)).one()
    assert (product.name, product.list_price_minor, product.kind) == ("Bottle", 30, "deposit")
    assert product.brand_id is not None
    assert not product.earns_points


def test_what_only_passes_money_on_earns_no_points(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "products", {"sku": "1", "kind": "gift_card"}, more="kind"), "products")
    assert not session.scalars(sa.select(Product.earns_points)).one()
    path = a_file(tmp_path, "products", {"sku": "2"}, {"sku": "1", "earns_points": "yes"}, more="earns_points")
    assert counted(taken_in(session, path, "products")) == (1, 0, 1)
    assert [(line, column) for line, column, _ in told(session)] == [(3, "earns_points")]


def test_a_product_known_by_its_code_only_is_described_by_a_file(session: Session, tmp_path: Path):
    a_chain(session)
    taken_in(session, a_file(tmp_path, "purchases", {"sku": "1"}), "purchases")
    assert session.scalars(sa.select(Product.stub)).all() == [True]
    outcome = taken_in(session, a_file(tmp_path, "products", {"sku": "1"}), "products")
    assert counted(outcome) == (1, 0, 0)
    assert "1 product had been known by its code only." in map(str, outcome.notes)
    assert session.execute(sa.select(Product.name, Product.stub)).all() == [("Bread", False)]


def test_bad_rows_are_refused_and_the_others_taken(session: Session, tmp_path: Path):
    a_chain(session)
    rows = ({"sku": "1"}, {"sku": "2", "list_price": "-1.00"}, {"sku": "1"}, {"sku": "3", "vat_percent": "170"})
    outcome = taken_in(session, a_file(tmp_path, "products", *rows), "products")
    assert counted(outcome) == (1, 0, 3)
    assert [(line, column) for line, column, _ in told(session)] == [(3, "list_price"), (4, "sku"), (5, "vat_percent")]
    assert session.scalars(sa.select(Product.sku)).all() == ["1"]
