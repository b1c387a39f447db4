"""Guessing numbers of gift cards and codes of coupons, from one till and from many.

`python -m tests.stored_value.guessing 100000` (`make guessing`) takes some minutes on a database of its own; the
suite runs a short one.
"""

import datetime as dt
import itertools
import random
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.kernel import embedded, schema
from erp_club.kernel.db import Database, parse_url
from erp_club.kernel.errors import Throttled
from erp_club.kernel.keyring import Keyring, new_keys
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.tries.models import Lockout
from erp_club.promotions.coupons import commands as coupons
from erp_club.promotions.coupons import queries as coupon_queries
from erp_club.promotions.coupons.codes import new_codes
from erp_club.promotions.coupons.models import CouponCode
from erp_club.stored_value.proof.commands import Entered, prove
from tests.make.coupons import a_batch, some_coupons
from tests.make.organisation import NOW, a_chain, a_store, a_terminal
from tests.make.stored_value import a_gift_card, a_kind

EVERY = dt.timedelta(seconds=1)


@dataclass
class Told:
    """What guessing came to: `looked_at` weren't turned away; `alarm_after` is the guess by which it was told."""

    guesses: int = 0
    looked_at: int = 0
    hits: int = 0
    locks: int = 0
    alarm_after: int | None = None


def guess(session: Session, kind: Kind, tills: list[int], guesses: int, *, seed: int = 1) -> Told:
    """So many guesses, by turns at these tills, one a second at each."""
    told, chance = Told(), random.Random(seed)
    codes = itertools.chain.from_iterable(new_codes(1000) for _ in itertools.count())
    last = session.scalar(sa.select(sa.func.max(Lockout.id))) or 0
    fresh = sa.select(sa.func.count()).select_from(Lockout).where(Lockout.kind == kind, Lockout.id > last)
    for number, till in zip(range(guesses), itertools.cycle(tills), strict=False):
        now, scope = NOW + number * EVERY / len(tills), f"terminal:{till}"
        told.guesses += 1
        if kind is Kind.CARDS:
            hit = _card(session, scope, f"{chance.randrange(10**16):016}", now)
        else:
            hit = _coupon(session, scope, next(codes), now)
        told.looked_at += hit is not None
        told.hits += bool(hit)
        if told.alarm_after is None and session.scalar(fresh):
            told.alarm_after = told.guesses
    told.locks = session.scalar(fresh.where(Lockout.until.is_not(None))) or 0
    return told


def _card(session: Session, scope: str, number: str, now: dt.datetime) -> bool | None:
    try:
        return prove(session, [Entered(number)], scope=scope, now=now).refusal is None
    except Throttled:
        return None


def _coupon(session: Session, scope: str, code: str, now: dt.datetime) -> bool | None:
    until = coupon_queries.locked_until(session, scope, now=now)
    if until is not None and until > now:
        return None
    if session.scalar(sa.select(sa.exists().where(CouponCode.code == code))):
        return True
    coupons.count_wrong(session, scope, [code], now=now)
    return False


def a_shop(session: Session, *, tills: int) -> list[int]:
    """A chain that has sold cards and issued coupons, and the ids of its tills."""
    a_chain(session)
    store = a_store(session)
    a_batch(session)
    some_coupons(session, 1000)
    kind_id = a_kind(session)
    for _ in range(20):
        a_gift_card(session, kind_id=kind_id)
    return [a_terminal(session, store)[0] for _ in range(tills)]


def main() -> None:
    """Guess as often as is said, and print what came of it; ends with 1 where anything was hit or told too late."""
    guesses, failed = int(sys.argv[1]), False
    with tempfile.TemporaryDirectory() as home:
        joined = embedded.join(Path(home))
        database = Database(parse_url(joined.url), keyring=Keyring(text=new_keys()))
        schema.migrate(database)
        with database.session() as session:
            tills = a_shop(session, tills=200)
            for kind, at in itertools.product((Kind.CARDS, Kind.COUPONS), (tills[:1], tills)):
                session.commit()
                told = guess(session, kind, at, guesses)
                failed |= told.hits > 0 or told.alarm_after is None or told.alarm_after > 20
                sys.stdout.write(
                    f"{kind}: {told.guesses:,} guesses at {len(at)} tills, {told.looked_at:,} looked at, "
                    f"{told.hits} hits, {told.locks:,} locks, told after {told.alarm_after}\n"
                )
                session.rollback()
        database.engine.dispose()
        joined.leave()
    sys.exit(failed)


if __name__ == "__main__":
    main()
