"""The permission check: `decide()` for every action, as each of the roles, and for a person with grants for many clubs.

It is asked at every route, for every button, and again inside the commands that have limits.
"""

import statistics
import time
from collections.abc import Callable
from dataclasses import replace

from benchmarks.shop import machine, p95, table
from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission, Role, Scope
from erp_club.permissions.rules import Asked, Grant, Held, Limits, delivered

ROUNDS, TIMES, CLUBS = 100, 50, 50
TARGET_MS = 0.1


def clubs_of(held: Held) -> Held:
    """The same actions, each for 50 clubs with limits, under a cap of the chain."""
    each = tuple(Grant(Scope.CLUB, club, Limits(500, 2_000, 1_000)) for club in range(1, CLUBS + 1))
    return Held(dict.fromkeys(held.grants, each), dict.fromkeys(held.grants, Limits(10_000, 50_000)))


def people() -> dict[str, Actor]:
    """Who asks."""
    made = {role.value: Actor(role.value, delivered(role), 1, role.value, store_id=7) for role in Role}
    return made | {f"hq, for {CLUBS} clubs": replace(made["hq"], held=clubs_of(delivered(Role.HQ)))}


def measure(ask: Callable[[], object]) -> list[float]:
    """Milliseconds of CPU for one question, each the mean of a short run."""
    told: list[float] = []
    for _ in range(ROUNDS):
        began = time.process_time()
        for _ in range(TIMES):
            ask()
        told.append((time.process_time() - began) * 1000 / TIMES)
    return told


def main() -> None:
    """Measure and print."""
    head = machine()
    rows: list[list[str]] = []
    for name, by in people().items():
        worst = ("", 0.0, 0.0)
        for action in Permission:
            asked = Asked(store_id=7, club_id=CLUBS, own=True, amount=400, percent_bp=500, used_today=900)
            told = measure(lambda by=by, action=action, asked=asked: by.decide(action, asked))
            worst = max(worst, (action.value, statistics.median(told), p95(told)), key=lambda each: each[2])
        kept = "yes" if worst[2] <= TARGET_MS else "**missed**"
        rows.append([name, worst[0], f"{worst[1]:.4f}", f"{worst[2]:.4f}", kept])
    table(
        f"One permission check, without a query ({head})",
        ["who", "slowest action", "median ms", "p95 ms", "≤ 0.1"],
        rows,
    )


if __name__ == "__main__":
    main()
