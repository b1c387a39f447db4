"""How long it takes to forecast an offer over a year of the demo's receipts, with 100 offers in force.

The offers stand on the 100 busiest groups, five kinds in turn, a third of them for members only. Tried are an offer on
one group, one on everything that comes on top of others, and one on everything that competes with all of them: there
each basket is a search for the best combination.
"""

import datetime as dt
import tempfile
import time
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from benchmarks.shop import machine, table
from erp_club.demo.commands import load
from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.kernel.text import Text
from erp_club.permissions.actors import SYSTEM
from erp_club.promotions import commands
from erp_club.promotions.engine.offer import Offer
from erp_club.reports.forecast import Period, forecast

OFFERS, MOST_SECONDS = 100, 12
YEAR = Period(dt.date(2016, 12, 1), dt.date(2018, 1, 31))
FROM_50: dict[str, Any] = {"when": {"amount_minor": 50_00}}
PERCENT = {"kind": "percent", "value_bp": 500}
NOW = dt.datetime(2026, 11, 25, tzinfo=dt.UTC)


class Silent:
    """Loads without a word."""

    def read(self, done: int, total: int) -> None: ...
    def phase(self, doing: Text) -> None: ...


def offer(code: str, reward: dict[str, Any], **said: Any) -> Offer:
    return Offer.model_validate({"code": code, "names": {"en": code}, "rewards": [reward], **said})


def rewards(group: str) -> list[dict[str, Any]]:
    on = {"groups": [group]}
    return [
        {"kind": "percent", "value_bp": 1000, "on": on},
        {"kind": "buy_get", "size": 3, "on": on},
        {"kind": "buy_get", "size": 2, "off_bp": 5000, "on": on},
        {"kind": "amount", "value_minor": 50, "spread": "unit", "on": on},
        {"kind": "bundle", "slots": [{"quantity": 2, "on": on}], "off_bp": 1500},
    ]


def publish(session: Session) -> list[str]:
    """Publish the offers; gives the groups they stand on."""
    groups = session.scalars(
        sa.text(
            "SELECT g.name FROM product_groups g JOIN products p ON p.group_id = g.id "
            "JOIN receipt_lines l ON l.product_id = p.id GROUP BY g.name ORDER BY count(*) DESC, g.name LIMIT :most"
        ),
        {"most": OFFERS},
    ).all()
    for index, group in enumerate(groups):
        when = {"clubs": ["GOLD"]} if index % 3 == 0 else {"all": []}
        made = offer(f"BENCH-{index}", rewards(group)[index % 5], when=when)
        offer_id = commands.create_offer(session, made, now=NOW, by=SYSTEM)
        commands.publish_offer(session, offer_id, language="en", today=NOW.date(), now=NOW, by=SYSTEM)
    return list(groups)


def main() -> None:
    with tempfile.TemporaryDirectory(prefix="erp-club-bench-", ignore_cleanup_errors=True) as folder:
        joined = embedded.join(Path(folder))
        database = Database(parse_url(joined.url), keyring=Keyring(text=new_keys()))
        schema.migrate(database)
        with database.session() as session:
            load(session, full=False, home=Path(folder), progress=Silent(), now=NOW, by=SYSTEM)
            groups = publish(session)
            session.commit()
        tried = {
            "one group": offer("TRIED", PERCENT | {"value_bp": 3000, "on": {"groups": [groups[0]]}}),
            "everything from 50.00 on, on top": offer("TRIED", PERCENT, **FROM_50, combination={"mode": "stackable"}),
            "everything from 50.00 on, competing": offer("TRIED", PERCENT, **FROM_50),
        }
        rows: list[list[str]] = []
        for what, each in tried.items():
            with database.session() as session:
                began, worked = time.perf_counter(), time.process_time()
                outcome = forecast(session, [each], YEAR, progress=lambda _done, _total: None)
                seconds, cpu = time.perf_counter() - began, time.process_time() - worked
            figures = (f"{outcome.receipts:,}", f"{outcome.baskets:,}", f"{cpu:.1f}", f"{seconds:.1f}")
            rows.append([what, *figures, f"≤ {MOST_SECONDS}"])
        database.close()
        joined.leave()
    table(
        f"Forecast of one offer beside {OFFERS} in force · {machine()}",
        ("tried", "receipts", "touched", "CPU s of one core", "s", "target"),
        rows,
    )


if __name__ == "__main__":
    main()
