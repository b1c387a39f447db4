"""A code that was entered: what may be told of it, and to whom. Pure."""

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from erp_club.permissions.actors import Actor
from erp_club.permissions.catalog import Permission
from erp_club.promotions.coupons import errors
from erp_club.promotions.engine import facts


@dataclass(frozen=True, slots=True)
class Entry:
    """A coupon as it was entered. `held`: the sale has it reserved, so it was found right before.

    `own`: it is the buyer's, or was used by them: whoever shows it once more guesses nothing.
    """

    coupon: facts.Coupon
    held: bool = False
    own: bool = False


@dataclass(frozen=True, slots=True)
class Taken:
    """What the engine is told of the codes that were entered, and which of them count as wrong ones."""

    coupons: tuple[facts.Coupon, ...]
    wrong: tuple[str, ...]


def take_entries(entries: Sequence[Entry], *, locked_until: dt.datetime | None, now: dt.datetime, by: Actor) -> Taken:
    """What may be told of codes that were entered here.

    A foreign and a used coupon are an unknown code to whoever may not see coupons. `wrong` is to be counted by
    `commands.count_wrong`, whatever becomes of the request: not the buyer's own coupon that is used up. Raises
    Throttled (429) where no codes are taken until `locked_until`, unless the sale holds all of them already.
    """
    if locked_until is not None and locked_until > now and not all(entry.held for entry in entries):
        raise errors.locked(locked_until, now)
    may_know = by.may(Permission.COUPONS_VIEW)
    shown = tuple(entry.coupon if may_know else _veiled(entry.coupon) for entry in entries)
    return Taken(shown, tuple(entry.coupon.text for entry in entries if entry.coupon.fault in _WRONG and not entry.own))


_WRONG = frozenset({"unknown_code", "not_owner", "used_up"})


def _veiled(coupon: facts.Coupon) -> facts.Coupon:
    return facts.Coupon(coupon.text, fault="unknown_code") if coupon.fault in _WRONG else coupon
