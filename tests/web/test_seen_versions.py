# REQ A-02: of two people who change the same thing at once, the second one sees what the first one has changed
import re
from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.make.browser import HTML, form, json_headers, signed_in
from tests.make.organisation import a_chain, a_store, somebody
from tests.make.purchases import a_product


def a_shop(session: Session) -> int:
    return a_store(session).id


@pytest.mark.parametrize(
    ("made", "url", "page"),
    [
        (a_product, "/products/{0}", "/products/{0}/edit"),
        (a_shop, "/stores/{0}", "/stores/{0}/edit"),
        (somebody, "/staff/{0}", "/staff/{0}"),
    ],
    ids=["product", "store", "staff"],
)
def test_who_saves_a_form_that_others_have_overtaken_is_told_and_may_save_again(
    client: TestClient, session: Session, made: Callable[[Session], int], url: str, page: str
) -> None:
    a_chain(session)
    signed_in(client, session)
    row_id = made(session)
    url, page = url.format(row_id), page.format(row_id)
    session.commit()
    opened = _version(client.get(page, headers=HTML).text)
    first = form(_method="PATCH", name="First", version=opened)
    assert client.post(url, data=first, headers=HTML).status_code == 303
    second = client.post(url, data=form(_method="PATCH", name="Second", version=opened), headers=HTML)
    assert second.status_code == 409
    assert "Somebody else has changed this meanwhile." in second.text
    assert 'value="Second"' in second.text
    again = form(_method="PATCH", name="Second", version=_version(second.text))
    assert client.post(url, data=again, headers=HTML).status_code == 303
    stale = client.patch(url, json={"name": "Third", "version": opened}, headers=json_headers())
    assert (stale.status_code, stale.json()["code"]) == (409, "stale")
    assert client.patch(url, json={"name": "Third"}, headers=json_headers()).json()["name"] == "Third"


def _version(page: str) -> str:
    found = re.search(r'name="version" value="(\w+)"', page)
    assert found is not None
    return found[1]
