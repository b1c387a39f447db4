"""Our engine beside django-oscar on the same baskets and offers, in one run: `make bench-peers`.

Ours finds the best combination and explains every offer; theirs applies the exclusive offers by priority. Both are the
median CPU of one process for a basket of 20 lines; theirs loads it from SQLite in memory, as its checkout does.
"""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from benchmarks.shop import machine, table

PEERS = Path(".venv-peers/bin/python")
SIZES = ((10, 12, False), (100, 6, False), (1_000, 3, False), (100, 3, True))
"""Offers, baskets for the peer (which takes seconds for one), and whether all offers are on the basket's groups."""


def _asked(*command: str) -> dict[str, Any]:
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise SystemExit(done.stderr)
    return json.loads(done.stdout.splitlines()[-1])


def main() -> None:
    """Print the table."""
    if not PEERS.exists():
        raise SystemExit("Run `make bench-peers`: it makes the environment that the peers need.")
    print(machine())
    rows: list[tuple[object, ...]] = []
    for offers, baskets, dense in SIZES:
        more = ["dense"] if dense else []
        ours = _asked(sys.executable, "-m", "benchmarks.pricing", "cpu", str(offers), *more)["p50_ms"]
        theirs = _asked(str(PEERS), "-m", "benchmarks.peers.oscar", str(offers), str(baskets), *more)["p50_ms"]
        name = f"{offers:,}{' on the basket' if dense else ''}"
        rows.append((name, f"{ours:.3f}", f"{theirs:,.0f}", f"{theirs / ours:,.0f}"))
    table("A basket of 20 lines, CPU ms", ("offers", "ERP Club", "django-oscar", "ratio"), rows)


if __name__ == "__main__":
    main()
