"""`python -m tests.torture.backup SECONDS`: a backup while tills sell, brought back elsewhere, with a table at the end.

Whatever a till was told of before the backup began is in the copy once, and nothing is in it that nobody asked for.
"""

import os
import subprocess
import sys
import tempfile
import threading
import time
from collections import Counter
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa

from erp_club.kernel import db
from erp_club.kernel.settings import Settings
from tests.torture.proof import CREATED
from tests.torture.shop import TILLS, Server, furnish
from tests.torture.tills import KINDS, Asked, Pulse, Till


@dataclass(frozen=True)
class Copied:
    """How many receipts tills knew of when the backup began, how many the copy holds, and what is wrong with it."""

    known: int
    kept: int
    seconds: float
    faults: list[str]


def copy_while_selling(home: Path, *, port: int, seconds: float) -> Copied:
    """Sell for so many seconds after the first receipt, back up while tills go on, and bring the file back."""
    at_work, elsewhere, file = home / "shop", home / "copy", home / "shop.backup"
    for folder in (home, at_work, elsewhere):
        folder.mkdir(exist_ok=True)
        folder.chmod(0o755)
    shop = furnish(at_work, port)
    server, pulse, stopping = Server(shop), Pulse(), threading.Event()
    server.start()
    tills = [Till(shop, number, pulse, stopping, KINDS) for number in range(TILLS)]
    try:
        for till in tills:
            till.start()
        while not _receipts(tills) and all(till.is_alive() for till in tills):
            pulse.pause(0.1)
        pulse.pause(seconds)
        known = _receipts(tills)
        began = time.monotonic()
        faults = _erp_club(at_work, "backup", str(file))
        took = time.monotonic() - began
        stopping.set()
        for till in tills:
            till.join()
    finally:
        stopping.set()
        server.stop()
    faults += _erp_club(elsewhere, "restore", str(file))
    kept, asked = _kept(elsewhere), Counter({each.body["receipt_no"]: 1 for till in tills for each in till.asked})
    faults += [f"lost: {number}" for number in known - kept]
    faults += [f"nobody asked for it, or it is there twice: {number}" for number in kept - asked]
    return Copied(known.total(), kept.total(), took, faults)


def _receipts(tills: list[Till]) -> Counter[str]:
    """The numbers of the sales and returns that tills were told of so far."""
    asked = [each for till in tills for each in till.asked]
    return Counter[str](each.answer.said["receipt_no"] for each in asked if each.answer and _is_receipt(each))


def _is_receipt(asked: Asked) -> bool:
    made = asked.answer is not None and asked.answer.status == CREATED
    return made and (asked.path == "/purchases" or asked.path.endswith("/returns"))


def _kept(home: Path) -> Counter[str]:
    database = db.connect(Settings(home=home))
    try:
        with database.session() as session:
            return Counter[str](session.scalars(sa.text("SELECT receipt_no FROM receipts")))
    finally:
        database.close()


def _erp_club(home: Path, *words: str) -> list[str]:
    """Run a command over this home; what it had to say where it failed. A restore proves the ledgers itself."""
    env = os.environ | {"ERP_CLUB_HOME": str(home)}
    env.pop("ERP_CLUB_DATABASE_URL", None)
    done = subprocess.run(
        [sys.executable, "-m", "web.cli", *words], env=env, capture_output=True, text=True, check=False
    )
    return [f"{words[0]}: {done.stdout}{done.stderr}"] if done.returncode else []


def main(seconds: float = 20, port: int = 8197) -> int:
    """Back up a shop at work, print what came of it, and give the exit code."""
    with tempfile.TemporaryDirectory(prefix="erp-club-backup-", ignore_cleanup_errors=True) as folder:
        copied = copy_while_selling(Path(folder), port=port, seconds=seconds)
    print("\n| backup while tills sell | |\n| --- | --- |")
    print(f"| tills | {TILLS} |")
    print(f"| receipts that tills were told of before it began | {copied.known:,} |")
    print(f"| receipts in the copy | {copied.kept:,} |")
    print(f"| seconds for the backup | {copied.seconds:.1f} |")
    print(f"| lost, doubled, unknown, or not derivable | {len(copied.faults)} |")
    for fault in copied.faults[:50]:
        print(fault)
    return 1 if copied.faults else 0


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]) if len(sys.argv) > 1 else 20))
