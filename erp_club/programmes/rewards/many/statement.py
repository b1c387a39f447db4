"""One statement that counts, settles and writes the next accounts of a period that have nothing from before: as text.

It tells which of them have: a rest, a period before this one that doesn't come to what it did any more, or a row of
this period. Those are settled one by one.
"""

from collections.abc import Iterator

from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.engine.parts import Counts, Excluded, Measure
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.rewards import Late, PeriodReward
from erp_club.programmes.past.queries import FREE
from erp_club.programmes.rewards.many.arithmetic import reckoned
from erp_club.programmes.rewards.queries import IS_PURCHASE

_COLUMNS = (
    "customer_id", "account_id", "club_id", "rule", "first_on", "last_on", "version_no", "run_id", "form", "base",
    "value", "pieces", "rest", "rest_minor", "rate_bp", "why", "usable_from", "last_day", "automatic", "at",
)  # fmt: skip
_WHO = """
    page AS MATERIALIZED (
        SELECT m.customer_id AS holder, m.id AS membership, m.points_account_id AS account, m.joined_on
          FROM memberships m
         WHERE m.club_id = :club AND m.customer_id = m.points_holder_id AND m.customer_id > :after
           AND m.joined_on <= :last
         ORDER BY m.customer_id LIMIT :most
    ), members AS MATERIALIZED (
        SELECT p.account, s.customer_id AS member, s.id AS membership
          FROM page p JOIN memberships s ON s.points_account_id = p.account AND s.club_id = :club
    ), merged AS MATERIALIZED (
        SELECT c.id, s.account, s.member, s.membership FROM members s JOIN customers c ON c.merged_into = s.member
    ), buyers AS MATERIALIZED (
        SELECT account, member AS customer_id, member, membership FROM members
         WHERE member NOT IN (SELECT id FROM merged)
        UNION ALL
        SELECT account, id, member, membership FROM merged
    )
"""


def may_write(measure: Measure) -> bool:
    """Whether the statement counts such a measure; it is plain."""
    return measure.counts in {Counts.SPEND, Counts.UNITS, Counts.PURCHASES}


def statement(programme: Programme, rule: PeriodReward, *, has_before: bool) -> str:
    """The statement for a rule; with `has_before` it looks for what earlier periods left."""
    met = " AND ".join(_met(rule)) or "true"
    said = reckoned(rule, met, _why_not(rule))
    values = (
        "holder", "account", ":club", ":rule", ":first", ":last", ":version", ":run", ":form", "base", said.value,
        said.pieces, said.rest, said.rest_minor, said.rate_bp, said.why, ":usable", "CAST(:ends AS date)", ":automatic",
        ":now",
    )  # fmt: skip
    counted = _sums("counted", rule.base, programme.left_out, ":first", ":last")
    earlier, ahead = "", "false"
    if has_before:
        earlier, ahead = _before(rule, programme.left_out)
    return f"""
        WITH {_WHO}, {counted}{earlier}, told AS MATERIALIZED (
            SELECT p.*, coalesce(c.base, 0) AS base, {ahead} AS ahead{_facts(rule)}
              FROM page p LEFT JOIN counted c ON c.account = p.account
              {"LEFT JOIN earlier e ON e.account = p.account" if has_before else ""}
              {"LEFT JOIN recounted r ON r.account = p.account" if "recounted" in earlier else ""}
              {"LEFT JOIN returned z ON z.account = p.account" if "recounted" in earlier else ""}
        ), made AS (
            INSERT INTO period_settlements ({", ".join(_COLUMNS)})
            SELECT {", ".join(values)} FROM told WHERE base <> 0 AND NOT ahead
            ON CONFLICT DO NOTHING
            RETURNING customer_id, account_id, id, value, pieces
        )
        SELECT (SELECT count(*) FROM page), (SELECT max(holder) FROM page),
               count(*) FILTER (WHERE value > 0), CAST(coalesce(sum(value), 0) AS bigint),
               ARRAY(SELECT holder FROM told WHERE ahead ORDER BY holder),
               {_gifts(rule)}
          FROM made
    """


