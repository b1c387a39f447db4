"""Numbers in addresses, however long, are answered: no column is overrun."""

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
