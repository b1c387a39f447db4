"""What members can have for points outside a sale, and what they had."""

import datetime as dt
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from erp_club.clubs.queries import customer_of
from erp_club.customers.queries import record
from erp_club.points.units import POINTS, Unit
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.redemptions import errors, queries
from erp_club.programmes.redemptions.commands import Redeemed
from erp_club.programmes.redemptions.queries import CHARITY, ForPoints, Giveable
from erp_club.programmes.sentences.gifts import given
from erp_club.programmes.sentences.words import Words, words_of
from erp_club.promotions.documents import Thing
from erp_club.promotions.naming import queries as naming
from web.deps import Act
from web.i18n import say
from web.moments import at_moment

MOST = 20


class BenefitForPoints(BaseModel):
    """Something that can be had for `points`; `gives` says what; `why` it can't be now, where it can't."""

    code: str
    names: dict[str, str]
    gives: str
    points: int
    why: str | None
    words: str | None


class CharityView(BaseModel):
    """The charity that takes points: so many at the least, in such steps; `why` none can be given now."""

    names: dict[str, str]
    least_points: int
    step: int
    why: str | None
    words: str | None


class HadView(BaseModel):
    """What was had for points, once. `value` is in minor units where `form` is a kind of money."""

    id: int
    rule: str
    names: dict[str, str]
    form: str
    points: int
    at: dt.datetime
    last_day: dt.date | None
    taken_back: bool
    codes: list[str]


class RedemptionsPage(BaseModel):
    """A membership's points, what they can be given for, and the latest that they were given for.

    Nothing of it where the membership doesn't hold today (`holds`).
    """

    membership_id: int
    customer_id: int
    holds: bool
    account_id: int | None = None
    name: str
    club: dict[str, str] = {}
    points: int = 0
    unit: Unit = POINTS
    may_use: bool = False
    benefits: list[BenefitForPoints] = []
    charity: CharityView | None = None
    had: list[HadView] = []


class RedeemedView(BaseModel):
    """What was had, or taken back: its number, the points that went (came back, below zero), and the balance after."""

    id: int
    membership_id: int
    customer_id: int
    points: int
    balance: int


def redeemed_view(made: Redeemed) -> RedeemedView:
    """What a machine is told."""
    return RedeemedView(
        id=made.settlement_id,
        membership_id=made.membership_id,
        customer_id=made.customer_id,
        points=made.points,
        balance=made.balance,
    )


def redemptions_page(act: Act, membership_id: int) -> RedemptionsPage:
    """What a membership's points can be given for. Raises NotFound."""
    customer_id = customer_of(act.session, membership_id)
    at = at_moment(act)
    who = queries.redeemer(act.session, membership_id, on=at.on)
    person = record(act.session, customer_id)
    name = f"{person.given_name} {person.family_name}".strip()
    if who is None:
        return RedemptionsPage(membership_id=membership_id, customer_id=customer_id, holds=False, name=name)
    had = queries.had(act.session, who, at, most=MOST)
    programme = who.club.programme
    words = _words(act, programme)
    named = {each.code: _names(each.names, each.code) for each in programme.benefits}
    charity = programme.charity
    if charity is not None:
        named[CHARITY] = _names(charity.names, CHARITY)
    return RedemptionsPage(
        membership_id=membership_id,
        customer_id=customer_id,
        holds=True,
        account_id=who.club.account.id,
        name=name,
        club=who.club.earning.names,
        points=had.points,
        unit=who.club.earning.unit,
        may_use=who.may_use,
        benefits=[_benefit(each, words) for each in had.benefits],
        charity=_charity(had.charity),
        had=[
            HadView(
                id=row.settlement_id,
                rule=row.rule,
                names=named.get(row.rule, {"en": row.rule}),
                form=row.form,
                points=row.points,
                at=row.at,
                last_day=row.last_day,
                taken_back=row.state == "undone",
                codes=list(row.codes),
            )
            for row in had.rows
        ],
    )


def _names(names: Mapping[Any, str], code: str) -> dict[str, str]:
    return {str(language): text for language, text in names.items()} or {"en": code}


def _words(act: Act, programme: Programme) -> Words:
    keys: set[tuple[Thing, str]] = set()
    for each in programme.benefits:
        for name, thing in (("products", Thing.PRODUCT), ("batch", Thing.BATCH)):
            value: str | tuple[str, ...] = getattr(each.gives, name, ())
            keys |= {(thing, key) for key in ((value,) if isinstance(value, str) else value)}
    return words_of(programme, naming.called(act.session, keys))


def _benefit(each: ForPoints, words: Words) -> BenefitForPoints:
    benefit = each.benefit
    return BenefitForPoints(
        code=benefit.code,
        names=_names(benefit.names, benefit.code),
        gives=say(given(benefit.gives, words)),
        points=benefit.points,
        why=each.why and each.why.value,
        words=None if each.why is None else say(errors.why_not(each.why)),
    )


def _charity(each: Giveable | None) -> CharityView | None:
    if each is None:
        return None
    return CharityView(
        names=_names(each.charity.names, CHARITY),
        least_points=each.charity.least_points,
        step=each.charity.step,
        why=each.why and each.why.value,
        words=None if each.why is None else say(errors.why_not(each.why)),
    )
