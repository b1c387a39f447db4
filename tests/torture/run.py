"""Many tills at work while the server and PostgreSQL are killed again and again, and what is left of it."""

import random
import statistics
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from erp_club.kernel import db
from erp_club.kernel.settings import Settings
from tests.torture.proof import faults
from tests.torture.shop import TILLS, Server, Shop, furnish
from tests.torture.tills import KINDS, Asked, Pulse, Till


@dataclass(frozen=True)
class Outcome:
    """What happened: kills of the web server and of PostgreSQL, seconds from each to the first answer, the faults."""

    asked: list[Asked]
    web_kills: int
    postgres_kills: int
    waits: list[float]
    faults: list[str]

    @property
    def p95(self) -> float:
        """The 95th percentile of the waits, in seconds."""
        return statistics.quantiles(self.waits, n=20)[-1] if len(self.waits) > 1 else max(self.waits, default=0.0)


def torture(home: Path, *, port: int, seconds: float, kills: int, tell: Callable[[str], None] = print) -> Outcome:
    """Work for so many seconds, with so many kills spread over them at random."""
    shop = furnish(home, port)
    server, pulse, stopping = Server(shop), Pulse(), threading.Event()
    server.start()
    tills = [Till(shop, number, pulse, stopping, KINDS) for number in range(TILLS)]
    try:
        for till in tills:
            till.start()
        web, postgres, waits = _kill(server, pulse, seconds=seconds, kills=kills, tell=tell)
        stopping.set()
        for till in tills:
            till.join()
    finally:
        stopping.set()
        server.stop()
    asked = [each for till in tills for each in till.asked]
    return Outcome(asked, web, postgres, waits, _faults(shop, asked))


def _kill(
    server: Server, pulse: Pulse, *, seconds: float, kills: int, tell: Callable[[str], None]
) -> tuple[int, int, list[float]]:
    draw = random.Random(7)
    began = time.monotonic()
    _first_answer(pulse, began)
    web, postgres, waits = 0, 0, list[float]()
    for nth in range(kills):
        due = began + seconds * (nth + draw.random()) / kills
        pulse.pause(max(0.0, due - time.monotonic()))
        killed = time.monotonic()
        if nth % 2 == 0:
            server.kill()
            server.start()
            web += 1
        else:
            server.kill_postgres()
            postgres += 1
        waits.append(_first_answer(pulse, killed))
        tell(f"{nth + 1} of {kills}: first answer after {waits[-1]:.1f} s")
    pulse.pause(max(0.0, began + seconds - time.monotonic()))
    return web, postgres, waits


def _first_answer(pulse: Pulse, since: float) -> float:
    """Seconds until somebody is answered again."""
    while pulse.sent <= since:
        if time.monotonic() > since + 60:
            raise TimeoutError("the shop doesn't answer any more")
        pulse.pause(0.01)
    return time.monotonic() - since


def _faults(shop: Shop, asked: list[Asked]) -> list[str]:
    database = db.connect(Settings(home=shop.home))
    try:
        with database.session() as session:
            return list(faults(session, asked))
    finally:
        database.close()
