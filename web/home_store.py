"""The store that a customer calls theirs, which a person may type by its name."""

from typing import TypeVar

from web import store_picking as picking
from web.deps import Act, wants_html
from web.fields import Body, Line
from web.views.customers import store_choices


class AtHome(Body):
    """A body that says a home store, by its code."""

    home_store: Line | None = None


Told = TypeVar("Told", bound=AtHome)


def at_home(act: Act, body: Told) -> Told:
    """With the code of the home store where a person may have typed its name. Raises Invalid."""
    if not body.home_store or not wants_html(act.request):
        return body
    return body.model_copy(update={"home_store": picking.meant(store_choices(act), body.home_store, "home_store").code})
