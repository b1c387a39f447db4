"""What receipts sum to, as SQL: each sum once, for whoever adds to it, makes it anew or proves it.

A statement puts `lines` and, where it is named, `summed` before a sum, as a common table expression or a table.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from erp_club.receipts.rollups import buyers
from erp_club.receipts.rollups.firsts import COUNTED, GOODS, SLICES, bit


@dataclass(frozen=True, slots=True)
class Kind:
    """A way in which lines are grouped: the table of its sums, what names a row, and how its products are grouped.

    `changed` tells which values of `column` are out of date; a product is always itself.
    """

    table: str
    key: str
    column: str
    changed: str | None


_DAY = "sold_on, customer_id, store_id"
KINDS = (
    Kind("customer_group_days", f"group_id, {_DAY}", "group_id", "groups_to_roll"),
    Kind("customer_group_years", "year, customer_id, group_id", "group_id", "groups_to_roll"),
    Kind("customer_department_days", f"department_id, {_DAY}", "department_id", "departments_to_roll"),
    Kind("customer_brand_days", f"brand_id, {_DAY}", "brand_id", "brands_to_roll"),
    Kind("customer_product_days", f"product_id, {_DAY}", "product_id", None),
)
OF_RECEIPT = """
    bool_or(bought)::int AS purchases, bool_or(NOT bought)::int AS returns, sum(amount_minor)::bigint AS spend_minor,
    sum(quantity_milli)::bigint AS quantity_milli, sum(list_minor)::bigint AS list_minor,
    coalesce(-sum(amount_minor) FILTER (WHERE NOT bought), 0)::bigint AS returned_minor
"""
ADDED = ("purchases", "returns", "spend_minor", "quantity_milli", "list_minor", "returned_minor")
_TOTALS = "count(*) AS receipts, " + ", ".join(f"sum({name}) AS {name}" for name in ADDED)
NAMES = ", ".join(("receipts", *ADDED))
SUMMED = f"""
    SELECT customer_id, receipt_id, sold_on, store_id, staff_id, {OF_RECEIPT}
      FROM lines GROUP BY customer_id, receipt_id, sold_on, store_id, staff_id
"""
KNOWN = "coalesce(sum(spend_minor) FILTER (WHERE customer_id <> 0), 0) AS known_minor"
CUSTOMER_DAY = "customer_id, sold_on, store_id, staff_id"
CUSTOMER_DAYS = f"SELECT {CUSTOMER_DAY}, {_TOTALS} FROM summed GROUP BY {CUSTOMER_DAY}"
CUSTOMER_YEARS = f"""
    SELECT date_trunc('year', sold_on::timestamp)::date AS year, customer_id, {_TOTALS}
      FROM summed GROUP BY 1, customer_id
"""
STORE_DAYS = f"SELECT sold_on, store_id, {_TOTALS}, {KNOWN} FROM summed GROUP BY sold_on, store_id"
MONTH_KEY = "club_id, month, product_id"
PRODUCT_DAY = "club_id, sold_on, product_id"
PRODUCT_DAYS = f"""
    SELECT 0 AS club_id, sold_on, product_id, {_TOTALS}, {KNOWN}
      FROM (SELECT sold_on, product_id, customer_id, {OF_RECEIPT}
              FROM lines GROUP BY sold_on, product_id, customer_id, receipt_id) AS each
     GROUP BY sold_on, product_id
"""
# A receipt counts for whoever its customer became.
OWNER = "LEFT JOIN customers m ON m.id = r.customer_id AND m.merged_into IS NOT NULL"
LINES = """
    SELECT coalesce(m.merged_into, r.customer_id) AS customer_id, r.id AS receipt_id, r.sold_on, r.store_id,
           date_trunc('year', r.sold_on::timestamp)::date AS year, coalesce(r.staff_id, 0) AS staff_id, l.product_id,
           coalesce(p.group_id, 0) AS group_id, coalesce(p.department_id, 0) AS department_id,
           coalesce(p.brand_id, 0) AS brand_id, l.amount_minor, l.list_minor, l.quantity_milli,
           l.quantity_milli >= 0 AS bought
