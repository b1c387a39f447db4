"""Converts points of accounts as a club says: into a new unit, into points of another club, or into money on a card.

Each account is held by whoever calls. What went out and what came in are two movements, kept together in a row, by
which it is told, found by a run that takes it back, and not done twice.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.clubs.conversions.queries import Target, targets
from erp_club.clubs.earning.queries import rules_on
from erp_club.clubs.levels.queries import levels_of
from erp_club.clubs.models import Club
from erp_club.kernel.text import named_in
from erp_club.permissions.actors import Actor
from erp_club.points.conversions.commands import (
    Moved,
    OpenLot,
    convert_debt,
    debts_before,
    latest,
    open_lots,
    put_in,
    take_out,
)
from erp_club.points.conversions.kinds import ConversionCause
from erp_club.points.conversions.models import PointsConversion
from erp_club.points.kinds import MovementKind
from erp_club.points.ledger.commands import Cause
from erp_club.points.rules import Bucket, Conversion, bucket
from erp_club.points.sets.amounts.commands import give_points
from erp_club.points.sets.commands import Key, SetCause, hold_accounts
from erp_club.stored_value.lots import last_day
from erp_club.stored_value.models import CardProduct
from erp_club.stored_value.products.gifts.commands import gift_product
from erp_club.stored_value.sets.commands import WantedCard, give_cards


@dataclass(frozen=True, slots=True)
class Converting:
    """Of which club, by which version of its rules, what, and why. `begins_on`: only points given by earlier rules."""

    club_id: int
    rules_no: int
    conversion: Conversion
    cause: ConversionCause
    on: dt.date
    now: dt.datetime
    by: Actor
    run_id: int | None = None
    begins_on: dt.date | None = None

    @property
    def is_new_unit(self) -> bool:
        """Whether the same accounts go on in another unit."""
        return self.conversion.to_club is None and self.conversion.to_points is not None

    def moves(self, name: str) -> SetCause:
        """The cause of its movements."""
        return SetCause(MovementKind.CONVERTED, self.on, self.now, self.by, self.run_id, name)


@dataclass(frozen=True, slots=True)
class Converted:
    """What was done: how many accounts, points taken, and what they became; who isn't a member of the other club."""

    accounts: int = 0
    points: int = 0
    became: int = 0
    left: Sequence[Key] = ()


def convert(session: Session, keys: Sequence[Key], how: Converting) -> Converted:
    """Convert what these held accounts have, by the day. Who isn't a member of the other club is left as it is.

    Raises what setting up a kind of gift card raises, where money is given and there is none.
    """
    there: Mapping[Key, Target] = {}
    if how.conversion.to_club is not None:
        there = targets(session, keys, how.conversion.to_club, on=how.on)
        hold_accounts(session, sorted(each.key for each in there.values()))
    left = [key for key in keys if how.conversion.to_club is not None and key not in there]
    mine = [key for key in keys if key not in set(left)]
    found = open_lots(session, mine, on=how.on, before_version=None if how.begins_on is None else how.rules_no)
    name = named_in(session.execute(sa.select(Club.names).where(Club.id == how.club_id)).scalar_one(), "en")
    owing = debts_before(session, mine, how.begins_on) if how.is_new_unit and how.begins_on is not None else {}
    for key, owed in owing.items():
        cause = Cause(MovementKind.CONVERTED, how.on, how.now, how.by, reason=name, run_id=how.run_id)
        convert_debt(session, key, owed, how.conversion.worth(owed), cause)
    taken = take_out(session, found, how.moves(name))
    rows = _rows(session, how, found, taken, there, name)
    for key in owing.keys() - rows.keys():
        rows[key] = _row(how, key) | {"points": 0, "became": 0}
    for key, owed in owing.items():
        rows[key] |= {"owed": owed, "owes": how.conversion.worth(owed)}
    if rows:
        session.execute(sa.insert(PointsConversion), [_EMPTY | row for row in rows.values()])
    became = sum(row["became"] for row in rows.values())
    return Converted(len(rows), sum(each.points for each in taken.values()), became, left)


