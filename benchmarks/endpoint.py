"""`POST /purchases` end to end: HTTP to a real `erp-club serve`, beside bare inserts of the same rows.

Eight tills keep their connections and send a member's receipt of eight lines each time. They write requests as text and
read answers on raw sockets, because client and server share the machine's cores.

No job worker runs beside it: it would sum up the receipts of bare inserts, of which there are several times as many,
while the server's turn is measured. What it takes to sum up a receipt is told apart.
"""

import os
import random
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.cpu import of_tree, postmaster
from benchmarks.posting import TOTAL, bare, sold_before, spread
from benchmarks.shop import LINES, PRODUCTS, Round, Shop, Work, a_shop, alternate, machine, table
from erp_club.receipts.rollups.commands import roll

WORKERS = tuple(int(n) for n in os.environ.get("ERP_CLUB_BENCH_WORKERS", "1,2").split(","))
PORT = int(os.environ.get("ERP_CLUB_BENCH_PORT", "8190"))


@contextmanager
def served(home: Path, workers: int, port: int, *more: str) -> Iterator[int]:
    """The process of a server of its own over the database in this folder."""
    env = os.environ | {"ERP_CLUB_HOME": str(home), "ERP_CLUB_LOG_LEVEL": "INFO"}
    env.pop("ERP_CLUB_DATABASE_URL", None)
    # The code of this folder, which need not be what the environment has installed.
    arguments = [sys.executable, "-m", "web.cli", "serve", "--port", str(port), "--workers", str(workers), *more]
    with (home / "serve.log").open("wb") as log:
        process = subprocess.Popen(arguments, env=env, stdout=log, stderr=log)
        try:
            _wait_for(port)
            yield process.pid
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(30)


def _wait_for(port: int) -> None:
    for _ in range(1200):
        try:
            with socket.create_connection(("127.0.0.1", port), 1):
                return
        except OSError:
            time.sleep(0.1)
    raise TimeoutError("the server didn't start")


def poster(port: int) -> Work:
    """A till that posts a receipt each time."""

    def work(shop: Shop, client: int) -> Callable[[], None]:
        rng = random.Random()
        connection = socket.create_connection(("127.0.0.1", port), 10)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        key = shop.terminal_keys[client]
        token = shop.staff_tokens[client]
        head = (
            f"POST /purchases HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nContent-Type: application/json\r\n"
            f"Authorization: Bearer {key}\r\nX-Staff-Session: {token}\r\n"
        )

        def post() -> None:
            number = f"{client}-{rng.getrandbits(48):x}"
            sold = ",".join([f'{{"sku":"S{rng.randrange(1, PRODUCTS + 1)}","quantity":"1"}}' for _ in range(LINES)])
            body = (
                f'{{"receipt_no":"{number}","customer":{{"number":"C{spread(client, rng)}"}},"lines":[{sold}],'
                f'"payments":[{{"means":"card","amount_minor":{TOTAL}}}]}}'
            )
            request = f"{head}Idempotency-Key: {number}\r\nContent-Length: {len(body)}\r\n\r\n{body}"
            connection.sendall(request.encode())
            status, answer = _answer(connection)
            if status != 201:
                raise RuntimeError(answer.decode())

        return post

    return work


def _answer(connection: socket.socket) -> tuple[int, bytes]:
    data = b""
    while b"\r\n\r\n" not in data:
        data += connection.recv(65536)
    head, _, body = data.partition(b"\r\n\r\n")
    length = next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:"))
    while len(body) < length:
        body += connection.recv(65536)
    return int(head[9:12]), body


def main() -> None:
    """Measure and print."""
    where = machine()
    with a_shop() as shop:
        sold_before(shop)
        works: dict[str, Work] = {"bare inserts": bare(pipeline=False)}
        found: dict[str, tuple[Round, Round]] = {}
        for workers in WORKERS:
            with served(shop.home, workers, PORT, "--no-worker"):
                got = alternate(shop, works | {f"POST /purchases, {workers} workers": poster(PORT)})
            inserts = got["bare inserts"]
            found[f"bare inserts (beside {workers})"] = (inserts, inserts)
            found[f"POST /purchases, --workers {workers}"] = (got[f"POST /purchases, {workers} workers"], inserts)
        summing = _summed_up(shop)
    table(
        f"**`POST /purchases` end to end, 8 clients** ({where})",
        ("work", "receipts/s", "p95 ms", "× bare", "CPU ms: clients", "server", "PostgreSQL", "all", "bare's ÷ its"),
        [_row(name, *each) for name, each in found.items()],
    )
    print(f"\nThe worker takes {summing:.2f} ms of PostgreSQL's CPU to sum up a receipt, 1,000 at once.")


def _summed_up(shop: Shop, batches: int = 10) -> float:
    """CPU ms a receipt that the job takes which sums receipts up, over those that wait."""
    engine, server = sa.create_engine(shop.url), postmaster(shop.home)
    before, rolled = of_tree(server), 0
    with Session(engine) as session:
        for _ in range(batches):
            rolled += roll(session, most=1_000)
            session.commit()
        spent = of_tree(server) - before
    engine.dispose()
    return 1000 * spent / rolled


def _row(name: str, got: Round, bare_inserts: Round) -> tuple[str, ...]:
    ratios = got.rate / bare_inserts.rate, bare_inserts.cpu_ms.all / got.cpu_ms.all
    cpu = (got.cpu_ms.client, got.cpu_ms.server, got.cpu_ms.postgres, got.cpu_ms.all)
    return (
        name, f"{got.rate:,.0f}", f"{got.p95_ms:.1f}", f"{ratios[0]:.2f}", *(f"{each:.2f}" for each in cpu),
        f"{ratios[1]:.2f}",
    )  # fmt: skip


if __name__ == "__main__":
    main()