"""

_GOODS_KEY = "customer_id, receipt_id, " + ", ".join(f"{kind}_id" for kind in GOODS)
_GOODS_OF = f"{_GOODS_KEY}, sold_on, store_id, staff_id"
GOODS_NAMES = f"{_GOODS_OF}, firsts, spend_minor, quantity_milli, list_minor, returned_minor"
# The running number of a row within its slice, of those that count.
_RUNNING = {
    "receipts": "true AND count(*)",
    "purchases": "purchases = 1 AND count(*) FILTER (WHERE purchases = 1)",
    "returns": "returns = 1 AND count(*) FILTER (WHERE returns = 1)",
}


def _window(kinds: tuple[str, ...]) -> str:
    """The rows of a receipt's slice in a whole order: equals in it would all be counted at once.

    Three orders serve all slices, each within a receipt, as the rows come sorted by customer and receipt.
    """
    turns = (GOODS[turn:] + GOODS[:turn] for turn in range(len(GOODS)))
    columns = next([f"{kind}_id" for kind in each] for each in turns if set(each[: len(kinds)]) == set(kinds))
    part, rest = columns[: len(kinds)], columns[len(kinds) :]
    return f"(PARTITION BY customer_id, receipt_id, {', '.join(part)}{' ORDER BY ' + ', '.join(rest) if rest else ''})"


_FIRSTS = " + ".join(
    f"({_RUNNING[counted]} OVER of_{'_'.join(kinds)} = 1)::int * {bit(kinds, counted)}"
    for kinds in SLICES
    for counted in COUNTED
)
RECEIPT_GOODS = f"""
    SELECT {_GOODS_OF}, {_FIRSTS} AS firsts, spend_minor, quantity_milli, list_minor, returned_minor
      FROM (SELECT {_GOODS_OF}, {OF_RECEIPT} FROM lines GROUP BY {_GOODS_OF}) AS each
    WINDOW {", ".join(f"of_{'_'.join(kinds)} AS {_window(kinds)}" for kinds in SLICES)}
"""


def of_kind(kind: Kind) -> str:
    """The sums of lines by a kind, each receipt counted once."""
    receipt = f"SELECT {kind.key}, receipt_id, {OF_RECEIPT} FROM lines GROUP BY {kind.key}, receipt_id"
    return f"SELECT {kind.key}, {_TOTALS} FROM ({receipt}) AS each GROUP BY {kind.key}"


CASHIER_DAYS = f"""
    SELECT 'cashier' AS slice, staff_id AS of_id, sold_on, {_TOTALS}, {KNOWN} FROM summed GROUP BY staff_id, sold_on"""


def days_of_kinds(of: Callable[[Kind], str]) -> str:
    """The sums of departments, groups and brands from those of their customers' days."""
    names = ", ".join(f"sum({name}) AS {name}" for name in ("receipts", *ADDED))
    return " UNION ALL ".join(
        f"""
        SELECT '{part.name}' AS slice, {kind.column} AS of_id, sold_on, {names}, {KNOWN} FROM {of(kind)}
         GROUP BY {kind.column}, sold_on"""
        for part in buyers.SLICES
        for kind in KINDS
        if kind.table == part.days
    )


def slice_days(of: Callable[[Kind], str] = lambda kind: f"({of_kind(kind)}) AS each") -> str:
    """The same, and those of cashiers."""
    return f"{CASHIER_DAYS} UNION ALL {days_of_kinds(of)}"


def club_days(
    of: Callable[[str], str],
    *,
    by: int = 1,
    where: str = "true",
    slices: Sequence[buyers.Slice] = buyers.CLUB_SLICES,
) -> str:
    """So many times the sums of each club, and of stores and groups in it, from those of customers' days."""
    names = ", ".join(f"{by} * sum({name}) AS {name}" for name in ("receipts", *ADDED))
    return " UNION ALL ".join(
        f"""
        SELECT {part.named} AS slice, {part.column} AS of_id, sold_on, {names}, {by} * sum(spend_minor) AS known_minor
          FROM {part.rows(of(part.days))} WHERE {where} GROUP BY {part.key}, sold_on"""
        for part in slices
    )


