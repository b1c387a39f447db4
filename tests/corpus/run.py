"""Sends the corpus, and what Schemathesis makes of the schemas, into every place, and judges the answers."""

import json
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlencode

import schemathesis
import sqlalchemy as sa
from fastapi.testclient import TestClient
from httpx2 import Response
from hypothesis import HealthCheck, Phase, given, seed, settings
from sqlalchemy.orm import Session

from tests.corpus.alive import alive
from tests.corpus.harmless import bodies, path_values
from tests.corpus.hostile import HOSTILE
from tests.corpus.places import Description, Operation, Place, harmful_only, places
from tests.corpus.shop import Shop

NOT_FUZZED = {
    "POST /sign-out": "it ends the session that asks",
    "POST /account/sign-outs": "it ends the session that asks",
    "POST /price-list-uploads": "it takes a file",
}
"""Why an operation gets nothing."""


FEWEST = 5
"""So many cases are made up for an operation at least, where it is chosen."""
LONGEST_IN_AN_ADDRESS = 10_000
"""Longer addresses end at the server itself."""


def operations(document: Mapping[str, Any], ids: dict[str, Any]) -> list[Operation]:
    """Every operation of the description that is fuzzed, with a request that does no harm where there is `ids`."""
    said = bodies(ids)
    return [
        Operation(method.upper(), path, described, path_values(ids, path), said.get(f"{method.upper()} {path}"))
        for path, methods in document["paths"].items()
        for method, described in methods.items()
        if f"{method.upper()} {path}" not in NOT_FUZZED
    ]


@dataclass
class Outcome:
    """What came of the cases: how many there were, how many of those `looked` at count, and whatever was wrong."""

    cases: int = 0
    looked: int = 0
    counted: int = 0
    statuses: Counter[int] = field(default_factory=Counter[int])
    failed: list[str] = field(default_factory=list[str])
    broke_the_schema: list[str] = field(default_factory=list[str])
    came_alive: list[str] = field(default_factory=list[str])

    def add(self, other: "Outcome") -> None:
        """Count what another process has seen."""
        self.cases += other.cases
        self.looked += other.looked
        self.counted += other.counted
        self.statuses += other.statuses
        self.failed += other.failed
        self.broke_the_schema += other.broke_the_schema
        self.came_alive += other.came_alive

    @property
    def share(self) -> float:
        """Of the cases that were looked at, so many count: 0 to 1."""
        return self.counted / max(1, self.looked)

    @property
    def wrong(self) -> list[str]:
        """All that may not be."""
        return [*self.failed, *self.broke_the_schema, *self.came_alive]


class Fuzz:
    """A shop to be asked, inside a transaction that each case leaves as it was."""

    def __init__(
        self,
        client: TestClient,
        session: Session,
        connection: sa.Connection,
        *,
        part: slice = slice(None),
        outcome: Outcome | None = None,
        look_every: int = 1,
    ) -> None:
        unmoved = TestClient(
            client.app, base_url="http://testserver", follow_redirects=False, raise_server_exceptions=False
        )
        unmoved.portal = client.portal  # else each request begins an event loop of its own
        self.shop = Shop(unmoved, session)
        self.connection = connection
        document: dict[str, Any] = client.get("/openapi.json").json()
        self.description = Description(document)
        self.schema = schemathesis.openapi.from_dict(document)
        self.outcome = outcome or Outcome()
        self.look_every = look_every
        self._harmless: dict[Place, bool] = {}
        self.operations = operations(document, self.shop.ids)[part]
        self.places = [place for operation in self.operations for place in places(self.description, operation)]

    def of(self, operation: Operation) -> Iterator[Place]:
        """The places of one operation."""
        return (place for place in self.places if place.operation is operation)

    def harmless(self, place: Place) -> bool:
        """Whether the same request with a harmless value in this place is answered 2xx."""
        if place not in self._harmless:
            undone = self.connection.begin_nested()
            self._harmless[place] = not harmful_only(place) and self._ask(place, place.harmless).is_success
            undone.rollback()
        return self._harmless[place]

    def case(self, place: Place, value: Any, *, html: bool) -> None:
        """One hostile request, and what may not come of it: in the answer, nor in the page that it leads to."""
        self.outcome.cases += 1
        if self.outcome.cases % self.look_every == 0:
            self.outcome.looked += 1
            self.outcome.counted += self.harmless(place)
        told = f"{place} = {json.dumps(value)[:80]}"
        undone = self.connection.begin_nested()
        try:
            answer = self._ask(place, value, html=html)
            self.outcome.statuses[answer.status_code] += 1
            elsewhere = place.where == "path" and not value  # an address without it is another route's
            self._judge(None if elsewhere else place.operation, answer, told)
            if answer.status_code == HTTPStatus.SEE_OTHER:
                self._judge(None, self.shop.ask("GET", answer.headers["location"], Accept="text/html"), told)
        finally:
            undone.rollback()

    def _judge(self, operation: Operation | None, answer: Response, told: str) -> None:
        kind = answer.headers.get("content-type", "")
        if answer.status_code >= HTTPStatus.INTERNAL_SERVER_ERROR:
            self.outcome.failed.append(f"{told}: {answer.status_code}")
        elif kind.startswith("text/html"):
            self.outcome.came_alive += [f"{told}: {each}" for each in alive(answer.text)]
        elif operation is not None and "json" in kind:
            self._check(operation, answer, f"{told}: {answer.status_code}")

    def _check(self, operation: Operation, answer: Response, told: str) -> None:
        try:
            self.schema[operation.path][operation.method].validate_response(answer)
        except (AssertionError, ExceptionGroup) as error:
            self.outcome.broke_the_schema.append(f"{told}: {error}"[:400])

    def _ask(self, place: Place, value: Any, *, html: bool = False) -> Response:
        path, query, body = place.filled(value)
        url = place.operation.path
        for name, each in path.items():
            # A dot as it is would be taken for "this folder" on the way, and lead to another route.
            said = quote(_text(each), safe="", errors="surrogatepass").replace(".", "%2E")
            url = url.replace(f"{{{name}}}", said)
        if query:
            url = f"{url}?{urlencode({name: _text(each) for name, each in query.items()}, errors='surrogatepass')}"
        headers = {"Accept": "text/html"} if html else {}
        return self.shop.ask(place.operation.method, url, body, **headers)


