"""Places in a document, written as `earning.rules[0].points`. Pure."""

import re
from typing import Any

_STEP = re.compile(r"([^\[\].]+)|\[(\d+)\]")
Document = dict[str, Any]
OPEN = "~open"
"""Where a form's document keeps of which of its places more is asked; no part of a programme."""


def steps(path: str) -> list[str | int]:
    """The steps of a path: names of fields and places in lists."""
    return [int(number) if number else word for word, number in _STEP.findall(path)]


def at(document: Any, path: str) -> Any:
    """What is there; None where nothing is."""
    here = document
    for step in steps(path):
        if isinstance(step, int):
            here = here[step] if isinstance(here, list) and step < len(here) else None
        else:
            here = here.get(step) if isinstance(here, dict) else None
    return here


def word(document: Any, path: str) -> str:
    """The word that is there, such as a kind; an empty one where something else is, or nothing."""
    held = at(document, path)
    return held if isinstance(held, str) else ""


def bare(document: Document) -> Document:
    """The document without what the form keeps in it for itself."""
    return {name: value for name, value in document.items() if name != OPEN}


def rows(document: Any, path: str) -> list[Any]:
    """The list that is there; an empty one where none is."""
    held = at(document, path)
    return held if isinstance(held, list) else []


def put(document: Document, path: str, value: Any) -> None:
    """Set it, with the objects and lists on the way; behind the end of a list it is added. None takes it away.

    Where something else is in the way, nothing is changed.
    """
    *way, last = steps(path)
    here: Any = document
    for step, following in zip(way, [*way, last][1:], strict=True):
        empty: Any = [] if isinstance(following, int) else {}
        if not _has_such(here, step):
            return
        if isinstance(step, int):
            if step >= len(here):
                if value is None:
                    return
                here.append(empty)
            here = here[min(step, len(here) - 1)]
        else:
            if step not in here and value is None:
                return
            here = here.setdefault(step, empty)
    _put_last(here, last, value)


def _has_such(here: Any, step: str | int) -> bool:
    return isinstance(here, list if isinstance(step, int) else dict)


def _put_last(here: Any, last: str | int, value: Any) -> None:
    if not _has_such(here, last):
        return
    if isinstance(last, int):
        if value is None:
            del here[last : last + 1]
        elif last < len(here):
            here[last] = value
        else:
            here.append(value)
    elif value is None:
        here.pop(last, None)
    else:
        here[last] = value


def parent(path: str) -> str:
    """The path of what holds it."""
    return path.rpartition(".")[0] if not path.endswith("]") else path.rpartition("[")[0]
