"""Refusals about clubs and memberships; each names the next step."""

import datetime as dt

from erp_club.kernel.errors import Conflict, NotFound, Refused
from erp_club.kernel.text import TN, T
from erp_club.points.units import Unit, told


def no_club() -> NotFound:
    """There is no such club."""
    return NotFound(T("There is no such club. Choose one of the list."), field="club", code="club-unknown")


def no_customer() -> NotFound:
    """Nobody has this id, or nobody any more."""
    return NotFound(T("There is no such customer."), code="customer-unknown")


def no_membership() -> NotFound:
    """There is no such membership."""
    return NotFound(T("There is no such membership."), code="membership-unknown")


def not_open_for_joining() -> Conflict:
    """A draft gives nothing yet, a closed club nothing more."""
    return Conflict(
        T("This club isn't open for joining. Choose a published club, or publish this one first."),
        field="club",
        code="club-not-open",
    )


def not_open_for_renewal() -> Conflict:
    """A club that isn't published takes no further period."""
    return Conflict(
        T("This club is closed, so its memberships aren't made longer. Offer the customer another club."),
        code="club-not-open",
    )


def already_member(membership_id: int, until: dt.date | None, *, valid: bool) -> Conflict:
    """A customer is in a club once; `until` is the last day, None for life."""
    if until is None:
        text = T("The customer is in this club for life already. There is nothing to join or renew.")
    elif valid:
        text = T(
            "The customer is in this club already, until %(day)s. Renew the membership to make it longer.", day=until
        )
    else:
        text = T("The customer was in this club until %(day)s. Renew that membership instead.", day=until)
    return Conflict(text, field="club", code="already-member", facts={"membership_id": membership_id})


def endless() -> Conflict:
    """A membership for life."""
    return Conflict(T("This membership is for life. There is nothing to renew or extend."), code="membership-for-life")


def nothing_held() -> Conflict:
    """A correction has taken all days."""
    return Conflict(T("This membership holds no day. Correct its days first."), code="nothing-held")


def not_longer(last: dt.date) -> Refused:
    """An extension that ends no later than what is there."""
    return Refused(
        T("The membership runs until %(day)s already. Choose a later day.", day=last),
        field="until",
        code="not-longer",
    )


def in_the_past(today: dt.date) -> Refused:
    """An extension that nobody would feel."""
    return Refused(T("This day is over. Choose %(day)s or later.", day=today), field="until", code="in-the-past")


def too_long(latest: dt.date) -> Refused:
    """Beyond the last day that a membership may reach."""
    return Refused(
        T("A membership can't reach beyond %(day)s. Give the club a term for life instead.", day=latest),
        field="until",
        code="too-long",
    )


def paused(since: dt.date) -> Conflict:
    """What is paused is neither renewed, extended nor paused again."""
    return Conflict(T("This membership is paused since %(day)s. Resume it first.", day=since), code="membership-paused")


def ended(on: dt.date) -> Conflict:
    """What was ended is joined again, not renewed."""
    return Conflict(
        T("This membership ended on %(day)s. Join the customer again instead.", day=on), code="membership-ended"
    )


def waiting() -> Conflict:
    """Nothing is done to a membership that hasn't begun."""
    return Conflict(
        T("This membership begins when its fee is paid, or it is confirmed. See to that first."),
        code="membership-waiting",
    )


def not_paused() -> Conflict:
    """Only what is paused is resumed."""
    return Conflict(T("This membership isn't paused. There is nothing to resume."), code="membership-not-paused")


def not_held(day: dt.date) -> Refused:
    """A pause or an ending on a day on which there is no membership."""
    return Refused(
        T("The membership doesn't hold on %(day)s. Choose a day on which it does.", day=day),
        field="on",
        code="not-held",
    )


def backdated(today: dt.date) -> Refused:
    """The past is changed by a correction, which needs a permission of its own."""
    return Refused(
        T("This day is over. Choose %(day)s or later, or ask somebody who may correct memberships.", day=today),
        field="on",
        code="in-the-past",
    )


def nothing_left(day: dt.date) -> Conflict:
    """In a club whose pauses don't move the end, the membership ran out meanwhile."""
    return Conflict(
        T("While it was paused the membership ran out on %(day)s. End it, and join the customer again.", day=day),
        code="nothing-left",
    )


def points_changed(points: int, unit: Unit) -> Conflict:
    """What would be lost isn't what was confirmed."""
    return Conflict(
        T("By now %(points)s would be lost. Confirm again if that is right.", points=told(points, unit)),
        field="points_lost",
        code="points-changed",
        facts={"points": points},
    )


def not_undoable(days: int) -> Conflict:
    """An ending can be undone for some days, and only while nothing has happened since."""
    return Conflict(
        TN(
            "Only an ending of the last day, with nothing after it, can be undone. Join the customer again instead.",
            "Only an ending of the last %(num)s days, with nothing after it, can be undone. Join the customer again "
            "instead.",
            days,
        ),
        code="not-undoable",
    )


def spans_overlap(number: int) -> Refused:
    """Days that belong to two periods, or an end before its beginning."""
    return Refused(
        T("Period %(number)s ends before it begins, or shares a day with another.", number=number),
        field=f"periods[{number - 1}].last",
        code="periods-overlap",
    )


def part_of_another() -> Conflict:
    """What it had is another membership's since a merge: ending or pausing it would take that one's points."""
    return Conflict(
        T("This membership became part of another one when its customer was merged. Change that one."),
        code="membership-joined",
    )


def changed_meanwhile() -> Conflict:
    """Two changes of one membership met; the database kept them apart."""
    return Conflict(
        T("Somebody changed this membership at the same moment. Look at it again, then decide."), code="changed"
    )


def longer_meanwhile(last: dt.date) -> Conflict:
    """Two have renewed a membership at once, and this one was the second."""
    return Conflict(
        T(
            "Somebody has made this membership longer just now: it runs until %(day)s. Renew once more only if that is "
            "meant.",
            day=last,
        ),
        code="longer-meanwhile",
        facts={"valid_until": last.isoformat()},
    )


def stale() -> Conflict:
    """The club has changed since its form was opened."""
    return Conflict(
        T("Somebody changed this club while you had it open. Compare the values below, then save again."), code="stale"
    )


def code_taken(free: str = "") -> Conflict:
    """Codes are unique, in files too; `free` is one that nobody has."""
    text = T("Another club has this code. %(code)s is free.", code=free) if free else _TAKEN
    return Conflict(text, field="code", code="club-code-taken")


_TAKEN = T("Another club has this code. Choose another one.")


def code_fixed() -> Conflict:
    """Files and other systems speak of a published club by its code."""
    return Conflict(
        T("A published club keeps its code, because files and other systems use it. Leave it as it was."),
        field="code",
        code="club-code-fixed",
    )


def not_draft() -> Conflict:
    """Only drafts are published."""
    return Conflict(T("Only a draft can be published. This club was published before."), code="club-not-draft")


def not_published() -> Conflict:
    """Only published clubs are closed."""
    return Conflict(
        T("Only a published club can be closed. Publish it first, or leave it as it is."), code="club-not-published"
    )
