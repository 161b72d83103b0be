"""The network that an address counts for."""

from __future__ import annotations

import pytest

from entrypoints.http.client_network import is_private, network_of, plain_address


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("203.0.113.8", "203.0.113.8"),
        ("2001:db8:1:2::1", "2001:db8:1:2::/64"),
        ("2001:DB8:1:2:ffff:ffff:ffff:ffff", "2001:db8:1:2::/64"),
        ("2001:db8:1:3::1", "2001:db8:1:3::/64"),
        ("[2001:db8:1:2::1]", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("::ffff:cb00:7107", "203.0.113.7"),
        ("0:0:0:0:0:FFFF:203.0.113.7", "203.0.113.7"),
        ("2002:cb00:7107:1::1", "203.0.113.7"),
        ("2002:cb00:7107:2::1", "203.0.113.7"),
        ("2001:0:4136:e378:8000:63bf:34ff:8ef8", "203.0.113.7"),
        ("::1", "::/64"),
        ("unknown", "unknown"),
        ("", ""),
        ("_hidden" * 100, ("_hidden" * 100)[:64]),
    ],
)
def test_addresses_of_one_customer_count_as_one(address: str, network: str) -> None:
    assert network_of(address) == network


def test_an_ipv4_address_is_one_however_it_travels() -> None:
    assert plain_address("::ffff:10.0.0.1") == plain_address("10.0.0.1") == "10.0.0.1"
    assert plain_address("2001:db8::00:1") == "2001:db8::1"


@pytest.mark.parametrize(
    ("address", "private"),
    [
        ("172.18.0.1", True),
        ("::ffff:10.1.2.3", True),
        ("127.0.0.1", True),
        ("fd00::1", True),
        ("8.8.8.8", False),
        ("2600::1", False),
        ("unknown", False),
    ],
)
def test_proxies_stand_in_private_networks(address: str, private: bool) -> None:
    assert is_private(address) is private
