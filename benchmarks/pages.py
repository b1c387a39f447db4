"""What pages cost: 95th percentile of the server's own time, CPU of server and database, and weight over the wire.

The shop is the demo; `ERP_CLUB_BENCH_FULL=yes` takes all 2,469 households (needs the extra `full-demo`).
"""

import http.client
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlencode

from benchmarks.cpu import of_tree, postmaster
from benchmarks.endpoint import served
from benchmarks.shop import machine, p95, table

PORT = int(os.environ.get("ERP_CLUB_BENCH_PORT", "8190"))
TIMES = int(os.environ.get("ERP_CLUB_BENCH_TIMES", "200"))
QUIET = 3
"""So many looks a second apart that find no job at work are taken for the end of all."""
_LINKED = re.compile(rb'<(?:link|script|img)[^>]+(?:href|src)="(/static/[^"]+)"')
_IN_STYLE = re.compile(rb'url\("?([^")]+\.woff2)"?\)')

BASKET = "/baskets/current"
ENTRIES = f"{BASKET}/entries"


@dataclass
class Answer:
    """What came, and what it weighed: the body as it was sent, compressed."""

    status: int
    headers: dict[str, str]
    body: bytes
    size: int

    @property
    def milliseconds(self) -> float:
        """The server's own time."""
        return float(self.headers["server-timing"].partition("dur=")[2])


class Browser:
    """One connection with cookies, as a browser of our pages."""

    def __init__(self) -> None:
        self.connection = http.client.HTTPConnection("127.0.0.1", PORT, timeout=30)
        self.headers = {"Accept-Encoding": "gzip", "Origin": f"http://127.0.0.1:{PORT}"}
        self.cookies: dict[str, str] = {}

    def send(
        self,
        method: str,
        url: str,
        fields: dict[str, str] | None = None,
        *,
        accept: str = "text/html",
        htmx: bool = False,
    ) -> Answer:
        """One request; a form where there are fields."""
        import gzip

        body = urlencode(fields | {"idempotency_key": f"{random.getrandbits(64):x}"}) if fields is not None else None
        sent = self.headers | {"Accept": accept, "Cookie": "; ".join(f"{k}={v}" for k, v in self.cookies.items())}
        if htmx:
            sent["HX-Request"] = "true"
        if body is not None:
            sent["Content-Type"] = "application/x-www-form-urlencoded"
        self.connection.request(method, url, body, sent)
        got = self.connection.getresponse()
        raw = got.read()
        for name, value in got.getheaders():
            if name.lower() == "set-cookie":
                key, _, rest = value.partition("=")
                self.cookies[key] = rest.partition(";")[0]
        told = {name.lower(): value for name, value in got.getheaders()}
        # There may be nothing to drop.
        if got.status >= 400 and url != BASKET:
            raise RuntimeError(f"{method} {url}: {got.status} {raw[:300]!r}")
        packed = told.get("content-encoding") == "gzip"
        return Answer(got.status, told, gzip.decompress(raw) if packed else raw, len(raw))

    def first_visit(self, url: str) -> tuple[int, int]:
        """Bytes and requests of a page with all that it draws in."""
        self.connection.close()
        page = self.send("GET", url)
        wanted = {path.decode().replace("&amp;", "&") for path in _LINKED.findall(page.body)}
        wanted |= {"/static/icons.svg"} if b"icons.svg" in page.body else set()
        total, requests = page.size, 1
        for path in sorted(wanted):
            total += self.send("GET", path).size
            requests += 1
        return total, requests


def timed(browser: Browser, do: Callable[[Browser], Answer], spent: Callable[[], float]) -> tuple[float, float, int]:
    """The 95th percentile of the server's time in ms, the CPU in ms, and the largest answer in bytes.

    The CPU is of all that is done, the preparation of a payment included.
    """
    browser.connection.close()  # the server has closed it if it was idle; the next request opens it again
    for _ in range(10):
        do(browser)
    before = spent()
    answers = [do(browser) for _ in range(TIMES)]
    cpu_ms = 1000 * (spent() - before) / TIMES
    return p95([each.milliseconds for each in answers]), cpu_ms, max(each.size for each in answers)


def main() -> None:
    """Measure and print."""
    where = machine()
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        home.chmod(0o755)
        began = time.perf_counter()
        load_demo(home)
        loaded = time.perf_counter() - began
        with served(home, 1, PORT) as server:
            key = (home / "demo-terminal-key").read_text().strip()
            caught_up = catch_up()
            rows, weights = measure(key, lambda: of_tree(server) + of_tree(postmaster(home)))
    head = ("page", "p95 ms", "target ms", "CPU ms", "KB")
    table(f"**Pages: server time** ({where}; {TIMES} requests each)", head, rows)
    table("**Pages: weight over the wire**", ("visit", "KB", "requests"), weights)
    print(f"\nLoading the demo took {loaded:.0f} s, and its jobs {caught_up:.0f} s to catch up at the first start.")


