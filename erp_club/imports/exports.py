"""Files out, in the formats that are taken in: importing an export changes nothing."""

import csv
import gzip
import io
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, LiteralString, cast

from psycopg import sql
from sqlalchemy.orm import Session

from erp_club.imports.staging import driver
from erp_club.kernel.errors import Refused, Unavailable
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.text import T

Row = tuple[str | None, ...]

MOST_SHEET_ROWS = 1_048_576
"""Rows of an XLSX sheet, the header among them (ECMA-376; Excel's limit)."""


def export_file(session: Session, kind: str, path: Path) -> int:
    """Write all rows of a kind, and give how many: CSV, packed where the name ends with .gz, or XLSX.

    Streamed from the database; the file takes its name only when it is whole. ID numbers stand in it whole: whoever
    writes it has the installation and its keys in hand. Raises Unavailable where it can't be written, Refused where a
    sheet can't hold the rows.
    """
    columns, query = _KINDS[kind](session)
    opened = _opened_number(session, columns) if kind == "customers" else None
    part = path.with_name(path.name + ".part")
    try:
        if path.suffix.lower() == ".xlsx":
            rows = _write_sheet(part, columns, _rows(session, query, opened))
        elif opened is None:
            rows = _copy_csv(session, part, columns, query, packed=path.suffix.lower() == ".gz")
        else:
            rows = _write_csv(part, columns, _rows(session, query, opened), packed=path.suffix.lower() == ".gz")
        part.replace(path)
    except OSError as error:
        raise Unavailable(
            T("%(file)s can't be written: %(reason)s.", file=str(path), reason=error.strerror or str(error)),
            code="file-not-writable",
        ) from error
    finally:
        part.unlink(missing_ok=True)
    return rows


def _opened_number(session: Session, columns: Sequence[str]) -> Callable[[Row], Row]:
    """What opens the ID number of a customer's row, which the query gives as `key:hexadecimal`."""
    place = columns.index("id_number")
    keyring = keyring_of(session)

    def opened(row: Row) -> Row:
        kept = row[place]
        if kept is None:
            return row
        key, _, sealed = kept.partition(":")
        return (*row[:place], keyring.open(int(key), bytes.fromhex(sealed)), *row[place + 1 :])

    return opened


def _rows(session: Session, query: sql.Composed, opened: Callable[[Row], Row] | None) -> Iterator[Row]:
    """The rows of a query through a cursor of the server."""
    with driver(session).cursor("export") as cursor:
        cursor.itersize = 5000
        for row in cursor.execute(query):
            yield opened(row) if opened else row


def _copy_csv(session: Session, path: Path, columns: Sequence[str], query: sql.Composed, *, packed: bool) -> int:
    """A file that the database itself writes, the quickest way."""
    with _opened(path, packed=packed) as stream:
        stream.write(_header(columns))
        statement = sql.SQL("COPY ({}) TO STDOUT (FORMAT csv, ENCODING 'UTF8')").format(query)
        with driver(session).cursor() as cursor:
            with cursor.copy(statement) as rows:
                for block in rows:
                    stream.write(block)
            return cursor.rowcount


def _write_csv(path: Path, columns: Sequence[str], rows: Iterator[Row], *, packed: bool) -> int:
    count = 0
    with _opened(path, packed=packed) as stream:
        stream.write(_header(columns))
        with io.TextIOWrapper(stream, "utf-8", newline="", write_through=False) as text:
            writer = csv.writer(text, lineterminator="\n")
            for row in rows:
                writer.writerow(row)
                count += 1
    return count


def _header(columns: Sequence[str]) -> bytes:
    header = io.StringIO()
    csv.writer(header).writerow(columns)
    return header.getvalue().encode("utf-8-sig")


@contextmanager
def _opened(path: Path, *, packed: bool) -> Generator[IO[bytes]]:
    with path.open("wb") as raw:
        if not packed:
            yield raw
            return
        with gzip.GzipFile(filename="", fileobj=raw, mode="wb", compresslevel=6, mtime=0) as stream:
            yield cast("IO[bytes]", stream)


def _write_sheet(path: Path, columns: Sequence[str], rows: Iterator[Row]) -> int:
    # Brought in for whoever writes a sheet, not for every start.
    import xlsxwriter  # pyright: ignore[reportMissingTypeStubs] - it has no types

    count = 0
    options = {"constant_memory": True, "strings_to_formulas": False, "strings_to_urls": False}
    with xlsxwriter.Workbook(path, options) as book:
        sheet: Any = book.add_worksheet()  # pyright: ignore[reportUnknownMemberType] - as above
        sheet.write_row(0, 0, columns)
        for count, row in enumerate(rows, start=1):
            if count >= MOST_SHEET_ROWS:
                raise Refused(
                    T("A sheet holds no more than %(rows)s rows. Export to a .csv file.", rows=MOST_SHEET_ROWS - 1),
                    code="sheet-too-long",
                )
            for place, value in enumerate(row):
                if value is not None:
                    sheet.write_string(count, place, value)
    return count


