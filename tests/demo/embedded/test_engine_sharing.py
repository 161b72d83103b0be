"""One engine for several users: who starts it, who keeps it alive, who ends it. The same for both engines."""

import os
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from typing_extensions import override

from demo.embedded import EmbeddedRedis
from demo.embedded.engine import EmbeddedEngine

_USE_UNTIL_END_OF_INPUT = """
import sys
from pathlib import Path
import demo.embedded
with getattr(demo.embedded, sys.argv[1])(Path(sys.argv[2]), durable=False) as engine:
    print(engine.url, flush=True)
    sys.stdin.read()
"""


class Companion:
    """A separate process that uses the engine of a data directory until the test ends it."""

    def __init__(self, engine_type: type[EmbeddedEngine], data_dir: Path) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-c", _USE_UNTIL_END_OF_INPUT, engine_type.__name__, str(data_dir)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def url(self) -> str:
        """The engine's URL, as soon as the process uses it."""
        assert self._process.stdout is not None
        return self._process.stdout.readline().strip()

    def leave(self) -> None:
        self._process.communicate(timeout=30)

    def kill(self) -> None:
        self._process.kill()
        self._process.communicate()


class AnswersAtOnce(EmbeddedRedis):
    """An engine that gives its first answer before its supervisor goes on, as may be on a busy machine."""

    @override
    def _answers(self) -> bool:
        return True


StartCompanion = Callable[[EmbeddedEngine], Companion]


@pytest.fixture
def start_companion(tmp_path: Path) -> Iterator[StartCompanion]:
    companions: list[Companion] = []

    def start(engine: EmbeddedEngine) -> Companion:
        companions.append(Companion(type(engine), tmp_path))
        return companions[-1]

    yield start
    for companion in companions:
        companion.kill()


def eventually(condition: Callable[[], bool], timeout_seconds: float = 10) -> None:
    deadline = time.monotonic() + timeout_seconds
    while not condition():
        assert time.monotonic() < deadline, "it did not come true in time"
        time.sleep(0.01)


def test_it_runs_from_the_first_start_to_the_last_stop(quick_engine: EmbeddedEngine, tmp_path: Path) -> None:
    second = type(quick_engine)(tmp_path, durable=False)

    first_url = quick_engine.start()
    pid = quick_engine.pid
    assert second.start() == first_url

    quick_engine.stop()
    assert second.is_running
    assert second.pid == pid

    second.stop()
    assert not second.is_running


def test_starting_twice_and_stopping_twice_count_once(quick_engine: EmbeddedEngine) -> None:
    quick_engine.start()
    pid = quick_engine.pid
    quick_engine.start()
    assert quick_engine.pid == pid

    quick_engine.stop()
    assert not quick_engine.is_running
    quick_engine.stop()


def test_an_error_in_the_block_stops_it(quick_engine: EmbeddedEngine) -> None:
    def fail_at_work() -> None:
        with quick_engine:
            assert quick_engine.is_running
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        fail_at_work()

    assert not quick_engine.is_running


def test_processes_share_it(quick_engine: EmbeddedEngine, start_companion: StartCompanion) -> None:
    companion = start_companion(quick_engine)
    url = companion.url()

    assert quick_engine.start() == url
    companion.leave()
    assert quick_engine.is_running

    quick_engine.stop()
    assert not quick_engine.is_running


def test_processes_that_start_together_get_one_engine(engine: EmbeddedEngine, start_companion: StartCompanion) -> None:
    companions = [start_companion(engine) for _ in range(3)]

    assert len({companion.url() for companion in companions}) == 1
    pid = engine.pid
    for companion in companions:
        assert engine.pid == pid
        companion.leave()
    assert not engine.is_running


def test_it_ends_when_its_only_user_is_killed(engine: EmbeddedEngine, start_companion: StartCompanion) -> None:
    companion = start_companion(engine)
    companion.url()

    companion.kill()

    eventually(lambda: not engine.is_running)


def test_it_survives_the_kill_of_the_user_that_started_it(
    quick_engine: EmbeddedEngine, start_companion: StartCompanion
) -> None:
    companion = start_companion(quick_engine)
    url = companion.url()
    assert quick_engine.start() == url
    pid = quick_engine.pid

    companion.kill()

    assert quick_engine.start() == url
    assert quick_engine.pid == pid


def test_it_starts_again_after_everything_was_killed(engine: EmbeddedEngine, start_companion: StartCompanion) -> None:
    companion = start_companion(engine)
    url = companion.url()

    supervisor_and_engine = os.getpgid(engine.pid)
    os.killpg(supervisor_and_engine, signal.SIGKILL)
    companion.kill()

    eventually(lambda: not engine.is_running)
    assert engine.start() == url


def test_looking_at_it_never_disturbs_a_start(quick_engine: EmbeddedEngine, tmp_path: Path) -> None:
    onlooker = type(quick_engine)(tmp_path)
    started = threading.Event()

    def look() -> bool:
        while not started.is_set():
            _ = onlooker.is_running
        return onlooker.is_running

    quick_engine.start()
    quick_engine.stop()
    with ThreadPoolExecutor(2) as onlookers:
        looks = [onlookers.submit(look) for _ in range(2)]
        try:
            quick_engine.start()
        finally:
            started.set()

    assert all(look.result() for look in looks)


@pytest.mark.skipif(
    sys.platform != "linux",
    reason="only Linux tells a process that its parent died; elsewhere the last user to leave ends it",
)
def test_it_does_not_outlive_its_supervisor(engine: EmbeddedEngine) -> None:
    engine.start()

    status = Path(f"/proc/{engine.pid}/status").read_text()
    supervisor_pid = int(status.split("PPid:")[1].split()[0])

    os.kill(supervisor_pid, signal.SIGKILL)

    eventually(lambda: not engine.is_running)


def test_users_get_it_back_after_a_kill(quick_engine: EmbeddedEngine, tmp_path: Path) -> None:
    url = quick_engine.start()
    pid = quick_engine.pid

    type(quick_engine)(tmp_path).kill()
    assert not quick_engine.is_running

    assert quick_engine.start() == url
    assert quick_engine.pid != pid


def test_the_terminal_does_not_reach_it(quick_engine: EmbeddedEngine) -> None:
    quick_engine.start()

    assert os.getsid(quick_engine.pid) != os.getsid(0)
    assert os.getpgid(quick_engine.pid) != os.getpgid(0)


def test_its_process_id_is_known_once_it_has_started(tmp_path: Path) -> None:
    with AnswersAtOnce(tmp_path, durable=False) as engine:
        assert engine.pid


def test_it_moves_when_its_port_is_taken(engine: EmbeddedEngine) -> None:
    first_port = urlsplit(engine.start()).port
    assert first_port is not None
    engine.stop()

    with socket.create_server(("127.0.0.1", first_port)):
        second_port = urlsplit(engine.start()).port

    assert second_port != first_port
    assert engine.is_running


def test_a_directory_may_be_deep_and_its_name_unusual(engine_type: type[EmbeddedEngine], tmp_path: Path) -> None:
    deep = tmp_path / ("long" * 30) / "with spaces, 'quotes' and Ünïcode"

    with engine_type(deep, durable=False) as engine:
        assert engine.is_running


def test_a_directory_may_be_relative_to_where_the_process_is(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)

    with EmbeddedRedis(Path("data"), durable=False) as engine:
        monkeypatch.chdir("/")
        assert EmbeddedRedis(tmp_path / "data").pid == engine.pid
