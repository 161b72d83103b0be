"""Stripe through a company's proxy: the tunnel is real, and so is the TLS in it."""

from __future__ import annotations

import asyncio
import base64
import os
import ssl
from collections.abc import AsyncIterator, Iterator, Mapping
from contextlib import asynccontextmanager, contextmanager, suppress
from urllib.parse import urlsplit

import aiohttp
import pytest
import trustme

from adapters.stripe.client import HttpClient, create_client
from adapters.stripe.proxy import proxy_for
from demo.stripe_sandbox import StripeSandbox

STRIPE = "api.stripe.example"
NAMES = ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY")


@contextmanager
def environment(**variables: str) -> Iterator[None]:
    """Set these variables, and remove the proxies of the surroundings, until the end of the block."""
    names = [*NAMES, *map(str.lower, NAMES)]
    before = {name: os.environ.pop(name) for name in names if name in os.environ}
    os.environ.update(variables)
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
        os.environ.update(before)


async def pump(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with suppress(OSError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
    writer.close()


class Proxy:
    """A proxy that makes tunnels to the servers it knows by name, for clients with the password."""

    def __init__(self, servers: Mapping[str, int], *, password: str = "") -> None:
        self.servers = servers
        self.wanted = f"Basic {base64.b64encode(password.encode()).decode()}" if password else None
        self.asked: list[str] = []

    async def meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        head = (await reader.readuntil(b"\r\n\r\n")).decode()
        method, target, _ = head.splitlines()[0].split()
        headers = dict(line.split(": ", 1) for line in head.splitlines()[1:] if line)
        self.asked.append(f"{method} {target}")
        if self.wanted and headers.get("Proxy-Authorization") != self.wanted:
            writer.write(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")
            writer.close()
            return
        there = await asyncio.open_connection("127.0.0.1", self.servers[target])
        writer.write(b"HTTP/1.1 200 Connection established\r\n\r\n")
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))


@asynccontextmanager
async def listening(meet: object, tls: ssl.SSLContext | None = None) -> AsyncIterator[int]:
    server = await asyncio.start_server(meet, "127.0.0.1", 0, ssl=tls)  # type: ignore[arg-type]
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


@asynccontextmanager
async def stripe_with_tls(sandbox: StripeSandbox, authority: trustme.CA) -> AsyncIterator[int]:
    """The sandbox like the real Stripe: over TLS, with a name that no resolver knows."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert(STRIPE).configure_cert(context)
    behind = urlsplit(sandbox.url)

    async def unwrap(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        there = await asyncio.open_connection(behind.hostname, behind.port)
        await asyncio.gather(pump(reader, there[1]), pump(there[0], writer))

    async with listening(unwrap, context) as port:
        yield port


@pytest.mark.parametrize("password", ["", "us:secret"])
async def test_calls_go_through_the_tunnel_of_the_proxy(sandbox: StripeSandbox, password: str) -> None:
    authority, trusting = trustme.CA(), ssl.create_default_context()
    authority.configure_trust(trusting)
    base = f"https://{STRIPE}"
    async with stripe_with_tls(sandbox, authority) as tls_port:
        proxy = Proxy({f"{STRIPE}:443": tls_port}, password=password)
        async with listening(proxy.meet) as port:
            address = f"http://{password}@127.0.0.1:{port}" if password else f"127.0.0.1:{port}"
            with environment(HTTPS_PROXY=address, NO_PROXY="other.example"):
                http = HttpClient(proxy=proxy_for(base), connector=aiohttp.TCPConnector(ssl=trusting))
            try:
                account = await create_client("sk_test_tests", http, api_base=base).v1.accounts.retrieve_current_async()
            finally:
                await http.close_async()  # type: ignore[no-untyped-call]

    assert account.object == "account"
    assert proxy.asked == [f"CONNECT {STRIPE}:443"]


@pytest.mark.parametrize(
    ("variables", "proxy"),
    [
        ({}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"https_proxy": "proxy.example:3128"}, "http://proxy.example:3128"),
        ({"ALL_PROXY": "http://proxy.example:3128"}, "http://proxy.example:3128"),
        ({"HTTP_PROXY": "http://proxy.example:3128"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": ".stripe.example"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "no_proxy": "other.example, api.stripe.example"}, None),
        ({"HTTPS_PROXY": "http://proxy.example:3128", "NO_PROXY": "*"}, None),
    ],
)
def test_the_proxy_is_named_as_everywhere(variables: dict[str, str], proxy: str | None) -> None:
    with environment(**variables):
        assert proxy_for(f"https://{STRIPE}") == proxy


@pytest.mark.parametrize("base", ["http://127.0.0.1:12111", "http://localhost:12111", "http://[::1]:12111"])
def test_this_machine_is_spoken_to_directly(base: str) -> None:
    with environment(HTTP_PROXY="http://proxy.example:3128", ALL_PROXY="http://proxy.example:3128"):
        assert proxy_for(base) is None


@pytest.mark.parametrize(
    "address", ["socks5://us:hunter2@proxy.example", "https://us:hunter2@proxy.example", "http://us:hunter2@p:hunter2"]
)
def test_a_proxy_of_another_kind_is_refused_in_words_without_its_password(address: str) -> None:
    with environment(HTTPS_PROXY=address), pytest.raises(ValueError, match="plain HTTP") as refused:
        proxy_for(f"https://{STRIPE}")
    assert "hunter2" not in str(refused.value)
