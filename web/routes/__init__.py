"""The rooms of the web, one a domain. Each route parses, calls one command or one query, and answers."""

from fastapi import APIRouter

from web.routes import (
    access,
    audit,
    cards,
    clubs,
    coupon_batches,
    coupons,
    customer_forms,
    customers,
    health,
    home,
    membership_breaks,
    memberships,
    points,
    price_list_uploads,
    price_lists,
    prices,
    products,
    purchases,
    staff,
    stores,
    till,
    till_customers,
)

ROUTERS: tuple[APIRouter, ...] = (
    # What tills ask all day is found first.
    purchases.router,
    till.router,
    access.router,
    audit.router,
    cards.router,
    clubs.router,
    coupon_batches.router,
    coupons.router,
    customer_forms.router,
    customers.router,
    health.router,
    home.router,
    membership_breaks.router,
    memberships.router,
    points.router,
    price_list_uploads.router,
    price_lists.router,
    prices.router,
    products.router,
    staff.router,
    stores.router,
    till_customers.router,
)
