"""What the dialog of an approval shows, and the request that goes on afterwards."""

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pydantic import BaseModel, ValidationError
from starlette.responses import Response

from erp_club.clubs.units import queries as units
from erp_club.permissions.catalog import Permission, Unit
from erp_club.points.units import POINTS, PointsUnit
from web.deps import Act
from web.forms import FormState, fields_of

PAGES = {
    "points-account": "/points-accounts/{}/movements",
    "receipt": "/purchases/{}",
    "stored-value-card": "/stored-value-cards/{}",
}
_BOUND = ("action", "about", "amount", "percent_bp", "customer_id", "club_id", "store_id")


class Resend(BaseModel):
    """A form that is sent again: its address, its method, and its fields as they were typed."""

    url: str
    method: str
    fields: list[tuple[str, str]]

    @property
    def in_dialog(self) -> bool:
        """Whether a till shows its answer in the dialog, as that of returns; what else it sends leads back to it."""
        return self.method == "POST" and self.url.startswith(("/purchases/", "/returns"))


class AskedFor(BaseModel):
    """What somebody else is to approve; `bound` is what `POST /approvals` takes, `send` the form that follows it."""

    action: str
    sentence: str
    unit: Unit | None
    points_unit: PointsUnit | None
    amount: int | None
    bound: dict[str, str]
    send: str

    @staticmethod
    def of(act: Act, values: Mapping[str, Any]) -> "AskedFor":
        """From the fields of a form or the facts of a refusal; of an action that isn't known it is empty."""
        known = {each.value: each for each in Permission}
        action = known.get(str(values.get("action", "")))
        amount = str(values.get("amount", ""))
        return AskedFor(
            action=action.value if action else "",
            sentence=action.sentence if action else "",
            unit=action.unit if action else None,
            points_unit=points_unit(act, str(values.get("about", "")), _number(values.get("club_id"))),
            amount=int(amount) if amount.isascii() and amount.isdigit() and len(amount) < 19 else None,
            bound={name: str(values[name]) for name in _BOUND if values.get(name) not in (None, "")},
            send=str(values.get("send", "")),
        )


def _number(said: Any) -> int | None:
    text = str(said)
    return int(text) if text.isascii() and text.isdigit() and len(text) < 10 else None


def points_unit(act: Act, about: str, club_id: int | None) -> PointsUnit | None:
    """What points of a deed count: as the account that it is about, else the club that it names, else all of them."""
    return points_units(act, [(about, club_id)])[0]


def points_units(act: Act, deeds: Sequence[tuple[str, int | None]]) -> list[PointsUnit | None]:
    """The same of several deeds, each by what it is about and its club."""
    accounts = [_account(about) for about, _ in deeds]
    known = {account for account in accounts if account is not None}
    of_accounts = units.units_of_accounts(act.session, known) if known else {}
    clubs = {club_id for account, (_, club_id) in zip(accounts, deeds, strict=True) if account is None}
    of_clubs = {club_id: units.unit_of_clubs(act.session, club_id) for club_id in clubs}
    return [
        of_clubs[club_id] if account is None else of_accounts.get(account, POINTS)
        for account, (_, club_id) in zip(accounts, deeds, strict=True)
    ]


def _account(about: str) -> int | None:
    kind, _, rest = about.partition(":")
    account = rest.partition(":")[0]
    known = kind == "points-account" and account.isascii() and account.isdigit() and len(account) < 19
    return int(account) if known else None


def url_of(about: str) -> str | None:
    """The page of the object that a deed is about, where it has one."""
    kind, _, rest = about.partition(":")
    number = rest.partition(":")[0]
    return PAGES[kind].format(number) if kind in PAGES and number.isascii() and number.isdigit() else None


def asked_for(told: object) -> dict[str, Any]:
    """The facts of a refusal as the fields of the dialog."""
    return dict(told) if isinstance(told, dict) else {}


def send_of(url: str, method: str, typed: Mapping[str, Any]) -> str:
    """A posted form as the dialog carries it along."""
    return json.dumps({"url": url, "method": method, "fields": fields_of(typed)})


def resend_of(told: str) -> Resend | None:
    """The form that the dialog has carried along; None where it is none of ours."""
    try:
        made = Resend.model_validate_json(told)
    except ValidationError:
        return None
    return made if made.url.startswith("/") and not made.url.startswith(("//", "/\\")) else None


def ask_page(act: Act, form: FormState) -> Response:
    """The dialog in which somebody else approves it, without the PIN that was typed."""
    form.values.pop("pin", None)
    view = AskedFor.of(act, form.values)
    response = act.answer(view, "approvals/_ask.html" if act.htmx else "approvals/ask.html", form=form)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerHTML"
    return response
