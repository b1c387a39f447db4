"""Numbers of identity documents as they are kept: sealed, with hashes to find them by, and masked to be shown."""

from typing import TypedDict

from sqlalchemy.orm import Session

from erp_club.customers import identity
from erp_club.kernel.kept_keys import keyring_of
from erp_club.kernel.keyring import Keyring

SHORTEST_ENDING = 4
"""Signs of a number from which on its ending is searched for: hashes know no beginnings."""
HIDDEN = "•"
"""What stands for each sign that isn't shown; no number has it."""
_SHOWN = 3
_WHOLE, _ENDING = "id-number", "id-number-ending"


class SealedNumber(TypedDict):
    """The columns of a customer that hold a number; all None where there is none."""

    id_sealed: bytes | None
    id_key: int | None
    id_hash: bytes | None
    id_ending: bytes | None


COLUMNS = tuple(SealedNumber.__annotations__)
EMPTY = SealedNumber(id_sealed=None, id_key=None, id_hash=None, id_ending=None)


def sealed(keyring: Keyring, number: str | None) -> SealedNumber:
    """A number, in the one form that can be compared, as it is kept."""
    if number is None:
        return EMPTY
    key, text = keyring.seal(number)
    return SealedNumber(
        id_sealed=text, id_key=key, id_hash=whole_hash(keyring, number), id_ending=ending_hash(keyring, number)
    )


def opened(session: Session, key: int | None, text: bytes | None) -> str | None:
    """The number that `id_sealed` holds under the key `id_key`. Raises Unavailable where the key is missing."""
    return None if key is None or text is None else keyring_of(session).open(key, text)


def masked(number: str) -> str:
    """The last signs of a number, the others hidden.

    >>> masked("355675463")
    '••••••463'
    """
    return f"{HIDDEN * max(0, len(number) - _SHOWN)}{number[-_SHOWN:]}"


def is_masked(number: str) -> bool:
    """Whether this is a number as it is shown, and no number."""
    return HIDDEN in number


def whole_hash(keyring: Keyring, number: str) -> bytes:
    """By which a number is found and compared, whatever its kind and country."""
    return keyring.digest(_WHOLE, number)


def ending_hash(keyring: Keyring, number: str) -> bytes:
    """By which the last four signs of a number are found."""
    return keyring.digest(_ENDING, _plain(number)[-SHORTEST_ENDING:])


def possible_hashes(keyring: Keyring, typed: str) -> list[bytes]:
    """The hashes of all numbers that somebody may mean who typed this."""
    return [whole_hash(keyring, number) for number in identity.possible_numbers(typed)]


def ends_so(number: str, typed: str) -> bool:
    """Whether a number ends with what was typed, however either is divided."""
    return _plain(number).endswith(_plain(typed))


def _plain(number: str) -> str:
    return number.replace("-", "").replace("+", "").replace(" ", "").upper()
