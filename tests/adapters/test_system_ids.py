"""Random bytes are fetched many at a time; none is handed out twice."""

from __future__ import annotations

import subprocess
import sys

from adapters.system.ids import SystemIds

_FORK = """
import os
from adapters.system.ids import SystemIds

ids = SystemIds()
ids.random_bytes(1)
read, write = os.pipe()
if os.fork() == 0:
    os.write(write, ids.random_bytes(16))
    os._exit(0)
os.wait()
print(os.read(read, 16) == ids.random_bytes(16))
"""


def test_no_bytes_are_handed_out_twice() -> None:
    ids, other = SystemIds(), SystemIds()
    taken = [source.random_bytes(16) for _ in range(1000) for source in (ids, other)]
    assert len(set(taken)) == 2000


def test_more_bytes_than_are_fetched_at_a_time() -> None:
    ids = SystemIds()
    assert len(ids.random_bytes(10_000)) == 10_000
    assert ids.random_bytes(16) != ids.random_bytes(16)


def test_a_forked_process_does_not_repeat_its_parents_bytes() -> None:
    said = subprocess.run([sys.executable, "-c", _FORK], capture_output=True, text=True, check=True).stdout
    assert said == "False\n"
