"""`make fuzz`: 100,000 cases on databases of their own, and a table of what came of them; exit 1 if one is wrong."""

import multiprocessing
import os
import sys
import tempfile
import time
from functools import partial
from pathlib import Path

from erp_club.kernel import embedded
from tests.corpus.parts import Size, fuzz_parts
from tests.corpus.run import Outcome, told

CASES = int(os.environ.get("ERP_CLUB_FUZZ_CASES", "100000"))
LEAST_SHARE = 0.3


def main() -> None:
    """Furnish shops, send everything, one process for each processor, and say what came of it."""
    outcome, began = Outcome(), time.perf_counter()
    with tempfile.TemporaryDirectory() as folder:
        server = embedded.join(Path(folder))
        try:
            size = Size.of(CASES)
            hands = min(os.cpu_count() or 1, size.parts)
            parts = [range(first, size.parts, hands) for first in range(hands)]
            work = partial(fuzz_parts, server.url, size)
            with multiprocessing.get_context("spawn").Pool(hands) as pool:
                for done in pool.imap_unordered(work, enumerate(parts)):
                    outcome.add(done)
        finally:
            server.leave()
    for line in told(outcome):
        print(line)  # noqa: T201 - the table is for whoever called it
    print(f"  in {time.perf_counter() - began:,.0f} s")  # noqa: T201
    sys.exit(1 if outcome.wrong or outcome.share < LEAST_SHARE else 0)


if __name__ == "__main__":
    main()
