#!/usr/bin/env bash
# PDFium (pypdfium2 5.15.2) leaves every character beyond the Basic Multilingual Plane out of an /ActualText.
#
# Done: a PDF whose one piece of text stands in a marked-content sequence with /ActualText (ISO 32000-1, 14.9.4), in
#   UTF-16BE with a byte order mark: letters with an emoji (U+1F3AD) or an Egyptian hieroglyph (U+13000) between them.
# Expected: the text that is copied is the /ActualText.
# Seen: the letters alone, without a replacement character; a character of the basic plane (U+2665) is kept.

set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install pypdfium2==5.15.2 2>/dev/null
"$room/v/bin/python" - <<'PY'
import pypdfium2

def document(actual):
    characters = ("\ufeff" + actual).encode("utf-16-be").hex()
    content = f"BT /F1 24 Tf 72 720 Td /Span <</ActualText <{characters}>>> BDC (glyphs) Tj EMC ET".encode()
    objects = [
        b"<</Type/Catalog/Pages 2 0 R>>",
        b"<</Type/Pages/Kids[3 0 R]/Count 1>>",
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<</Font<</F1 5 0 R>>>>>>",
        b"<</Length %d>>stream\n%s\nendstream" % (len(content), content),
        b"<</Type/Font/Subtype/Type1/BaseFont/Helvetica>>",
    ]
    pdf, places = b"%PDF-1.7\n", []
    for number, body in enumerate(objects, 1):
        places.append(len(pdf))
        pdf += b"%d 0 obj%s endobj\n" % (number, body)
    table = b"".join(b"%010d 00000 n \n" % place for place in places)
    return pdf + b"xref\n0 6\n0000000000 65535 f \n%strailer<</Size 6/Root 1 0 R>>\nstartxref\n%d\n%%%%EOF" % (table, len(pdf))

def read(actual):
    return pypdfium2.PdfDocument(document(actual))[0].get_textpage().get_text_bounded()

for actual in ("plain", "a♥b", "a🎭b", "a𓀀b"):
    print(repr(actual), "is read as", repr(read(actual)))
assert read("plain") == "plain"
assert read("a♥b") == "a♥b"
assert read("a🎭b") == "ab"
assert read("a𓀀b") == "ab"
PY
