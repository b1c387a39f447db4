"""The dialog that asks somebody who they are once more, and then goes on with what they asked for."""

from pydantic import BaseModel
from starlette.responses import Response

from erp_club.demo import story
from erp_club.permissions.factors.codes import Means
from erp_club.permissions.factors.queries import means_of
from web.deps import Act
from web.forms import PROOFS, FormState, fields_of
from web.security import SAFE_METHODS

SECRET = {Means.PASSWORD: story.PASSWORD, Means.PIN: story.PIN}


class WhoPage(BaseModel):
    """What is asked for (`means`: code, password or pin), and the form that goes on with it.

    `fields` are those of what was asked for, as they were typed. `demo` is the demo's own secret, while it is one.
    """

    means: Means
    url: str
    method: str
    fields: list[tuple[str, str]]
    demo: str


def who_page(act: Act, form: FormState, *, url: str, method: str) -> Response:
    """The dialog; what is only read goes on by way of `/proofs`, as an address holds no secrets."""
    reads = method in SAFE_METHODS
    known = act.identity.session
    means = means_of(act.session, act.by.staff_id or 0, by_pin=known is not None and known.by_pin)
    view = WhoPage(
        means=means,
        url=PROOFS if reads else url,
        method="POST" if reads else method,
        fields=[("next", url)] if reads else fields_of(form.values),
        demo=SECRET.get(means, "") if act.chain.is_demo else "",
    )
    shown = FormState(errors=form.errors)
    response = act.answer(view, "access/_who.html" if act.htmx else "access/who.html", form=shown)
    response.headers["HX-Retarget"] = "#dialog"
    response.headers["HX-Reswap"] = "innerHTML"
    return response
