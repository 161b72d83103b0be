"""Ticket codes that only we can make, each for one show."""

from __future__ import annotations

import base64
import hmac
from uuid import uuid4

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.ticket_code import CODE_LENGTH, NONCE_BYTES, TicketCodes, show_key

ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"
NONCES = st.binary(min_size=NONCE_BYTES, max_size=NONCE_BYTES)
OURS = TicketCodes("our secret")
TONIGHT = uuid4()


@given(NONCES)
def test_what_we_issued_is_genuine(nonce: bytes) -> None:
    code = OURS.issue(TONIGHT, nonce)
    assert len(code) == CODE_LENGTH
    assert set(code) <= set(ALPHABET)
    assert OURS.is_genuine(TONIGHT, code)


@given(NONCES, st.integers(0, CODE_LENGTH - 1), st.sampled_from(ALPHABET))
def test_a_change_of_any_character_is_noticed(nonce: bytes, place: int, character: str) -> None:
    code = OURS.issue(TONIGHT, nonce)
    tampered = code[:place] + character + code[place + 1 :]
    assert OURS.is_genuine(TONIGHT, tampered) == (tampered == code)


@given(NONCES)
def test_a_code_does_not_admit_to_another_show(nonce: bytes) -> None:
    assert not OURS.is_genuine(uuid4(), OURS.issue(TONIGHT, nonce))


@given(NONCES)
def test_another_installations_code_is_not_ours(nonce: bytes) -> None:
    assert not OURS.is_genuine(TONIGHT, TicketCodes("their secret").issue(TONIGHT, nonce))


@given(NONCES)
def test_codes_of_an_earlier_secret_stay_genuine_and_new_ones_have_the_new(nonce: bytes) -> None:
    rotated = TicketCodes("new secret", ("our secret", "older secret"))
    assert rotated.is_genuine(TONIGHT, OURS.issue(TONIGHT, nonce))
    assert rotated.is_genuine(TONIGHT, TicketCodes("older secret").issue(TONIGHT, nonce))
    assert rotated.issue(TONIGHT, nonce) == TicketCodes("new secret").issue(TONIGHT, nonce)
    assert not rotated.is_genuine(TONIGHT, TicketCodes("their secret").issue(TONIGHT, nonce))
    assert not rotated.is_genuine(uuid4(), OURS.issue(TONIGHT, nonce))


@given(NONCES)
def test_a_scanner_with_the_shows_key_alone_can_tell(nonce: bytes) -> None:
    """By the README's recipe for developers of scanners."""
    key = hmac.digest(b"our secret", b"ticket-code:" + TONIGHT.bytes, "sha256")
    assert key == show_key("our secret", TONIGHT)
    scanned = base64.b32decode(OURS.issue(TONIGHT, nonce))
    assert scanned[NONCE_BYTES:] == hmac.digest(key, scanned[:NONCE_BYTES], "sha256")[:7]


def test_every_show_has_its_own_key() -> None:
    assert show_key("secret", TONIGHT) != show_key("secret", uuid4())
    assert show_key("secret", TONIGHT) != show_key("another", TONIGHT)
    assert show_key("secret", TONIGHT) == show_key("secret", TONIGHT)


def test_a_code_may_be_typed_in_lower_case_with_separators() -> None:
    code = OURS.issue(TONIGHT, b"eight by")
    typed = "-".join(code[i : i + 4] for i in range(0, CODE_LENGTH, 4)).lower() + " "
    assert OURS.is_genuine(TONIGHT, typed)


@pytest.mark.parametrize(
    "scanned",
    ["", "A", "https://example.org", "A" * 23, "A" * 25, "A" * 32, "A" * 24 + "=" * 8, "1" * 24, "ü" * 24, "Ａ" * 24],
)
def test_what_is_no_code_at_all_is_not_genuine(scanned: str) -> None:
    assert not OURS.is_genuine(TONIGHT, scanned)


@given(st.text(max_size=40))
def test_whatever_is_scanned_gets_an_answer(scanned: str) -> None:
    assert not OURS.is_genuine(TONIGHT, scanned)


@pytest.mark.parametrize("length", [0, NONCE_BYTES - 1, NONCE_BYTES + 1])
def test_a_nonce_of_another_length_is_refused(length: int) -> None:
    with pytest.raises(ValueError, match="8 bytes"):
        OURS.issue(TONIGHT, bytes(length))


def test_the_secret_is_not_shown() -> None:
    assert "our secret" not in repr(OURS)
