"""Where in the form a fault or a warning is told: at its field, else at the first of the rule that it is in. Pure."""

from collections.abc import Mapping

from web.programme_forms.layout import visible
from web.programme_forms.paths import Document, parent


def at_fields(document: Document, found: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """Each fault at a field that the form shows: its own, else the first of the rule that it is in, else above all."""
    shown = ["code", "names", *(ask.name for ask in visible(document))]
    made: dict[str, list[str]] = {}
    for path, texts in found.items():
        made.setdefault(shown_at(path, shown), []).extend(texts)
    return made


def shown_at(path: str, shown: list[str]) -> str:
    """The field at which something is told of a place."""
    if path in shown or not path or path.startswith("names."):
        return path
    here = path
    while here:
        inside = next((name for name in shown if name.startswith((f"{here}.", f"{here}["))), None)
        if here in shown or inside is not None:
            return here if here in shown else str(inside)
        here = parent(here)
    return ""
