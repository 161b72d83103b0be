"""Slips as pictures for printers: set like our PDF tickets, with the same fonts, and rasterised by PDFium.

A printer has a code page or two; our fonts have every script that we print, shaped by HarfBuzz. So no text is left to
the printer. The QR code is no part of the PDF: its modules are whole dots.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Final

import pypdfium2
import pypdfium2.raw as pdfium
from fpdf.enums import Align
from PIL import Image

from adapters.pdf.document import TextPdf
from adapters.pdf.font_library import FontLibrary
from adapters.pdf.qr import QUIET_ZONE_MODULES, rows_of
from adapters.pdf.stencils import Stencils
from adapters.pdf.typefaces import Typefaces
from adapters.pdf.typesetting import Box, FittedTexts, TextStyle, Typesetter
from application.ports.printing import (
    Block,
    CodeBlock,
    Column,
    RuleBlock,
    Side,
    Slip,
    SlipPicture,
    SpaceBlock,
    TextBlock,
)
from domain.printing import PrintArea

_MM_PER_INCH: Final = 25.4
_POINTS_PER_INCH: Final = 72
#: The rows that a slip of a roll is drawn on, far more than one has; only those that it needs are rasterised.
_MAX_ROWS: Final = 12_000
#: Grey below this is black. Thin strokes of small type stay whole, and bold ones do not grow together.
_BLACK_BELOW: Final = 150
_MIN_DOTS_PER_MODULE: Final = 4
_RULE_DOTS: Final = 2
_DASH_DOTS: Final = 10
_BADGE_PADDING: Final = 14
_BLACK: Final = "#000000"
_WHITE: Final = "#ffffff"


class PdfSlipPictures:
    """A ``SlipPictures``."""

    def __init__(self) -> None:
        self._fitted = FittedTexts()
        self._stencils = Stencils()
        self._fonts = FontLibrary()
        # PDFium is not made for several threads.
        self._one_at_a_time = asyncio.Semaphore(1)

    async def draw(self, slips: Sequence[Slip], area: PrintArea) -> list[SlipPicture]:
        """A picture of each slip, drawn in a thread."""
        async with self._one_at_a_time:
            return await asyncio.to_thread(self._draw, tuple(slips), area)

    def _draw(self, slips: Sequence[Slip], area: PrintArea) -> list[SlipPicture]:
        if not slips:
            return []
        pdf = _new_document(area)
        typefaces = Typefaces(pdf, self._fonts)
        typesetter = Typesetter(pdf, typefaces, self._fitted, self._stencils)
        drawn: list[_SlipPage] = []
        for slip in slips:
            pdf.add_page()
            typefaces.use_for(_texts(slip))
            page = _SlipPage(pdf, typesetter, area)
            page.draw(slip)
            drawn.append(page)
        document = pypdfium2.PdfDocument(self._fonts.write(pdf))
        try:
            return [_picture(document[number], page) for number, page in enumerate(drawn)]
        finally:
            document.close()


class _SlipPage:
    """One slip on the current page: texts in the PDF, codes and rules as pictures with their places."""

    def __init__(self, pdf: TextPdf, typesetter: Typesetter, area: PrintArea) -> None:
        self._pdf = pdf
        self._text = typesetter
        self.area = area
        self.rows = 0
        self.placed: list[tuple[Image.Image, int, int]] = []

    def draw(self, slip: Slip) -> None:
        ends = [self._draw_column(column) for column in slip.columns]
        self.rows = self.area.height or max(ends, default=0)

    def _draw_column(self, column: Column) -> int:
        y = 0
        for block in column.blocks:
            y = self._draw_block(block, column, y)
        return y

    def _draw_block(self, block: Block, column: Column, y: int) -> int:
        if isinstance(block, SpaceBlock):
            return y + block.height
        y += block.gap
        if isinstance(block, CodeBlock):
            return self._place_code(block, column, y)
        if isinstance(block, RuleBlock):
            return self._place_rule(block, column, y)
        if block.is_badge:
            return self._draw_badge(block, column, y)
        return self._set(block, x=column.x, y=y, width=column.width)

    def _set(self, block: TextBlock, *, x: int, y: int, width: int) -> int:
        box = Box(x=self._mm(x), y=self._mm(y), width=self._mm(width), max_height=self._mm(block.max_height))
        align = Align.C if block.side is Side.CENTER or block.is_badge else None
        return self._dots(self._text.set(block.text, box, _style(block), align=align))

    def _draw_badge(self, block: TextBlock, column: Column, y: int) -> int:
        style = _style(block)
        width = self._dots(self._text.width(block.text, style)) + 2 * _BADGE_PADDING
        height = self._dots(style.line_height(block.size))
        self._pdf.set_fill_color(_BLACK)
        self._pdf.rect(self._mm(column.x), self._mm(y), self._mm(width), self._mm(height), style="F")
        self._set(block, x=column.x, y=y, width=width)
        return y + height

    def _place_rule(self, block: RuleBlock, column: Column, y: int) -> int:
        length = _DASH_DOTS if block.is_dashed else column.width
        dash = Image.new("L", (length, _RULE_DOTS))
        for x in range(column.x, column.x + column.width, 2 * length):
            self.placed.append((dash, x, y))
        return y + _RULE_DOTS

    def _place_code(self, block: CodeBlock, column: Column, y: int) -> int:
        code = _code(block)
        self.placed.append((code, column.x + (column.width - code.width) // 2, y))
        return y + code.height

    def _mm(self, dots: float) -> float:
        return dots * _MM_PER_INCH / self.area.dots_per_inch

    def _dots(self, mm: float) -> int:
        return round(mm * self.area.dots_per_inch / _MM_PER_INCH)


def _new_document(area: PrintArea) -> TextPdf:
    """A document whose pages are whole inches, so that a dot of the printer is exactly a dot of the picture."""
    inches = (-(-area.width // area.dots_per_inch), -(-(area.height or _MAX_ROWS) // area.dots_per_inch))
    pdf = TextPdf(unit="mm", format=(inches[0] * _MM_PER_INCH, inches[1] * _MM_PER_INCH))
    pdf.set_auto_page_break(False)
    pdf.set_margin(0)
    pdf.c_margin = 0
    pdf.alias_nb_pages("")  # a show may be called {nb}
    pdf.set_text_shaping(True)
    return pdf


def _style(block: TextBlock) -> TextStyle:
    color = _WHITE if block.is_badge else _BLACK
    return TextStyle(size=block.size, min_size=block.min_size, is_bold=block.is_bold, color=color, leading=1.25)


def _texts(slip: Slip) -> str:
    blocks = (block for column in slip.columns for block in column.blocks)
    return "\n".join(block.text for block in blocks if isinstance(block, TextBlock))


def _code(block: CodeBlock) -> Image.Image:
    """The code with its quiet zone, in whole dots for each module."""
    rows = rows_of(block.content)
    modules = len(rows) + 2 * QUIET_ZONE_MODULES
    dots = max(block.max_width // modules, _MIN_DOTS_PER_MODULE)
    picture = Image.new("L", (modules, modules), 255)
    picture.paste(Image.frombytes("L", (len(rows), len(rows)), b"".join(rows)), (QUIET_ZONE_MODULES,) * 2)
    return picture.resize((modules * dots,) * 2, Image.Resampling.NEAREST)


def _picture(page: pypdfium2.PdfPage, drawn: _SlipPage) -> SlipPicture:
    width, rows, dots = drawn.area.width, drawn.rows, drawn.area.dots_per_inch
    bitmap = pypdfium2.PdfBitmap.new_native(width, rows, pdfium.FPDFBitmap_Gray)
    bitmap.fill_rect((255, 255, 255, 255), 0, 0, width, rows)
    whole = [round(points / _POINTS_PER_INCH * dots) for points in page.get_size()]
    # page.render would stretch the page until both its sides are whole numbers of dots.
    pdfium.FPDF_RenderPageBitmap(bitmap, page, 0, 0, *whole, 0, pdfium.FPDF_GRAYSCALE)
    canvas = bitmap.to_pil()
    for part, x, y in drawn.placed:
        canvas.paste(part, (x, y))
    ink = canvas.point([255 if shade < _BLACK_BELOW else 0 for shade in range(256)], mode="1")
    bitmap.close()
    return SlipPicture(width, rows, ink.tobytes())
