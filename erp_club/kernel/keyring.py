"""The keys that protect what the database may not show by itself: numbers of identity documents.

A number is sealed with AES-GCM under the current key, whose number stands beside it, so that a new key can come while
older rows are read by theirs. A keyed hash (HMAC-SHA-256, by key 0, which stays) finds and compares numbers without
opening them. The keys live outside the database: in the setting `ERP_CLUB_KEYRING`, else in `ERP_CLUB_HOME/keyring`,
which is made when it is first needed and which only its owner may read. The database keeps the keys' fingerprints, so
that another installation's keyring is noticed before it writes anything.
"""

import base64
import binascii
import hmac
import os
import secrets
import tempfile
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from erp_club.kernel.errors import Unavailable
from erp_club.kernel.text import T

KEY_BYTES = 32
HASH_KEY = 0
HASH_BYTES = 16
"""Of the 32 of the HMAC: two of a billion numbers meet with a chance of 2 to the power of -68."""
_NONCE_BYTES = 12


class Keyring:
    """The keys by number; the highest one seals. They are read when first needed."""

    def __init__(self, *, text: str | None = None, file: Path | None = None) -> None:
        self._text, self._file = text, file
        self._keys: dict[int, bytes] = {}
        self._ciphers: dict[int, AESGCM] = {}
        self.proven = False
        """Whether the database is known to be written with these keys."""

    @property
    def current(self) -> int:
        """The number of the key that seals."""
        return max(self._loaded())

    @property
    def file(self) -> Path | None:
        """The file of the keys; None where a setting has them."""
        return None if self._text else self._file

    def digest(self, purpose: str, text: str) -> bytes:
        """The keyed hash by which a text is found and compared; other purposes give other hashes."""
        key = self._loaded()[HASH_KEY]
        return hmac.digest(key, f"{purpose}\0{text}".encode(), "sha256")[:HASH_BYTES]

    def mac(self, purpose: str, told: bytes) -> bytes:
        """The whole keyed hash, 32 bytes, over what is told for one purpose: who hasn't the key can't make it."""
        return hmac.digest(self._loaded()[HASH_KEY], purpose.encode() + b"\0" + told, "sha256")

    def seal(self, text: str) -> tuple[int, bytes]:
        """The number of the key, and the text under it; the same text looks different each time."""
        number = self.current
        nonce = secrets.token_bytes(_NONCE_BYTES)
        return number, nonce + self._ciphers[number].encrypt(nonce, text.encode(), None)

    def open(self, number: int, sealed: bytes) -> str:
        """What was sealed. Raises Unavailable where the key isn't here, or isn't the one."""
        if number not in self._loaded():
            self._load()  # another process may have added it since
        cipher = self._ciphers.get(number)
        if cipher is None:
            raise _incomplete(number)
        try:
            return cipher.decrypt(sealed[:_NONCE_BYTES], sealed[_NONCE_BYTES:], None).decode()
        except InvalidTag as error:
            raise _wrong(number) from error

    def add_key(self) -> int:
        """Put a new key into the file, which seals from now on, and give its number.

        Raises Unavailable where the keys stand in the setting, which nobody but its owner changes.
        """
        keys = dict(self._loaded())
        number = max(keys) + 1
        keys[number] = secrets.token_bytes(KEY_BYTES)
        if self.file is None:
            raise Unavailable(
                T("The keys stand in ERP_CLUB_KEYRING. Add one there, numbered %(number)s.", number=number),
                code="keyring-in-setting",
            )
        _temporary(self.file, keys).replace(self.file)
        self._load()
        return number

    def fingerprint(self, number: int) -> bytes:
        """What tells a key from another one, and tells nothing of it."""
        return hmac.digest(self._loaded()[number], b"fingerprint", "sha256")[:HASH_BYTES]

    def compare(self, kept: Mapping[int, bytes]) -> None:
        """Raises Unavailable where a key is another one than those fingerprints are of."""
        for number, fingerprint in kept.items():
            if number in self._loaded() and self.fingerprint(number) != fingerprint:
                raise _wrong(number)

    def complete(self, kept: Mapping[int, bytes]) -> None:
        """Raises Unavailable where a key that the database was written with isn't here, or is another one.

        New keys are made for a new database only.
        """
        if kept and self.file is not None and not self.file.exists():
            raise _incomplete(min(kept))
        self.compare(kept)
        for number in kept:
            if number not in self._loaded():
                raise _incomplete(number)

    def _loaded(self) -> Mapping[int, bytes]:
        return self._keys or self._load()

    def _load(self) -> Mapping[int, bytes]:
        if self._text:
            keys = _parsed(self._text)
        elif self._file is None:
            raise Unavailable(T("This process has no keys for ID numbers."), code="keyring-missing")
        else:
            keys = _read_or_made(self._file)
        self._ciphers = {number: AESGCM(key) for number, key in keys.items() if number != HASH_KEY}
        self._keys = keys
        return keys


