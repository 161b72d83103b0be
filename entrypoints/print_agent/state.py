"""What the program keeps: its secret, and how far it is with a job. A killed program goes on where it was."""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Final

try:
    import fcntl
except ImportError:  # Windows
    fcntl = None  # type: ignore[assignment]

#: Readable by its owner alone: who has the secret gets what is printed.
_MODE: Final = 0o600


class AlreadyRunning(Exception):
    """Another program has this file."""


@dataclass(frozen=True, slots=True)
class State:
    """``job_id`` is the job that was taken last, ``sent`` the slips of it that the printer has. ``is_complete`` says
    that these are all, and that only the server must be told.
    """

    server: str = ""
    token: str = field(default="", repr=False)
    name: str = ""
    job_id: str = ""
    sent: tuple[str, ...] = ()
    is_complete: bool = False

    def with_job(self, job_id: str) -> State:
        """The state with this job: what was sent of it before stays sent."""
        return self if job_id == self.job_id else replace(self, job_id=job_id, sent=(), is_complete=False)

    def with_sent(self, slip: str) -> State:
        return replace(self, sent=(*self.sent, slip))


class StateFile:
    """The file, which is never half written."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def read(self) -> State:
        """What was written last. Raises ValueError for a file that is not ours."""
        try:
            found: Any = json.loads(self._path.read_text(encoding="utf-8"))
            return State(**{**found, "sent": tuple(found["sent"])})
        except FileNotFoundError:
            return State()
        except (ValueError, TypeError, KeyError) as error:
            raise ValueError(f"{self._path} is not a file of this program") from error

    def write(self, state: State) -> None:
        """Replace the content, on disk when this returns."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        draft = self._path.with_suffix(".new")
        draft.unlink(missing_ok=True)
        with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, _MODE), "w", encoding="utf-8") as file:
            json.dump({name: getattr(state, name) for name in State.__slots__}, file)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(self._path)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep other programs off, which would print each job as well. Raises AlreadyRunning."""
        self._path.parent.mkdir(parents=True, exist_ok=True)
        with self._path.with_suffix(".lock").open("w") as lock:
            try:
                if fcntl is not None:
                    fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError as error:
                raise AlreadyRunning(f"Another program prints with {self._path}") from error
            yield
