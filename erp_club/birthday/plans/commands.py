"""What head office does with plans around birthdays: setting them up, changing, pausing and closing them."""

import dataclasses
import datetime as dt
import functools
from collections.abc import Mapping

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.birthday import errors
from erp_club.birthday.kinds import PlanState
from erp_club.birthday.models import BirthdayPlan
from erp_club.birthday.plans.settings import Gift, OccasionKind, PlanSettings, faults
from erp_club.clubs.models import Club
from erp_club.customers.kinds import CustomerState
from erp_club.customers.models import UNIDENTIFIED, Customer
from erp_club.kernel import audit
from erp_club.kernel.errors import Invalid
from erp_club.permissions.actors import Actor
from erp_club.promotions.coupons.models import CouponBatch
from erp_club.promotions.engine.offer import Offer, Start
from erp_club.promotions.kinds import OfferState
from erp_club.promotions.models import OfferVersion, StoredOffer
from erp_club.stored_value.kinds import CardKind, ProductState
from erp_club.stored_value.models import CardProduct
from erp_club.stored_value.products.settings import amount_fault

_trace = functools.partial(audit.trace, "birthday_plan")

SETTINGS = tuple(field.name for field in dataclasses.fields(PlanSettings))
LASTING = ("code", "club_id", "customer_id", "occasion", "starts_on")
"""What a plan keeps for ever: who got something of it is known by these."""
_VERBS = {PlanState.ACTIVE: "activate", PlanState.PAUSED: "pause", PlanState.CLOSED: "close"}


def create_plan(
    session: Session,
    settings: PlanSettings,
    *,
    language: str,
    now: dt.datetime,
    by: Actor,
    rule: tuple[str, int] | None = None,
) -> int:
    """Set up a plan, which gives from its first day on, and give its id; `language` is the chain's.

    `rule` names the rule of the club's programme, and which of its gifts. Raises Invalid with a fault for each field,
    Conflict `birthday-code-taken`.
    """
    settings = _checked(session, settings, language)
    values = _values(settings) | {"created_at": now}
    if rule is not None:
        values |= {"rule": rule[0], "part": rule[1]}
    plan_id = session.scalar(
        insert(BirthdayPlan)
        .values(values)
        .on_conflict_do_nothing(index_elements=[BirthdayPlan.code])
        .returning(BirthdayPlan.id)
    )
    if plan_id is None:
        raise errors.code_taken()
    _trace(session, plan_id, "create", None, dataclasses.asdict(settings), now=now, by=by)
    return plan_id


def change_plan(
    session: Session, plan_id: int, settings: PlanSettings, *, version: int, language: str, now: dt.datetime, by: Actor
) -> None:
    """Set a plan otherwise for those who don't have their gift yet; what was given stays as it is.

    Code, club, customer, occasion and first day stay the plan's: another of these is another plan. Raises NotFound,
    Invalid, and Conflict `birthday-plan-closed`, `birthday-plan-of-programme` or `birthday-changed`.
    """
    plan = hold_plan(session, plan_id)
    if plan.state == PlanState.CLOSED:
        raise errors.closed()
    if plan.rule is not None:
        raise errors.of_programme()
    if plan.version != version:
        raise errors.changed_meanwhile()
    before = settings_of(plan)
    settings = _checked(session, dataclasses.replace(settings, **{name: getattr(before, name) for name in LASTING}),
                        language)  # fmt: skip
    if settings == before:
        return
    for name, value in _values(settings).items():
        setattr(plan, name, value)
    plan.version += 1
    session.flush()
    _trace(session, plan_id, "change", dataclasses.asdict(before), dataclasses.asdict(settings), now=now, by=by)


def set_plan_state(
    session: Session, plan_id: int, state: PlanState, *, today: dt.date, now: dt.datetime, by: Actor
) -> None:
    """Pause, resume or close a plan. A window that closed during a pause gives nothing afterwards.

    Raises NotFound, Conflict `state-already`, `birthday-plan-closed`, or `birthday-plan-of-programme` for closing what
    a programme says.
    """
    plan = hold_plan(session, plan_id)
    if plan.state == state:
        raise errors.state_already()
    if plan.state == PlanState.CLOSED:
        raise errors.closed()
    if plan.rule is not None and state is PlanState.CLOSED:
        raise errors.of_programme()
    _set_state(session, plan, state, today=today, now=now, by=by)


def _set_state(
    session: Session, plan: BirthdayPlan, state: PlanState, *, today: dt.date, now: dt.datetime, by: Actor
) -> None:
    before = PlanState(plan.state)
    plan.state = state
    plan.version += 1
    if state is PlanState.ACTIVE:
        plan.done_until = today - dt.timedelta(days=1)
    session.flush()
    _trace(session, plan.id, _VERBS[state], {"state": before}, {"state": state}, now=now, by=by)


