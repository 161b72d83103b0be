"""Hosts that can vanish: network namespaces of this machine, each with a relay to one of our servers in it.

Only root on Linux can make them, with ``ip`` (Debian's iproute2). Their addresses are from 198.18.0.0/15, which is
reserved for tests of networks (RFC 2544).
"""

from __future__ import annotations

import os
import subprocess
import sys
import textwrap
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

import pytest

from tests.support.processes import IP

#: Run inside the namespace: a TCP port there leads to a Unix socket, which is no matter of the network's.
_RELAY = textwrap.dedent(
    """
    import asyncio, sys

    async def pipe(reader, writer):
        try:
            while data := await reader.read(65536):
                writer.write(data)
                await writer.drain()
        except OSError:
            pass
        finally:
            writer.close()

    async def meet(reader, writer):
        there = await asyncio.open_unix_connection(sys.argv[3])
        await asyncio.gather(pipe(reader, there[1]), pipe(there[0], writer))

    async def main():
        server = await asyncio.start_server(meet, sys.argv[1], int(sys.argv[2]))
        print("ready", flush=True)
        await server.serve_forever()

    asyncio.run(main())
    """
)


def can_be_made() -> bool:
    """Whether this process may make namespaces."""
    if os.name != "posix" or not hasattr(os, "geteuid") or os.geteuid() != 0 or not Path(IP).exists():
        return False
    name = f"probe{uuid4().hex[:8]}"
    made = subprocess.run([IP, "netns", "add", name], capture_output=True, check=False)
    if made.returncode == 0:
        _ip("netns", "del", name)
    return made.returncode == 0


@dataclass(frozen=True, slots=True)
class Host:
    """One host of the test's own network."""

    name: str
    address: str

    def vanish(self) -> None:
        """Make it silent: from now on it answers nothing, refuses nothing and resets nothing."""
        _ip("-n", self.name, "addr", "flush", "dev", "inside")

    def serve(self, port: int, unix_socket: Path, stack: ExitStack) -> None:
        """Relay a port of the host to a server of ours."""
        process = subprocess.Popen(
            [IP, "netns", "exec", self.name, sys.executable, "-c", _RELAY, self.address, str(port), str(unix_socket)],
            stdout=subprocess.PIPE,
        )
        stack.callback(process.wait)
        stack.callback(process.kill)
        assert process.stdout
        stack.callback(process.stdout.close)
        assert process.stdout.readline().strip() == b"ready"


@contextmanager
def a_host(number: int) -> Iterator[Host]:
    """A host with a separate address, until the end of the block."""
    name, outside = f"pique{uuid4().hex[:8]}", f"pq{uuid4().hex[:8]}"
    network = f"198.18.{os.getpid() % 250}.{number * 4}"
    here, there = _address(network, 1), _address(network, 2)
    _ip("netns", "add", name)
    try:
        _ip("link", "add", outside, "type", "veth", "peer", "name", "inside", "netns", name)
        _ip("addr", "add", f"{here}/30", "dev", outside)
        _ip("link", "set", outside, "up")
        _ip("-n", name, "addr", "add", f"{there}/30", "dev", "inside")
        _ip("-n", name, "link", "set", "inside", "up")
        link = _ip("-n", name, "-br", "link", "show", "inside").split()[2]
        # A peer that knows a host's card gets no error when the host stops answering.
        _ip("neigh", "replace", there, "lladdr", link, "dev", outside, "nud", "permanent")
        yield Host(name, there)
    finally:
        _ip("netns", "del", name)  # and the pair of cards with it


@contextmanager
def a_relay(host: str, port: int, unix_socket: Path) -> Iterator[None]:
    """A Unix socket that leads to a server on this host's loopback, in a separate process."""
    code = _RELAY.replace("open_unix_connection(sys.argv[3])", "open_connection(sys.argv[1], int(sys.argv[2]))")
    code = code.replace("start_server(meet, sys.argv[1], int(sys.argv[2]))", "start_unix_server(meet, sys.argv[3])")
    process = subprocess.Popen([sys.executable, "-c", code, host, str(port), str(unix_socket)], stdout=subprocess.PIPE)
    assert process.stdout
    try:
        assert process.stdout.readline().strip() == b"ready"
        yield
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _address(network: str, offset: int) -> str:
    start, _, last = network.rpartition(".")
    return f"{start}.{int(last) + offset}"


def _ip(*arguments: str) -> str:
    return subprocess.run([IP, *arguments], capture_output=True, check=True, text=True).stdout


needs_namespaces = pytest.mark.skipif(not can_be_made(), reason="needs root and `ip netns` to make hosts that vanish")
