"""What draws slips, loaded with the first one: a sale needs neither PDFium nor python-escpos."""

from __future__ import annotations

from importlib import import_module

from application.printing.slips import PrinterTools
from domain.printing import PrinterLanguage


def load_printer_tools() -> PrinterTools:
    """The adapters. It takes some tenths of a second: call it in a thread."""
    return PrinterTools(
        pictures=import_module("adapters.pdf.slips").PdfSlipPictures(),
        languages={
            PrinterLanguage.ESCPOS: import_module("adapters.escpos.commands").EscposCommands(),
            PrinterLanguage.FGL: import_module("adapters.fgl.commands").FglCommands(),
        },
    )
