"""What of a programme the club's own settings and its rules about points say, as those are kept. Pure."""

import dataclasses
from collections.abc import Iterator
from math import gcd
from typing import Any

from erp_club.clubs.kinds import TermKind
from erp_club.clubs.periods import RenewalFrom
from erp_club.clubs.rules import EarnedTerms, Paying, RulesDocument
from erp_club.clubs.setup.settings import ClubChanges, ClubSettings
from erp_club.points import rules as r
from erp_club.points.units import Unit
from erp_club.programmes import documents
from erp_club.programmes.engine import membership as m
from erp_club.programmes.engine import spending as s
from erp_club.programmes.engine.calendar import LENGTHS
from erp_club.programmes.engine.due import in_the_sale
from erp_club.programmes.engine.earning import PerMoney, Stands
from erp_club.programmes.engine.parts import ALWAYS
from erp_club.programmes.engine.programme import Programme


def club_settings(programme: Programme, *, language: str) -> ClubSettings:
    """The club's settings; `language` is the chain's, in which the English name stands where there is none."""
    names = {str(key): text for key, text in programme.names.items()}
    first = next(iter(names.values()), programme.code)
    names = {"en": names.get("en", first), language: names.get(language, names.get("en", first))} | names
    points, per_minor = _flat_rate(programme)
    worth = programme.redemption
    months = _months(programme.term)
    # Joining gives the days that the programme says; what the club keeps is for renewing.
    renewing = None if months is None else programme.renewal.months or months
    return ClubSettings(
        code=programme.code,
        names=names,
        earn_points=points,
        earn_per_minor=per_minor,
        worth_points=worth.worth_points if worth else 1,
        worth_minor=worth.worth_minor if worth else 0,
        term_kind=TermKind.LIFETIME if renewing is None else TermKind.MONTHS,
        term_months=renewing,
        renewal_from=RenewalFrom(programme.renewal.begins.value),
        grace_days=min(programme.renewal.grace_days, 366),
        warning_days=min(programme.renewal.warning_days, 366),
        undo_days=min(programme.undo.days, 366),
        unit=unit_of(programme),
        to_month_end=isinstance(programme.term, m.MonthsTerm | m.SlidingTerm) and programme.term.to_month_end,
    )


def unit_of(programme: Programme) -> Unit:
    """What its accounts count."""
    of = programme.unit
    names, one = ({str(language): text for language, text in texts.items()} for texts in (of.names, of.one))
    return Unit(names, one, of.scale)


def changes(programme: Programme, *, language: str) -> ClubChanges:
    """The same as a change of a club that is there already."""
    made = club_settings(programme, language=language)
    said = {field.name: getattr(made, field.name) for field in dataclasses.fields(made)}
    return ClubChanges(**(said | {"code": None}))


def _months(term: m.Term) -> int | None:
    match term:
        case m.MonthsTerm() | m.SlidingTerm():
            return term.months
        case m.DateTerm():
            return 12 if term.each_year is not None else None
        case m.LifetimeTerm() | m.AgeTerm():
            return None


def _flat_rate(programme: Programme) -> tuple[int, int]:
    """The first rate on all that is bought, always and however it is paid; without one, no points."""
    for rule in programme.earning.rules:
        plain = isinstance(rule, PerMoney) and rule.stands is Stands.INSTEAD and rule.on.everything
        if plain and isinstance(rule, PerMoney) and rule.when == ALWAYS and not rule.means:
            if rule.full:
                return rule.points, rule.per_minor
            common = gcd(rule.points, rule.per_minor) or 1
            return rule.points // common, rule.per_minor // common
    return 0, 100


def points_rules(programme: Programme) -> RulesDocument:
    """What the programme says of points, as the ledger takes it."""
    available = programme.earning.available
    return RulesDocument(
        terms=EarnedTerms(
            max(available.after_days, int(available.next_purchase)),
            available.on_event,
            expiry(programme.expiry.rule),
            tuple(_by_level(programme)),
        ),
        paying=_paying(programme),
        returns=_returns(programme.returns),
        lapsed=_fate(programme.lapse),
        ended=_fate(programme.end),
        programme=what_tills_read(programme) if _is_read(programme) else None,
    )


_READ_AT_TILLS = frozenset(
    {"code", "names", "currency", "unit", "earning", "excluded", "channels", "redemption", "switch"}
    | {"levels", "counters", "visit", "household", "returns", "rewards"}
)


def what_tills_read(programme: Programme) -> dict[str, Any]:
    """The part of the document by which a sale earns and gives, and levels and terms move, short: every sale of a
    member reads it.
    """
    reached = [each for each in programme.rewards if in_the_sale(each)]
    programme = programme.model_copy(update={"rewards": tuple(reached)})
    read = {*_READ_AT_TILLS, "fees" if programme.fees.levels else "", "term" if _slides(programme) else ""}
    read |= {"renewal"} if programme.renewal.benefits_in_grace else set()
    return {name: value for name, value in documents.brief(programme).items() if name in read}