def club_product_days(days: str, *, by: int = 1, where: str = "true") -> str:
    """So many times what each club's members bought of products on a day, from customers' days of these."""
    names = ", ".join(f"{by} * sum({name}) AS {name}" for name in ("receipts", *ADDED))
    return f"""
        SELECT {PRODUCT_DAY}, {names}, {by} * sum(spend_minor) AS known_minor
          FROM {buyers.held(days)} AS held WHERE {where} GROUP BY {PRODUCT_DAY}
    """


def product_months(days: str) -> str:
    """What was bought of products in a month, from the sums of its days."""
    names = ", ".join(f"sum({name}) AS {name}" for name in ("receipts", *ADDED, "known_minor"))
    return f"""
        SELECT club_id, date_trunc('month', sold_on::timestamp)::date AS month, product_id, {names}
          FROM {days} GROUP BY club_id, 2, product_id
    """


PRODUCTS = KINDS[-1]
_PRODUCT_DAYS = f"({PRODUCT_DAYS} UNION ALL {club_product_days(f'({of_kind(PRODUCTS)})')}) AS days"


def _proved(table: str) -> str:
    if table == "customer_days":
        return f"({CUSTOMER_DAYS})"
    return f"({of_kind(next(kind for kind in KINDS if kind.table == table))})"


_LIKED_NOW = " AND ".join(
    f"NOT (kind = '{part.name}' AND EXISTS (SELECT FROM {part.changed}))" for part in buyers.LIKED if part.changed
)
"""Of the kinds whose products haven't changed since."""


CLUB_SPANS = """
    SELECT m.customer_id, m.club_id, lower(p.validity) AS first, coalesce(upper(p.validity), DATE '9999-12-31') AS after
      FROM memberships m JOIN membership_periods p ON (p.customer_id, p.membership_id) = (m.customer_id, m.id)
     WHERE NOT isempty(p.validity)
"""
"""Members' days; one without end has an `after` beyond all."""
EVERY_LINE = f"""{LINES} FROM receipts r
      JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id)
      JOIN products p ON p.id = l.product_id {OWNER}
"""
ALL_LINES = f"""{EVERY_LINE}
     WHERE NOT EXISTS (
           SELECT FROM receipts_to_roll q WHERE (q.customer_id, q.receipt_id) = (r.customer_id, r.id))"""


@dataclass(frozen=True, slots=True)
class Proof:
    """A table, the columns that name a row, the sums it should hold, which rows are proven, and all of its columns.

    `at_once`: what is summed from the lines where all is made, if other sums give the rest quicker than these.

    `of_customers`: its rows are a customer's, and change hands when customers become one. `order`: how its rows lie
    when they are all made at once, where that isn't by their key.
    """

    table: str
    keys: str
    sums: str
    where: str = ""
    columns: str = ""
    of_customers: bool = True
    order: str = ""
    at_once: str = ""

    @property
    def insert(self) -> str:
        """The columns that are written, in the order in which `sums` is asked for them."""
        return self.columns or f"{self.keys}, {NAMES}"