def _parsed(text: str) -> dict[int, bytes]:
    """`0:BASE64 1:BASE64`, divided by spaces, commas or line ends. Raises Unavailable."""
    keys: dict[int, bytes] = {}
    for entry in text.replace(",", " ").split():
        number, _, key = entry.partition(":")
        try:
            made = base64.b64decode(key, validate=True)
        except binascii.Error:
            made = b""
        if not (number.isascii() and number.isdigit()) or len(made) != KEY_BYTES or int(number) in keys:
            raise _unreadable()
        keys[int(number)] = made
    if HASH_KEY not in keys or len(keys) < 2:
        raise _unreadable()
    return keys


def _read_or_made(file: Path) -> dict[int, bytes]:
    try:
        return _parsed(file.read_text("ascii"))
    except FileNotFoundError:
        pass
    except (OSError, UnicodeDecodeError) as error:
        raise _unreadable() from error
    file.parent.mkdir(parents=True, exist_ok=True)
    made = _temporary(file, {number: secrets.token_bytes(KEY_BYTES) for number in (HASH_KEY, 1)})
    with suppress(FileExistsError):  # of two processes at once the first one's keys stay
        os.link(made, file)
    made.unlink()
    return _parsed(file.read_text("ascii"))


def _temporary(file: Path, keys: Mapping[int, bytes]) -> Path:
    """The file whole under another name, for its owner alone (mkstemp's mode is 0600)."""
    handle, made = tempfile.mkstemp(dir=file.parent, prefix=f".{file.name}-")
    with os.fdopen(handle, "w") as stream:
        stream.writelines(f"{number}:{base64.b64encode(key).decode()}\n" for number, key in sorted(keys.items()))
        stream.flush()
        os.fsync(stream.fileno())
    return Path(made)


def new_keys() -> str:
    """A fresh keyring as the setting takes it."""
    return ",".join(f"{number}:{base64.b64encode(secrets.token_bytes(KEY_BYTES)).decode()}" for number in (HASH_KEY, 1))


def _unreadable() -> Unavailable:
    return Unavailable(
        T("The keyring can't be read. It holds lines like 0:KEY and 1:KEY, each key 32 bytes in base64."),
        code="keyring-unreadable",
    )


def _wrong(number: int) -> Unavailable:
    return Unavailable(
        T(
            "Key %(number)s of this installation's keyring isn't the one that the database was written with. "
            "Bring the right keyring: ERP_CLUB_KEYRING, or the file keyring in ERP_CLUB_HOME.",
            number=number,
        ),
        code="keyring-wrong",
    )


def _incomplete(number: int) -> Unavailable:
    return Unavailable(
        T(
            "Key %(number)s is missing in this installation's keyring. "
            "Bring the right keyring: ERP_CLUB_KEYRING, or the file keyring in ERP_CLUB_HOME.",
            number=number,
        ),
        code="keyring-incomplete",
    )
