"""Refusals: what the product answers to a request that it understands and won't do.

Only `Refused` and its children are ever caught, in one place at the web and one at the command line.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from erp_club.kernel.text import T, Text


@dataclass(frozen=True, slots=True)
class FieldError:
    """What is wrong with one field; `field` is its path in the body, e.g. `lines[2].sku`."""

    field: str
    text: Text


class Refused(Exception):
    """The request is understood and refused; nothing has been written.

    `code` names the reason for machines, stable over versions; `facts` are values that help a machine go on.
    `counts` is set where something was written all the same, which is to be committed: a wrong password counts.
    """

    status = 422
    counts = False

    def __init__(
        self, text: Text, *, field: str | None = None, code: str = "refused", facts: Mapping[str, object] | None = None
    ) -> None:
        super().__init__(str(text))
        self.text = text
        self.code = code
        self.facts = dict(facts or {})
        self.fields: tuple[FieldError, ...] = (FieldError(field, text),) if field else ()


class Invalid(Refused):
    """One or more fields can't be taken."""

    def __init__(self, errors: Sequence[FieldError]) -> None:
        super().__init__(T("Check the marked fields."), code="invalid")
        self.fields = tuple(errors)


class Unauthenticated(Refused):
    """Nobody has signed on, or the key isn't known."""

    status = 401


class Forbidden(Refused):
    """The person may not do this."""

    status = 403


class NotFound(Refused):
    """There is no such thing, or it isn't this person's to see."""

    status = 404


class Conflict(Refused):
    """Something else happened first."""

    status = 409


class Throttled(Refused):
    """Too many attempts; nothing is looked at for `retry_after` seconds."""

    status = 429

    def __init__(self, text: Text, *, retry_after: int, field: str | None = None, code: str = "throttled") -> None:
        super().__init__(text, field=field, code=code, facts={"retry_after": retry_after})
        self.retry_after = retry_after


class Unavailable(Refused):
    """The system can't work now: its database, its disk, its settings."""

    status = 503
