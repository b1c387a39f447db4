"""Who bought of a slice of the chain, as SQL: counted by the day before, so that the buyers of any days are a sum.

Of the days on which a customer bought in a store, just one within a period has its day before outside it. So it is
enough to keep how many customers bought on a day who last had on another: as many rows as there are pairs of days,
however many customers. No database here.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

NEVER = "DATE '0001-01-01'"
"""The day before a first purchase."""
NO_CLUB = 0
"""The club of those who were in none."""


@dataclass(frozen=True, slots=True)
class Slice:
    """A way to part the chain: the table that holds its customers' days, and the column that tells which one.

    `of_clubs`: the same of each club by itself, from the days on which customers were its members. `of_none`: from the
    days on which they were in no club.
    """

    name: str
    days: str
    column: str
    changed: str | None = None
    of_clubs: bool = False
    of_none: bool = False

    @property
    def named(self) -> str:
        """What its rows are called."""
        if self.of_none:
            return f"'{NO_CLUB}/{self.name}'"
        return f"club_id || '/{self.name}'" if self.of_clubs else f"'{self.name}'"

    @property
    def key(self) -> str:
        """What tells one from the others."""
        return "club_id, of_id" if self.of_clubs else "of_id"

    def rows(self, table: str) -> str:
        """Customers' days, from a table or a SELECT in brackets; of clubs each once for every club."""
        if self.of_none:
            return f"{in_no_club(table)} AS alone"
        return f"{held(table)} AS held" if self.of_clubs else f"{table} AS days"


def held(days: str) -> str:
    """The days on which customers were a club's members, as it was when they were last summed up, with `club_id`."""
    return f"""(SELECT d.*, s.club_id FROM {days} AS d JOIN club_spans AS s
        ON s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after)"""


def in_no_club(days: str) -> str:
    """The days on which known customers were in no club, as it was when they were last summed up."""
    return f"""(SELECT d.* FROM {days} AS d WHERE d.customer_id <> 0 AND NOT EXISTS (
        SELECT FROM club_spans AS s WHERE s.customer_id = d.customer_id AND d.sold_on >= s.first AND d.sold_on < s.after
    ))"""


SLICES = (
    Slice("all", "customer_days", "0"),
    Slice("store", "customer_days", "store_id"),
    Slice("cashier", "customer_days", "staff_id"),
    Slice("department", "customer_department_days", "department_id", "departments_to_roll"),
    Slice("group", "customer_group_days", "group_id", "groups_to_roll"),
    Slice("brand", "customer_brand_days", "brand_id", "brands_to_roll"),
)
CLUB_SLICES = (
    *(replace(part, of_clubs=True) for part in SLICES if part.name in ("all", "store", "group")),
    replace(SLICES[0], of_none=True),
)


def named(name: str) -> str:
    """The rows of a slice, of the chain and of clubs."""
    return f"(slice = '{name}' OR slice LIKE '%/{name}')"


NOT_STALE = " AND ".join(
    f"NOT ({named(part.name)} AND of_id IN (SELECT {part.column} FROM {part.changed}))"
    for part in SLICES
    if part.changed
)
"""Of the slices whose products haven't changed since."""
SLICE_DAY = "slice, of_id, sold_on"
KEY = f"{SLICE_DAY}, before"


def _rows_of_lines(part: Slice) -> tuple[str, str]:
    return ("summed", "purchases > 0") if part.days == "customer_days" else ("lines", "bought")


def _bought(part: Slice, rows: str, where: str) -> str:
    club = "club_id, " if part.of_clubs else ""
    return f"""
        SELECT DISTINCT {club}{part.column} AS of_id, customer_id, sold_on FROM {part.rows(rows)}
         WHERE {where} AND customer_id <> 0
    """


def _counted(part: Slice, bought: str, since: str = "true") -> str:
    return f"""
        SELECT {part.named} AS slice, of_id, sold_on, before, count(*)::int AS buyers
          FROM (SELECT {part.key}, sold_on, coalesce(lag(sold_on) OVER of_customer, {NEVER}) AS before
                  FROM ({bought}) AS each
                WINDOW of_customer AS (PARTITION BY {part.key}, customer_id ORDER BY sold_on)) AS each
         WHERE {since} GROUP BY {part.key}, sold_on, before
    """


