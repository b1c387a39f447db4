"""Refusals about fees and joining at the till; each says what the cashier does next."""

from collections.abc import Collection, Sequence

from erp_club.kernel.errors import Conflict, FieldError, Invalid, Refused
from erp_club.kernel.text import Listed, Money, T, Text

WHY: dict[str, Text] = {
    "channels.joining": T("This club isn't joined here."),
    "joining.ways": T("This club is joined by invitation only."),
    "joining.invitation_days": T("This club is joined by invitation only."),
    "joining.eligibility.min_age": T("The customer is too young for this club, or the birthday isn't known."),
    "joining.eligibility.max_age": T("The customer is too old for this club, or the birthday isn't known."),
    "joining.eligibility.guardian_below_age": T("A guardian must agree: enter the parent as a relative first."),
    "joining.eligibility.staff": T("This club is only for people who work for the chain."),
    "joining.eligibility.countries": T("This club isn't open to customers of this country."),
    "joining.eligibility.required_data": T("Details that this club needs are missing. Fill them in first."),
    "joining.eligibility.segments": T("This club isn't open to this customer."),
    "term.age": T("This club is only up to an age that is passed, or the birthday isn't known."),
    "joining.eligibility.not_with_clubs": T("The customer is in another club that excludes this one."),
}
"""What keeps somebody from joining, by the parameter of the programme that does."""


def may_not_join(hinders: Sequence[str]) -> Conflict:
    """The club's programme doesn't let this customer join here."""
    first = next((WHY[name] for name in hinders if name in WHY), T("This club isn't open to this customer."))
    return Conflict(first, field="club", code="may-not-join", facts={"because": list(hinders)})


def one_per_household() -> Conflict:
    """Somebody at the same address is a member, and the club has one membership for a household."""
    return Conflict(
        T(
            "Somebody at this address is a member already, and a household has one membership. Enter the number or "
            "card of the main member, to join them."
        ),
        field="household_of",
        code="household-has-member",
    )


def no_main_member() -> Invalid:
    """Whoever was named as the main member isn't a member of the club."""
    return Invalid([FieldError("household_of", T("This customer is no member of the club. Name its main member."))])


def no_households() -> Invalid:
    """The club has no memberships that share an account."""
    return Invalid([FieldError("household_of", T("In this club nobody shares a membership. Leave this empty."))])


def not_to_confirm() -> Conflict:
    """It has begun, was ended, or its club's memberships begin otherwise."""
    return Conflict(T("This membership doesn't wait for a confirmation."), code="not-waiting")


def pay_first() -> Conflict:
    """The fee of joining is still due in a sale."""
    return Conflict(
        T("The fee of this membership isn't paid yet. Pay the sale first, then confirm."), code="membership-waiting"
    )


def not_renewed_here() -> Conflict:
    """The channel of the till isn't one in which the club lets members join and renew."""
    return Conflict(T("Memberships of this club aren't renewed here."), code="not-renewed-here")


def too_early() -> Conflict:
    """The club renews only near the end."""
    return Conflict(T("It is too early to renew this membership."), code="too-early")


def no_such_length(offered: Collection[int]) -> Invalid:
    """The club doesn't offer a membership of this length."""
    if not offered:
        return Invalid([FieldError("months", T("This club has no choice of lengths. Leave it out."))])
    months = Listed(tuple(str(each) for each in offered), "or")
    return Invalid([FieldError("months", T("Choose %(months)s months, or leave it out.", months=months))])


def no_product() -> Conflict:
    """The programme says a fee, and not as which product it is sold."""
    return Conflict(
        T("This club has a fee, but no product by which it is sold. Ask head office to name one."),
        code="fee-product-needed",
    )


def too_little_bought(least_minor: int, missing_minor: int, currency: str, *, of_some: bool = False) -> Conflict:
    """Who joins by a purchase hasn't bought enough in this sale; `of_some`: only some goods count."""
    amounts = {"least": Money(least_minor, currency), "missing": Money(missing_minor, currency)}
    return Conflict(
        T(
            "Joining this club takes %(least)s of the goods that count for it; %(missing)s is missing. Sell more of "
            "them, or remove the member from the sale.",
            **amounts,
        )
        if of_some
        else T(
            "Joining this club takes a purchase of %(least)s; %(missing)s is missing. Sell more, or remove the "
            "member from the sale.",
            **amounts,
        ),
        code="purchase-too-small",
        facts={"missing_minor": missing_minor},
    )


def fee_at_till() -> Conflict:
    """There is a fee, and no sale here in which it could be paid."""
    return Conflict(T("This costs a fee, which is paid at a till: do it there, in a sale."), code="fee-at-till")


def one_of_it() -> Refused:
    """A fee is paid once."""
    return Refused(T("A membership's fee is paid once. Remove the line to give the membership up."), code="quantity")


def ended_meanwhile() -> Conflict:
    """The membership was ended, at another till, before its fee was paid."""
    return Conflict(T("This membership was ended meanwhile. Remove its fee from the sale."), code="membership-ended")


def not_given_back() -> Conflict:
    """The club's rule keeps the fee."""
    return Conflict(T("This club doesn't give its fee back. Return the other items alone."), code="fee-not-returned")


def joined_since() -> Conflict:
    """What the fee was paid for is one membership with another by now, which would end with it or lose its days."""
    return Conflict(
        T(
            "The membership of this fee was joined with another when two customers were merged. End the membership, "
            "or undo the merge, and return the fee then; or return the other items alone."
        ),
        code="fee-joined",
    )
