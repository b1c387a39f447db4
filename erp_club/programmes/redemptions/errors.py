"""Refusals about what points are given for; each says what to do next."""

from erp_club.kernel.errors import Conflict, FieldError, Invalid, NotFound
from erp_club.kernel.text import T, Text
from erp_club.programmes.engine.conditions import Why


def not_held() -> Conflict:
    """The membership isn't one of a published club with a programme, or doesn't hold today."""
    return Conflict(
        T("This membership doesn't hold today, so its points can't be used. Renew it first."),
        code="membership-not-held",
    )


def not_theirs() -> Conflict:
    """Others of the household use the points."""
    return Conflict(
        T("The club lets others of the household use these points. Ask one of them."), code="points-not-theirs"
    )


def unknown() -> Invalid:
    """The club gives no such thing for points."""
    return Invalid([FieldError("benefit", T("The club gives nothing like this for points. Choose from the list."))])


def no_charity() -> Invalid:
    """The club's points can't be given to a charity."""
    return Invalid([FieldError("points", T("Points of this club can't be given to a charity."))])


def not_now(why: Why) -> Conflict:
    """A condition isn't met; `why` says which."""
    return Conflict(why_not(why), code="not-now", facts={"why": why.value})


def why_not(why: Why) -> Text:
    """Why it can't be had now."""
    return _WORDS.get(why, T("It can't be had here and now."))


def too_few_to_give() -> Invalid:
    """Fewer points than the charity takes at a time, or no whole steps."""
    return Invalid([FieldError("points", T("The charity takes another number of points. Look at what it takes."))])


def no_such() -> NotFound:
    """Nothing was had for points under this number."""
    return NotFound(T("Nothing was had for points under this number."), code="redemption-unknown")


def used_already() -> Conflict:
    """What was had has been used, or was taken back already, or the points aren't where they were."""
    return Conflict(
        T("It was used or taken back already, so the points don't come back. Change them by hand if they should."),
        code="redemption-used",
    )


_WORDS = {
    Why.BALANCE_TOO_LOW: T("There are too few points for it."),
    Why.USED_UP: T("It can't be had more often this year."),
    Why.WRONG_LEVEL: T("Only for another level of the club."),
    Why.TOO_MANY_UNUSED: T("So many rewards are unused already. Use one of them first."),
    Why.REDEEMING_ENDED: T("The points of this club can't be used any more."),
    Why.LEVEL_REACHED: T("The member stands on this level, or a higher one, already."),
    Why.TOO_EARLY: T("It is too early to renew."),
    Why.WRONG_CHANNEL: T("The points of this club can't be used here."),
    Why.WRONG_DAY: T("Not on this day."),
    Why.WRONG_HOUR: T("Not at this hour."),
    Why.WRONG_STORE: T("Not in this store."),
    Why.NOT_IN_SEGMENT: T("Not for this customer."),
    Why.NOT_BIRTHDAY: T("Only around the birthday."),
    Why.WRONG_AGE: T("Not at the customer's age."),
    Why.NO_SUCH_CHILD: T("Only with a child of that age."),
    Why.JOINED_TOO_LONG_AGO: T("Only for a while after joining."),
    Why.JOINED_TOO_LATELY: T("Only some time after joining."),
}