def _text(value: Any) -> str:
    return (value if isinstance(value, str) else json.dumps(value))[:LONGEST_IN_AN_ADDRESS]


def corpus(fuzz: Fuzz, most: int | None = None) -> None:
    """Every value in every place, or so many of them, spread evenly over both."""
    every = [(place, value) for place in fuzz.places for value in HOSTILE]
    if most is not None and most < len(every):
        random.Random(7).shuffle(every)
        every = every[:most]
    for number, (place, value) in enumerate(every):
        fuzz.case(place, value, html=number % 2 == 1)


def made_up(fuzz: Fuzz, most: int) -> None:
    """What Schemathesis makes of the schemas, valid and invalid: each part of it alone in its place.

    To take in the schemas of an operation costs far more than a case. Few cases are made for some operations, spread
    evenly over all of them.
    """
    found = [operation for operation in fuzz.operations if list(fuzz.of(operation))]
    chosen = found[:: max(1, FEWEST * len(found) // most)]
    each = max(1, most // len(chosen))
    for operation in chosen:
        _made_up_of(fuzz, operation, each)


def _made_up_of(fuzz: Fuzz, operation: Operation, most: int) -> None:
    known = {(place.where, place.at[0]): place for place in fuzz.of(operation) if len(place.at) == 1}
    done = 0
    strategy = fuzz.schema[operation.path][operation.method].as_strategy

    def drawn(case: schemathesis.Case) -> None:
        nonlocal done
        parts = {"path": case.path_parameters, "query": case.query, "body": case.body}
        for where, values in parts.items():
            for name, value in values.items() if isinstance(values, dict) else ():
                place = known.get((where, name))
                if place is not None and done < most:
                    done += 1
                    fuzz.case(place, value, html=done % 2 == 1)

    for mode in (schemathesis.GenerationMode.POSITIVE, schemathesis.GenerationMode.NEGATIVE):
        examples = settings(
            max_examples=max(1, most // 4),
            database=None,
            deadline=None,
            phases=[Phase.generate],
            suppress_health_check=[HealthCheck.filter_too_much, HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        seed(7)(examples(given(strategy(generation_mode=mode))(drawn)))()


def told(outcome: Outcome) -> Iterator[str]:
    """The table of what came of it."""
    yield f"{outcome.cases:,} cases, of which {outcome.share:.0%} count"
    yield "  " + ", ".join(f"{status}: {count:,}" for status, count in sorted(outcome.statuses.items()))
    for title, found in (
        ("answered 5xx", outcome.failed),
        ("broke the schema", outcome.broke_the_schema),
        ("came alive", outcome.came_alive),
    ):
        yield f"  {title}: {len(found)}"
        yield from (f"    {each}" for each in found[:40])
