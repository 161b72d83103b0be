#!/usr/bin/env bash
# PDFium (pypdfium2 5.15.2) reads the Arabic ligature lam-alef backwards, so that names such as Salam, Alaa or
#   al-Islam are not found in a PDF; words without the ligature are. pypdf 7.1.0 reads both.
#
# Done: two Arabic words, shaped by HarfBuzz, in a PDF by fpdf2 2.8.9, whose ToUnicode map gives the ligature's glyph its
#   two letters in the order in which they are read, as ISO 32000-1, 9.10.3, has it.
# Expected: both readers give the words as they were written.
# Seen: PDFium turns the run of glyphs round letter by letter, and so the two letters of the one glyph, too. (poppler's
#   pdftotext 22.12 does the same.)
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install \
  fpdf2==2.8.9 uharfbuzz==0.57.0 pillow==13.0.0 pypdfium2==5.15.2 pypdf==7.1.0 2>/dev/null
# For the DejaVu fonts that it brings:
"$room/v/bin/pip" -q --disable-pip-version-check install --no-deps matplotlib==3.10.0 2>/dev/null
"$room/v/bin/python" - <<'PY'
import io
import sysconfig
from pathlib import Path

import pypdf
import pypdfium2
from fpdf import FPDF

font = Path(sysconfig.get_path("purelib")) / "matplotlib/mpl-data/fonts/ttf/DejaVuSans.ttf"
LIGATURE = "سلام"  # seen, lam, alef, meem
PLAIN = "مسرح"


def read_back(word):
    pdf = FPDF()
    pdf.add_font("f", "", font)
    pdf.set_text_shaping(True)
    pdf.add_page()
    pdf.set_font("f", size=20)
    pdf.cell(100, 10, word)
    content = bytes(pdf.output())
    by_pdfium = pypdfium2.PdfDocument(content)[0].get_textpage().get_text_bounded().strip()
    by_pypdf = pypdf.PdfReader(io.BytesIO(content)).pages[0].extract_text().strip()
    return by_pdfium, by_pypdf


for word in (PLAIN, LIGATURE):
    print([f"{ord(char):04X}" for char in word], "PDFium:", [f"{ord(char):04X}" for char in read_back(word)[0]])
assert read_back(PLAIN) == (PLAIN, PLAIN)
by_pdfium, by_pypdf = read_back(LIGATURE)
assert by_pypdf == LIGATURE
assert by_pdfium == "سالم", by_pdfium  # alef before lam: another word
PY
