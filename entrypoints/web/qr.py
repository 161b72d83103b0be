"""A ticket's QR code on a page: black on white in any design, as scanners need it."""

from __future__ import annotations

import segno
from markupsafe import Markup

_QUIET_ZONE_MODULES = 4


def qr_code(content: str) -> Markup:
    """The code as inline SVG without styles, as large as its container.

    Its error correction is M (15 %), or better if the same size has room for it: a ticket’s code gets Q (25 %).
    """
    code = segno.make_qr(content, error="m", boost_error=True)
    svg = code.svg_inline(
        border=_QUIET_ZONE_MODULES, dark="#000", light="#fff", omitsize=True, svgclass=None, lineclass=None
    )
    return Markup(svg)  # noqa: S704  # a picture of our own making: the content is drawn, not written
