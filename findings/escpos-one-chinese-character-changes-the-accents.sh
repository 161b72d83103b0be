#!/usr/bin/env bash
# python-escpos 3.1: one character that no code page of the printer has changes the encoding of the whole text.
#
# Done: a line with accents and a euro sign, with and without one Chinese character in it, by Dummy().text.
# Expected: the accents in the printer's code pages as without that character; it alone is replaced, encoded otherwise,
#   or refused.
# Seen: the whole line comes as GB18030: é and the euro as two bytes each, ä as four, and no command says so. A printer for Europe,
#   which is the rule outside of China, prints garbage for letters that it has. Remedy: print such lines as a picture.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install python-escpos==3.1 2>/dev/null
TMPDIR="$room" "$room/v/bin/python" - <<'PY'
from escpos.printer import Dummy


def sent(text):
    printer = Dummy()
    printer.text(text)
    return printer.output


plain, mixed = sent("Zoé 25 €"), sent("Zoé 山 25 €")
print("without:", plain)
print("with:   ", mixed)
assert plain == b"\x1bt\x00Zo\x82 25 \x1bt\x0f\xa4"  # code page 0 has é, code page 15 has the euro
assert mixed == "Zoé 山 25 €".encode("gb18030")
assert b"\x1bt" not in mixed, "no code page is chosen"
PY