def of_days(part: Slice, where: str = "true", since: str = "true") -> str:
    """The buyers of a slice as its customers' days say, of all or of some, on all days or on some."""
    return _counted(part, _bought(part, part.days, f"purchases > 0 AND {where}"), since)


def of_lines(slices: Sequence[Slice]) -> str:
    """All buyers as the lines say."""
    return " UNION ALL ".join(_counted(part, _bought(part, *_rows_of_lines(part))) for part in slices)


def _of(part: Slice) -> str:
    return "" if part.column == "0" else f" AND d.{part.column} = n.of_id"


def _new(part: Slice) -> str:
    """What is bought on a day on which the customer hadn't yet, with the days before and after that are known."""
    mine = f"""
        FROM {part.days} AS d
       WHERE d.customer_id = n.customer_id AND d.purchases > 0{_of(part)}
    """
    return f"""
        SELECT '{part.name}' AS slice, n.*, coalesce(b.day, {NEVER}) AS before, a.day AS after
          FROM ({_bought(part, *_rows_of_lines(part))}) AS n
         CROSS JOIN LATERAL (SELECT max(d.sold_on) AS day {mine} AND d.sold_on <= n.sold_on) AS b
         CROSS JOIN LATERAL (SELECT min(d.sold_on) AS day {mine} AND d.sold_on > n.sold_on) AS a
         WHERE b.day IS DISTINCT FROM n.sold_on
    """


# Of several new days between the same known ones, each follows the other, and what came after follows the last.
COMING = f"""
    WITH new AS MATERIALIZED ({" UNION ALL ".join(_new(part) for part in SLICES)}), moved AS (
        SELECT slice, of_id, after, before, max(sold_on) AS last
          FROM new WHERE after IS NOT NULL GROUP BY slice, of_id, customer_id, before, after
    )
    SELECT {KEY}, sum(buyers)::int AS buyers
      FROM (SELECT {SLICE_DAY}, coalesce(lag(sold_on) OVER between_known, before) AS before, 1 AS buyers FROM new
            WINDOW between_known AS (PARTITION BY slice, of_id, customer_id, before ORDER BY sold_on)
             UNION ALL SELECT slice, of_id, after, before, -1 FROM moved
             UNION ALL SELECT slice, of_id, after, last, 1 FROM moved) AS each
     GROUP BY {KEY} HAVING sum(buyers) <> 0 ORDER BY {KEY}
"""
"""By how much the buyers change when `lines` and `summed` come to what the customers' days hold before."""


def of_customers(by: int, slices: Sequence[Slice] = SLICES, since: str = "true") -> str:
    """So many times the buyers among some customers, as their days say."""
    every = " UNION ALL ".join(of_days(part, "customer_id = ANY(:ids)", since) for part in slices)
    return f"SELECT {KEY}, buyers * {by} FROM ({every}) AS each ORDER BY {KEY}"


def added(rows: str) -> str:
    """Add what comes to the buyers that are kept."""
    return f"""
        INSERT INTO slice_buyers ({KEY}, buyers) {rows}
        ON CONFLICT ({KEY}) DO UPDATE SET buyers = slice_buyers.buyers + EXCLUDED.buyers
    """


PRODUCT_KEY = "club_id, product_id, month, before"


