"""Why a sale earns its points: one line for each rule, in the reader's words."""

import datetime as dt
from collections.abc import Iterable, Iterator

from pydantic import BaseModel

from erp_club.kernel.text import T, Text
from erp_club.points.units import Unit
from erp_club.programmes.engine.conditions import Why
from erp_club.programmes.sentences.earning import rule
from erp_club.programmes.sentences.words import words_of
from erp_club.programmes.settings import unit_of
from erp_club.purchases.explained import Told
from erp_club.purchases.returns.earned.queries import told
from web import i18n
from web.deps import Act
from web.formats import localised

MOST_LINES = 8
_WHY: dict[Why, Text] = {
    Why.WRONG_DAY: T("Not on this day."),
    Why.WRONG_HOUR: T("Not at this hour."),
    Why.WRONG_STORE: T("Not in this store."),
    Why.WRONG_CHANNEL: T("Not where this is sold."),
    Why.WRONG_LEVEL: T("Only for another level of the club."),
    Why.NOT_IN_SEGMENT: T("Not for this customer."),
    Why.NOT_BIRTHDAY: T("Only around the birthday."),
    Why.NO_SUCH_CHILD: T("Only with a child of that age."),
    Why.TOO_LITTLE: T("The purchase is too small."),
    Why.JOINED_TOO_LONG_AGO: T("Only for a while after joining."),
    Why.JOINED_TOO_LATELY: T("Only some time after joining."),
    Why.WRONG_PURCHASE_NUMBER: T("Not for this purchase of the customer."),
    Why.WRONG_MEANS: T("Only with another means of payment."),
    Why.NOT_CONFIRMED: T("The cashier hasn't confirmed what it asks for."),
    Why.EXCLUDED: T("These goods earn nothing."),
    Why.NOT_FULL: T("Not enough for a whole one yet."),
    Why.CEILING: T("No more today."),
    Why.CEILING_OF_MONTH: T("No more this month."),
    Why.VISITED_ALREADY: T("The visit has counted already."),
    Why.TOO_SOON: T("Too soon after the last purchase that counted."),
    Why.EARNING_ENDED: T("The club gives no points any more."),
}
"""What is told of a rule that gave nothing; of others, such as one for goods that aren't there, nothing is said."""
_WHY_OF_EVENTS: dict[Why, Text] = {
    Why.USED_UP: T("It was given before."),
    Why.TOO_MANY_UNUSED: T("So many rewards are unused already."),
    Why.TOO_LATE: T("It is too late for it."),
    Why.TOO_EARLY: T("It is too early for it."),
    Why.BALANCE_TOO_LOW: T("There are too few points."),
    Why.WRONG_PURCHASE_NUMBER: T("The friend had bought before."),
    Why.CONDITION_UNMET: T("What it asks for hasn't been reached."),
}
"""What is told of rules for events."""


class EarnedBy(BaseModel):
    """A rule with the points that it gives; `why` says why none."""

    rule: str
    words: str
    points: int
    why: str | None


class ClubEarned(BaseModel):
    """What the rules of a club gave for a receipt, and why others gave nothing."""

    club: dict[str, str]
    unit: Unit
    rules: list[EarnedBy]


def earned_then(
    act: Act, receipt: tuple[int, int], member_id: int, *, on: dt.date, at: dt.datetime
) -> list[ClubEarned]:
    """Why a receipt (customer and number) earned what it did, by club, in the rules of its day.

    What the cashier confirmed isn't kept with a receipt: of rules that ask for it nothing is told where they gave none.
    """
    made: list[ClubEarned] = []
    for programme, rules in told(act.session, member_id, receipt, on=on, at=at):
        known = (each for each in rules if each.earned.why is not Why.NOT_CONFIRMED)
        lines = earned_by(known)
        if lines:
            names = {str(language): text for language, text in programme.names.items()}
            made.append(ClubEarned(club=names, unit=unit_of(programme), rules=lines))
    return made


def why_nothing(why: Why) -> str | None:
    """Why a rule gave nothing, in the reader's words; None where there is nothing to say."""
    text = (_WHY | _WHY_OF_EVENTS).get(why)
    return None if text is None else i18n.say(text)


def earned_by(rules: Iterable[Told]) -> list[EarnedBy]:
    """The rules that give points, and those that would have, with the reason."""
    return sorted(_lines(rules), key=lambda each: -each.points)[:MOST_LINES]


def _lines(rules: Iterable[Told]) -> Iterator[EarnedBy]:
    for each in rules:
        why = _WHY.get(each.earned.why) if each.earned.why else None
        if not each.earned.points and why is None:
            continue
        names = {str(language): text for language, text in each.rule.names.items()}
        words = localised(names) if names else i18n.say(next(rule(each.rule, words_of(each.programme, None))))
        yield EarnedBy(
            rule=each.rule.code,
            words=words,
            points=each.earned.points,
            why=i18n.say(why) if why and not each.earned.points else None,
        )
