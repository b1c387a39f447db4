"""Addresses that come in a form, to go on at: our own only."""

import re
from typing import Annotated

from pydantic import StringConstraints

# //host and /\host would leave the site, and browsers take tabs and line breaks out before they look.
_OWN_PATH = re.compile(r"/(?![/\\])[\x21-\x7e]*")
Next = Annotated[str, StringConstraints(max_length=2000)]


def own_path(text: str) -> str:
    """The address, if it is one of ours; else the first page."""
    return text if _OWN_PATH.fullmatch(text) else "/"