def _money(column: str) -> str:
    return f"({column} / 100.0)::numeric(20, 2)::text"


def _decimal(column: str, divisor: int) -> str:
    return f"trim_scale({column}::numeric / {divisor})::text"


def _yes_no(column: str) -> str:
    return f"CASE {column} WHEN true THEN 'yes' WHEN false THEN 'no' END"


def _select(columns: dict[str, str], rest: str) -> tuple[list[str], sql.Composed]:
    """The header, and the query that gives a text (or null) for each of its columns."""
    return list(columns), sql.SQL("SELECT {} {}").format(
        sql.SQL(", ").join(sql.SQL(cast("LiteralString", column)) for column in columns.values()),
        sql.SQL(cast("LiteralString", rest)),
    )


def _products(session: Session) -> tuple[list[str], sql.Composed]:
    """Without those known by their code alone: a file can't say that."""
    del session
    return _select(
        {
            "sku": "p.sku",
            "name": "p.name",
            "group": "g.name",
            "department": "d.name",
            "brand": "b.name",
            "list_price": _money("p.list_price_minor"),
            "vat_percent": _decimal("p.vat_bp", 100),
            "earns_points": _yes_no("p.earns_points"),
            "kind": "p.kind",
        },
        "FROM products p LEFT JOIN product_groups g ON g.id = p.group_id "
        "LEFT JOIN departments d ON d.id = p.department_id LEFT JOIN brands b ON b.id = p.brand_id "
        "WHERE NOT p.stub ORDER BY p.sku",
    )


def _customers(session: Session) -> tuple[list[str], sql.Composed]:
    """With the newest active card that holds in every club, and a column for each club and class that anyone has."""
    plain = (
        "number", "given_name", "family_name", "id_kind", "id_country", "id_number", "mobile", "email", "birthday",
        "gender", "language",
    )  # fmt: skip
    more = (
        "anniversary", "phone", "street", "postcode", "city", "country", "given_name_2", "family_name_2", "own_id",
    )  # fmt: skip
    columns = {name: f"c.{name}::text" for name in plain}
    columns["id_number"] = "c.id_key::text || ':' || encode(c.id_sealed, 'hex')"
    columns["home_store"] = "h.code"
    columns |= {f"consent_{name}": _yes_no(f"c.consent_{name}") for name in ("advertising", "sms", "email", "post")}
    columns["card"] = (
        "(SELECT k.number FROM cards k WHERE k.customer_id = c.id AND k.state = 'active' AND k.club_id IS NULL "
        "ORDER BY k.issued_at DESC, k.number DESC LIMIT 1)"
    )
    columns |= {name: f"c.{name}::text" for name in more}
    with driver(session).cursor() as cursor:
        clubs = cursor.execute(
            """
            SELECT c.id, c.code FROM clubs c WHERE EXISTS (SELECT FROM memberships m WHERE m.club_id = c.id)
             ORDER BY c.code
            """
        ).fetchall()
        classes = cursor.execute("SELECT DISTINCT name FROM customer_classifications ORDER BY name").fetchall()
        for club_id, code in clubs:
            columns[f"club:{code}"] = (
                f"(SELECT m.joined_on::text FROM memberships m WHERE (m.customer_id, m.club_id) = (c.id, {club_id}))"
            )
        for (name,) in classes:
            columns[f"class:{name}"] = (
                f"(SELECT k.value FROM customer_classifications k WHERE k.customer_id = c.id "
                f"AND k.name = {sql.Literal(name).as_string(cursor)})"
            )
    return _select(
        columns,
        "FROM customers c LEFT JOIN stores h ON h.id = c.home_store_id "
        "WHERE c.id <> 0 AND c.state = 'active' ORDER BY c.number",
    )