def keep_plans(
    session: Session,
    club_id: int,
    wanted: Mapping[tuple[str, int], PlanSettings],
    *,
    language: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Let the plans of a club's programme be these, by rule and part: others of them are closed.

    One that is there keeps its first day, and a pause that somebody made. Raises Invalid as `create_plan` does.
    """
    rows = session.scalars(
        sa.select(BirthdayPlan)
        .where(BirthdayPlan.club_id == club_id, BirthdayPlan.rule.is_not(None))
        .order_by(BirthdayPlan.id)
        .with_for_update(key_share=True)
        .execution_options(populate_existing=True)
    )
    held = {(plan.rule, plan.part): plan for plan in rows}
    for key, settings in wanted.items():
        plan = held.pop(key, None)
        if plan is None:
            create_plan(session, settings, language=language, now=now, by=by, rule=key)
        else:
            _follow(session, plan, settings, language=language, today=today, now=now, by=by)
    for plan in held.values():
        if plan.state != PlanState.CLOSED:
            _set_state(session, plan, PlanState.CLOSED, today=today, now=now, by=by)


def _follow(
    session: Session,
    plan: BirthdayPlan,
    settings: PlanSettings,
    *,
    language: str,
    today: dt.date,
    now: dt.datetime,
    by: Actor,
) -> None:
    """Set a plan as its rule says now; one whose rule had gone and is back gives from today on."""
    settings = _checked(session, dataclasses.replace(settings, starts_on=plan.starts_on), language)
    before, after = dataclasses.asdict(settings_of(plan)), dataclasses.asdict(settings)
    changed = [name for name in after if before[name] != after[name]]
    reopened = plan.state == PlanState.CLOSED
    if not changed and not reopened:
        return
    values = _values(settings)
    for name in changed:
        setattr(plan, name, values[name])
    if reopened:
        plan.state, plan.done_until = PlanState.ACTIVE, today - dt.timedelta(days=1)
    plan.version += 1
    session.flush()
    old, new = ({name: said[name] for name in changed} for said in (before, after))
    if reopened:
        old, new = old | {"state": PlanState.CLOSED}, new | {"state": PlanState.ACTIVE}
    _trace(session, plan.id, "change", old, new, now=now, by=by)


def hold_plan(session: Session, plan_id: int) -> BirthdayPlan:
    """The plan, locked until the transaction ends. Raises NotFound."""
    plan = session.get(BirthdayPlan, plan_id, with_for_update={"key_share": True}, populate_existing=True)
    if plan is None:
        raise errors.no_plan()
    return plan


def settings_of(plan: BirthdayPlan) -> PlanSettings:
    """The plan as it is set."""
    values = {name: getattr(plan, name) for name in SETTINGS}
    values |= {
        "occasion": OccasionKind(plan.occasion), "gift": Gift(plan.gift), "relatives": tuple(plan.relatives),
        "levels": tuple(plan.levels),
    }  # fmt: skip
    return PlanSettings(**values)


def _values(settings: PlanSettings) -> dict[str, object]:
    values: dict[str, object] = dataclasses.asdict(settings)
    return values | {"relatives": list(settings.relatives), "levels": list(settings.levels)}


def _checked(session: Session, settings: PlanSettings, language: str) -> PlanSettings:
    """The settings with what hangs on the gift alone left out, and the batch that starts the offer."""
    offers = settings.gift is Gift.OFFER
    coupons = offers or settings.gift is Gift.COUPON
    card = settings.gift is Gift.GIFT_CARD
    points = settings.gift is Gift.POINTS
    settings = dataclasses.replace(
        settings,
        relatives=tuple(sorted(settings.relatives)),
        offer_code=settings.offer_code if offers else None,
        batch_id=settings.batch_id if coupons else None,
        card_product_id=settings.card_product_id if card else None,
        points=settings.points if points else None,
        amount_minor=None if points else settings.amount_minor,
        growth_to=settings.growth_to if settings.growth else None,
        growth_from_age=settings.growth_from_age if settings.growth else 0,
        automatic=settings.automatic and coupons,
    )
    found = faults(settings, language=language)
    if found:
        raise Invalid(found)
    if offers:
        settings = dataclasses.replace(settings, batch_id=_starting_batch(session, settings.offer_code or ""))
    _check_names(session, settings)
    return settings


def _starting_batch(session: Session, code: str) -> int:
    document = session.scalar(
        sa.select(OfferVersion.document)
        .join(StoredOffer, (StoredOffer.id == OfferVersion.offer_id) & (StoredOffer.live_no == OfferVersion.version_no))
        .where(StoredOffer.code == code, StoredOffer.state.in_([OfferState.PUBLISHED, OfferState.PAUSED]))
    )
    activation = None if document is None else Offer.model_validate(document).activation
    if activation is None or activation.by is not Start.COUPON:
        raise errors.unfit("offer", "offer")
    batch_id = session.scalar(
        sa.select(CouponBatch.id).where(CouponBatch.code == activation.batch, CouponBatch.personal)
    )
    if batch_id is None:
        raise errors.unfit("offer", "offer")
    return batch_id


def _check_names(session: Session, of: PlanSettings) -> None:
    if of.club_id is not None and session.scalar(sa.select(Club.id).where(Club.id == of.club_id)) is None:
        raise errors.unfit("club", "club")
    if of.customer_id is not None:
        known = sa.select(Customer.id).where(
            Customer.id == of.customer_id, Customer.id != UNIDENTIFIED, Customer.state == CustomerState.ACTIVE
        )
        if session.scalar(known) is None:
            raise errors.unfit("customer", "customer")
    if of.gift is Gift.COUPON:
        personal = session.scalar(sa.select(CouponBatch.personal).where(CouponBatch.id == of.batch_id))
        if not personal:
            raise errors.unfit("batch", "batch")
    if of.gift is Gift.GIFT_CARD:
        _check_product(session, of)


def _check_product(session: Session, of: PlanSettings) -> None:
    product = session.get(CardProduct, of.card_product_id)
    if (
        product is None
        or product.state != ProductState.ACTIVE
        or product.kind != CardKind.GIFT
        or product.has_pin
    ):  # fmt: skip
        raise errors.unfit("card_product", "product")
    sums = {of.amount_minor, of.growth_to if of.growth else None} - {None}
    # What grows comes to any amount between; so only the ends are held against what the kind comes with.
    amounts = () if of.growth else tuple(product.amounts_minor)
    if any(amount_fault(amounts, product.least_minor, product.most_minor, each or 0) for each in sums):
        raise errors.unfit("amount", "amount")
