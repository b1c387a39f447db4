"""Tills that never give up: each request is sent until it is answered, and then twice more."""

import http.client
import json
import random
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tests.torture.shop import COUPON_MINOR, POINTS_A_STEP, PRICE_MINOR, SKUS, STEP_MINOR, Shop

SENT = 3
"""Times that every request is sent and answered."""
PATIENCE_S = 60.0
"""How long a till goes on asking before it counts the request as lost."""
PAUSE_S = 0.1
_STILL_RUNNING = {"still-running"}


@dataclass(frozen=True)
class Answer:
    """What came back: the same for each repeat, or the shop has failed."""

    status: int
    body: bytes

    @property
    def said(self) -> Any:
        """The body read as JSON."""
        return json.loads(self.body)


@dataclass(frozen=True)
class Asked:
    """A request with its first answer, None where none came; `alike`: every repeat was answered the same."""

    kind: str
    path: str
    body: dict[str, Any]
    answer: Answer | None
    alike: bool


@dataclass
class Pulse:
    """When the latest request was sent that was answered; whoever kills the shop looks here for the first one after."""

    sent: float = 0.0
    _never: threading.Event = field(default_factory=threading.Event)

    def beat(self, sent: float) -> None:
        """An answer has come to what was sent then."""
        self.sent = max(self.sent, sent)

    def pause(self, seconds: float) -> None:
        """Let so much time pass."""
        self._never.wait(seconds)


@dataclass
class Till(threading.Thread):
    """A cashier who sells, with coupons and without, until told to stop."""

    shop: Shop
    number: int
    pulse: Pulse
    stopping: threading.Event
    kinds: dict[str, Callable[["Till"], tuple[str, dict[str, Any]] | None]]
    asked: list[Asked] = field(default_factory=list[Asked])

    def __post_init__(self) -> None:
        super().__init__(daemon=True)
        self.draw = random.Random(self.number)
        self.sold: list[dict[str, Any]] = []
        """Its own sales, that can be returned."""
        self._connection: http.client.HTTPConnection | None = None
        self._count = 0

    def __hash__(self) -> int:
        return hash(self.number)

    def run(self) -> None:
        """Work until told to stop."""
        kinds = sorted(self.kinds)
        try:
            while not self.stopping.is_set():
                kind = self.draw.choice(kinds)
                wish = self.kinds[kind](self)
                if wish is not None:
                    self._ask(kind, *wish)
        finally:
            self._hang_up()

    def next_number(self) -> str:
        """A number that no other request has."""
        self._count += 1
        return f"{self.number}-{self._count}"

    def _ask(self, kind: str, path: str, body: dict[str, Any]) -> None:
        key = f"{kind}-{self.next_number()}"
        answers = [self._until_answered(path, body, key) for _ in range(SENT)]
        first = answers[0]
        self.asked.append(Asked(kind, path, body, first, all(each == first for each in answers)))
        if first is not None and first.status == 201 and path == "/purchases":
            self.sold.append(first.said)

    def _until_answered(self, path: str, body: dict[str, Any], key: str) -> Answer | None:
        until = time.monotonic() + PATIENCE_S
        while time.monotonic() < until:
            sent = time.monotonic()
            answer = self._send(path, body, key)
            if answer is not None:
                self.pulse.beat(sent)
                return answer
            self.pulse.pause(PAUSE_S)
        return None

    def _send(self, path: str, body: dict[str, Any], key: str) -> Answer | None:
        """One try; None where the shop is away, or is still at the first one."""
        headers = {"Idempotency-Key": key, "Content-Type": "application/json", **self.shop.tills[self.number]}
        try:
            if self._connection is None:
                self._connection = http.client.HTTPConnection("127.0.0.1", self.shop.port, timeout=10)
            self._connection.request("POST", path, json.dumps(body), headers)
            response = self._connection.getresponse()
            answer = Answer(response.status, response.read())
        except (OSError, http.client.HTTPException):
            self._hang_up()
            return None
        if answer.status >= 500 or (answer.status == 409 and answer.said.get("code") in _STILL_RUNNING):
            return None
        return answer

    def _hang_up(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None


def _basket(till: Till) -> dict[str, Any]:
    count = till.draw.randint(1, 4)
    return {
        "receipt_no": till.next_number(),
        "customer": {"number": till.draw.choice(till.shop.customers)},
        "lines": [{"sku": till.draw.choice(SKUS), "quantity": "1"} for _ in range(count)],
    }


def sale(till: Till) -> tuple[str, dict[str, Any]]:
    """A sale paid by card."""
    basket = _basket(till)
    basket["payments"] = [{"means": "card", "amount_minor": PRICE_MINOR * len(basket["lines"])}]
    return "/purchases", basket


def sale_with_coupon(till: Till) -> tuple[str, dict[str, Any]]:
    """A sale with a coupon that other tills try as well."""
    basket = _basket(till)
    basket["coupons"] = [till.draw.choice(till.shop.coupons)]
    basket["payments"] = [{"means": "card", "amount_minor": PRICE_MINOR * len(basket["lines"]) - COUPON_MINOR}]
    return "/purchases", basket


def sale_with_points(till: Till) -> tuple[str, dict[str, Any]]:
    """A sale that points pay in part, of somebody who may have spent them at another till."""
    basket = _basket(till)
    steps = till.draw.randint(1, 25)
    due = PRICE_MINOR * len(basket["lines"]) - STEP_MINOR * steps
    basket["payments"] = [{"means": "points", "points": POINTS_A_STEP * steps}, {"means": "card", "amount_minor": due}]
    return "/purchases", basket


def sale_with_card(till: Till) -> tuple[str, dict[str, Any]]:
    """A sale that a gift card pays in part, one that other tills empty as well."""
    basket = _basket(till)
    by_card = till.draw.randint(1, 20) * 100
    due = PRICE_MINOR * len(basket["lines"]) - by_card
    card = {"means": "stored_value", "card": till.draw.choice(till.shop.cards), "amount_minor": by_card}
    basket["payments"] = [card, {"means": "card", "amount_minor": due}]
    return "/purchases", basket


def goods_back(till: Till) -> tuple[str, dict[str, Any]] | None:
    """One unit of a sale of its own comes back; now and then one that came back before, which is refused."""
    if not till.sold:
        return None
    sold = till.draw.choice(till.sold[-20:])
    line = till.draw.choice(sold["lines"])
    wanted = [{"line_no": line["line_no"], "quantity": "1"}]
    return f"/purchases/{sold['id']}/returns", {"receipt_no": f"R{till.next_number()}", "lines": wanted}


KINDS: dict[str, Callable[[Till], tuple[str, dict[str, Any]] | None]] = {
    "sale": sale,
    "coupon": sale_with_coupon,
    "points": sale_with_points,
    "gift-card": sale_with_card,
    "return": goods_back,
}
