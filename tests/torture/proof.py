"""What must be true when the dust has settled: what was acknowledged is there once, and every figure can be derived."""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.jobs.verify import wrong_rows
from tests.torture.tills import Asked

CREATED = 201


def faults(session: Session, asked: Sequence[Asked]) -> Iterator[str]:
    """Everything that isn't as it must be; empty is what it should be."""
    yield from (f"never answered: {each.kind} {each.path}" for each in asked if each.answer is None)
    yield from (f"a repeat was answered otherwise: {each.kind} {each.path}" for each in asked if not each.alike)
    sales = [said for path, said in _acknowledged(asked) if path == "/purchases"]
    returns = [said for path, said in _acknowledged(asked) if path.endswith("/returns")]
    yield from _receipts(session, [*sales, *returns])
    yield from _coupons(session, sales)
    yield from _sums(session, sales, returns)
    yield from (str(fault) for fault in wrong_rows(session))


def _acknowledged(asked: Sequence[Asked]) -> list[tuple[str, Any]]:
    return [(each.path, each.answer.said) for each in asked if each.answer and each.answer.status == CREATED]


def _receipts(session: Session, told: Iterable[Any]) -> Iterator[str]:
    """Each acknowledged sale and return is one receipt, and there is no other."""
    kept = Counter[str](session.scalars(sa.text("SELECT receipt_no FROM receipts")))
    said = Counter[str](each["receipt_no"] for each in told)
    yield from (f"receipt lost: {number}" for number in said - kept)
    yield from (f"receipt that nobody was told of, or twice: {number}" for number in kept - said)


def _coupons(session: Session, sales: Iterable[Any]) -> Iterator[str]:
    """Each coupon was used once at most, and as often as tills were told."""
    told = Counter[str](offer["coupon"] for sale in sales for offer in sale["offers"] if offer.get("coupon"))
    yield from (f"coupon used {count} times: {code}" for code, count in told.items() if count > 1)
    kept = session.scalar(sa.text("SELECT count(*) FROM coupon_uses"))
    if kept != sum(told.values()):
        yield f"coupons: the tills were told of {sum(told.values())} uses, {kept} are kept"


def _sums(session: Session, sales: Sequence[Any], returns: Sequence[Any]) -> Iterator[str]:
    """What the tills were told of points and of money on cards is what the ledgers hold, kind by kind."""
    told = {
        "points earned": sum(club["points"] for sale in sales for club in sale["earned"]),
        "points used": sum(club["points"] for sale in sales for club in sale["spent"]),
        "points taken back": sum(club["taken_back"] for each in returns for club in each["points"]),
        "points given back": sum(club["given_back"] for each in returns for club in each["points"]),
        "paid by gift cards": sum(
            paid["amount_minor"] for sale in sales for paid in sale["payments"] if paid["means"] == "stored_value"
        ),
    }
    asked = {
        "points earned": "SELECT sum(points) FROM points_movements WHERE kind = 'earned' AND receipt_id IS NOT NULL",
        "points used": "SELECT -sum(points) FROM points_movements WHERE kind = 'redeemed'",
        "points taken back": "SELECT -sum(points) FROM points_movements WHERE kind = 'returned'",
        "points given back": "SELECT sum(points) FROM points_movements WHERE kind = 'refunded'",
        "paid by gift cards": "SELECT -sum(amount_minor) FROM stored_value_movements WHERE kind = 'paid'",
    }
    for name, statement in asked.items():
        kept = session.scalar(sa.text(statement)) or 0
        if kept != told[name]:
            yield f"{name}: the tills were told {told[name]}, the ledger holds {kept}"
