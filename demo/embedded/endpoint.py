"""The address and the password of an embedded engine, stored for its next start."""

import json
import os
import random
import secrets
import socket
from dataclasses import dataclass, replace
from pathlib import Path

from demo.embedded.errors import EngineError

LOOPBACK = "127.0.0.1"

# Below the ports that Linux (32768) and macOS (49152) give to outgoing connections: a port from there may be in use at
# any moment, and one chosen here is likely to be free at the next start.
_PORTS = range(15_000, 32_000)
_PORT_ATTEMPTS = 200
_PASSWORD_BYTES = 24
_OWNER_ONLY = 0o600


@dataclass(frozen=True, slots=True, kw_only=True)
class Endpoint:
    """A loopback TCP port and its password."""

    port: int
    password: str

    @classmethod
    def new(cls) -> "Endpoint":
        """A free port and a random, URL-safe password."""
        return cls(port=_free_port(), password=secrets.token_urlsafe(_PASSWORD_BYTES))

    @classmethod
    def load(cls, path: Path) -> "Endpoint | None":
        """The endpoint remembered in ``path``; None where nothing readable is."""
        try:
            remembered = json.loads(path.read_text())
            return cls(port=int(remembered["port"]), password=str(remembered["password"]))
        except (FileNotFoundError, ValueError, KeyError, TypeError):
            return None

    def save(self, path: Path) -> None:
        """Remember the endpoint in ``path``, readable by its owner only, all or nothing."""
        draft = path.with_suffix(".draft")
        draft.unlink(missing_ok=True)
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _OWNER_ONLY)
        with os.fdopen(descriptor, "w") as file:
            json.dump({"port": self.port, "password": self.password}, file)
            file.flush()
            os.fsync(descriptor)
        draft.replace(path)

    def on_free_port(self) -> "Endpoint":
        """The same endpoint, on another port if its own is taken."""
        return self if is_port_free(self.port) else replace(self, port=_free_port())


def is_port_free(port: int) -> bool:
    """Whether a server could listen on the loopback port now."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as candidate:
        # As the engines do: connections of an earlier run that linger in TIME_WAIT do not matter.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((LOOPBACK, port))
        except OSError:
            return False
        return True


def _free_port() -> int:
    for port in random.sample(_PORTS, _PORT_ATTEMPTS):
        if is_port_free(port):
            return port
    raise EngineError(f"no free TCP port on {LOOPBACK} between {_PORTS.start} and {_PORTS.stop - 1}")