def _purchases(session: Session) -> tuple[list[str], sql.Composed]:
    del session
    local = "(r.sold_at AT TIME ZONE s.time_zone)"
    return _select(
        {
            "receipt_no": "r.receipt_no",
            "store": "s.code",
            "sold_at": f"to_char({local}, CASE WHEN {local} = date_trunc('second', {local}) "
            """THEN 'YYYY-MM-DD"T"HH24:MI:SS' ELSE 'YYYY-MM-DD"T"HH24:MI:SS.US' END)""",
            "customer_number": "CASE WHEN c.id <> 0 AND c.state <> 'erased' THEN c.number END",
            "line_no": "l.line_no::text",
            "sku": "p.sku",
            "quantity": _decimal("l.quantity_milli", 1000),
            "list_amount": _money("l.list_minor"),
            "amount": _money("l.amount_minor"),
        },
        "FROM receipts r JOIN stores s ON s.id = r.store_id JOIN customers c ON c.id = r.customer_id "
        "JOIN receipt_lines l ON (l.customer_id, l.receipt_id) = (r.customer_id, r.id) "
        "JOIN products p ON p.id = l.product_id ORDER BY r.sold_at, r.id, l.line_no",
    )


def _price_list(session: Session) -> tuple[list[str], sql.Composed]:
    """The entries of published lists: taken in elsewhere, a draft would begin to hold, and a closed list hold again."""
    del session
    return _select(
        {
            "list": "l.code",
            "club": "c.code",
            "level": "l.level",
            "segment": "l.segment",
            "sku": "p.sku",
            "group": "g.name",
            "price": _money("e.price_minor"),
            "percent": _decimal("e.off_bp", 100),
            "from": "lower(e.validity)::text",
            "to": "(upper(e.validity) - 1)::text",
            "store": "s.code",
            "always": _yes_no("l.always"),
        },
        "FROM price_list_entries e JOIN price_lists l ON l.id = e.price_list_id AND l.state = 'published' "
        "LEFT JOIN clubs c ON c.id = l.club_id LEFT JOIN products p ON p.id = e.product_id "
        "LEFT JOIN product_groups g ON g.id = e.group_id LEFT JOIN stores s ON s.id = e.store_id "
        "ORDER BY l.code, p.sku NULLS FIRST, g.name NULLS FIRST, s.code NULLS FIRST, lower(e.validity) NULLS FIRST",
    )


def _stored_value(session: Session) -> tuple[list[str], sql.Composed]:
    """A row for each last day of the money on a card; of a PIN its hash, since nobody knows the PIN."""
    del session
    return _select(
        {
            "number": "c.number",
            "pin": "c.pin_hash",
            "kind": "p.kind",
            "balance": _money("coalesce(l.remaining_minor, 0)"),
            "last_day": "l.last_day::text",
            "state": "c.state",
        },
        "FROM stored_value_cards c JOIN stored_value_products p ON p.id = c.product_id "
        "LEFT JOIN stored_value_lots l ON (l.customer_id, l.card_id) = (c.customer_id, c.id) AND l.remaining_minor > 0 "
        "ORDER BY c.number, l.last_day NULLS LAST",
    )


def _balances(session: Session) -> tuple[list[str], sql.Composed]:
    """A row for each last day of the points of an account, under its holder."""
    del session
    return _select(
        {
            "customer_number": "h.number",
            "club": "c.code",
            "points": "sum(l.remaining)::text",
            "last_day": "l.last_day::text",
        },
        "FROM points_lots l JOIN memberships m ON (m.points_holder_id, m.points_account_id) = "
        "(l.customer_id, l.account_id) AND m.customer_id = m.points_holder_id "
        "JOIN customers h ON h.id = m.customer_id JOIN clubs c ON c.id = m.club_id WHERE l.remaining > 0 "
        "GROUP BY h.number, c.code, l.last_day ORDER BY h.number, c.code, l.last_day NULLS LAST",
    )


def _cards(session: Session) -> tuple[list[str], sql.Composed]:
    """Of everybody who can still be found by one."""
    del session
    return _select(
        {"card": "k.number", "customer_number": "c.number", "club": "b.code", "state": "k.state"},
        "FROM cards k JOIN customers c ON c.id = k.customer_id LEFT JOIN clubs b ON b.id = k.club_id "
        "WHERE c.state = 'active' ORDER BY k.number",
    )


def _segment_list(session: Session) -> tuple[list[str], sql.Composed]:
    """Of the lists that only hands change; the others find their customers themselves."""
    del session
    return _select(
        {"segment": "g.name", "customer_number": "c.number"},
        "FROM segment_customers s JOIN segments g ON g.id = s.segment_id JOIN customers c ON c.id = s.customer_id "
        "WHERE g.kind = 'frozen' AND g.state = 'active' AND c.state = 'active' ORDER BY g.name, c.number",
    )


_KINDS = {
    "balances": _balances,
    "cards": _cards,
    "products": _products,
    "customers": _customers,
    "purchases": _purchases,
    "price-list": _price_list,
    "segment-list": _segment_list,
    "stored-value": _stored_value,
}
