"""A shop that is about to be mistreated: a store with many tills, members, coupons, and a server over its own data."""

import datetime as dt
import os
import signal
import subprocess
import sys
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from sqlalchemy.orm import Session

from erp_club.kernel import db, schema
from erp_club.kernel.settings import Settings
from erp_club.permissions import commands as permissions
from erp_club.permissions.places import TerminalFacts
from tests.make.clubs import a_club, a_customer, a_membership, moved
from tests.make.coupons import a_batch, some_coupons
from tests.make.offers import a_published_offer, points_that_pay
from tests.make.organisation import PIN, a_chain, a_store, a_terminal, somebody
from tests.make.purchases import a_product
from tests.make.stored_value import a_gift_card, a_kind

TILLS = 24
CUSTOMERS = 60
"""Few, so that tills meet at the accounts of the same people."""
COUPONS = 4_000
COUPON_MINOR = 5_00
SKUS = ("7290000000017", "7290000000024", "7290000000031")
PRICE_MINOR = 30_00
POINTS = 500
"""What each member begins with."""
POINTS_A_STEP, STEP_MINOR = 20, 1_00
CARDS = 200
CARD_MINOR = 150_00
SECONDS_TO_STOP = 20


@dataclass(frozen=True)
class Shop:
    """What the tills need to know."""

    home: Path
    port: int
    tills: tuple[dict[str, str], ...]
    """The headers by which each is known."""
    customers: tuple[str, ...]
    coupons: tuple[str, ...]
    cards: tuple[str, ...]


def furnish(home: Path, port: int) -> Shop:
    """Everything on an embedded server of its own, in this folder."""
    home.chmod(0o755)
    database = db.connect(Settings(home=home))
    try:
        schema.migrate(database)
        with database.session() as session:
            made = _made(session, home, port)
            session.commit()
            return made
    finally:
        database.close()


def _made(session: Session, home: Path, port: int) -> Shop:
    today = dt.datetime.now(dt.UTC).date()
    a_chain(session)
    store = a_store(session)
    for sku in SKUS:
        a_product(session, sku, price_minor=PRICE_MINOR)
    club = a_club(session, months=None)
    numbers = tuple(f"T{number:04}" for number in range(1, CUSTOMERS + 1))
    for number in numbers:
        customer = a_customer(session, number)
        joined = a_membership(session, customer, club, joined_on=today - dt.timedelta(days=30))
        moved(session, customer, joined.points_account_id, POINTS, on=today - dt.timedelta(days=20))
    points_that_pay(session)
    kind = a_kind(session)
    cards = tuple(a_gift_card(session, CARD_MINOR, kind_id=kind, on=today).number for _ in range(CARDS))
    a_batch(session)
    reward = {"kind": "amount", "value_minor": COUPON_MINOR}
    a_published_offer(session, "FIVE", activation={"by": "coupon", "batch": "WINTER"}, rewards=[reward])
    coupons = some_coupons(session, COUPONS)
    somebody(session)
    tills: list[dict[str, str]] = []
    for _ in range(TILLS):
        terminal_id, key = a_terminal(session, store)
        facts = TerminalFacts(terminal_id, terminal_id, "Till", store.id, store.code, store.name, store.time_zone)
        now = dt.datetime.now(dt.UTC)
        _, token = permissions.sign_on(session, username="cashier", pin=PIN, terminal=facts, now=now, hours=10)
        tills.append({"Authorization": f"Bearer {key}", "X-Staff-Session": token})
    return Shop(home, port, tuple(tills), numbers, coupons, cards)


@dataclass
class Server:
    """`erp-club serve` over a shop, started again as often as somebody kills it."""

    shop: Shop
    workers: int = 2
    process: subprocess.Popen[bytes] | None = field(default=None, init=False)

    def start(self) -> None:
        """Begin to serve; the tills find out when it answers."""
        env = os.environ | {"ERP_CLUB_HOME": str(self.shop.home), "ERP_CLUB_LOG_LEVEL": "WARNING"}
        env.pop("ERP_CLUB_DATABASE_URL", None)
        said = ["serve", "--port", str(self.shop.port), "--workers", str(self.workers), "--no-worker"]
        with (self.shop.home / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "web.cli", *said], env=env, stdout=log, stderr=log, start_new_session=True
            )

    def kill(self) -> None:
        """The end of all its processes at once, without a word; PostgreSQL is in a group of its own."""
        assert self.process is not None
        with suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        """The usual end."""
        assert self.process is not None
        self.process.send_signal(signal.SIGTERM)
        try:
            self.process.wait(SECONDS_TO_STOP)
        except subprocess.TimeoutExpired:
            self.kill()

    def kill_postgres(self) -> None:
        """The end of the postmaster, without a word; its children follow when they notice."""
        with suppress(OSError, ValueError):
            pid = int((self.shop.home / "postgres" / "data" / "postmaster.pid").read_text().split("\n", 1)[0])
            os.kill(pid, signal.SIGKILL)
