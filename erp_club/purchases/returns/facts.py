"""A return as facts: what was bought, what has come back of it so far, and what is to come back now. Pure."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from erp_club.points.rules import AS_USUAL, ReturnPolicy
from erp_club.points.units import POINTS, Unit
from erp_club.programmes.engine.earn import earn
from erp_club.programmes.engine.facts import MemberFacts, Purchase
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.engine.taken_back import less
from erp_club.receipts.kinds import Means

Tender = tuple[Means, str]
"""A means, and the chain's own name of it where it is handled as a bank card."""
BY_CASH: Tender = (Means.CASH, "")
BY_CARDS: Tender = (Means.STORED_VALUE, "")


@dataclass(frozen=True, slots=True)
class Discount:
    """What an offer took off a line, of how many of its units in thousandths. `by_points`: it cost points."""

    offer_id: int
    amount_minor: int
    units_milli: int
    by_points: bool = False


@dataclass(frozen=True, slots=True)
class BoughtLine:
    """A line as it was sold; amounts are for the whole line. `returned_milli` has come back before.

    `earns`: its product earns points. `tax_minor` is the tax in the amount.
    """

    line_no: int
    product_id: int
    quantity_milli: int
    list_minor: int
    amount_minor: int
    tax_minor: int
    vat_bp: int
    earns: bool = True
    discounts: tuple[Discount, ...] = ()
    returned_milli: int = 0

    @property
    def left_milli(self) -> int:
        """How much of it can still come back; nothing of a line that is itself a return."""
        return max(self.quantity_milli, 0) - self.returned_milli


@dataclass(frozen=True, slots=True)
class Paid:
    """What one means paid of the total, without cash rounding, and how much of it went back before.

    `called` is the chain's own name of a means that is handled as a bank card.
    """

    means: Means
    amount_minor: int
    refunded_minor: int = 0
    called: str = ""


@dataclass(frozen=True, slots=True)
class ByProgramme:
    """A club's programme by which a sale had earned, and what its rules saw of the sale and of the member then."""

    programme: Programme
    sold: Purchase
    member: MemberFacts

    def earns(self, returned: Mapping[int, int]) -> int:
        """The points of the sale, were so much (thousandths by line) of it never bought."""
        return earn(self.programme, less(self.sold, returned), self.member).points


@dataclass(frozen=True, slots=True)
class Account:
    """What a sale did to one points account, and what former returns of it have settled; `member_id` moved the points.

    `earned` and `used` are the sale's, by the movements `earned_seq` and `used_seq`. `settled` is what former returns
    took back (or made debt, or were paid for), `given_back` the used points that came back. Of what was settled, `owed`
    was left as a debt, `paid` was paid for with `deducted_minor` of the refunds, and `written_off` was forgiven. The
    club's programme says what the goods have earned; without one `earn_points` for each full `earn_per_minor` is its
    rate. `worth_points` are worth `worth_minor`.
    """

    holder_id: int
    account_id: int
    member_id: int = 0
    earned: int = 0
    settled: int = 0
    used: int = 0
    given_back: int = 0
    owed: int = 0
    paid: int = 0
    written_off: int = 0
    deducted_minor: int = 0
    earned_seq: int | None = None
    used_seq: int | None = None
    earn_points: int = 0
    earn_per_minor: int = 1
    worth_points: int = 1
    worth_minor: int = 0
    returns: ReturnPolicy = AS_USUAL
    club_id: int | None = None
    club: str = ""
    names: Mapping[str, str] = field(default_factory=dict[str, str])
    unit: Unit = POINTS
    programme: ByProgramme | None = None


@dataclass(frozen=True, slots=True)
class UsedCoupon:
    """A coupon that the sale used, and what it gave. `comes_back` by its batch's rule; `is_back`: it has."""

    customer_id: int
    coupon_id: int
    use_no: int
    code: str
    gave_minor: int
    comes_back: bool = False
    is_back: bool = False
    names: Mapping[str, str] = field(default_factory=dict[str, str])


@dataclass(frozen=True, slots=True)
class IssuedCoupon:
    """A coupon for the next purchase that came with the sale. `usable`: it has a use left and wasn't taken back."""

    coupon_id: int
    code: str
    names: Mapping[str, str]
    usable: bool


@dataclass(frozen=True, slots=True)
class Bought:
    """A receipt with all that returning it needs. `cash_minor`: the cash that was handed out before.

    `by_hand_minor` was given back of it onto cards without a return, and no return has counted it yet.
    """

    lines: tuple[BoughtLine, ...]
    currency: str
    paid: tuple[Paid, ...] = ()
    accounts: tuple[Account, ...] = ()
    coupons: tuple[UsedCoupon, ...] = ()
    cash_minor: int = 0
    by_hand_minor: int = 0
    issued: tuple[IssuedCoupon, ...] = ()


@dataclass(frozen=True, slots=True)
class Wish:
    """What is to come back: (line, thousandths), or None for all that is left.

    `fees` is what comes back of a line that is the fee of a membership, by the line; it comes back whole.
    `means` pays the money back whatever it was paid with; None gives it back the way it came, and cash where nobody
    knows. Money of a gift or prepaid card always goes back there.
    """

    lines: tuple[tuple[int, int], ...] | None = None
    means: Means | None = None
    fees: Mapping[int, int] = field(default_factory=dict[int, int])


@dataclass(frozen=True, slots=True)
class ReturnedLine:
    """A part of a line that comes back, all amounts above zero; `line` is what it was."""

    line: BoughtLine
    quantity_milli: int
    list_minor: int
    amount_minor: int
    tax_minor: int
    discounts: tuple[Discount, ...] = ()


@dataclass(frozen=True, slots=True)
class Refund:
    """What goes back by one means, without cash rounding; `called` as it was when it paid."""

    means: Means
    amount_minor: int
    called: str = ""

    @property
    def name(self) -> str:
        """The means as the sale names it."""
        return self.called or self.means.value


@dataclass(frozen=True, slots=True)
class PointsBack:
    """What is due from an account and what it gets back, each ≥ 0."""

    account: Account
    due: int
    given_back: int


@dataclass(frozen=True, slots=True)
class Reckoned:
    """What a return comes to before anybody looks at balances. `is_whole`: nothing of the receipt is left after it."""

    lines: tuple[ReturnedLine, ...]
    refunds: tuple[Refund, ...]
    points: tuple[PointsBack, ...]
    coupons: tuple[UsedCoupon, ...]
    is_whole: bool

    @property
    def total_minor(self) -> int:
        """What the lines that come back had cost."""
        return sum(line.amount_minor for line in self.lines)

    @property
    def refunds_minor(self) -> int:
        """What goes back of it by all means, before anything is deducted for points."""
        return sum(each.amount_minor for each in self.refunds)
