"""The text that a computer with another layout gets from a hand scanner set to a US keyboard."""

from __future__ import annotations

from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS


def typed_on(layout: str, code: str, *, shift: bool = True) -> str:
    """The code as it arrives. ``shift``: the scanner sends capital letters, as they are in the QR code."""
    plain, shifted = next((plain, shifted) for names, plain, shifted in LAYOUTS if layout in names.split())
    keys = dict(zip(CODE_KEYS, plain, strict=True))
    if shift:
        keys |= dict(zip(LETTER_KEYS, shifted, strict=True))
    return "".join(keys[key] for key in code)
