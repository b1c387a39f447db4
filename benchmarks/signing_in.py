"""Signing in over HTTP to a real `erp-club serve`: what a crowd of it costs a sale, and whether its time tells names.

A till posts receipts while 200 people sign in at one moment. Then wrong passwords are tried by turns for names that
somebody has and for names that nobody has, each from another address and below the number that locks it.
"""

import json
import multiprocessing
import os
import statistics
from http.client import HTTPConnection
from multiprocessing.context import ForkProcess
from threading import Thread
from time import perf_counter

import sqlalchemy as sa

from benchmarks.endpoint import PORT, poster, served
from benchmarks.shop import Shop, a_shop, machine, p95, table

CROWD = 200
TRIES = int(os.environ.get("ERP_CLUB_BENCH_TRIES", "1000"))
TRIES_OF_A_NAME = 4
SECONDS = 5.0
_COPY = """
INSERT INTO staff (username, name, role, password_hash, active, created_at)
SELECT 'known' || n, 'Known ' || n, role, password_hash, true, now() FROM staff, generate_series(0, :names) n
WHERE username = 'cashier'
"""


def _sign_in(connection: HTTPConnection, username: str, password: str, address: str) -> tuple[int, float]:
    """The status and the seconds of one try, as a proxy brings it."""
    headers = {"Content-Type": "application/json", "X-Forwarded-For": address, "X-Forwarded-Proto": "https"}
    began = perf_counter()
    connection.request("POST", "/sign-in", json.dumps({"username": username, "password": password}), headers)
    answer = connection.getresponse()
    answer.read()
    return answer.status, perf_counter() - began


def _crowd(answered: "multiprocessing.Queue[list[int]]") -> None:
    statuses: list[int] = []

    def one(number: int) -> None:
        connection = HTTPConnection("127.0.0.1", PORT, timeout=120)
        statuses.append(_sign_in(connection, f"known{number}", "bench bench", f"10.1.0.{number}")[0])

    threads = [Thread(target=one, args=(number,)) for number in range(CROWD)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    answered.put(statuses)


def _sales(shop: Shop, *, while_alive: ForkProcess | None = None) -> list[float]:
    """Seconds of each sale of one till, for a while or as long as the crowd signs in."""
    post = poster(PORT)(shop, 0)
    times: list[float] = []
    until = perf_counter() + SECONDS
    while while_alive.is_alive() if while_alive else perf_counter() < until:
        began = perf_counter()
        post()
        times.append(perf_counter() - began)
    return times


def _tries() -> tuple[list[float], list[float]]:
    """Seconds of wrong tries for names that somebody has and that nobody has, by turns."""
    connection = HTTPConnection("127.0.0.1", PORT, timeout=60)
    known, unknown = list[float](), list[float]()
    for number in range(TRIES):
        name, address = number // TRIES_OF_A_NAME, f"10.2.{number // 250}.{number % 250}"
        for times, username in ((known, f"known{name}"), (unknown, f"nobody{name}")):
            status, seconds = _sign_in(connection, username, "wrong", address)
            assert status == 401, status
            times.append(seconds)
    return known, unknown


def main() -> None:
    """Measure and print."""
    os.environ["ERP_CLUB_PROXIES"] = "127.0.0.1"
    where = machine()
    with a_shop() as shop:
        engine = sa.create_engine(shop.url)
        with engine.begin() as connection:
            connection.execute(sa.text(_COPY), {"names": max(CROWD, TRIES)})
        engine.dispose()
        with served(shop.home, 1, PORT):
            _sales(shop)
            alone = _sales(shop)
            context = multiprocessing.get_context("fork")
            answered = context.Queue()
            crowd = context.Process(target=_crowd, args=(answered,))
            began = perf_counter()
            crowd.start()
            beside = _sales(shop, while_alive=crowd)
            took, statuses = perf_counter() - began, answered.get()
            known, unknown = _tries()
    assert statuses == [201] * CROWD, statuses
    table(
        f"**A sale while {CROWD} people sign in at one moment** ({where}); they were all in after {took:.1f} s",
        ("a till posts", "sales", "p50 ms", "p95 ms"),
        [
            (name, len(times), f"{statistics.median(times) * 1000:.0f}", f"{p95(times) * 1000:.0f}")
            for name, times in (("alone", alone), ("beside them", beside))
        ],
    )
    medians = [statistics.median(times) * 1000 for times in (known, unknown)]
    table(
        f"**{TRIES} wrong passwords each, by turns** ({where}); the medians are "
        f"{abs(medians[0] - medians[1]):.2f} ms apart",
        ("name", "median ms"),
        [(name, f"{each:.2f}") for name, each in zip(("somebody's", "nobody's"), medians, strict=True)],
    )


if __name__ == "__main__":
    main()
