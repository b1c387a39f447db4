"""Every list that can be taken out as a file opens as text, whatever its rows are called."""

# REQ A-02
import csv
import io
import re
import zipfile

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.corpus.harmless import path_values
from tests.corpus.hostile import FORMULAS
from tests.corpus.shop import SKU, WHERE, Shop

_ALIVE = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9]+(\.[0-9]+)?")


def _name_everything(shop: Shop, formula: str, number: int) -> None:
    """One of each thing that a list shows, named by a formula."""
    club = shop.ids["club_id"]
    names = {"en": formula, "he": formula}
    person = {"given_name": formula, "family_name": formula, "city": formula, "street": formula}
    shop.ask("POST", "/customers", person | {"number": f"F{number}"})
    shop.ask("POST", "/products", {"sku": f"F{number}", "name": formula, "list_price_minor": 1, "vat_percent": "18"})
    shop.ask("POST", "/stores", {"code": f"F{number}", "name": formula, "city": formula})
    shop.ask("POST", "/offers", {"code": f"F{number}", "names": names, "rewards": [{"kind": "percent", "value_bp": 1}]})
    shop.ask("POST", "/coupon-batches", {"code": f"F{number}", "names": names, "days_from_issue": 9})
    shop.ask("POST", "/price-lists", {"code": f"F{number}", "names": names, "club_id": club, "all_stores": True})
    shop.ask("POST", "/segments", {"name": formula, "where": WHERE})
    shop.ask(
        "POST", "/points-accounts/{account_id}/adjustments".format(**shop.ids), {"points": 1, "description": formula}
    )
    shop.ask("POST", "/stored-value-cards", {"product": "GIFT", "amount_minor": 50_00, "reason": formula})
    shop.ask("POST", "/audit-searches", {"text": formula})


def test_every_file_opens_as_text(client: TestClient, session: Session) -> None:
    shop = Shop(client, session)
    for number, formula in enumerate(FORMULAS):
        _name_everything(shop, formula, number)
    shop.ask("POST", f"/coupon-batches/{shop.ids['batch_id']}/coupons", {"count": 2})
    shop.ask("PATCH", f"/products/{shop.ids['product_id']}", {"name": "=1+1"})
    shop.made("POST", "/purchases", {"lines": [{"sku": SKU, "quantity": "1"}], "receipt_no": "=1+1",
                                     "payments": [{"means": "cash", "amount_minor": 30_00}]})  # fmt: skip
    paths = [path for path in client.get("/openapi.json").json()["paths"] if path.endswith(".{suffix}")]
    filled = 0
    for path in paths:
        values = path_values(shop.ids, path)
        query = "?channel=post" if "mailing-list" in path else ""
        answer = shop.ask("GET", path.format(**values | {"suffix": "csv"}) + query)
        if answer.status_code == 404:
            continue  # there is no such thing to take out
        assert answer.status_code == 200, f"{path}: {answer.text}"
        rows = list(csv.reader(io.StringIO(answer.text.removeprefix("\ufeff"), newline="")))
        alive = [cell for row in rows for cell in row if _ALIVE.match(cell) and not _NUMBER.fullmatch(cell)]
        assert alive == [], path
        book = shop.ask("GET", path.format(**values | {"suffix": "xlsx"}) + query)
        with zipfile.ZipFile(io.BytesIO(book.content)) as parts:
            sheets = [parts.read(name) for name in parts.namelist() if name.startswith("xl/worksheets/")]
        assert sheets
        assert not any(b"<f>" in sheet or b"<hyperlink" in sheet for sheet in sheets), path
        filled += len(rows) > 1
    assert filled >= 12
