"""Products by which a club's fees are sold, opened for a programme that names none."""

import datetime as dt

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.catalogue.commands import ProductFields, add_product
from erp_club.catalogue.models import Product
from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.offered import called
from erp_club.programmes.engine.programme import Programme

_MOST_NAME = 100
"""What a product may be called at most, so that its form takes it."""


def needs_product(programme: Programme) -> bool:
    """Whether something is to be paid for membership, and no product says by what it is sold."""
    fees = programme.fees
    prices = (fees, *fees.levels, *fees.terms)
    return any(each.joining_minor or each.renewal_minor for each in prices) and fees.joining_product is None


def with_product(session: Session, programme: Programme, *, language: str, now: dt.datetime, by: Actor) -> Programme:
    """The programme with a product for its fees, named after the club, at the tax that most products have.

    The product of a code that is there already is taken.
    """
    if not needs_product(programme):
        return programme
    sku = f"{programme.code}-FEE"
    if session.scalar(sa.select(Product.id).where(Product.sku == sku)) is None:
        most = sa.select(Product.vat_bp).group_by(Product.vat_bp).order_by(sa.func.count().desc()).limit(1)
        name, price = called(programme.names)[language][:_MOST_NAME], programme.fees.joining_minor
        fields = ProductFields(sku, name, price, session.scalar(most) or 0, earns_points=False)
        add_product(session, fields, now=now, by=by)
    fees = programme.fees.model_copy(update={"joining_product": sku})
    return programme.model_copy(update={"fees": fees})
