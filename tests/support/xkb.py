"""Makes the table of ``domain/keyboard_layouts.py`` from the keyboard layouts that are installed here.

``python -m tests.support.xkb`` prints it. It needs Debian's packages xkb-data and libxkbcommon0.
"""

from __future__ import annotations

import ctypes
import re
import unicodedata
from collections.abc import Iterator
from ctypes import POINTER, byref, c_char_p, c_int, c_size_t, c_uint32, c_void_p
from pathlib import Path
from typing import Final

from domain.keyboard_layouts import CODE_KEYS, LETTER_KEYS, NOTHING

_RULES: Final = Path("/usr/share/X11/xkb/rules/evdev.lst")
_VERSION: Final = Path("/usr/share/pkgconfig/xkeyboard-config.pc")
#: X11's numbers of the keys, by what a US keyboard has on them.
_KEYCODES: Final = {
    key: first + place
    for row, first in (("1234567890", 10), ("QWERTYUIOP", 24), ("ASDFGHJKL", 38), ("ZXCVBNM", 52))
    for place, key in enumerate(row)
}
#: What ticket offices may have: first the commonest, whose name layouts get that type a code alike.
_FIRST: Final = """
de fr be cz sk gr ru ua bg rs mk lt tr(f) az vn il ara ir th us(dvorak) us(colemak) us(colemak_dh) us(workman)
fr(bepo) fr(bepo_afnor) de(neo) ara(azerty) ara(digits) bg(phonetic) bg(bas_phonetic) ru(phonetic)
ru(phonetic_winkeys) ru(typewriter) ua(phonetic) ua(typewriter) lv(ergonomic) lv(modern) lt(std) lt(ibm)
cz(qwerty) sk(qwerty) us(dvp) us(norman) gb(dvorak) fr(dvorak) de(dvorak) es(dvorak) se(svdvorak) no(dvorak)
il(phonetic) ge(ergonomic) am(phonetic) am(eastern) am(western) jp(kana) pt(nativo) br(nativo) th(pat) in(ben)
in(guj) in(kan) in(mal) in(tel) in(guru) pl(qwertz) ro(winkeys) rs(latin) hu(qwerty)
"""
#: Braille, input methods and layouts that leave letters out.
_NOT: Final = {"brai", "cn", "custom", "et", "mao", "tz", "us"}


class _Names(ctypes.Structure):
    _fields_ = [(name, c_char_p) for name in ("rules", "model", "layout", "variant", "options")]


class Keyboards:
    """The characters of keyboards, by libxkbcommon. Raises OSError if it is not installed."""

    def __init__(self) -> None:
        self._xkb = library = ctypes.CDLL("libxkbcommon.so.0")
        for name, result, arguments in (
            ("xkb_context_new", c_void_p, [c_int]),
            ("xkb_keymap_new_from_names", c_void_p, [c_void_p, POINTER(_Names), c_int]),
            ("xkb_keymap_unref", None, [c_void_p]),
            ("xkb_keymap_mod_get_index", c_uint32, [c_void_p, c_char_p]),
            ("xkb_state_new", c_void_p, [c_void_p]),
            ("xkb_state_unref", None, [c_void_p]),
            ("xkb_state_update_mask", c_int, [c_void_p, *[c_uint32] * 6]),
            ("xkb_state_key_get_utf8", c_int, [c_void_p, c_uint32, c_char_p, c_size_t]),
        ):
            function = getattr(library, name)
            function.restype, function.argtypes = result, arguments
        self._context = library.xkb_context_new(0)

    def typed(self, name: str, keys: str, *, shift: bool) -> str:
        """The characters that the keys type on the layout; NOTHING for a key that types none alone."""
        layout, _, variant = name.rstrip(")").partition("(")
        names = _Names(b"evdev", b"pc105", layout.encode(), variant.encode(), b"")
        keymap = self._xkb.xkb_keymap_new_from_names(self._context, byref(names), 0)
        if not keymap:
            raise LookupError(name)
        state = self._xkb.xkb_state_new(keymap)
        held = 1 << self._xkb.xkb_keymap_mod_get_index(keymap, b"Shift") if shift else 0
        self._xkb.xkb_state_update_mask(state, held, 0, 0, 0, 0, 0)
        typed = "".join(self._character(state, key) for key in keys)
        self._xkb.xkb_state_unref(state)
        self._xkb.xkb_keymap_unref(keymap)
        return typed

    def _character(self, state: int, key: str) -> str:
        text = ctypes.create_string_buffer(32)
        self._xkb.xkb_state_key_get_utf8(state, _KEYCODES[key], text, 32)
        character = text.value.decode()
        return character if len(character) == 1 and not character.isspace() else NOTHING


def version() -> str:
    """The version of the package xkb-data. Raises OSError if it is not installed."""
    found = re.search(r"^Version: (\S+)$", _VERSION.read_text(), re.MULTILINE)
    assert found is not None
    return found[1]


def table() -> list[tuple[str, str, str]]:
    """The rows of ``keyboard_layouts.LAYOUTS``. Layouts that type every code unchanged have none."""
    keyboards = Keyboards()
    rows: dict[tuple[str, str], list[str]] = {}
    for name in _names():
        typed = keyboards.typed(name, CODE_KEYS, shift=False), keyboards.typed(name, LETTER_KEYS, shift=True)
        rows.setdefault(typed, []).append(name)
    as_they_are = CODE_KEYS.lower(), LETTER_KEYS
    return [(" ".join(names), *typed) for typed, names in rows.items() if typed != as_they_are]


def _names() -> Iterator[str]:
    section = _RULES.read_text(encoding="utf-8").split("! layout")[1].split("!")[0]
    of_countries = [line.split()[0] for line in section.strip().splitlines()]
    yield from dict.fromkeys(name for name in (*_FIRST.split(), *of_countries) if name not in _NOT)


def _literal(text: str) -> str:
    """The text as a Python literal; characters that are invisible alone are escaped."""
    return "".join(_escaped(c) if unicodedata.category(c)[0] in "MCZ" or c in '\\"' else c for c in text)


def _escaped(character: str) -> str:
    return f"\\{character}" if character in '\\"' else f"\\u{ord(character):04x}"


if __name__ == "__main__":
    print(f"# xkb-data {version()}")  # noqa: T201
    for names, plain, shifted in table():
        print(f'    ("{names}", "{_literal(plain)}", "{_literal(shifted)}"),')  # noqa: T201
