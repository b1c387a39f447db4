"""Where a till stands, as a club's programme asks it."""

from erp_club.permissions.queries import TerminalFacts
from erp_club.programmes.engine.places import Where


def where_of(terminal: TerminalFacts) -> Where:
    """The channel and the store of a till."""
    return Where(terminal.channel, terminal.store_code)
