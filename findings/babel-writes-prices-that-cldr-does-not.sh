#!/usr/bin/env bash
# Babel 2.18.0: prices with a currency's code, and prices from 1,000 to 9,999, are not written as CLDR has it.
#
# Done: 1,234.50 formatted by Babel and by Node.js' Intl, which carries CLDR too, for a foreign currency and for languages
#   with CLDR's minimumGroupingDigits of 2.
# Expected: the same text, but for kinds of spaces.
# Seen: Babel glues a code to the number ("CHF1,234.50"), where CLDR's rule for letters beside a digit sets a space; and it
#   groups four digits in Spanish, Polish, Italian and others, which write "1234,50". German agrees. On a receipt the
#   first is hard to read, and the second looks like another country's number. Remedy: set the space and leave the group
#   out after formatting.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install babel==2.18.0 2>/dev/null
"$room/v/bin/python" - <<'PY'
import json
import subprocess

from babel.numbers import format_currency

# Language, currency, and whether the two agree.
PRICES = [
    ("en", "USD", True),
    ("de", "EUR", True),
    ("en", "CHF", False),
    ("es-MX", "EUR", False),
    ("es", "EUR", False),
    ("pl", "PLN", False),
    ("it", "EUR", False),
    ("pt-PT", "EUR", False),
]
INTL = "([tag, currency]) => new Intl.NumberFormat(tag, {style: 'currency', currency}).format(1234.5)"
script = f"console.log(JSON.stringify(JSON.parse(process.argv[1]).map({INTL})))"
asked = json.dumps([[tag, currency] for tag, currency, _ in PRICES])
theirs = json.loads(subprocess.run(["node", "-e", script, asked], check=True, capture_output=True).stdout)


def plain(text):
    return text.replace("\u00a0", " ").replace("\u202f", " ")


for (tag, currency, agree), intl in zip(PRICES, theirs, strict=True):
    ours = format_currency(1234.5, currency, locale=tag.replace("-", "_"))
    print(f"{tag} {currency}: Babel {plain(ours)!r}, Intl {plain(intl)!r}")
    assert (plain(ours) == plain(intl)) == agree
PY
