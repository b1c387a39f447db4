"""The workload priced by django-oscar: `.venv-peers/bin/python -m benchmarks.peers.oscar OFFERS BASKETS [dense]`.

A basket is loaded and all site offers are applied, as its checkout does; the database is SQLite in memory, in the same
process. Prints the median CPU of a basket as JSON. Started by `benchmarks.peers`.
"""

# pyright: reportMissingImports=false, reportAttributeAccessIssue=false

import json
import statistics
import sys
import time
from decimal import Decimal
from typing import Any

import django
from django.conf import settings
from oscar import defaults

from benchmarks.workload import Kind, baskets, groups_of, plans, products

APPS = (
    "analytics", "checkout", "address", "shipping", "catalogue", "catalogue.reviews", "communication", "partner",
    "basket", "payment", "offer", "order", "customer", "search", "voucher", "wishlists", "dashboard",
    "dashboard.reports", "dashboard.users", "dashboard.orders", "dashboard.catalogue", "dashboard.offers",
    "dashboard.partners", "dashboard.pages", "dashboard.ranges", "dashboard.reviews", "dashboard.vouchers",
    "dashboard.communications", "dashboard.shipping",
)  # fmt: skip
BESIDE = (
    *("django.contrib." + name for name in ("admin", "auth", "contenttypes", "sessions", "messages", "sites")),
    *("django.contrib.flatpages", "django.contrib.staticfiles", "oscar.config.Shop"),
    *("widget_tweaks", "haystack", "treebeard", "sorl.thumbnail", "django_tables2"),
)


def _app(name: str) -> str:
    """The configuration class of one of its apps."""
    parts = name.split(".")
    if parts[0] == "dashboard":
        parts.reverse()
    return f"oscar.apps.{name}.apps.{''.join(part.capitalize() for part in parts)}Config"


def _begin() -> None:
    """Settings and an empty database."""
    own = {name: getattr(defaults, name) for name in dir(defaults) if name.isupper()}
    settings.configure(
        **own,
        SECRET_KEY="only for measuring",
        DATABASES={"default": {"ENGINE": "django.db.backends.sqlite3", "NAME": ":memory:"}},
        DEFAULT_AUTO_FIELD="django.db.models.AutoField",
        INSTALLED_APPS=[*BESIDE, *(_app(name) for name in APPS)],
        HAYSTACK_CONNECTIONS={"default": {"ENGINE": "haystack.backends.simple_backend.SimpleEngine"}},
        SITE_ID=1,
        USE_TZ=True,
    )
    django.setup()
    from django.core.management import call_command

    call_command("migrate", verbosity=0, interactive=False, run_syncdb=True)


def _lay(offers: int, *, dense: bool, model: Any) -> list[Any]:
    """Products and offers; gives the products."""
    groups = groups_of(offers, dense=dense)
    kind = model("catalogue", "ProductClass").objects.create(name="goods", track_stock=False, requires_shipping=False)
    partner = model("partner", "Partner").objects.create(name="chain")
    ranges = [model("offer", "Range").objects.create(name=f"G{nth}", slug=f"g{nth}") for nth in range(groups)]
    made: list[Any] = []
    through = model("offer", "Range").included_products.through
    for product in products(groups):
        one = model("catalogue", "Product").objects.create(title=f"P{product.number}", product_class=kind)
        price = Decimal(product.price_minor) / 100
        model("partner", "StockRecord").objects.create(
            product=one, partner=partner, partner_sku=str(product.number), price=price, num_in_stock=10**6
        )
        through.objects.create(range=ranges[product.group], product=one, display_order=0)
        made.append(one)
    condition, benefit = model("offer", "Condition"), model("offer", "Benefit")
    for plan in plans(offers, dense=dense):
        scope, value = ranges[plan.group], Decimal(plan.value)
        asks, gives = {
            Kind.PERCENT: ((condition.COUNT, 1), (benefit.PERCENTAGE, value)),
            Kind.BUY_TWO_GET_ONE: ((condition.COUNT, 3), (benefit.MULTIBUY, None)),
            Kind.THREE_FOR: ((condition.COUNT, 3), (benefit.FIXED_PRICE, value / 100)),
            Kind.AMOUNT: ((condition.VALUE, Decimal(plan.least_minor) / 100), (benefit.FIXED, value / 100)),
        }[plan.kind]
        model("offer", "ConditionalOffer").objects.create(
            name=f"OFFER-{plan.number}",
            slug=f"offer-{plan.number}",
            condition=condition.objects.create(range=scope, type=asks[0], value=asks[1]),
            benefit=benefit.objects.create(range=scope, type=gives[0], value=gives[1]),
            priority=plan.priority,
            exclusive=True,
            offer_type="Site",
        )
    return made


def main() -> None:
    """Measure, and print the median."""
    offers, count, dense = int(sys.argv[1]), int(sys.argv[2]), "dense" in sys.argv
    _begin()
    from django.db import transaction
    from oscar.core.loading import get_class, get_model

    basket_model = get_model("basket", "Basket")
    applicator, strategy = get_class("offer.applicator", "Applicator"), get_class("partner.strategy", "Default")()
    filled: list[int] = []
    with transaction.atomic():
        made = _lay(offers, dense=dense, model=get_model)
        for lines in baskets(count, groups_of(offers, dense=dense)):
            basket = basket_model.objects.create()
            basket.strategy = strategy
            for product, quantity in lines:
                basket.add_product(made[product], quantity)
            filled.append(basket.id)
    taken: list[float] = []
    discounts: list[Decimal] = []
    for number in filled:
        began = time.process_time()
        basket = basket_model.objects.get(pk=number)
        basket.strategy = strategy
        applicator().apply(basket)
        discounts.append(basket.total_discount)
        taken.append((time.process_time() - began) * 1000)
    saved = float(sum(discounts)) / len(discounts) * 100
    print(json.dumps({"p50_ms": statistics.median(taken), "mean_discount_minor": saved}))


if __name__ == "__main__":
    main()
