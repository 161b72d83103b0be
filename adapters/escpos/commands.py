"""Pictures for ESC/POS receipt printers, by python-escpos.

A slip is one raster picture (``GS v 0``), which printers of all makes know. We use neither the printer's own letters
(``text`` of python-escpos 3.1 sends the rest of a line in another code page after one character that it does not
find) nor its QR codes (``GS ( k``): cheap printers lack them, others choose size and correction as they like.
"""

from __future__ import annotations

import os
import shutil
from typing import Any, Final

from escpos import capabilities
from escpos.printer import Dummy
from PIL import Image, ImageOps

from application.ports.printing import SlipPicture

#: A printer's memory may be small, so tall pictures are sent in parts, without a gap between them.
_ROWS_AT_A_TIME: Final = 256
_WIDEST_HEAD: Final = 576

# python-escpos makes a folder for its cache when it is imported, and leaves it behind
# (findings/escpos-leaves-a-folder-at-each-import.sh). One that its setting names is not ours to remove.
if "ESCPOS_CAPABILITIES_PICKLE_DIR" not in os.environ:
    shutil.rmtree(capabilities.pickle_dir, ignore_errors=True)


def _paper() -> Any:
    """A printer of which only the width is known. Without it, python-escpos writes a line to our standard output."""
    profile = capabilities.Profile()
    profile.profile_data = {**profile.profile_data, "media": {"dpi": 203, "width": {"pixels": _WIDEST_HEAD}}}
    return profile


class EscposCommands:
    """A ``SlipCommands``."""

    def commands(self, picture: SlipPicture) -> bytes:
        """Reset, picture, feed up to the cutter, cut."""
        printer = Dummy(profile=_paper())
        printer.hw("INIT")
        ink = Image.frombytes("1", (picture.width, picture.height), picture.rows)
        printer.image(ImageOps.invert(ink.convert("L")), impl="bitImageRaster", fragment_height=_ROWS_AT_A_TIME)
        printer.cut(feed=False)  # the command also feeds, up to the cutter
        return bytes(printer.output)
