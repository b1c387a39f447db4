"""What can't be done for want of a chain."""

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T


def no_chain() -> Unavailable:
    """Nobody has said yet which chain this installation serves."""
    return Unavailable(
        T(
            "This installation has no chain yet. Name yours, for instance with %(command)s, or load the demo: "
            "erp-club demo",
            command=_EXAMPLE,
        ),
        code="no-chain",
    )


_EXAMPLE = 'erp-club chain --name "My shops" --country IL --currency ILS --language he --time-zone Asia/Jerusalem'
