# REQ I-02: lists page, sort and export
import asyncio
import csv
import datetime as dt
import io
from decimal import Decimal

import pytest
from python_calamine import load_workbook
from starlette.requests import Request
from starlette.responses import StreamingResponse

from web import lists
from web.lists import COUNTED, ListState, list_state, stream_file

HEADER = ("number", "name", "phone", "paid", "on", "at", "member")
ZONE = dt.timezone(dt.timedelta(hours=2))
NINE = dt.datetime(2026, 1, 31, 9, tzinfo=ZONE)
ROWS = [
    (
        "C1",
        "=2+2",
        "+972501234567",
        Decimal("12.50"),
        dt.date(2026, 1, 31),
        dt.datetime(2026, 1, 31, 9, tzinfo=ZONE),
        True,
    ),
    ("0017", "@me", "-", 3, None, None, False),
    ("C3", "גרשון־לוי, רות", "+1+cmd", Decimal(-2), None, None, None),
]


def state(query: str, **arguments: object) -> ListState:
    request = Request({"type": "http", "path": "/customers", "query_string": query.encode(), "headers": []})
    return list_state(request, sorts=("name", "number"), **arguments)  # type: ignore[arg-type]


def sent(response: object) -> bytes:
    assert isinstance(response, StreamingResponse)

    async def collect() -> bytes:
        return b"".join([bytes(chunk) async for chunk in response.body_iterator])  # type: ignore[arg-type]

    body = asyncio.run(collect())
    assert response.headers["content-length"] == str(len(body))
    return body


def test_an_address_that_makes_no_sense_gives_the_first_page():
    made = state("sort=password&direction=up&page=-3&per_page=1e9")
    assert (made.sort, made.direction, made.page, made.per_page) == ("name", "asc", 1, 50)
    assert state("page=99999999999").page == 1
    assert state("per_page=5000").per_page == 200


def test_a_page_behind_the_last_is_the_last():
    made = state("page=9").counted(101)
    assert (made.page, made.pages, made.offset, made.more) == (3, 3, 100, False)
    assert state("page=9").counted(0).page == 1


def test_counting_stops_somewhere():
    made = state("page=2000").counted(COUNTED + 1)
    assert (made.total, made.more, made.page) == (COUNTED, True, 2000)


def test_an_address_keeps_its_filters():
    made = state("club=GOLD&store=374&store=403&page=3")
    assert made.url(page=4) == "/customers?club=GOLD&store=374&store=403&page=4"
    assert made.url(store=None, page=1) == "/customers?club=GOLD"
    assert made.url(club="A&B", store=["1", "2"], page=1) == "/customers?club=A%26B&store=1&store=2"
    assert made.export_url("csv") == "/customers.csv?club=GOLD&store=374&store=403"


def test_json_says_the_pages_but_not_the_addresses():
    assert set(state("").counted(3).model_dump()) == {"sort", "direction", "page", "per_page", "total", "more", "pages"}


def test_a_csv_has_a_bom_and_no_formulas():
    body = sent(stream_file("customers.csv", HEADER, ROWS))
    assert body.startswith(b"\xef\xbb\xbfnumber,")
    rows = list(csv.reader(io.StringIO(body.decode("utf-8-sig"), newline="")))
    assert rows[1] == ["C1", "'=2+2", "+972501234567", "12.50", "2026-01-31", "2026-01-31T09:00:00+02:00", "yes"]
    assert rows[2] == ["0017", "'@me", "'-", "3", "", "", "no"]
    assert rows[3][1:4] == ["גרשון־לוי, רות", "'+1+cmd", "-2"]


def test_a_workbook_has_typed_cells_and_no_formulas():
    body = sent(stream_file("customers.xlsx", HEADER, ROWS))
    rows = load_workbook(io.BytesIO(body)).get_sheet_by_index(0).to_python()
    assert rows[0] == list(HEADER)
    at = dt.datetime(2026, 1, 31, 9)  # noqa: DTZ001 - a workbook knows no zones
    assert rows[1] == ["C1", "=2+2", "+972501234567", 12.5, dt.date(2026, 1, 31), at, "yes"]
    assert rows[2][:4] == ["0017", "@me", "-", 3]


def test_a_large_file_goes_through_the_disk(monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setattr(lists, "MOST_AT_ONCE", 20_000)
    body = sent(stream_file("many.csv", ("n", "text"), ((n, "x" * 100) for n in range(20_000))))
    assert body.count(b"\r\n") == 20_001