def catch_up() -> float:
    """Seconds until the jobs have caught up with the nights before the first start: their work is no page's."""
    office = Browser()
    office.send("POST", "/sign-in", {"username": "hq", "password": "demo-club"})
    began, quiet = time.perf_counter(), 0
    while quiet < QUIET:
        jobs = json.loads(office.send("GET", "/jobs", accept="application/json").body)["jobs"]
        runs = [each["last"] for each in jobs if each["schedule"]]
        quiet = quiet + 1 if all(run and run["finished_at"] for run in runs) else 0
        time.sleep(1)
    return time.perf_counter() - began - QUIET


def scan(browser: Browser, skus: list[str]) -> Answer:
    """An item more; a basket that has become long is dropped first."""
    if random.random() < 1 / 15:
        browser.send("POST", BASKET, {"_method": "DELETE"}, htmx=True)
    return browser.send("POST", ENTRIES, {"code": random.choice(skus)}, htmx=True)


def identify(browser: Browser, skus: list[str], numbers: list[str]) -> Answer:
    """Find a member by number, with eight items in the basket; only that is measured."""
    browser.send("POST", BASKET, {"_method": "DELETE"}, htmx=True)
    for code in random.sample(skus, 8):
        browser.send("POST", ENTRIES, {"code": code}, htmx=True)
    return browser.send("POST", ENTRIES, {"code": random.choice(numbers)}, htmx=True)


def pay(browser: Browser, skus: list[str], numbers: list[str]) -> Answer:
    """Pay for eight items of a member; only the payment is measured."""
    browser.send("POST", BASKET, {"_method": "DELETE"}, htmx=True)
    for code in (random.choice(numbers), *random.sample(skus, 8)):
        browser.send("POST", ENTRIES, {"code": code}, htmx=True)
    paid = browser.send("POST", f"{BASKET}/payments", {"means": "card"}, htmx=True)
    browser.send("POST", "/baskets", {}, htmx=True)
    return paid


def load_demo(home: Path) -> None:
    """The demo chain on an embedded server in this folder."""
    env = os.environ | {"ERP_CLUB_HOME": str(home)}
    env.pop("ERP_CLUB_DATABASE_URL", None)
    full = ["--full"] if os.environ.get("ERP_CLUB_BENCH_FULL") == "yes" else []
    command = Path(sys.executable).parent / "erp-club"
    subprocess.run([str(command), "demo", *full], env=env, check=True, stdout=subprocess.DEVNULL)


def measure(terminal_key: str, spent: Callable[[], float]) -> tuple[list[tuple[object, ...]], list[tuple[object, ...]]]:
    """Rows of server time, and of weight; `spent` tells how many seconds of CPU server and database have used."""
    office = Browser()
    office.send("POST", "/sign-in", {"username": "hq", "password": "demo-club"})
    customers = json.loads(office.send("GET", "/customers?per_page=200", accept="application/json").body)["customers"]
    ids = [each["customer_id"] for each in customers]
    till = Browser()
    till.send("POST", "/terminal-enrolments", {"key": terminal_key})
    till.send("POST", "/staff-sessions", {"staff": "cashier", "pin": "2580"})
    skus = [
        each["sku"]
        for each in json.loads(office.send("GET", "/products?per_page=200&page=5", accept="application/json").body)[
            "products"
        ]
    ]
    numbers = [each["number"] for each in customers]
    works: list[tuple[str, int, Browser, Callable[[Browser], Answer]]] = [
        ("till: the whole page", 50, till, lambda b: b.send("GET", "/till")),
        ("till: scan an item", 50, till, lambda b: scan(b, skus)),
        ("till: identify a member", 50, till, lambda b: identify(b, skus, numbers)),
        ("till: pay for eight items", 50, till, lambda b: pay(b, skus, numbers)),
        ("customer page", 150, office, lambda b: b.send("GET", f"/customers/{random.choice(ids)}")),
        (
            "customer's purchases",
            150,
            office,
            lambda b: b.send("GET", f"/customers/{random.choice(ids)}?tab=purchases"),
        ),
        ("customer list", 300, office, lambda b: b.send("GET", f"/customers?page={random.randrange(1, 8)}")),
        ("receipts", 300, office, lambda b: b.send("GET", f"/purchases?page={random.randrange(1, 50)}")),
        ("receipts by total", 300, office, lambda b: b.send("GET", "/purchases?sort=total_minor&direction=desc")),
        ("products", 300, office, lambda b: b.send("GET", f"/products?page={random.randrange(1, 50)}")),
        ("home", 300, office, lambda b: b.send("GET", "/")),
    ]
    rows: list[tuple[object, ...]] = []
    for name, target, browser, do in works:
        milliseconds, cpu_ms, size = timed(browser, do, spent)
        rows.append((name, f"{milliseconds:.1f}", target, f"{cpu_ms:.1f}", f"{size / 1000:.1f}"))
    weights: list[tuple[object, ...]] = []
    visits = (("first: sign-in", Browser(), "/sign-in"), ("first: till", till, "/till"), ("first: home", office, "/"))
    for name, browser, url in visits:
        total, requests = browser.first_visit(url)
        weights.append((name, f"{total / 1000:.1f}", requests))
    return rows, weights


if __name__ == "__main__":
    main()