def of_products(days: str, *, of_clubs: bool, where: str = "purchases > 0", by: int = 1, since: str = "true") -> str:
    """So many times the buyers of each product by month, of the chain or of each club, from customers' days.

    `since`: of which months.
    """
    club, rows = ("club_id", f"{held(days)} AS held") if of_clubs else ("0", f"{days} AS days")
    key = "club_id, product_id" if of_clubs else "product_id"
    return f"""
        SELECT {PRODUCT_KEY}, ({by} * count(*))::int AS buyers
          FROM (SELECT {club} AS club_id, product_id, month, coalesce(lag(month) OVER of_customer, {NEVER}) AS before
                  FROM (SELECT DISTINCT {key}, customer_id, date_trunc('month', sold_on::timestamp)::date AS month
                          FROM {rows} WHERE {where} AND customer_id <> 0) AS each
                WINDOW of_customer AS (PARTITION BY {key}, customer_id ORDER BY month)) AS each
         WHERE {since} GROUP BY {PRODUCT_KEY}
    """


def of_products_in_all(days: str, *, where: str = "purchases > 0", by: int = 1, since: str = "true") -> str:
    """The buyers of each product by month, of the chain and of each club."""
    return " UNION ALL ".join(
        of_products(days, of_clubs=each, where=where, by=by, since=since) for each in (False, True)
    )


def cohorts(days: str, *, by: int = 1, where: str = "true") -> str:
    """So many times the buyers of each month by the month in which they began, from customers' days."""
    return f"""
        SELECT began, month, ({by} * count(*))::int AS buyers
          FROM (SELECT DISTINCT customer_id, date_trunc('month', sold_on::timestamp)::date AS month,
                       date_trunc('month', (min(sold_on) OVER (PARTITION BY customer_id))::timestamp)::date AS began
                  FROM {days} AS days WHERE {where} AND purchases > 0 AND customer_id <> 0) AS each
         GROUP BY began, month
    """


LIKED = tuple(part for part in SLICES if part.name in ("store", "department", "group", "brand"))
"""Of what customers have favourites."""
FAVOURITE_KEY = "step, first, club_id, store_id, kind, of_id"


def favourites(of: Callable[[str], str], *, where: str = "true", parts: Sequence[Slice] = LIKED) -> str:
    """Whose favourite what is in each month and year, from tables of customers' days.

    Of all, of each club's members and of each store.
    """
    return " UNION ALL ".join(
        _favourites(part, step, scope, where)
        for part in parts
        for step in ("month", "year")
        for scope in (
            ("0", "0", f"{of(part.days)} AS days"),
            ("club_id", "0", f"{held(of(part.days))} AS held"),
            ("0", "store_id", f"{of(part.days)} AS days"),
        )
    )


def _favourites(part: Slice, step: str, scope: tuple[str, str, str], where: str) -> str:
    """The greatest of these arrays is the favourite, as `reports.favourites` has it."""
    club, store, rows = scope
    return f"""
        SELECT '{step}' AS step, first, club AS club_id, store AS store_id, '{part.name}' AS kind,
               (-best[3])::int AS of_id, count(*)::int AS customers, sum(best[2])::bigint AS sales_minor
          FROM (SELECT first, club, store, customer_id, max(ARRAY[purchases, spend_minor, -of_id]::bigint[]) AS best
                  FROM (SELECT date_trunc('{step}', sold_on::timestamp)::date AS first, {club} AS club,
                               {store} AS store, customer_id, {part.column} AS of_id, sum(purchases) AS purchases,
                               sum(spend_minor) AS spend_minor
                          FROM {rows} WHERE {where} AND customer_id <> 0 AND {part.column} <> 0
                         GROUP BY 1, 2, 3, customer_id, {part.column}) AS sums
                 WHERE purchases > 0 GROUP BY first, club, store, customer_id) AS each
         GROUP BY first, club, store, best[3]
    """


def _liked(part: Slice) -> str:
    """What is kept of the month or year (`n`) in which something comes, and what comes (`of_` the table)."""
    days = f"""
        SELECT t.n, t.changes, d.{part.column} AS of_id, d.store_id, d.sold_on, d.purchases, d.spend_minor,
               {{}} AS coming
          FROM touched AS t JOIN {{}} AS d ON d.customer_id = t.customer_id AND d.sold_on BETWEEN t.first AND t.last
         WHERE d.{part.column} <> 0
    """
    # Between two changes of their memberships all days are alike: these are added up before clubs are told apart.
    return f"""
        SELECT n, '{part.name}' AS kind, of_id, store_id, min(sold_on) AS sold_on, sum(purchases) AS purchases,
               sum(spend_minor)::bigint AS spend_minor, bool_or(coming) AS coming,
               coalesce(sum(purchases) FILTER (WHERE coming), 0) AS purchases_coming,
               coalesce(sum(spend_minor) FILTER (WHERE coming), 0)::bigint AS spend_coming
          FROM ({days.format("false", part.days)} UNION ALL {days.format("true", f"of_{part.days}")}) AS days
         GROUP BY n, of_id, store_id, width_bucket(sold_on, changes)
    """


