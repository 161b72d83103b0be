"""Starts commands as forks of one process that has already loaded piquetickets.

Loading it takes a processor a second or two, and the tests start commands some two hundred times. A fork is a process
like any other: it has its own environment, standard streams, signals and exit code, and begins where ``python -m
entrypoints.cli`` does once its modules are loaded: those of all commands, and those that a first application loads.

The program gets the number of a Unix socket. Each order on it is a JSON object with the file descriptors for the new
process's standard streams. The answer is its process id, and later how it ended.
"""

from __future__ import annotations

import ctypes
import json
import os
import selectors
import signal
import socket
import sys
import time
from importlib import import_module
from typing import Any, Final

import click

from entrypoints.cli.main import main
from entrypoints.container import Container
from entrypoints.server.gc_tuning import loading
from entrypoints.settings import Settings

ORDER_BYTES: Final = 1 << 17
_CLONE_NEWNET, _CLONE_NEWNS = 0x40000000, 0x00020000
_MS_BIND, _MS_REC, _MS_SLAVE = 0x1000, 0x4000, 0x80000
STREAMS: Final = 3
#: Of an application that serves no one: none of its engines is there.
_SETTINGS: Final = Settings(
    database_url="postgresql://nowhere@127.0.0.1:1/none",
    redis_url="redis://127.0.0.1:1/0",
    public_url="http://127.0.0.1:1",
    secret_key="a secret of the tests that is long enough",
    stripe_api_key="sk_test_tests",
    stripe_webhook_secret="whsec_tests",
    smtp_url="smtp://127.0.0.1:1",
    mail_from="PiqueTickets <tickets@piquetickets.example>",
)


def serve(orders: socket.socket) -> list[str]:
    """Fork until the other end closes the socket. Returns only in the forks: the arguments of the command."""
    with selectors.DefaultSelector() as selector:
        selector.register(orders, selectors.EVENT_READ)
        while True:
            for key, _ in selector.select():
                if key.fileobj is not orders:
                    _tell_end(orders, selector, key)
                    continue
                message, streams, _, _ = socket.recv_fds(orders, ORDER_BYTES, STREAMS)
                if not message:
                    _end(selector)
                order = json.loads(message)
                pid = os.fork()
                if pid == 0:
                    _become(order, streams, [other.fd for other in selector.get_map().values()])
                    return list(order["arguments"])
                for stream in streams:
                    os.close(stream)
                selector.register(os.pidfd_open(pid), selectors.EVENT_READ, pid)
                orders.send(json.dumps({"order": order["order"], "pid": pid}).encode())


def _become(order: dict[str, Any], streams: list[int], of_the_server: list[int]) -> None:
    for number, stream in enumerate(streams):
        os.dup2(stream, number)
    for descriptor in (*streams, *of_the_server):
        os.close(descriptor)
    os.environ.clear()
    os.environ.update(order["environment"])
    time.tzset()
    if order["namespace"]:
        _move_to(order["namespace"])


def _move_to(namespace: str) -> None:
    """Go on in a network namespace, as under ``ip netns exec``: with its network and its names of hosts."""
    libc = ctypes.CDLL(None, use_errno=True)
    network = os.open(f"/var/run/netns/{namespace}", os.O_RDONLY)
    hosts = f"/etc/netns/{namespace}/hosts".encode()
    failures = (
        libc.setns(network, _CLONE_NEWNET)
        or libc.unshare(_CLONE_NEWNS)
        or libc.mount(b"none", b"/", None, _MS_REC | _MS_SLAVE, None)
        or libc.mount(hosts, b"/etc/hosts", b"none", _MS_BIND, None)
    )
    if failures:
        raise OSError(ctypes.get_errno(), f"cannot move to {namespace}")
    os.close(network)


def _tell_end(orders: socket.socket, selector: selectors.BaseSelector, key: selectors.SelectorKey) -> None:
    _, status = os.waitpid(key.data, 0)
    selector.unregister(key.fileobj)
    os.close(key.fd)
    orders.send(json.dumps({"pid": key.data, "code": os.waitstatus_to_exitcode(status)}).encode())


def _end(selector: selectors.BaseSelector) -> None:
    """Kill all processes that it started, because the test run is over, or dead."""
    for key in selector.get_map().values():
        if key.data:
            os.kill(key.data, signal.SIGKILL)
    os._exit(0)


def _load() -> None:
    import_module("entrypoints.cli.children")
    with click.Context(main) as context:
        for name in main.list_commands(context):
            main.get_command(context, name)
    # What `serve` loads when it starts, and what Litestar does for the first application.
    serving = import_module("entrypoints.cli.serving")
    serving.create_server(serving.create_app(Container(settings=_SETTINGS)), trusted_proxies=_SETTINGS.trusted_proxies)


if __name__ == "__main__":
    with loading():
        _load()
    sys.argv = ["piquetickets", *serve(socket.socket(fileno=int(sys.argv[1])))]
    import_module("entrypoints.cli.__main__")
