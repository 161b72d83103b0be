"""Advisory file locks (``flock``), which the kernel releases however their holder ends."""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

_OWNER_ONLY = 0o600


def acquire(path: Path, operation: int) -> int:
    """Lock ``path`` with a ``fcntl.LOCK_*`` operation and return the descriptor that holds the lock.

    Raises BlockingIOError if the operation has ``LOCK_NB`` and another process has the lock.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, _OWNER_ONLY)
    try:
        fcntl.flock(descriptor, operation)
    except BaseException:
        os.close(descriptor)
        raise
    return descriptor


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Hold ``path`` alone for the length of the block, after waiting for its holder."""
    descriptor = acquire(path, fcntl.LOCK_EX)
    try:
        yield
    finally:
        os.close(descriptor)


def is_held_exclusively(path: Path) -> bool:
    """Whether a process has an exclusive lock on ``path``."""
    return not _is_available(path, fcntl.LOCK_SH)


def is_held_shared(path: Path) -> bool:
    """Whether any process has a shared lock on ``path``, and so none an exclusive one."""
    return not _is_available(path, fcntl.LOCK_EX) and _is_available(path, fcntl.LOCK_SH)


def _is_available(path: Path, operation: int) -> bool:
    try:
        os.close(acquire(path, operation | fcntl.LOCK_NB))
    except BlockingIOError:
        return False
    return True
