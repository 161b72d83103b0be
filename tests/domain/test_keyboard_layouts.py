"""The table of keyboard layouts: complete, and equal to the system's own layouts."""

from __future__ import annotations

import pytest

from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, LETTER_KEYS, SOURCE
from tests.support import xkb


def test_every_layout_has_a_character_for_every_key() -> None:
    for names, plain, shifted in LAYOUTS:
        assert (len(plain), len(shifted)) == (len(CODE_KEYS), len(LETTER_KEYS)), names


def test_no_layout_is_named_twice_and_none_is_a_copy() -> None:
    names = [name for row, *_ in LAYOUTS for name in row.split()]
    assert len(names) == len(set(names))
    assert len({(plain, shifted) for _, plain, shifted in LAYOUTS}) == len(LAYOUTS)


@pytest.mark.parametrize(
    ("layout", "keys", "typed"),
    [
        ("de", "YZ", "ZY"),
        ("fr", "AQZWM", "QAWZ?"),
        ("ru", "QWERTY", "ЙЦУКЕН"),
        ("gr", "QWS", ":ΣΣ"),
        ("az", "IW", "İÜ"),
    ],
)
def test_letters_that_are_known_from_the_keyboards_themselves(layout: str, keys: str, typed: str) -> None:
    shifted = next(shifted for names, _, shifted in LAYOUTS if layout in names.split())
    assert "".join(shifted[LETTER_KEYS.index(key)] for key in keys) == typed


def test_table_is_what_the_systems_layouts_say() -> None:
    """``python -m tests.support.xkb`` prints the rows to replace it with, if a newer version differs."""
    try:
        installed, rows = f"xkb-data {xkb.version()}", xkb.table()
    except OSError as missing:
        pytest.skip(f"needs Debian's xkb-data and libxkbcommon0: {missing}")
    if installed != SOURCE:
        pytest.skip(f"the table was made from {SOURCE}, here is {installed}")
    assert list(LAYOUTS) == rows
