"""The values of single settings: what their text means, and whether it is well formed."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Final
from urllib.parse import urlsplit

DEFAULT_SECRET_KEY: Final = "not-secret-change-me"  # noqa: S105  # taken on this machine alone


MIN_SECRET_KEY_LENGTH: Final = 32


#: The keys that move no money: https://docs.stripe.com/keys, read in November 2026. All others count as live.
_TEST_KEYS: Final = ("sk_test_", "rk_test_", "sk_org_test_")


_SECRET_KEY_FORM: Final = re.compile(r"(?:sk|rk)_[A-Za-z0-9_]+")


_WEBHOOK_SECRET_FORM: Final = re.compile(r"whsec_[!-+\--~]+")


MAX_PORT: Final = 65535


#: A proxy network that is wider than this contains buyers.
_WIDEST: Final = {4: 8, 6: 16}


_PRIVATE_V6: Final = (ip_network("fc00::/7"), ip_network("fe80::/10"))


class InvalidSettings(Exception):
    """``str(error)`` names the setting and says what it should be. It never repeats a secret."""


def secret_keys(listed: str) -> tuple[str, ...]:
    """The keys in SECRET_KEY, of which the first signs and all verify: several are separated by commas or line breaks.

    The last is the whole text, a key from before there could be several: it may contain a comma. Raises ValueError.
    """
    keys = tuple(key.strip() for key in re.split(r"[,\r\n]", listed) if key.strip())
    if listed == DEFAULT_SECRET_KEY:
        return keys
    if not keys or any(len(key) < MIN_SECRET_KEY_LENGTH for key in keys):
        raise ValueError(f"each key must have at least {MIN_SECRET_KEY_LENGTH} characters (try `openssl rand -hex 32`)")
    return keys if len(keys) == 1 else (*keys, listed)


def check_stripe_key(key: str) -> None:
    """Raises ValueError, without the key in its message."""
    if key.startswith("pk_"):
        raise ValueError("is a publishable key (pk_…), but must be the secret key (sk_…) or a restricted one (rk_…)")
    if key and not _SECRET_KEY_FORM.fullmatch(key):
        raise ValueError("must be a secret key (sk_…) or a restricted key (rk_…) of Stripe's")


def webhook_secrets(listed: str) -> list[str]:
    """The secrets of a setting. Raises ValueError, without a secret in its message."""
    secrets = [secret.strip() for secret in listed.split(",") if secret.strip()]
    if listed and not secrets:
        raise ValueError("has commas, but no secret")
    if not all(_WEBHOOK_SECRET_FORM.fullmatch(secret) for secret in secrets):
        raise ValueError("must be the signing secret of an endpoint (whsec_…), or several with commas between them")
    return secrets


def is_live(key: str) -> bool:
    """Whether real money moves with this key."""
    return bool(key) and not key.startswith(_TEST_KEYS)


def check_proxies(listed: str) -> None:
    """Raises ValueError."""
    for text in listed.split(",") if listed else ():
        network = ip_network(text.strip())
        if network.prefixlen < _WIDEST[network.version] and not _is_private_v6(network):
            raise ValueError(f"{network} contains the whole internet: name only the addresses of your proxies")


def parse_listen(text: str) -> tuple[str, int]:
    """Host and port of ``127.0.0.1:9100`` or ``[::]:9100``. Raises ValueError."""
    host, _, port = text.rpartition(":")
    try:
        is_fit = bool(ip_address(host.strip("[]"))) and 0 < int(port) <= MAX_PORT
    except ValueError:
        is_fit = False
    if not is_fit:
        raise ValueError("must be an address of this machine and a port, such as 127.0.0.1:9100")
    return host.strip("[]"), int(port)


def check_public_url(url: str) -> None:
    """Raises ValueError."""
    parts = urlsplit(url)
    if url.endswith("/"):
        raise ValueError("must not end with a slash")
    if parts.path or parts.query or parts.fragment:
        raise ValueError("must end with the host (and port): pages are served at the root of a host")
    if parts.username is not None or parts.password is not None:
        raise ValueError("must not have a user or password in it")


def _is_private_v6(network: IPv4Network | IPv6Network) -> bool:
    return isinstance(network, IPv6Network) and any(
        network.subnet_of(private) for private in _PRIVATE_V6 if isinstance(private, IPv6Network)
    )
