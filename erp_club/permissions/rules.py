"""Whether somebody may do something, and by which rule: one function, asked by routes, commands and templates."""

from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass, field
from enum import StrEnum

from erp_club.permissions.catalog import AT_TILL, GRANTS, LIMITS, SCOPES, Permission, Role, Scope


@dataclass(frozen=True, slots=True)
class Limits:
    """The most in one sale or change, in one day of a store (both in the action's unit), and the greatest discount.

    All are included; None limits nothing. `percent_bp` is in basis points.
    """

    per_sale: int | None = None
    per_day: int | None = None
    percent_bp: int | None = None


NO_LIMITS = Limits()


@dataclass(frozen=True, slots=True)
class Grant:
    """One action that a role holds, how far it reaches, and up to what.

    With `approval` somebody else has to approve each time, else beyond the limits only. `club_id` is of the scope club.
    """

    scope: Scope = Scope.CHAIN
    club_id: int | None = None
    limits: Limits = NO_LIMITS
    approval: bool = False


@dataclass(frozen=True, slots=True)
class Held:
    """All that somebody holds, and the chain's caps, which stand above every role."""

    grants: Mapping[Permission, tuple[Grant, ...]] = field(default_factory=dict[Permission, tuple[Grant, ...]])
    caps: Mapping[Permission, Limits] = field(default_factory=dict[Permission, Limits])

    def only(self, permissions: Set[Permission]) -> "Held":
        """The same, without the actions that aren't among these."""
        kept = {action: grants for action, grants in self.grants.items() if action in permissions}
        return Held(kept, self.caps)

    def limits_days(self, action: Permission) -> bool:
        """Whether how much of it is done in a day is limited, by a grant or by the chain's cap."""
        limits = [grant.limits for grant in self.grants.get(action, ())]
        cap = self.caps.get(action)
        return any(each.per_day is not None for each in (limits if cap is None else [*limits, cap]))

    def without_limits(self) -> "Held":
        """The same actions without limits and caps: for what has been done already."""
        return Held(dict.fromkeys(self.grants, _WHOLE))

    def also(self, *permissions: Permission) -> "Held":
        """The same, and these actions without limits."""
        return Held({**self.grants, **dict.fromkeys(permissions, _WHOLE)}, self.caps)


_WHOLE = (Grant(),)
NOTHING = Held()


@dataclass(frozen=True, slots=True)
class Asked:
    """What somebody is about to do, as far as it is known where the question is asked.

    `store_id` and `club_id` are those of the object, `own` is whether the person made it. `amount` is in the action's
    unit, `used_today` what the person has done of it before on the store's day. None isn't looked at.
    """

    store_id: int | None = None
    club_id: int | None = None
    own: bool | None = None
    amount: int | None = None
    percent_bp: int | None = None
    used_today: int = 0


ANYTHING = Asked()


class Outcome(StrEnum):
    """What `decide` answers."""

    ALLOWED = "allowed"
    APPROVAL = "approval"
    REFUSED = "refused"


class Rule(StrEnum):
    """Which rule has decided."""

    GRANTED = "granted"
    NO_GRANT = "no-grant"
    OTHER_STORE = "other-store"
    OTHER_CLUB = "other-club"
    NOT_OWN = "not-own"
    EVERY_TIME = "every-time"
    PER_SALE = "per-sale"
    PER_DAY = "per-day"
    DISCOUNT = "discount"
    CAP_PER_SALE = "cap-per-sale"
    CAP_PER_DAY = "cap-per-day"
    CAP_DISCOUNT = "cap-discount"


@dataclass(frozen=True, slots=True)
class Decision:
    """The answer with its reason, and the limit that was met, if one was."""

    outcome: Outcome
    rule: Rule
    limit: int | None = None


_ALLOWED = Decision(Outcome.ALLOWED, Rule.GRANTED)
NO_GRANT = Decision(Outcome.REFUSED, Rule.NO_GRANT)
_EVERY_TIME = Decision(Outcome.APPROVAL, Rule.EVERY_TIME)
_CAPPED = {
    Rule.PER_SALE: Rule.CAP_PER_SALE,
    Rule.PER_DAY: Rule.CAP_PER_DAY,
    Rule.DISCOUNT: Rule.CAP_DISCOUNT,
}