def _is_read(programme: Programme) -> bool:
    """Whether a sale hangs on more than the club's own settings."""
    goes_on = programme.renewal.benefits_in_grace
    gives = any(in_the_sale(each) for each in programme.rewards)
    paying = programme.redemption
    sorts = paying is not None and any(
        each.promoted or each.price_lists for each in (programme.excluded, paying.excluded)
    )
    earns = programme.earning.rules or programme.earning.late
    return bool(earns or programme.levels or _slides(programme) or goes_on or gives or sorts)


def _slides(programme: Programme) -> bool:
    return isinstance(programme.term, m.SlidingTerm)


def expiry(rule: s.Expires) -> r.Expiry:
    """When points expire."""
    match rule:
        case s.Never():
            return r.NEVER
        case s.MonthsAfter():
            kind = r.ExpiryKind.MONTHS_END if rule.to_month_end else r.ExpiryKind.MONTHS
            return r.Expiry(kind, rule.months or 0, days=rule.days or 0)
        case s.EachYear():
            kind = r.ExpiryKind.CALENDAR_YEAR if rule.of_calendar_year else r.ExpiryKind.YEARLY
            return r.Expiry(kind, 12 * rule.years_after, rule.last_day.month, rule.last_day.day)
        case s.MemberYearEnd():
            kind = r.ExpiryKind.MEMBER_YEAR_MONTH if rule.whole_months else r.ExpiryKind.MEMBER_YEAR
            return r.Expiry(kind, 12 * rule.years_after)
        case s.PeriodEnd():
            length = LENGTHS[rule.every]
            months = (rule.periods_after + 1) * length
            return r.Expiry(r.ExpiryKind.PERIOD_END, months, rule.starts_month, length)
        case s.Inactivity():
            kind = r.ExpiryKind.INACTIVITY_END if rule.to_month_end else r.ExpiryKind.INACTIVITY
            return r.Expiry(kind, rule.months or 0, days=rule.days or 0)


def _by_level(programme: Programme) -> Iterator[tuple[str, r.Expiry]]:
    """When points of levels expire that live longer or shorter; who has no level yet is on the lowest."""
    lowest = programme.levels.levels[0].code if programme.levels else None
    for each in programme.expiry.levels:
        for level in each.levels:
            yield level, expiry(each.rule)
            if level == lowest:
                yield "", expiry(each.rule)


def _paying(programme: Programme) -> Paying | None:
    rule = programme.redemption
    if rule is None:
        return None
    # Where a visit is a day in a store, its ceiling is one of the day: no more in two stores than in one.
    by_day = programme.visit == "day"
    days = [rule.most_points_day, rule.most_points_visit if by_day else None]
    receipts = [rule.most_points, None if by_day else rule.most_points_visit]
    ceilings = [each for each in receipts if each is not None]
    if rule.most_minor is not None:
        ceilings.append(rule.most_minor * rule.worth_points // rule.worth_minor)
    excluded, everywhere = rule.excluded, programme.excluded
    return Paying(
        step=rule.step if rule.step > 1 else None,
        min_points=max(rule.least_points, 1),
        min_balance=rule.least_balance,
        max_points=min(ceilings, default=None),
        max_share_bp=rule.most_bp,
        max_points_a_day=min((each for each in days if each is not None), default=None),
        whole_items=rule.whole_items,
        reduced=not (excluded.reduced or everywhere.reduced or rule.on.regular_price_only),
        taxed=rule.vat is s.Taxed.MEANS,
        excluded_groups=frozenset((*excluded.groups, *everywhere.groups, *rule.on.without_groups)),
        excluded_skus=frozenset((*excluded.products, *everywhere.products, *rule.on.without_products)),
    )


def _returns(of: s.Returns) -> r.ReturnPolicy:
    expired = r.ReturnedExpired.AS_EXPIRED if of.new_days is None else r.ReturnedExpired.EXTENDED
    return r.ReturnPolicy(
        r.Clawback(of.clawback.value), r.Redeemed(of.redeemed.value), expired, extended_days=of.new_days or 0
    )


def _fate(of: m.Fate) -> r.FatePolicy:
    months = (of.freeze_months or 0) if of.points is m.Outcome.FREEZE else 0
    return r.FatePolicy(r.Fate(of.points.value), months, None if of.conversion is None else conversion(of.conversion))


def conversion(of: m.Conversion) -> r.Conversion:
    """What points become."""
    return r.Conversion(of.from_points, of.to_points, of.to_minor, of.to_club)
