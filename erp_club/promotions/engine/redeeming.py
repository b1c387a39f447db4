"""Points as money: how many a sale takes, and what they take off it."""

from collections.abc import Callable

from erp_club.promotions.engine.basket import BP
from erp_club.promotions.engine.give import Give, Reward, Take, Turn, shared
from erp_club.promotions.engine.priced import Reason
from erp_club.promotions.engine.rewards import Redeem
from erp_club.promotions.engine.scope import EVERYTHING
from erp_club.promotions.engine.scopes import Scopes


def redeem(reward: Redeem, scopes: Scopes) -> Reward:
    """Points in whole blocks off the goods, never more than these still cost."""
    scope = scopes.number(reward.on or EVERYTHING)

    def give(turn: Turn) -> Give:
        purse = turn.purse
        club = None if purse is None else purse.club(reward.club)
        if purse is None or club is None:
            return Give(failure=(Reason.NOT_MEMBER, None))
        targets: list[Take] = [(lot, lot.count, lot.left) for lot in turn.lots(scope)]
        whole = sum(left for _, _, left in targets)
        fitting = whole * reward.most_bp // BP * reward.worth_points // reward.worth_minor
        balance = purse.balance(club)
        wanted = turn.claim.points if turn.claim is not None else None

        def taken(points: int) -> list[Take]:
            return shared(points * reward.worth_minor // reward.worth_points, targets) if targets else []

        def there(points: int) -> int:
            return balance + purse.earned_after(club, taken(points))

        most = fitting if wanted is None else min(wanted, fitting)
        points = _most_blocks(most // reward.block, reward.block, there)
        if wanted is not None and wanted > there(points):
            return Give(failure=(Reason.NOT_ENOUGH_POINTS, wanted - there(points)))
        if points < max(reward.least, 1):
            missing = max(reward.least, reward.block) - there(points)
            return Give(failure=(Reason.NOT_ENOUGH_POINTS, missing) if missing > 0 else (Reason.NO_GAIN, None))
        return Give(taken(points), points_used=points)

    return give


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