def _liked_sums(rows: str, *, club: str = "0", store: str = "0") -> str:
    names = ", ".join(f"sum({name}) AS {name}" for name in _LIKED_SUMS)
    return f"""
        SELECT n, kind, {club} AS club_id, {store} AS store_id, of_id, {names}, bool_or(coming) AS coming
          FROM {rows} GROUP BY n, kind, 3, 4, of_id
    """


_LIKED_SUMS = ("purchases", "spend_minor", "purchases_coming", "spend_coming")
_LIKED_THERE = "(SELECT liked.* FROM liked JOIN touched USING (n) WHERE store_id = ANY(stores)) AS there"
_LIKED_OF_CLUBS = """(
    SELECT liked.*, s.club_id FROM liked JOIN touched USING (n)
      JOIN club_spans s ON s.customer_id = touched.customer_id AND liked.sold_on >= s.first AND liked.sold_on < s.after
) AS held"""
_STEPS = " UNION ALL ".join(
    f"""
    SELECT customer_id, '{step}' AS step, date_trunc('{step}', sold_on::timestamp)::date AS first,
           array_agg(DISTINCT store_id) AS stores
      FROM lines WHERE customer_id = ANY(:owners) GROUP BY 1, 2, 3"""
    for step in ("month", "year")
)
FAVOURITES_MOVED = f"""
    WITH touched AS MATERIALIZED (
        SELECT row_number() OVER () AS n, each.*, (first + ('1 ' || step)::interval - '1 day'::interval)::date AS last,
               ARRAY(SELECT unnest(ARRAY[s.first, s.after]) FROM club_spans s
                      WHERE s.customer_id = each.customer_id ORDER BY 1) AS changes
          FROM ({_STEPS}) AS each
    ), liked AS MATERIALIZED ({" UNION ALL ".join(_liked(part) for part in LIKED)}), sums AS (
        {_liked_sums("liked")} UNION ALL {_liked_sums(_LIKED_THERE, store="store_id")}
         UNION ALL {_liked_sums(_LIKED_OF_CLUBS, club="club_id")}
    ), best AS (
        SELECT n, kind, club_id, store_id, greatest(others, before) AS before, greatest(others, now) AS now
          FROM (SELECT n, kind, club_id, store_id, bool_or(coming) AS coming,
                       max(ARRAY[purchases, spend_minor, -of_id]::bigint[])
                           FILTER (WHERE NOT coming AND purchases > 0) AS others,
                       max(ARRAY[purchases - purchases_coming, spend_minor - spend_coming, -of_id]::bigint[])
                           FILTER (WHERE coming AND purchases > purchases_coming) AS before,
                       max(ARRAY[purchases, spend_minor, -of_id]::bigint[])
                           FILTER (WHERE coming AND purchases > 0) AS now
                  FROM sums GROUP BY n, kind, club_id, store_id) AS each
         WHERE coming
    )
    SELECT step, first, club_id, store_id, kind, (-one[3])::int AS of_id, sum(by)::int AS customers,
           sum(by * one[2])::bigint AS sales_minor
      FROM best JOIN touched USING (n) CROSS JOIN LATERAL (VALUES (before, -1), (now, 1)) AS each (one, by)
     WHERE one IS NOT NULL AND before IS DISTINCT FROM now
     GROUP BY step, first, club_id, store_id, kind, one[3]
"""
"""By how much favourites change when what comes is added to customers' days."""