def decide(held: Held, action: Permission, asked: Asked = ANYTHING, *, store_id: int | None = None) -> Decision:
    """Whether somebody who holds this and works in `store_id` may do it.

    Nothing is allowed that no grant names. Beyond a cap nobody may, beyond a grant's limit with somebody's approval;
    of several grants that reach the object, the one that allows most counts.
    """
    grants = held.grants.get(action)
    if not grants:
        return NO_GRANT
    reaching = [grant for grant in grants if _missed(grant, asked, store_id) is None]
    if not reaching:
        return Decision(Outcome.REFUSED, _missed(grants[0], asked, store_id) or Rule.NO_GRANT)
    cap = held.caps.get(action)
    capped = None if cap is None else _beyond(cap, asked)
    if capped is not None:
        return Decision(Outcome.REFUSED, _CAPPED[capped[0]], capped[1])
    best: Decision | None = None
    for grant in reaching:
        beyond = _beyond(grant.limits, asked)
        if beyond is None and not grant.approval:
            return _ALLOWED
        best = best or (_EVERY_TIME if beyond is None else Decision(Outcome.APPROVAL, *beyond))
    return best or NO_GRANT


def may_approve(held: Held, action: Permission, asked: Asked, *, store_id: int | None) -> bool:
    """Whether somebody may approve this of another: they could do it there themselves, within their own limits.

    That they need somebody's approval for each of their own doesn't matter: two such people watch each other.
    """
    if action is Permission.APPROVALS_GIVE or not held.grants.get(Permission.APPROVALS_GIVE):
        return False
    if decide(held, Permission.APPROVALS_GIVE, Asked(store_id=asked.store_id), store_id=store_id) != _ALLOWED:
        return False
    decision = decide(held, action, asked, store_id=store_id)
    return decision.outcome is Outcome.ALLOWED or decision.rule is Rule.EVERY_TIME


def covers(mine: Held, action: Permission, theirs: Grant, *, same_store: bool = False) -> bool:
    """Whether somebody who holds `mine` may give this grant away: it reaches no further than one of theirs.

    What one holds in one's own store only can be given there (`same_store`): of anybody else it would be another store.
    """
    return any(_within(theirs, grant, same_store=same_store) for grant in mine.grants.get(action, ()))


def covers_all(mine: Held, theirs: Held, *, same_store: bool = False) -> bool:
    """Whether somebody who holds `mine` may give away all that `theirs` is."""
    return all(
        covers(mine, action, grant, same_store=same_store)
        for action, grants in theirs.grants.items()
        for grant in grants
    )


def whole(permissions: Iterable[Permission]) -> Held:
    """These actions in the whole chain, without limits."""
    return Held(dict.fromkeys(permissions, _WHOLE))


def by_pin(held: Held) -> Held:
    """What is left of it for who signed on by PIN at a till."""
    return held.only(AT_TILL)


def delivered(role: Role) -> Held:
    """What a role that comes with the product holds until head office decides otherwise."""
    grants = {
        action: (Grant(SCOPES.get((role, action), Scope.CHAIN), limits=Limits(LIMITS.get((role, action)))),)
        for action in GRANTS[role]
    }
    return Held(grants)


def _missed(grant: Grant, asked: Asked, store_id: int | None) -> Rule | None:
    """Why the grant doesn't reach the object; None where it does, or where nothing is known of that yet."""
    match grant.scope:
        case Scope.STORE if asked.store_id is not None and asked.store_id != store_id:
            return Rule.OTHER_STORE
        case Scope.CLUB if asked.club_id is not None and asked.club_id != grant.club_id:
            return Rule.OTHER_CLUB
        case Scope.SELF if asked.own is False:
            return Rule.NOT_OWN
        case _:
            return None


def _beyond(limits: Limits, asked: Asked) -> tuple[Rule, int] | None:
    """The limit that is passed, and what it is."""
    if asked.amount is not None:
        if limits.per_sale is not None and asked.amount > limits.per_sale:
            return Rule.PER_SALE, limits.per_sale
        if limits.per_day is not None and asked.used_today + asked.amount > limits.per_day:
            return Rule.PER_DAY, limits.per_day
    if asked.percent_bp is not None and limits.percent_bp is not None and asked.percent_bp > limits.percent_bp:
        return Rule.DISCOUNT, limits.percent_bp
    return None


def _within(theirs: Grant, mine: Grant, *, same_store: bool) -> bool:
    if mine.scope is not Scope.CHAIN and (theirs.scope, theirs.club_id) != (mine.scope, mine.club_id):
        return False
    if mine.scope is Scope.STORE and not same_store:
        return False
    if mine.approval and not theirs.approval:
        return False
    pairs = (
        (theirs.limits.per_sale, mine.limits.per_sale),
        (theirs.limits.per_day, mine.limits.per_day),
        (theirs.limits.percent_bp, mine.limits.percent_bp),
    )
    return all(most is None or (given is not None and given <= most) for given, most in pairs)
