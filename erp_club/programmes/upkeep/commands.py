"""Keeps what a programme sets up elsewhere as its version in force says: plans around dates, their coupons and offers.

So nothing is set up twice: a birthday rule of the document is a plan among the others, and what costs points an offer.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.orm import Session

from erp_club.birthday.plans.commands import keep_plans
from erp_club.birthday.plans.settings import PlanSettings
from erp_club.catalogue.models import Product
from erp_club.clubs.kinds import ClubState
from erp_club.clubs.models import Club
from erp_club.clubs.setup import commands as setup
from erp_club.permissions.actors import Actor
from erp_club.programmes import settings
from erp_club.programmes.conversions import queries as conversions
from erp_club.programmes.engine.entitlement_checks import LIMITED_BY, OF_CLUB
from erp_club.programmes.engine.gifts import CouponGiven, DiscountGiven, GiftGiven, OfMembership, StoredValueGiven
from erp_club.programmes.engine.offered import called, in_the_sale, is_offered, offer_for, paying_offer, told_apart
from erp_club.programmes.engine.programme import Programme
from erp_club.programmes.models import ProgrammeVersion
from erp_club.programmes.queries import VersionRow, versions_of
from erp_club.programmes.rewards.codes.queries import current_number, same_offer, variant
from erp_club.programmes.rewards.kinds import RewardState
from erp_club.programmes.rewards.models import PeriodSettlement
from erp_club.programmes.upkeep import rules
from erp_club.programmes.upkeep.rules import PAYING, Wanted, code_of
from erp_club.promotions import commands as offers
from erp_club.promotions import documents
from erp_club.promotions.coupons.batches.commands import change_batch, create_batch, settings_of
from erp_club.promotions.coupons.batches.settings import MOST_USES, BatchSettings
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.engine.offer import Offer
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.promotions.queries import version as offer_version
from erp_club.stored_value.products.gifts.commands import gift_product


@dataclass(frozen=True, slots=True)
class Now:
    """On which day, when, and by whom; `language` is the chain's."""

    today: dt.date
    now: dt.datetime
    by: Actor
    language: str


def keep_all(session: Session, at: Now) -> None:
    """Bring every club's plans and offers up to the version that holds today; a version may have begun by itself."""
    with_programme = sa.select(ProgrammeVersion.club_id).distinct()
    clubs = sa.select(Club.id).where(Club.id.in_(with_programme), Club.state != ClubState.CLOSED).order_by(Club.id)
    for club_id in session.scalars(clubs).all():
        keep(session, club_id, at)


def keep(session: Session, club_id: int, at: Now, *, is_new: bool = False, begins: bool = False) -> None:
    """Set up, change or end what the club's version in force asks for; twice changes nothing more.

    `is_new`: a version was written just now; `begins`: the one in force begins only now. While balances stand in the
    unit of before, points pay what they did before.

    Raises Invalid where an offer or plan can't be as the document says.
    """
    rows = versions_of(session, club_id)
    begun = [each for each in rows if each.effective_from <= at.today]
    if not begun:
        return
    begun.sort(key=lambda each: (each.effective_from, each.version_no), reverse=True)
    held = begun[0]
    programme = held.programme
    waits = conversions.waits(session, club_id, on=at.today)
    begins = begins or held.effective_from == at.today
    if not waits and (begins or (is_new and held.version_no == max(each.version_no for each in rows))):
        _keep_club(session, club_id, programme, at)
    _keep_benefits(session, programme, begun, at, new_version=is_new or begins)
    _keep_discounts(session, programme, begun, at, new_version=is_new or begins)
    if not waits:
        _keep_paying(session, programme, at, is_back=is_new or begins)
    starts_on = max(held.effective_from, at.today)
    for gift in rules.given_by_coupon(programme):
        _offers_by_coupon(session, programme, gift, at)
    wanted = {
        (each.rule.code, each.part): plan
        for each in rules.plans(programme)
        if (plan := _plan(session, club_id, programme, each, starts_on, at)) is not None
    }
    keep_plans(session, club_id, wanted, language=at.language, today=at.today, now=at.now, by=at.by)


def _keep_club(session: Session, club_id: int, programme: Programme, at: Now) -> None:
    """The club's own settings, such as what a point is worth, are those of a version from its first day on."""
    wanted = settings.changes(programme, language=at.language)
    version = session.execute(sa.select(Club.version).where(Club.id == club_id)).scalar_one()
    setup.change_club(session, club_id, wanted, version=version, language=at.language, now=at.now, by=at.by)