def _gifts(rule: PeriodReward) -> str:
    """What has to be handed out, as columns of arrays; nothing where a list is all."""
    names = ("customer_id", "account_id", "id", "value", "pieces")
    if rule.gives.kind == "payout":
        return ", ".join("NULL" for _ in names)
    return ", ".join(f"array_agg({name} ORDER BY customer_id) FILTER (WHERE value > 0)" for name in names)


def _met(rule: PeriodReward) -> Iterator[str]:
    if rule.member_at_end:
        yield "holds"
    if rule.levels:
        yield "level_fits"


def _why_not(rule: PeriodReward) -> str:
    if rule.member_at_end and rule.levels:
        return f"CASE WHEN NOT holds THEN '{Why.NOT_MEMBER}' ELSE '{Why.WRONG_LEVEL}' END"
    return f"'{Why.NOT_MEMBER if rule.member_at_end else Why.WRONG_LEVEL}'"


def _facts(rule: PeriodReward) -> str:
    made = ""
    if rule.member_at_end:
        made += """, EXISTS (SELECT FROM membership_periods t WHERE t.customer_id = p.holder
                                AND t.membership_id = p.membership AND t.validity @> CAST(:last AS date)) AS holds"""
    if rule.levels:
        made += """, coalesce((SELECT h.level FROM level_changes h WHERE h.customer_id = p.holder
                                  AND h.membership_id = p.membership AND h.on_date <= :last
                                ORDER BY h.change_no DESC LIMIT 1),
                              (SELECT l.level FROM membership_levels l WHERE l.customer_id = p.holder
                                  AND l.membership_id = p.membership)) = ANY(:levels) AS level_fits"""
    return made


def _before(rule: PeriodReward, excluded: Excluded) -> tuple[str, str]:
    """What was settled last of each account before, counted again where what comes in late matters; who has any."""
    earlier = """, earlier AS MATERIALIZED (
        SELECT p.account, b.first_on, b.last_on, b.at, b.base, b.rest, b.rest_minor
          FROM page p JOIN LATERAL (
              SELECT * FROM period_settlements s
               WHERE s.account_id = p.account AND s.club_id = :club AND s.rule = :rule AND s.state = 'given'
                 AND s.last_on < :last
               ORDER BY s.last_on DESC LIMIT 1) b ON true
    )"""
    ahead = "coalesce(e.rest <> 0 OR e.rest_minor <> 0, false)"
    if {rule.late, rule.returns} == {Late.IGNORE}:
        return earlier, ahead
    again = _sums(
        "recounted", rule.base, excluded, "e.first_on", "e.last_on", "JOIN earlier e ON e.account = w.account"
    )
    changed = "z.account IS NOT NULL OR e.account IS NOT NULL AND coalesce(r.base, 0) <> e.base"
    return f"{earlier}, {again}, {_RETURNED}", f"({ahead} OR {changed})"


_RETURNED = """returned AS MATERIALIZED (
        SELECT DISTINCT w.account
          FROM buyers w
          JOIN earlier e ON e.account = w.account
          JOIN receipt_returns t ON t.customer_id = w.customer_id
          JOIN receipts r ON r.customer_id = t.customer_id AND r.id = t.receipt_id
          JOIN receipts o ON o.customer_id = t.customer_id AND o.id = t.original_receipt_id
         WHERE r.sold_at > e.at AND o.sold_on < e.first_on
    )"""
"""Whom something came back of from periods before the one settled last."""


