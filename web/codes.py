"""Numbers as codes that a scanner reads, drawn as SVG in the page itself: data URIs need no further request."""

import base64
from io import BytesIO

import segno
from barcode.codex import Code128
from barcode.writer import SVGWriter

QUIET_MM = 2.5
"""ISO/IEC 15417 asks for ten modules of quiet on each side; ours are 0.25 mm wide."""


def qr(text: str) -> str:
    """A QR code (ISO/IEC 18004, error correction M) of a text, as the address of an image."""
    made = segno.make(text, error="m", micro=False)
    return made.svg_data_uri(border=4, xmldecl=False, svgns=True, omitsize=True)


def code_128(text: str) -> str:
    """A Code 128 of an ASCII text, bars only, as the address of an image. Raises ValueError for other letters."""
    if not text.isascii() or not text.isprintable():
        raise ValueError("Code 128 holds printable ASCII")
    drawn = BytesIO()
    options = {"module_width": 0.25, "module_height": 12, "quiet_zone": QUIET_MM, "write_text": False}
    Code128(text, writer=SVGWriter()).write(drawn, options)
    return f"data:image/svg+xml;base64,{base64.b64encode(drawn.getvalue()).decode()}"
