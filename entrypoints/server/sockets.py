"""The sockets that servers listen on."""

from __future__ import annotations

import socket


def bind(host: str, port: int, *, shared: bool = False) -> socket.socket:
    """A socket to serve on. If it is ``shared``, the kernel spreads connections evenly over the processes that bind it;
    otherwise they would all go to the process that wakes first. Raises OSError if the port is taken.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listening = socket.socket(family, socket.SOCK_STREAM)
    try:
        listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if shared:
            listening.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
        listening.bind((host, port))
    except OSError:
        listening.close()
        raise
    return listening
