"""Refusals about who may do what."""

import datetime as dt

from erp_club.kernel.errors import Forbidden, Throttled, Unauthenticated
from erp_club.kernel.text import N_, Money, Name, Rate, T, Text
from erp_club.permissions.catalog import Permission, Unit
from erp_club.permissions.factors.codes import Means
from erp_club.permissions.rules import NO_GRANT, Decision, Rule


def not_signed_in() -> Unauthenticated:
    """Nobody is known to have sent this."""
    return Unauthenticated(T("Sign in to go on."), code="sign-in")


def wrong_sign_in() -> Unauthenticated:
    """The same for a wrong name and a wrong secret, so that names can't be tried out."""
    return Unauthenticated(T("The user name or the password is wrong. Try again."), code="sign-in-wrong")


def wrong_pin() -> Unauthenticated:
    """The same for a wrong name and a wrong PIN."""
    return Unauthenticated(T("The user name or the PIN is wrong. Try again."), code="sign-in-wrong")


def wrong_code() -> Unauthenticated:
    """A code of the second factor that is none, or was used."""
    return Unauthenticated(
        T("This code is wrong, or it was used before. Wait for the app's next one."), field="code", code="code-wrong"
    )


def code_needed() -> Unauthenticated:
    """The password is right; the person has a second factor, too."""
    return Unauthenticated(
        T("Send the authenticator app's code too, or a recovery code."), field="code", code="code-needed"
    )


def factor_missing() -> Unauthenticated:
    """The password is right; the role asks for a second factor that nobody has set up."""
    return Unauthenticated(
        T("Your role asks for a second factor. Sign in once in a browser to set it up."), code="second-factor-missing"
    )


def step_over() -> Unauthenticated:
    """Between the password and the code too much time has gone, or something has changed."""
    return Unauthenticated(T("This took too long. Sign in again."), code="sign-in-over")


_PROVE = {
    Means.CODE: N_("This asks who you are once more. Enter the code of your authenticator app."),
    Means.PASSWORD: N_("This asks who you are once more. Enter your password."),
    Means.PIN: N_("This asks who you are once more. Enter your PIN."),
}
_WRONG = {
    Means.CODE: N_("This code is wrong, or it was used before. Wait for the app's next one."),
    Means.PASSWORD: N_("The password is wrong. Try again."),
    Means.PIN: N_("The PIN is wrong. Try again."),
}


def proof_needed(means: Means) -> Forbidden:
    """What is asked for needs that the person was proven some minutes ago at most; it tells how to do that."""
    facts = {"proof": {"method": "POST", "url": "/proofs", "field": "proof", "means": means.value}}
    return Forbidden(Text(_PROVE[means]), code="proof-needed", facts=facts)


def wrong_proof(means: Means) -> Forbidden:
    """What the person has shown anew is wrong."""
    return Forbidden(Text(_WRONG[means]), field="proof", code="proof-wrong")


def wrong_own(means: Means) -> Forbidden:
    """What somebody has now isn't what they say it is, who wants to change it."""
    return Forbidden(Text(_WRONG[means]), field="current", code="proof-wrong")


def locked(until: dt.datetime, now: dt.datetime) -> Throttled:
    """The name, or the place, was wrong too often; told alike for names that nobody has."""
    seconds = max(1, -(-(until - now) // dt.timedelta(seconds=1)))
    return Throttled(
        T(
            "Too many wrong tries. Wait %(minutes)s min, or ask a manager to open the sign-in again.",
            minutes=-(-seconds // 60),
        ),
        retry_after=seconds,
        code="sign-in-locked",
    )


def unknown_terminal_key() -> Unauthenticated:
    """The key belongs to no active terminal."""
    return Unauthenticated(
        T("No till has this key. Check it, or ask head office for a new one."), code="terminal-key-unknown"
    )


def not_assigned(store: str) -> Forbidden:
    """Somebody signs on in a store where they don't work."""
    return Forbidden(
        T("You aren't assigned to %(store)s. Ask head office to add this store to yours.", store=Name({"en": store})),
        code="not-assigned",
    )


def unknown_code() -> Unauthenticated:
    """The one-time code is none, or over, or used."""
    return Unauthenticated(
        T("This code doesn't work: it holds for ten minutes and for one time. Ask for a new one."),
        code="terminal-code-unknown",
    )


def no_terminal() -> Forbidden:
    """Something that only a till can do."""
    return Forbidden(T("This is done at a till. Enter the till's key in this browser first."), code="terminal-needed")


_WHY = {
    Rule.OTHER_STORE: N_("Your role includes “%(permission)s” in your own store only."),
    Rule.OTHER_CLUB: N_("Your role includes “%(permission)s” in other clubs only."),
    Rule.NOT_OWN: N_("Your role includes “%(permission)s” only for what you did yourself."),
    Rule.CAP_PER_SALE: N_("Nobody in the chain may do more than %(limit)s of “%(permission)s” at once."),
    Rule.CAP_PER_DAY: N_("Nobody in the chain may do more than %(limit)s of “%(permission)s” in a day."),
    Rule.CAP_DISCOUNT: N_("Nobody in the chain may give a discount of more than %(limit)s."),
}


def not_permitted(permission: Permission, decision: Decision = NO_GRANT, *, currency: str = "") -> Forbidden:
    """The person may not do it; the refusal names the rule that says so, an amount of money in `currency`."""
    said = _WHY.get(decision.rule, N_("Your role doesn't include “%(permission)s”. Ask somebody whose role does."))
    limit: object = decision.limit
    if decision.rule is Rule.CAP_DISCOUNT:
        limit = Rate(decision.limit or 0)
    elif decision.limit is not None and permission.unit is Unit.MONEY:
        limit = Money(decision.limit, currency)
    return Forbidden(
        Text(said, {"permission": Text(permission.sentence), "limit": limit}),
        code="not-permitted",
        facts={"permission": permission.value, "rule": decision.rule.value}
        | ({} if decision.limit is None else {"limit": decision.limit}),
    )


def other_store() -> Forbidden:
    """Figures of a store that isn't the reader's."""
    return Forbidden(T("You see the figures of your own store only."), code="other-store")
