"""What the fields of an offer's document are called, and how their values are written, for people who read versions."""

import re
from typing import Any

from erp_club.kernel.text import N_
from web.i18n import translate
from web.offer_forms.deeds import at
from web.offer_forms.fields import COMBINATION, CONDITIONS, COST, LIMITS, REWARDS, Ask
from web.offer_forms.typed import written

_STARTS = (
    ("auto", N_("It starts by itself")), ("cashier", N_("The cashier chooses it")),
    ("code", N_("Somebody enters a code")), ("coupon", N_("A coupon starts it")),
)  # fmt: skip
_PARTS: dict[str, tuple[Ask, ...]] = {
    "limits": LIMITS,
    "combination": COMBINATION,
    "activation": (
        *COST,
        Ask("by", N_("Who starts it"), "select", options=_STARTS),
        Ask("code", N_("Code to enter")),
        Ask("batch", N_("Coupon batch")),
    ),
}
_WHOLE = {
    "names": N_("Name on the receipt"), "first_day": N_("First day"), "last_day": N_("Last day"),
    "receipt_message": N_("Printed on the receipt"), "till_message": N_("Shown to the cashier"),
    "hint": N_("The till tells what is missing for it"),
    "rest": N_("The last part goes to what no other part has touched"),
}  # fmt: skip
_NAMES = re.compile(r"[a-z_]+")
_REWARD = re.compile(r"^rewards\[\d+\]")


def label_of(path: str, document: dict[str, Any]) -> str:
    """What the form calls the field at a path of this document; the path where it has no field of its own."""
    ask = _ask(path, document)
    if ask is not None:
        return translate(ask.label)
    first = _NAMES.match(path)
    return translate(_WHOLE[first[0]]) if first and first[0] in _WHOLE else path


def value_of(path: str, document: dict[str, Any]) -> str | None:
    """The value at a path as the form writes it; None where there is none."""
    value = at(document, path)
    if value is None:
        return None
    if isinstance(value, bool):
        return translate("Yes") if value else translate("No")
    ask = _ask(path, document)
    option = next((label for each, label in ask.options if each == value), None) if ask is not None else None
    if option is not None:
        return translate(option)
    if not isinstance(value, int):
        return str(value)
    reward = _REWARD.match(path)
    kind = at(document, f"{reward[0]}.kind") if reward else ""
    return written(_NAMES.findall(path)[-1], value, str(kind))


def _ask(path: str, document: dict[str, Any]) -> Ask | None:
    """The field of the form that a path belongs to."""
    first, *names = _NAMES.findall(path)
    if first == "rewards":
        reward = _REWARD.match(path)
        asks = REWARDS.get(str(at(document, f"{reward[0]}.kind")), ()) if reward else ()
    elif first == "when":
        asks = tuple(ask for each in CONDITIONS.values() for ask in each)
    else:
        asks = _PARTS.get(first, ())
    return next((ask for name in names for ask in asks if ask.name == name), None)