PROOFS = (
    Proof("customer_days", CUSTOMER_DAY, CUSTOMER_DAYS),
    Proof("customer_years", "year, customer_id", CUSTOMER_YEARS),
    Proof(
        "store_days",
        "sold_on, store_id",
        STORE_DAYS,
        columns=f"sold_on, store_id, {NAMES}, known_minor",
        of_customers=False,
    ),
    Proof(
        "product_days",
        PRODUCT_DAY,
        f"SELECT * FROM {_PRODUCT_DAYS}",
        "WHERE receipts <> 0",
        columns=f"{PRODUCT_DAY}, {NAMES}, known_minor",
        of_customers=False,
        at_once=PRODUCT_DAYS,
    ),
    Proof(
        "product_months",
        MONTH_KEY,
        f"SELECT * FROM ({product_months(_PRODUCT_DAYS)}) AS sums",
        "WHERE receipts <> 0",
        columns=f"{MONTH_KEY}, {NAMES}, known_minor",
        of_customers=False,
        at_once="SELECT * FROM product_months WHERE false",
    ),
    Proof(
        "product_buyers",
        buyers.PRODUCT_KEY,
        f"SELECT * FROM ({buyers.of_products_in_all('lines', where='bought')}) AS counted",
        "WHERE buyers <> 0",
        columns=f"{buyers.PRODUCT_KEY}, buyers",
        of_customers=False,
        at_once="SELECT * FROM product_buyers WHERE false",
    ),
    Proof(
        "slice_days",
        buyers.SLICE_DAY,
        f"SELECT * FROM ({slice_days()} UNION ALL {club_days(_proved)}) AS sums",
        f"WHERE receipts <> 0 AND {buyers.NOT_STALE}",
        columns=f"{buyers.SLICE_DAY}, {NAMES}, known_minor",
        of_customers=False,
        at_once=CASHIER_DAYS,
    ),
    Proof(
        "slice_buyers",
        buyers.KEY,
        f"SELECT * FROM ({buyers.of_lines((*buyers.SLICES, *buyers.CLUB_SLICES))}) AS counted",
        f"WHERE buyers <> 0 AND {buyers.NOT_STALE}",
        columns=f"{buyers.KEY}, buyers",
        of_customers=False,
        at_once=buyers.of_lines(buyers.SLICES),
    ),
    Proof(
        "favourite_periods",
        buyers.FAVOURITE_KEY,
        f"SELECT * FROM ({buyers.favourites(_proved)}) AS favourites",
        f"WHERE customers <> 0 AND {_LIKED_NOW}",
        columns=f"{buyers.FAVOURITE_KEY}, customers, sales_minor",
        of_customers=False,
        at_once="SELECT * FROM favourite_periods WHERE false",
    ),
    Proof(
        "cohort_months",
        "began, month",
        f"SELECT * FROM ({buyers.cohorts('summed')}) AS cohorts",
        "WHERE buyers <> 0",
        columns="began, month, buyers",
        of_customers=False,
    ),
    *(
        Proof(
            kind.table,
            kind.key,
            f"SELECT * FROM ({of_kind(kind)}) AS sums",
            f"WHERE {kind.column} NOT IN (SELECT {kind.column} FROM {kind.changed})" if kind.changed else "",
        )
        for kind in KINDS
    ),
    Proof(
        "receipt_goods",
        _GOODS_KEY,
        f"SELECT * FROM ({RECEIPT_GOODS}) AS goods",
        """WHERE receipt_id NOT IN (
            SELECT receipt_id FROM receipt_lines WHERE product_id IN (SELECT product_id FROM products_to_roll))""",
        columns=GOODS_NAMES,
        order="sold_on, receipt_id",
    ),
    Proof(
        "customer_summaries",
        "customer_id",
        """
        SELECT customer_id, sum(purchases) AS purchases, sum(returns) AS returns, sum(spend_minor) AS spend_minor,
               sum(quantity_milli) AS quantity_milli, min(sold_on) FILTER (WHERE purchases > 0) AS first_on,
               max(sold_on) FILTER (WHERE purchases > 0) AS last_on
          FROM summed WHERE customer_id <> 0 GROUP BY customer_id""",
        columns="customer_id, purchases, returns, spend_minor, quantity_milli, first_on, last_on",
    ),
)
SPANS = Proof(
    "club_spans",
    "customer_id, club_id, first",
    f"SELECT * FROM ({CLUB_SPANS}) AS spans",
    "WHERE customer_id NOT IN (SELECT customer_id FROM members_to_roll)",
    columns="customer_id, club_id, first, after",
)
"""Of whoever's memberships haven't changed since."""
