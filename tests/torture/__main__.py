"""`python -m tests.torture SECONDS KILLS`: the long version (15 minutes, 200 kills), with a table at the end."""

import sys
import tempfile
from collections import Counter
from pathlib import Path

from tests.torture.run import torture
from tests.torture.shop import TILLS


def main(seconds: float = 900, kills: int = 200, port: int = 8195) -> int:
    """Torture a shop, print what came of it, and give the exit code."""
    with tempfile.TemporaryDirectory(prefix="erp-club-torture-", ignore_cleanup_errors=True) as folder:
        outcome = torture(Path(folder), port=port, seconds=seconds, kills=kills)
    kinds = Counter(each.kind for each in outcome.asked)
    rows = [
        ("tills, each request sent three times", TILLS),
        ("minutes", f"{seconds / 60:.1f}"),
        ("kill -9 of the web server", outcome.web_kills),
        ("kill -9 of PostgreSQL", outcome.postgres_kills),
        ("requests", ", ".join(f"{count:,} {kind}" for kind, count in sorted(kinds.items()))),
        (
            "acknowledged with 201",
            f"{sum(bool(each.answer and each.answer.status == 201) for each in outcome.asked):,}",
        ),
        ("first answer after a kill, p95 (target 5 s)", f"{outcome.p95:.1f} s"),
        ("lost, doubled, answered otherwise, or not derivable", len(outcome.faults)),
    ]
    print("\n| torture | |\n| --- | --- |")
    for name, value in rows:
        print(f"| {name} | {value} |")
    for fault in outcome.faults[:50]:
        print(fault)
    return 1 if outcome.faults else 0


if __name__ == "__main__":
    given = [float(each) for each in sys.argv[1:3]]
    sys.exit(main(given[0] if given else 900, int(given[1]) if len(given) > 1 else 200))
