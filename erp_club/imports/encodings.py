"""Which letters a file is written in: recognised where there is no doubt, asked for where there is."""

import codecs
import re
from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from io import BufferedIOBase

from erp_club.kernel.errors import Refused
from erp_club.kernel.text import T

OpenBytes = Callable[[], BufferedIOBase]
"""Opens the file's bytes from their beginning, unpacked."""

_CHUNK = 1 << 20
_ASCII = bytes(range(128))
_CALLED = {
    "utf-8-sig": "UTF-8",
    "utf-16-le": "UTF-16",
    "utf-16-be": "UTF-16",
    "cp1252": "windows-1252",
    "cp1255": "windows-1255",
}

# Bytes as each code page reads them (Microsoft's tables cp1252 and cp1255).
_LETTERS_1252 = rb"\x8a\x8c\x8e\x9a\x9c\x9e\x9f\xc0-\xd6\xd8-\xf6\xf8-\xff"
_LETTERS_1255 = rb"\xd4-\xd6\xe0-\xfa"
_POINTS_1255 = rb"\xc0-\xc9\xcb-\xd2"

_NOT_1252 = re.compile(
    # A byte without a meaning, or a whole word without one plain letter: no western language writes so.
    rb"[\x81\x8d\x8f\x90\x9d]|(?<![A-Za-z%b])[%b]{2,}(?![A-Za-z%b])" % (_LETTERS_1252, _LETTERS_1252, _LETTERS_1252)
)
_NOT_1255 = re.compile(
    # A byte without a meaning, a word half Latin and half Hebrew, or a vowel point that stands on no letter.
    rb"[\x81\x8a\x8c-\x90\x9a\x9c-\x9f\xca\xd9-\xdf\xfb\xfc\xff]|[A-Za-z][%b]|[%b][A-Za-z]|(?<![%b%b])[%b]"
    % (_LETTERS_1255, _LETTERS_1255, _LETTERS_1255, _POINTS_1255, _POINTS_1255)
)


@dataclass(frozen=True, slots=True)
class _Fault:
    """The first byte that can't be read. `position` counts bytes from 0, `line` lines from 1."""

    position: int
    line: int
    byte: int
    at_end: bool
    after_letters: bool


def find_encoding(open_bytes: OpenBytes, named: str | None) -> str:
    """The codec that reads the whole file without a fault; the file is read through, so nothing is found out later.

    `named` is what the user said, or None. Then UTF-8 and UTF-16 (with a byte order mark or without) are recognised,
    and windows-1252 or windows-1255 where the letters fit just one of them. Raises Refused, naming line and byte.
    """
    codec = _known(named) if named else _from_first_bytes(open_bytes)
    fault = _first_fault(open_bytes, codec or "utf-8")
    if fault is None:
        return codec or "utf-8"
    if codec is None and not fault.after_letters:
        return _single_byte(open_bytes, fault)
    if fault.at_end:
        raise Refused(
            T(
                "The file is cut off: it ends in the middle of a letter in line %(line)s. Fetch it again.",
                line=fault.line,
            ),
            code="file-cut-off",
        )
    raise Refused(
        T(
            "Line %(line)s can't be read as %(encoding)s: byte %(byte)s at position %(position)s. "
            "Save the file as UTF-8, or name its encoding (--encoding).",
            **_where(fault),
            encoding=_CALLED.get(codec or "utf-8-sig", codec),
        ),
        code="file-encoding",
    )


def _where(fault: _Fault) -> dict[str, object]:
    return {"line": fault.line, "byte": f"0x{fault.byte:02X}", "position": fault.position}


def _known(named: str) -> str:
    try:
        codecs.getincrementaldecoder(named)
        b"a".decode(named, "replace")  # not empty: nothing would be looked up then
    except (LookupError, UnicodeError):
        raise Refused(
            T("There is no encoding called %(name)s. Try utf-8, utf-16, windows-1252 or windows-1255.", name=named),
            code="file-encoding",
        ) from None
    codec = codecs.lookup(named).name
    return "utf-8-sig" if codec == "utf-8" else codec


def _from_first_bytes(open_bytes: OpenBytes) -> str | None:
    """A byte order mark, or the zeros that UTF-16 puts beside the plain letters of the header."""
    with closing(open_bytes()) as stream:
        head = stream.read(8)
    if head.startswith(codecs.BOM_UTF8):
        return "utf-8-sig"
    if head.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        return "utf-16"
    if len(head) == 8 and not any(head[1::2]) and all(head[0::2]):
        return "utf-16-le"
    if len(head) == 8 and not any(head[0::2]) and all(head[1::2]):
        return "utf-16-be"
    return None


def _first_fault(open_bytes: OpenBytes, codec: str) -> _Fault | None:
    decoder = codecs.getincrementaldecoder(codec)()
    fed, line, letters = 0, 1, False
    with closing(open_bytes()) as stream:
        while True:
            chunk = stream.read(_CHUNK)
            try:
                text = decoder.decode(chunk, final=not chunk)
            except UnicodeDecodeError as error:
                before = error.object[: error.start].decode(codec, "replace")
                return _Fault(
                    position=fed + len(chunk) - len(error.object) + error.start,
                    line=line + before.count("\n"),
                    byte=error.object[error.start],
                    at_end=not chunk,
                    after_letters=letters or not before.isascii(),
                )
            if not chunk:
                return None
            fed += len(chunk)
            line += text.count("\n")
            letters = letters or not text.isascii()


def _single_byte(open_bytes: OpenBytes, fault: _Fault) -> str:
    fits_1252 = fits_1255 = True
    seen: set[int] = set()
    with closing(open_bytes()) as stream:
        # Whole lines, so that no word is cut in two by the end of a chunk.
        while chunk := stream.read(_CHUNK) + stream.readline():
            seen.update(chunk.translate(None, _ASCII))
            fits_1252 = fits_1252 and _NOT_1252.search(chunk) is None
            fits_1255 = fits_1255 and _NOT_1255.search(chunk) is None
    if fits_1252 and fits_1255:
        high = bytes(sorted(seen))
        fits_1255 = high.decode("cp1252", "replace") != high.decode("cp1255", "replace")
    if fits_1252 != fits_1255:
        return "cp1252" if fits_1252 else "cp1255"
    raise Refused(
        T(
            "Line %(line)s isn't UTF-8 (byte %(byte)s at position %(position)s), and its letters don't tell which "
            "encoding it is. Name it, windows-1255 for example (--encoding windows-1255).",
            **_where(fault),
        ),
        code="file-encoding",
    )
