"""A membership's points account, with the rules by which it earns. Pure."""

import datetime as dt
from dataclasses import dataclass
from typing import Any

from erp_club.clubs.rules import points_rules
from erp_club.points.rules import ExpiryKind, PointsRules, Terms
from erp_club.points.units import Unit, unit_of


@dataclass(frozen=True, slots=True)
class Earning:
    """An account that a sale adds to, who holds it, at which rate, and under which rules.

    `rules_document` is the version in force as JSON text, and `worth_points` are worth `worth_minor`.
    """

    holder_id: int
    points_account_id: int
    club_id: int
    names: dict[str, str]
    earn_points: int
    earn_per_minor: int
    joined_on: dt.date
    worth_points: int
    worth_minor: int
    rules_version: int = 1
    rules_document: str = "{}"
    counts: Any = None
    """The club's unit as its table keeps it."""
    level: str | None = None
    """The level that is kept of the membership."""

    @property
    def unit(self) -> Unit:
        """What the account counts."""
        return unit_of(self.counts)

    @property
    def counts_purchases(self) -> bool:
        """Whether a purchase keeps the balance alive, even one that earns nothing."""
        return self.terms.expiry.kind in {ExpiryKind.INACTIVITY, ExpiryKind.INACTIVITY_END}

    @property
    def terms(self) -> Terms:
        """What points carry along that are earned on the day."""
        return self.rules.terms.on_level(self.level)

    @property
    def rules(self) -> PointsRules:
        """What the club says of points on the day."""
        return points_rules(self.rules_version, self.rules_document, self.worth_points, self.worth_minor)
