"""Points as money: how many a sale takes, and what they take off it."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import lcm

from erp_club.promotions.engine.basket import BP, Basket, Lot
from erp_club.promotions.engine.facts import PointsLimits
from erp_club.promotions.engine.gates import Failure
from erp_club.promotions.engine.give import Give, Purse, Reward, Take, Turn, shared
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.rewards import Redeem
from erp_club.promotions.engine.scope import EVERYTHING
from erp_club.promotions.engine.scopes import Scopes


def redeem(reward: Redeem, scopes: Scopes) -> Reward:
    """Points in whole blocks off the goods, never more than these still cost, within what offer and club allow."""
    scope = scopes.number(reward.on or EVERYTHING)

    def give(turn: Turn) -> Give:
        purse = turn.purse
        club = None if purse is None else purse.club(reward.club)
        if purse is None or club is None:
            return Give(failure=(Reason.NOT_MEMBER, None))
        limits, lots = purse.limits(club), turn.lots(scope)
        targets = [(lot, lot.count, lot.left) for lot in lots if _payable(turn.basket, lot, limits)]
        failure = _before(limits, purse.balance(club), excluded=bool(lots) and not targets)
        if failure is not None:
            return Give(failure=failure)
        wanted = turn.claim.points if turn.claim is not None else None
        return _Paying(reward, limits, purse, club, targets, turn.basket.owed()).give(wanted)

    return give


def _before(limits: PointsLimits, balance: int, *, excluded: bool) -> Failure | None:
    """Why no points pay here, however many."""
    if limits.closed:
        return Reason.POINTS_CLOSED, None
    if limits.not_theirs:
        return Reason.POINTS_NOT_THEIRS, None
    if balance < limits.least_balance:
        return Reason.POINTS_BALANCE, limits.least_balance - balance
    if limits.left_today == 0:
        return Reason.POINTS_OF_DAY, None
    return (Reason.POINTS_EXCLUDED, None) if excluded else None


def _payable(basket: Basket, lot: Lot, limits: PointsLimits) -> bool:
    """Whether the club lets points pay for these units."""
    line = basket.lines[lot.line]
    if line.product in limits.without_products or line.group in limits.without_groups:
        return False
    if lot.line in basket.changed and basket.changed[lot.line][1] in limits.without_price_lists:
        return False
    if not limits.promoted and basket.touched(lot):
        return False
    return limits.reduced or not basket.reduced(lot.line)


@dataclass(frozen=True, slots=True)
class _Paying:
    """Points of one club before the goods that they may pay."""

    reward: Redeem
    limits: PointsLimits
    purse: Purse
    club: str
    targets: Sequence[Take]
    owed: int
    """What the whole sale still costs: an amount typed in by hand may leave less than the goods do."""

    def give(self, wanted: int | None) -> Give:
        """What they take off: as many points as wanted, or as can be used."""
        least = max(self.reward.least, self.limits.least, 1)
        block = lcm(self.reward.block, self.limits.step)
        ceiling = self._ceiling()
        most = ceiling if wanted is None else min(wanted, ceiling)
        points = _most_blocks(most // block, block, self._there)
        if wanted is not None and wanted > self._there(points):
            return Give(failure=(Reason.NOT_ENOUGH_POINTS, wanted - self._there(points)))
        if points < least:
            return Give(failure=self._too_few(max(least, block), ceiling, self._there(points)))
        if not self.limits.whole_items:
            return Give(self._taken(points), points_used=points)
        takes = self._taken(points)
        costs = -(-sum(amount for _, _, amount in takes) * self.reward.worth_points // self.reward.worth_minor)
        used = -(-costs // block) * block
        if used < least:
            return Give(failure=(Reason.POINTS_WHOLE_ITEM if not takes else Reason.POINTS_LEAST, None))
        return Give(takes, points_used=used)

    def _ceiling(self) -> int:
        """The most points that goods, shares and the club's ceilings leave."""
        share = min(self.reward.most_bp, self.limits.most_bp)
        whole = min(sum(left for _, _, left in self.targets), self.owed)
        fitting = whole * share // BP * self.reward.worth_points // self.reward.worth_minor
        return min(each for each in (fitting, self.limits.most, self.limits.left_today) if each is not None)

    def _too_few(self, least: int, ceiling: int, there: int) -> Failure:
        if there < least:
            return Reason.NOT_ENOUGH_POINTS, least - there
        if self.limits.left_today is not None and self.limits.left_today < least:
            return Reason.POINTS_OF_DAY, None
        return (Reason.POINTS_LEAST if ceiling else Reason.NO_GAIN), None

    def _taken(self, points: int) -> list[Take]:
        worth = points * self.reward.worth_minor // self.reward.worth_points
        if self.limits.whole_items:
            return list(_whole_items(worth, self.targets))
        return shared(worth, self.targets) if self.targets else []

    def _there(self, points: int) -> int:
        return self.purse.balance(self.club) + self.purse.earned_after(self.club, self._taken(points))


def _whole_items(worth_minor: int, targets: Sequence[Take]) -> Iterator[Take]:
    """The items that are paid wholly, the dearest first, as long as the worth lasts."""
    left = worth_minor
    for lot, count, _ in sorted(targets, key=lambda take: (-take[0].part(1), take[0].line)):
        # Units of a lot differ by a minor unit at most, so the search is over counts and never by division alone.
        fitting = next((units for units in range(count, 0, -1) if lot.part(units) <= left), 0) if lot.left else 0
        if fitting:
            yield lot, fitting, lot.part(fitting)
            left -= lot.part(fitting)


def _most_blocks(blocks: int, size: int, there: Callable[[int], int]) -> int:
    """The most points, in whole blocks, that are there when so many are taken.

    What is there never grows with what is taken: a sale that costs less earns less.
    """
    low, high = 0, blocks
    while low < high:
        middle = (low + high + 1) // 2
        if middle * size <= there(middle * size):
            low = middle
        else:
            high = middle - 1
    return low * size