def _sums(name: str, measure: Measure, excluded: Excluded, first: str, last: str, joined: str = "") -> str:
    """A table of what each account comes to of a measure in days."""
    bought = f"{name}_bought"
    lines = f"""
          FROM {bought} b
          JOIN receipt_lines l ON l.customer_id = b.customer_id AND l.receipt_id = b.id
          {" ".join(_goods(measure, excluded))}"""
    amount = f"l.quantity_milli - {FREE}" if measure.counts is Counts.UNITS else "l.amount_minor"
    summed = f"SELECT b.account, CAST(sum({amount}) AS bigint) AS base {lines} GROUP BY b.account"
    if measure.counts is Counts.PURCHASES:
        summed = f"""SELECT account, count(*) AS base FROM (
            SELECT account, customer_id, sale_id FROM (SELECT b.*, l.amount_minor, l.quantity_milli {lines}) lines
             GROUP BY account, customer_id, sale_id HAVING {IS_PURCHASE}) each GROUP BY account"""
    return f"""{bought} AS MATERIALIZED (
        SELECT w.account, r.customer_id, r.id, r.total_minor, coalesce(o.id, r.id) AS sale_id
          FROM buyers w {joined}
          JOIN receipts r ON r.customer_id = w.customer_id AND r.sold_on >= {first}
          LEFT JOIN receipt_returns t ON t.customer_id = r.customer_id AND t.receipt_id = r.id
          LEFT JOIN receipts o ON o.customer_id = t.customer_id AND o.id = t.original_receipt_id
         WHERE coalesce(o.sold_on, r.sold_on) BETWEEN {first} AND {last}
           AND EXISTS (SELECT FROM membership_periods v WHERE v.customer_id = w.member
                          AND v.membership_id = w.membership AND v.validity @> r.sold_on)
    ), {name} AS MATERIALIZED ({summed})"""


def _goods(measure: Measure, excluded: Excluded) -> Iterator[str]:
    """The joins and conditions of lines that count; no more than are asked for."""
    on, own = measure.on, measure.excluded
    groups = on.groups or on.without_groups or own.groups or excluded.groups
    departments = on.departments or on.without_departments or own.departments or excluded.departments
    brands = on.brands or on.without_brands or own.brands or excluded.brands
    yield "JOIN products p ON p.id = l.product_id"
    for asked, table, alias, key in (
        (groups, "product_groups", "g", "group_id"),
        (departments, "departments", "d", "department_id"),
        (brands, "brands", "n", "brand_id"),
    ):
        if asked:
            yield f"LEFT JOIN {table} {alias} ON {alias}.id = p.{key}"
    wanted = ["p.kind = 'goods'"] if on.everything else []
    for asked, text in (
        (on.products, "p.sku = ANY(:products)"), (on.groups, "g.name = ANY(:groups)"),
        (on.departments, "d.name = ANY(:departments)"), (on.brands, "n.name = ANY(:brands)"),
        (on.kinds, "p.kind = ANY(:kinds)"),
    ):  # fmt: skip
        if asked:
            wanted.append(text)
    yield f"WHERE ({' OR '.join(wanted) or 'false'})"
    yield from _without(measure, excluded, groups=bool(groups), departments=bool(departments), brands=bool(brands))


def _without(
    measure: Measure, excluded: Excluded, *, groups: bool, departments: bool, brands: bool
) -> Iterator[str]:  # fmt: skip
    on, own = measure.on, measure.excluded
    if on.without_products or own.products or excluded.products:
        yield "AND p.sku <> ALL(:no_products)"
    if groups:
        yield "AND coalesce(g.name <> ALL(:no_groups), true)"
    if departments:
        yield "AND coalesce(d.name <> ALL(:no_departments), true)"
    if brands:
        yield "AND coalesce(n.name <> ALL(:no_brands), true)"
    if own.kinds or excluded.kinds:
        yield "AND p.kind <> ALL(:no_kinds)"
    if own.price_lists or excluded.price_lists:
        yield "AND coalesce(l.price_list <> ALL(:no_lists), true)"
    if on.regular_price_only or own.reduced or excluded.reduced:
        yield "AND abs(l.list_minor) >= abs(coalesce(l.regular_minor, l.list_minor))"
