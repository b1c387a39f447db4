"""Who may join a club, and how much of a sale counts towards it."""

import datetime as dt
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from sqlalchemy.orm import Session

from erp_club.permissions.actors import Actor
from erp_club.programmes.engine.membership import Way
from erp_club.programmes.engine.parts import MOST_MINOR, Measure
from erp_club.programmes.engine.places import ANY_STORE, Where
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.renew import may_not_join
from erp_club.programmes.households.queries import lives_with_member
from erp_club.purchases.fees import errors
from erp_club.purchases.fees.queries import applicant, born_of


@dataclass(frozen=True, slots=True)
class Day:
    """When and by whom something is done, and where: None at the back office."""

    today: dt.date
    now: dt.datetime
    by: Actor
    where: Where | None = ANY_STORE


Bought = Callable[[Measure], int]
"""How much of a sale counts by a measure, in minor units."""


def everything_bought(_of: Measure) -> int:
    """Where what was bought isn't asked for."""
    return MOST_MINOR


def nothing_bought(_of: Measure) -> int:
    """Where nothing is sold."""
    return 0


def check_alone(session: Session, customer_id: int, club_id: int, programme: Programme, day: Day) -> None:
    """Raises Conflict `household-has-member` where a household has one membership, and this one has it already."""
    rule = programme.household
    if rule is None or not rule.one_per_household:
        return
    if lives_with_member(session, club_id, customer_id, on=day.today):
        raise errors.one_per_household()


def check_joining(session: Session, customer_id: int, programme: Programme, bought: Bought, day: Day) -> int:
    """What the sale must come to; 0 where asking is enough. Raises Conflict `may-not-join`, `purchase-too-small`."""
    ways = programme.joining.ways
    way = Way.REQUEST if Way.REQUEST in ways else Way.PURCHASE if Way.PURCHASE in ways else Way.INVITATION
    who = applicant(session, customer_id, way=way, where=day.where, purchase_minor=0, on=day.today)
    who = replace(who, born=born_of(session, programme, customer_id))
    hinders = [name for name in may_not_join(programme, who, on=day.today) if name != "joining.purchase_minor"]
    if hinders:
        raise errors.may_not_join(hinders)
    least = (programme.joining.purchase_minor or 0) if way is Way.PURCHASE else 0
    if least:
        check_bought(least, bought(programme.joining.purchase_of), programme)
    return least


def check_length(months: int | None, offered: Collection[int]) -> None:
    """Raises Invalid on `months` where a length was chosen that isn't offered."""
    if months is not None and months not in offered:
        raise errors.no_such_length(offered)


def check_bought(least: int, bought_minor: int, programme: Programme) -> None:
    """Raises Conflict `purchase-too-small` where less counts than is needed."""
    if bought_minor < least:
        some = programme.joining.purchase_of != Measure()
        raise errors.too_little_bought(least, least - bought_minor, programme.currency, of_some=some)
