"""Limits on the connections of a server process, in total and from one client."""

from __future__ import annotations

import resource
from collections import Counter
from dataclasses import dataclass, field
from typing import Final

#: Files that a process needs beside its connections: the database's, Redis's, Stripe's.
FILES_OF_OUR_OWN: Final = 200
#: A process could not answer more than this in time anyway.
MOST_CONNECTIONS: Final = 10_000
#: From one client network. A school behind one address has some hundreds, a browser six.
MOST_FROM_ONE_CLIENT: Final = 1_000


def _as_many_as_files_allow() -> int:
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY:
        return MOST_CONNECTIONS
    return max(1, min(MOST_CONNECTIONS, soft - FILES_OF_OUR_OWN))


@dataclass(slots=True)
class ConnectionLimits:
    """The limits of one process; times are in seconds, sizes in bytes."""

    most: int = field(default_factory=_as_many_as_files_allow)
    most_from_one_client: int = MOST_FROM_ONE_CLIENT
    head_seconds: float = 20
    #: How long a body may take: this long, and a second more for each ``body_bytes_per_second`` that came.
    body_seconds: float = 20
    body_bytes_per_second: int = 4 * 1024
    #: How long a client may stop reading an answer that is ready.
    reading_seconds: float = 60


class OpenConnections:
    """Counts the connections of a process by client."""

    def __init__(self) -> None:
        self._by_client: Counter[str] = Counter()

    @property
    def count(self) -> int:
        return self._by_client.total()

    def of(self, client: str) -> int:
        """The number of the client's connections."""
        return self._by_client[client]

    def add(self, client: str) -> None:
        self._by_client[client] += 1

    def remove(self, client: str) -> None:
        self._by_client[client] -= 1
        if self._by_client[client] <= 0:
            del self._by_client[client]
