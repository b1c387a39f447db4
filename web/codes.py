"""Numbers as codes that a scanner reads, drawn as SVG in the page itself: data URIs need no further request."""

from itertools import groupby
from urllib.parse import quote

QUIET = 10
"""ISO/IEC 15417 asks for ten modules of quiet on each side."""


def qr(text: str) -> str:
    """A QR code (ISO/IEC 18004, error correction M) of a text, as the address of an image."""
    import segno  # few pages have a code: here and below it is brought in for them

    made = segno.make(text, error="m", micro=False)
    return made.svg_data_uri(border=4, xmldecl=False, svgns=True, omitsize=True)


def code_128(text: str) -> str:
    """A Code 128 of an ASCII text, bars only, as the address of an image: a pixel a module, or as wide as its box.

    One path draws all bars, since a sheet of labels holds hundreds. Raises ValueError for other letters.
    """
    if not text.isascii() or not text.isprintable():
        raise ValueError("Code 128 holds printable ASCII")
    from barcode.codex import Code128

    (modules,) = Code128(text).build()
    at, path = QUIET, ""
    for dark, run in groupby(modules):
        width = len(list(run))
        path += f"M{at} 0h{width}v1h-{width}z" if dark == "1" else ""
        at += width
    width = at + QUIET
    drawn = (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="60" viewBox="0 0 {width} 1" '
        'preserveAspectRatio="none" '
        f'shape-rendering="crispEdges"><path d="{path}"/></svg>'
    )
    return f"data:image/svg+xml,{quote(drawn)}"