_EMPTY: dict[str, Any] = dict.fromkeys(
    ("seq", "to_holder_id", "to_account_id", "to_seq", "card_customer_id", "card_id")
) | {"owed": 0, "owes": 0}


def _rows(
    session: Session,
    how: Converting,
    found: Mapping[Key, Sequence[OpenLot]],
    taken: Mapping[Key, Moved],
    there: Mapping[Key, Target],
    name: str,
) -> dict[Key, dict[str, Any]]:
    """Give what the taken points become, and tell it by account."""
    worth = {key: how.conversion.worth(each.points) for key, each in taken.items()}
    rows = {
        key: _row(how, key) | {"points": each.points, "seq": each.seq, "became": worth[key]}
        for key, each in taken.items()
    }
    if how.conversion.to_points is None:
        for key, card in _money(session, how, {key: value for key, value in worth.items() if value}, name).items():
            rows[key] |= {"card_customer_id": key[0], "card_id": card}
        return rows
    if how.conversion.to_club is None:
        given = put_in(session, found, how.conversion, version=how.rules_no, cause=how.moves(name))
        to = {key: (key, each) for key, each in given.items()}
    else:
        to = _elsewhere(session, how, {key: value for key, value in worth.items() if value}, there, name)
    for key, ((holder, account), each) in to.items():
        rows[key] |= {"to_holder_id": holder, "to_account_id": account, "to_seq": each.seq}
    return rows


def _row(how: Converting, key: Key) -> dict[str, Any]:
    return {
        "customer_id": key[0],
        "account_id": key[1],
        "club_id": how.club_id,
        "cause": how.cause,
        "rules_no": how.rules_no,
        "on_date": how.on,
        "from_points": how.conversion.from_points,
        "to_points": how.conversion.to_points,
        "to_club": how.conversion.to_club,
        "run_id": how.run_id,
        "at": how.now,
    }


def _elsewhere(
    session: Session, how: Converting, worth: Mapping[Key, int], there: Mapping[Key, Target], name: str
) -> dict[Key, tuple[Key, Moved]]:
    """Points of another club, under its rules of the day."""
    kinds: dict[Bucket, list[Key]] = defaultdict(list)
    terms = {each.club_id: rules_on(session, each.club_id, on=how.on).terms for each in there.values()}
    levels: dict[int, str] = {}
    for club_id in terms:
        levels |= levels_of(session, club_id, [at.key[1] for at in there.values() if at.club_id == club_id])
    for key in worth:
        at = there[key]
        its = terms[at.club_id].on_level(levels.get(at.key[1]))
        kinds[bucket(its, how.on, joined_on=at.joined_on)].append(key)
    made: dict[Key, tuple[Key, Moved]] = {}
    for to, mine in kinds.items():
        give_points(session, [(*there[key].key, worth[key]) for key in mine], to, how.moves(name))
        seqs = latest(session, [there[key].key for key in mine])
        made |= {key: (there[key].key, Moved(seqs[there[key].key], worth[key])) for key in mine}
    return made


def _money(session: Session, how: Converting, worth: Mapping[Key, int], name: str) -> dict[Key, int]:
    """A gift card for each holder."""
    if not worth:
        return {}
    club = session.execute(sa.select(Club.code, Club.names).where(Club.id == how.club_id)).one()
    product_id = gift_product(session, club.code, club.names, now=how.now, by=how.by)
    ends = last_day(how.on, session.get_one(CardProduct, product_id).valid_months)
    wanted = [WantedCard(key[0], value, ends) for key, value in worth.items()]
    ids = give_cards(
        session, product_id, wanted, reason=name, on=how.on, now=how.now, by=how.by, run_id=how.run_id
    )  # fmt: skip
    return dict(zip(worth, ids, strict=True))
