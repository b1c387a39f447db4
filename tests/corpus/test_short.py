"""A part of `make fuzz` that each run of the tests has time for."""

# REQ A-02
from collections import defaultdict

from fastapi.testclient import TestClient
from sqlalchemy.orm import Session

from tests.conftest import OneConnection
from tests.corpus.alive import alive
from tests.corpus.hostile import HOSTILE
from tests.corpus.places import Description, places
from tests.corpus.run import Fuzz, corpus, made_up, operations
from tests.corpus.shop import Shop

CASES, MADE_UP, LOOK_EVERY = 1_000, 250, 5


def test_nothing_that_is_sent_fails_or_comes_alive(
    client: TestClient, session: Session, one_connection: OneConnection
) -> None:
    fuzz = Fuzz(client, session, one_connection.connection, look_every=LOOK_EVERY)
    corpus(fuzz, CASES)
    made_up(fuzz, MADE_UP)
    outcome = fuzz.outcome
    assert outcome.wrong == []
    # A case says something where the same request with a harmless value there is taken.
    assert outcome.looked >= CASES // LOOK_EVERY
    assert outcome.share >= 0.3
    assert {200, 201, 303, 404, 409, 422} <= set(outcome.statuses)


def test_a_lone_surrogate_in_a_condition_is_refused(client: TestClient, session: Session) -> None:
    condition = {"metric": "spend", "op": "a\udfffb", "value": 0}
    assert Shop(client, session).ask("POST", "/segment-previews", {"where": condition}).status_code == 422


def test_every_operation_of_the_description_is_fuzzed(client: TestClient) -> None:
    document = client.get("/openapi.json").json()
    description, found = Description(document), operations(document, defaultdict(int))
    assert len(found) > sum(len(methods) for methods in document["paths"].values()) - 5
    for operation in found:
        named = {each["name"] for each in operation.described.get("parameters", []) if each["in"] in {"path", "query"}}
        assert named <= {str(place.at[0]) for place in places(description, operation)}


def test_what_comes_alive_is_noticed() -> None:
    assert alive("<p>zq7 {{ 7191*7 }} &lt;script&gt;</p><script src=/static/app.js></script>") == []
    for page in (
        "<zq7>",
        "<p zq7=1>",
        "<script>zq7()</script>",
        "<img src=x onerror=zq7()>",
        "<a href=' javascript:zq7()'>",
        "<a href='//zq7.example/x'>",
        "<div hx-get='/zq7'>",
        "<div hx-vals='js:{x: 1}'>",
        "<p>50337</p>",
        "<base href=/x>",
    ):
        assert alive(page), page


def test_the_corpus_has_no_value_twice() -> None:
    assert len({repr(value) for value in HOSTILE}) == len(HOSTILE)
