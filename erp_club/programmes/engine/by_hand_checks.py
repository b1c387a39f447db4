"""What a draft says and the product doesn't carry out by itself: told, so that nobody waits for it. Pure."""

from collections.abc import Iterator

from erp_club.kernel.text import T
from erp_club.programmes.engine.finding import Finding
from erp_club.programmes.engine.programme import Programme

BY_HAND = T("This is said, and nothing carries it out by itself: somebody has to see to it.")


def done_by_hand(programme: Programme) -> Iterator[Finding]:
    """Each such place; none of them keeps the document from being published."""
    for path, said in (("charity", programme.charity is not None),):
        if said:
            yield Finding(path, BY_HAND, stops=False)