def _plan(
    session: Session, club_id: int, programme: Programme, wanted: Wanted, starts_on: dt.date, at: Now
) -> PlanSettings | None:
    """The plan with what it gives of; None where a batch that the document names isn't there yet."""
    things: dict[str, int | str | None] = {}
    match wanted.gives:
        case CouponGiven():
            batch_id = session.scalar(
                sa.select(CouponBatch.id).where(CouponBatch.code == wanted.gives.batch, CouponBatch.personal)
            )
            if batch_id is None:
                return None
            things["batch_id"] = batch_id
        case StoredValueGiven():
            things["card_product_id"] = gift_product(
                session, programme.code, called(programme.names), now=at.now, by=at.by
            )
        case _ if is_offered(wanted.gives):
            things["offer_code"] = _offers_by_coupon(session, programme, wanted, at)
        case _:
            pass
    return rules.plan_settings(programme, wanted, club_id=club_id, starts_on=starts_on, things=things)


def _offers_by_coupon(session: Session, programme: Programme, wanted: Wanted, at: Now) -> str:
    """The batch of a plan's coupons, and an offer for each thing that one of them may be used for.

    Coupons that are out, or promised, keep the offers that they were given with: other terms have others. Gives the
    code of the first of those in force.
    """
    number = current_number(session, wanted.code)
    goods = {sku for each in rules.chosen_among(wanted) if isinstance(each, GiftGiven) for sku in each.products}
    named = sa.select(Product.sku, Product.name).where(Product.sku.in_(goods))
    called_so = {row.sku: row.name for row in session.execute(named)} if goods else {}
    made = _of_coupons(programme, wanted, number, called_so)
    code = variant(wanted.code, number)
    if _is_out(session, code) and not all(same_offer(session, each) for each in made):
        number += 1
        made, code = _of_coupons(programme, wanted, number, called_so), variant(wanted.code, number)
    _keep_batch(session, wanted, code, called(wanted.rule.names or programme.names), at)
    for each in made:
        _keep_offer(session, each, at)
    return code


def _of_coupons(programme: Programme, wanted: Wanted, number: int, goods: Mapping[str, str]) -> list[Offer]:
    """The offers of the `number`th terms; `goods` are the names of products."""
    rule = wanted.rule
    names = called(rule.names or programme.names)
    activation = {"by": "coupon", "batch": variant(wanted.code, number)}
    among = rules.chosen_among(wanted)
    made: list[Offer] = []
    for place, gives in enumerate(among):
        code = wanted.code if place == 0 else code_of(programme, f"{rule.code}-{place + 1}")
        most = rules.highest(rule, gives)
        mine = names if len(among) == 1 else told_apart(programme, names, gives, goods)
        what, chosen = variant(code, number), len(among) > 1
        made.append(offer_for(programme, what, most, rule.when, activation, names=mine, rule=rule.code, chosen=chosen))
    return made


def _is_out(session: Session, batch: str) -> bool:
    """Whether somebody holds a coupon of the batch, or was promised one."""
    issued = sa.exists().where(CouponBatch.code == batch, CouponBatch.issued > 0)
    promised = sa.exists().where(
        PeriodSettlement.state == RewardState.WAITING, PeriodSettlement.promised[("gives", "batch")].astext == batch
    )
    return session.execute(sa.select(issued | promised)).scalar_one()


def _keep_batch(session: Session, wanted: Wanted, code: str, names: dict[str, str], at: Now) -> None:
    """Let coupons of the batch be used once, or until all that they are worth is used up."""
    worth = rules.left_over_minor(wanted.rule.issue, rules.highest(wanted.rule, wanted.gives))
    uses = 1 if worth is None else MOST_USES
    held = session.scalars(sa.select(CouponBatch).where(CouponBatch.code == code)).one_or_none()
    if held is None:
        settings = BatchSettings(code, names, personal=True, uses=uses, worth_minor=worth)
        create_batch(session, settings, language=at.language, now=at.now, by=at.by)
    elif held.worth_minor != worth and (worth is not None or held.uses == MOST_USES):
        settings = replace(settings_of(held), uses=uses, worth_minor=worth)
        version = held.version
        change_batch(session, held.id, settings, version=version, language=at.language, now=at.now, by=at.by)


def _keep_benefits(
    session: Session, programme: Programme, rows: list[VersionRow], at: Now, *, new_version: bool
) -> None:
    """What has a price in points is an offer that the cashier chooses; one that isn't named any more rests."""
    before = {code_of(programme, each.code) for row in rows[1:2] for each in row.programme.benefits}
    kept: set[str] = set()
    for each in programme.benefits:
        if isinstance(each.gives, OfMembership):
            continue  # what is renewed is no offer
        code = code_of(programme, each.code)
        if not in_the_sale(each):
            kept |= {code} if rules.needs_coupon(each.gives) else set()
        else:
            activation = {"by": "cashier", "points": each.points, "club": programme.code}
            made = offer_for(programme, code, each.gives, each.when, activation, names=each.names, levels=each.levels)
            if each.most_per_year is not None:
                limits = made.limits.model_copy(update={"per_member_year": each.most_per_year})
                made = made.model_copy(update={"limits": limits})
            _keep_offer(session, made, at, is_back=new_version and code not in before)
            kept.add(code)
    once = {code_of(programme, each.code) for row in rows for each in row.programme.benefits}
    _rest(session, once - kept, at)


