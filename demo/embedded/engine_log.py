"""An engine's log file: bounded, and read for the reason of a failed start."""

import re
from pathlib import Path

_MAX_BYTES = 5_000_000
# PostgreSQL and its tools mark the reason like this, and then log how they clean up. Valkey's last line is the reason.
_FAILURE = re.compile(r"\b(FATAL|PANIC|error): ")


class EngineLog:
    """The log at ``path``; what outgrew it in an earlier run is kept once, as ``.log.old`` beside it."""

    def __init__(self, path: Path) -> None:
        """Writes nothing before the engine does."""
        self.path = path
        self._start_of_run = 0

    def begin_run(self) -> None:
        """Set a large log aside, and remember where the coming run's lines begin."""
        if self._size() > _MAX_BYTES:
            self.path.replace(self.path.with_suffix(".log.old"))
        self._start_of_run = self._size()

    def last_failure(self) -> str:
        """The line of this run that best explains its end: the last marked failure, else the last line."""
        with self.path.open("rb") as log:
            log.seek(self._start_of_run)
            lines = [line.strip() for line in log.read().decode(errors="replace").splitlines() if line.strip()]
        failures = [line for line in lines if _FAILURE.search(line)]
        return (failures or lines or ["nothing was logged"])[-1]

    def _size(self) -> int:
        return self.path.stat().st_size if self.path.exists() else 0
