"""Where a till stands, as a club's programme asks it."""

from typing import overload

from erp_club.permissions.places import TerminalFacts
from erp_club.programmes.engine.places import Where


@overload
def where_of(terminal: TerminalFacts) -> Where: ...
@overload
def where_of(terminal: TerminalFacts | None) -> Where | None: ...
def where_of(terminal: TerminalFacts | None) -> Where | None:
    """The channel and the store of a till; None at the back office, where there is none."""
    return None if terminal is None else Where(terminal.channel, terminal.store_code)
