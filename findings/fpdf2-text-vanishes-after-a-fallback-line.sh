#!/usr/bin/env bash
# fpdf2 2.8.9: lines of text vanish after a line that begins in a fallback font, without a warning.
#
# Done: a font with one fallback font; one cell whose text begins in the fallback font (Arabic), then two cells in the
#   first font (Latin) of the same size.
# Expected: three lines on the page, as when the first line is Latin, too.
# Seen: the Latin lines are there neither for the eye nor for a text search. fpdf2 sets the first font inside the first
#   line's text object, switches to the fallback font, and counts the first font as the page's from then on.
# Remedy: set FPDF.current_font_is_set_on_page to False before each line.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install fpdf2==2.8.9 uharfbuzz==0.57.0 pillow==13.0.0 pypdfium2==5.15.2 2>/dev/null
# For the DejaVu fonts that it brings:
"$room/v/bin/pip" -q --disable-pip-version-check install --no-deps matplotlib==3.10.0 2>/dev/null
"$room/v/bin/python" - <<'PY'
import sysconfig
from pathlib import Path

import pypdfium2
from fpdf import FPDF

fonts = Path(sysconfig.get_path("purelib")) / "matplotlib/mpl-data/fonts/ttf"


def page_of(first_line, *, remedy=False):
    pdf = FPDF()
    pdf.add_font("first", "", fonts / "DejaVuSerif.ttf")
    pdf.add_font("second", "", fonts / "DejaVuSans.ttf")
    pdf.set_fallback_fonts(["second"])
    pdf.set_text_shaping(True)
    pdf.add_page()
    pdf.set_font("first", size=20)
    for line in (first_line, "Hamlet", "Macbeth"):
        if remedy:
            pdf.current_font_is_set_on_page = False
        pdf.cell(100, 10, line, new_x="LEFT", new_y="NEXT")
    return pypdfium2.PdfDocument(bytes(pdf.output()))[0]


def text(page):
    return page.get_textpage().get_text_bounded().split()


def ink(page):
    """How many dark dots there are below the first line."""
    picture = page.render(scale=2).to_pil().convert("L").crop((0, 115, 400, 200))
    return sum(picture.histogram()[:128])


latin, arabic, mended = page_of("King Lear"), page_of("ليلة"), page_of("ليلة", remedy=True)
for name, page in (("Latin first", latin), ("Arabic first", arabic), ("with the remedy", mended)):
    print(f"{name}: {text(page)}, dark dots of the lines below: {ink(page)}")
assert text(latin)[-2:] == text(mended)[-2:] == ["Hamlet", "Macbeth"]
assert ink(latin) == ink(mended) > 1000
assert "Hamlet" not in text(arabic)
assert "Macbeth" not in text(arabic)
assert ink(arabic) == 0
PY
