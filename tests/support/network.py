"""A network of hosts on this machine: namespaces of Linux on one bridge, which know each other by name.

As in ``tests/support/namespaces.py``, only root can make them, and their addresses are reserved for tests. Every host
keeps the hardware addresses of all others, so a host that is gone is silent: no error says so.
"""

from __future__ import annotations

import random
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final
from uuid import uuid4

from tests.support.processes import IP

#: ``ip netns exec`` shows a host the files of this folder in place of those in /etc.
_NAMES: Final = Path("/etc/netns")
_NOWHERE: Final = "02:00:00:00:00:fe"


@dataclass(frozen=True, slots=True)
class NetworkHost:
    """A host. ``network`` is the beginning of its address."""

    name: str
    namespace: str
    address: str
    hardware: str
    card: str
    bridge: str

    @property
    def command(self) -> Sequence[str]:
        """The beginning of a command that runs the rest of it on this host."""
        return (IP, "netns", "exec", self.namespace)

    def run(self, *arguments: str, environment: Mapping[str, str] | None = None) -> str:
        """What a command on this host prints. Raises subprocess.CalledProcessError."""
        return subprocess.run(
            [*self.command, *arguments], capture_output=True, check=True, text=True, env=environment
        ).stdout

    def vanish(self) -> None:
        """Pull its cable, at the far end: it is silent, and hears nothing."""
        _ip("link", "set", self.card, "nomaster")

    def come_back(self) -> None:
        _ip("link", "set", self.card, "master", self.bridge)

    def knows(self, address: str, hardware: str) -> None:
        """Where it sends what is for an address."""
        _ip("-n", self.namespace, "neigh", "replace", address, "lladdr", hardware, "dev", "eth0", "nud", "permanent")

    def take_address(self, address: str) -> None:
        """Answer to a further address."""
        _ip("-n", self.namespace, "addr", "replace", f"{address}/24", "dev", "eth0")


@dataclass(slots=True)
class Network:
    """``address`` is this process's own, where the hosts reach it."""

    address: str
    service_address: str
    bridge: str
    hosts: dict[str, NetworkHost] = field(default_factory=dict)
    served_by: str = ""

    def __getitem__(self, name: str) -> NetworkHost:
        return self.hosts[name]

    def part(self, one: str, other: str) -> None:
        """Lose all packets between two hosts, and no others."""
        self._lead(one, other, _NOWHERE)
        self._lead(other, one, _NOWHERE)

    def mend(self, one: str, other: str) -> None:
        self._lead(one, other, self[other].hardware)
        self._lead(other, one, self[one].hardware)

    def serve_at(self, name: str) -> None:
        """Give a host the service address, and let all others know."""
        self.served_by = name
        self[name].take_address(self.service_address)
        for host in self.hosts.values():
            if host.name != name:
                host.knows(self.service_address, self[name].hardware)
        _here_knows(self.service_address, self[name].hardware, self.bridge)

    def _lead(self, one: str, other: str, hardware: str) -> None:
        self[one].knows(self[other].address, hardware)
        if self.served_by == other:
            self[one].knows(self.service_address, hardware)


@contextmanager
def network_of(*names: str, service: str) -> Iterator[Network]:
    """Hosts with these names, and a name for an address that one host after another may have."""
    tag = uuid4().hex[:6]
    prefix, bridge = _free_prefix(), f"pb{tag}"
    network = Network(f"{prefix}.1", f"{prefix}.250", bridge)
    # A bridge without an address takes that of a port. With each change the kernel forgets what this process knows.
    _ip("link", "add", bridge, "address", _hardware(tag, 1), "type", "bridge")
    try:
        _ip("addr", "add", f"{network.address}/24", "dev", bridge)
        _ip("link", "set", bridge, "up")
        for number, name in enumerate(names, start=2):
            network.hosts[name] = _host(name, tag, number, prefix, bridge)
        listed = "".join(f"{host.address} {host.name}\n" for host in network.hosts.values())
        for host in network.hosts.values():
            folder = _NAMES / host.namespace
            folder.mkdir(parents=True)
            (folder / "hosts").write_text(f"127.0.0.1 localhost\n{listed}{network.service_address} {service}\n")
            for other in network.hosts.values():
                if other is not host:
                    host.knows(other.address, other.hardware)
            _here_knows(host.address, host.hardware, bridge)
        yield network
    finally:
        for host in network.hosts.values():
            _ip("netns", "del", host.namespace)
            shutil.rmtree(_NAMES / host.namespace, ignore_errors=True)
        _ip("link", "del", bridge)


def _hardware(tag: str, number: int) -> str:
    return f"02:00:{tag[:2]}:{tag[2:4]}:{tag[4:]}:{number:02x}"


def _here_knows(address: str, hardware: str, bridge: str) -> None:
    _ip("neigh", "replace", address, "lladdr", hardware, "dev", bridge, "nud", "permanent")


def _free_prefix() -> str:
    """The beginning of addresses that no other test has at the moment."""
    taken = _ip("-4", "-brief", "address")
    return random.choice([prefix for n in range(250) if f" {(prefix := f'198.19.{n}')}." not in taken])  # noqa: S311


def _host(name: str, tag: str, number: int, prefix: str, bridge: str) -> NetworkHost:
    hardware = _hardware(tag, number)
    host = NetworkHost(name, f"pique-{tag}-{name}", f"{prefix}.{number}", hardware, f"pv{tag}{number}", bridge)
    _ip("netns", "add", host.namespace)
    _ip("link", "add", host.card, "type", "veth", "peer", "name", "eth0", "netns", host.namespace)
    _ip("-n", host.namespace, "link", "set", "eth0", "address", hardware)
    _ip("-n", host.namespace, "addr", "add", f"{host.address}/24", "dev", "eth0")
    for card in ("lo", "eth0"):
        _ip("-n", host.namespace, "link", "set", card, "up")
    _ip("link", "set", host.card, "up", "master", bridge)
    return host


def _ip(*arguments: str) -> str:
    return subprocess.run([IP, *arguments], capture_output=True, check=True, text=True).stdout
