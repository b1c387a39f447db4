"""Deeds with a limit: done, refused, or put before somebody else who approves them on the spot (T-04, A-03)."""

import datetime as dt
from dataclasses import dataclass, replace

import sqlalchemy as sa
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import Session

from erp_club.kernel import audit
from erp_club.kernel.errors import Conflict, Forbidden, NotFound
from erp_club.kernel.text import Money, Rate, T, Text
from erp_club.organisation.models import Chain, Store
from erp_club.permissions import errors, passwords
from erp_club.permissions.actors import Actor
from erp_club.permissions.approvals.models import Approval, DayUse
from erp_club.permissions.catalog import Permission, Unit
from erp_club.permissions.grants.queries import grants_now
from erp_club.permissions.models import Staff
from erp_club.permissions.queries import staff_by_username
from erp_club.permissions.rules import Asked, Decision, Outcome, Rule, by_pin, may_approve
from erp_club.permissions.tries import commands as tries
from erp_club.permissions.tries.commands import Place
from erp_club.permissions.tries.kinds import Kind
from erp_club.permissions.workplaces.queries import works_in

HOLDS_FOR = dt.timedelta(minutes=5)


@dataclass(frozen=True, slots=True)
class Deed:
    """What is about to be done, as an approval is bound to it.

    `amount` is in the action's unit, `about` names the object (`points-account:7`, `sale:…`), `store_id` its store
    where it isn't the one that the person works in.
    """

    action: Permission
    about: str
    amount: int | None = None
    percent_bp: int | None = None
    customer_id: int | None = None
    club_id: int | None = None
    store_id: int | None = None

    @property
    def asked(self) -> Asked:
        """The same as a question."""
        return Asked(store_id=self.store_id, club_id=self.club_id, amount=self.amount, percent_bp=self.percent_bp)


def permit(session: Session, deed: Deed, *, on: dt.date, now: dt.datetime, by: Actor) -> None:
    """Let it be done, within the limits or with the approval that came along, and count it on the store's day.

    Raises Forbidden `not-permitted` by the rule that says so, or `approval-required` with what `POST /approvals` needs.
    The system itself has no limits.
    """
    if by.staff_id is None:
        return
    asked = replace(deed.asked, used_today=_count(session, deed, by.staff_id, on=on, by=by))
    decision = by.decide(deed.action, asked)
    if decision.outcome is Outcome.REFUSED:
        raise _refused(session, deed.action, decision)
    if decision.outcome is Outcome.APPROVAL and not _used(session, deed, now=now, by=by):
        raise _approval_required(session, deed, decision)


def _count(session: Session, deed: Deed, staff_id: int, *, on: dt.date, by: Actor) -> int:
    """Add the deed to what the person has done today, and tell what that was before; a refusal undoes it.

    It is counted where a limit of the day holds for the person: others' sales needn't wait for a row more.
    """
    if deed.amount is None or not by.held.limits_days(deed.action):
        return 0
    added = insert(DayUse).values(
        day=on, store_id=by.store_id, staff_id=staff_id, action=deed.action.value, used=deed.amount
    )
    counted = added.on_conflict_do_update(
        index_elements=["day", "store_id", "staff_id", "action"], set_={"used": DayUse.used + added.excluded.used}
    ).returning(DayUse.used)
    return session.execute(counted).scalar_one() - deed.amount


def _used(session: Session, deed: Deed, *, now: dt.datetime, by: Actor) -> bool:
    """Use up the first of the approvals that came with the request which is one for this deed."""
    return any(_used_up(session, token_hash, deed, now=now, by=by) for token_hash in by.approvals)


def _used_up(session: Session, token_hash: bytes, deed: Deed, *, now: dt.datetime, by: Actor) -> bool:
    used = session.execute(
        sa.update(Approval)
        .where(
            Approval.token_hash == token_hash,
            Approval.approved.is_(True),
            Approval.used_at.is_(None),
            Approval.ends_at > now,
            Approval.asked_by == by.staff_id,
            # Who was dismissed meanwhile stands for nothing any more.
            sa.exists().where(Staff.id == Approval.decided_by, Staff.active),
            Approval.terminal_id.is_not_distinct_from(by.terminal_id),
            Approval.store_id.is_not_distinct_from(deed.store_id or by.store_id),
            Approval.action == deed.action.value,
            Approval.amount.is_not_distinct_from(deed.amount),
            Approval.percent_bp.is_not_distinct_from(deed.percent_bp),
            Approval.customer_id.is_not_distinct_from(deed.customer_id),
            Approval.club_id.is_not_distinct_from(deed.club_id),
            Approval.about == deed.about,
        )
        .values(used_at=now)
        .returning(Approval.id)
        .execution_options(synchronize_session=False)
    ).scalar_one_or_none()
    if used is None:
        return False
    audit.record(
        session, by=by, now=now, action="approval.use", entity="approval", entity_id=used,
        after={"action": deed.action.value, "amount": deed.amount, "about": deed.about},
    )  # fmt: skip
    return True


