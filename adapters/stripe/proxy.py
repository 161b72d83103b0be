"""The proxy for calls to Stripe, which many companies require."""

from __future__ import annotations

from typing import Final
from urllib.parse import urlsplit
from urllib.request import getproxies_environment, proxy_bypass

from application.hosts import is_loopback

_FORM: Final = "it should look like http://user:password@proxy.example.org:3128"


def proxy_for(url: str) -> str | None:
    """The proxy for this address, by HTTPS_PROXY, HTTP_PROXY, ALL_PROXY and NO_PROXY (upper or lower case); None if
    there is none. Calls to this machine never use one.

    Ask once, as the environment does not change; aiohttp would read it, and a file of passwords, at every call. Raises
    ValueError with a message of one line for the operator, which contains no password.
    """
    parts, proxies = urlsplit(url), getproxies_environment()
    host = parts.hostname or ""
    proxy = proxies.get(parts.scheme) or proxies.get("all")
    if not proxy or is_loopback(host) or proxy_bypass(host):
        return None
    proxy = proxy if "://" in proxy else f"http://{proxy}"
    try:
        found = urlsplit(proxy)
        is_usable = found.scheme == "http" and bool(found.hostname) and found.port != 0
    except ValueError:
        is_usable = False
    if not is_usable:
        raise ValueError(f"the proxy for {host} must use plain HTTP: {_FORM}")
    return proxy
