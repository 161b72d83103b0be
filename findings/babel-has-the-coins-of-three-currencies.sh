#!/usr/bin/env bash
# Babel 2.18.0: what CLDR says of rounding in cash is not enough for a till.
#
# Done: the digits and the step that Babel carries for amounts in cash, for currencies whose smallest coin is worth more
#   than their smallest unit in law; and an amount in francs, formatted.
# Expected: a till can ask its currency for the smallest coin: 5 rappen, 5 forints, 5 Australian and 10 New Zealand
#   cents (whose smaller coins went between 1992 and 2008).
# Seen: CHF and CAD have steps of 5 and DKK of 50, and no other currency has any. HUF has no decimals in cash and a step
#   of one forint, a coin that is gone. AUD, NZD, MYR and SGD have cents, as on paper. EUR can have none: it differs from
#   country to country. format_currency has no way to ask for cash, and writes CHF 12.02, which cannot be paid.
#   Remedy: a till's step is a setting of the producer's.
set -euo pipefail
room=$(mktemp -d)
trap 'rm -rf "$room"' EXIT
python3 -m venv "$room/v"
"$room/v/bin/pip" -q --disable-pip-version-check install babel==2.18.0 2>/dev/null
"$room/v/bin/python" - <<'PY'
from inspect import signature

from babel.core import get_global
from babel.numbers import format_currency

fractions = get_global("currency_fractions")
SMALLEST_COIN = {"CHF": 5, "CAD": 5, "DKK": 50, "HUF": 500, "AUD": 5, "NZD": 10, "MYR": 5, "SGD": 5}
KNOWN = {"CHF", "CAD", "DKK"}
for code, coin in SMALLEST_COIN.items():
    _, _, digits, step = fractions.get(code, fractions["DEFAULT"])
    in_hundredths = (step or 1) * 10 ** (2 - digits)
    print(f"{code}: smallest coin {coin} hundredths; in cash {digits} decimals and a step of {step}: {in_hundredths}")
    assert (in_hundredths == coin) == (code in KNOWN)
assert {code for code, (*_, step) in fractions.items() if step} == KNOWN
print(format_currency(12.02, "CHF", locale="en"))
assert "12.02" in format_currency(12.02, "CHF", locale="en")
assert not any("cash" in name for name in signature(format_currency).parameters)
PY