_WHY = {
    Rule.EVERY_TIME: T("Somebody else has to approve this."),
    Rule.PER_SALE: T("This is more than you may do at once (%(limit)s). Somebody else has to approve it."),
    Rule.PER_DAY: T("With this you would do more than you may in a day (%(limit)s). Somebody else has to approve it."),
    Rule.DISCOUNT: T("This is a greater discount than you may give (%(limit)s). Somebody else has to approve it."),
}


def _approval_required(session: Session, deed: Deed, decision: Decision) -> Forbidden:
    unit = deed.action.unit
    wanted = {
        "action": deed.action.value,
        "about": deed.about,
        "amount": deed.amount,
        "percent_bp": deed.percent_bp,
        "customer_id": deed.customer_id,
        "club_id": deed.club_id,
        "store_id": deed.store_id,
    }
    return Forbidden(
        _said(session, deed.action, decision),
        code="approval-required",
        facts={
            "approval": {name: value for name, value in wanted.items() if value is not None},
            "rule": decision.rule.value,
            "limit": decision.limit,
            "unit": None if unit is None else unit.value,
        },
    )


def _refused(session: Session, action: Permission, decision: Decision) -> Forbidden:
    """What nobody's approval helps with."""
    return errors.not_permitted(action, decision, currency=_currency(session))


def _currency(session: Session) -> str:
    return session.scalars(sa.select(Chain.currency)).one()


def _said(session: Session, action: Permission, decision: Decision) -> Text:
    """The rule that asks for somebody else, with its limit."""
    limit: object = decision.limit
    if decision.rule is Rule.DISCOUNT:
        limit = Rate(decision.limit or 0)
    elif decision.limit is not None and action.unit is Unit.MONEY:
        limit = Money(decision.limit, _currency(session))
    return Text(_WHY[decision.rule].msgid, {"limit": limit} if decision.limit is not None else {})


def ask(session: Session, deed: Deed, *, now: dt.datetime, by: Actor) -> tuple[int, str]:
    """Put a deed before somebody else; gives its number and the token that goes with the request once it is approved.

    Raises Forbidden where the person couldn't do it with an approval either.
    """
    if by.staff_id is None:
        raise errors.not_signed_in()
    decision = by.decide(deed.action, deed.asked)
    if decision.outcome is Outcome.REFUSED:
        raise _refused(session, deed.action, decision)
    token = passwords.new_token("approval")
    made = session.execute(
        sa.insert(Approval)
        .values(
            token_hash=passwords.token_hash(token),
            action=deed.action.value,
            amount=deed.amount,
            percent_bp=deed.percent_bp,
            customer_id=deed.customer_id,
            club_id=deed.club_id,
            about=deed.about,
            store_id=deed.store_id or by.store_id,
            terminal_id=by.terminal_id,
            asked_by=by.staff_id,
            asked_at=now,
            ends_at=now + HOLDS_FOR,
        )
        .returning(Approval.id)
    ).scalar_one()
    return made, token


def decide_approval(
    session: Session, approval_id: int, *, approve: bool, with_pin: bool = False, now: dt.datetime, by: Actor
) -> None:
    """Approve a deed of somebody else's, or don't.

    Raises NotFound for one that isn't there or isn't in the person's reach, Forbidden `second-person-needed` for one's
    own and `not-permitted` beyond what the person may do, Conflict for one that is decided or whose time is over.
    """
    found = session.get(Approval, approval_id, with_for_update=True)
    if found is None:
        raise no_approval()
    if by.staff_id is None or found.asked_by == by.staff_id:
        raise Forbidden(T("Somebody else than who asks has to approve it."), code="second-person-needed")
    if _is_elsewhere(found, by):
        # Whoever enters a PIN beside the person who asks knows that it is there.
        raise _elsewhere() if with_pin else no_approval()
    if not may_approve_it(found, by):
        raise _not_theirs(session, found, by)
    if found.approved is not None:
        raise Conflict(T("This is decided already."), code="approval-decided")
    if found.ends_at <= now:
        raise Conflict(T("The time for it is over. Ask again."), code="approval-over")
    used = _used_of_approver(session, found, now=now, by=by) if approve else 0
    if not may_approve_it(found, by, used_today=used):
        raise _not_theirs(session, found, by, used_today=used)
    found.decided_by, found.decided_at, found.approved, found.by_pin = by.staff_id, now, approve, with_pin
    session.flush()
    audit.record(
        session,
        by=by,
        now=now,
        action="approval.give" if approve else "approval.decline",
        entity="approval",
        entity_id=approval_id,
        after={
            "action": found.action,
            "amount": found.amount,
            "about": found.about,
            "customer_id": found.customer_id,
            "asked_by": found.asked_by,
        },
    )


