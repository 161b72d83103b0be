"""The common part of the embedded engines: a data directory, an endpoint, and a life shared by their users."""

import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

from demo.embedded.accounts import Account, account_for
from demo.embedded.endpoint import Endpoint, is_port_free
from demo.embedded.engine_log import EngineLog
from demo.embedded.errors import EngineError
from demo.embedded.supervision import Supervision, wait_until

# An engine that was cut off first replays its log, which takes long after a busy day.
_START_TIMEOUT_SECONDS = 120.0
# Another program may take the port between our look and the engine's bind.
_MAX_LAUNCHES = 3
_OWNER_ONLY = 0o700


class EmbeddedEngine(ABC):
    """An engine from a wheel with its data in a directory, on a loopback port, with a password.

    Processes that use the same data directory share one engine: the first one starts it, the last one stops it when it
    leaves or dies.
    """

    title: ClassVar[str]
    slug: ClassVar[str]
    stop_signal: ClassVar[signal.Signals]

    def __init__(self, data_dir: Path, *, durable: bool = True, settings: Mapping[str, str] | None = None) -> None:
        """``durable=False`` trades safety at a power cut for speed; ``settings`` are the engine's own, by name.

        Both hold for an engine that this object starts; one that runs already is taken as it is.
        """
        self._data_dir = data_dir.absolute()
        self._engine_dir = self._data_dir / self.slug
        self._endpoint_path = self._data_dir / f"{self.slug}.json"
        self._locks_dir = self._data_dir / "run"
        self._durable = durable
        self._settings = dict(settings or {})
        self._log = EngineLog(self._data_dir / f"{self.slug}.log")
        self._supervision = Supervision(self._locks_dir, self.slug, self.stop_signal)

    def start(self) -> str:
        """Become a user of the engine, start it unless it runs, wait until it answers, and return its URL.

        May be called again, for instance after ``kill()``. It blocks: asynchronous code calls it in a thread.

        Raises EngineError if the engine is not installed, cannot start, or does not answer in time.
        """
        self._ensure_installed()
        try:
            self._make_directories()
            with self._supervision.starting_or_stopping():
                self._join()
        except OSError as error:
            raise EngineError(f"cannot run {self.title} in {self._data_dir}: {error}") from error
        return self.url

    def stop(self) -> None:
        """Stop using the engine; the last user waits until it has written all data and ended."""
        if self._supervision.is_member:
            with self._supervision.starting_or_stopping():
                self._supervision.leave()

    def kill(self) -> None:
        """Kill the engine under all its users (SIGKILL), as a crash would, and wait until nothing of it is left.

        Raises EngineError if a process of it outlives the wait.
        """
        self._supervision.kill()

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, error_type: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.stop()

    @property
    @abstractmethod
    def url(self) -> str:
        """Where clients connect, password included.

        Raises EngineError if the engine has never been started.
        """

    @property
    def is_running(self) -> bool:
        """Whether any process of the engine lives, no matter which user started it."""
        return self._supervision.is_running

    @property
    def pid(self) -> int:
        """Process id of the running engine.

        Raises EngineError if the engine does not run.
        """
        pid = self._supervision.pid
        if pid is None:
            raise EngineError(f"{self.title} is not running in {self._data_dir}")
        return pid

    @property
    def log_path(self) -> Path:
        """The file with the engine's log."""
        return self._log.path

    @abstractmethod
    def _ensure_installed(self) -> None:
        """Raises EngineError if the engine's wheel is missing, before anything is written."""

    @abstractmethod
    def _prepare(self, account: Account) -> Endpoint:
        """Prepare the data for a start by the account. Returns the endpoint to listen on."""

    @abstractmethod
    def _command(self, endpoint: Endpoint) -> Sequence[str]:
        """The command line that serves the data in ``_engine_dir`` at the endpoint."""

    @abstractmethod
    def _answers(self) -> bool:
        """Whether a client can work with the engine now."""

    @property
    def _endpoint(self) -> Endpoint:
        endpoint = Endpoint.load(self._endpoint_path)
        if endpoint is None:
            raise EngineError(f"{self.title} has never been started in {self._data_dir}")
        return endpoint

    def _make_directories(self) -> None:
        self._data_dir.mkdir(mode=_OWNER_ONLY, parents=True, exist_ok=True)
        self._locks_dir.mkdir(mode=_OWNER_ONLY, exist_ok=True)

    def _join(self) -> None:
        was_member = self._supervision.is_member
        self._supervision.join()
        try:
            self._ensure_running()
        except BaseException:
            if not was_member:
                self._supervision.leave()
            raise

    def _ensure_running(self) -> None:
        if self.is_running and self._await_answer():
            return
        for _ in range(_MAX_LAUNCHES):
            self._launch()
            if self._await_answer():
                return
            if is_port_free(self._endpoint.port):
                break
        raise EngineError(f"{self.title} did not start: {self._log.last_failure()} (log: {self.log_path})")

    def _launch(self) -> None:
        account = account_for(self._engine_dir)
        self._log.begin_run()
        endpoint = self._prepare(account)
        endpoint.save(self._endpoint_path)
        self._supervision.spawn(
            self._command(endpoint), account=account, directory=self._engine_dir, log_path=self.log_path
        )

    def _await_answer(self) -> bool:
        """Whether the engine gave its first answer; False if it has ended instead."""
        if not wait_until(lambda: not self.is_running or self._is_up(), _START_TIMEOUT_SECONDS):
            raise EngineError(
                f"{self.title} gave no answer in {_START_TIMEOUT_SECONDS:.0f} seconds: "
                f"{self._log.last_failure()} (log: {self.log_path})"
            )
        return self.is_running

    def _is_up(self) -> bool:
        # On a busy machine the engine may answer before its supervisor has written its process id down.
        return self._supervision.pid is not None and self._answers()
