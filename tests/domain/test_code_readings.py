"""Texts from scanners and people, and the code that each stands for."""

from __future__ import annotations

from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.code_readings import (
    MAX_AROUND,
    MAX_READINGS,
    MAX_READINGS_OF_A_KIND,
    MAX_SEPARATORS,
    Reading,
    other_readings,
    plain_code,
)
from domain.keyboard_layouts import CODE_KEYS, LAYOUTS, NOTHING
from domain.ticket_code import NONCE_BYTES, TicketCodes
from tests.support.keyboards import typed_on

CODES = TicketCodes("our secret")
SHOW = UUID(int=7)
CODE = "MFRGGZDFMZTWQ2LKNNWG23TP"
NAMES = [names.split()[0] for names, *_ in LAYOUTS]
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)


def genuine(text: str) -> list[Reading]:
    """The readings that carry our tag."""
    first = plain_code(text)
    readings = [*([Reading(first)] if first else []), *other_readings(text)]
    return [reading for reading in readings if CODES.is_genuine(SHOW, reading.code)]


@pytest.mark.parametrize(
    "scanned",
    [
        f"{CODE}\r\n",
        f"{CODE}\t",
        f"\x02{CODE}\x03",
        f"]Q1{CODE}",
        f"\x02]Q3{CODE}\r",
        f"]q1{CODE.lower()}",
        "MFRG GZDF MZTW\nQ2LK NNWG 23TP",
        "MFRG\u00a0GZDF\u2009MZTW\u202fQ2LK\u3000NNWG\u200b23TP",
        "MFRG–GZDF—MZTW‑Q2LK−NNWG_23TP",
        "MFRG.GZDF/MZTW:Q2LK|NNWG+23TP",
        "ＭＦＲＧＧＺＤＦＭＺＴＷＱ２ＬＫＮＮＷＧ２３ＴＰ",
        f"\ufeff{CODE}\x00",
        f"\u202a{CODE}\u202c",
    ],
)
def test_whatever_is_no_letter_or_digit_separates(scanned: str) -> None:
    assert plain_code(scanned) == CODE


@pytest.mark.parametrize("text", ["", CODE[:-1], f"{CODE}A", f"{CODE[:-1]}1", f"{CODE[:-1]}é", "é" * 24])
def test_what_has_other_characters_or_another_length_is_no_plain_code(text: str) -> None:
    assert plain_code(text) is None


@pytest.mark.parametrize("shift", [True, False])
@pytest.mark.parametrize("layout", NAMES)
def test_every_layout_is_read_and_only_one_code_is_genuine(layout: str, shift: bool) -> None:
    for number in range(40):
        code = CODES.issue(SHOW, number.to_bytes(NONCE_BYTES, "big"))
        typed = typed_on(layout, code, shift=shift)
        if NOTHING in typed:  # a dead key swallows it
            continue
        found = {reading.code for reading in genuine(f"{typed}\r\n")}
        if layout == "il(phonetic)" and not found:  # three letters of it are one: not all ways are tried
            continue
        assert found == {code}


def test_layout_is_named_by_the_commonest_that_types_the_code_so() -> None:
    assert other_readings(typed_on("ch", CODE))[0] == Reading(CODE, "de")
    assert other_readings(typed_on("hu", CODE))[0] == Reading(CODE, "de")
    assert other_readings(typed_on("fr", CODE))[0] == Reading(CODE, "fr")


def test_layouts_that_type_a_code_as_it_is_have_no_row() -> None:
    every_name = {name for names, *_ in LAYOUTS for name in names.split()}
    assert not every_name & {"us", "gb", "it", "es", "pt", "pl", "br", "no", "se", "fi", "dk", "ee", "lv", "is", "jp"}


@given(NONCES, st.sampled_from(NAMES[:10]))
def test_caps_lock_changes_nothing(nonce: bytes, layout: str) -> None:
    code = CODES.issue(SHOW, nonce)
    with_shift = typed_on(layout, code, shift=False)
    without = typed_on(layout, code)
    for letters in (with_shift, without):
        typed = "".join(c if key.isalpha() else c.upper() for key, c in zip(code, letters, strict=True))
        assert {reading.code for reading in genuine(typed)} == {code}


def test_windows_types_two_letters_for_the_arabic_ligature() -> None:
    code = CODES.issue(SHOW, b"lam alef")
    assert "B" in code
    typed = typed_on("ara", code, shift=False)
    assert {reading.code for reading in genuine(typed.replace("ﻻ", "لا"))} == {code}


@given(NONCES)
def test_mistaken_characters_are_read_as_what_they_look_like(nonce: bytes) -> None:
    code = CODES.issue(SHOW, nonce)
    for mistaken in (
        code.replace("O", "0"),
        code.replace("B", "8"),
        code.replace("I", "1").replace("L", "1"),
        code.translate(str.maketrans("OILB", "0118")).lower(),
    ):
        found = genuine(mistaken)
        if not found:  # more than eight of I and L: not all ways are tried
            assert sum(code.count(letter) for letter in "IL") > 8
        else:
            assert found[0] == Reading(code)


def test_so_many_characters_may_stand_around_a_code() -> None:
    code = CODES.issue(SHOW, b"eight by")
    for around in range(MAX_AROUND + 1):
        assert genuine("Z" * around + code)
        assert genuine(code + "Z" * around)
    assert not genuine("Z" * (MAX_AROUND + 1) + code)


def test_so_many_kinds_of_separators_may_be_in_what_a_keyboard_typed() -> None:
    typed = typed_on("ru", CODE)
    kinds = [chr(0x2460 + number) for number in range(MAX_SEPARATORS + 1)]
    assert Reading(CODE, "ru") in other_readings(typed + "".join(kinds[:-1]))
    assert Reading(CODE, "ru") not in other_readings(typed + "".join(kinds))


def test_readings_are_bounded_whatever_is_typed() -> None:
    assert len(other_readings("I" * 24)) == MAX_READINGS
    assert len(other_readings("Σ" * 24)) == MAX_READINGS_OF_A_KIND
    assert len(other_readings("Σ" * 8 + "Α" * 16)) == MAX_READINGS_OF_A_KIND
    assert len(other_readings("Σ" * 7 + "Α" * 17)) == MAX_READINGS_OF_A_KIND / 2


@given(st.text(max_size=60) | st.text(alphabet=CODE_KEYS + "018-é", min_size=22, max_size=30))
def test_every_text_has_readings_and_no_two_alike(text: str) -> None:
    codes = [reading.code for reading in other_readings(text)]
    assert len(codes) == len(set(codes)) <= MAX_READINGS
    assert plain_code(text) not in codes
    assert all(plain_code(code) == code for code in codes)
