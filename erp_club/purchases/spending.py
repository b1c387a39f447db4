"""What a sale moves on one points account. Pure."""

from dataclasses import dataclass

from erp_club.clubs.earning.account import Earning


@dataclass(frozen=True, slots=True)
class Spending:
    """What a sale uses (≥ 0) and earns (≥ 0) of one account."""

    account: Earning
    spent: int
    earned: int
