"""Ids as Stripe writes them: a prefix for the kind, then letters and digits."""

import secrets

_PREFIX_LENGTHS = {
    "acct": 16,
    "req": 14,
    "cs_test": 58,
    "cs_live": 58,
}
_USUAL_LENGTH = 24


def new_id(prefix: str) -> str:
    """A fresh id such as ``pi_3f…``; a Checkout Session's has 66 characters, as long as Stripe's are."""
    length = _PREFIX_LENGTHS.get(prefix, _USUAL_LENGTH)
    return f"{prefix}_{secrets.token_hex(length // 2)}"
