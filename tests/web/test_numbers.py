"""Numbers and days in addresses, however large, are answered: no column and no calendar is overrun."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.house.routes import walk
from tests.make.browser import json_headers, signed_in
from tests.make.organisation import a_chain


@pytest.mark.parametrize("number", [2**31, 2**63 - 1])
def test_a_number_that_no_row_can_have_is_not_found(client: TestClient, session: Session, number: int):
    a_chain(session)
    signed_in(client, session)
    numbered = [each for each in walk() if "{" in each.path and "_id}" in each.path]
    assert len(numbered) > 10
    for each in numbered:
        url = each.numbered(number)
        answer = client.request(each.method, url, headers=json_headers(), json=None if each.method == "GET" else {})
        assert answer.status_code in {403, 404, 422}, f"{each.method} {url}: {answer.status_code}"


def dated(paths: dict[str, Any]) -> Iterator[tuple[str, str]]:
    """Every page and file that takes a day, with the parameter's name."""
    for path, operations in paths.items():
        for each in operations.get("get", {}).get("parameters", ()):
            shapes = [each["schema"], *each["schema"].get("anyOf", ())]
            if each["in"] == "query" and any(shape.get("format") == "date" for shape in shapes):
                yield path.replace("{suffix}", "csv"), each["name"]


@pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31", "0001-01-01T00:00:00+23:59"])
def test_a_day_at_the_ends_of_the_calendar_is_refused_at_its_field(client: TestClient, session: Session, day: str):
    a_chain(session)
    signed_in(client, session)
    refused = 0
    for path, name in dated(client.get("/openapi.json").json()["paths"]):
        url = re.sub(r"\{\w+\}", "1", path)
        answer = client.get(url, params={name: day}, headers=json_headers())
        if answer.status_code != 404:
            assert answer.status_code == 422, f"{path} {name}: {answer.status_code}"
            assert [each["field"] for each in answer.json()["errors"]] == [name]
            refused += 1
    assert refused > 30
