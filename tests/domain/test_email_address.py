"""The spellings of one mailbox, and masked addresses."""

from __future__ import annotations

import pytest

from domain.email_address import is_same_address, masked


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("ada@example.org", "Ada@EXAMPLE.org", True),
        ("karl@bücher.example", "karl@xn--bcher-kva.example", True),
        ("Karl@xn--bcher-kva.example", "karl@BÜCHER.example", True),
        ("ada@example.org", "ada@example.com", False),
        ("ada@example.org", "a.da@example.org", False),
    ],
)
def test_mailbox_is_the_same_in_any_case_and_either_form_of_its_domain(one: str, other: str, same: bool) -> None:
    assert is_same_address(one, other) is is_same_address(other, one) is same


@pytest.mark.parametrize(
    ("address", "shown"),
    [
        ("ada@example.org", "a…@example.org"),
        ("a@example.org", "…@example.org"),
        ("ada.lovelace@bücher.example", "a…@bücher.example"),
    ],
)
def test_masked_address_never_has_the_whole_name(address: str, shown: str) -> None:
    assert masked(address) == shown
