#!/usr/bin/env bash
# zxing-cpp 3.1.1: of two QR codes in view, read_barcode answers the smaller one, wherever the two stand.
#
# Done: a picture of two QR codes, one with modules three times as large as the other's, in four arrangements, and again
#   with the contents exchanged. At a door: the guest's ticket close to the camera, and somebody else's behind it.
# Expected: the code that fills most of the picture, or the first from the left or the top.
# Seen: always the smaller one. read_barcodes finds both, in an order that follows neither size nor place, so a scanner
#   that takes the first one lets the wrong guest in. Remedy: read all, and take the largest.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install zxing-cpp==3.1.1 segno==1.6.6 pillow==13.0.0 2>/dev/null
"$room/v/bin/python" - <<'PY'
import io

import segno
import zxingcpp
from PIL import Image

PLACES = {  # of the large one and of the small one
    "large one on the left": ((20, 300), (600, 380)),
    "large one on the right": ((500, 300), (50, 380)),
    "large one above": ((300, 20), (380, 600)),
    "large one below": ((300, 500), (380, 50)),
}


def code(text, scale):
    picture = io.BytesIO()
    segno.make_qr(text, error="m").save(picture, kind="png", scale=scale, border=4)
    return Image.open(picture).convert("L")


def size(barcode):
    corners = barcode.position
    return abs(corners.bottom_right.x - corners.top_left.x)


firsts = set()
for large, small in (("NEAR", "FAR"), ("FAR", "NEAR")):
    for name, (large_at, small_at) in PLACES.items():
        scene = Image.new("L", (900, 900), 255)
        scene.paste(code(large, 12), large_at)
        scene.paste(code(small, 4), small_at)
        one, both = zxingcpp.read_barcode(scene), zxingcpp.read_barcodes(scene)
        firsts.add(both[0].text == large)
        print(f"{name}: large {large}, small {small}; one asked for: {one.text}; both: {[b.text for b in both]}")
        assert one.text == small
        assert {b.text for b in both} == {large, small}
        assert max(both, key=size).text == large
assert firsts == {True, False}
PY