def may_approve_it(found: Approval, by: Actor, *, used_today: int = 0) -> bool:
    """Whether this person may approve that deed, who has done and approved so much of its action that day."""
    action = _KNOWN.get(found.action)
    if action is None or _is_elsewhere(found, by):
        return False
    return may_approve(by.held, action, replace(_asked(found), used_today=used_today), store_id=by.store_id)


def _not_theirs(session: Session, found: Approval, by: Actor, *, used_today: int = 0) -> Forbidden:
    """Why somebody may not approve a deed: they approve nothing, may not do it themselves, or only less of it."""
    action = _KNOWN.get(found.action)
    giving = by.decide(Permission.APPROVALS_GIVE, Asked(store_id=found.store_id))
    if action is None or giving.outcome is not Outcome.ALLOWED:
        return errors.not_permitted(Permission.APPROVALS_GIVE, giving)
    decision = by.decide(action, replace(_asked(found), used_today=used_today))
    if decision.outcome is Outcome.REFUSED:
        return _refused(session, action, decision)
    facts = {"permission": action.value, "rule": decision.rule.value, "limit": decision.limit}
    return Forbidden(_said(session, action, decision), code="not-permitted", facts=facts)


def _asked(found: Approval) -> Asked:
    return Asked(store_id=found.store_id, club_id=found.club_id, amount=found.amount, percent_bp=found.percent_bp)


_KNOWN = {each.value: each for each in Permission}


def _used_of_approver(session: Session, found: Approval, *, now: dt.datetime, by: Actor) -> int:
    """What whoever approves has done of the action on the store's day, and approved that was done or still may be.

    Looked at where a limit of the day holds for them. Their row is held: of two approvals at once the second counts
    the first.
    """
    action = _KNOWN.get(found.action)
    if action is None or not by.held.limits_days(action):
        return 0
    session.execute(sa.select(Staff.id).where(Staff.id == by.staff_id).with_for_update(key_share=True))
    zone = session.scalar(
        sa.select(sa.func.coalesce(Store.time_zone, Chain.time_zone))
        .select_from(Chain)
        .outerjoin(Store, Store.id == found.store_id)
    )
    day = sa.cast(sa.func.timezone(zone, now), sa.Date)
    done = sa.select(sa.func.sum(DayUse.used)).where(
        DayUse.day == day,
        DayUse.store_id.is_not_distinct_from(found.store_id),
        DayUse.staff_id == by.staff_id,
        DayUse.action == found.action,
    )
    given = sa.select(sa.func.sum(Approval.amount)).where(
        Approval.decided_by == by.staff_id,
        Approval.approved.is_(True),
        Approval.action == found.action,
        Approval.store_id.is_not_distinct_from(found.store_id),
        sa.cast(sa.func.timezone(zone, Approval.decided_at), sa.Date) == day,
        Approval.used_at.is_not(None) | (Approval.ends_at > now),
    )
    return sum(int(session.scalar(each) or 0) for each in (done, given))


def _is_elsewhere(found: Approval, by: Actor) -> bool:
    """Whether somebody who approves for their own store only doesn't reach it; what is of no store is head office's."""
    own = by.only_store(Permission.APPROVALS_GIVE)
    return own is not None and found.store_id != own


def approver(session: Session, username: str, pin: str, *, at: Actor, place: Place, now: dt.datetime) -> Actor:
    """Somebody who enters their PIN where another works, as the actor that they are there.

    Raises Unauthenticated, alike for an unknown name and a wrong PIN, Throttled where either was wrong too often, and
    Forbidden in a store where the person doesn't work. What such a refusal has counted is to be committed.
    """
    scope = tries.name_scope(Kind.PIN, username)
    tries.hold(session, scope, place, now=now)
    staff = staff_by_username(session, username.strip())
    right = passwords.verify_password(pin, staff.pin_hash if staff else None)
    if not right or staff is None:
        staff_id = staff.id if staff else None
        wrong = errors.wrong_pin()
        raise tries.count_wrong(session, scope, place, kind=Kind.PIN, staff_id=staff_id, now=now, wrong=wrong)
    tries.forget(session, scope)
    if at.store_id is not None and not works_in(session, staff, at.store_id):
        raise _elsewhere()
    held = by_pin(grants_now(session).of(staff.role))
    return Actor(staff.name, held, staff.id, staff.role, at.terminal_id, at.store_id or staff.store_id)


def _elsewhere() -> Forbidden:
    return errors.not_permitted(Permission.APPROVALS_GIVE, Decision(Outcome.REFUSED, Rule.OTHER_STORE))


def no_approval() -> NotFound:
    """There is no such approval."""
    return NotFound(T("There is no such approval."))
