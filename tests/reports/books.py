"""Some households of the journey as reports' tests read them: in the books, and as a frame of pandas."""

import csv
import datetime as dt
from decimal import Decimal
from pathlib import Path
from typing import Any

import pandas as pd
import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.customers.models import Customer
from erp_club.permissions.actors import SYSTEM
from erp_club.receipts.rollups.commands import roll, verify
from erp_club.segments import commands as segments
from erp_club.segments.commands import Settings
from tests.make.clubs import NOW, a_club, a_membership
from tests.make.files import taken_in
from tests.make.organisation import a_chain
from tests.segments import journey

HOUSEHOLDS, LINES = 30, 9_000
FIRST, LAST = dt.date(2017, 1, 1), dt.date(2017, 12, 31)
JOINED = dt.date(2017, 6, 1)
ALWAYS = dt.date(2016, 6, 1)
"""When every second member joined: those were members all the year."""
Frame = Any
"""A pandas frame; its stubs know too little of what a selection gives."""
NOTHING = "–"


def loaded(session: Session, folder: Path) -> Frame:
    """Takes the households in with returns and sales to nobody known, half of it rolled up; gives the frame."""
    a_chain(session)
    customers = journey.rows("customers")[:HOUSEHOLDS]
    known = [row["number"] for row in customers]
    purchases = [row for row in journey.rows("purchases") if row["customer_number"] in known][:LINES]
    for index, row in enumerate(list(purchases[::61])):
        back = {name: f"-{row[name]}" if row[name].strip("0.") else row[name] for name in ("list_amount", "amount")}
        purchases.append(row | back | {"receipt_no": f"R{index}", "line_no": "1", "quantity": "-1"})
    for row in purchases:
        if int(row["receipt_no"].strip("R")) % 5 == 0:
            row["customer_number"] = ""
    skus = {row["sku"] for row in purchases}
    products = [row for row in journey.rows("products") if row["sku"] in skus]
    for kind, rows in (("products", products), ("customers", customers), ("purchases", purchases)):
        taken_in(session, _written(folder, kind, rows), kind)
    club = a_club(session, months=24)
    for number in known[::2]:
        customer = session.scalars(sa.select(Customer.id).where(Customer.number == number)).one()
        a_membership(session, customer, club, joined_on=ALWAYS if number in known[::4] else JOINED)
    segments.take_list(session, Settings("Thirds", "", False), known[::3], today=LAST, now=NOW, by=SYSTEM)
    # Half waits: the sums and what they don't hold yet are together what the files say.
    session.execute(
        sa.text(
            "TRUNCATE customer_days, customer_years, customer_group_days, customer_department_days, "
            "customer_brand_days, customer_group_years, customer_product_days, customer_summaries, store_days, "
            "product_months, receipt_goods, slice_days, slice_buyers, cohort_months, favourite_periods, "
            "product_buyers, product_days"
        )
    )
    session.execute(sa.text("INSERT INTO receipts_to_roll SELECT customer_id, id FROM receipts"))
    roll(session, most=len({(row["store"], row["receipt_no"]) for row in purchases}) // 2)
    assert verify(session) is None
    return _frame(purchases, products, known)


def _written(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    path = folder / f"{name}.csv"
    with path.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, list(rows[0]), lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    return path


def _frame(purchases: list[dict[str, str]], products: list[dict[str, str]], known: list[str]) -> Frame:
    lines = pd.DataFrame(purchases).merge(
        pd.DataFrame(products)[["sku", "group", "department", "brand"]], on="sku", how="left"
    )
    for name in ("group", "department", "brand"):
        lines[name] = lines[name].fillna("").replace("", NOTHING)
    for name in ("amount", "list_amount"):
        lines[name] = [int(Decimal(text) * 100) for text in lines[name]]
    lines["quantity"] = [int(Decimal(text) * 1000) for text in lines["quantity"]]
    lines["day"] = pd.to_datetime(lines["sold_at"]).dt.normalize()
    lines["receipt"] = lines["store"] + "/" + lines["receipt_no"]
    lines["member"] = lines["customer_number"].isin(known[::2]) & (
        (lines["day"] >= pd.Timestamp(JOINED)) | lines["customer_number"].isin(known[::4])
    )
    lines["third"] = lines["customer_number"].isin(known[::3])
    return lines[lines["day"].between(pd.Timestamp(FIRST), pd.Timestamp(LAST))]