def _keep_discounts(
    session: Session, programme: Programme, rows: list[VersionRow], at: Now, *, new_version: bool
) -> None:
    """What a membership takes off purchases is an offer for members: by itself, or, where uses are counted, chosen."""
    before = {code_of(programme, each.code) for row in rows[1:2] for each in row.programme.entitlements}
    kept: set[str] = set()
    for each in programme.entitlements:
        if not isinstance(each.gives, DiscountGiven) or each.only_given:
            continue
        code = code_of(programme, each.code)
        when = each.when.model_copy(update={"channels": each.channels or each.when.channels})
        made = offer_for(
            programme, code, each.gives, when, {"by": "auto" if each.count is None else "cashier"},
            names=each.names, levels=each.levels, members=True,
        )  # fmt: skip
        limit = LIMITED_BY.get(each.period.every)
        limits = {limit: each.count} if each.count is not None and limit is not None else {}
        limits |= {"whole_day": True} if limits and each.whole_day else {}
        limits |= {"of_club": programme.code} if limits and each.period.every in OF_CLUB else {}
        limits |= {"member_month_minor": each.most_month} if each.most_month is not None else {}
        if limits:
            made = made.model_copy(update={"limits": made.limits.model_copy(update=limits)})
        _keep_offer(session, made, at, is_back=new_version and code not in before)
        kept.add(code)
    once = {code_of(programme, each.code) for row in rows for each in row.programme.entitlements}
    _rest(session, once - kept, at)


def _rest(session: Session, codes: set[str], at: Now) -> None:
    """Offers that the programme doesn't ask for any more give nothing from now on."""
    over = sa.select(StoredOffer.id).where(StoredOffer.code.in_(codes), StoredOffer.state == OfferState.PUBLISHED)
    for offer_id in session.scalars(over).all():
        offers.pause_offer(session, offer_id, now=at.now, by=at.by)


def _keep_paying(session: Session, programme: Programme, at: Now, *, is_back: bool) -> None:
    """Points pay by an offer of the programme's own, unless somebody has set another one up for this club."""
    code, rule = code_of(programme, PAYING), programme.redemption
    if rule is None:
        mine = sa.select(StoredOffer.id).where(StoredOffer.code == code, StoredOffer.state == OfferState.PUBLISHED)
        for offer_id in session.scalars(mine).all():
            offers.pause_offer(session, offer_id, now=at.now, by=at.by)
        return
    rewards = OfferVersion.document["rewards"]
    takes = [rewards.contains([{"kind": "redeem", "club": club}]) for club in (programme.code, None)]
    other = sa.exists().where(
        StoredOffer.code != code,
        StoredOffer.state == OfferState.PUBLISHED,
        OfferVersion.offer_id == StoredOffer.id,
        OfferVersion.version_no == StoredOffer.live_no,
        sa.or_(*takes),
    )
    if not session.execute(sa.select(other)).scalar_one():
        _keep_offer(session, paying_offer(programme, rule, code), at, is_back=is_back)


def _keep_offer(session: Session, offer: Offer, at: Now, *, is_back: bool = False) -> None:
    """Let the offer be in force as it is written here; one that somebody ended stays so.

    `is_back`: it had rested since an earlier version, and gives again.
    """
    held = session.execute(
        sa.select(StoredOffer.id, StoredOffer.state, StoredOffer.latest_no, StoredOffer.live_no, StoredOffer.revision)
        .where(StoredOffer.code == offer.code)
    ).one_or_none()  # fmt: skip
    if held is None:
        offer_id = offers.create_offer(session, offer, now=at.now, by=at.by)
    elif held.state == OfferState.ENDED:
        return
    else:
        offer_id = held.id
        latest = offer_version(session, offer_id, held.latest_no).offer
        if documents.whole(latest) != documents.whole(offer):
            offers.change_offer(session, offer_id, offer, revision=held.revision, now=at.now, by=at.by)
        elif held.latest_no == held.live_no:
            if is_back and held.state == OfferState.PAUSED:
                offers.resume_offer(session, offer_id, now=at.now, by=at.by)
            return
    offers.publish_offer(
        session, offer_id, language=at.language, today=at.today, now=at.now, by=at.by, names_may_come=True
    )
