"""The way of one process to the outside. Who simulates decides what happens on it."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Errors:
    """The errors of a port: ``fail`` before anything was done, ``lost`` when that is not known."""

    fail: Callable[[], Exception]
    lost: Callable[[], Exception]


class Way(Protocol):
    """Where the calls of a process pass on their way to a port, named by a word: ``begin``, ``commit``, ``lock``,
    ``payment``, ``queue``, ``note`` or ``mail``.
    """

    def ensure_alive(self) -> None:
        """Raises CancelledError where the process has died: nothing of it reaches the outside any more."""
        ...

    async def through(
        self,
        port: str,
        work: Callable[[], Awaitable[Result]],
        errors: Errors | None,
        *,
        conflict: Errors | None = None,
    ) -> Result:
        """Do the work, with what happens at this port. It fails by ``errors`` (None: it does not), or ``conflict``."""
        ...

    def turn_after(self) -> float | None:
        """In how many seconds Stripe's next turn for a payment page comes; None if the call may go on."""
        ...

    def is_repeated(self) -> bool:
        """Whether the message that the process gives to the queue gets there twice."""
        ...
